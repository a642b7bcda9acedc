//! The lazy cache of compiled pipelines, shared by everything on one device.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::activation::Activation;
use crate::dispatch::Access;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::guard::guarded;
use crate::kernel::Kernel;
use crate::shader::{self, Place};

/// What a pipeline is compiled for. Parameters are no part of it: they travel in a uniform.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    activation: &'static str,
    kernel: Kernel,
    access: Access,
    places: Vec<Place>,
}

/// A compiled pipeline with the layout its bind groups need.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// The cache.
#[derive(Default)]
pub(crate) struct Pipelines {
    compiled: Mutex<HashMap<Key, Pipeline>>,
}

impl Pipelines {
    /// The pipeline, compiled at its first use. The lock is held meanwhile, so that threads that
    /// start together compile once.
    pub(crate) fn get(
        gpu: &Gpu,
        activation: &Activation,
        kernel: Kernel,
        access: Access,
        places: &[Place],
    ) -> Result<Pipeline> {
        let key = Key { activation: activation.name(), kernel, access, places: places.to_vec() };
        let cache = &gpu.shared.pipelines;
        let mut compiled = cache.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = compiled.get(&key) {
            return Ok(pipeline.clone());
        }
        let pipeline = compile(gpu, activation, kernel, access, places)?;
        compiled.insert(key, pipeline.clone());
        Ok(pipeline)
    }
}

fn compile(
    gpu: &Gpu,
    activation: &Activation,
    kernel: Kernel,
    access: Access,
    places: &[Place],
) -> Result<Pipeline> {
    let device = &gpu.shared.device;
    let label = format!("wgpu-relu {} {}", activation.name(), kernel.name());
    let label = Some(label.as_str());
    let source = shader::source(activation, kernel, access, places);
    let geometry = gpu.shared.geometry.of(kernel);
    guarded(device, "compiling a shader", || {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let mut entries = vec![
            buffer_entry(0, wgpu::BufferBindingType::Uniform),
            buffer_entry(1, wgpu::BufferBindingType::Storage { read_only: false }),
        ];
        for (number, place) in (2..).zip(places) {
            match place {
                Place::Output => {}
                Place::Own | Place::OwnWritable => entries.push(buffer_entry(
                    number,
                    wgpu::BufferBindingType::Storage { read_only: *place == Place::Own },
                )),
            }
        }
        if kernel.writes().len() > 1 {
            entries.push(buffer_entry(
                2 + places.len() as u32,
                wgpu::BufferBindingType::Storage { read_only: false },
            ));
        }
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
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &[
                    ("WORKGROUP", f64::from(geometry.workgroup)),
                    ("LANES", f64::from(geometry.lanes)),
                    ("QUADS", f64::from(geometry.quads)),
                ],
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        Pipeline { pipeline, layout }
    })
}

fn buffer_entry(binding: u32, ty: wgpu::BufferBindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
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
