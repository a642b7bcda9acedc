//! The lazy cache of a device's compiled pipelines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::device::error_scope::catch_errors;
use crate::error::{Error, Result};
use crate::shader::{self, ShaderKey};

/// A compiled pipeline with the layout its bind groups need.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// The cache.
#[derive(Default)]
pub(crate) struct Pipelines {
    compiled: Mutex<HashMap<ShaderKey, Lazy>>,
    /// The driver's own cache, which the caller may give.
    driver_cache: Mutex<Option<wgpu::PipelineCache>>,
}

/// A pipeline, once it is compiled. Each has a lock of its own: threads that want the same pipeline compile it once,
/// and other threads do not wait.
type Lazy = Arc<Mutex<Option<Pipeline>>>;

impl Pipelines {
    /// The pipeline, compiled at its first use.
    pub(crate) fn get(&self, device: &wgpu::Device, key: &ShaderKey) -> Result<Pipeline> {
        let slot = lock(&self.compiled).entry(key.clone()).or_default().clone();
        let mut slot = lock(&slot);
        if let Some(pipeline) = &*slot {
            return Ok(pipeline.clone());
        }
        let driver_cache = lock(&self.driver_cache).clone();
        let pipeline = match compile(device, key, driver_cache.as_ref()) {
            Err(Error::Refused { reason, .. }) if driver_cache.is_some() => {
                // If it compiles without, the cache is at fault: it is told once, and used no more.
                let pipeline = compile(device, key, None)?;
                let _ = slot.insert(pipeline);
                *lock(&self.driver_cache) = None;
                return Err(Error::Refused {
                    doing: "using the cache of Gpu::set_pipeline_cache",
                    reason,
                });
            }
            compiled => compiled?,
        };
        Ok(slot.insert(pipeline).clone())
    }

    pub(crate) fn set_cache(&self, cache: wgpu::PipelineCache) {
        *lock(&self.driver_cache) = Some(cache);
    }
}

/// A panic in another thread leaves nothing half done, so a poisoned lock is taken.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn compile(
    device: &wgpu::Device,
    key: &ShaderKey,
    cache: Option<&wgpu::PipelineCache>,
) -> Result<Pipeline> {
    let shader = key.shader();
    let constants = key.constants().iter().map(|&(name, value)| (name, f64::from(value)));
    let constants: Vec<_> = constants.collect();
    let label = format!("wgpu-relu {}", shader.name());
    let label = Some(label.as_str());
    catch_errors(device, "compiling a shader", || {
        let compiled = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label,
            source: wgpu::ShaderSource::Wgsl(shader.source().into()),
        });
        let uniform = shader::buffer(wgpu::BufferBindingType::Uniform);
        let bindings = (0..).zip(shader.bindings().into_iter().chain([uniform]));
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
                constants: &constants,
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
