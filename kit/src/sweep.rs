//! `kit sweep`: which compute grid is fast on this device. The crate's own kernels, and one that only copies.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use testkit::inputs::random_words;
use testkit::launcher::{Checks, compile};
use testkit::stopwatch::{self, Spent, Stopwatch, median};
use wgpu_relu::plan::{BufferId, BufferRange, Planner, Request};
use wgpu_relu::{Activation, Gpu, GpuOptions, GpuRelu, Operand, Prepared, wgpu};

use crate::Outcome;

/// Measure compute grids: workgroups of 64 to 1,024 invocations, 1 to 8 vectors of four elements per invocation, with and
/// without checked indices
///
/// relu, gelu and a kernel that only copies, beside copy_buffer_to_buffer and the grid that the library takes, in
/// alternating rounds; medians. Every grid's result is compared with the library's.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Elements of an operand: 16Mi; several with commas
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = testkit::bench::elements,
        default_value = "16Mi,64Mi,256Mi")]
    elements: Vec<usize>,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// The file for the results, written anew after each size
    #[arg(long, value_name = "FILE", default_value = "sweep.json")]
    json: PathBuf,
}

const WORKGROUPS: [u32; 5] = [64, 128, 256, 512, 1024];
const FOURS: [u32; 4] = [1, 2, 4, 8];

/// How long a grid runs in a round, unless one run takes longer.
const ROUND_SECONDS: f64 = 0.01;

/// Data repeats after this many elements.
const PERIOD: usize = 1 << 20;

/// Elements at each end of the output that are compared at every size; all of them at the smallest.
const ENDS: usize = 1 << 16;

/// What a grid runs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kernel {
    Copy,
    Activation(Activation),
}

/// A compute grid. Neighbouring invocations take neighbouring vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grid {
    workgroup: u32,
    fours: u32,
    checks: Checks,
}

/// The results as the file has them.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct File {
    /// Whether times are by the device's timestamps.
    pub(crate) by_device: bool,
    pub(crate) rounds: u32,
    pub(crate) rows: Vec<Row>,
}

/// One kernel on one grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) kernel: String,
    /// None: the grid is not ours (`copy_buffer_to_buffer`), or the one that the library takes.
    pub(crate) workgroup: Option<u32>,
    pub(crate) vectors: Option<u32>,
    pub(crate) checked: bool,
    pub(crate) elements: usize,
    pub(crate) seconds: f64,
    /// Of the rate of `copy_buffer_to_buffer`.
    pub(crate) share_of_copy: f64,
}

/// The names of rows that have no grid of the sweep.
pub(crate) const BUFFER_COPY: &str = "copy_buffer_to_buffer";
pub(crate) const BY_LIBRARY: &str = "as the library has it";

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kernel::Copy => "copy",
            Kernel::Activation(activation) => activation.name(),
        })
    }
}

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let gpu = stopwatch::open(&GpuOptions::default())?;
    let mut file = File { rounds: arguments.rounds, ..File::default() };
    let mut sizes = arguments.elements.clone();
    sizes.sort_unstable();
    for (index, &elements) in sizes.iter().enumerate() {
        let size = 4 * elements as u64;
        let limit = gpu.device().limits().max_storage_buffer_binding_size;
        if size > limit {
            eprintln!(
                "note: {elements} elements left out: {size} bytes, and a binding has at most {limit}"
            );
            continue;
        }
        if !elements.is_multiple_of(4) {
            return Err(
                format!("{elements} elements are no whole vectors; take a multiple of 4").into()
            );
        }
        let operands = Operands::new(&gpu, elements)?;
        let (by_device, rows) = operands.measure(arguments.rounds, index == 0)?;
        file.by_device = by_device;
        file.rows.extend(rows);
        std::fs::write(&arguments.json, serde_json::to_string_pretty(&file)? + "\n")?;
        println!("{elements} elements: {} grids", file.rows.len());
    }
    if file.rows.is_empty() {
        return Err("no size could be measured on this adapter; take smaller --elements".into());
    }
    Ok(ExitCode::SUCCESS)
}

struct Operands<'g> {
    gpu: &'g Gpu,
    stopwatch: Stopwatch<'g>,
    x: wgpu::Buffer,
    y: wgpu::Buffer,
    elements: usize,
}

