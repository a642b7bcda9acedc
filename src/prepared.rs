//! A validated, bound operation, ready to record.

use crate::activation::Activation;
use crate::dispatch::{self, Access, Span};
use crate::error::{Error, Operand, Result};
use crate::gpu::Gpu;
use crate::guard::guarded;
use crate::pipeline::{self, Pipeline, Pipelines};
use crate::shader::{Kernel, Place};
use crate::view::View;

/// An operation on given buffers: checked, bound and sized once, recorded as often as needed.
///
/// Made by [`GpuRelu::prepare`](crate::GpuRelu::prepare) and
/// [`GpuRelu::prepare_gradient`](crate::GpuRelu::prepare_gradient). It keeps its buffers alive.
///
/// ```
/// # use wgpu_relu::{Gpu, GpuRelu};
/// # let gpu = Gpu::new()?;
/// # let (x, y) = (gpu.upload(&[0.0f32; 8])?, gpu.upload(&[0.0f32; 8])?);
/// let step = GpuRelu::new(&gpu).prepare(&x, &y)?;
/// // every frame, in the caller's own encoder:
/// let mut encoder = gpu.device().create_command_encoder(&Default::default());
/// {
///     let mut pass = encoder.begin_compute_pass(&Default::default());
///     step.record(&mut pass);
/// }
/// gpu.queue().submit([encoder.finish()]);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Prepared {
    dispatches: Vec<Dispatch>,
}

#[derive(Debug, Clone)]
struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 2],
}

/// The uniform of one dispatch, word by word as `Operation` in `grid.wgsl`.
type Uniform = [u32; 8];

