//! Runs operations to be timed, and checks the results: for `cargo bench` and `wgpu-relu bench`.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};
use wgpu_relu::{Activation, Gpu, GpuRelu, Prepared, Result, reference, wgpu};

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
}

impl Operator {
    pub const ALL: [Operator; 3] = [Operator::Forward, Operator::InPlace, Operator::Gradient];

    pub fn name(self) -> &'static str {
        match self {
            Operator::Forward => "forward",
            Operator::InPlace => "in place",
            Operator::Gradient => "gradient",
        }
    }
}

impl Operation {
    /// Bytes read and written.
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

/// Data repeats after this many elements, so the reference is computed only for these.
const PERIOD: usize = 1 << 20;

/// Operands of one length.
pub struct Setup<'g> {
    gpu: &'g Gpu,
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
        Ok(Setup { gpu, x, dy, x_buffer, dy_buffer, y_buffer })
    }

    pub fn length(&self) -> usize {
        self.x.len()
    }

    /// The time of `iterations` runs, each batch from its submit to its end.
    pub fn time(&self, operation: Operation, iterations: u64) -> Outcome<Duration> {
        let step = self.prepare(operation)?;
        let mut spent = Duration::ZERO;
        let mut left = iterations;
        while left > 0 {
            let batch = left.min(BATCH);
            left -= batch;
            self.restore(operation)?;
            let mut encoder = self.encoder();
            match &step {
                None => (0..batch).for_each(|_| self.copy(&mut encoder)),
                Some(step) => {
                    let mut pass = encoder.begin_compute_pass(&Default::default());
                    (0..batch).for_each(|_| step.record(&mut pass));
                }
            }
            let start = Instant::now();
            self.run(encoder)?;
            spent += start.elapsed();
        }
        Ok(spent)
    }

    /// Runs `operation` once more; compares the first period with the reference, and every other with
    /// the first, bit for bit.
    pub fn verify(&self, operation: Operation) -> Outcome<()> {
        self.time(operation, 1)?;
        let got = self.gpu.download(&self.y_buffer)?;
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

    fn prepare(&self, operation: Operation) -> Result<Option<Prepared>> {
        let Operation::Operator(activation, operator) = operation else {
            return Ok(None);
        };
        let relu = GpuRelu::with_activation(self.gpu, activation)?;
        let (x, dy, y) = (&self.x_buffer, &self.dy_buffer, &self.y_buffer);
        match operator {
            Operator::Forward => relu.prepare(x, y),
            Operator::InPlace => relu.prepare(y, y),
            Operator::Gradient => relu.prepare_gradient(x, dy, y),
        }
        .map(Some)
    }

    /// Restores the input of an operation in place.
    fn restore(&self, operation: Operation) -> Outcome<()> {
        if matches!(operation, Operation::Operator(_, Operator::InPlace)) {
            let mut encoder = self.encoder();
            self.copy(&mut encoder);
            self.run(encoder)?;
        }
        Ok(())
    }

    fn copy(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.copy_buffer_to_buffer(&self.x_buffer, 0, &self.y_buffer, 0, self.x_buffer.size());
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.gpu.device().create_command_encoder(&Default::default())
    }

    fn run(&self, encoder: wgpu::CommandEncoder) -> Outcome<()> {
        self.gpu.queue().submit([encoder.finish()]);
        self.gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
        Ok(())
    }
}
