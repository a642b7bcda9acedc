//! PReLU and both its gradients.

use burn::tensor::{DType, Tensor, TensorData, f16};
use wgpu_relu::{Channels, GpuPrelu};
use wgpu_relu_burn::{Error, prelu};

use crate::{GPU, any_bits, assert_bits, ordinary, tensor, values, wgpu};

/// y, dx and dw by the crate.
fn of_crate(x: &[f32], dy: &[f32], slopes: &[f32], channels: Channels) -> [Vec<f32>; 3] {
    let [x, dy, slopes] = [x, dy, slopes].map(|data| GPU.upload(data).expect("room"));
    let prelu = GpuPrelu::with_channels(&GPU, &slopes, channels);
    let results = [prelu.apply(&x), prelu.gradient(&x, &dy), prelu.weight_gradient(&x, &dy)];
    results.map(|buffer| GPU.download(&buffer.expect("valid")).expect("a working device"))
}

#[test]
fn values_and_gradients_have_the_bits_of_the_crate() {
    let device = wgpu().autodiff();
    let shapes: [[usize; 3]; 6] =
        [[1, 1, 1], [2, 3, 5], [1, 7, 1], [4, 64, 9], [33, 5, 31], [2, 2, 4096]];
    for shape in shapes {
        let length = shape.iter().product();
        let (x, dy) = (any_bits(length), ordinary(length));
        // The sums of NaN and of infinities have other bits than those of numbers.
        let x: Vec<f32> = x.iter().map(|v| if v.is_normal() { *v * 1e-20 } else { -0.5 }).collect();
        for count in [1, shape[1]] {
            let slopes: Vec<f32> = (0..count).map(|i| 0.25 + i as f32).collect();
            let channels = match count {
                1 => Channels::last(1),
                _ => Channels::second(shape[1] as u32, shape[2] as u32),
            };
            let [y, dx, dw] = of_crate(&x, &dy, &slopes, channels);
            let leaf = Tensor::<3>::from_data(TensorData::new(x.clone(), shape), &device);
            let (leaf, of_slopes) = (leaf.require_grad(), tensor(&slopes, &device).require_grad());
            let result = prelu(leaf.clone(), of_slopes.clone()).expect("valid");
            let upstream = Tensor::<3>::from_data(TensorData::new(dy.clone(), shape), &device);
            let gradients = (result.clone() * upstream).backward();
            assert_bits(&values(result), &y, format!("{shape:?}, {count} slopes"));
            let found = leaf.grad(&gradients).expect("x has a gradient");
            assert_bits(&values(found), &dx, format!("dx, {shape:?}, {count} slopes"));
            let found = of_slopes.grad(&gradients).expect("slopes have a gradient");
            assert_bits(&values(found), &dw, format!("dw, {shape:?}, {count} slopes"));
        }
    }
}

/// Either gradient alone: the other input has no graph.
#[test]
fn one_gradient_without_the_other() {
    let device = wgpu().autodiff();
    let (x, slopes) = (tensor(&[-4.0, 2.0], &device), tensor(&[0.5], &device));
    let leaf = x.clone().require_grad();
    let gradients = prelu(leaf.clone(), slopes.clone()).expect("valid").backward();
    assert_bits(&values(leaf.grad(&gradients).expect("x")), &[0.5, 1.0], "dx alone");
    let leaf = slopes.require_grad();
    let gradients = prelu(x, leaf.clone()).expect("valid").backward();
    assert_bits(&values(leaf.grad(&gradients).expect("slopes")), &[-4.0], "dw alone");
}

#[test]
fn slopes_and_elements_of_16_bits() {
    let device = wgpu().autodiff();
    let half = |data: &[f32]| {
        let data: Vec<f16> = data.iter().map(|v| f16::from_f32(*v)).collect();
        Tensor::<1>::from_data(TensorData::from(data.as_slice()), (&device, DType::F16))
    };
    let (x, slopes) = (half(&[-4.0, 2.0, -1.0]).require_grad(), half(&[0.5]).require_grad());
    let y = prelu(x.clone(), slopes.clone()).expect("valid");
    assert_eq!(y.dtype(), DType::F16);
    let gradients = y.clone().backward();
    let read = |t: Tensor<1>| -> Vec<f16> { t.into_data().try_to_vec().expect("f16") };
    let all = [
        (read(y), [-2.0, 2.0, -0.5].as_slice()),
        (read(x.grad(&gradients).expect("x")), &[0.5, 1.0, 0.5]),
        (read(slopes.grad(&gradients).expect("slopes")), &[-5.0]),
    ];
    for (found, expected) in all {
        let found: Vec<f32> = found.into_iter().map(f16::to_f32).collect();
        assert_bits(&found, expected, "f16");
    }
}

#[test]
fn no_elements_have_gradients_of_zero() {
    let device = wgpu().autodiff();
    let x = Tensor::<2>::zeros([0, 3], &device);
    let slopes = tensor(&[0.5; 3], &device).require_grad();
    let gradients = prelu(x, slopes.clone()).expect("valid").backward();
    assert_bits(&values(slopes.grad(&gradients).expect("slopes")), &[0.0; 3], "dw");
}

#[test]
fn slopes_that_do_not_fit_are_errors() {
    let x = Tensor::<2>::zeros([2, 3], &wgpu());
    let error = prelu(x.clone(), tensor(&[0.5; 2], &wgpu())).unwrap_err();
    assert!(matches!(error, Error::Activation(wgpu_relu::Error::ChannelLength { .. })), "{error}");
    let error = prelu(x, tensor(&[0.5], &wgpu().autodiff())).unwrap_err();
    assert!(error.to_string().starts_with("slopes has the device"), "{error}");
}
