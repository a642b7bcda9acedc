//! Runs operations to be timed, and checks the results: for `cargo bench` and `wgpu-relu bench`.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};
use wgpu_relu::{Activation, Gpu, GpuRelu, Prepared, Result, reference, wgpu};

use crate::stopwatch::{Spent, Stopwatch};

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

/// Operations per submit. They share its cost, which would hide theirs. They are so few that an activation that is
/// repeated in place on its own result stays among the normal numbers.
const BATCH: u64 = 16;

/// An operation to be timed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// `copy_buffer_to_buffer`.
    Copy,
    Operator(Activation, Operator),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Forward,
    InPlace,
    Gradient,
    /// `apply`, which makes a new buffer and submits.
    NewBuffer,
    /// The same, with the buffer handed back for the next one.
    Recycled,
}

impl Operator {
    /// Those that only record.
    pub const ALL: [Operator; 3] = [Operator::Forward, Operator::InPlace, Operator::Gradient];

    pub fn name(self) -> &'static str {
        match self {
            Operator::Forward => "forward",
            Operator::InPlace => "in place",
            Operator::Gradient => "gradient",
            Operator::NewBuffer => "new buffer",
            Operator::Recycled => "recycled",
        }
    }
}

impl Operation {
    /// Bytes that the operation needs to read and write. That wgpu clears a new buffer is no part of it.
    pub fn bytes(self, length: usize) -> u64 {
        let operands = match self {
            Operation::Operator(_, Operator::Gradient) => 3,
            _ => 2,
        };
        4 * operands * length as u64
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Copy => f.write_str("copy"),
            Operation::Operator(activation, operator) => {
                write!(f, "{}/{}", activation.name(), operator.name())
            }
        }
    }
}

/// How an operation is run.
enum Step {
    Copy,
    Recorded(Prepared),
    Apply(GpuRelu),
    Recycle(GpuRelu),
}

/// Data repeats after this many elements, so the reference is computed only for these.
const PERIOD: usize = 1 << 20;

/// Operands of one length.
pub struct Setup<'g> {
    gpu: &'g Gpu,
    stopwatch: Stopwatch<'g>,
    x: Vec<f32>,
    dy: Vec<f32>,
    x_buffer: wgpu::Buffer,
    dy_buffer: wgpu::Buffer,
    /// The output, and the operand of operations in place.
    y_buffer: wgpu::Buffer,
}

impl<'g> Setup<'g> {
    pub fn new(gpu: &'g Gpu, length: usize) -> Result<Self> {
        let mut random = StdRng::seed_from_u64(length as u64);
        let mut normal = || -> Vec<f32> {
            let period: Vec<f32> =
                (0..length.min(PERIOD)).map(|_| StandardNormal.sample(&mut random)).collect();
            period.iter().copied().cycle().take(length).collect()
        };
        let (x, dy) = (normal(), normal());
        let (x_buffer, dy_buffer) = (gpu.upload(&x)?, gpu.upload(&dy)?);
        let y_buffer = gpu.upload(&x)?;
        let stopwatch = Stopwatch::new(gpu);
        Ok(Setup { gpu, stopwatch, x, dy, x_buffer, dy_buffer, y_buffer })
    }

    pub fn length(&self) -> usize {
        self.x.len()
    }

    /// The time of `iterations` runs, each batch from its submit to its end.
    pub fn time(&self, operation: Operation, iterations: u64) -> Outcome<Spent> {
        let step = self.prepare(operation)?;
        let mut spent = Spent { device: Some(Duration::ZERO), ..Spent::default() };
        let mut left = iterations;
        while left > 0 {
            let batch = left.min(self.batch(operation));
            left -= batch;
            self.restore(operation)?;
            spent += match &step {
                Step::Copy => self.stopwatch.time(|encoder| {
                    (0..batch).for_each(|_| self.copy(encoder));
                }),
                Step::Recorded(step) => self.stopwatch.time(|encoder| {
                    let mut pass = encoder.begin_compute_pass(&Default::default());
                    (0..batch).for_each(|_| step.record(&mut pass));
                }),
                Step::Apply(relu) => self.stopwatch.time_submits(|| {
                    (0..batch).try_for_each(|_| relu.apply(&self.x_buffer).map(drop))
                }),
                Step::Recycle(relu) => {
                    self.gpu.recycle(relu.apply(&self.x_buffer)?);
                    let spent = self.stopwatch.time_submits(|| {
                        (0..batch).try_for_each(|_| {
                            self.gpu.recycle(relu.apply(&self.x_buffer)?);
                            Ok(())
                        })
                    });
                    // Takes the buffer away, which `Step::Apply` must not get.
                    drop(relu.apply(&self.x_buffer)?);
                    spent
                }
            }?;
        }
        Ok(spent)
    }

