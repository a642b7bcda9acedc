//! An operation that is checked, bound and ready to record.

use std::sync::Arc;

use crate::activation::Activation;
use crate::args::draw::Draw;
use crate::args::range::BufferId;
use crate::args::view::Buffers;
use crate::device::Gpu;
use crate::device::error_scope::{Resource, Used, catch_errors, check_lost};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::plan::dispatch::{Binding, Dispatch, Parameters, Patchable, Plan};

const SUBMITTING: &str = "submitting an operation";
const CHANGING: &str = "changing parameters";

/// An operation on given buffers: checked, bound and sized once, recorded as often as needed.
///
/// [`GpuRelu::prepare`](crate::GpuRelu::prepare) and similar methods make it. It keeps its buffers alive. Clones share
/// parameters and draws: setting them for one sets them for all.
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
    dispatches: Vec<Bound>,
    /// None if there is nothing to do.
    uniforms: Option<Uniforms>,
    patchable: Patchable,
    /// The buffers of its operands, for errors.
    used: Arc<[(Operand, Resource)]>,
}

/// A dispatch with its GPU objects.
#[derive(Debug, Clone)]
struct Bound {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 3],
    /// Its first element, counted from the start of the operation.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "streams need it"))]
    start: u64,
}

/// The uniforms of all dispatches, in one buffer.
#[derive(Debug, Clone)]
struct Uniforms {
    gpu: Gpu,
    buffer: wgpu::Buffer,
    /// Bytes from one uniform to the next.
    stride: u64,
}

impl Prepared {
    /// Records the operation into `pass`: sets pipelines and bind groups, and dispatches. It creates no GPU object,
    /// allocates nothing, and neither submits nor polls. Its last pipeline and its bind group 0 stay set.
    ///
    /// Operations recorded one after another see each other's results.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &self.dispatches {
            let [x, y, z] = dispatch.workgroups;
            pass.set_pipeline(&dispatch.pipeline);
            pass.set_bind_group(0, &dispatch.bind_group, &[]);
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Changes the parameters, without a new pipeline or bind group. The new parameters hold for everything that is
    /// submitted from now on, also if it was recorded before. Two recordings in one submit both get the last
    /// parameters.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`], [`Error::Unsupported`] for another activation than the prepared one,
    /// [`Error::DeviceLost`].
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
    pub fn set_activation(&self, activation: Activation) -> Result<()> {
        activation.validate()?;
        match self.patchable.activation {
            Some(prepared) if prepared.activation.name() == activation.name() => {
                if self.patchable.draw.is_some() {
                    activation.check_random_slopes("prepare an operation of its own")?;
                }
                let words = Parameters { activation, ..prepared }.values().map(f32::to_bits);
                self.write(prepared.offset, |_| words)?;
                self.check_lost()
            }
            _ => Err(Error::Unsupported {
                activation: activation.name(),
                what: "place in an operation prepared for something else",
                remedy: "prepare an operation of its own",
            }),
        }
    }

    /// Changes the draw of an operation with random slopes or of a fill. A training needs a new draw in every step. It
    /// takes effect like [`set_activation`](Prepared::set_activation).
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if the operation has no random numbers, [`Error::DeviceLost`].
    pub fn set_draw(&self, draw: Draw) -> Result<()> {
        let Some(offset) = self.patchable.draw else {
            return Err(Error::Unsupported {
                activation: "this operation",
                what: "random slopes",
                remedy: "prepare it with GpuRelu::in_training of rrelu",
            });
        };
        self.write(offset, |_| draw.words())?;
        self.check_lost()
    }

    /// Sets the position of the operation's first element in a longer operation, for its draws: a multiple of 4. It
    /// takes effect like [`set_activation`](Prepared::set_activation).
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn set_first(&self, first: u64) -> Result<()> {
        let Some(offset) = self.patchable.first_four else { return Ok(()) };
        self.write(offset, |dispatch| {
            let four = (first + dispatch.start) / 4;
            [four as u32, (four >> 32) as u32]
        })
    }

    /// wgpu lets a write to a lost device's buffer succeed.
    fn check_lost(&self) -> Result<()> {
        self.uniforms
            .as_ref()
            .map_or(Ok(()), |uniforms| check_lost(uniforms.gpu.device(), CHANGING))
    }

