//! f and f' over the plot's range, computed by the crate on the device and read back for the plot and the errors.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wgpu_relu::{Activation, Download, Gpu, Result, reference};

/// Points per curve.
const POINTS: usize = 1025;

/// A value on its way to the host.
pub(super) enum Arriving {
    Pending(Download),
    Here(Vec<f32>),
}

impl Arriving {
    /// Whether the values are here now.
    pub(super) fn poll(&mut self) -> Result<bool> {
        if let Arriving::Pending(download) = self {
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(values) = Pin::new(download).poll(&mut context) else {
                return Ok(false);
            };
            *self = Arriving::Here(values?);
        }
        Ok(true)
    }

    pub(super) fn values(&self) -> &[f32] {
        match self {
            Arriving::Pending(_) => &[],
            Arriving::Here(values) => values,
        }
    }
}

/// The greatest error, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Greatest {
    pub(super) ulp: f64,
    pub(super) x: f32,
}

/// One activation over the range.
pub(super) struct Curve {
    pub(super) activation: Activation,
    pub(super) x: Vec<f32>,
    pub(super) value: Vec<f32>,
    pub(super) slope: Vec<f32>,
    pub(super) value_error: Greatest,
    pub(super) slope_error: Greatest,
}

/// The curves that are here, and those under way.
pub(super) struct Samples {
    gpu: Gpu,
    curves: Vec<Curve>,
    wanted: (Vec<Activation>, [f64; 2]),
    pending: Vec<(Activation, Vec<f32>, [Arriving; 2])>,
}

impl Samples {
    pub(super) fn new(gpu: &Gpu) -> Self {
        Samples {
            gpu: gpu.clone(),
            curves: Vec::new(),
            wanted: (Vec::new(), [0.0; 2]),
            pending: Vec::new(),
        }
    }

    pub(super) fn is_reading(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn curves(&self) -> &[Curve] {
        &self.curves
    }

    pub(super) fn curve(&self, activation: Activation) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.activation == activation)
    }

    /// Takes what has arrived, and computes anew if the choice has changed. One computation is under way at a time, so a
    /// person who drags does not fill the queue.
    pub(super) fn update(
        &mut self,
        shown: &[Activation],
        [left, right, ..]: [f64; 4],
    ) -> Result<()> {
        let mut all = true;
        for (_, _, arriving) in &mut self.pending {
            for one in arriving {
                all &= one.poll()?;
            }
        }
        if !all {
            return Ok(());
        }
        if !self.pending.is_empty() {
            self.curves = self
                .pending
                .drain(..)
                .map(|(activation, x, parts)| Curve::new(activation, x, &parts))
                .collect();
        }
        if self.wanted.0 != shown || self.wanted.1 != [left, right] {
            self.wanted = (shown.to_vec(), [left, right]);
            let x = inputs(left, right);
            for &activation in shown {
                self.pending.push((activation, x.clone(), self.compute(activation, &x)?));
            }
        }
        Ok(())
    }

    fn compute(&self, activation: Activation, x: &[f32]) -> Result<[Arriving; 2]> {
        let operator = activation.on(&self.gpu)?;
        // The derivative is the gradient for an upstream gradient of 1.
        let (input, ones) = (self.gpu.upload(x)?, self.gpu.upload(&vec![1.0; x.len()])?);
        let (value, slope) = (operator.apply(&input)?, operator.gradient(&input, &ones)?);
        Ok([&value, &slope].map(|buffer| Arriving::Pending(self.gpu.download_async(buffer))))
    }
}

/// Every f32 of the range, or evenly spread ones.
fn inputs(left: f64, right: f64) -> Vec<f32> {
    let at = |index: usize| (left + (right - left) * index as f64 / (POINTS - 1) as f64) as f32;
    let mut inputs: Vec<f32> = (0..POINTS).map(at).collect();
    inputs.dedup();
    inputs
}

impl Curve {
    fn new(activation: Activation, x: Vec<f32>, [value, slope]: &[Arriving; 2]) -> Self {
        let (value, slope) = (value.values().to_vec(), slope.values().to_vec());
        let greatest = |got: &[f32], error: &dyn Fn(f32, f32) -> f64| {
            let errors = x.iter().zip(got).map(|(&x, &got)| Greatest { ulp: error(x, got), x });
            errors.max_by(|a, b| a.ulp.total_cmp(&b.ulp)).unwrap_or_default()
        };
        let value_error =
            greatest(&value, &|x, got| reference::value_ulp_error(activation, x, got));
        let slope_error =
            greatest(&slope, &|x, got| reference::gradient_ulp_error(activation, x, 1.0, got));
        Curve { activation, x, value, slope, value_error, slope_error }
    }

    /// The index of the point nearest to x.
    pub(super) fn nearest(&self, x: f64) -> Option<usize> {
        let after = self.x.partition_point(|&point| f64::from(point) < x);
        let distance = |&index: &usize| (f64::from(self.x[index]) - x).abs();
        [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter(|&index| index < self.x.len())
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(gpu: &Gpu, shown: &[Activation], bounds: [f64; 4]) -> Samples {
        let mut samples = Samples::new(gpu);
        samples.update(shown, bounds).unwrap();
        while samples.is_reading() {
            samples.update(shown, bounds).unwrap();
            std::thread::yield_now();
        }
        samples
    }

    #[test]
    fn curves_are_those_of_the_reference_at_every_zoom() {
        let gpu = Gpu::new().unwrap();
        for half in [5e-7, 4.0, 1e6] {
            let samples = computed(&gpu, Activation::ALL, [-half, half, 0.0, 1.0]);
            for &activation in Activation::ALL {
                let curve = samples.curve(activation).unwrap();
                assert!(curve.x.len() > 1000);
                assert!(
                    activation.value_tolerance().ulp() >= curve.value_error.ulp,
                    "{activation} at {half}"
                );
                let middle = curve.nearest(0.3 * half).unwrap();
                assert!((f64::from(curve.x[middle]) - 0.3 * half).abs() < 0.002 * half);
                let exact = reference::value(activation, curve.x[middle]);
                assert!(
                    (f64::from(curve.value[middle]) - exact).abs() <= 1e-6 * exact.abs().max(1e-6),
                    "{activation}"
                );
            }
        }
    }

    #[test]
    fn a_range_below_the_steps_of_f32_has_each_number_once() {
        let inputs = inputs(1.0, 1.000001);
        assert_eq!(inputs.len(), 9);
        assert!(inputs.windows(2).all(|pair| pair[0].next_up() == pair[1]));
    }
}
