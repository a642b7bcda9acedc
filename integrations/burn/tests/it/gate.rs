//! Gated units, of two tensors and of the halves of one.

use burn::tensor::{DType, Tensor, TensorData, f16};
use wgpu_relu::{Channels, GpuGlu};
use wgpu_relu_burn::{Activation, Error, gate, glu, nn};

use crate::{GPU, any_bits, assert_bits, ordinary, tensor, values, wgpu};

const GATES: [Activation; 4] =
    [Activation::Sigmoid, Activation::Relu, Activation::Gelu, Activation::Silu];

#[test]
fn two_tensors_have_the_bits_of_the_crate() {
    let device = wgpu().autodiff();
    for length in [1, 2, 5, 64, 1027, 65_537] {
        let (x, dy) = (ordinary(length), ordinary(length));
        let by = any_bits(length);
        for activation in GATES {
            let unit = GpuGlu::with_activation(&GPU, activation).expect("valid");
            let [x_, by_, dy_] = [&x, &by, &dy].map(|data| GPU.upload(data).expect("room"));
            let expected = unit.apply(&x_, &by_).expect("valid");
            let (dx, dgate) = unit.gradient(&x_, &by_, &dy_).expect("valid");
            let [expected, dx, dgate] =
                [expected, dx, dgate].map(|b| GPU.download(&b).expect("a working device"));

            let [leaf, of_gate] = [&x, &by].map(|data| tensor(data, &device).require_grad());
            let y = gate(leaf.clone(), of_gate.clone(), activation).expect("valid");
            let gradients = (y.clone() * tensor(&dy, &device)).backward();
            assert_bits(&values(y), &expected, format!("{activation}, {length}"));
            let found = leaf.grad(&gradients).expect("x");
            assert_bits(&values(found), &dx, format!("dx of {activation}, {length}"));
            let found = of_gate.grad(&gradients).expect("gate");
            assert_bits(&values(found), &dgate, format!("dgate of {activation}, {length}"));
        }
    }
}

#[test]
fn one_gradient_without_the_other() {
    let device = wgpu().autodiff();
    let [x, by] = [[2.0, 3.0], [5.0, -1.0]].map(|data| tensor(&data, &device));
    let leaf = by.clone().require_grad();
    let y = gate(x.clone(), leaf.clone(), Activation::Relu).expect("valid");
    let gradients = y.backward();
    assert_bits(&values(leaf.grad(&gradients).expect("gate")), &[2.0, 0.0], "dgate alone");
    let leaf = x.require_grad();
    let gradients = gate(leaf.clone(), by, Activation::Relu).expect("valid").backward();
    assert_bits(&values(leaf.grad(&gradients).expect("x")), &[5.0, 0.0], "dx alone");
}

/// The halves of each axis, in both element types, beside the crate's own split.
#[test]
fn halves_have_the_bits_of_the_crate() {
    let device = wgpu().autodiff();
    for shape in [[2, 2, 2], [4, 6, 10], [2, 130, 34], [16, 4, 514]] {
        for axis in 0..3 {
            let length: usize = shape.iter().product();
            let (x, dy) = (ordinary(length), ordinary(length / 2));
            let inner: usize = shape[axis + 1..].iter().product();
            let channels = Channels { count: shape[axis] as u32, inner: inner as u32 };
            for activation in GATES {
                let unit = GpuGlu::with_activation(&GPU, activation).expect("valid");
                let [x_, dy_] = [&x, &dy].map(|data| GPU.upload(data).expect("room"));
                let expected = unit.apply_split(&x_, channels).expect("valid");
                let dx = unit.gradient_split(&x_, &dy_, channels).expect("valid");
                let [expected, dx] =
                    [expected, dx].map(|b| GPU.download(&b).expect("a working device"));

                let leaf = Tensor::<3>::from_data(TensorData::new(x.clone(), shape), &device);
                let leaf = leaf.require_grad();
                let y = glu(leaf.clone(), axis as isize - 3, activation).expect("valid");
                let mut half = shape;
                half[axis] /= 2;
                assert_eq!(y.dims(), half);
                let upstream = Tensor::<3>::from_data(TensorData::new(dy.clone(), half), &device);
                let gradients = (y.clone() * upstream).backward();
                let what = format!("{activation}, axis {axis} of {shape:?}");
                assert_bits(&values(y), &expected, &what);
                assert_bits(&values(leaf.grad(&gradients).expect("x")), &dx, format!("dx, {what}"));
            }
        }
    }
}

#[test]
fn halves_of_16_bits() {
    let device = wgpu();
    for half in 1..=40 {
        let data: Vec<f16> = ordinary(6 * half).into_iter().map(f16::from_f32).collect();
        let data = TensorData::new(data, [3, 2 * half]);
        let x = Tensor::<2>::from_data(data, (&device, DType::F16));
        let y = glu(x.clone(), 1, Activation::Relu).expect("valid");
        // A product of two 16-bit floats is exact in f32, and both round it once.
        let [a, b] = x.chunk(2, 1).try_into().expect("two halves");
        let expected = a * burn::tensor::activation::relu(b);
        let read = |t: Tensor<2>| -> Vec<f16> { t.into_data().try_to_vec().expect("f16") };
        assert_eq!(read(y), read(expected), "{half}");
    }
}

#[test]
fn the_module_splits_where_it_was_told() {
    let x = Tensor::<2>::from_floats([[2.0, 3.0], [5.0, -1.0]], &wgpu());
    let reglu = |dim| nn::Glu::new(dim).with_activation(Activation::Relu);
    assert_bits(&values(reglu(0).forward(x.clone())), &[10.0, 0.0], "rows");
    assert_bits(&values(reglu(-1).forward(x)), &[6.0, 0.0], "columns");
}

#[test]
fn tensors_that_do_not_fit_are_errors() {
    let x = Tensor::<2>::zeros([2, 3], &wgpu());
    let of = |other: Tensor<2>| gate(x.clone(), other, Activation::Relu).unwrap_err().to_string();
    assert_eq!(
        of(Tensor::zeros([3, 2], &wgpu())),
        "gate has the shape [3, 2], but must have [2, 3]; give both the same"
    );
    assert!(of(Tensor::zeros([2, 3], (&wgpu(), DType::F16))).contains("the dtype f16"));
    assert!(of(Tensor::zeros([2, 3], &wgpu().autodiff())).contains("the device"));
    let of = |dim: isize| glu(x.clone(), dim, Activation::Relu).unwrap_err();
    assert!(of(1).to_string().starts_with("x has the size 3 in dimension 1, but"), "{}", of(1));
    assert!(of(2).to_string().contains("one of the tensor's 2"), "{}", of(2));
    assert!(matches!(of(-3), Error::Mismatch { .. }), "{}", of(-3));
}