/// What is timed, by the name of its kernel.
struct Candidate {
    kernel: String,
    grid: Option<Grid>,
    step: Step,
    /// Its first `PERIOD` results.
    expected: std::rc::Rc<Vec<f32>>,
}

enum Step {
    BufferCopy,
    Library(Prepared),
    Dispatches(Vec<Bound>),
}

struct Bound {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 3],
}

impl<'g> Operands<'g> {
    fn new(gpu: &'g Gpu, elements: usize) -> Outcome<Self> {
        let mut random = random_words(1);
        let period = elements.min(PERIOD);
        let period: Vec<f32> =
            (0..period).map(|_| random() as i32 as f32 / (1 << 29) as f32).collect();
        let x: Vec<f32> = period.iter().copied().cycle().take(elements).collect();
        let (x, y) = (gpu.upload(&x)?, gpu.upload(&x)?);
        Ok(Operands { gpu, stopwatch: Stopwatch::new(gpu), x, y, elements })
    }

    /// Whether the times are the device's, and a row per candidate.
    fn measure(&self, rounds: u32, compare_all: bool) -> Outcome<(bool, Vec<Row>)> {
        let candidates = self.candidates()?;
        let mut runs = Vec::new();
        for candidate in &candidates {
            self.verify(candidate, compare_all)?;
            let seconds = self.time(candidate, 2)?.wall.as_secs_f64() / 2.0;
            runs.push((ROUND_SECONDS / seconds.max(1e-9)).clamp(1.0, 16.0) as u32);
        }
        let mut samples = vec![Vec::new(); candidates.len()];
        for round in 0..rounds {
            let mut order: Vec<_> = candidates.iter().zip(&runs).zip(&mut samples).collect();
            // So that none always follows the same one.
            if round % 2 == 1 {
                order.reverse();
            }
            for ((candidate, &runs), samples) in order {
                samples.push(self.time(candidate, runs)?);
            }
        }
        let by_device =
            samples.iter().flatten().all(|spent| spent.device.is_some_and(|d| !d.is_zero()));
        let medians = samples.iter().zip(&runs).map(|(samples, &runs)| {
            let of_one = |spent: &Spent| {
                let time = spent.device.filter(|_| by_device).unwrap_or(spent.wall);
                time.as_secs_f64() / f64::from(runs)
            };
            median(samples.iter().map(of_one).collect())
        });
        let medians: Vec<f64> = medians.collect();
        let rows = candidates.iter().zip(&medians).map(|(candidate, &seconds)| Row {
            kernel: candidate.kernel.clone(),
            workgroup: candidate.grid.map(|grid| grid.workgroup),
            vectors: candidate.grid.map(|grid| grid.fours),
            checked: candidate.grid.is_none_or(|grid| grid.checks == Checks::On),
            elements: self.elements,
            seconds,
            share_of_copy: medians[0] / seconds,
        });
        Ok((by_device, rows.collect()))
    }