    /// Overwrites fields at this offset in bytes of every dispatch's uniform.
    fn write<const N: usize>(&self, offset: u64, words: impl Fn(&Bound) -> [u32; N]) -> Result<()> {
        let Some(Uniforms { gpu, buffer, stride }) = &self.uniforms else { return Ok(()) };
        catch_errors(gpu.device(), CHANGING, || {
            for (index, dispatch) in (0..).zip(&self.dispatches) {
                let words = words(dispatch);
                let offset = index * stride + offset;
                gpu.queue().write_buffer(buffer, offset, bytemuck::cast_slice(&words));
            }
        })
    }

    /// Runs the operation: records it into an encoder of its own, submits that, and returns at once. Costs one submit;
    /// [`record`](Prepared::record) and [`submit_all`](Prepared::submit_all) share a submit among operations. An operation
    /// on no elements submits nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if a buffer has been destroyed or mapped since it was prepared, [`Error::DeviceLost`],
    /// [`Error::OutOfMemory`]. No operation runs then.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// let (x, y) = (gpu.upload(&[-1.0, 2.0])?, gpu.zeros::<f32>(2)?);
    /// let step = GpuRelu::new(&gpu).prepare(&x, &y)?;
    /// step.submit()?; // y = [0, 2]
    /// gpu.upload_into(&[3.0, -4.0], &x)?;
    /// step.submit()?;
    /// assert_eq!(gpu.download(&y)?, [3.0, 0.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn submit(&self) -> Result<()> {
        Self::submit_all([self])
    }

    /// Runs operations in their order, in one compute pass of one submit, and returns at once. Each sees the results of
    /// those before it.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Prepared::submit), and [`Error::Refused`] for operations of more than one [`Gpu`].
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu, Prepared};
    /// # let gpu = Gpu::new()?;
    /// let (x, y, dx) = (gpu.upload(&[-1.0, 2.0])?, gpu.zeros::<f32>(2)?, gpu.zeros::<f32>(2)?);
    /// let relu = GpuRelu::new(&gpu);
    /// let (forward, backward) = (relu.prepare(&x, &y)?, relu.prepare_gradient(&x, &y, &dx)?);
    /// Prepared::submit_all([&forward, &backward])?; // or a slice, or any iterator over &Prepared
    /// assert_eq!(gpu.download(&dx)?, [0.0, 2.0]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn submit_all<'a>(
        steps: impl IntoIterator<Item = &'a Prepared, IntoIter: Clone>,
    ) -> Result<()> {
        match Self::run_all(steps)? {
            None => Ok(()),
            Some(gpu) => check_lost(gpu.device(), SUBMITTING),
        }
    }

    /// Does the same as [`submit`](Prepared::submit), for an operation that was prepared in the same call. Preparing it
    /// has found out whether the device is lost.
    pub(crate) fn run(&self) -> Result<()> {
        Self::run_all([self]).map(|_| ())
    }

    /// Submits operations. Returns the device, or none if there was nothing to do.
    pub(crate) fn run_all<'a>(
        steps: impl IntoIterator<Item = &'a Prepared, IntoIter: Clone>,
    ) -> Result<Option<&'a Gpu>> {
        let steps = steps.into_iter();
        let mut gpus = steps.clone().filter_map(|step| Some(&step.uniforms.as_ref()?.gpu));
        let Some(gpu) = gpus.next() else { return Ok(None) };
        // wgpu panics at a pipeline of another instance, and cannot tell instances apart.
        if gpus.any(|other| !Arc::ptr_eq(&gpu.shared, &other.shared)) {
            let reason = "the operations belong to different `Gpu`s".to_owned();
            return Err(Error::Refused { doing: SUBMITTING, reason });
        }
        let used = || steps.clone().flat_map(|step| step.used.to_vec()).collect();
        gpu.submit(SUBMITTING, &used, |encoder| {
            let descriptor =
                wgpu::ComputePassDescriptor { label: Some("wgpu-relu"), timestamp_writes: None };
            let mut pass = encoder.begin_compute_pass(&descriptor);
            steps.clone().for_each(|step| step.record(&mut pass));
        })?;
        Ok(Some(gpu))
    }

    /// Creates the GPU objects of a plan: pipelines, bind groups, uniforms and scratch buffers.
    pub(crate) fn new(gpu: &Gpu, plan: Plan, operands: &Buffers<'_>) -> Result<Self> {
        let scratch = plan.scratch.iter().map(|&size| gpu.buffer(size, false));
        let scratch: Vec<wgpu::Buffer> = scratch.collect::<Result<_>>()?;
        let buffers = operands.0.iter();
        let used =
            || buffers.clone().map(|&(name, of)| (name, Resource::Buffer(of.clone()))).collect();
        Prepared::with_resources(gpu, &plan, &used, |&Binding { buffer, offset, size, .. }| {
            let buffer = match buffer {
                BufferId::Operand(index) => operands.0[index as usize].1,
                BufferId::Scratch(index) => &scratch[index as usize],
            };
            let size = std::num::NonZero::new(size);
            wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size })
        })
    }

    /// Does the same as [`new`](Prepared::new) for bindings that need not be buffers.
    pub(crate) fn with_resources<'b>(
        gpu: &Gpu,
        plan: &Plan,
        used: Used<'_>,
        resource: impl Fn(&Binding) -> wgpu::BindingResource<'b>,
    ) -> Result<Self> {
        let mut prepared = Prepared {
            dispatches: Vec::new(),
            uniforms: None,
            patchable: plan.patchable,
            used: Arc::default(),
        };
        if plan.dispatches.is_empty() {
            return Ok(prepared);
        }
        let uniforms = Uniforms::new(gpu, &plan.dispatches)?;
        let device = &gpu.shared.device;
        let bound = plan.dispatches.iter().enumerate().map(|(index, dispatch)| {
            let pipeline = gpu.shared.pipelines.get(device, dispatch.key())?;
            let bindings = dispatch.bindings().iter();
            let entries = bindings.map(|binding| (binding.number, resource(binding)));
            let uniform = (bindings_len(dispatch), uniforms.binding(index, dispatch));
            let entries: Vec<_> = entries
                .chain([uniform])
                .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
                .collect();
            let bind_group = catch_errors(device, "binding the operands", || {
                device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some("wgpu-relu operation"),
                    layout: &pipeline.layout,
                    entries: &entries,
                })
            });
            let bind_group = bind_group.map_err(|error| gpu.name_operand(error, used))?;
            let (workgroups, start) = (dispatch.workgroups(), dispatch.start);
            Ok(Bound { pipeline: pipeline.pipeline, bind_group, workgroups, start })
        });
        prepared.dispatches = bound.collect::<Result<_>>()?;
        prepared.uniforms = Some(uniforms);
        if cfg!(not(target_arch = "wasm32")) {
            prepared.used = used().into();
        }
        Ok(prepared)
    }
}

