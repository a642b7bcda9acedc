//! The contenders, and the check of their results.

use std::fmt;

use wgpu_relu::{Activation, GpuRelu, reference};

use crate::kernels::{Kernel, Naive};
use crate::operands::Operands;
use crate::rounds::Timed;
use crate::{Outcome, in_burn};

/// The errors that others may have: absolute up to 1, and relative to the exact result above.
const LOOSE: f64 = 1e-5;

/// The same for Burn's gradients. Its gradient of gelu is that of the tanh form.
const LOOSE_GRADIENT: f64 = 2e-3;

/// A way to do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    BufferCopy,
    KernelCopy,
    Recorded,
    RecordedInPlace,
    ApplyInto,
    ApplyInPlace,
    Naive,
    Burn,
    BurnQueued,
    Both,
    BurnBoth,
}

impl Way {
    /// Bytes that an operation has to read and write per element.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Way::Both | Way::BurnBoth => 20,
            _ => 8,
        }
    }

    fn is_own(self) -> bool {
        use Way::{ApplyInPlace, ApplyInto, Both, Recorded, RecordedInPlace};
        matches!(self, Recorded | RecordedInPlace | ApplyInto | ApplyInPlace | Both)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::BufferCopy => "copy_buffer_to_buffer",
            Way::KernelCopy => "a kernel that only copies",
            Way::Recorded => "wgpu-relu, recorded",
            Way::RecordedInPlace => "wgpu-relu, recorded in place",
            Way::ApplyInto => "wgpu-relu, apply_into",
            Way::ApplyInPlace => "wgpu-relu, apply_in_place",
            Way::Naive => "naive kernel",
            Way::Burn => "Burn",
            Way::BurnQueued => "Burn, not flushed",
            Way::Both => "wgpu-relu, forward and gradient",
            Way::BurnBoth => "Burn, forward and gradient",
        })
    }
}

type Run<'a> = Box<dyn Fn(u32) -> Outcome<()> + 'a>;
type Give<'a> = Box<dyn Fn() -> Outcome<Results> + 'a>;

/// y, and dx where there is one.
type Results = (Vec<f32>, Option<Vec<f32>>);

/// A contender.
pub(crate) struct Contender<'a> {
    pub(crate) way: Way,
    /// `None` for a copy.
    pub(crate) activation: Option<Activation>,
    pub(crate) operands: &'a Operands<'a>,
    run: Run<'a>,
    /// Runs it once and returns the results.
    give: Give<'a>,
}

/// The largest errors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Errors {
    /// Absolute up to 1, relative to the exact result above.
    pub(crate) distance: f64,
    pub(crate) ulp: f64,
}

impl Timed for Contender<'_> {
    fn batch(&self) -> u32 {
        self.operands.batch()
    }

    fn restore(&self, _: u32) -> Outcome<()> {
        match self.way {
            Way::RecordedInPlace | Way::ApplyInPlace => self.operands.restore(),
            _ => Ok(()),
        }
    }

    fn run(&self, times: u32) -> Outcome<()> {
        (self.run)(times)
    }
}

