//! Data-parallel training: every worker takes a part of each batch.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::remote::RemoteHost;
use burn::tensor::Device;
use wgpu_relu_burn::device::open;
use wgpu_relu_burn::probe;

use crate::Outcome;
use crate::digits::{Digits, TRAINING};
use crate::network::Parameters;

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) steps: usize,
    pub(crate) batch: usize,
    pub(crate) width: usize,
    pub(crate) checkpoint: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options { steps: 200, batch: 128, width: 128, checkpoint: None }
    }
}

/// The devices that share a batch, with their names.
pub(crate) struct Workers(Vec<(String, Device)>);

impl Workers {
    /// This machine alone, without a server. Call it once.
    pub(crate) fn here() -> Outcome<Self> {
        let (device, _) = open(Device::wgpu_options())?;
        Ok(Workers(vec![("this machine".to_owned(), device.autodiff())]))
    }

    /// Connects to servers, and makes sure that each runs the operations.
    pub(crate) fn connect(addresses: &[String]) -> Outcome<Self> {
        let connect = |address: &String| -> Outcome<(String, Device)> {
            let failed = |error: String| format!("{address}: {error}");
            let device = Device::remote_options(&RemoteHost::websocket(address)).init();
            let device = device.map_err(|error| failed(error.to_string()))?;
            probe(&device).map_err(|error| failed(error.to_string()))?;
            Ok((address.clone(), device.autodiff()))
        };
        Ok(Workers(addresses.iter().map(connect).collect::<Outcome<_>>()?))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &Device> {
        self.0.iter().map(|(_, device)| device)
    }
}

/// What a training was like.
pub(crate) struct Report {
    pub(crate) parameters: usize,
    /// The median.
    pub(crate) time_per_step: Duration,
}

/// The median after the first ten, which compile shaders.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.get(10..).filter(|late| !late.is_empty()).unwrap_or(times).to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Trains by SGD with momentum. If a server fails, the checkpoint still holds the last step that was saved.
pub(crate) fn train(workers: &Workers, options: &Options) -> Outcome<Report> {
    let digits = Digits::load();
    let count = workers.count();
    if options.batch == 0 || !options.batch.is_multiple_of(count) || options.batch > TRAINING {
        let batch = options.batch;
        return Err(format!(
            "a batch of {batch} digits is no equal share for {count} workers; take a multiple of {count}, at most {TRAINING}"
        )
        .into());
    }
    let path = options.checkpoint.as_deref();
    let mut state = match path {
        Some(path) if path.exists() => State::load(path, options.width)?,
        _ => State::new(options.width),
    };
    if state.step > 0 {
        println!("resumes after step {}", state.step);
    }
    let mut times = Vec::new();
    while state.step < options.steps {
        let batch = digits.batch(state.step, options.batch);
        let start = Instant::now();
        let loss = state.step(workers, &digits, &batch)?;
        times.push(start.elapsed());
        if state.step.is_multiple_of(20) || state.step == options.steps {
            let (name, device) = &workers.0[0];
            let accuracy = state.parameters.accuracy(device, &digits, &digits.test());
            let accuracy = accuracy.map_err(|error| lost(name, state.step, &*error))?;
            let (step, steps) = (state.step, options.steps);
            println!("step {step}/{steps}  loss {loss:.4}  accuracy {:.1} %", 100.0 * accuracy);
            std::io::stdout().flush()?;
            if let Some(path) = path {
                state.save(path)?;
            }
        }
    }
    let report =
        Report { parameters: state.parameters.values.len(), time_per_step: median(&times) };
    let bytes = 8 * report.parameters * count;
    println!(
        "workers: {count}, {:.1} ms per step, {} parameters, {bytes} bytes of parameters and gradients per step",
        1000.0 * report.time_per_step.as_secs_f64(),
        report.parameters,
    );
    Ok(report)
}

/// All that a training resumes from.
struct State {
    step: usize,
    parameters: Parameters,
    velocity: Vec<f32>,
}

impl State {
    fn new(width: usize) -> Self {
        let parameters = Parameters::new(width);
        let velocity = vec![0.0; parameters.values.len()];
        State { step: 0, parameters, velocity }
    }

    /// One step. All workers compute at the same time.
    fn step(&mut self, workers: &Workers, digits: &Digits, batch: &[usize]) -> Outcome<f32> {
        let share = batch.len() / workers.count();
        let mut pending = Vec::new();
        for ((name, device), part) in workers.0.iter().zip(batch.chunks(share)) {
            let gradient = self.parameters.gradient(device, digits, part);
            pending.push((name, gradient.map_err(|error| lost(name, self.step, &*error))?));
        }
        let (mut loss, mut mean) = (0.0, vec![0.0; self.velocity.len()]);
        let weight = 1.0 / workers.count() as f32;
        for (name, pending) in pending {
            let read = pending.read().map_err(|error| lost(name, self.step, &*error))?;
            loss += weight * read.0;
            mean.iter_mut().zip(read.1).for_each(|(mean, gradient)| *mean += weight * gradient);
        }
        let parameters = self.parameters.values.iter_mut().zip(&mut self.velocity);
        for ((parameter, velocity), gradient) in parameters.zip(mean) {
            *velocity = 0.9 * *velocity - 0.1 * gradient;
            *parameter += *velocity;
        }
        self.step += 1;
        Ok(loss)
    }

    /// Writes step, parameters and velocity, as little-endian numbers. A crash leaves the old file or the new one.
    fn save(&self, path: &Path) -> Outcome<()> {
        let mut bytes = (self.step as u64).to_le_bytes().to_vec();
        for value in self.parameters.values.iter().chain(&self.velocity) {
            bytes.extend(value.to_le_bytes());
        }
        let new = path.with_extension("new");
        std::fs::write(&new, bytes)?;
        Ok(std::fs::rename(new, path)?)
    }

    fn load(path: &Path, width: usize) -> Outcome<Self> {
        let mut state = State::new(width);
        let bytes = std::fs::read(path)?;
        let expected = 8 + 8 * state.velocity.len();
        let (step, values) = match bytes.split_first_chunk() {
            Some(parts) if bytes.len() == expected => parts,
            _ => {
                let (name, found) = (path.display(), bytes.len());
                return Err(format!(
                    "{name} has {found} bytes, but a checkpoint of width {width} has {expected}; give its --width"
                )
                .into());
            }
        };
        state.step = usize::try_from(u64::from_le_bytes(*step))?;
        let targets = state.parameters.values.iter_mut().chain(&mut state.velocity);
        for (target, bytes) in targets.zip(values.as_chunks().0) {
            *target = f32::from_le_bytes(*bytes);
        }
        Ok(state)
    }
}

/// The error of a server that went away.
fn lost(name: &str, step: usize, error: &dyn std::error::Error) -> String {
    format!(
        "{name} was lost after step {step}: {error}; start it again, and run the same command to resume from the \
         checkpoint, or from the first step without one"
    )
}