/// The number of the uniform's binding, which is the last.
fn bindings_len(dispatch: &Dispatch) -> u32 {
    dispatch.bindings().len() as u32
}

impl Uniforms {
    fn new(gpu: &Gpu, dispatches: &[Dispatch]) -> Result<Self> {
        let alignment = u64::from(gpu.shared.planner.limits.min_uniform_buffer_offset_alignment);
        let size = dispatches.iter().map(|dispatch| dispatch.uniform().len()).max();
        let size = size.unwrap_or(0) as u64;
        let found = gpu.shared.planner.limits.max_uniform_buffer_binding_size;
        if size > found {
            return Err(Error::Limit {
                limit: "max_uniform_buffer_binding_size",
                found,
                needed: size,
            });
        }
        let stride = size.next_multiple_of(alignment);
        let mut bytes = vec![0; dispatches.len() * stride as usize];
        for (bytes, dispatch) in bytes.chunks_exact_mut(stride as usize).zip(dispatches) {
            bytes[..dispatch.uniform().len()].copy_from_slice(dispatch.uniform());
        }
        let descriptor = wgpu::BufferDescriptor {
            label: Some("wgpu-relu operation"),
            size: bytes.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        let buffer = gpu.create_filled("preparing an operation", &descriptor, &bytes)?;
        Ok(Uniforms { gpu: gpu.clone(), buffer, stride })
    }

    /// The uniform of one dispatch.
    fn binding(&self, index: usize, dispatch: &Dispatch) -> wgpu::BindingResource<'_> {
        let (buffer, offset) = (&self.buffer, index as u64 * self.stride);
        let size = std::num::NonZero::new(dispatch.uniform().len() as u64);
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size })
    }
}
