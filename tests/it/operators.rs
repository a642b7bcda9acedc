//! The operator's calls, as users write them.

use wgpu_relu::{Activation, Error, Gpu, GpuActivation, GpuRelu, View, reference};

use crate::{bits, gpu, own_device, random_words};

#[test]
fn the_first_program_of_the_readme() {
    let gpu = gpu();
    let relu = GpuRelu::new(gpu);
    let x = gpu.upload(&[-1.0f32, 0.0, 2.0]).unwrap();
    let dy = gpu.upload(&[5.0f32, 6.0, 7.0]).unwrap();
    let y = relu.apply(&x).unwrap();
    let dx = relu.gradient(&x, &dy).unwrap();
    assert_eq!(gpu.download(&y).unwrap(), [0.0, 0.0, 2.0]);
    assert_eq!(gpu.download(&dx).unwrap(), [0.0, 0.0, 7.0]);
    assert_eq!(gpu.download(&x).unwrap(), [-1.0, 0.0, 2.0]);
    relu.apply_in_place(&x).unwrap();
    assert_eq!(gpu.download(&x).unwrap(), [0.0, 0.0, 2.0]);
    relu.gradient_into(&x, &dy, &dy).unwrap();
    assert_eq!(gpu.download(&dy).unwrap(), [0.0, 0.0, 7.0]);
}

/// `Activation::on`, `with_activation` and the alias `GpuRelu` are three ways to one type, with one check.
#[test]
fn an_activation_makes_its_operator() {
    let gpu = gpu();
    let x = gpu.upload(&[-2.0f32, 0.5, 3.0]).unwrap();
    for activation in [Activation::Relu, Activation::Hardtanh { min_val: -1.0, max_val: 1.0 }] {
        let made: GpuActivation = activation.on(gpu).unwrap();
        let other: GpuRelu = GpuActivation::with_activation(gpu, activation).unwrap();
        assert_eq!((made.activation(), other.activation()), (activation, activation));
        let [a, b] = [made, other].map(|relu| gpu.download(&relu.apply(&x).unwrap()).unwrap());
        assert_eq!(bits(&a), bits(&b));
        assert_eq!(a, reference::forward(activation, &[-2.0, 0.5, 3.0]));
    }
    let error = Activation::Elu { alpha: f32::INFINITY }.on(gpu).unwrap_err();
    assert!(matches!(error, Error::InvalidParameter { .. }), "{error}");
}

#[test]
fn slices_and_views_name_the_same_elements() {
    let gpu = gpu();
    let relu = GpuRelu::new(gpu);
    let x = gpu.upload(&[-1.0, 2.0, -3.0, 4.0, -5.0]).unwrap();
    for view in [View::from(x.slice(4..16)), View::elements::<f32>(&x, 1, 3)] {
        let y = relu.apply(view).unwrap();
        assert_eq!(gpu.download(&y).unwrap(), [2.0, 0.0, 4.0]);
    }
    let binding = wgpu::BufferBinding { buffer: &x, offset: 8, size: std::num::NonZero::new(8) };
    assert_eq!(gpu.download(&relu.apply(binding).unwrap()).unwrap(), [0.0, 4.0]);
    relu.apply_in_place(x.slice(8..)).unwrap();
    assert_eq!(gpu.download(&x).unwrap(), [-1.0, 2.0, 0.0, 4.0, 0.0]);
}

/// Reliability 1.
#[test]
fn nothing_is_something_too() {
    let gpu = gpu();
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(gpu, activation).unwrap();
        let empty = gpu.upload(&[]).unwrap();
        assert_eq!(gpu.download(&empty).unwrap(), [0.0f32; 0]);
        assert_eq!(operator.apply(&empty).unwrap().size(), 0);
        assert_eq!(operator.gradient(&empty, &empty).unwrap().size(), 0);
        operator.apply_in_place(&empty).unwrap();
        let full = gpu.upload(&[-1.0]).unwrap();
        operator.apply_in_place(View::elements::<f32>(&full, 1, 0)).unwrap();
        assert_eq!(gpu.download(&full).unwrap(), [-1.0]);
        assert_eq!(operator.forward(&[]).unwrap(), [0.0f32; 0]);
    }
}

