//! PReLU and gated units beside Burn's: forward, and each gradient by itself.
//!
//! Burn's gradients come from its autodiff. For a single gradient only its operand is tracked. The graph is made, and
//! the forward part is done, before the timing starts. Upstream gradients are 1 everywhere.

use std::cell::RefCell;
use std::fmt;

use burn::tensor::activation as theirs;
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};
use wgpu_relu::{Activation, Channels, GpuGlu, GpuPrelu, Prepared, reference};

use crate::Outcome;
use crate::device::Shared;
use crate::rounds::{self, Timed};

/// The errors that Burn may have: relative to the exact result above 1, or to the sum of a gradient's terms.
pub(crate) const LOOSE: f64 = 1e-5;

/// The same for the library: the bound of a gate's activation, with the product's rounding.
const STRICT: f64 = 4e-7;

/// Channels, units and slopes.
const COUNT: usize = 64;

/// Pixels of a channel.
const SIDE: usize = 32;

/// A kind of operation, and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    PreluUnits,
    PreluImages,
    PreluOne,
    Glu,
    Swiglu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Forward,
    Dx,
    Dw,
    /// Forward and all gradients.
    All,
}

impl Kind {
    const ALL: [Kind; 5] =
        [Kind::PreluUnits, Kind::PreluImages, Kind::PreluOne, Kind::Glu, Kind::Swiglu];

    fn is_gated(self) -> bool {
        matches!(self, Kind::Glu | Kind::Swiglu)
    }

    fn steps(self) -> &'static [Step] {
        if self.is_gated() {
            &[Step::Forward, Step::Dx, Step::All]
        } else {
            &[Step::Forward, Step::Dx, Step::Dw, Step::All]
        }
    }

    /// The channels of the slopes, or the axis of a gated unit that is split.
    fn channels(self) -> Channels {
        let count = COUNT as u32;
        match self {
            Kind::PreluUnits => Channels::last(count),
            Kind::PreluImages => Channels::second(count, (SIDE * SIDE) as u32),
            Kind::PreluOne => Channels::last(1),
            Kind::Glu | Kind::Swiglu => Channels::last(2 * count),
        }
    }

    fn gate(self) -> Activation {
        if self == Kind::Glu { Activation::Sigmoid } else { Activation::Silu }
    }

    /// Bytes that have to be read and written per element of x.
    pub(crate) fn bytes(self, step: Step) -> usize {
        match (self.is_gated(), step) {
            (true, Step::Forward) => 6,
            (true, Step::All) => 16,
            (true, _) => 10,
            (false, Step::Forward | Step::Dw) => 8,
            (false, Step::Dx) => 12,
            (false, Step::All) => 28,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::PreluUnits => "prelu, [N, 64]",
            Kind::PreluImages => "prelu, [N, 64, 32, 32]",
            Kind::PreluOne => "prelu, one slope",
            Kind::Glu => "glu, [N, 64 + 64]",
            Kind::Swiglu => "swiglu, [N, 64 + 64]",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Forward => "forward",
            Step::Dx => "dx",
            Step::Dw => "dw",
            Step::All => "forward and gradients",
        })
    }
}

/// The measurement of one way to do a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Median seconds.
    pub(crate) seconds: f64,
    /// The largest error, relative as for [`LOOSE`].
    pub(crate) error: f64,
}

/// A step, by the library and by Burn.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) step: Step,
    pub(crate) own: Measured,
    pub(crate) burn: Measured,
}

/// Runs all kinds, one after the other; the two sides of a step take turns.
pub(crate) fn measure(shared: &Shared, length: usize, rounds: u32) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    let image = COUNT * SIDE * SIDE;
    for kind in Kind::ALL {
        let (own, n) = (Operands::new(shared, kind, length)?, length);
        rows.extend(match kind {
            Kind::PreluUnits => with_burn(&own, [n / COUNT, COUNT], COUNT, theirs::prelu, rounds),
            Kind::PreluImages => {
                let shape = [n / image, COUNT, SIDE, SIDE];
                with_burn(&own, shape, COUNT, theirs::prelu, rounds)
            }
            Kind::PreluOne => with_burn(&own, [n / COUNT, COUNT], 1, theirs::prelu, rounds),
            Kind::Glu => {
                let shape = [n / (2 * COUNT), 2 * COUNT];
                with_burn(&own, shape, 1, |x, _| theirs::glu(x, 1), rounds)
            }
            Kind::Swiglu => {
                let shape = [n / (2 * COUNT), 2 * COUNT];
                let swiglu = |x: Tensor<2>, _| {
                    let a = x.clone().slice_dim(1, 0..COUNT);
                    a.mul(theirs::silu(x.slice_dim(1, COUNT..2 * COUNT)))
                };
                with_burn(&own, shape, 1, swiglu, rounds)
            }
        }?);
    }
    Ok(rows)
}

