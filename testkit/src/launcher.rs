//! A launcher of plans, like that of a foreign engine. It knows no type of the crate's own GPU layer.
//!
//! It follows Burn's runtime. All tensors are ranges of one pooled buffer, layouts of bind groups come from the
//! shaders, constants are written into the text, and shaders are compiled without bounds checks.

use std::collections::HashMap;
use std::sync::Mutex;

use wgpu_relu::plan::{
    Binding, BufferId, BufferRange, Dispatch, Plan, Planner, Request, ShaderKey,
};
use wgpu_relu::{Activation, ElementType, Error, Gpu, Operand, Result, View, wgpu};

use crate::layout::Subject;

/// An activation, launched from plans.
pub struct Launcher<'g> {
    gpu: &'g Gpu,
    planner: Planner,
    activation: Activation,
    elements: [ElementType; 2],
    pipelines: Mutex<HashMap<ShaderKey, wgpu::ComputePipeline>>,
}

impl<'g> Launcher<'g> {
    pub fn new(gpu: &'g Gpu, activation: Activation, elements: [ElementType; 2]) -> Self {
        let device = gpu.device();
        let planner = Planner::new(&gpu.adapter_info(), &device.limits(), device.features());
        let pipelines = Mutex::new(HashMap::new());
        Launcher { gpu, planner: planner.pooled(), activation, elements, pipelines }
    }

    /// With the grids that GPUs get, whatever the device is.
    #[must_use]
    pub fn with_grids_of_gpus(self) -> Self {
        let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
        let device = self.gpu.device();
        let planner = Planner::new(&info, &device.limits(), device.features());
        Launcher { planner: planner.pooled(), ..self }
    }

    /// The number of pipelines that it has compiled.
    pub fn pipelines(&self) -> usize {
        self.pipelines.lock().map_or(0, |pipelines| pipelines.len())
    }

    /// Plans a request with these operands and runs it.
    ///
    /// # Errors
    ///
    /// Those of the plan and of the device.
    pub fn launch(&self, request: Request, operands: &[(Operand, View<'_>)]) -> Result<()> {
        let [x, y] = self.elements;
        let mut tensors: Vec<&wgpu::Buffer> = Vec::new();
        let request =
            operands.iter().fold(request.with_elements(x, y), |request, (operand, view)| {
                let known = tensors.iter().position(|tensor| *tensor == view.buffer());
                let id = known.unwrap_or(tensors.len());
                if known.is_none() {
                    tensors.push(view.buffer());
                }
                let size = view.buffer().size();
                let range =
                    BufferRange::elements::<u8>(id as u32, size, view.offset(), view.size());
                request.with(*operand, range)
            });
        self.run(&request.plan(&self.planner)?, &tensors)
    }

    /// The planner, which is pooled.
    pub fn planner(&self) -> &Planner {
        &self.planner
    }

    /// Runs a plan whose buffers have the numbers of these tensors.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn run(&self, plan: &Plan, tensors: &[&wgpu::Buffer]) -> Result<()> {
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        let alignment = u64::from(device.limits().min_storage_buffer_offset_alignment);
        // The start of each tensor and each scratch buffer in the pool.
        let sizes = tensors.iter().map(|tensor| tensor.size());
        let mut end = 0;
        let starts: Vec<u64> = sizes
            .chain(plan.scratch.iter().copied())
            .map(|size| {
                let start = end;
                end = (start + size).next_multiple_of(alignment);
                start
            })
            .collect();
        let pool = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("pool"),
            size: end.max(alignment),
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let start = |buffer| match buffer {
            BufferId::Operand(index) => starts[index as usize],
            BufferId::Scratch(index) => starts[tensors.len() + index as usize],
            _ => 0,
        };
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (tensor, start) in tensors.iter().zip(&starts) {
            encoder.copy_buffer_to_buffer(tensor, 0, &pool, *start, tensor.size());
        }
        for dispatch in &plan.dispatches {
            let pipeline = self.pipeline(dispatch)?;
            let uniform = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("parameters"),
                size: dispatch.uniform().len() as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            queue.write_buffer(&uniform, 0, dispatch.uniform());
            let of_pool = |binding: &Binding| wgpu::BindGroupEntry {
                binding: binding.number,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &pool,
                    offset: start(binding.buffer) + binding.offset,
                    size: std::num::NonZero::new(binding.size),
                }),
            };
            let bindings = dispatch.bindings();
            let mut entries: Vec<_> = bindings.iter().map(of_pool).collect();
            entries.push(wgpu::BindGroupEntry {
                binding: bindings.len() as u32,
                resource: uniform.as_entire_binding(),
            });
            let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            });
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let [x, y, z] = dispatch.workgroups();
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(x, y, z);
        }
        for (tensor, start) in tensors.iter().zip(&starts) {
            encoder.copy_buffer_to_buffer(&pool, *start, tensor, 0, tensor.size());
        }
        queue.submit([encoder.finish()]);
        Ok(())
    }

    fn pipeline(&self, dispatch: &Dispatch) -> Result<wgpu::ComputePipeline> {
        let lost = |_| Error::DeviceLost { doing: "another thread" };
        let mut pipelines = self.pipelines.lock().map_err(lost)?;
        if let Some(pipeline) = pipelines.get(dispatch.key()) {
            return Ok(pipeline.clone());
        }
        let pipeline = compile(self.gpu.device(), dispatch.source_with_constants(), Checks::Off);
        pipelines.insert(dispatch.key().clone(), pipeline.clone());
        Ok(pipeline)
    }
}

/// Whether a driver's code checks each index into a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checks {
    On,
    Off,
}

/// A pipeline with a layout from its shader, whose entry point is that of the crate's shaders. Without checks, the shader
/// must stay within the buffers that are bound.
pub fn compile(device: &wgpu::Device, wgsl: String, checks: Checks) -> wgpu::ComputePipeline {
    let source = wgpu::ShaderSource::Wgsl(wgsl.into());
    let descriptor = wgpu::ShaderModuleDescriptor { label: None, source };
    let module = match checks {
        Checks::On => device.create_shader_module(descriptor),
        // SAFETY: no shader of the crate indexes outside the ranges that its plan binds; that is what this launcher tries,
        // on drivers whose memory is the tests' own. The sweep's kernel that copies tests each index.
        #[expect(unsafe_code, reason = "foreign engines compile so")]
        Checks::Off => unsafe {
            device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
        },
    };
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some(Dispatch::ENTRY_POINT),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

impl Subject for Launcher<'_> {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
        let operands = [(Operand::X, x), (Operand::Y, y)];
        self.launch(Request::forward(self.activation), &operands)
    }

    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
        let operands = [(Operand::X, x), (Operand::Dy, dy), (Operand::Dx, dx)];
        self.launch(Request::gradient(self.activation), &operands)
    }
}
