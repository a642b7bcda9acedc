//! The device's data for a picture of one size: the picture, the layers of a band, and the offsets of everything.

use bytemuck::{Pod, Zeroable};

use crate::bands::{Band, bands};
use crate::device::filled;
use crate::error::{Error, Result};
use crate::network::Network;

/// Buffers and bind groups for pictures of one size.
pub(crate) struct Canvas {
    pub(crate) size: [u32; 2],
    pub(crate) bands: Vec<Band>,
    /// One plane per colour, red, green and blue, in whole vectors of four pixels.
    pub(crate) picture: wgpu::Buffer,
    /// Hidden layers use these alternately.
    pub(crate) layers: [wgpu::Buffer; 2],
    /// The bind group of each layer.
    pub(crate) bind_groups: Vec<wgpu::BindGroup>,
    /// Bytes from one stage's uniform to the next. They are in the order of the bands, and of the layers in a band.
    stride: u32,
}

/// The uniform of a stage, as in shaders/layers.wgsl.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Stage {
    first: u32,
    quads: u32,
    inputs: u32,
    outputs: u32,
    row: u32,
    weights: u32,
    biases: u32,
    frequencies: u32,
    target_first: u32,
    target_row: u32,
    padding: [u32; 2],
}

/// Bytes per vector: four pixels of a unit, or of a colour.
const QUAD: u64 = 16;

impl Canvas {
    /// The most pixels per band: with 32 units, a layer has 8 MiB. On lavapipe 2¹² to 2¹⁶ take the same time, and a GPU
    /// should get more pixels at once than it has lanes.
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
        let quads = (u64::from(size[0]) * u64::from(size[1])).div_ceil(4);
        let bytes = 3 * quads * QUAD;
        if bytes > limit {
            let remedy = "make the picture smaller";
            return Err(Error::TooLarge { what: "the picture", size: bytes, limit, remedy });
        }
        let widest = network.widest() as u64;
        let fits = limit / (QUAD * widest);
        if fits == 0 {
            let remedy = "train a narrower field";
            return Err(Error::TooLarge {
                what: "four pixels' layer",
                size: QUAD * widest,
                limit,
                remedy,
            });
        }
        let most = u64::from(band.div_ceil(4)).min(fits);
        let bands = bands(quads as u32, most as u32);
        let storage = |label, quads: u64| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: QUAD * quads,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        };
        let picture = storage("renderer picture", 3 * quads);
        let layers = [0; 2].map(|_| storage("renderer layer", widest * quads.min(most)));
        let stride = (size_of::<Stage>() as u32)
            .next_multiple_of(limits.min_uniform_buffer_offset_alignment);
        let stages = stages(network, &bands, stride as usize);
        let stages = filled(device, "renderer stages", &stages, wgpu::BufferUsages::UNIFORM);
        let last = network.layers.len() - 1;
        let bind_groups = (0..=last).map(|layer| {
            // The first layer has no input, so the free buffer takes its place.
            let input = &layers[(layer + 1) % 2];
            let output = if layer == last { &picture } else { &layers[layer % 2] };
            bind_group(device, network, &stages, [input, output])
        });
        let bind_groups = bind_groups.collect();
        Ok(Canvas { size, bands, picture, layers, bind_groups, stride })
    }

    /// The offset of a stage's uniform.
    pub(crate) fn offset(&self, band: usize, layer: usize) -> u32 {
        (band * self.bind_groups.len() + layer) as u32 * self.stride
    }
}

/// The uniforms of all stages.
fn stages(network: &Network, bands: &[Band], stride: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let last = network.layers.len() - 1;
    let plane = bands.iter().map(|band| band.quads).sum();
    for band in bands {
        for (index, layer) in network.layers.iter().enumerate() {
            let (target_first, target_row) =
                if index == last { (band.first, plane) } else { (0, band.quads) };
            let stage = Stage {
                first: band.first,
                quads: band.quads,
                inputs: layer.inputs as u32,
                outputs: layer.outputs as u32,
                row: layer.row as u32,
                weights: layer.weights as u32,
                biases: layer.biases as u32,
                frequencies: network.frequencies as u32,
                target_first,
                target_row,
                padding: [0; 2],
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
    let whole = [&network.view, &network.parameters, &network.numbers, input, output];
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