/// The operands of the library.
struct Operands<'s> {
    shared: &'s Shared,
    kind: Kind,
    x: Vec<f32>,
    weights: Vec<f32>,
    y_buffer: wgpu::Buffer,
    dx_buffer: wgpu::Buffer,
    dw_buffer: wgpu::Buffer,
    steps: Vec<(Step, Vec<Prepared>)>,
}

/// The results of a step: y, dx, dw, as far as it has them.
type Results = [Option<Vec<f32>>; 3];

/// Whether so many elements are whole images.
pub(crate) fn takes(elements: usize) -> bool {
    elements.is_multiple_of(COUNT * SIDE * SIDE)
}

impl<'s> Operands<'s> {
    fn new(shared: &'s Shared, kind: Kind, length: usize) -> Outcome<Self> {
        let gpu = &shared.gpu;
        let mut random = StdRng::seed_from_u64(length as u64);
        let mut numbers =
            |n: usize| -> Vec<f32> { (0..n).map(|_| StandardNormal.sample(&mut random)).collect() };
        let x = numbers(length);
        let weights = numbers(if kind == Kind::PreluOne { 1 } else { COUNT });
        let out = if kind.is_gated() { length / 2 } else { length };
        let (x_buffer, w_buffer) = (gpu.upload(&x)?, gpu.upload(&weights)?);
        let dy = gpu.upload(&vec![1.0; out])?;
        let y_buffer = gpu.upload(&vec![0.0; out])?;
        let dx_buffer = gpu.upload(&vec![0.0; length])?;
        let dw_buffer = gpu.upload(&vec![0.0; weights.len()])?;
        let channels = kind.channels();
        let steps = if kind.is_gated() {
            let unit = GpuGlu::with_activation(gpu, kind.gate())?;
            let forward = unit.prepare_split(&x_buffer, channels, &y_buffer)?;
            let dx = unit.prepare_gradient_split(&x_buffer, &dy, channels, &dx_buffer)?;
            vec![
                (Step::Forward, vec![forward.clone()]),
                (Step::Dx, vec![dx.clone()]),
                (Step::All, vec![forward, dx]),
            ]
        } else {
            let prelu = GpuPrelu::with_channels(gpu, &w_buffer, channels);
            let forward = prelu.prepare(&x_buffer, &y_buffer)?;
            let dx = prelu.prepare_gradient(&x_buffer, &dy, &dx_buffer)?;
            let dw = prelu.prepare_weight_gradient(&x_buffer, &dy, &dw_buffer)?;
            vec![
                (Step::Forward, vec![forward.clone()]),
                (Step::Dx, vec![dx.clone()]),
                (Step::Dw, vec![dw.clone()]),
                (Step::All, vec![forward, dx, dw]),
            ]
        };
        Ok(Operands { shared, kind, x, weights, y_buffer, dx_buffer, dw_buffer, steps })
    }

