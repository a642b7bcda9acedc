//! A validated, bound operation, ready to record.

use crate::activation::Activation;
use crate::args::draw::Draw;
use crate::device::Gpu;
use crate::device::error_scope::guarded;
use crate::device::pipeline;
use crate::error::{Error, Result};
use crate::plan::elementwise::Bindings;
use crate::plan::launch_config::Constant;
use crate::plan::request::Operation;
use crate::plan::spans::Span;
use crate::shader::Module;
use crate::shader::elementwise::Linked;
use crate::shader::variant::Gate;

/// An operation on given buffers: checked, bound and sized once, recorded as often as needed.
///
/// Made by [`GpuRelu::prepare`](crate::GpuRelu::prepare) and its siblings. It keeps its buffers alive.
/// Clones are one: what is set for one is set for all.
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
    /// None if there is nothing to do, or to change.
    uniforms: Option<Uniforms>,
    kind: Kind,
}

/// What can be changed.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Operation {
        activation: Activation,
        draws: bool,
        /// A gradient from a mask: its parameters are the derivative's levels.
        of_mask: bool,
    },
    /// Nothing.
    Fixed,
    /// The draw.
    #[cfg(feature = "init")]
    Fill,
}

#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 2],
    /// Its first element, counted from the start of the operation.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "streams need it"))]
    start: u64,
}

impl Dispatch {
    /// `uniform` is bound as 0, and each operand by its number.
    pub(crate) fn new<'b>(
        gpu: &Gpu,
        module: &dyn Module,
        constants: &[Constant],
        uniform: wgpu::BufferBinding<'b>,
        operands: impl IntoIterator<Item = (u32, wgpu::BindingResource<'b>)>,
        workgroups: [u32; 2],
        start: u64,
    ) -> Result<Self> {
        let device = &gpu.shared.device;
        let pipeline = gpu.shared.pipelines.get(device, module, constants)?;
        let uniform = (0, wgpu::BindingResource::Buffer(uniform));
        let entries: Vec<_> = [uniform]
            .into_iter()
            .chain(operands)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let bind_group = guarded(device, "binding the operands", || {
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("wgpu-relu operation"),
                layout: &pipeline.layout,
                entries: &entries,
            })
        })?;
        Ok(Dispatch { pipeline: pipeline.pipeline, bind_group, workgroups, start })
    }
}

/// The uniforms of all dispatches, in one buffer.
#[derive(Debug, Clone)]
pub(crate) struct Uniforms {
    gpu: Gpu,
    buffer: wgpu::Buffer,
    /// Bytes of one dispatch's, and from one to the next.
    size: u64,
    stride: u64,
}

impl Prepared {
    /// Records the operation into `pass`: sets pipelines and bind groups, and dispatches. It creates
    /// no GPU object, allocates nothing, and neither submits nor polls. It leaves its own pipeline and bind
    /// group 0 set.
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

