//! Operands laid out in buffers every way there is, with canaries around what may be written. The
//! command-line tool's check lays them out so too.

use wgpu_relu::{Gpu, GpuRelu, View, wgpu};

/// What the harness examines: the crate's operator, or something that claims to do the same.
pub(crate) trait Subject {
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

/// A word no activation writes by chance.
const CANARY: u32 = 0xdead_beef;

/// Elements beside each range that must stay as they are.
const MARGIN: usize = 70;

/// Where the operands lie. Offsets are in elements.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    /// Each in a buffer of its own.
    Apart { x: usize, dy: usize, out: usize },
    /// The output is x (and for a gradient dy is elsewhere).
    OverX { x: usize, dy: usize },
    /// The output is dy; forward, this is as `OverX`.
    OverDy { x: usize, dy: usize },
    /// All in one buffer, one behind the other; the output in the middle.
    OneBuffer { offset: usize, gap: usize },
}

impl Layout {
    pub(crate) const ALL: &'static [Layout] = &[
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

/// Buffers laid out, filled, and with canaries around what may be written.
pub(crate) struct Run<'g> {
    gpu: &'g Gpu,
    length: usize,
    /// Buffers, with what they must still hold outside the output.
    buffers: Vec<(wgpu::Buffer, Vec<u32>)>,
    /// Buffer and first element of x, dy and the output.
    places: [(usize, usize); 3],
}

impl<'g> Run<'g> {
    pub(crate) fn new(
        gpu: &'g Gpu,
        layout: Layout,
        x: &[f32],
        dy: Option<&[f32]>,
    ) -> Result<Self, String> {
        let length = x.len();
        let unused = vec![0.0; 0];
        let dy_data = dy.unwrap_or(&unused);
        let mut contents: Vec<Vec<u32>> = Vec::new();
        let mut place = |start: usize, data: &[f32]| {
            let mut words = vec![CANARY; start + length + MARGIN];
            words[start..start + data.len()].copy_from_slice(&bits(data));
            contents.push(words);
            (contents.len() - 1, start)
        };
        let places = match layout {
            Layout::Apart { x: x_at, dy: dy_at, out } => {
                [place(x_at, x), place(dy_at, dy_data), place(out, &[])]
            }
            Layout::OverX { x: x_at, dy: dy_at } => {
                let at = place(x_at, x);
                [at, place(dy_at, dy_data), at]
            }
            Layout::OverDy { x: x_at, dy: dy_at } => match dy {
                Some(dy) => {
                    let at = place(dy_at, dy);
                    [place(x_at, x), at, at]
                }
                None => {
                    let at = place(x_at, x);
                    [at, at, at]
                }
            },
            Layout::OneBuffer { offset, gap } => {
                let step = length + gap;
                let mut words = vec![CANARY; offset + 3 * step + MARGIN];
                words[offset..offset + length].copy_from_slice(&bits(x));
                let last = offset + 2 * step;
                words[last..last + dy_data.len()].copy_from_slice(&bits(dy_data));
                contents.push(words);
                [(0, offset), (0, last), (0, offset + step)]
            }
        };
        let uploaded = |words: Vec<u32>| {
            let buffer = gpu.upload(bytemuck::cast_slice(&words)).map_err(|e| e.to_string())?;
            Ok((buffer, words))
        };
        let buffers = contents.into_iter().map(uploaded).collect::<Result<_, String>>()?;
        Ok(Run { gpu, length, buffers, places })
    }

    fn view(&self, operand: usize) -> View<'_> {
        let (buffer, start) = self.places[operand];
        View::elements::<f32>(&self.buffers[buffer].0, start as u64, self.length as u64)
    }

    pub(crate) fn x(&self) -> View<'_> {
        self.view(0)
    }
    pub(crate) fn dy(&self) -> View<'_> {
        self.view(1)
    }
    pub(crate) fn out(&self) -> View<'_> {
        self.view(2)
    }

    /// The output, if nothing else has changed.
    pub(crate) fn finish(self) -> Result<Vec<f32>, String> {
        let (out_buffer, start) = self.places[2];
        let mut output = Vec::new();
        for (index, (buffer, before)) in self.buffers.iter().enumerate() {
            let after = bits(&self.gpu.download(buffer).map_err(|e| e.to_string())?);
            let written = if index == out_buffer { start..start + self.length } else { 0..0 };
            for i in 0..after.len() {
                if after[i] != before[i] && !written.contains(&i) {
                    return Err(format!(
                        "wrote outside: element {i} of buffer {index} was {:#010x}, is {:#010x}; the output \
                         is {written:?} of buffer {out_buffer}",
                        before[i], after[i]
                    ));
                }
            }
            if index == out_buffer {
                output = after[written].iter().map(|&word| f32::from_bits(word)).collect();
            }
        }
        Ok(output)
    }
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
