//! The forms, and what must come out of each.

use wgpu_relu::{Activation, Channels, Draw, Fusion, Gpu, GpuRelu, Prepared, Unit};

const UNITS: Channels = Channels::last(512);
const IMAGES: Channels = Channels::second(64, 1024);
const DRAW: Draw = Draw { seed: 1, offset: 2 };
const RRELU: Activation = Activation::Rrelu { lower: 0.125, upper: 0.25 };

/// Buffers of one length; the values repeat, and are exact in sums.
pub(crate) struct Operands<'g> {
    gpu: &'g Gpu,
    length: usize,
    x: wgpu::Buffer,
    dy: wgpu::Buffer,
    y: wgpu::Buffer,
    residual: wgpu::Buffer,
    /// One value for each of 512 channels.
    bias: wgpu::Buffer,
    sums: wgpu::Buffer,
    mask: wgpu::Buffer,
    /// A record for each of 512 channels.
    records: wgpu::Buffer,
}

/// What is timed.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// The form whose time it is compared with.
    pub(crate) plain: &'static str,
    /// Read and written for an element.
    pub(crate) bytes: f64,
    /// None: the copy.
    step: Option<Prepared>,
    /// The result's element i; none where the result is the sums.
    expected: Option<fn(usize) -> f32>,
}

fn x(i: usize) -> f32 {
    (i % 1021) as f32 - 510.0
}
fn dy(i: usize) -> f32 {
    (i % 7) as f32 - 3.0
}
fn residual(i: usize) -> f32 {
    (i % 13) as f32
}
fn bias(channel: usize) -> f32 {
    channel as f32 - 31.5
}
fn relu_gradient(i: usize) -> f32 {
    if x(i) > 0.0 { dy(i) } else { 0.0 }
}

impl<'g> Operands<'g> {
    pub(crate) fn new(gpu: &'g Gpu, length: usize) -> Self {
        let buffer = |length: usize, value: fn(usize) -> f32| {
            let values: Vec<f32> = (0..length).map(value).collect();
            gpu.upload(&values).expect("room for the operands")
        };
        let mask = GpuRelu::new(gpu).mask_size(length as u64).expect("relu has a mask") as usize;
        Operands {
            gpu,
            length,
            x: buffer(length, x),
            dy: buffer(length, dy),
            y: buffer(length, |_| -1.0),
            residual: buffer(length, residual),
            bias: buffer(512, bias),
            sums: buffer(512, |_| -1.0),
            mask: buffer(mask / 4, |_| 0.0),
            records: buffer(512 * Unit::SIZE as usize / 4, |_| 0.0),
        }
    }

