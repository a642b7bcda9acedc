//! Every activation and its gradient.

use burn::tensor::{DType, Tensor, TensorData, f16};
use wgpu_relu::plan::mask_size;
use wgpu_relu::{ElementType, View};
use wgpu_relu_burn::nn::ActivationConfig;
use wgpu_relu_burn::{Activation, Draw, Error, activate, rrelu, try_activate};

use crate::{
    GPU, any_bits, assert_bits, gradient, gradient_of_crate, of_crate, ordinary, tensor, values,
    wgpu,
};

#[test]
fn every_activation_has_the_bits_of_the_crate() {
    let x = any_bits(65_537);
    for activation in Activation::ALL {
        let y = values(activate(tensor(&x, &wgpu()), *activation));
        assert_bits(&y, &of_crate(*activation, &x), activation);
    }
}

/// A mask tells that x is NaN, but not which NaN.
#[test]
fn every_gradient_has_the_bits_of_the_crate() {
    let (x, dy) = (any_bits(65_537), ordinary(65_537));
    for activation in Activation::ALL {
        let dx = gradient(tensor(&x, &wgpu().autodiff()), &dy, |x| activate(x, *activation));
        let expected = gradient_of_crate(*activation, &x, &dy);
        let masked = mask_size(activation, 0).is_ok();
        let [dx, expected] = [dx, expected].map(|values| {
            let one_nan = |v: f32| if masked && v.is_nan() { f32::NAN } else { v };
            values.into_iter().map(one_nan).collect::<Vec<f32>>()
        });
        assert_bits(&dx, &expected, activation);
    }
}

#[test]
fn every_short_length() {
    let device = wgpu().autodiff();
    for length in 0..=70 {
        for activation in [Activation::Relu, Activation::Gelu] {
            let (x, dy) = (ordinary(length), any_bits(length));
            let dy: Vec<f32> = dy.iter().map(|v| if v.is_normal() { *v } else { 1.0 }).collect();
            let y = values(activate(tensor(&x, &device), activation));
            assert_bits(&y, &of_crate(activation, &x), format!("{activation}, {length}"));
            let dx = gradient(tensor(&x, &device), &dy, |x| activate(x, activation));
            let expected = gradient_of_crate(activation, &x, &dy);
            assert_bits(&dx, &expected, format!("gradient of {activation}, {length}"));
        }
    }
}

#[test]
fn f16_has_the_bits_of_the_crate() {
    let dtype = DType::F16;
    for length in (1..=70).chain([65_537]) {
        let x: Vec<f16> = ordinary(length).into_iter().map(f16::from_f32).collect();
        let y = activate(
            Tensor::<1>::from_data(TensorData::from(x.as_slice()), (&wgpu(), dtype)),
            Activation::Gelu,
        );
        assert_eq!(y.dtype(), dtype);
        let y: Vec<f16> = y.into_data().try_to_vec().expect("16-bit floats");
        let f = Activation::Gelu.on(&GPU).expect("valid").with_element(ElementType::F16);
        let expected = f.apply(&GPU.upload_elements(&x).expect("room")).expect("valid");
        let expected = View::elements::<f16>(&expected, 0, length as u64);
        let expected: Vec<f16> = GPU.download_elements(expected).expect("a working device");
        assert_eq!(y, expected, "{length}");

        // Each y has the gradient 1.
        let data = TensorData::from(x.as_slice());
        let leaf = Tensor::<1>::from_data(data, (&wgpu().autodiff(), dtype)).require_grad();
        let gradients = activate(leaf.clone(), Activation::Gelu).backward();
        let dx = leaf.grad(&gradients).expect("x has a gradient");
        let dx: Vec<f16> = dx.into_data().try_to_vec().expect("16-bit floats");
        let [x, dy] = [x, vec![f16::from_f32(1.0); length]]
            .map(|data| GPU.upload_elements(&data).expect("room"));
        let expected = f.gradient(&x, &dy).expect("valid");
        let expected = View::elements::<f16>(&expected, 0, length as u64);
        let expected: Vec<f16> = GPU.download_elements(expected).expect("a working device");
        assert_eq!(dx, expected, "gradient, {length}");
    }
}

#[test]
fn transposed_and_sliced_tensors() {
    let device = wgpu().autodiff();
    let x = ordinary(512);
    let matrix = |x: Tensor<1>| x.reshape([8, 64]);
    let transposed: Vec<f32> = (0..512).map(|i| x[i % 8 * 64 + i / 8]).collect();
    let y = activate(matrix(tensor(&x, &device)).transpose(), Activation::Silu);
    assert_eq!(y.dims(), [64, 8]);
    assert_bits(&values(y), &of_crate(Activation::Silu, &transposed), "transposed");
    // Rows 3 and 4 begin at byte 768, so that Burn makes them a view into the same buffer.
    let y = activate(matrix(tensor(&x, &device)).slice(3..5), Activation::Silu);
    assert_bits(&values(y), &of_crate(Activation::Silu, &x[192..320]), "a view");
    // The gradient arrives transposed.
    let dy: Vec<f32> = ordinary(512).into_iter().rev().collect();
    let dx = gradient(tensor(&x, &device), &dy, |x| {
        activate(matrix(x), Activation::Silu).transpose().reshape([512])
    });
    let dy: Vec<f32> = (0..512).map(|i| dy[i % 64 * 8 + i / 64]).collect();
    assert_bits(&dx, &gradient_of_crate(Activation::Silu, &x, &dy), "gradient");
}

