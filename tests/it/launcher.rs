//! Plans, launched as by a foreign engine (testkit's launcher).

use testkit::launcher::Launcher;
use testkit::layout::{Layout, Subject};
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::plan::{BufferRange, Planner, Request, SumRequest};
use wgpu_relu::{
    Activation, Channels, Draw, Element, ElementType, Error, GpuPrelu, GpuRelu, Operand, Result,
    View,
};

use crate::fused::with_masks;
use crate::gpu;
use crate::harness::examine;

/// Every layout at lengths of each width and rest.
fn check<X: Element, Y: Element>(activation: Activation) {
    check_launcher::<X, Y>(activation, &Launcher::new(gpu(), activation, [X::TYPE, Y::TYPE]));
}

fn check_launcher<X: Element, Y: Element>(activation: Activation, launcher: &Launcher<'_>) {
    for length in [1, 7, 64, 1021, 2048, 4099, 70_001] {
        for (seed, &layout) in (length as u64..).zip(Layout::ALL) {
            let apart = matches!(layout, Layout::Apart { .. });
            if X::TYPE != Y::TYPE && !apart {
                continue;
            }
            if let Err(error) = examine::<X, Y>(gpu(), activation, launcher, length, layout, seed) {
                panic!("{error}");
            }
        }
    }
    assert!(launcher.pipelines() > 2, "{activation}");
}

#[test]
fn plans_give_the_results_of_the_operators() {
    for &activation in Activation::ALL {
        check::<f32, f32>(activation);
    }
}

#[test]
fn plans_of_16_bit_elements_give_the_results_of_the_operators() {
    for activation in [Activation::Relu, Activation::Gelu, Activation::Elu { alpha: 1.0 }] {
        check::<f16, f16>(activation);
        check::<bf16, bf16>(activation);
        check::<bf16, f32>(activation);
    }
}

/// Software drivers get other grids, whose invocations take several vectors, so no other test of theirs runs these.
#[test]
fn grids_of_gpus_give_the_results_of_the_operators() {
    fn check<X: Element, Y: Element>(activation: Activation) {
        let launcher = Launcher::new(gpu(), activation, [X::TYPE, Y::TYPE]).with_grids_of_gpus();
        check_launcher::<X, Y>(activation, &launcher);
    }
    for activation in [Activation::Relu, Activation::Gelu] {
        check::<f32, f32>(activation);
        check::<f16, f16>(activation);
        check::<bf16, f32>(activation);
    }
}

/// A gradient from the mask that the forward operation wrote, both launched from plans.
struct Masked<'g> {
    launcher: Launcher<'g>,
    operator: GpuRelu,
}

impl Masked<'_> {
    fn write(&self, x: View<'_>, y: View<'_>) -> Result<wgpu_relu::wgpu::Buffer> {
        let size = self.operator.mask_size(x.size() / 4)?;
        let mask = gpu().upload(&vec![0.0; size as usize / 4])?;
        let operands = [(Operand::X, x), (Operand::Y, y), (Operand::Mask, (&mask).into())];
        self.launcher.launch(Request::forward(self.operator.activation()), &operands)?;
        Ok(mask)
    }
}

impl Subject for Masked<'_> {
    fn forward(&self, x: View<'_>, y: View<'_>) -> Result<()> {
        self.write(x, y).map(|_| ())
    }

    fn gradient(&self, x: View<'_>, dy: View<'_>, dx: View<'_>) -> Result<()> {
        let y = gpu().upload(&vec![0.0; x.size() as usize / 4])?;
        let mask = self.write(x, (&y).into())?;
        let operands = [(Operand::Mask, (&mask).into()), (Operand::Dy, dy), (Operand::Dx, dx)];
        self.launcher.launch(Request::gradient(self.operator.activation()), &operands)
    }
}

#[test]
fn grids_of_gpus_give_the_results_of_masks() {
    for activation in with_masks() {
        let launcher = Launcher::new(gpu(), activation, [ElementType::F32; 2]);
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let masked = Masked { launcher: launcher.with_grids_of_gpus(), operator };
        for length in [1, 255, 257, 4093, 66_000] {
            for (seed, &layout) in (length as u64..).zip(Layout::ALL) {
                examine::<f32, f32>(gpu(), activation, &masked, length, layout, seed).unwrap();
            }
        }
    }
}

fn planner() -> Planner {
    let device = gpu().device();
    Planner::new(&gpu().adapter_info(), &device.limits(), device.features())
}

/// A buffer of its own for 64 f32.
fn whole(buffer: u32) -> BufferRange {
    BufferRange::whole(buffer, 256)
}

