//! A form: an operation to time and to verify. The fused forms.

use wgpu_relu::{
    Activation, Channels, Draw, Element, Fusion, Gpu, GpuRelu, Prepared, Result, Unit, View,
};

pub(crate) const UNITS: Channels = Channels::last(512);
pub(crate) const IMAGES: Channels = Channels::second(64, 1024);
const DRAW: Draw = Draw { seed: 1, offset: 2 };
const RRELU: Activation = Activation::Rrelu { lower: 0.125, upper: 0.25 };

/// The contents of outputs before a verified run.
pub(crate) const BEFORE: f32 = -1.0;

/// Buffers of one length; the values repeat, and are exact in sums.
pub(crate) struct Operands<'g> {
    pub(crate) gpu: &'g Gpu,
    pub(crate) length: usize,
    pub(crate) x: wgpu::Buffer,
    pub(crate) dy: wgpu::Buffer,
    pub(crate) y: wgpu::Buffer,
    residual: wgpu::Buffer,
    /// One value per channel, of 512.
    pub(crate) bias: wgpu::Buffer,
    pub(crate) sums: wgpu::Buffer,
    mask: wgpu::Buffer,
    /// One record per channel, of 512.
    records: wgpu::Buffer,
}

type Check<'a> = Box<dyn Fn(&str) + 'a>;

/// An operation to time.
pub(crate) struct Form<'a> {
    pub(crate) name: &'static str,
    /// The form whose time it is compared with.
    pub(crate) plain: &'static str,
    /// Bytes read and written per element.
    pub(crate) bytes: f64,
    pub(crate) elements: usize,
    /// None: the copy.
    step: Option<Prepared>,
    /// Wipes the output, and compares all of it after a run.
    output: Output<'a>,
}

/// The buffer of the result, and its right contents.
pub(crate) struct Output<'a> {
    wipe: Box<dyn Fn() + 'a>,
    check: Check<'a>,
}

pub(crate) fn x(i: usize) -> f32 {
    (i % 1021) as f32 - 510.0
}
pub(crate) fn dy(i: usize) -> f32 {
    (i % 7) as f32 - 3.0
}
fn residual(i: usize) -> f32 {
    (i % 13) as f32
}
pub(crate) fn bias(channel: usize) -> f32 {
    channel as f32 - 31.5
}
pub(crate) fn relu_of(i: usize) -> f32 {
    x(i).max(0.0)
}
pub(crate) fn relu_gradient(i: usize) -> f32 {
    if x(i) > 0.0 { dy(i) } else { 0.0 }
}

impl<'a> Output<'a> {
    /// All elements of a buffer, to the last bit.
    pub(crate) fn exact<T: Element + PartialEq + std::fmt::Debug>(
        gpu: &'a Gpu,
        buffer: &'a wgpu::Buffer,
        expected: impl Fn(usize) -> f32 + 'a,
    ) -> Self {
        Output::of(gpu, buffer, move |i, got: T| got == T::from_f32(expected(i)))
    }

    /// All elements of a buffer, up to some roundings; those of numbers below 1 count as those of 1.
    pub(crate) fn near(
        gpu: &'a Gpu,
        buffer: &'a wgpu::Buffer,
        expected: impl Fn(usize) -> f64 + 'a,
    ) -> Self {
        Output::of(gpu, buffer, move |i, got: f32| {
            let expected = expected(i);
            (f64::from(got) - expected).abs() <= 4e-7 * expected.abs().max(1.0)
        })
    }

    /// The sums of `term` over the channels, which are exact.
    pub(crate) fn sums(
        operands: &'a Operands<'_>,
        channels: Channels,
        term: impl Fn(usize) -> f32 + 'a,
    ) -> Self {
        let (gpu, sums) = (operands.gpu, &operands.sums);
        let (count, inner) = (channels.count as usize, channels.inner as usize);
        let check = move |name: &str| {
            let mut expected = vec![0.0; count];
            for i in 0..operands.length {
                expected[i / inner % count] += f64::from(term(i));
            }
            let found = gpu.download(sums).expect("a result");
            for (channel, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let found = f64::from(*found);
                assert_eq!(found, *expected, "{name}, channel {channel}");
            }
        };
        Output { wipe: wipe::<f32>(gpu, sums), check: Box::new(check) }
    }

