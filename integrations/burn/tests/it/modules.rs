//! Modules in models, beside Burn's own.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use wgpu_relu_burn::Activation;
use wgpu_relu_burn::nn::{self, ActivationConfig};

use crate::{assert_bits, of_crate, ordinary, tensor, values, wgpu};

#[derive(Module, Debug)]
struct Model {
    linear: burn::nn::Linear,
    activation: nn::Activation,
}

#[test]
#[cfg_attr(
    feature = "vulkan",
    ignore = "Mesa 22.3's compiler crashes on Burn's SPIR-V of matrix products"
)]
fn a_module_in_a_model() {
    let device = wgpu().autodiff();
    let config = ActivationConfig::from(Activation::Elu { alpha: 0.5 });
    let config =
        ActivationConfig::load_binary(config.to_string().as_bytes()).expect("its own text");
    let model = Model {
        linear: burn::nn::LinearConfig::new(3, 4).init(&device),
        activation: config.init().expect("valid"),
    };
    assert!(model.to_string().contains("activation: elu(alpha=0.5)"), "{model}");
    assert_eq!(model.num_params(), 16);
    let x = Tensor::<2>::from_data(TensorData::new(ordinary(6), [2, 3]), &device);
    let z = model.linear.forward(x);
    let y = model.activation.forward(z.clone());
    let gradients = y.clone().backward();
    assert!(model.linear.weight.grad(&gradients).is_some());
    let expected = of_crate(Activation::Elu { alpha: 0.5 }, &values(z));
    assert_bits(&values(y), &expected, "the model");
    assert_eq!(
        values(model.valid().activation.forward(tensor(&[-0.0], &wgpu())))[0].to_bits(),
        1 << 31
    );
}

/// A module under Burn's name is the activation with the configured parameters.
#[test]
fn each_module_is_its_activation() {
    let x = ordinary(257);
    macro_rules! check {
        ($($module:expr => $activation:expr),+ $(,)?) => {$({
            let (module, activation) = ($module, $activation);
            assert_eq!(module.activation(), activation);
            assert_eq!(module.to_string(), activation.to_string());
            let y = values(module.forward(tensor(&x, &wgpu())));
            assert_bits(&y, &of_crate(activation, &x), activation);
        })+};
    }
    check!(
        nn::Relu::new() => Activation::Relu,
        nn::Relu6::new() => Activation::Relu6,
        nn::Selu::new() => Activation::Selu,
        nn::Gelu::new() => Activation::Gelu,
        nn::GeluTanh::new() => Activation::GeluTanh,
        nn::QuickGelu::new() => Activation::QuickGelu,
        nn::Silu::new() => Activation::Silu,
        nn::Mish::new() => Activation::Mish,
        nn::Softsign::new() => Activation::Softsign,
        nn::Sigmoid::new() => Activation::Sigmoid,
        nn::Tanh::new() => Activation::Tanh,
        nn::Hardsigmoid::new() => Activation::Hardsigmoid,
        nn::Hardswish::new() => Activation::Hardswish,
        nn::Tanhshrink::new() => Activation::Tanhshrink,
        nn::LogSigmoid::new() => Activation::LogSigmoid,
        nn::ReluSquared::new() => Activation::ReluSquared,
        nn::LeakyReluConfig::new().init() => Activation::LeakyRelu { negative_slope: 0.01 },
        nn::EluConfig::new().with_alpha(0.5).init() => Activation::Elu { alpha: 0.5 },
        nn::CeluConfig::new().with_alpha(2.0).init() => Activation::Celu { alpha: 2.0 },
        nn::SoftplusConfig::new().with_beta(2.0).init() => Activation::Softplus { beta: 2.0, threshold: 20.0 },
        nn::HardtanhConfig::new().with_min_val(-2.0).init() => Activation::Hardtanh { min_val: -2.0, max_val: 1.0 },
        nn::HardShrinkConfig::new().init() => Activation::Hardshrink { lambda: 0.5 },
        nn::SoftShrinkConfig::new().with_lambda(1.0).init() => Activation::Softshrink { lambda: 1.0 },
        nn::ThresholdConfig::new().with_value(3.0).init() => Activation::Threshold { threshold: 1.0, value: 3.0 },
    );
}

