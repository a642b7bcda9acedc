//! Operations on tensors of cubecl's memory pool, launched by cubecl itself.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, zeros_client};
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::metadata::Info;
use cubecl::ir::{ElemType, UIntKind};
use cubecl::prelude::{
    AddressType, CubeCount, CubeDim, ExecutionMode, KernelDefinition, KernelId, KernelMetadata,
    KernelSettings, Scope,
};
use cubecl::server::{Handle, KernelArguments, MetadataBindingInfo};
use cubecl::{CubeKernel, PrecompiledSource};
use wgpu_relu::plan::{Binding, BufferId, Dispatch, Plan, Planner, ShaderKey};
use wgpu_relu::wgpu;

use crate::call::{Call, Kind, Spec};
use crate::device::Route;
use crate::error::Error;

/// The name of the runtime and compiler that take WGSL.
pub(crate) const RUNTIME: &str = "wgpu<wgsl>";

/// A dispatch's shader as a kernel of cubecl.
#[derive(Debug)]
struct SourceKernel(Dispatch);

impl KernelMetadata for SourceKernel {
    /// cubecl finds a compiled pipeline by this alone, so it must tell any two shaders apart.
    fn id(&self) -> KernelId {
        let key: ShaderKey = self.0.key().clone();
        KernelId::new::<Self>().info(key)
    }

    fn address_type(&self) -> ElemType {
        ElemType::UInt(UIntKind::U32)
    }
}

impl CubeKernel for SourceKernel {
    /// cubecl's own representation stays empty, because the kernel has a source.
    fn define(&self) -> KernelDefinition {
        let CubeDim(dim) = CubeDim::new_single();
        let settings = KernelSettings::new(dim, ExecutionMode::Checked, AddressType::U32);
        let body = Scope::root(settings.clone());
        KernelDefinition { body, settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(PrecompiledSource {
            source: self.0.source_with_constants(),
            entrypoint_name: Dispatch::ENTRY_POINT.into(),
            lang: "wgsl",
        })
    }
}

/// Computes an operation's outputs. An output takes the memory of an input that nothing else uses, or new memory.
pub(crate) fn run(call: Call, inputs: Vec<CubeTensor>) -> Result<Vec<CubeTensor>, Error> {
    let inputs: Vec<CubeTensor> = inputs.into_iter().map(into_contiguous).collect();
    let (client, device) = (inputs[0].client.clone(), inputs[0].device.clone());
    let route = Route::of(&client, &device)?;
    let specs: Vec<Spec> = inputs.iter().map(Spec::of).collect();
    let mut replaceable: Vec<usize> =
        call.replaceable().filter(|index| inputs[*index].can_mut()).collect();
    let mut buffers: Vec<u32> = (0..).take(inputs.len()).collect();
    let mut outputs: Vec<CubeTensor> = Vec::new();
    let output_specs = call.output_specs(&specs)?;
    for spec in &output_specs {
        let (number, output) = match replaceable.iter().position(|index| specs[*index] == *spec) {
            Some(position) => {
                let index = replaceable.remove(position);
                (index, inputs[index].clone())
            }
            None => {
                let Spec { shape, dtype } = spec.clone();
                let (client, device) = (client.clone(), device.clone());
                let output = empty_device_contiguous_dtype(client, device, shape, dtype);
                (inputs.len() + outputs.len(), output)
            }
        };
        buffers.push(number as u32);
        outputs.push(output);
    }
    if matches!(call.kind, Kind::WeightGradient { .. }) && specs[0].shape.num_elements() == 0 {
        // The sum of no terms. The plan would need zeroed scratch memory, and the pool has none.
        let Spec { shape, dtype } = output_specs[0].clone();
        return Ok(vec![zeros_client(client, device, shape, dtype)]);
    }
    let plan = call.plan(&planner(&client), &[specs, output_specs].concat(), &buffers)?;
    let handles: Vec<&Handle> =
        inputs.iter().chain(&outputs).map(|tensor| &tensor.handle).collect();
    send(&route, &client, plan, &handles)?;
    Ok(outputs)
}

/// Runs a plan's dispatches after all that Burn has recorded for the tensors.
pub(crate) fn send(
    route: &Route,
    client: &Client,
    plan: Plan,
    handles: &[&Handle],
) -> Result<(), Error> {
    match route {
        Route::Source => launch(client, plan, handles),
        Route::Direct(direct) => direct.launch(client, &plan, handles)?,
    }
    Ok(())
}

/// Records a plan's dispatches in the client's stream. Errors of the device appear when a result is read.
pub(crate) fn launch(client: &Client, plan: Plan, handles: &[&Handle]) {
    let scratch: Vec<Handle> = scratch(client, &plan);
    for dispatch in plan.dispatches {
        let arguments = dispatch.bindings().iter().fold(KernelArguments::new(), |arguments, b| {
            arguments.with_buffer(part(b, handles, &scratch).binding())
        });
        let words = dispatch.uniform().as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word));
        let arguments = arguments.with_info(MetadataBindingInfo::custom(words.collect()));
        let [x, y, z] = dispatch.workgroups();
        client.launch(Box::new(SourceKernel(dispatch)), CubeCount::Static(x, y, z), arguments);
    }
}

/// The scratch buffers of a plan.
pub(crate) fn scratch(client: &Client, plan: &Plan) -> Vec<Handle> {
    plan.scratch.iter().map(|size| client.empty(*size as usize)).collect()
}

/// The part of a tensor's memory that a dispatch binds.
pub(crate) fn part(binding: &Binding, handles: &[&Handle], scratch: &[Handle]) -> Handle {
    let handle = match binding.buffer {
        BufferId::Operand(number) => handles[number as usize].clone(),
        BufferId::Scratch(number) => scratch[number as usize].clone(),
        other => unreachable!("{other:?} is neither a tensor nor scratch"),
    };
    let after = handle.size_in_used().saturating_sub(binding.offset + binding.size);
    handle.offset_start(binding.offset).offset_end(after)
}

/// The numbers of cubecl's device. cubecl does not say whether it is a GPU, so the grid is that of GPUs.
pub(crate) fn planner(client: &Client) -> Planner {
    planner_with(client, u32::MAX)
}

/// With at most so many workgroups per dimension.
fn planner_with(client: &Client, max_workgroups: u32) -> Planner {
    let properties = client.properties();
    let (hardware, memory) = (&properties.hardware, &properties.memory);
    let default = wgpu::Limits::default();
    let limits = wgpu::Limits {
        // The first three are the adapter's. A device that the caller made may have the default limits.
        max_compute_workgroups_per_dimension: default
            .max_compute_workgroups_per_dimension
            .min(hardware.max_cube_count.0)
            .min(max_workgroups),
        max_compute_invocations_per_workgroup: default
            .max_compute_invocations_per_workgroup
            .min(hardware.max_units_per_cube),
        max_compute_workgroup_size_x: default
            .max_compute_workgroup_size_x
            .min(hardware.max_cube_dim.0),
        max_storage_buffers_per_shader_stage: hardware.max_bindings,
        max_storage_buffer_binding_size: memory.max_page_size,
        min_storage_buffer_offset_alignment: memory.alignment as u32,
        ..default
    };
    planner_of(&limits)
}

/// A planner for the pool of a GPU with these limits.
pub(crate) fn planner_of(limits: &wgpu::Limits) -> Planner {
    let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
    Planner::new(&info, limits, wgpu::Features::empty()).pooled()
}

#[cfg(test)]
mod tests;
