//! The op-agnostic harness: any activation, forward and gradient, over lengths, offsets and layouts,
//! at special values, against the CPU reference, with canary words around everything that is written.
//!
//! It knows no activation by name; compare.rs has what is tried, and what counts as right.

use wgpu_relu::{Activation, Gpu, GpuRelu, Result, Tolerance, View};

use crate::compare::{self, Worst, special_pairs, special_values};
use crate::{bits, gpu, naive, random_words, raw_buffer};

/// What the harness examines: the crate's operator, or something that claims to do the same.
pub(crate) trait Subject {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()>;
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()>;
}

impl Subject for GpuRelu {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
        self.apply_into(x, y)
    }
    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
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

/// Runs `subject` over `length` elements of `data` in `layout`; what is wrong, if anything.
pub(crate) fn examine(
    gpu: &Gpu,
    activation: Activation,
    subject: &dyn Subject,
    length: usize,
    layout: Layout,
    seed: u64,
) -> Result<[Worst; 2], String> {
    let x = data(activation, length, seed);
    let dy = upstream(length, seed);
    let describe = |what: &str, error: String| {
        format!("{activation} {what}, {length} elements, {layout:?}: {error}")
    };

    let run = Run::new(gpu, layout, &x, None);
    subject.forward(run.x(), run.out()).map_err(|e| describe("forward", e.to_string()))?;
    let y = run.finish().map_err(|e| describe("forward", e))?;
    let forward = compare_values(gpu, activation, &x, &y).map_err(|e| describe("forward", e))?;

    let run = Run::new(gpu, layout, &x, Some(&dy));
    subject
        .gradient(run.x(), run.dy(), run.out())
        .map_err(|e| describe("gradient", e.to_string()))?;
    let dx = run.finish().map_err(|e| describe("gradient", e))?;
    let gradient =
        compare_gradients(gpu, activation, &x, &dy, &dx).map_err(|e| describe("gradient", e))?;
    Ok([forward, gradient])
}

/// Buffers laid out, filled, and with canaries around what may be written.
struct Run<'g> {
    gpu: &'g Gpu,
    length: usize,
    /// Buffers, with what they must still hold outside the output.
    buffers: Vec<(wgpu::Buffer, Vec<u32>)>,
    /// Buffer and first element of x, dy and the output.
    places: [(usize, usize); 3],
}

impl<'g> Run<'g> {
    fn new(gpu: &'g Gpu, layout: Layout, x: &[f32], dy: Option<&[f32]>) -> Self {
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
        use wgpu::BufferUsages as Usage;
        let usage = Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST;
        let buffers = contents
            .into_iter()
            .map(|words| (raw_buffer(gpu.device(), usage, &words), words))
            .collect();
        Run { gpu, length, buffers, places }
    }

    fn view(&self, operand: usize) -> View<'_> {
        let (buffer, start) = self.places[operand];
        View::elements::<f32>(&self.buffers[buffer].0, start as u64, self.length as u64)
    }

    fn x(&self) -> View<'_> {
        self.view(0)
    }
    fn dy(&self) -> View<'_> {
        self.view(1)
    }
    fn out(&self) -> View<'_> {
        self.view(2)
    }

    /// The output, if nothing else has changed.
    fn finish(self) -> Result<Vec<f32>, String> {
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

/// Every kind of number, in an order that depends on the seed: so each comes to stand everywhere.
pub(crate) fn data(activation: Activation, length: usize, seed: u64) -> Vec<f32> {
    let special = special_values(activation);
    let mut random = random_words(seed);
    (0..length)
        .map(|i| match (i + seed as usize) % 4 {
            0 => special[random() as usize % special.len()],
            1 => f32::from_bits(random()),
            _ => random() as i32 as f32 / (1 << 28) as f32,
        })
        .collect()
}

/// Upstream gradients: mostly ordinary ones, and every special one.
pub(crate) fn upstream(length: usize, seed: u64) -> Vec<f32> {
    const SPECIAL: [f32; 8] =
        [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0, 1e-42, 1e30, -1.0];
    let mut random = random_words(!seed);
    (0..length)
        .map(|_| match random() % 4 {
            0 => SPECIAL[random() as usize % SPECIAL.len()],
            _ => random() as i32 as f32 / (1 << 30) as f32,
        })
        .collect()
}

pub(crate) fn compare_values(
    gpu: &Gpu,
    activation: Activation,
    x: &[f32],
    y: &[f32],
) -> Result<Worst, String> {
    compare::values(naive::flushes_subnormals(gpu), activation, x, y)
}

pub(crate) fn compare_gradients(
    gpu: &Gpu,
    activation: Activation,
    x: &[f32],
    dy: &[f32],
    dx: &[f32],
) -> Result<Worst, String> {
    compare::gradients(naive::flushes_subnormals(gpu), activation, x, dy, dx)
}

/// Lengths around every edge: quads, the shortest by quads, a workgroup of each geometry.
fn lengths() -> Vec<usize> {
    let mut lengths: Vec<usize> = (1..=33).collect();
    for edge in [64, 128, 256, 512, 1024, 1028, 2048, 4096, 8192] {
        lengths.extend(edge - 2..=edge + 5);
    }
    lengths.extend([4093, 65_537, 1_000_003]);
    lengths
}

#[test]
fn every_activation_at_every_edge() {
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let mut worst = [Worst::default(); 2];
        for length in lengths() {
            for (index, &layout) in Layout::ALL.iter().enumerate() {
                if length > 10_000 && index % 3 != 0 {
                    continue;
                }
                let seed = (length * 8 + index) as u64;
                match examine(gpu(), activation, &operator, length, layout, seed) {
                    Ok(found) => {
                        for (worst, found) in worst.iter_mut().zip(found) {
                            if found.ulp > worst.ulp {
                                *worst = found;
                            }
                        }
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        println!("{activation}: forward {}, gradient {}", worst[0], worst[1]);
    }
}

/// All special values against all special upstream gradients, for many parameters.
#[test]
fn every_parameter_at_the_special_values() {
    for activation in compare::samples() {
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let (x, dy) = special_pairs(activation);
        let (x_buffer, dy_buffer) = (gpu().upload(&x).unwrap(), gpu().upload(&dy).unwrap());
        let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
        let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
        let forward = compare_values(gpu(), activation, &x, &y);
        let gradient = compare_gradients(gpu(), activation, &x, &dy, &dx);
        for outcome in [forward, gradient] {
            outcome.unwrap_or_else(|error| panic!("{activation}: {error}"));
        }
    }
}

/// A dense sweep of the negative axis, where exponentials live: every 1009th float.
#[test]
fn smooth_parts_hold_their_tolerance_densely() {
    let x: Vec<f32> = (0x8000_0000u32..0xff80_0000).step_by(1009).map(f32::from_bits).collect();
    let dy = vec![1.0f32; x.len()];
    let (x_buffer, dy_buffer) = (gpu().upload(&x).unwrap(), gpu().upload(&dy).unwrap());
    for activation in Activation::samples() {
        if !matches!(activation.value_tolerance(), Tolerance::Ulp(_)) {
            continue;
        }
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
        let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
        let forward = compare_values(gpu(), activation, &x, &y);
        let gradient = compare_gradients(gpu(), activation, &x, &dy, &dx);
        match (forward, gradient) {
            (Ok(forward), Ok(gradient)) => {
                println!("{activation}: forward {forward}, gradient {gradient}")
            }
            (forward, gradient) => panic!("{activation}: {forward:?} {gradient:?}"),
        }
    }
}