impl Contender<'_> {
    /// Runs it once more and compares every element with the reference.
    pub(crate) fn verify(&self) -> Outcome<Errors> {
        self.operands.clear()?;
        self.restore(1)?;
        let (y, dx) = (self.give)()?;
        let name = self.activation.map_or("copy".to_owned(), |activation| activation.to_string());
        let wrong = |what: &str, errors: Errors| {
            let Errors { distance, ulp } = errors;
            format!("{name}, {}: {what} is off by {distance:.1e}, {ulp:.1} ulp", self.way)
        };
        let Some(activation) = self.activation else {
            let errors =
                self.compare(&y, |x, got| (f64::from(x), if x == got { 0.0 } else { 1.0 }))?;
            return if errors.ulp == 0.0 { Ok(errors) } else { Err(wrong("y", errors).into()) };
        };
        let mut errors = self.compare(&y, |x, got| {
            (reference::value(activation, x), reference::value_ulp_error(activation, x, got))
        })?;
        if !self.accepts(errors, activation.value_tolerance().ulp(), LOOSE) {
            return Err(wrong("y", errors).into());
        }
        if let Some(dx) = dx {
            let of_dx = self.compare(&dx, |x, got| {
                let exact = reference::gradient_value(activation, x, 1.0);
                (exact, reference::gradient_ulp_error(activation, x, 1.0, got))
            })?;
            if !self.accepts(of_dx, activation.gradient_tolerance().ulp(), LOOSE_GRADIENT) {
                return Err(wrong("dx", of_dx).into());
            }
            errors.distance = errors.distance.max(of_dx.distance);
            errors.ulp = errors.ulp.max(of_dx.ulp);
        }
        Ok(errors)
    }

    fn accepts(&self, errors: Errors, ulp: f64, loose: f64) -> bool {
        if self.way.is_own() { errors.ulp <= ulp } else { errors.distance <= loose }
    }

    /// The errors of the first period. The other periods must be equal to it, bit for bit.
    fn compare(&self, got: &[f32], exact: impl Fn(f32, f32) -> (f64, f64)) -> Outcome<Errors> {
        let period = &self.operands.period;
        if got.len() != self.operands.length {
            return Err(format!("{}: {} elements came out", self.way, got.len()).into());
        }
        let first = &got[..period.len()];
        let same = |chunk: &[f32]| chunk.iter().zip(first).all(|(a, b)| a.to_bits() == b.to_bits());
        if !got.chunks(period.len()).all(same) {
            return Err(format!("{}: equal inputs gave different results", self.way).into());
        }
        let mut errors = Errors::default();
        for (&x, &got) in period.iter().zip(first) {
            let (exact, ulp) = exact(x, got);
            let distance = (f64::from(got) - exact).abs() / exact.abs().max(1.0);
            // A wrong NaN must not get lost in a maximum.
            let distance = if distance.is_nan() { f64::INFINITY } else { distance };
            errors.distance = errors.distance.max(distance);
            errors.ulp = errors.ulp.max(ulp);
        }
        Ok(errors)
    }
}

/// The copies, and every way to each activation.
pub(crate) fn all<'a>(
    operands: &'a Operands<'a>,
    activations: &[Activation],
) -> Outcome<Vec<Contender<'a>>> {
    let mut contenders = copies(operands)?;
    for &activation in activations {
        own(operands, activation, &mut contenders)?;
        if let Some(naive) = Naive::new(operands.shared, activation) {
            let run = move |times| {
                (0..times).for_each(|_| naive.submit(operands.shared, &operands.x, &operands.y));
                operands.wait()
            };
            contenders.push(on_buffers(Way::Naive, Some(activation), operands, run));
        }
        through_burn(operands, activation, &mut contenders);
    }
    Ok(contenders)
}

/// A contender whose results are in y, and for [`Way::Both`] also in dx.
fn on_buffers<'a>(
    way: Way,
    activation: Option<Activation>,
    operands: &'a Operands<'a>,
    run: impl Fn(u32) -> Outcome<()> + Clone + 'a,
) -> Contender<'a> {
    let once = run.clone();
    let give = move || {
        once(1)?;
        let gpu = &operands.shared.gpu;
        let dx = if way == Way::Both { Some(gpu.download(&operands.dx)?) } else { None };
        Ok((gpu.download(&operands.y)?, dx))
    };
    Contender { way, activation, operands, run: Box::new(run), give: Box::new(give) }
}

fn copies<'a>(operands: &'a Operands<'a>) -> Outcome<Vec<Contender<'a>>> {
    let (x, y) = (&operands.x, &operands.y);
    let kernel = Kernel::copy(operands.shared, x, y)?;
    let by_kernel = move |times| operands.pass(|pass| (0..times).for_each(|_| kernel.record(pass)));
    let by_buffer = move |times| {
        operands.submit(|encoder| {
            (0..times).for_each(|_| encoder.copy_buffer_to_buffer(x, 0, y, 0, x.size()));
        })
    };
    Ok(vec![
        on_buffers(Way::BufferCopy, None, operands, by_buffer),
        on_buffers(Way::KernelCopy, None, operands, by_kernel),
    ])
}

