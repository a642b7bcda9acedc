//! An activation, or what claims to be it, against the reference.

use testkit::inputs::{data, special_values, upstream};
use testkit::layout::{Layout, Run, Subject};
use testkit::stored::{nearest, stored, widened};
use wgpu_relu::reference::{self, Errors};
use wgpu_relu::{Activation, Element, Gpu, Tolerance};

/// Around every edge: quads, a workgroup, many workgroups.
const LENGTHS: [usize; 21] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 63, 64, 65, 127, 255, 257, 1021, 1024, 1030, 4099, 65_537];

/// One long enough to meet the rare errors.
const LONG: usize = 300_007;

/// A bound as the tables show it.
pub(super) fn bound(tolerance: Tolerance) -> String {
    match tolerance {
        Tolerance::Bits => "bits".to_owned(),
        Tolerance::Exact => "exact".to_owned(),
        other => other.ulp().to_string(),
    }
}

/// What was found of an operation.
pub(super) struct Finding {
    pub(super) operation: &'static str,
    pub(super) tolerance: Tolerance,
    pub(super) errors: Errors,
    /// The first thing that is wrong.
    pub(super) failure: Option<String>,
}

impl Finding {
    pub(super) fn new(operation: &'static str, tolerance: Tolerance) -> Self {
        Finding { operation, tolerance, errors: Errors::default(), failure: None }
    }

    pub(super) fn fail(&mut self, place: &str, what: &str) {
        self.failure.get_or_insert_with(|| format!("{place}: {what}"));
    }

    /// Takes a result, how it should be, and how far it is off.
    pub(super) fn add(
        &mut self,
        place: &str,
        (i, x, dy): (usize, f32, Option<f32>),
        expected: f32,
        got: f32,
        ulp: f64,
    ) {
        let bits_differ = expected.to_bits() != got.to_bits();
        let ulp = match self.tolerance {
            Tolerance::Bits if bits_differ => f64::INFINITY,
            _ => ulp,
        };
        self.errors.add(x, ulp);
        if ulp > self.tolerance.ulp() && self.failure.is_none() {
            let dy = dy.map_or(String::new(), |dy| format!(", dy = {dy:e}"));
            self.fail(
                place,
                &format!(
                    "element {i}: x = {x:e} ({:#010x}){dy}: expected {expected:e} ({:#010x}), got {got:e} \
                     ({:#010x}), {ulp:.2} ulp off (bound: {})",
                    x.to_bits(),
                    expected.to_bits(),
                    got.to_bits(),
                    bound(self.tolerance),
                ),
            );
        }
    }
}

/// Forward, in place and gradient of `subject`, which claims to be `activation` on elements of `T`. Of halves, all
/// there are are tried.
pub(super) fn examine<T: Element>(
    gpu: &Gpu,
    activation: Activation,
    subject: &dyn Subject,
) -> [Finding; 3] {
    let value = activation.value_tolerance();
    let mut findings = [
        Finding::new("forward", value),
        Finding::new("in place", value),
        Finding::new("gradient", activation.gradient_tolerance()),
    ];
    let half = size_of::<T>() == 2;
    let mut case = |layout: Layout, x: &[T], dy: &[T]| {
        one(gpu, activation, subject, layout, x, dy, &mut findings);
    };
    for (index, &layout) in Layout::ALL.iter().enumerate() {
        for length in LENGTHS {
            if length > 10_000 && (half || !index.is_multiple_of(3)) {
                continue;
            }
            let seed = (length * Layout::ALL.len() + index) as u64;
            let (x, dy) = (data(activation, length, seed), upstream(length, seed));
            case(layout, &stored(&x, seed), &stored(&dy, !seed));
        }
    }
    let (x, dy) = grid(activation);
    let (x, dy): (Vec<T>, Vec<T>) =
        x.into_iter().zip(dy).map(|(x, dy)| (T::from_f32(x), T::from_f32(dy))).unzip();
    let many = if half {
        (0..=u16::MAX).map(|bits| bytemuck::pod_read_unaligned(&bits.to_le_bytes())).collect()
    } else {
        stored(&data(activation, LONG, 0), 0)
    };
    let for_many: Vec<T> = stored(&upstream(many.len(), 0), 1);
    for layout in [Layout::Apart { x: 0, dy: 0, out: 0 }, Layout::OverX { x: 1, dy: 0 }] {
        case(layout, &x, &dy);
        case(layout, &many, &for_many);
    }
    findings
}

/// Every special value with every kind of upstream gradient.
fn grid(activation: Activation) -> (Vec<f32>, Vec<f32>) {
    let upstream = [1.0f32, -2.5, 0.0, -0.0, f32::INFINITY, f32::NAN, 1e-40, 3e38];
    let special = special_values(activation);
    let pairs = special.iter().flat_map(|&x| upstream.map(|dy| (x, dy)));
    pairs.unzip()
}

