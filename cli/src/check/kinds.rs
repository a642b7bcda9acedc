//! Learned slopes, gated units, gradients that add, operands in rows and strides, and textures, against the reference.

use testkit::inputs::random_words;
use testkit::stored::{nearest, widened};
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{
    Activation, Channels, Element, ElementType, Gpu, GpuGlu, GpuPrelu, GpuRelu, Tolerance, View,
    reference, wgpu,
};

use super::examine::{Finding, examine};
use crate::Outcome;

/// Something to check beside the activations.
pub(super) struct Kind {
    pub(super) name: &'static str,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Prelu,
    /// None: bilinear.
    Gated(Option<Activation>),
    /// Shape and strides.
    Strided([u64; 4], [u64; 4]),
    /// A gradient that adds to what is there.
    Added,
    /// Of f32 and f16.
    Texture,
}

pub(super) const ALL: &[Kind] = &[
    Kind { name: "prelu", what: What::Prelu },
    Kind { name: "glu", what: What::Gated(Some(Activation::Sigmoid)) },
    Kind { name: "reglu", what: What::Gated(Some(Activation::Relu)) },
    Kind { name: "geglu", what: What::Gated(Some(Activation::Gelu)) },
    Kind { name: "geglu_tanh", what: What::Gated(Some(Activation::GeluTanh)) },
    Kind { name: "swiglu", what: What::Gated(Some(Activation::Silu)) },
    Kind { name: "bilinear", what: What::Gated(None) },
    Kind { name: "relu in rows", what: What::Strided([1, 1, 300, 48], [0, 0, 64, 1]) },
    Kind { name: "relu in odd rows", what: What::Strided([1, 1, 300, 13], [0, 0, 17, 1]) },
    Kind { name: "relu in strides", what: What::Strided([5, 3, 24, 10], [1200, 400, 1, 30]) },
    Kind { name: "relu, added", what: What::Added },
    Kind { name: "relu on textures", what: What::Texture },
];

/// The slope of prelu; any will do.
const SLOPE: f32 = 0.3;

impl Kind {
    pub(super) fn examine(&self, gpu: &Gpu, element: ElementType) -> Outcome<Vec<Finding>> {
        match element {
            ElementType::F32 => self.of::<f32>(gpu),
            ElementType::F16 => self.of::<f16>(gpu),
            ElementType::Bf16 => self.of::<bf16>(gpu),
            other => Err(format!("{other} cannot be checked yet").into()),
        }
    }

    fn of<T: Element>(&self, gpu: &Gpu) -> Outcome<Vec<Finding>> {
        match self.what {
            What::Prelu => prelu::<T>(gpu),
            What::Gated(activation) => gated::<T>(gpu, activation),
            What::Strided(shape, strides) => strided::<T>(gpu, shape, strides),
            What::Added => added::<T>(gpu),
            What::Texture => texture::<T>(gpu),
        }
    }
}

fn numbers<T: Element>(length: usize, seed: u64) -> Vec<T> {
    let mut random = random_words(seed);
    (0..length).map(|_| T::from_f32(random() as i32 as f32 / (1 << 29) as f32)).collect()
}

fn uploaded<T: Element>(gpu: &Gpu, values: &[T]) -> Outcome<wgpu::Buffer> {
    Ok(gpu.upload_elements(values)?)
}

fn whole<T: Element>(buffer: &wgpu::Buffer, length: usize) -> View<'_> {
    View::elements::<T>(buffer, 0, length as u64)
}