fn own<'a>(
    operands: &'a Operands<'a>,
    activation: Activation,
    contenders: &mut Vec<Contender<'a>>,
) -> Outcome<()> {
    let relu = GpuRelu::with_activation(&operands.shared.gpu, activation)?;
    let (x, ones, y, dx) = (&operands.x, &operands.ones, &operands.y, &operands.dx);
    let forward = relu.prepare(x, y)?;
    let gradient = relu.prepare_gradient(x, ones, dx)?;
    let recorded = |way, steps: Vec<wgpu_relu::Prepared>| {
        let run = move |times| {
            operands.pass(|pass| {
                (0..times).for_each(|_| steps.iter().for_each(|step| step.record(pass)));
            })
        };
        on_buffers(way, Some(activation), operands, run)
    };
    contenders.push(recorded(Way::Recorded, vec![forward.clone()]));
    contenders.push(recorded(Way::RecordedInPlace, vec![relu.prepare(y, y)?]));
    contenders.push(recorded(Way::Both, vec![forward, gradient]));
    for way in [Way::ApplyInto, Way::ApplyInPlace] {
        let relu = relu.clone();
        let run = move |times| {
            for _ in 0..times {
                match way {
                    Way::ApplyInto => relu.apply_into(x, y)?,
                    _ => relu.apply_in_place(y)?,
                }
            }
            operands.wait()
        };
        contenders.push(on_buffers(way, Some(activation), operands, run));
    }
    Ok(())
}

fn through_burn<'a>(
    operands: &'a Operands<'a>,
    activation: Activation,
    contenders: &mut Vec<Contender<'a>>,
) {
    let device = &operands.shared.burn;
    for way in [Way::Burn, Way::BurnQueued, Way::BurnBoth] {
        let Some(function) = in_burn::function(activation) else { return };
        let Some(again) = in_burn::function(activation) else { return };
        let run = move |times| {
            // Kept, so that Burn cannot leave out results that nobody reads.
            let mut kept = Vec::new();
            for _ in 0..times {
                match way {
                    Way::BurnBoth => {
                        let (y, dx) = in_burn::forward_and_gradient(&*function, &operands.tensor)?;
                        kept.extend([y, dx]);
                    }
                    _ => kept.push(function(operands.tensor.clone())),
                }
                if way != Way::BurnQueued {
                    // Submits the operation without waiting. Otherwise Burn would make one kernel of the repetitions,
                    // which read the same input.
                    device.flush()?;
                    kept.clear();
                }
            }
            Ok(device.sync()?)
        };
        let give = move || match way {
            Way::BurnBoth => {
                let (y, dx) = in_burn::forward_and_gradient(&*again, &operands.tensor)?;
                Ok((in_burn::values(y)?, Some(in_burn::values(dx)?)))
            }
            _ => Ok((in_burn::values(again(operands.tensor.clone()))?, None)),
        };
        let (run, give) = (Box::new(run), Box::new(give));
        contenders.push(Contender { way, activation: Some(activation), operands, run, give });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device, rounds};

    #[test]
    fn all_are_right_and_one_that_does_nothing_is_caught() {
        let shared = device::open().expect("the test needs an adapter");
        let operands = Operands::new(&shared, 4096).expect("4096 elements fit");
        let activations = ["relu", "leaky_relu", "gelu", "silu", "elu", "mish"]
            .map(|name| name.parse().expect("it is in the table"));
        let contenders = all(&operands, &activations).expect("all can be made");
        assert_eq!(contenders.len(), 2 + 6 * 9);
        let measured = rounds::run(contenders, 1).expect("all are right");
        assert!(measured.iter().all(|m| m.seconds > 0.0));

        for (way, activation) in [(Way::BufferCopy, None), (Way::Naive, Some(activations[0]))] {
            let idle = on_buffers(way, activation, &operands, |_| Ok(()));
            assert!(idle.verify().is_err(), "{way}");
        }
        // The library itself has tighter bounds than the others.
        let naive = Naive::new(&shared, activations[4]).expect("there is a naive elu");
        let run = |_| {
            naive.submit(&shared, &operands.x, &operands.y);
            operands.wait()
        };
        assert!(on_buffers(Way::Naive, Some(activations[4]), &operands, run).verify().is_ok());
        assert!(on_buffers(Way::Recorded, Some(activations[4]), &operands, run).verify().is_err());
    }
}