impl Prepared {
    /// Records the operation into `pass`: sets pipelines and bind groups, and dispatches. It creates
    /// no GPU object, and neither submits nor polls. It leaves its own pipeline and bind group 0 set.
    ///
    /// Operations recorded one after another see each other's results.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &self.dispatches {
            let [x, y] = dispatch.workgroups;
            pass.set_pipeline(&dispatch.pipeline);
            pass.set_bind_group(0, &dispatch.bind_group, &[]);
            pass.dispatch_workgroups(x, y, 1);
        }
    }

    /// Submits the operation alone.
    pub(crate) fn submit(&self, gpu: &Gpu) -> Result<()> {
        if self.dispatches.is_empty() {
            return Ok(());
        }
        gpu.submit("submitting an operation", |encoder| {
            let descriptor =
                wgpu::ComputePassDescriptor { label: Some("wgpu-relu"), timestamp_writes: None };
            self.record(&mut encoder.begin_compute_pass(&descriptor));
        })?;
        Ok(())
    }

    /// Checks and binds `kernel` over `inputs` (x, and dy for a gradient) and `output`.
    pub(crate) fn new(
        gpu: &Gpu,
        activation: &Activation,
        kernel: Kernel,
        inputs: &[(Operand, View<'_>)],
        output: (Operand, View<'_>),
    ) -> Result<Self> {
        let length = check(&[inputs, &[output]].concat())?;
        check_overlap(inputs, output)?;
        let output = output.1;
        let inputs: Vec<View<'_>> = inputs.iter().map(|&(_, view)| view).collect();
        if length == 0 {
            return Ok(Prepared { dispatches: Vec::new() });
        }

        let limits = &gpu.shared.limits;
        pipeline::check_limits(limits, gpu.shared.geometry.workgroup)?;
        let alignment = u64::from(limits.min_storage_buffer_offset_alignment);
        // Shaders index with 32 bits.
        let binding_limit = limits.max_storage_buffer_binding_size.min(1 << 31);
        // A binding starts at an aligned offset before its first element. Spans of ranges in one
        // buffer are shorter: either they fit into one binding together, or are too far apart for
        // their bindings to meet.
        let shares_buffer = inputs.iter().any(|input| input.same_buffer(&output));
        let parts = if shares_buffer { 2 + inputs.len() as u64 } else { 1 };
        let longest = (binding_limit / parts).saturating_sub(alignment) / 4;
        let longest = longest.min(gpu.shared.geometry.most_elements());
        if longest < 64 {
            return Err(Error::Limit {
                limit: "max_storage_buffer_binding_size",
                found: binding_limit,
                needed: (alignment + 256) * parts,
            });
        }
        let offsets: Vec<u64> =
            inputs.iter().chain([&output]).map(|view| view.offset / 4).collect();
        let spans = dispatch::spans(&offsets, length, longest);

        let plans: Vec<Plan<'_>> = spans
            .iter()
            .map(|span| Plan::new(span, &inputs, &output, alignment, binding_limit))
            .collect();
        let uniforms = plans.iter().map(|plan| plan.uniform(activation)).collect::<Vec<_>>();
        let (uniform, stride) = uniform_buffer(gpu, &uniforms)?;

        let dispatches = plans.iter().enumerate().map(|(index, plan)| {
            let pipeline = Pipelines::get(gpu, activation, kernel, plan.span.access, &plan.places)?;
            let offset = index as u64 * stride;
            Ok(Dispatch {
                bind_group: plan.bind(gpu, &pipeline, &uniform, offset)?,
                pipeline: pipeline.pipeline,
                workgroups: gpu.shared.geometry.workgroups(plan.span.length),
            })
        });
        Ok(Prepared { dispatches: dispatches.collect::<Result<_>>()? })
    }
}

/// Checks each operand alone, and that all are equally long; the length, in elements.
pub(crate) fn check(operands: &[(Operand, View<'_>)]) -> Result<u64> {
    let mut first = None;
    for &(operand, view) in operands {
        let length = view.checked::<f32>(operand, wgpu::BufferUsages::STORAGE, "STORAGE")?;
        let &mut (reference, expected) = first.get_or_insert((operand, length));
        if length != expected {
            return Err(Error::LengthMismatch { operand, length, reference, expected });
        }
    }
    Ok(first.map_or(0, |(_, length)| length))
}

/// Checks that no input overlaps the output in part. Inputs may overlap each other.
fn check_overlap(inputs: &[(Operand, View<'_>)], output: (Operand, View<'_>)) -> Result<()> {
    match inputs.iter().find(|(_, view)| view.overlaps_in_part(&output.1)) {
        None => Ok(()),
        Some((operand, view)) => Err(Error::Overlap {
            input: *operand,
            input_offset: view.offset,
            output: output.0,
            output_offset: output.1.offset,
            size: view.size,
        }),
    }
}

/// A range of bytes to bind.
#[derive(Debug, Clone, Copy)]
struct Binding<'a> {
    buffer: &'a wgpu::Buffer,
    start: u64,
    end: u64,
}

/// One span with its bindings.
struct Plan<'a> {
    span: Span,
    output: Binding<'a>,
    /// Where each input's elements are found.
    inputs: Vec<Binding<'a>>,
    places: Vec<Place>,
    /// Byte offsets of the first element within the bindings: the inputs', then the output's.
    first: Vec<u64>,
}

impl<'a> Plan<'a> {
    fn new(
        span: &Span,
        inputs: &[View<'a>],
        output: &View<'a>,
        alignment: u64,
        binding_limit: u64,
    ) -> Self {
        let range = |view: &View<'a>| {
            let start = view.offset + span.start * 4;
            Binding { buffer: view.buffer, start, end: start + span.length * 4 }
        };
        let align = |binding: Binding<'a>| Binding {
            start: binding.start - binding.start % alignment,
            ..binding
        };
        let mut shared = align(range(output));
        let mut places = Vec::with_capacity(inputs.len());
        for input in inputs {
            places.push(if !input.same_buffer(output) {
                Place::Own
            } else {
                let own = align(range(input));
                let (start, end) = (shared.start.min(own.start), shared.end.max(own.end));
                if end - start <= binding_limit {
                    shared = Binding { start, end, ..shared };
                    Place::Output
                } else {
                    Place::OwnWritable
                }
            });
        }
        let bound: Vec<Binding<'a>> = inputs
            .iter()
            .zip(&places)
            .map(|(input, place)| match place {
                Place::Output => shared,
                Place::Own | Place::OwnWritable => align(range(input)),
            })
            .collect();
        let first = inputs
            .iter()
            .zip(&bound)
            .chain([(output, &shared)])
            .map(|(view, binding)| range(view).start - binding.start)
            .collect();
        Plan { span: *span, output: shared, inputs: bound, places, first }
    }

    fn uniform(&self, activation: &Activation) -> Uniform {
        // Offsets and lengths count words of the access; `most_elements` and the binding limit keep
        // them within u32.
        let (elements, bytes) = match self.span.access {
            Access::Quads => (4, 16),
            Access::Elements => (1, 4),
        };
        let word = |index: usize| self.first.get(index).map_or(0, |first| (first / bytes) as u32);
        let [p0, p1, p2, p3] = activation.uniform().map(f32::to_bits);
        let length = (self.span.length / elements) as u32;
        let output = self.inputs.len();
        let dy = if output > 1 { word(1) } else { 0 };
        [p0, p1, p2, p3, length, word(output), word(0), dy]
    }

    fn bind(
        &self,
        gpu: &Gpu,
        pipeline: &Pipeline,
        uniform: &wgpu::Buffer,
        offset: u64,
    ) -> Result<wgpu::BindGroup> {
        let resource = |buffer, offset, size| {
            let size = std::num::NonZero::new(size);
            wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size })
        };
        let entry = |binding: u32, bound: &Binding<'a>| wgpu::BindGroupEntry {
            binding,
            resource: resource(bound.buffer, bound.start, bound.end - bound.start),
        };
        let mut entries = vec![
            wgpu::BindGroupEntry {
                binding: 0,
                resource: resource(uniform, offset, size_of::<Uniform>() as u64),
            },
            entry(1, &self.output),
        ];
        for (number, (bound, place)) in (2..).zip(self.inputs.iter().zip(&self.places)) {
            if *place != Place::Output {
                entries.push(entry(number, bound));
            }
        }
        let device = &gpu.shared.device;
        guarded(device, "binding the buffers", || {
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("wgpu-relu operation"),
                layout: &pipeline.layout,
                entries: &entries,
            })
        })
    }
}

/// All uniforms in one buffer, and the distance from one to the next.
fn uniform_buffer(gpu: &Gpu, uniforms: &[Uniform]) -> Result<(wgpu::Buffer, u64)> {
    let alignment = u64::from(gpu.shared.limits.min_uniform_buffer_offset_alignment);
    let stride = (size_of::<Uniform>() as u64).next_multiple_of(alignment);
    let mut bytes = vec![0; uniforms.len() * stride as usize];
    for (slot, uniform) in bytes.chunks_exact_mut(stride as usize).zip(uniforms) {
        slot[..size_of::<Uniform>()].copy_from_slice(bytemuck::cast_slice(uniform));
    }
    let buffer = gpu.create(&wgpu::BufferDescriptor {
        label: Some("wgpu-relu operation"),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: true,
    })?;
    gpu.fill_mapped("preparing an operation", &buffer, &bytes)?;
    Ok((buffer, stride))
}