fn one<T: Element>(
    gpu: &Gpu,
    activation: Activation,
    subject: &dyn Subject,
    layout: Layout,
    x: &[T],
    dy: &[T],
    findings: &mut [Finding; 3],
) {
    let place = format!("{} elements, {layout:?}", x.len());
    let in_place = matches!(layout, Layout::OverX { .. } | Layout::OverDy { .. });
    let [forward_apart, forward_in_place, gradient] = findings;
    let forward = if in_place { forward_in_place } else { forward_apart };

    let got = Run::new::<T, T>(gpu, layout, x, None).and_then(|run| {
        subject.forward(run.x(), run.out()).map_err(|error| error.to_string())?;
        run.finish::<T>()
    });
    let wide = widened(x);
    match got {
        Err(error) => forward.fail(&place, &error),
        Ok(y) => {
            let expected = reference::forward(activation, &wide);
            let y = nearest(&expected, &y);
            for (i, ((&x, &y), expected)) in wide.iter().zip(&y).zip(expected).enumerate() {
                let ulp = reference::value_ulp_error(activation, x, y);
                forward.add(&place, (i, x, None), expected, y, ulp);
            }
        }
    }

    let got = Run::new::<T, T>(gpu, layout, x, Some(dy)).and_then(|run| {
        subject.gradient(run.x(), run.dy(), run.out()).map_err(|error| error.to_string())?;
        run.finish::<T>()
    });
    match got {
        Err(error) => gradient.fail(&place, &error),
        Ok(dx) => {
            let dy = widened(dy);
            let expected = reference::gradient(activation, &wide, &dy);
            let dx = nearest(&expected, &dx);
            for (i, (((&x, &dy), &dx), expected)) in
                wide.iter().zip(&dy).zip(&dx).zip(expected).enumerate()
            {
                let ulp = reference::gradient_ulp_error(activation, x, dy, dx);
                gradient.add(&place, (i, x, Some(dy)), expected, dx, ulp);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wgpu_relu::{GpuRelu, Result, View};

    use super::*;

    fn gpu() -> Gpu {
        Gpu::new().expect("the tests need an adapter; `cargo xtask test` installs one")
    }

    /// What is wrong with the subject as `activation`: forward, in place, gradient.
    fn verdict(activation: Activation, gpu: &Gpu, subject: &dyn Subject) -> [Option<String>; 3] {
        examine::<f32>(gpu, activation, subject).map(|finding| finding.failure)
    }

    #[test]
    fn the_right_operator_passes_and_another_does_not() {
        let gpu = gpu();
        let elu = Activation::Elu { alpha: 1.0 };
        let operator = GpuRelu::with_activation(&gpu, elu).unwrap();
        assert_eq!(verdict(elu, &gpu, &operator), [None, None, None]);
        // Differs in the sixth digit, and only for x < 0.
        let almost = Activation::Elu { alpha: 1.000_01 };
        for wrong in verdict(almost, &gpu, &operator) {
            let wrong = wrong.expect("a wrong alpha is noticed");
            assert!(wrong.contains("expected") && wrong.contains("ulp off"), "{wrong}");
        }
    }

    /// ReLU by `max`, as OpenCL's or GLSL's programmers write it: right but for NaN.
    struct MaxRelu(Gpu);

    impl Subject for MaxRelu {
        fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
            GpuRelu::new(&self.0).apply_into(x, y)?;
            // What `max(x, 0)` gives on most drivers.
            let without_nan: Vec<f32> =
                self.0.download(y)?.iter().map(|&y| if y.is_nan() { 0.0 } else { y }).collect();
            let replacement = self.0.upload(&without_nan)?;
            let mut encoder = self.0.device().create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(&replacement, 0, y.buffer(), y.offset(), y.size());
            self.0.queue().submit([encoder.finish()]);
            Ok(())
        }

        fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
            GpuRelu::new(&self.0).gradient_into(x, dy, dx)
        }
    }

    #[test]
    fn a_swallowed_nan_is_noticed() {
        let gpu = gpu();
        let [forward, in_place, gradient] = verdict(Activation::Relu, &gpu, &MaxRelu(gpu.clone()));
        for wrong in [forward, in_place] {
            let wrong = wrong.expect("a NaN is missed");
            assert!(wrong.contains("expected NaN") && wrong.contains("got 0e0"), "{wrong}");
        }
        assert_eq!(gradient, None);
    }

    /// Writes an element more than it was given.
    struct TooFar(GpuRelu);

    impl Subject for TooFar {
        fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
            let longer = |view: View<'_>| (view.offset() / 4, view.size() / 4 + 1);
            let ((x_at, length), (y_at, _)) = (longer(x), longer(y));
            self.0.apply_into(
                View::elements::<f32>(x.buffer(), x_at, length),
                View::elements::<f32>(y.buffer(), y_at, length),
            )
        }

        fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
            self.0.gradient_into(x, dy, dx)
        }
    }

    #[test]
    fn a_write_outside_is_noticed() {
        let gpu = gpu();
        let [forward, _, gradient] = verdict(Activation::Relu, &gpu, &TooFar(GpuRelu::new(&gpu)));
        let wrong = forward.expect("a canary died");
        assert!(wrong.contains("wrote outside"), "{wrong}");
        assert_eq!(gradient, None);
    }
}
