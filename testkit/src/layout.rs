//! Operands in buffers in every possible layout, with canaries around the outputs.

use wgpu_relu::{Element, Gpu, GpuPrelu, GpuRelu, View, wgpu};

/// A subject that the harness examines: an operator of the crate, or a kernel that claims to do the same.
pub trait Subject {
    fn forward(&self, x: View<'_>, y: View<'_>) -> wgpu_relu::Result<()>;
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> wgpu_relu::Result<()>;
}

impl Subject for GpuRelu {
    fn forward(&self, x: View<'_>, y: View<'_>) -> wgpu_relu::Result<()> {
        self.apply_into(x, y)
    }
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> wgpu_relu::Result<()> {
        self.gradient_into(x, dy, dx)
    }
}

impl Subject for GpuPrelu {
    fn forward(&self, x: View<'_>, y: View<'_>) -> wgpu_relu::Result<()> {
        self.apply_into(x, y)
    }
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> wgpu_relu::Result<()> {
        self.gradient_into(x, dy, dx)
    }
}

/// A `u32` that no activation writes by chance.
const CANARY: u32 = 0xdead_beef;

/// Elements beside each range that must not change.
const MARGIN: usize = 70;

/// The positions of the operands. Offsets are in elements.
#[derive(Debug, Clone, Copy)]
pub enum Layout {
    /// Each in a buffer of its own.
    Apart { x: usize, dy: usize, out: usize },
    /// The output is x (and for a gradient dy is elsewhere).
    OverX { x: usize, dy: usize },
    /// The output is dy. For forward operations, this is the same as `OverX`.
    OverDy { x: usize, dy: usize },
    /// All in one buffer, contiguous, with the output in the middle.
    OneBuffer { offset: usize, gap: usize },
}

impl Layout {
    pub const ALL: &'static [Layout] = &[
        Layout::Apart { x: 0, dy: 0, out: 0 },
        Layout::Apart { x: 5, dy: 1, out: 65 },
        Layout::Apart { x: 1, dy: 2, out: 3 },
        Layout::OverX { x: 0, dy: 4 },
        Layout::OverX { x: 3, dy: 0 },
        Layout::OverDy { x: 2, dy: 6 },
        Layout::OneBuffer { offset: 0, gap: 0 },
        Layout::OneBuffer { offset: 7, gap: 3 },
    ];
}

/// Filled buffers in a layout, with canaries around the outputs.
pub struct Run<'g> {
    #[cfg_attr(
        target_arch = "wasm32",
        expect(dead_code, reason = "a browser downloads by itself")
    )]
    gpu: &'g Gpu,
    /// Buffers, with the contents that must not change outside the output.
    buffers: Vec<(wgpu::Buffer, Vec<u8>)>,
    /// Buffer, first byte and bytes of x, dy and the output.
    places: [(usize, usize, usize); 3],
}

impl<'g> Run<'g> {
    /// For x of type `X`, and y and dy of type `Y`, which are in different buffers if the types differ.
    pub fn new<X: Element, Y: Element>(
        gpu: &'g Gpu,
        layout: Layout,
        x: &[X],
        dy: Option<&[Y]>,
    ) -> Result<Self, String> {
        let length = x.len();
        let (x_size, y_size) = (size_of::<X>(), size_of::<Y>());
        let out_size = if dy.is_some() { x_size } else { y_size };
        let x: &[u8] = bytemuck::cast_slice(x);
        let dy_data: &[u8] = bytemuck::cast_slice(dy.unwrap_or(&[]));
        let mut contents: Vec<Vec<u8>> = Vec::new();
        let mut place = |start: usize, size: usize, data: &[u8]| {
            let (start, bytes) = (size * start, size * length);
            let mut canaries = canaries(start + bytes + size * MARGIN);
            canaries[start..start + data.len()].copy_from_slice(data);
            contents.push(canaries);
            (contents.len() - 1, start, bytes)
        };
        let places = match layout {
            Layout::Apart { x: x_at, dy: dy_at, out } => {
                [place(x_at, x_size, x), place(dy_at, y_size, dy_data), place(out, out_size, &[])]
            }
            Layout::OverX { x: x_at, dy: dy_at } => {
                let at = place(x_at, x_size, x);
                [at, place(dy_at, y_size, dy_data), at]
            }
            Layout::OverDy { x: x_at, dy: dy_at } => match dy {
                Some(_) => {
                    let at = place(dy_at, y_size, dy_data);
                    [place(x_at, x_size, x), at, at]
                }
                None => {
                    let at = place(x_at, x_size, x);
                    [at, at, at]
                }
            },
            Layout::OneBuffer { offset, gap } => {
                let (offset, step) = (x_size * offset, x_size * (length + gap));
                let mut canaries = canaries(offset + 3 * step + x_size * MARGIN);
                canaries[offset..offset + x.len()].copy_from_slice(x);
                let last = offset + 2 * step;
                canaries[last..last + dy_data.len()].copy_from_slice(dy_data);
                contents.push(canaries);
                [offset, last, offset + step].map(|start| (0, start, x.len()))
            }
        };
        let uploaded = |bytes: Vec<u8>| {
            // `u32`s, because a buffer has no element type.
            let words: Vec<f32> = bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
            Ok((gpu.upload(&words).map_err(|e| e.to_string())?, bytes))
        };
        let buffers = contents.into_iter().map(uploaded).collect::<Result<_, String>>()?;
        Ok(Run { gpu, buffers, places })
    }

    fn view(&self, operand: usize) -> View<'_> {
        let (buffer, start, bytes) = self.places[operand];
        View::elements::<u8>(&self.buffers[buffer].0, start as u64, bytes as u64)
    }

    pub fn x(&self) -> View<'_> {
        self.view(0)
    }
    pub fn dy(&self) -> View<'_> {
        self.view(1)
    }
    pub fn out(&self) -> View<'_> {
        self.view(2)
    }

    /// The output, if nothing else has changed.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn finish<T: Element>(self) -> Result<Vec<T>, String> {
        let contents = self.buffers().map(|buffer| self.gpu.download(buffer));
        let contents: Vec<_> = contents.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        self.output(&contents)
    }

    /// The buffers to download in the end.
    pub fn buffers(&self) -> impl Iterator<Item = &wgpu::Buffer> {
        self.buffers.iter().map(|(buffer, _)| buffer)
    }

    /// The output out of the buffers' contents, if nothing else has changed.
    pub fn output<T: Element>(&self, contents: &[Vec<f32>]) -> Result<Vec<T>, String> {
        let (out_buffer, start, bytes) = self.places[2];
        let mut output = Vec::new();
        for (index, ((_, before), after)) in self.buffers.iter().zip(contents).enumerate() {
            let after: &[u8] = bytemuck::cast_slice(after);
            let written = if index == out_buffer { start..start + bytes } else { 0..0 };
            for i in 0..after.len() {
                if after[i] != before[i] && !written.contains(&i) {
                    return Err(format!(
                        "wrote outside: byte {i} of buffer {index} was {:#04x}, is {:#04x}; the output \
                         is {written:?} of buffer {out_buffer}",
                        before[i], after[i]
                    ));
                }
            }
            if index == out_buffer {
                output.extend(
                    after[written]
                        .chunks_exact(size_of::<T>())
                        .map(bytemuck::pod_read_unaligned::<T>),
                );
            }
        }
        Ok(output)
    }
}

/// Whole `u32`s of canaries, at least `bytes` bytes.
fn canaries(bytes: usize) -> Vec<u8> {
    CANARY.to_le_bytes().repeat(bytes.div_ceil(4))
}
