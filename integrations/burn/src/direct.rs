//! Operations launched by this package itself, in compute passes of its own on the buffers of Burn's tensors.
//!
//! The library's own operators cannot do it. They bind inputs as read-only, and wgpu refuses that where the output is in
//! the same buffer; Burn's pool may put both into one page. So the plans are pooled ones, as on the other route.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use burn::tensor::wgpu::WgpuSetup;
use cubecl::client::Client;
use cubecl::server::Handle;
use cubecl::wgpu::{AutoCompiler, WgpuServer};
use wgpu_relu::plan::{Dispatch, Plan, ShaderKey};
use wgpu_relu::wgpu;

use crate::error::Error;
use crate::kernel::{part, scratch};

/// A wgpu device that Burn uses too, and the pipelines of the operations on it.
#[derive(Debug)]
pub(crate) struct Direct {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: Mutex<HashMap<ShaderKey, wgpu::ComputePipeline>>,
}

impl Direct {
    pub(crate) fn new(setup: &WgpuSetup) -> Self {
        Direct {
            device: setup.device.clone(),
            queue: setup.queue.clone(),
            pipelines: Mutex::default(),
        }
    }

    /// Submits a plan's dispatches, after all that Burn has recorded for the tensors.
    pub(crate) fn launch(
        &self,
        client: &Client,
        plan: &Plan,
        handles: &[&Handle],
    ) -> Result<(), Error> {
        let scratch = scratch(client, plan);
        let mut encoder =
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        // They hold the memory until the commands are submitted.
        let mut held = Vec::new();
        for dispatch in &plan.dispatches {
            let resources = dispatch.bindings().iter().map(|binding| {
                client
                    .get_resource::<WgpuServer<AutoCompiler>>(part(binding, handles, &scratch))
                    .map_err(|error| Error::Burn {
                        doing: "finding a tensor's buffer",
                        reason: format!("{error:?}"),
                        remedy: "use tensors whose contents were computed without an error",
                    })
            });
            let resources = resources.collect::<Result<Vec<_>, _>>()?;
            let pipeline = self.pipeline(dispatch);
            let uniform = self.uniform(dispatch);
            let parts = (0..).zip(&resources).map(|(binding, managed)| wgpu::BindGroupEntry {
                binding,
                resource: managed.resource().as_wgpu_bind_resource(),
            });
            let last = wgpu::BindGroupEntry {
                binding: resources.len() as u32,
                resource: uniform.as_entire_binding(),
            };
            let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("wgpu-relu operation"),
                layout: &pipeline.get_bind_group_layout(0),
                entries: &parts.chain([last]).collect::<Vec<_>>(),
            });
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let [x, y, z] = dispatch.workgroups();
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(x, y, z);
            drop(pass);
            held.push(resources);
        }
        self.queue.submit([encoder.finish()]);
        Ok(())
    }

    fn uniform(&self, dispatch: &Dispatch) -> wgpu::Buffer {
        let uniform = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("wgpu-relu operation"),
            size: dispatch.uniform().len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.queue.write_buffer(&uniform, 0, dispatch.uniform());
        uniform
    }

    fn pipeline(&self, dispatch: &Dispatch) -> wgpu::ComputePipeline {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || {
            let source = dispatch.source_with_constants();
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some("wgpu-relu"),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("wgpu-relu"),
                layout: None,
                module: &module,
                entry_point: Some(Dispatch::ENTRY_POINT),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        pipelines.entry(dispatch.key().clone()).or_insert_with(compile).clone()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, DeviceKind, Shape};
    use wgpu_relu::Activation;

    use super::*;
    use crate::call::{Call, Kind, Spec};
    use crate::kernel::{launch, planner};

    /// Both routes run the same plans, so that both give the same bits.
    #[test]
    #[cfg_attr(feature = "vulkan", ignore = "there is one route: Burn runs no source kernels")]
    fn both_routes_give_the_same_bits() {
        // Another device than the other tests', since a device can be had only once.
        let kinds = [
            DeviceKind::Cpu,
            DeviceKind::DiscreteGpu(0),
            DeviceKind::IntegratedGpu(0),
            DeviceKind::VirtualGpu(0),
        ];
        let open = |kind| Device::wgpu_options().device_kind(kind).init_with_setup().ok();
        let (device, setup) = kinds.into_iter().find_map(open).expect("an adapter");
        let direct = Direct::new(&setup);
        let client = crate::device::cube(device.as_dispatch()).expect("of cubecl").client();
        for activation in Activation::ALL {
            for length in [1, 5, 64, 1027] {
                let call = Call::new(Kind::Gradient, *activation);
                let spec = Spec { shape: Shape::new([length]), dtype: DType::F32 };
                let plan = call.plan(&planner(&client), &vec![spec; 3], &[0, 1, 2]);
                let plan = plan.expect("valid");
                let bits = |i: u32| i.wrapping_mul(0x9E37_79B9).to_ne_bytes();
                let data: Vec<u8> = (0..length as u32).flat_map(bits).collect();
                let inputs = [client.create_from_slice(&data), client.create_from_slice(&data)];
                let outputs = [client.empty(data.len()), client.empty(data.len())];
                let tensors = |output| [&inputs[0], &inputs[1], output];
                direct.launch(&client, &plan, &tensors(&outputs[0])).expect("a working device");
                launch(&client, plan, &tensors(&outputs[1]));
                let [found, expected] =
                    outputs.map(|output| client.read_one(output).expect("a working device"));
                assert_eq!(found[..], expected[..], "{activation}, {length} elements");
            }
        }
    }
}
