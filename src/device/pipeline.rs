//! The lazy cache of compiled pipelines, shared by everything on one device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::device::error_scope::guarded;
use crate::error::{Error, Result};
use crate::plan::launch_config::Constant;
use crate::shader::{self, Key, Module};

/// A compiled pipeline with the layout its bind groups need.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// The cache.
#[derive(Default)]
pub(crate) struct Pipelines {
    compiled: Mutex<HashMap<Key, Lazy>>,
    /// What the driver made of shaders before, for those to come.
    of_driver: Mutex<Option<wgpu::PipelineCache>>,
}

/// A pipeline, once it is compiled. Each has a lock of its own, so that threads that want the same compile it
/// once, and others do not wait.
type Lazy = Arc<Mutex<Option<Pipeline>>>;

impl Pipelines {
    /// The pipeline, compiled at its first use. A shader has the same constants in every use on one device.
    pub(crate) fn get(
        &self,
        device: &wgpu::Device,
        module: &dyn Module,
        constants: &[Constant],
    ) -> Result<Pipeline> {
        let slot = lock(&self.compiled).entry(module.key()).or_default().clone();
        let mut slot = lock(&slot);
        if let Some(pipeline) = &*slot {
            return Ok(pipeline.clone());
        }
        let of_driver = lock(&self.of_driver).clone();
        let pipeline = compile(device, module, constants, of_driver.as_ref())?;
        Ok(slot.insert(pipeline).clone())
    }

    pub(crate) fn set_cache(&self, cache: wgpu::PipelineCache) {
        *lock(&self.of_driver) = Some(cache);
    }
}

/// A panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn compile(
    device: &wgpu::Device,
    module: &dyn Module,
    constants: &[Constant],
    cache: Option<&wgpu::PipelineCache>,
) -> Result<Pipeline> {
    let label = format!("wgpu-relu {}", module.name());
    let label = Some(label.as_str());
    guarded(device, "compiling a shader", || {
        let compiled = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label,
            source: wgpu::ShaderSource::Wgsl(module.source().into()),
        });
        let uniform = (0, shader::buffer(wgpu::BufferBindingType::Uniform));
        let bindings = [uniform].into_iter().chain(module.bindings());
        let entries: Vec<_> = bindings.map(|(binding, ty)| entry(binding, ty)).collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label,
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &compiled,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                zero_initialize_workgroup_memory: false,
            },
            cache,
        });
        Pipeline { pipeline, layout }
    })
}

fn entry(binding: u32, ty: wgpu::BindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::COMPUTE, ty, count: None }
}

/// An adopted device may have been asked for less than a kernel with this many storage buffers needs.
pub(crate) fn check_limits(limits: &wgpu::Limits, workgroup: u32, buffers: u32) -> Result<()> {
    for (limit, found, needed) in [
        (
            "max_storage_buffers_per_shader_stage",
            limits.max_storage_buffers_per_shader_stage,
            buffers,
        ),
        ("max_uniform_buffers_per_shader_stage", limits.max_uniform_buffers_per_shader_stage, 1),
        (
            "max_compute_invocations_per_workgroup",
            limits.max_compute_invocations_per_workgroup,
            workgroup,
        ),
        ("max_compute_workgroup_size_x", limits.max_compute_workgroup_size_x, workgroup),
        ("max_compute_workgroups_per_dimension", limits.max_compute_workgroups_per_dimension, 1),
    ] {
        if found < needed {
            return Err(Error::Limit { limit, found: found.into(), needed: needed.into() });
        }
    }
    Ok(())
}
