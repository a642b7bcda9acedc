//! What a picture of one size needs on the device: the picture, the layers of a band, and where everything lies.

use bytemuck::{Pod, Zeroable};
use wgpu::util::DeviceExt;

use crate::bands::{Band, bands};
use crate::error::{Error, Result};
use crate::network::Network;

/// Buffers and bind groups for pictures of one size.
pub(crate) struct Canvas {
    pub(crate) size: [u32; 2],
    pub(crate) bands: Vec<Band>,
    /// A quad a pixel: red, green, blue and nothing.
    pub(crate) picture: wgpu::Buffer,
    /// Hidden layers take turns in these.
    pub(crate) layers: [wgpu::Buffer; 2],
    /// Of each layer.
    pub(crate) bind_groups: Vec<wgpu::BindGroup>,
    /// From a stage's uniform to the next; band by band, the layers in order.
    stride: u32,
}

/// As shaders/layers.wgsl has it.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Stage {
    first_pixel: u32,
    pixels: u32,
    inputs: u32,
    outputs: u32,
    row: u32,
    weights: u32,
    bias: u32,
    frequencies: u32,
    destination: u32,
    padding: [u32; 3],
}

/// Bytes of a quad.
const QUAD: u64 = 16;

impl Canvas {
    /// Pixels of a band, at most: with 32 units, a layer has 2 MiB. On lavapipe 2¹² to 2¹⁶ take the same time
    /// within the noise; a real GPU wants more at once than it has lanes.
    pub(crate) const BAND: u32 = 1 << 16;

    /// With bands of `band` pixels, or as many as the device can bind.
    pub(crate) fn new(
        device: &wgpu::Device,
        network: &Network,
        size: [u32; 2],
        band: u32,
    ) -> Result<Self> {
        let limits = device.limits();
        let limit = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let pixels = u64::from(size[0]) * u64::from(size[1]);
        if pixels * QUAD > limit {
            let remedy = "make the picture smaller";
            return Err(Error::TooLarge {
                what: "the picture",
                size: pixels * QUAD,
                limit,
                remedy,
            });
        }
        let widest = network.widest() as u64;
        let fits = limit / (QUAD * widest);
        if fits == 0 {
            let remedy = "train a narrower field";
            return Err(Error::TooLarge {
                what: "a pixel's layer",
                size: QUAD * widest,
                limit,
                remedy,
            });
        }
        let most = u64::from(band).min(fits) as u32;
        let bands = bands(pixels as u32, most);
        let storage = |label, quads: u64| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: QUAD * quads,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        };
        let picture = storage("renderer picture", pixels);
        let layers = [0; 2].map(|_| storage("renderer layer", widest * pixels.min(most.into())));
        let stride = (size_of::<Stage>() as u32)
            .next_multiple_of(limits.min_uniform_buffer_offset_alignment);
        let stages = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("renderer stages"),
            contents: &stages(network, &bands, stride as usize),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let last = network.layers.len() - 1;
        let bind_groups = (0..=last).map(|layer| {
            // The first has no input here, and leaves its place to the buffer that is free.
            let input = &layers[(layer + 1) % 2];
            let output = if layer == last { &picture } else { &layers[layer % 2] };
            bind_group(device, network, &stages, [input, output])
        });
        let bind_groups = bind_groups.collect();
        Ok(Canvas { size, bands, picture, layers, bind_groups, stride })
    }

    /// Where the uniform of a stage lies.
    pub(crate) fn offset(&self, band: usize, layer: usize) -> u32 {
        (band * self.bind_groups.len() + layer) as u32 * self.stride
    }
}

/// The uniforms of all stages.
fn stages(network: &Network, bands: &[Band], stride: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let last = network.layers.len() - 1;
    for band in bands {
        for (index, layer) in network.layers.iter().enumerate() {
            let stage = Stage {
                first_pixel: band.first,
                pixels: band.pixels,
                inputs: layer.inputs as u32,
                outputs: layer.outputs as u32,
                row: layer.row as u32,
                weights: layer.matrix as u32,
                bias: layer.bias as u32,
                frequencies: network.frequencies as u32,
                destination: if index == last { band.first } else { 0 },
                padding: [0; 3],
            };
            bytes.extend_from_slice(bytemuck::bytes_of(&stage));
            bytes.resize(bytes.len().next_multiple_of(stride), 0);
        }
    }
    bytes
}

fn bind_group(
    device: &wgpu::Device,
    network: &Network,
    stages: &wgpu::Buffer,
    [input, output]: [&wgpu::Buffer; 2],
) -> wgpu::BindGroup {
    let stage = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
        buffer: stages,
        offset: 0,
        size: wgpu::BufferSize::new(size_of::<Stage>() as u64),
    });
    let whole =
        [&network.view, &network.parameters, &network.matrices, &network.quads, input, output];
    let resources = std::iter::once(stage).chain(whole.map(wgpu::Buffer::as_entire_binding));
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("renderer layer"),
        layout: &network.layout,
        entries: &entries,
    })
}