    fn of<T: Element + std::fmt::Debug>(
        gpu: &'a Gpu,
        buffer: &'a wgpu::Buffer,
        is_right: impl Fn(usize, T) -> bool + 'a,
    ) -> Self {
        let check = move |name: &str| {
            let found = gpu.download_elements::<T>(buffer).expect("a result");
            for (i, found) in found.into_iter().enumerate() {
                assert!(is_right(i, found), "{name}, element {i}: {found:?}");
            }
        };
        Output { wipe: wipe::<T>(gpu, buffer), check: Box::new(check) }
    }
}

fn wipe<'a, T: Element>(gpu: &'a Gpu, buffer: &'a wgpu::Buffer) -> Box<dyn Fn() + 'a> {
    Box::new(move || {
        let before = vec![T::from_f32(BEFORE); buffer.size() as usize / size_of::<T>()];
        gpu.upload_elements_into(&before, buffer).expect("room for as many");
    })
}

impl<'a> Form<'a> {
    pub(crate) fn new(
        (name, plain): (&'static str, &'static str),
        (bytes, elements): (f64, usize),
        step: Result<Prepared>,
        output: Output<'a>,
    ) -> Self {
        let step = Some(step.expect("operands that fit"));
        Form { name, plain, bytes, elements, step, output }
    }

    pub(crate) fn record(&self, operands: &Operands<'_>, encoder: &mut wgpu::CommandEncoder) {
        let (x, y) = (&operands.x, &operands.y);
        match &self.step {
            None => encoder.copy_buffer_to_buffer(x, 0, y, 0, x.size()),
            Some(step) => step.record(&mut encoder.begin_compute_pass(&Default::default())),
        }
    }

    /// Runs it once more, and compares every element.
    pub(crate) fn verify(&self, operands: &Operands<'_>) {
        let gpu = operands.gpu;
        (self.output.wipe)();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        self.record(operands, &mut encoder);
        gpu.queue().submit([encoder.finish()]);
        (self.output.check)(self.name);
    }
}

impl<'g> Operands<'g> {
    pub(crate) fn new(gpu: &'g Gpu, length: usize) -> Self {
        let mask = GpuRelu::new(gpu).mask_size(length as u64).expect("relu has a mask") as usize;
        Operands {
            gpu,
            length,
            x: buffer::<f32>(gpu, length, x),
            dy: buffer::<f32>(gpu, length, dy),
            y: buffer::<f32>(gpu, length, |_| BEFORE),
            residual: buffer::<f32>(gpu, length, residual),
            bias: buffer::<f32>(gpu, 512, bias),
            sums: buffer::<f32>(gpu, 512, |_| BEFORE),
            mask: buffer::<f32>(gpu, mask / 4, |_| 0.0),
            records: buffer::<f32>(gpu, 512 * Unit::SIZE as usize / 4, |_| BEFORE),
        }
    }

    pub(crate) fn in_y(&self, expected: impl Fn(usize) -> f32 + 'static) -> Output<'_> {
        Output::exact::<f32>(self.gpu, &self.y, expected)
    }

    /// The statistics of y, which has these elements.
    fn statistics(&self, y: fn(usize) -> f32) -> Output<'_> {
        let check = move |name: &str| {
            let units = Unit::from_records(&self.gpu.download(&self.records).expect("a result"));
            let rows = self.length / 512;
            for (channel, unit) in units.iter().enumerate() {
                let of_unit = || (0..rows).map(|row| f64::from(y(512 * row + channel)));
                let zeros = of_unit().filter(|y| *y == 0.0).count() as u64;
                let mean = of_unit().sum::<f64>() / rows as f64;
                assert_eq!(
                    (unit.finite, unit.zeros),
                    (rows as u64, zeros),
                    "{name}, unit {channel}"
                );
                assert!((unit.mean - mean).abs() < 1e-5 * mean, "{name}, unit {channel}: {unit:?}");
            }
        };
        Output { wipe: wipe::<f32>(self.gpu, &self.records), check: Box::new(check) }
    }