    /// Changes the parameters, without a new pipeline or bind group. It counts for everything submitted
    /// from now on, recorded before or not; two recordings in one submit see the same, the last.
    ///
    /// ```
    /// # use wgpu_relu::{Activation, Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// # let x = gpu.upload(&[-1.0f32])?;
    /// let leaky = Activation::LeakyRelu { negative_slope: 0.1 };
    /// let step = GpuRelu::with_activation(&gpu, leaky)?.prepare(&x, &x)?;
    /// step.set_activation(Activation::LeakyRelu { negative_slope: 0.5 })?;
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`], [`Error::Unsupported`] for another activation than the prepared one,
    /// [`Error::DeviceLost`].
    pub fn set_activation(&self, activation: Activation) -> Result<()> {
        activation.validate()?;
        match self.kind {
            Kind::Operation { activation: prepared, of_mask, .. }
                if prepared.name() == activation.name() =>
            {
                let words = parameters(&activation, of_mask).map(f32::to_bits);
                self.write(0, |_| words)
            }
            _ => Err(Error::Unsupported {
                activation: activation.name(),
                what: "place in an operation prepared for something else",
                remedy: "prepare an operation of its own",
            }),
        }
    }

    /// Changes the draw of an operation with random slopes, as it must be in every step of a training. It
    /// counts as [`set_activation`](Prepared::set_activation) does.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if nothing is drawn, [`Error::DeviceLost`].
    pub fn set_draw(&self, draw: Draw) -> Result<()> {
        match self.kind {
            Kind::Operation { draws: true, .. } => self.write(4, |_| draw.words()),
            #[cfg(feature = "init")]
            Kind::Fill => self.write(4, |_| draw.words()),
            _ => Err(Error::Unsupported {
                activation: "this operation",
                what: "random slopes",
                remedy: "prepare it with GpuRelu::in_training of rrelu",
            }),
        }
    }

    /// Says that the operation's first element is the `first` of a longer one, for its draws: a multiple
    /// of 4. It counts as [`set_activation`](Prepared::set_activation) does.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn set_first(&self, first: u64) -> Result<()> {
        self.write(8, |dispatch| {
            let quad = (first + dispatch.start) / 4;
            [quad as u32, (quad >> 32) as u32]
        })
    }

    /// Overwrites words of every dispatch's uniform.
    fn write<const N: usize>(
        &self,
        first: u64,
        words: impl Fn(&Dispatch) -> [u32; N],
    ) -> Result<()> {
        let Some(Uniforms { gpu, buffer, stride, .. }) = &self.uniforms else { return Ok(()) };
        guarded(gpu.device(), "changing parameters", || {
            for (index, dispatch) in (0..).zip(&self.dispatches) {
                let offset = index * stride + 4 * first;
                let words = words(dispatch);
                gpu.queue().write_buffer(buffer, offset, bytemuck::cast_slice(&words));
            }
        })
    }

    /// Submits the operation alone.
    pub(crate) fn submit(&self, gpu: &Gpu) -> Result<()> {
        Self::submit_all(gpu, std::slice::from_ref(self))
    }

    /// Submits operations, one after another.
    pub(crate) fn submit_all(gpu: &Gpu, steps: &[Prepared]) -> Result<()> {
        if steps.iter().all(|step| step.dispatches.is_empty()) {
            return Ok(());
        }
        gpu.submit("submitting an operation", |encoder| {
            let descriptor =
                wgpu::ComputePassDescriptor { label: Some("wgpu-relu"), timestamp_writes: None };
            let mut pass = encoder.begin_compute_pass(&descriptor);
            steps.iter().for_each(|step| step.record(&mut pass));
        })?;
        Ok(())
    }

    /// Checks and binds an operation.
    pub(crate) fn new(gpu: &Gpu, operation: &Operation<'_>) -> Result<Self> {
        let checked = operation.check()?;
        let kernel = checked.kernel;
        let activation = operation.activation;
        let of_mask = operation.mask.is_some() && operation.dy.is_some();
        let kind = if kernel.weights || kernel.gate == Some(Gate::Linear) {
            Kind::Fixed
        } else {
            Kind::Operation { activation, draws: kernel.draws, of_mask }
        };
        if checked.length == 0 {
            return Ok(Prepared { dispatches: Vec::new(), uniforms: None, kind });
        }

        let limits = &gpu.shared.limits;
        let geometry = gpu.shared.geometry.of(kernel);
        let plans = Bindings::new(limits, operation, &checked)?.plans(geometry)?;
        let buffers = plans.iter().map(|plan| plan.buffers()).max().unwrap_or(0);
        pipeline::check_limits(limits, geometry.workgroup, buffers as u32)?;
        let parameters = parameters(&activation, of_mask).map(f32::to_bits);
        let words: Vec<_> = plans.iter().map(|plan| plan.uniform(parameters)).collect();
        let uniforms = Uniforms::new(gpu, &words)?;

        let dispatches = plans.iter().enumerate().map(|(index, plan)| {
            let linked = Linked {
                activation: activation.name(),
                kernel,
                access: plan.span.access,
                places: plan.places(),
                spread: plan.spread(),
            };
            let Span { length, start, .. } = plan.span;
            let (uniform, workgroups) = (uniforms.binding(index), geometry.workgroups(length));
            let constants = geometry.constants(kernel, plan.span.access);
            Dispatch::new(gpu, &linked, &constants, uniform, plan.resources(), workgroups, start)
        });
        let dispatches = dispatches.collect::<Result<_>>()?;
        Ok(Prepared { dispatches, uniforms: Some(uniforms), kind })
    }

    /// An activation on textures.
    pub(crate) fn of_textures(
        activation: Activation,
        dispatches: Vec<Dispatch>,
        uniforms: Uniforms,
    ) -> Self {
        let kind = Kind::Operation { activation, draws: false, of_mask: false };
        Prepared { dispatches, uniforms: Some(uniforms), kind }
    }

    /// What cannot be changed.
    pub(crate) fn fixed(dispatches: Vec<Dispatch>) -> Self {
        Prepared { dispatches, uniforms: None, kind: Kind::Fixed }
    }

    /// Random numbers, whose draw is at the place where operations have it.
    #[cfg(feature = "init")]
    pub(crate) fn of_fill(dispatches: Vec<Dispatch>, uniforms: Option<Uniforms>) -> Self {
        Prepared { dispatches, uniforms, kind: Kind::Fill }
    }
}

/// The numbers a shader gets as its parameters.
fn parameters(activation: &Activation, of_mask: bool) -> [f32; 4] {
    match activation.mask() {
        // A shader cannot have a constant NaN.
        Some(mask) if of_mask => [mask.levels.0, mask.levels.1, f32::NAN, 0.0],
        _ => activation.uniform(),
    }
}

impl Uniforms {
    pub(crate) fn new<const N: usize>(gpu: &Gpu, uniforms: &[[u32; N]]) -> Result<Self> {
        let alignment = u64::from(gpu.shared.limits.min_uniform_buffer_offset_alignment);
        let size = size_of::<[u32; N]>();
        let stride = (size as u64).next_multiple_of(alignment);
        let mut bytes = vec![0; uniforms.len() * stride as usize];
        for (slot, uniform) in bytes.chunks_exact_mut(stride as usize).zip(uniforms) {
            slot[..size].copy_from_slice(bytemuck::cast_slice(uniform.as_slice()));
        }
        let buffer = gpu.create(&wgpu::BufferDescriptor {
            label: Some("wgpu-relu operation"),
            size: bytes.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: true,
        })?;
        gpu.fill_mapped("preparing an operation", &buffer, &bytes)?;
        Ok(Uniforms { gpu: gpu.clone(), buffer, size: size as u64, stride })
    }

    /// That of one dispatch.
    pub(crate) fn binding(&self, index: usize) -> wgpu::BufferBinding<'_> {
        let (buffer, offset) = (&self.buffer, index as u64 * self.stride);
        wgpu::BufferBinding { buffer, offset, size: std::num::NonZero::new(self.size) }
    }
}