#[test]
fn plans_tell_what_an_operand_lacks() {
    let forward = || Request::forward(Activation::Relu).with(Operand::X, whole(0));
    let gradient = || {
        let request = Request::gradient(Activation::Relu);
        request.with(Operand::Dx, whole(1)).with(Operand::Dy, whole(2))
    };
    let both_signs = || forward().with(Operand::Y, whole(1)).with(Operand::YNegated, whole(2));
    let channels = Channels::last(64);
    let drawn =
        Request::forward(Activation::Rrelu { lower: 0.1, upper: 0.3 }).with_draw(Draw::default());
    let drawn = drawn.with(Operand::X, whole(0)).with(Operand::Y, whole(1));
    let drawn = drawn.with_channels(Operand::Weight, whole(2), channels);
    for (request, operand) in [
        (forward(), Operand::Y),
        (forward().with(Operand::Y, whole(1)).with(Operand::Dy, whole(2)), Operand::Dy),
        (gradient(), Operand::X),
        (gradient().with(Operand::X, whole(0)).with(Operand::Mask, whole(3)), Operand::Mask),
        (forward().with(Operand::Y, whole(1)).with(Operand::Dw, whole(2)), Operand::Dw),
        (gradient().with(Operand::X, whole(0)).with(Operand::Gate, whole(3)), Operand::Dgate),
        (forward().with(Operand::Y, whole(1)).with(Operand::Weight, whole(2)), Operand::Weight),
        (forward().with_channels(Operand::Y, whole(1), channels), Operand::Y),
        (drawn, Operand::Weight),
        (both_signs().with(Operand::Bias, whole(3)), Operand::Bias),
        (both_signs().with(Operand::Residual, whole(3)), Operand::Residual),
        (both_signs().with(Operand::Mask, whole(3)), Operand::Mask),
        (both_signs().with(Operand::Gate, whole(3)), Operand::Gate),
        (both_signs().with(Operand::DyNegated, whole(3)), Operand::DyNegated),
        (
            gradient().with(Operand::X, whole(0)).with(Operand::YNegated, whole(3)),
            Operand::YNegated,
        ),
    ] {
        match request.plan(&planner()) {
            Err(Error::Operands { operand: found, .. }) => assert_eq!(found, operand),
            other => panic!("{operand}: {other:?}"),
        }
    }
}

#[test]
fn plans_check_ranges_as_operators_do() {
    let request =
        |y| Request::forward(Activation::Relu).with(Operand::X, whole(0)).with(Operand::Y, y);
    let plan = |y| request(y).plan(&planner());
    assert!(plan(whole(1)).is_ok());
    assert!(plan(whole(0)).is_ok(), "in place");
    let shifted = BufferRange::elements::<f32>(0, 512, 1, 64);
    let x = BufferRange::elements::<f32>(0, 512, 0, 64);
    let overlapping =
        Request::forward(Activation::Relu).with(Operand::X, x).with(Operand::Y, shifted);
    assert!(matches!(overlapping.plan(&planner()), Err(Error::Overlap { .. })));
    assert!(matches!(plan(BufferRange::whole(1, 252)), Err(Error::LengthMismatch { .. })));
    let past = BufferRange::elements::<f32>(1, 256, 1, 64);
    assert!(matches!(plan(past), Err(Error::OutOfBounds { .. })));
}

/// Launchers compile once per key, so equal operations must have equal keys, and others must not.
#[test]
fn keys_tell_shaders_apart() {
    let key = |activation, element| {
        let range = |buffer| BufferRange::whole(buffer, 1 << 16);
        let request = Request::forward(activation).with_elements(element, element);
        let request = request.with(Operand::X, range(0)).with(Operand::Y, range(1));
        request.plan(&planner()).unwrap().dispatches[0].key().clone()
    };
    let relu = key(Activation::Relu, ElementType::F32);
    assert_eq!(relu, key(Activation::Relu, ElementType::F32));
    assert_ne!(relu, key(Activation::Relu, ElementType::F16));
    assert_ne!(relu, key(Activation::Silu, ElementType::F32));
    let elu = |alpha| key(Activation::Elu { alpha }, ElementType::F32);
    assert_eq!(elu(1.0), elu(2.0), "parameters are in the uniform");
}

/// In one pool, terms, sums and scratch share a buffer.
#[test]
fn sums_give_the_results_of_the_operators() {
    let launcher = Launcher::new(gpu(), Activation::Relu, [ElementType::F32; 2]);
    for (rows, channels) in
        [(1, Channels::last(1)), (77, Channels::last(64)), (5, Channels::second(3, 1001))]
    {
        let length = rows * channels.count * channels.inner;
        let values = |seed: u32| -> Vec<f32> {
            (0..length).map(|i| (i * seed % 8191) as f32 / 1024.0 - 4.0).collect()
        };
        let [x, dy] = [7919, 6007].map(|seed| gpu().upload(&values(seed)).expect("room"));
        let slopes = gpu().upload(&vec![0.5; channels.count as usize]).expect("room");
        let size = u64::from(length) * 4;
        let [of_x, of_dy] = [0, 1].map(|number| BufferRange::whole(number, size));
        let dw = BufferRange::whole(2, slopes.size());
        let elements = [ElementType::F32; 2];
        let of_slopes = SumRequest::weight_gradient(elements, of_x, of_dy, channels, dw);
        let of_values = SumRequest::channel_sums(ElementType::F32, of_x, channels, dw);
        let prelu = GpuPrelu::with_channels(gpu(), &slopes, channels);
        for (request, expected) in [
            (&of_slopes, prelu.weight_gradient(&x, &dy).expect("valid")),
            (&of_values, gpu().channel_sums(&x, channels).expect("valid")),
        ] {
            let plan = request.plan(launcher.planner()).expect("valid");
            assert!(plan.dispatches.iter().all(|d| d.bindings().iter().all(|b| b.writable)));
            let sums = gpu().zeros::<f32>(channels.count.into()).expect("room");
            launcher.run(&plan, &[&x, &dy, &sums]).expect("valid");
            let bits = |buffer| -> Vec<u32> {
                let sums: Vec<f32> = gpu().download(buffer).expect("a working device");
                sums.iter().map(|sum| sum.to_bits()).collect()
            };
            assert_eq!(bits(&sums), bits(&expected), "{channels:?}");
        }
    }
    let x = BufferRange::whole(0, 12);
    let three = SumRequest::channel_sums(ElementType::F32, x, Channels::last(3), x);
    let error = three.plan(launcher.planner()).unwrap_err();
    assert!(matches!(error, Error::SharedBuffer { .. }), "{error}");
}
