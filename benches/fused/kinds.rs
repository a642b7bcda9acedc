//! Other kinds of data: 16-bit floats, rows and strides, learned slopes, gated units.

use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, Channels, Element, Gpu, GpuGlu, GpuPrelu, GpuRelu, View, reference};

use crate::forms::{
    BEFORE, Form, IMAGES, Operands, Output, UNITS, bias, buffer, dy, relu_gradient, relu_of, x,
};

/// Rows of 1,000 of 1,024 elements.
const ROW: [usize; 2] = [1000, 1024];

/// Rows of 48 of 64 elements.
const SHORT_ROW: [usize; 2] = [48, 64];

/// From images of 4 channels of 32 by 32, 3 channels of 24 by 24 are taken.
const CROP: [usize; 3] = [3, 24, 24];
const IMAGE: [usize; 3] = [4, 32, 32];

/// x and y as 16-bit floats, beside the operands in f32.
pub(crate) struct Halves {
    of_f16: [wgpu::Buffer; 2],
    of_bf16: [wgpu::Buffer; 2],
}

impl Halves {
    pub(crate) fn new(operands: &Operands<'_>) -> Self {
        fn pair<T: Element>(gpu: &Gpu, length: usize) -> [wgpu::Buffer; 2] {
            [buffer::<T>(gpu, length, x), buffer::<T>(gpu, length, |_| BEFORE)]
        }
        let Operands { gpu, length, .. } = operands;
        Halves { of_f16: pair::<f16>(gpu, *length), of_bf16: pair::<bf16>(gpu, *length) }
    }
}

pub(crate) fn forms<'a>(operands: &'a Operands<'_>, halves: &'a Halves) -> Vec<Form<'a>> {
    let mut forms = of_halves(operands, halves);
    forms.extend(of_strides(operands));
    forms.extend(of_slopes(operands));
    forms.extend(of_gates(operands));
    forms
}

/// From a buffer of `X` to one of `Y`.
fn stored<'a, X: Element, Y: Element + PartialEq + std::fmt::Debug>(
    name: &'static str,
    operands: &'a Operands<'_>,
    from: &wgpu::Buffer,
    to: &'a wgpu::Buffer,
) -> Form<'a> {
    let relu = GpuRelu::new(operands.gpu).with_element(X::TYPE).with_output_element(Y::TYPE);
    let output = Output::exact::<Y>(operands.gpu, to, |i| X::from_f32(relu_of(i)).to_f32());
    let bytes = (size_of::<X>() + size_of::<Y>()) as f64;
    Form::new((name, "relu"), (bytes, operands.length), relu.prepare(from, to), output)
}

/// From an element of a buffer on to an element of another.
fn unaligned<'a, T: Element + PartialEq + std::fmt::Debug>(
    name: &'static str,
    operands: &'a Operands<'_>,
    [from, to]: [&'a wgpu::Buffer; 2],
    [x_at, y_at]: [usize; 2],
) -> Form<'a> {
    let Operands { gpu, length, .. } = operands;
    let relu = GpuRelu::new(gpu).with_element(T::TYPE);
    let count = length - x_at.max(y_at);
    let view = |buffer, first| View::elements::<T>(buffer, first as u64, count as u64);
    let value = move |i: usize| match i.checked_sub(y_at) {
        Some(element) if element < count => T::from_f32(relu_of(element + x_at)).to_f32(),
        _ => BEFORE,
    };
    let output = Output::exact::<T>(gpu, to, value);
    let bytes = 2.0 * size_of::<T>() as f64;
    let step = relu.prepare(view(from, x_at), view(to, y_at));
    Form::new((name, "relu"), (bytes, count), step, output)
}

fn of_halves<'a>(operands: &'a Operands<'_>, halves: &'a Halves) -> Vec<Form<'a>> {
    let (gpu, x, y) = (operands.gpu, &operands.x, &operands.y);
    let ([f16_x, f16_y], [bf16_x, bf16_y]) = (&halves.of_f16, &halves.of_bf16);
    let accumulating = GpuRelu::new(gpu).accumulating();
    let add = accumulating.prepare_gradient(x, &operands.dy, y);
    let added = operands.in_y(|i| BEFORE + relu_gradient(i));
    vec![
        stored::<f16, f16>("relu, f16", operands, f16_x, f16_y),
        stored::<bf16, bf16>("relu, bf16", operands, bf16_x, bf16_y),
        stored::<f32, f16>("relu, f32 to f16", operands, x, f16_y),
        stored::<f16, f32>("relu, f16 to f32", operands, f16_x, y),
        stored::<f32, bf16>("relu, f32 to bf16", operands, x, bf16_y),
        stored::<bf16, f32>("relu, bf16 to f32", operands, bf16_x, y),
        unaligned::<f32>("relu, x off by an element", operands, [x, y], [1, 0]),
        unaligned::<f16>("relu, f16, x off by an element", operands, [f16_x, f16_y], [1, 0]),
        unaligned::<bf16>("relu, bf16, x off by an element", operands, [bf16_x, bf16_y], [1, 0]),
        unaligned::<f32>("relu, both from element 1", operands, [x, y], [1, 1]),
        unaligned::<f16>("relu, f16, both from element 1", operands, [f16_x, f16_y], [1, 1]),
        Form::new(
            ("relu gradient, accumulated", "relu gradient"),
            (16.0, operands.length),
            add,
            added,
        ),
    ]
}

