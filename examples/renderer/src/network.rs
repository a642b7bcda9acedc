//! A field on the device: its numbers and shaders, which are the same for every size of picture.

use std::collections::HashMap;

use wgpu_relu::Activation;

use crate::device::filled;
use crate::error::{Error, Result};
use crate::field::Field;
use crate::kernels::{self, Kernels};
use crate::look::{Look, Mode};
use crate::pack::{Packed, Place};
use crate::view::ViewUniform;

/// The buffers and shaders of a field.
pub(crate) struct Network {
    pub(crate) layers: Vec<Place>,
    pub(crate) frequencies: usize,
    pub(crate) output: Activation,
    /// Weights, biases and frequencies.
    pub(crate) numbers: wgpu::Buffer,
    /// The visible part, written in every frame.
    pub(crate) view: wgpu::Buffer,
    /// Parameters of the activations in epilogues.
    pub(crate) parameters: wgpu::Buffer,
    pub(crate) layout: wgpu::BindGroupLayout,
    /// The shaders compiled so far. None is without activations.
    kernels: HashMap<Option<&'static str>, Kernels>,
}

impl Network {
    pub(crate) fn new(device: &wgpu::Device, field: &Field) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let packed = Packed::new(field);
        let limit = device.limits().max_storage_buffer_binding_size;
        let numbers: &[u8] = bytemuck::cast_slice(&packed.quads);
        if numbers.len() as u64 > limit {
            let size = numbers.len() as u64;
            let remedy = "train a narrower field";
            return Err(Error::TooLarge { what: "the field's weights", size, limit, remedy });
        }
        let buffer = |label, contents: &[u8], usage| filled(device, label, contents, usage);
        let uniform = Usage::UNIFORM | Usage::COPY_DST;
        Ok(Network {
            output: field.output,
            numbers: buffer("renderer numbers", numbers, Usage::STORAGE),
            view: buffer("renderer view", &[0; size_of::<ViewUniform>()], uniform),
            parameters: buffer("renderer parameters", &[0; 32], uniform),
            layout: layout(device),
            layers: packed.layers,
            frequencies: packed.frequencies,
            kernels: HashMap::new(),
        })
    }

    /// Compiles the shaders of a look, and sets its parameters.
    pub(crate) fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, look: Look) {
        let activations = [look.activation, self.output];
        let fused = (look.mode == Mode::Fused).then_some(activations);
        let (name, layout) = (fused.map(|_| look.activation.name()), &self.layout);
        self.kernels.entry(name).or_insert_with(|| Kernels::new(device, layout, fused));
        let parameters = activations.map(|activation| kernels::parameters(&activation));
        queue.write_buffer(&self.parameters, 0, bytemuck::cast_slice(&parameters));
    }

    /// The shaders of a look that is prepared.
    pub(crate) fn kernels(&self, look: Look) -> Option<&Kernels> {
        self.kernels.get(&(look.mode == Mode::Fused).then_some(look.activation.name()))
    }

    /// Units of the widest layer that is stored.
    pub(crate) fn widest(&self) -> usize {
        let hidden = &self.layers[..self.layers.len() - 1];
        hidden.iter().map(|layer| layer.outputs).max().unwrap_or(0)
    }
}

/// The bind group, as in shaders/layers.wgsl.
fn layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    };
    let read = wgpu::BufferBindingType::Storage { read_only: true };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("renderer layers"),
        entries: &[
            entry(0, wgpu::BufferBindingType::Uniform, true),
            entry(1, wgpu::BufferBindingType::Uniform, false),
            entry(kernels::PARAMETERS, wgpu::BufferBindingType::Uniform, false),
            entry(3, read, false),
            entry(4, read, false),
            entry(5, wgpu::BufferBindingType::Storage { read_only: false }, false),
        ],
    })
}