    fn run(&self, step: Step, times: u32) -> Outcome<()> {
        let gpu = &self.shared.gpu;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            let prepared = self.steps.iter().filter(|(which, _)| *which == step);
            let prepared: Vec<_> = prepared.flat_map(|(_, prepared)| prepared).collect();
            (0..times).for_each(|_| prepared.iter().for_each(|one| one.record(&mut pass)));
        }
        gpu.queue().submit([encoder.finish()]);
        gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
        Ok(())
    }

    fn give(&self, step: Step) -> Outcome<Results> {
        let gpu = &self.shared.gpu;
        let buffers = [&self.y_buffer, &self.dx_buffer, &self.dw_buffer];
        // An earlier result must not pass for this one.
        for buffer in buffers {
            gpu.upload_into(&vec![f32::NAN; buffer.size() as usize / 4], buffer)?;
        }
        self.run(step, 1)?;
        let of = |which: Step, buffer: &wgpu::Buffer| -> Outcome<Option<Vec<f32>>> {
            let given = step == which || step == Step::All;
            let given = given && self.kind.steps().contains(&which);
            Ok(if given { Some(gpu.download(buffer)?) } else { None })
        };
        Ok([of(Step::Forward, buffers[0])?, of(Step::Dx, buffers[1])?, of(Step::Dw, buffers[2])?])
    }

    /// The largest error of a step's results, over all elements.
    fn error(&self, step: Step, [y, dx, dw]: &Results) -> Outcome<f64> {
        let mut worst = 0f64;
        let mut note = |got: f32, exact: f64, size: f64| {
            let error = (f64::from(got) - exact).abs() / size;
            // A wrong NaN must not get lost in a maximum.
            worst = worst.max(if error.is_nan() { f64::INFINITY } else { error });
        };
        let expected = self.kind.steps().iter().filter(|part| match step {
            Step::All => **part != Step::All,
            one => **part == one,
        });
        for part in expected {
            let (results, length) = match part {
                Step::Forward => (y, self.y_buffer.size() / 4),
                Step::Dx => (dx, self.dx_buffer.size() / 4),
                _ => (dw, self.dw_buffer.size() / 4),
            };
            let results = results.as_ref().filter(|results| results.len() as u64 == length);
            let results = results.ok_or_else(|| format!("{part} is missing"))?;
            match part {
                Step::Dw => {
                    let sums = self.slope_sums();
                    for (got, (exact, size)) in results.iter().zip(sums) {
                        note(*got, exact, size);
                    }
                }
                _ => {
                    for (i, got) in results.iter().enumerate() {
                        let exact = match part {
                            Step::Forward => self.y(i),
                            _ => self.dx(i),
                        };
                        note(*got, exact, exact.abs().max(1.0));
                    }
                }
            }
        }
        Ok(worst)
    }

    fn channel(&self, i: usize) -> usize {
        let Channels { count, inner } = self.kind.channels();
        i / inner as usize % count as usize
    }

    fn y(&self, i: usize) -> f64 {
        if self.kind.is_gated() {
            let at = i / COUNT * 2 * COUNT + i % COUNT;
            let gate = reference::value(self.kind.gate(), self.x[at + COUNT]);
            return f64::from(self.x[at]) * gate;
        }
        let x = f64::from(self.x[i]);
        if x > 0.0 { x } else { x * f64::from(self.weights[self.channel(i)]) }
    }

    fn dx(&self, i: usize) -> f64 {
        if self.kind.is_gated() {
            let is_gate = i % (2 * COUNT) >= COUNT;
            return if is_gate {
                let slope = reference::derivative(self.kind.gate(), self.x[i]);
                f64::from(self.x[i - COUNT]) * slope
            } else {
                reference::value(self.kind.gate(), self.x[i + COUNT])
            };
        }
        if self.x[i] > 0.0 { 1.0 } else { f64::from(self.weights[self.channel(i)]) }
    }

    /// dw, and the sum of its terms' magnitudes.
    fn slope_sums(&self) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); self.weights.len()];
        for (i, &x) in self.x.iter().enumerate().filter(|(_, x)| **x <= 0.0) {
            let (sum, size) = &mut sums[self.channel(i)];
            *sum += f64::from(x);
            *size -= f64::from(x);
        }
        sums
    }
}

/// Burn's tensors and its function of them.
struct Burn<'s, const D: usize, F> {
    shared: &'s Shared,
    x: Tensor<D>,
    weights: Tensor<1>,
    function: F,
    /// Graphs whose gradients are to be computed.
    graphs: RefCell<Vec<Graph<D>>>,
}

struct Graph<const D: usize> {
    x: Tensor<D>,
    weights: Tensor<1>,
    y: Tensor<D>,
}

impl<const D: usize, F: Fn(Tensor<D>, Tensor<1>) -> Tensor<D>> Burn<'_, D, F> {
    /// The forward part, with tracking for a step's gradients.
    fn graph(&self, step: Step, gated: bool) -> Graph<D> {
        let (mut x, mut weights) = (self.x.clone().autodiff(), self.weights.clone().autodiff());
        if step != Step::Dw {
            x = x.require_grad();
        }
        if step != Step::Dx && !gated {
            weights = weights.require_grad();
        }
        let y = (self.function)(x.clone(), weights.clone());
        Graph { x, weights, y }
    }

    /// Runs the step once. A forward step needs no graph.
    fn once(&self, step: Step, gated: bool) -> Outcome<BurnResults<D>> {
        if step == Step::Forward {
            let y = (self.function)(self.x.clone(), self.weights.clone());
            return Ok((Some(y), None, None));
        }
        let ready = self.graphs.borrow_mut().pop();
        let graph = match (step, ready) {
            (Step::All, _) => self.graph(step, gated),
            (_, Some(graph)) => graph,
            (_, None) => return Err("no graph was made".into()),
        };
        let gradients = graph.y.backward();
        let dx = graph.x.grad(&gradients).filter(|_| step != Step::Dw);
        let dw = graph.weights.grad(&gradients).filter(|_| step != Step::Dx && !gated);
        let y = (step == Step::All).then(|| graph.y.inner());
        Ok((y, dx, dw))
    }
}

type BurnResults<const D: usize> = (Option<Tensor<D>>, Option<Tensor<D>>, Option<Tensor<1>>);

