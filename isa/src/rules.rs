//! What every kernel must keep to.

use crate::card::Card;
use crate::kernel::Kernel;

/// The share of the memory's cycles within which a plain kernel hides behind the memory.
const LIMIT: f64 = 0.6;

/// The plain kernels above that, and the share that each may have on navi21: as measured with Mesa 22.3.6, rounded up. A
/// barrier follows each float operation, so that the bits are the same everywhere; barriers are a third of these kernels'
/// instructions (docs/design/kernels.md). A figure here may fall, not rise.
const SLOWER: [(&str, f64); 14] = [
    ("celu forward", 0.66),
    ("gelu forward", 0.98),
    ("gelu gradient", 0.86),
    ("gelu_tanh forward", 0.68),
    ("gelu_tanh gradient", 0.96),
    ("quick_gelu gradient", 0.73),
    ("silu gradient", 0.69),
    ("mish gradient", 0.93),
    ("softplus forward", 1.08),
    ("softplus gradient", 0.69),
    ("tanh forward", 0.86),
    ("tanhshrink forward", 0.98),
    ("tanhshrink gradient", 0.62),
    ("log_sigmoid forward", 0.76),
];

/// The rules that a kernel breaks, each with its name.
pub(crate) fn broken(kernel: &Kernel, card: &Card) -> Vec<String> {
    let Kernel { statistics, code, .. } = kernel;
    let mut broken = Vec::new();
    if statistics.spills > 0 {
        broken.push(format!("{} registers are spilled", statistics.spills));
    }
    if statistics.scratch > 0 {
        broken.push(format!("a wave needs {} bytes of scratch memory", statistics.scratch));
    }
    let of = |is_used: fn(&crate::spirv::Array) -> bool| -> Vec<u32> {
        kernel.arrays.iter().filter(|array| is_used(array)).map(|array| array.stride).collect()
    };
    broken.extend(narrow("load", &code.loads, &of(|array| array.is_read), unneeded(&kernel.name)));
    broken.extend(narrow("store", &code.stores, &of(|array| array.is_written), 0));
    if kernel.is_plain() {
        if code.loops > 0 {
            broken.push("it keeps a loop, though an invocation has one vector".to_owned());
        }
        let (share, limit) = (share(kernel, card), limit(&kernel.name));
        if card.is_timed && share > limit {
            let (cycles, memory) = (statistics.cycles, card.memory_cycles(kernel.bytes()));
            broken.push(format!(
                "{cycles} cycles are {share:.3} of the {memory:.0} that the memory takes, and at most {limit} is allowed"
            ));
        }
    }
    broken.into_iter().map(|rule| format!("{}: {rule}", kernel.name)).collect()
}

/// A kernel's estimated cycles over those of the memory.
pub(crate) fn share(kernel: &Kernel, card: &Card) -> f64 {
    kernel.statistics.cycles as f64 / card.memory_cycles(kernel.bytes())
}

/// The largest share that a plain kernel may have.
pub(crate) fn limit(name: &str) -> f64 {
    let plain = name.strip_suffix(" f32 four").unwrap_or(name);
    SLOWER.iter().find(|(slower, _)| *slower == plain).map_or(LIMIT, |(_, share)| *share)
}

/// How many arrays a kernel reads in vain, so that the compiler leaves their loads out: the derivative with respect to a
/// linear gate is dy · x, whatever the gate.
fn unneeded(name: &str) -> usize {
    usize::from(name.contains("gate gradient linear dgate alone"))
}