    /// Buffers that wait to be freed shall not fill the device's memory.
    fn batch(&self, operation: Operation) -> u64 {
        match operation {
            Operation::Operator(_, Operator::NewBuffer | Operator::Recycled) => {
                ((1 << 26) / self.length() as u64).clamp(1, BATCH)
            }
            _ => BATCH,
        }
    }

    /// Runs `operation` once more; compares the first period with the reference, and every other with
    /// the first, bit for bit.
    pub fn verify(&self, operation: Operation) -> Outcome<()> {
        let got = match self.prepare(operation)? {
            Step::Apply(relu) => self.gpu.download(&relu.apply(&self.x_buffer)?)?,
            Step::Recycle(relu) => {
                // Zeros that are handed back: a result that is not written would show.
                self.gpu.recycle(self.gpu.zeros::<f32>(self.length() as u64)?);
                self.gpu.download(&relu.apply(&self.x_buffer)?)?
            }
            _ => {
                self.time(operation, 1)?;
                self.gpu.download(&self.y_buffer)?
            }
        };
        let (x, dy) = (&self.x, &self.dy);
        let mut periods = got.chunks(PERIOD);
        let first = periods.next().unwrap_or_default();
        let bits = |values: &[f32]| bytemuck::cast_slice::<f32, u32>(values).to_vec();
        if !periods.all(|period| bits(period) == bits(first)) {
            return Err(format!("{operation}: equal inputs gave different results").into());
        }
        let Operation::Operator(activation, operator) = operation else {
            return if got == *x { Ok(()) } else { Err("the copy is no copy".into()) };
        };
        let tolerance = match operator {
            Operator::Gradient => activation.gradient_tolerance(),
            _ => activation.value_tolerance(),
        };
        for (i, &got) in first.iter().enumerate() {
            let error = match operator {
                Operator::Gradient => reference::gradient_ulp_error(activation, x[i], dy[i], got),
                _ => reference::value_ulp_error(activation, x[i], got),
            };
            if error > tolerance.ulp() {
                return Err(format!(
                    "{operation}, element {i} of {}, x = {:e}: {got:e} is {error:.2} ulp off",
                    x.len(),
                    x[i]
                )
                .into());
            }
        }
        Ok(())
    }

    fn prepare(&self, operation: Operation) -> Result<Step> {
        let Operation::Operator(activation, operator) = operation else {
            return Ok(Step::Copy);
        };
        let relu = GpuRelu::with_activation(self.gpu, activation)?;
        let (x, dy, y) = (&self.x_buffer, &self.dy_buffer, &self.y_buffer);
        match operator {
            Operator::Forward => relu.prepare(x, y),
            Operator::InPlace => relu.prepare(y, y),
            Operator::Gradient => relu.prepare_gradient(x, dy, y),
            Operator::NewBuffer => return Ok(Step::Apply(relu)),
            Operator::Recycled => return Ok(Step::Recycle(relu)),
        }
        .map(Step::Recorded)
    }

    /// Restores the input of an operation in place.
    fn restore(&self, operation: Operation) -> Outcome<()> {
        if matches!(operation, Operation::Operator(_, Operator::InPlace)) {
            let mut encoder = self.stopwatch.encoder();
            self.copy(&mut encoder);
            self.stopwatch.run(encoder)?;
        }
        Ok(())
    }

    fn copy(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.copy_buffer_to_buffer(&self.x_buffer, 0, &self.y_buffer, 0, self.x_buffer.size());
    }
}

/// Reads a number of elements: 4096, 4Ki, 1Mi.
pub fn elements(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: usize = match text[digits.len()..].trim() {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        other => return Err(format!("{other:?} is no unit; take Ki, Mi or Gi, or none")),
    };
    let number: usize = digits.parse().map_err(|_| format!("{text:?} is no number of elements"))?;
    match number.checked_mul(unit) {
        Some(elements @ 1..) => Ok(elements),
        Some(0) => Err("there must be an element to time".to_owned()),
        _ => Err(format!("{text} is more than this machine can count")),
    }
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn numbers_of_elements_are_read() {
        assert_eq!(elements("4096"), Ok(4096));
        assert_eq!(elements("4Ki"), Ok(4096));
        assert_eq!(elements("3 Mi"), Ok(3 << 20));
        for wrong in ["", "Ki", "0", "4K", "-1", "1.5Mi", "99999999999999999999", "99999999999Gi"] {
            assert!(elements(wrong).is_err(), "{wrong}");
        }
    }
}
