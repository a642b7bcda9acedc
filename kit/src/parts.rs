//! The parts of a run, the most important first.

use crate::part::{Part, Program};

/// Seconds that a run usually has. The limits of the parts are for this time, and grow with it.
pub(crate) const USUAL: u64 = 600;

/// What the device is, as far as the sizes depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Gpu,
    /// Works at the speed of a CPU: sizes are small, so that a run ends.
    Software,
}

/// The activations that are timed.
const ACTIVATIONS: &[&str] = &["relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "mish"];

impl Kind {
    /// Elements at which operations are timed, the most telling first.
    pub(crate) fn sizes(self) -> &'static [&'static str] {
        match self {
            Kind::Gpu => &["16Mi", "64Mi", "256Mi", "1Mi"],
            Kind::Software => &["1Mi", "256Ki"],
        }
    }

    fn choose<T>(self, gpu: T, software: T) -> T {
        if self == Kind::Gpu { gpu } else { software }
    }
}

/// The part that tells which adapter there is; the others depend on it.
pub(crate) fn devices() -> Part {
    part("devices", "wgpu-relu", "devices --json", 30.0)
}

/// All others.
pub(crate) fn after_devices(kind: Kind) -> Vec<Part> {
    let mut parts = Vec::new();
    for element in ["f32", "f16", "bf16"] {
        let arguments = format!("check --json --element {element}");
        parts.push(part(&format!("check-{element}"), "wgpu-relu", &arguments, 60.0));
    }
    parts.push(part("tests", "tests", "", 180.0));
    parts.push(part("allocations", "allocations", "", 30.0));
    for size in kind.sizes() {
        let arguments = format!(
            "bench {} --new-buffers --elements {size} --rounds {} --json bench-{size}.json",
            ACTIVATIONS.join(" "),
            kind.choose(11, 3),
        );
        parts.push(part(&format!("bench-{size}"), "wgpu-relu", &arguments, 60.0));
    }
    let sizes = kind.sizes().join(",");
    parts.push(Part {
        name: "torch".to_owned(),
        program: Program::Python,
        arguments: vec![
            include_str!("torch.py").to_owned(),
            sizes.clone(),
            "torch.json".to_owned(),
        ],
        limit: 60.0,
    });
    let forms = kind.choose("--elements 16Mi,64Mi", "--elements 1Mi --rounds 3");
    parts.push(part("fused", "fused", &format!("--bench {forms} --json fused.json"), 60.0));
    parts.push(part("transfers", "transfers", "--bench", 60.0));
    let rounds = kind.choose("16Mi 64Mi 1Mi --rounds 9", "1Mi --rounds 3");
    parts.push(part("peers", "peers", &format!("--elements {rounds} --json peers.json"), 120.0));
    let grids = kind.choose("16Mi,64Mi,256Mi --rounds 7", "256Ki --rounds 2");
    parts.push(part("sweep", "kit", &format!("sweep --elements {grids} --json sweep.json"), 60.0));
    let stride = kind.choose("509", "65537");
    parts.push(part("accuracy", "accuracy", &format!("--stride {stride}"), 90.0));
    parts.push(part("exhaustive", "exhaustive", "", 150.0));
    parts.push(part("cold-start", "cold_start", kind.choose("--runs 5", "--runs 1"), 60.0));
    parts.push(part("textures", "textures", "--bench", 30.0));
    parts.push(part("renderer", "renderer", "--offscreen renderer.png", 30.0));
    parts.push(part("operators", "operators", "--bench --quick ^relu/", 60.0));
    parts
}

fn part(name: &str, program: &'static str, arguments: &str, limit: f64) -> Part {
    Part {
        name: name.to_owned(),
        program: Program::Ours(program),
        arguments: arguments.split_whitespace().map(str::to_owned).collect(),
        limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_files_and_none_comes_twice() {
        for kind in [Kind::Gpu, Kind::Software] {
            let parts = after_devices(kind);
            let mut names: Vec<&str> = parts.iter().map(|part| &*part.name).collect();
            assert!(
                names
                    .iter()
                    .all(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
            );
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!((names.len(), parts.iter().all(|part| part.limit > 0.0)), (count, true));
        }
    }

    #[test]
    fn a_gpu_is_timed_at_all_sizes_and_checked_before() {
        let names: Vec<String> =
            after_devices(Kind::Gpu).into_iter().map(|part| part.name).collect();
        let at = |name: &str| names.iter().position(|other| other == name).expect("it is a part");
        assert!(at("check-bf16") < at("tests") && at("tests") < at("bench-16Mi"));
        for size in ["1Mi", "64Mi", "256Mi"] {
            assert!(at(&format!("bench-{size}")) < at("peers"));
        }
    }
}