/// Whether the accesses are narrower than the items of the arrays, or too few of them are wide. `unneeded` of the arrays
/// have none.
fn narrow(what: &str, accesses: &[u32], strides: &[u32], unneeded: usize) -> Option<String> {
    let least = strides.iter().copied().min().unwrap_or(0);
    if let Some(bytes) = accesses.iter().find(|bytes| **bytes < least) {
        return Some(format!("it has a {what} of {bytes} bytes, where each item has {least}"));
    }
    [16, 8].into_iter().find_map(|width| {
        let wide = |all: &[u32]| all.iter().filter(|bytes| **bytes >= width).count();
        let (found, expected) = (wide(accesses), wide(strides).saturating_sub(unneeded));
        (found < expected).then(|| {
            format!("it has {found} {what}s of at least {width} bytes, but {expected} arrays with such items")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::Code;
    use crate::card::CARDS;
    use crate::kernel::Statistics;
    use crate::spirv::Array;

    /// A plain kernel that breaks no rule.
    fn relu() -> Kernel {
        let array = |is_written: bool| Array { stride: 16, is_read: !is_written, is_written };
        Kernel {
            name: "relu forward f32 four".to_owned(),
            arrays: vec![array(true), array(false)],
            statistics: Statistics { wave: 64, cycles: 864, ..Statistics::default() },
            code: Code { loads: vec![16], stores: vec![16], loops: 0 },
            assembly: String::new(),
        }
    }

    /// What is wrong after a change of it, on the first card.
    fn after(change: impl Fn(&mut Kernel)) -> Vec<String> {
        let mut kernel = relu();
        change(&mut kernel);
        broken(&kernel, &CARDS[0])
    }

    #[test]
    fn a_kernel_at_the_limit_is_accepted() {
        assert_eq!(after(|_| {}), [""; 0]);
    }

    #[test]
    fn spills_and_scratch_are_refused() {
        assert_eq!(
            after(|kernel| kernel.statistics.spills = 2),
            ["relu forward f32 four: 2 registers are spilled"]
        );
        assert_eq!(
            after(|kernel| kernel.statistics.scratch = 1024),
            ["relu forward f32 four: a wave needs 1024 bytes of scratch memory"]
        );
    }

    #[test]
    fn too_many_cycles_are_refused() {
        let told = [
            "relu forward f32 four: 865 cycles are 0.601 of the 1440 that the memory takes, and at most 0.6 is allowed",
        ];
        assert_eq!(after(|kernel| kernel.statistics.cycles = 865), told);
        // Only of plain kernels are the bytes known.
        let fused = |kernel: &mut Kernel| {
            kernel.statistics.cycles = 865;
            kernel.name = "relu forward residual f32 four".to_owned();
        };
        assert_eq!(after(fused), [""; 0]);
    }

    #[test]
    fn a_loop_is_refused() {
        assert_eq!(
            after(|kernel| kernel.code.loops = 1),
            ["relu forward f32 four: it keeps a loop, though an invocation has one vector"]
        );
    }

    #[test]
    fn narrow_accesses_are_refused() {
        assert_eq!(
            after(|kernel| kernel.code.loads = vec![16, 4]),
            ["relu forward f32 four: it has a load of 4 bytes, where each item has 16"]
        );
        let with_mask = |kernel: &mut Kernel| {
            kernel.arrays.push(Array { stride: 4, is_read: false, is_written: true });
            kernel.code.stores = vec![4, 4, 4, 4, 4];
        };
        assert_eq!(
            after(with_mask),
            [
                "relu forward f32 four: it has 0 stores of at least 16 bytes, but 1 arrays with such items"
            ]
        );
        assert_eq!(
            after(|kernel| {
                with_mask(kernel);
                kernel.code.stores = vec![16, 4]
            }),
            [""; 0]
        );
    }

    #[test]
    fn a_load_may_be_missing_only_where_the_operand_is_not_needed() {
        let gated = |kernel: &mut Kernel| {
            let array = Array { stride: 16, is_read: true, is_written: false };
            kernel.arrays.push(array);
            kernel.name = "relu gate gradient linear dgate alone f32 four".to_owned();
        };
        assert_eq!(after(gated), [""; 0]);
        let others = |kernel: &mut Kernel| {
            gated(kernel);
            kernel.name = "relu gate gradient dgate alone f32 four".to_owned();
        };
        assert_eq!(
            after(others),
            [
                "relu gate gradient dgate alone f32 four: it has 1 loads of at least 16 bytes, but 2 arrays with such items"
            ]
        );
    }

    /// So that a figure above the limit that is no longer needed goes.
    #[test]
    fn slower_kernels_are_plain_and_above_the_limit() {
        for (name, share) in SLOWER {
            assert!(share > LIMIT, "{name}");
            let kernel = Kernel { name: format!("{name} f32 four"), ..relu() };
            assert!(kernel.is_plain(), "{name}");
        }
    }
}