/// The input must keep its values: its clones and the views of it share its buffer.
#[test]
fn inputs_and_neighbours_stay_untouched() {
    let x = ordinary(192);
    let whole = tensor(&x, &wgpu());
    let part = whole.clone().slice(64..69);
    let before = tensor(&[7.0; 3], &wgpu());
    let y = activate(part.clone(), Activation::Relu);
    let after = tensor(&[9.0; 3], &wgpu());
    assert_bits(&values(y), &of_crate(Activation::Relu, &x[64..69]), "the result");
    assert_bits(&values(part), &x[64..69], "the view");
    assert_bits(&values(whole), &x, "its buffer");
    assert_bits(&values(before), &[7.0; 3], "a tensor from before");
    assert_bits(&values(after), &[9.0; 3], "a tensor from after");
}

/// From the second round on, fusion replays a plan that it keeps. The parameter must be the new one.
#[test]
fn in_the_middle_of_a_chain() {
    let x = ordinary(1027);
    let halves: Vec<f32> = x.iter().map(|x| x * 0.5).collect();
    for round in 1..5 {
        let activation = Activation::LeakyRelu { negative_slope: 0.125 * round as f32 };
        let y = activate(tensor(&x, &wgpu()) * 0.5, activation) * 2.0;
        let expected: Vec<f32> = of_crate(activation, &halves).iter().map(|y| y * 2.0).collect();
        assert_bits(&values(y), &expected, activation);
    }
}

/// Burn differentiates once: a gradient is a tensor outside the graph.
#[test]
fn gradients_have_no_graph() {
    let x = tensor(&[-1.0, 0.5, 2.0], &wgpu().autodiff().autodiff()).require_grad();
    let gradients = activate(x.clone(), Activation::Tanh).backward();
    let dx = x.grad(&gradients).expect("x has a gradient");
    assert!(!dx.device().is_autodiff());
}

#[test]
fn mistakes_are_errors() {
    let x = tensor(&[1.0], &wgpu());
    let error = try_activate(x.clone(), Activation::Elu { alpha: f32::NAN }).unwrap_err();
    assert!(matches!(error, Error::Activation(_)), "{error}");
    let bf16 = Tensor::<1>::from_data(TensorData::from([1.0f32]), (&wgpu(), DType::BF16));
    let error = try_activate(bf16, Activation::Relu).unwrap_err();
    assert!(matches!(error, Error::DType { dtype: DType::BF16 }), "{error}");
    let text = "the tensor has dtype bf16, but activations take f32 and f16; cast the tensor";
    assert_eq!(error.to_string(), text);
    let double = Tensor::<1>::from_data(TensorData::from([1.0f64]), (&wgpu(), DType::F64));
    let error = try_activate(double, Activation::Relu).unwrap_err();
    assert!(matches!(error, Error::DType { dtype: DType::F64 }), "{error}");
    let text = "the tensor has dtype f64, but activations take f32 and f16; cast the tensor";
    assert_eq!(error.to_string(), text);
    let error = ActivationConfig::new().with_activation("rellu".into()).init().unwrap_err();
    assert!(error.to_string().contains("none of relu, relu6"), "{error}");
}

#[test]
#[should_panic(expected = "elu: alpha is NaN, but must be finite")]
fn activate_panics_with_the_text_of_the_error() {
    let _ = activate(tensor(&[1.0], &wgpu()), Activation::Elu { alpha: f32::NAN });
}

#[test]
fn random_slopes_are_those_of_the_draw_and_the_gradient_makes_them_again() {
    let (x, dy) = (ordinary(4099), any_bits(4099));
    let dy: Vec<f32> = dy.iter().map(|v| if v.is_normal() { *v } else { 1.0 }).collect();
    for offset in 0..3 {
        let draw = Draw { seed: 7, offset };
        let slope = |index: usize| draw.slope(0.125, 0.5, index as u64);
        let y = values(rrelu(tensor(&x, &wgpu()), 0.125, 0.5, draw).expect("valid"));
        let expected: Vec<f32> =
            (0..x.len()).map(|i| if x[i] > 0.0 { x[i] } else { slope(i) * x[i] }).collect();
        assert_bits(&y, &expected, "rrelu");
        let dx = gradient(tensor(&x, &wgpu().autodiff()), &dy, |x| {
            rrelu(x, 0.125, 0.5, draw).expect("valid")
        });
        let expected: Vec<f32> =
            (0..x.len()).map(|i| if x[i] > 0.0 { dy[i] } else { slope(i) * dy[i] }).collect();
        assert_bits(&dx, &expected, "gradient");
    }
    let error = rrelu(tensor(&x, &wgpu()), 0.5, 0.125, Draw::default()).unwrap_err();
    assert!(matches!(error, Error::Activation(_)), "{error}");
}