    /// All forms, the copy first. The one that writes the mask comes before the one that reads it.
    pub(crate) fn forms(&self) -> Vec<Form> {
        let gpu = self.gpu;
        let (x_, dy_, y, none) = (&self.x, &self.dy, &self.y, Fusion::new());
        let relu = GpuRelu::new(gpu);
        let rrelu = GpuRelu::with_activation(gpu, RRELU).expect("an activation");
        let drawn = rrelu.in_training(DRAW).expect("rrelu draws");
        let few = wgpu_relu::View::elements::<f32>(&self.bias, 0, 64);
        let fused = |fusion| relu.prepare_fused(x_, fusion, y);
        let relu_of: fn(usize) -> f32 = |i| x(i).max(0.0);
        let mut forms =
            vec![Form { name: "copy", plain: "", bytes: 8.0, step: None, expected: Some(x) }];
        let mut add = |name, plain, bytes, step: wgpu_relu::Result<Prepared>, expected| {
            let step = Some(step.expect("operands that fit"));
            forms.push(Form { name, plain, bytes, step, expected });
        };
        add("relu", "", 8.0, relu.prepare(x_, y), Some(relu_of));
        let by_unit: fn(usize) -> f32 = |i| (x(i) + bias(i % 512)).max(0.0);
        let by_image: fn(usize) -> f32 = |i| (x(i) + bias(i / 1024 % 64)).max(0.0);
        let by_element: fn(usize) -> f32 = |i| (x(i) + residual(i)).max(0.0);
        let with_residual: fn(usize) -> f32 = |i| x(i).max(0.0) + residual(i);
        let unit_bias = none.channel_bias(&self.bias, UNITS);
        add("relu, bias a unit", "relu", 8.0, fused(unit_bias), Some(by_unit));
        let with_units = relu.prepare_with_units(x_, &self.bias, UNITS, y, &self.records);
        let (name, plain) = ("relu, bias a unit, with statistics", "relu, bias a unit");
        add(name, plain, 8.5, with_units, Some(by_unit));
        // Of what the form before left.
        let units = gpu.prepare_units(y, UNITS, Activation::Relu, &self.records);
        add("statistics a unit", "relu, bias a unit", 4.5, units, Some(by_unit));
        let image_bias = none.channel_bias(few, IMAGES);
        add("relu, bias an image channel", "relu", 8.0, fused(image_bias), Some(by_image));
        let element_bias = none.bias(&self.residual);
        add("relu, bias an element", "relu", 12.0, fused(element_bias), Some(by_element));
        let residual = none.residual(&self.residual);
        add("relu, residual", "relu", 12.0, fused(residual), Some(with_residual));
        add("relu with mask", "relu", 8.125, fused(none.mask(&self.mask)), Some(relu_of));
        add("relu gradient", "", 12.0, relu.prepare_gradient(x_, dy_, y), Some(relu_gradient));
        let from_mask = relu.prepare_mask_gradient(&self.mask, dy_, y);
        add("relu gradient from mask", "relu gradient", 8.125, from_mask, Some(relu_gradient));
        add("rrelu", "relu", 8.0, rrelu.prepare(x_, y), Some(|i| x(i).max(0.1875 * x(i))));
        let drawn_of: fn(usize) -> f32 =
            |i| if x(i) > 0.0 { x(i) } else { DRAW.slope(0.125, 0.25, i as u64) * x(i) };
        add("rrelu, drawn", "rrelu", 8.0, drawn.prepare(x_, y), Some(drawn_of));
        let sums = gpu.prepare_channel_sums(dy_, UNITS, &self.sums);
        add("sums a unit", "", 4.0, sums, None);
        let few = wgpu_relu::View::elements::<f32>(&self.sums, 0, 64);
        let sums = gpu.prepare_channel_sums(dy_, IMAGES, few);
        add("sums an image channel", "sums a unit", 4.0, sums, None);
        forms
    }
}

impl Form {
    pub(crate) fn record(&self, operands: &Operands<'_>, encoder: &mut wgpu::CommandEncoder) {
        let (x, y) = (&operands.x, &operands.y);
        match &self.step {
            None => encoder.copy_buffer_to_buffer(x, 0, y, 0, x.size()),
            Some(step) => step.record(&mut encoder.begin_compute_pass(&Default::default())),
        }
    }

    /// Runs it once more, and looks at every element.
    pub(crate) fn verify(&self, gpu: &Gpu, operands: &Operands<'_>) {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        self.record(operands, &mut encoder);
        gpu.queue().submit([encoder.finish()]);
        let read = |buffer| gpu.download(buffer).expect("a result");
        if let Some(expected) = self.expected {
            for (i, y) in read(&operands.y).into_iter().enumerate() {
                assert!(y == expected(i), "{}, element {i}: {y}, not {}", self.name, expected(i));
            }
            if self.name.contains("statistics") {
                let units = Unit::from_records(&read(&operands.records));
                let rows = operands.length / 512;
                for (channel, unit) in units.iter().enumerate() {
                    let of_unit = || (0..rows).map(|row| f64::from(expected(512 * row + channel)));
                    let zeros = of_unit().filter(|y| *y == 0.0).count() as u64;
                    let mean = of_unit().sum::<f64>() / rows as f64;
                    assert_eq!((unit.finite, unit.zeros), (rows as u64, zeros), "unit {channel}");
                    assert!((unit.mean - mean).abs() < 1e-5 * mean, "unit {channel}: {unit:?}");
                }
            }
            return;
        }
        let channels = if self.name == "sums a unit" { UNITS } else { IMAGES };
        let (count, inner) = (channels.count as usize, channels.inner as usize);
        let mut expected = vec![0.0; count];
        for i in 0..operands.length {
            expected[i / inner % count] += dy(i);
        }
        assert_eq!(read(&operands.sums)[..count], expected, "{}", self.name);
    }
}