    /// The copy, relu, and the fused forms. The form that writes the mask comes before the form that reads it.
    pub(crate) fn fused_forms(&self) -> Vec<Form<'_>> {
        let gpu = self.gpu;
        let (x_, dy_, y, none) = (&self.x, &self.dy, &self.y, Fusion::new());
        let relu = GpuRelu::new(gpu);
        let rrelu = GpuRelu::with_activation(gpu, RRELU).expect("an activation");
        let drawn = rrelu.in_training(DRAW).expect("rrelu draws");
        let few = View::elements::<f32>(&self.bias, 0, 64);
        let fused = |fusion| relu.prepare_fused(x_, fusion, y);
        let (name, plain, elements) = ("copy", "", self.length);
        let copy = Form { name, plain, bytes: 8.0, elements, step: None, output: self.in_y(x) };
        let mut forms = vec![copy];
        let mut add = |name, plain, bytes, step: Result<Prepared>, expected: fn(usize) -> f32| {
            forms.push(Form::new((name, plain), (bytes, elements), step, self.in_y(expected)));
        };
        add("relu", "", 8.0, relu.prepare(x_, y), relu_of);
        let unit_bias = none.channel_bias(&self.bias, UNITS);
        let by_unit: fn(usize) -> f32 = |i| (x(i) + bias(i % 512)).max(0.0);
        add("relu, bias per unit", "relu", 8.0, fused(unit_bias), by_unit);
        let image_bias = none.channel_bias(few, IMAGES);
        let by_image: fn(usize) -> f32 = |i| (x(i) + bias(i / 1024 % 64)).max(0.0);
        add("relu, bias per image channel", "relu", 8.0, fused(image_bias), by_image);
        let element_bias = none.bias(&self.residual);
        let by_element: fn(usize) -> f32 = |i| (x(i) + residual(i)).max(0.0);
        add("relu, bias per element", "relu", 12.0, fused(element_bias), by_element);
        let skipped = none.residual(&self.residual);
        let with_residual: fn(usize) -> f32 = |i| x(i).max(0.0) + residual(i);
        add("relu, residual", "relu", 12.0, fused(skipped), with_residual);
        add("relu with mask", "relu", 8.125, fused(none.mask(&self.mask)), relu_of);
        add("relu gradient", "", 12.0, relu.prepare_gradient(x_, dy_, y), relu_gradient);
        let from_mask = relu.prepare_mask_gradient(&self.mask, dy_, y);
        add("relu gradient from mask", "relu gradient", 8.125, from_mask, relu_gradient);
        add("rrelu", "relu", 8.0, rrelu.prepare(x_, y), |i| x(i).max(0.1875 * x(i)));
        let drawn_of: fn(usize) -> f32 =
            |i| if x(i) > 0.0 { x(i) } else { DRAW.slope(0.125, 0.25, i as u64) * x(i) };
        add("rrelu, random slopes", "rrelu", 8.0, drawn.prepare(x_, y), drawn_of);
        let with_units = relu.prepare_with_units(x_, &self.bias, UNITS, y, &self.records);
        // The second form reads the y that the first one wrote.
        let alone = gpu.prepare_units(y, UNITS, Activation::Relu, &self.records);
        for (name, bytes, step) in [
            ("relu, bias per unit, with statistics", 8.5, with_units),
            ("statistics per unit", 4.5, alone),
        ] {
            let output = self.statistics(by_unit);
            forms.push(Form::new((name, "relu"), (bytes, elements), step, output));
        }
        for (name, channels) in [("sums per unit", UNITS), ("sums per image channel", IMAGES)] {
            let sums = View::elements::<f32>(&self.sums, 0, channels.count.into());
            let step = gpu.prepare_channel_sums(dy_, channels, sums);
            let output = Output::sums(self, channels, dy);
            forms.push(Form::new((name, "relu"), (4.0, elements), step, output));
        }
        forms
    }
}

/// Elements by their index.
pub(crate) fn buffer<T: Element>(
    gpu: &Gpu,
    length: usize,
    value: impl Fn(usize) -> f32,
) -> wgpu::Buffer {
    let values: Vec<T> = (0..length).map(|i| T::from_f32(value(i))).collect();
    gpu.upload_elements(&values).expect("room for the operands")
}