/// A contender that takes turns.
struct Contender<'a> {
    length: usize,
    restore: Box<dyn Fn(u32) -> Outcome<()> + 'a>,
    run: Box<dyn Fn(u32) -> Outcome<()> + 'a>,
}

impl Timed for Contender<'_> {
    fn batch(&self) -> u32 {
        ((1 << 25) / self.length).clamp(2, 16) as u32
    }
    fn restore(&self, times: u32) -> Outcome<()> {
        (self.restore)(times)
    }
    fn run(&self, times: u32) -> Outcome<()> {
        (self.run)(times)
    }
}

/// Measures and verifies the steps of a kind, with Burn's function of x and the slopes.
fn with_burn<const D: usize>(
    own: &Operands<'_>,
    shape: [usize; D],
    weights: usize,
    function: impl Fn(Tensor<D>, Tensor<1>) -> Tensor<D>,
    rounds: u32,
) -> Outcome<Vec<Row>> {
    let device = &own.shared.burn;
    let data = |values: &[f32], shape: Vec<usize>| TensorData::new(values.to_vec(), shape);
    let burn = Burn {
        shared: own.shared,
        x: Tensor::from_data(data(&own.x, shape.to_vec()), device),
        weights: Tensor::from_data(data(&own.weights[..weights], vec![weights]), device),
        function,
        graphs: RefCell::default(),
    };
    let (kind, gated) = (own.kind, own.kind.is_gated());
    let make = |step: Step, times: u32| -> Outcome<()> {
        if matches!(step, Step::Dx | Step::Dw) {
            for _ in 0..times {
                let graph = burn.graph(step, gated);
                burn.graphs.borrow_mut().push(graph);
                burn.shared.burn.flush()?;
            }
        }
        Ok(burn.shared.burn.sync()?)
    };
    let mut contenders = Vec::new();
    for &step in kind.steps() {
        contenders.push(Contender {
            length: own.x.len(),
            restore: Box::new(|_| Ok(())),
            run: Box::new(move |times| own.run(step, times)),
        });
        let (burn, make) = (&burn, &make);
        let run = move |times| {
            for _ in 0..times {
                let results = burn.once(step, gated)?;
                // Submitted before they are dropped, because Burn could otherwise leave them out.
                burn.shared.burn.flush()?;
                drop(results);
            }
            Ok(burn.shared.burn.sync()?)
        };
        contenders.push(Contender {
            length: own.x.len(),
            restore: Box::new(move |times| make(step, times)),
            run: Box::new(run),
        });
    }
    let seconds = rounds::medians(&contenders, rounds)?;
    let mut rows = Vec::new();
    for (&step, seconds) in kind.steps().iter().zip(seconds.chunks(2)) {
        let error = own.error(step, &own.give(step)?)?;
        if error > STRICT {
            return Err(format!("{kind}, {step}: wgpu-relu is off by {error:.1e}").into());
        }
        make(step, 1)?;
        let (y, dx, dw) = burn.once(step, gated)?;
        let theirs =
            [y.map(values).transpose()?, dx.map(values).transpose()?, dw.map(values).transpose()?];
        rows.push(Row {
            kind,
            step,
            own: Measured { seconds: seconds[0], error },
            // It may be wrong. The report says so then.
            burn: Measured { seconds: seconds[1], error: own.error(step, &theirs)? },
        });
    }
    Ok(rows)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Outcome<Vec<f32>> {
    Ok(tensor.try_into_data()?.as_slice::<f32>()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;

    #[test]
    fn all_are_right_and_what_is_not_is_caught() {
        let shared = device::open().expect("the test needs an adapter");
        let length = COUNT * SIDE * SIDE;
        let rows = measure(&shared, length, 1).expect("all are right");
        assert_eq!(rows.len(), 3 * 4 + 2 * 3);
        assert!(rows.iter().all(|row| row.own.seconds > 0.0 && row.burn.seconds > 0.0));
        for kind in Kind::ALL {
            let own = Operands::new(&shared, kind, length).expect("it fits");
            for &step in kind.steps() {
                let right = own.give(step).expect("it runs");
                for part in (0..3).filter(|part| right[*part].is_some()) {
                    let mut wrong = right.clone();
                    if let Some(values) = &mut wrong[part] {
                        values[0] += 1.0 + values[0].abs();
                    }
                    let error = own.error(step, &wrong).expect("all are there");
                    assert!(error > LOOSE, "{kind}, {step}: {error}");
                    wrong[part] = None;
                    assert!(own.error(step, &wrong).is_err(), "{kind}, {step}");
                }
            }
        }
        assert!(Operands::new(&shared, Kind::Glu, length + 128).is_err());
    }
}