    /// `copy_buffer_to_buffer` first, then the library's own grids, then all of the sweep.
    fn candidates(&self) -> Outcome<Vec<Candidate>> {
        let relu_and_gelu = [Activation::Relu, Activation::Gelu];
        let x = self.gpu.download(self.x.slice(..4 * self.elements.min(PERIOD) as u64))?;
        let x = std::rc::Rc::new(x);
        let copy = Candidate {
            kernel: BUFFER_COPY.to_owned(),
            grid: None,
            step: Step::BufferCopy,
            expected: x.clone(),
        };
        let mut candidates = vec![copy];
        let mut kernels = vec![(Kernel::Copy, x.clone())];
        for activation in relu_and_gelu {
            let operator = GpuRelu::with_activation(self.gpu, activation)?;
            let expected = std::rc::Rc::new(operator.forward(&x)?);
            candidates.push(Candidate {
                kernel: format!("{}, {BY_LIBRARY}", activation.name()),
                grid: None,
                step: Step::Library(operator.prepare(&self.x, &self.y)?),
                expected: expected.clone(),
            });
            kernels.push((Kernel::Activation(activation), expected));
        }
        let limits = self.gpu.device().limits();
        let most =
            limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x);
        for (kernel, expected) in kernels {
            for grid in grids(most) {
                candidates.push(Candidate {
                    kernel: kernel.to_string(),
                    grid: Some(grid),
                    step: Step::Dispatches(match kernel {
                        Kernel::Copy => vec![self.copy(grid)],
                        Kernel::Activation(activation) => self.plan(activation, grid)?,
                    }),
                    expected: expected.clone(),
                });
            }
        }
        Ok(candidates)
    }

    /// The library's dispatches on this grid.
    fn plan(&self, activation: Activation, grid: Grid) -> Outcome<Vec<Bound>> {
        let device = self.gpu.device();
        let planner = Planner::new(&self.gpu.adapter_info(), &device.limits(), device.features())
            .with_grid(grid.workgroup, grid.fours);
        let plan = Request::forward(activation)
            .with(Operand::X, BufferRange::whole(0, self.x.size()))
            .with(Operand::Y, BufferRange::whole(1, self.y.size()))
            .plan(&planner)?;
        let bound = plan.dispatches.iter().map(|dispatch| {
            let pipeline = compile(device, dispatch.source_with_constants(), grid.checks);
            let uniform = self.uniform(dispatch.uniform());
            let bindings = dispatch.bindings().iter().map(|binding| {
                let buffer = if binding.buffer == BufferId::Operand(0) { &self.x } else { &self.y };
                let size = std::num::NonZero::new(binding.size);
                let range = wgpu::BufferBinding { buffer, offset: binding.offset, size };
                wgpu::BindingResource::Buffer(range)
            });
            let resources = bindings.chain([uniform.as_entire_binding()]).collect();
            self.bound(pipeline, resources, dispatch.workgroups())
        });
        Ok(bound.collect())
    }

    /// The kernel that only copies.
    fn copy(&self, grid: Grid) -> Bound {
        let device = self.gpu.device();
        let pipeline = compile(device, copy_kernel(grid), grid.checks);
        let most = device.limits().max_compute_workgroups_per_dimension;
        let resources = vec![self.x.as_entire_binding(), self.y.as_entire_binding()];
        self.bound(pipeline, resources, copy_workgroups(self.elements, grid, most))
    }

    fn bound(
        &self,
        pipeline: wgpu::ComputePipeline,
        resources: Vec<wgpu::BindingResource<'_>>,
        workgroups: [u32; 3],
    ) -> Bound {
        let entries = (0..).zip(resources);
        let entries: Vec<_> =
            entries.map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        let bind_group = self.gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Bound { pipeline, bind_group, workgroups }
    }

    fn uniform(&self, bytes: &[u8]) -> wgpu::Buffer {
        let uniform = self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.gpu.queue().write_buffer(&uniform, 0, bytes);
        uniform
    }

    fn time(&self, candidate: &Candidate, times: u32) -> Outcome<Spent> {
        self.stopwatch.time(|encoder| candidate.record(self, encoder, times))
    }

    /// Runs it once on a wiped output and compares the ends of the result, or all of it.
    fn verify(&self, candidate: &Candidate, all: bool) -> Outcome<()> {
        self.stopwatch.time(|encoder| {
            encoder.clear_buffer(&self.y, 0, None);
            candidate.record(self, encoder, 1);
        })?;
        let ends = if all { self.elements } else { ENDS.min(self.elements) };
        for first in [0, self.elements - ends] {
            let bytes = 4 * first as u64..4 * (first + ends) as u64;
            let got = self.gpu.download(self.y.slice(bytes))?;
            for (i, got) in (first..).zip(got) {
                let expected = candidate.expected[i % PERIOD.min(self.elements)];
                if got.to_bits() != expected.to_bits() {
                    let Candidate { kernel, grid, .. } = candidate;
                    return Err(format!("{kernel} on {grid:?}, element {i} of {}: expected {expected:e}, got {got:e}",
                        self.elements).into());
                }
            }
        }
        Ok(())
    }
}