/// One slope is a leaky ReLU; slopes by channel have their gradient besides.
fn prelu<T: Element>(gpu: &Gpu) -> Outcome<Vec<Finding>> {
    let weight = gpu.upload(&[SLOPE])?;
    let leaky = Activation::LeakyRelu { negative_slope: SLOPE };
    let one = GpuPrelu::new(gpu, &weight).with_element(T::TYPE);
    let mut findings = Vec::from(examine::<T>(gpu, leaky, &one));
    // Of the sum of the terms' magnitudes: 64 roundings in each of at most three stages.
    let mut finding = Finding::new("dw", Tolerance::Ulp(64.0 * 3.0));
    for (rows, channels) in
        [(3001, Channels::last(1)), (700, Channels::last(12)), (7, Channels::second(5, 999))]
    {
        let (count, inner) = (channels.count as usize, channels.inner as usize);
        let length = rows * count * inner;
        let (x, dy) = (numbers::<T>(length, 1), numbers::<T>(length, 2));
        let (x_buffer, dy_buffer) = (uploaded(gpu, &x)?, uploaded(gpu, &dy)?);
        let weights = gpu.upload(&vec![SLOPE; count])?;
        let prelu = GpuPrelu::with_channels(gpu, &weights, channels).with_element(T::TYPE);
        let dw =
            prelu.weight_gradient(whole::<T>(&x_buffer, length), whole::<T>(&dy_buffer, length))?;
        let mut sums = vec![(0.0, 0.0); count];
        for (i, (x, dy)) in x.iter().zip(&dy).enumerate().filter(|(_, (x, _))| x.to_f32() <= 0.0) {
            let term = f64::from(x.to_f32()) * f64::from(dy.to_f32());
            let (sum, size) = &mut sums[i / inner % count];
            *sum += term;
            *size += f64::abs(term);
        }
        for (channel, (got, (exact, size))) in gpu.download(&dw)?.into_iter().zip(sums).enumerate()
        {
            let ulp = (f64::from(got) - exact).abs() / (size * f64::from(f32::EPSILON));
            let place = format!("dw, {rows} rows of {count} x {inner}");
            finding.add(&place, (channel, SLOPE, None), exact as f32, got, ulp);
        }
    }
    findings.push(finding);
    Ok(findings)
}

/// Both halves of an axis, and both gradients.
fn gated<T: Element>(gpu: &Gpu, activation: Option<Activation>) -> Outcome<Vec<Finding>> {
    let unit = match activation {
        None => GpuGlu::bilinear(gpu),
        Some(activation) => GpuGlu::with_activation(gpu, activation)?,
    };
    let unit = unit.with_element(T::TYPE);
    let gate = |b: f32| match activation {
        None => (f64::from(b), 1.0),
        Some(f) => (reference::value(f, b), reference::derivative(f, b)),
    };
    let bound = |tolerance: fn(&Activation) -> Tolerance| match activation {
        // The product's rounding.
        None => Tolerance::Ulp(1.0),
        Some(f) => Tolerance::Ulp(tolerance(&f).ulp() + 1.0),
    };
    let mut forward = Finding::new("forward", bound(|f| f.value_tolerance()));
    // Two products more.
    let gradient_bound = Tolerance::Ulp(bound(|f| f.gradient_tolerance()).ulp() + 1.0);
    let mut gradient = Finding::new("gradient", gradient_bound);
    for (rows, axis) in
        [(1000, Channels::last(64)), (501, Channels::last(6)), (30, Channels::second(4, 250))]
    {
        let half = (axis.count / 2 * axis.inner) as usize;
        let length = 2 * half * rows;
        let (x, dy) = (numbers::<T>(length, 3), numbers::<T>(length / 2, 4));
        let (x_buffer, dy_buffer) = (uploaded(gpu, &x)?, uploaded(gpu, &dy)?);
        let (x_view, dy_view) = (whole::<T>(&x_buffer, length), whole::<T>(&dy_buffer, length / 2));
        let y = unit.apply_split(x_view, axis)?;
        let dx = unit.gradient_split(x_view, dy_view, axis)?;
        let y = gpu.download_elements::<T>(whole::<T>(&y, length / 2))?;
        let dx = gpu.download_elements::<T>(whole::<T>(&dx, length))?;
        let (x, dy) = (widened(&x), widened(&dy));
        let place = format!("{rows} rows of {} x {}", axis.count, axis.inner);
        for (i, (&dy, &y)) in dy.iter().zip(&y).enumerate() {
            let at = i / half * 2 * half + i % half;
            let (a, b) = (x[at], x[at + half]);
            let (f, slope) = gate(b);
            let (wide_a, upstream) = (f64::from(a), f64::from(dy));
            let note = |finding: &mut Finding, got: T, exact: f64, size: f64| {
                let expected = exact as f32;
                let got = nearest(&[expected], &[got])[0];
                // As far as the bound of a derivative: relative to its terms, which exceed it beside a zero.
                let size = (size as f32).abs();
                let ulp = (f64::from(got) - exact).abs() / f64::from(size.next_up() - size);
                finding.add(&place, (i, b, Some(dy)), expected, got, ulp);
            };
            note(&mut forward, y, wide_a * f, wide_a * f);
            note(&mut gradient, dx[at], upstream * f, upstream * f);
            let exact = upstream * wide_a * slope;
            let terms = (upstream * wide_a).abs().max(exact.abs());
            note(&mut gradient, dx[at + half], exact, terms);
        }
    }
    Ok(vec![forward, gradient])
}