/// Random slopes in training, all new in each pass, and the mean slope otherwise.
#[test]
fn rrelu_draws_slopes_while_it_trains() {
    let layer = nn::RReluConfig::new().with_lower(0.25).with_upper(0.75).with_seed(3).init();
    let mean = Activation::Rrelu { lower: 0.25, upper: 0.75 };
    assert_eq!((layer.activation(), layer.num_params()), (mean, 0));
    assert_eq!(layer.to_string(), mean.to_string());
    let x = ordinary(1027);
    let train = |layer: &nn::RRelu| {
        let x = tensor(&x, &wgpu().autodiff()).require_grad();
        let y = layer.forward(x.clone());
        let gradients = y.clone().backward();
        (values(y), values(x.grad(&gradients).expect("x has a gradient")))
    };
    let (y, slopes) = train(&layer);
    for (index, x) in x.iter().enumerate() {
        let slope = slopes[index];
        assert!(if *x > 0.0 { slope == 1.0 } else { (0.25..=0.75).contains(&slope) }, "{index}");
        assert_eq!(y[index], slope * x, "{index}");
    }
    assert!(slopes.iter().filter(|slope| **slope < 0.5).count() > 150, "{slopes:?}");
    assert!(slopes.iter().filter(|slope| (0.5..1.0).contains(*slope)).count() > 150, "{slopes:?}");
    let same_seed = nn::RReluConfig::new().with_lower(0.25).with_upper(0.75).with_seed(3).init();
    for other in [layer.clone(), same_seed] {
        let of_other = train(&other).1;
        let equal = slopes.iter().zip(&of_other).filter(|(a, b)| a == b && **a != 1.0).count();
        assert!(equal < 10, "{equal} slopes are those of another pass");
    }
    let expected = of_crate(mean, &x);
    assert_bits(&values(layer.forward(tensor(&x, &wgpu()))), &expected, "without autodiff");
    assert_bits(&train(&layer.freeze()).0, &expected, "frozen");
}

#[test]
#[should_panic(expected = "celu: alpha is 0, but must be")]
fn a_module_with_an_invalid_parameter_panics_with_the_text_of_the_error() {
    let _ = nn::CeluConfig::new().with_alpha(0.0).init().forward(tensor(&[1.0], &wgpu()));
}

/// Burn's optimisers find the slopes by the module's parameters, and records keep them.
#[test]
fn slopes_of_a_module_are_parameters() {
    let device = wgpu().autodiff();
    let layer = nn::PReluConfig::new().with_num_parameters(3).with_alpha(0.5).init(&device);
    assert_eq!(layer.num_params(), 3);
    assert_eq!(layer.to_string(), "PRelu {num_parameters: 3, params: 3}");
    let x = Tensor::<2>::from_data(TensorData::new(vec![-2.0f32; 6], [2, 3]), &device);
    let y = layer.forward(x);
    assert_bits(&values(y.clone()), &[-1.0; 6], "y");
    let gradients = y.backward();
    let dw = layer.alpha.grad(&gradients).expect("a parameter");
    assert_bits(&values(dw), &[-4.0; 3], "dw");
}

/// The same as Burn's, whose outer layer is multiplied by silu of the inner one.
#[test]
#[cfg_attr(
    feature = "vulkan",
    ignore = "Mesa 22.3's compiler crashes on Burn's SPIR-V of matrix products"
)]
fn swiglu_is_burns_with_the_same_weights() {
    let device = wgpu();
    let ours = nn::SwiGluConfig::new(5, 4).with_bias(true).init(&device);
    let theirs = burn::nn::SwiGlu {
        linear_inner: ours.linear_inner.clone(),
        linear_outer: ours.linear_outer.clone(),
    };
    let x = Tensor::<2>::from_data(TensorData::new(ordinary(15), [3, 5]), &device);
    let (ours, theirs) = (values(ours.forward(x.clone())), values(theirs.forward(x)));
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{ours:?}, {theirs:?}");
    }
    assert!(ours.iter().any(|y| y.abs() > 1e-3), "{ours:?}");
}