impl Candidate {
    fn record(&self, operands: &Operands<'_>, encoder: &mut wgpu::CommandEncoder, times: u32) {
        let Operands { x, y, .. } = operands;
        if matches!(self.step, Step::BufferCopy) {
            return (0..times).for_each(|_| encoder.copy_buffer_to_buffer(x, 0, y, 0, x.size()));
        }
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for _ in 0..times {
            match &self.step {
                Step::BufferCopy => {}
                Step::Library(step) => step.record(&mut pass),
                Step::Dispatches(dispatches) => {
                    for Bound { pipeline, bind_group, workgroups: [x, y, z] } in dispatches {
                        pass.set_pipeline(pipeline);
                        pass.set_bind_group(0, bind_group, &[]);
                        pass.dispatch_workgroups(*x, *y, *z);
                    }
                }
            }
        }
    }
}

/// All grids with workgroups of at most `most` invocations.
fn grids(most: u32) -> Vec<Grid> {
    let mut grids = Vec::new();
    for workgroup in WORKGROUPS.into_iter().filter(|&workgroup| workgroup <= most) {
        for fours in FOURS {
            for checks in [Checks::On, Checks::Off] {
                grids.push(Grid { workgroup, fours, checks });
            }
        }
    }
    grids
}

/// Loads and stores as the crate's kernels do, and nothing else. `i < count` is what keeps it within its buffers.
fn copy_kernel(Grid { workgroup, fours, .. }: Grid) -> String {
    format!(
        "@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
        @group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;
        @compute @workgroup_size({workgroup})
        fn main(
            @builtin(local_invocation_index) local: u32,
            @builtin(workgroup_id) workgroup: vec3<u32>,
            @builtin(num_workgroups) workgroups: vec3<u32>,
        ) {{
            let first = (workgroup.y * workgroups.x + workgroup.x) * {workgroup}u * {fours}u + local;
            let count = arrayLength(&x);
            for (var step = 0u; step < {fours}u; step++) {{
                let i = first + step * {workgroup}u;
                if (i < count) {{
                    y[i] = x[i];
                }}
            }}
        }}"
    )
}

/// Rows of workgroups, as few as the limit of a row allows, and all of one width.
fn copy_workgroups(elements: usize, grid: Grid, most: u32) -> [u32; 3] {
    let each = 4 * u64::from(grid.workgroup) * u64::from(grid.fours);
    let needed = (elements as u64).div_ceil(each).max(1);
    let rows = needed.div_ceil(most.into());
    [needed.div_ceil(rows) as u32, rows as u32, 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_stay_within_the_device() {
        assert_eq!(grids(1024).len(), 40);
        assert_eq!(grids(256).len(), 24);
        assert!(grids(300).iter().all(|grid| grid.workgroup <= 256));
    }

    #[test]
    fn workgroups_of_the_copy_cover_all_elements_and_few_more() {
        for elements in [1, 1 << 10, 1 << 28, (1 << 28) + 4] {
            for grid in grids(1024) {
                for most in [4096, 65_535] {
                    let [x, y, z] = copy_workgroups(elements, grid, most).map(u64::from);
                    let each = 4 * u64::from(grid.workgroup * grid.fours);
                    assert!(x <= u64::from(most) && z == 1);
                    assert!(x * y * each >= elements as u64, "{elements} {grid:?} {most}");
                    // Less than one workgroup per row is not needed.
                    assert!((x * y).saturating_sub(y) * each < elements as u64 || x == 1);
                }
            }
        }
    }

    #[test]
    fn all_grids_are_right_and_a_wrong_one_is_found() {
        let gpu = stopwatch::open(&GpuOptions::default()).expect("the test needs an adapter");
        let operands = Operands::new(&gpu, 100_000).expect("they fit");
        let (_, rows) = operands.measure(1, true).expect("all are right");
        assert!(rows.len() > 3 + 3 * 16, "{}", rows.len());
        assert!(rows.iter().all(|row| row.seconds > 0.0));
        let mut candidates = operands.candidates().expect("they can be made");
        let last = candidates.last_mut().expect("there are some");
        let Step::Dispatches(dispatches) = &mut last.step else { unreachable!() };
        dispatches[0].workgroups[0] -= 1;
        let error = operands.verify(last, false).expect_err("the end is missing").to_string();
        assert!(error.contains("gelu") && error.contains("expected"), "{error}");
    }
}