fn at<T: Element>(buffer: &wgpu::Buffer, start: u64, layout: [[u64; 4]; 2]) -> View<'_> {
    View::strided::<T, 4>(buffer, start, layout[0], layout[1])
}

/// ReLU from strides to strides, forward and gradient; nothing beside them may change.
fn strided<T: Element>(gpu: &Gpu, shape: [u64; 4], strides: [u64; 4]) -> Outcome<Vec<Finding>> {
    let relu = GpuRelu::new(gpu).with_element(T::TYPE);
    let mut findings =
        ["forward", "gradient"].map(|operation| Finding::new(operation, Tolerance::Exact));
    let length = shape.iter().product::<u64>();
    for start in [0u64, 4, 3] {
        let places: Vec<usize> = (0..length)
            .map(|mut index| {
                let mut at = start;
                for d in (0..4).rev() {
                    at += index % shape[d] * strides[d];
                    index /= shape[d];
                }
                at as usize
            })
            .collect();
        let size = places.iter().max().map_or(0, |last| last + 9).next_multiple_of(2);
        let (x, dy) = (numbers::<T>(size, 5), numbers::<T>(size, 6));
        let before = vec![T::from_f32(7.0); size];
        let (x_buffer, dy_buffer) = (uploaded(gpu, &x)?, uploaded(gpu, &dy)?);
        let layout = [shape, strides];
        for (finding, is_gradient) in findings.iter_mut().zip([false, true]) {
            let out = uploaded(gpu, &before)?;
            match is_gradient {
                true => {
                    let [x, dy, out] =
                        [&x_buffer, &dy_buffer, &out].map(|b| at::<T>(b, start, layout));
                    relu.gradient_into(x, dy, out)?
                }
                false => relu
                    .apply_into(at::<T>(&x_buffer, start, layout), at::<T>(&out, start, layout))?,
            }
            let mut is_inside = vec![false; size];
            places.iter().for_each(|&at| is_inside[at] = true);
            for (i, got) in gpu.download_elements::<T>(&out)?.into_iter().enumerate() {
                let (x, dy, got) = (x[i].to_f32(), dy[i].to_f32(), got.to_f32());
                let expected = match (is_inside[i], is_gradient) {
                    (false, _) => 7.0,
                    (true, false) => x.max(0.0),
                    (true, true) if x > 0.0 => dy,
                    (true, true) => 0.0,
                };
                let ulp = reference::ulp_error(f64::from(expected), got);
                finding.add(&format!("from {start} on"), (i, x, None), expected, got, ulp);
            }
        }
    }
    Ok(findings.into())
}