#[test]
fn forward_takes_a_slice() {
    let x = [-2.0f32, -0.5, 0.0, 0.5, f32::NEG_INFINITY];
    for &activation in Activation::ALL {
        let y = GpuRelu::with_activation(gpu(), activation).unwrap().forward(&x).unwrap();
        for (got, expected) in y.iter().zip(reference::forward(activation, &x)) {
            assert!((got - expected).abs() <= 1e-6 || *got == expected, "{activation}: {y:?}");
        }
    }
}

/// 2^25 + 3 elements are more than the 128 MiB that a software adapter binds at once.
///
/// Reliability 12.
#[test]
fn more_than_one_binding_holds() {
    let gpu = gpu();
    let length = (1 << 25) + 3;
    let mut random = random_words(7);
    let x: Vec<f32> = (0..length).map(|_| f32::from_bits(random())).collect();
    let expected = bits(&reference::forward(Activation::Relu, &x));
    let buffer = gpu.upload(&x).unwrap();
    drop(x);
    let relu = GpuRelu::new(gpu);
    let y = relu.apply(&buffer).unwrap();
    assert!(bits(&gpu.download(&y).unwrap()) == expected, "apply");
    drop(y);
    relu.apply_in_place(buffer.slice(4..)).unwrap();
    assert!(bits(&gpu.download(buffer.slice(4..)).unwrap()) == expected[1..], "in place");
}

/// Ranges of one buffer so far apart that no binding covers both.
#[test]
fn far_apart_in_one_buffer() {
    let gpu = gpu();
    let length = (1 << 25) + (1 << 20);
    let mut x = vec![-1.0f32; length];
    let head: Vec<f32> = (0..5000).map(|i| i as f32 - 2500.0).collect();
    x[3..5003].copy_from_slice(&head);
    let buffer = gpu.upload(&x).unwrap();
    let relu = GpuRelu::new(gpu);
    let from = View::elements::<f32>(&buffer, 3, 5000);
    let to = View::elements::<f32>(&buffer, length as u64 - 5000, 5000);
    relu.apply_into(from, to).unwrap();
    assert_eq!(gpu.download(to).unwrap(), reference::forward(Activation::Relu, &head));
    assert_eq!(gpu.download(from).unwrap(), head);
}

#[test]
fn a_slope_of_any_size_uses_the_same_pipeline_and_is_right() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    // wgpu has some buffers of its own.
    let pipelines = || device.get_internal_counters().hal.compute_pipelines.read();
    let before = pipelines();
    let x = [-3.0f32, 1.5, f32::NEG_INFINITY];
    for negative_slope in [0.0f32, 0.5, 3.0, -2.0] {
        let leaky = Activation::LeakyRelu { negative_slope };
        let y = GpuRelu::with_activation(&gpu, leaky).unwrap().forward(&x).unwrap();
        assert_eq!(y, reference::forward(leaky, &x), "{leaky}");
    }
    assert_eq!(pipelines(), before + 1);
}

/// Reliability 17.
#[test]
fn many_threads_share_one_device() {
    let gpu = gpu();
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            scope.spawn(move || {
                let operator =
                    GpuRelu::with_activation(gpu, Activation::ALL[thread as usize % 3]).unwrap();
                let mut random = random_words(thread);
                for _ in 0..200 {
                    let length = 1 + random() as usize % 5000;
                    let x: Vec<f32> =
                        (0..length).map(|_| random() as i32 as f32 / (1 << 29) as f32).collect();
                    let expected = reference::forward(operator.activation(), &x);
                    let y = operator.apply(&gpu.upload(&x).unwrap()).unwrap();
                    for (got, expected) in gpu.download(&y).unwrap().iter().zip(expected) {
                        assert!((got - expected).abs() <= 1e-6 * expected.abs());
                    }
                }
            });
        }
    });
}

#[test]
fn handles_are_cheap_and_go_anywhere() {
    fn anywhere<T: Send + Sync + 'static>() {}
    anywhere::<Gpu>();
    anywhere::<GpuRelu>();
    anywhere::<wgpu_relu::Prepared>();
    anywhere::<Error>();
    let clone = gpu().clone();
    assert_eq!(clone.device(), gpu().device());
}