fn of_strides<'a>(operands: &'a Operands<'_>) -> Vec<Form<'a>> {
    let Operands { gpu, length, x, y, .. } = operands;
    let relu = GpuRelu::new(gpu);
    let rows = |buffer, [row, pitch]: [usize; 2]| {
        View::rows_of::<f32>(buffer, 0, row as u64, (length / pitch) as u64, pitch as u64)
    };
    let mut forms = Vec::new();
    for (name, [row, pitch]) in
        [("relu, rows of 1,000 of 1,024", ROW), ("relu, rows of 48 of 64", SHORT_ROW)]
    {
        let step = relu.prepare(rows(x, [row, pitch]), rows(y, [row, pitch]));
        let output = operands.in_y(move |i| if i % pitch < row { relu_of(i) } else { BEFORE });
        forms.push(Form::new((name, "relu"), (8.0, length / pitch * row), step, output));
    }
    let [channels, height, width] = IMAGE;
    let image = channels * height * width;
    let strides = [image, height * width, width, 1].map(|stride| stride as u64);
    let images = length / image;
    let crop = |buffer| {
        let shape = [images, CROP[0], CROP[1], CROP[2]].map(|size| size as u64);
        View::strided::<f32, 4>(buffer, 0, shape, strides)
    };
    let is_inside = move |i: usize| {
        let at = [i / (height * width) % channels, i / width % height, i % width];
        at.iter().zip(CROP).all(|(at, size)| *at < size)
    };
    forms.push(Form::new(
        ("relu, images cropped in 3 of 4 dimensions", "relu"),
        (8.0, images * CROP.iter().product::<usize>()),
        relu.prepare(crop(x), crop(y)),
        operands.in_y(move |i| if is_inside(i) { relu_of(i) } else { BEFORE }),
    ));
    // [N, C, H, W] is read in the order [N, H, W, C].
    let [n, c, h, w] = strides;
    let shape = [images, height, width, channels].map(|size| size as u64);
    let last = View::strided::<f32, 4>(x, 0, shape, [n, h, w, c]);
    let from = move |i: usize| {
        let (channel, pixel) = (i % channels, i / channels % (height * width));
        i / image * image + channel * height * width + pixel
    };
    forms.push(Form::new(
        ("relu, images to channels-last", "relu"),
        (8.0, *length),
        relu.prepare(last, y),
        operands.in_y(move |i| relu_of(from(i))),
    ));
    forms
}

fn of_slopes<'a>(operands: &'a Operands<'_>) -> Vec<Form<'a>> {
    let Operands { gpu, length, x: x_, dy: dy_, y, .. } = operands;
    let mut forms = Vec::new();
    for (names, channels) in [
        (
            ["prelu, a slope per unit", "prelu dx, a slope per unit", "prelu dw, a slope per unit"],
            UNITS,
        ),
        (
            [
                "prelu, a slope per image channel",
                "prelu dx, a slope per image channel",
                "prelu dw, a slope per image channel",
            ],
            IMAGES,
        ),
        (["prelu, one slope", "prelu dx, one slope", "prelu dw, one slope"], Channels::last(1)),
    ] {
        let count = u64::from(channels.count);
        let slopes = View::elements::<f32>(&operands.bias, 0, count);
        let prelu = GpuPrelu::with_channels(gpu, slopes, channels);
        let slope = move |i: usize| bias(i / channels.inner as usize % channels.count as usize);
        let forward = operands.in_y(move |i| if x(i) > 0.0 { x(i) } else { slope(i) * x(i) });
        let dx = operands.in_y(move |i| if x(i) > 0.0 { dy(i) } else { slope(i) * dy(i) });
        let dw = View::elements::<f32>(&operands.sums, 0, count);
        let [name, name_dx, name_dw] = names;
        forms.extend([
            Form::new((name, "relu"), (8.0, *length), prelu.prepare(x_, y), forward),
            Form::new(
                (name_dx, "relu gradient"),
                (12.0, *length),
                prelu.prepare_gradient(x_, dy_, y),
                dx,
            ),
            Form::new(
                (name_dw, "relu"),
                (8.0, *length),
                prelu.prepare_weight_gradient(x_, dy_, dw),
                Output::sums(operands, channels, |i| x(i).min(0.0) * dy(i)),
            ),
        ]);
    }
    forms
}

/// The length is that of y: half of x.
fn of_gates<'a>(operands: &'a Operands<'_>) -> Vec<Form<'a>> {
    let Operands { gpu, length, x: x_, dy: dy_, y, .. } = operands;
    let (half, sigmoid) = (length / 2, Activation::Sigmoid);
    let glu = GpuGlu::glu(gpu);
    let whole = |buffer| View::elements::<f32>(buffer, 0, half as u64);
    let row = UNITS.count as usize;
    let split = move |i: usize| i / (row / 2) * row + i % (row / 2);
    let forward = move |i: usize| match i < half {
        true => f64::from(x(split(i))) * reference::value(sigmoid, x(split(i) + row / 2)),
        false => f64::from(BEFORE),
    };
    let gradient = move |i: usize| {
        let upstream = f64::from(dy(i / row * (row / 2) + i % (row / 2)));
        match i % row < row / 2 {
            true => upstream * reference::value(sigmoid, x(i + row / 2)),
            false => upstream * f64::from(x(i - row / 2)) * reference::derivative(sigmoid, x(i)),
        }
    };
    vec![
        Form::new(
            ("glu, split", "relu"),
            (12.0, half),
            glu.prepare_split(x_, UNITS, whole(y)),
            Output::near(gpu, y, forward),
        ),
        Form::new(
            ("glu gradient, split", "relu gradient"),
            (20.0, half),
            glu.prepare_gradient_split(x_, whole(dy_), UNITS, y),
            Output::near(gpu, y, gradient),
        ),
    ]
}