/// dx += dL/dx, at any offset.
fn added<T: Element>(gpu: &Gpu) -> Outcome<Vec<Finding>> {
    let relu = GpuRelu::new(gpu).with_element(T::TYPE).accumulating();
    let mut finding = Finding::new("gradient", Tolerance::Exact);
    for (start, length) in [(0, 5003), (1, 777), (6, 4096)] {
        let [x, dy, before] = [7, 8, 9].map(|seed| numbers::<T>(start + length, seed));
        let (x_buffer, dy_buffer) = (uploaded(gpu, &x)?, uploaded(gpu, &dy)?);
        let dx = uploaded(gpu, &before)?;
        let [x_view, dy_view, dx_view] = [&x_buffer, &dy_buffer, &dx]
            .map(|buffer| View::elements::<T>(buffer, start as u64, length as u64));
        relu.gradient_into(x_view, dy_view, dx_view)?;
        for (i, got) in gpu.download_elements::<T>(&dx)?.into_iter().take(x.len()).enumerate() {
            let (x, dy, before) = (x[i].to_f32(), dy[i].to_f32(), before[i].to_f32());
            let slope = if i >= start && x > 0.0 { 1.0 } else { 0.0 };
            let expected = T::from_f32(before + dy * slope).to_f32();
            let ulp = reference::ulp_error(f64::from(expected), got.to_f32());
            let place = format!("{length} elements from {start} on");
            finding.add(&place, (i, x, Some(dy)), expected, got.to_f32(), ulp);
        }
    }
    Ok(vec![finding])
}

/// From a texture of four channels to another, whose edges are odd.
fn texture<T: Element>(gpu: &Gpu) -> Outcome<Vec<Finding>> {
    const WIDTH: u32 = 37;
    const HEIGHT: u32 = 21;
    /// Bytes from a row to the next, as copies want it.
    const PITCH: u32 = 768;
    let format = match T::TYPE {
        ElementType::F32 => wgpu::TextureFormat::Rgba32Float,
        ElementType::F16 => wgpu::TextureFormat::Rgba16Float,
        // There are no textures of others.
        _ => return Ok(Vec::new()),
    };
    let size = wgpu::Extent3d { width: WIDTH, height: HEIGHT, depth_or_array_layers: 1 };
    let [x, y] = [0, 1].map(|_| {
        use wgpu::TextureUsages as Usage;
        gpu.device().create_texture(&wgpu::TextureDescriptor {
            label: None,
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: Usage::TEXTURE_BINDING
                | Usage::STORAGE_BINDING
                | Usage::COPY_SRC
                | Usage::COPY_DST,
            view_formats: &[],
        })
    });
    let row = PITCH as usize / size_of::<T>();
    let values = numbers::<T>(row * HEIGHT as usize, 10);
    let [from, to] = [uploaded(gpu, &values)?, uploaded(gpu, &values)?];
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(PITCH), rows_per_image: None };
    let in_buffer = |buffer| wgpu::TexelCopyBufferInfo { buffer, layout };
    let submit = |record: &dyn Fn(&mut wgpu::CommandEncoder)| {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        record(&mut encoder);
        gpu.queue().submit([encoder.finish()]);
    };
    submit(&|encoder| encoder.copy_buffer_to_texture(in_buffer(&from), x.as_image_copy(), size));
    GpuRelu::new(gpu).apply_texture(&x, &y)?;
    submit(&|encoder| encoder.copy_texture_to_buffer(y.as_image_copy(), in_buffer(&to), size));
    let mut finding = Finding::new("forward", Tolerance::Exact);
    for (i, got) in gpu.download_elements::<T>(&to)?.into_iter().enumerate() {
        let x = values[i].to_f32();
        let is_texel = i % row < 4 * WIDTH as usize;
        let expected = if is_texel { x.max(0.0) } else { x };
        let ulp = reference::ulp_error(f64::from(expected), got.to_f32());
        finding.add(
            &format!("{WIDTH} x {HEIGHT} texels"),
            (i, x, None),
            expected,
            got.to_f32(),
            ulp,
        );
    }
    Ok(vec![finding])
}
