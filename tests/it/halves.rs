//! 16-bit floats: every bit pattern, in every layout, and from one type to another.

use testkit::inputs::random_words;
use testkit::layout::Layout;
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{
    Activation, Channels, Element, ElementType, Error, Fusion, GpuRelu, Operand, View,
};

use crate::gpu;
use crate::harness::{compare_stored_gradients, compare_stored_values, examine};

/// Every pattern of bits.
fn all<T: Element>() -> Vec<T> {
    (0..=u16::MAX).map(half::<T>).collect()
}

fn half<T: Element>(bits: u16) -> T {
    bytemuck::pod_read_unaligned(&bits.to_le_bytes())
}

fn operator<X: Element, Y: Element>(activation: Activation) -> GpuRelu {
    let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
    operator.with_element(X::TYPE).with_output_element(Y::TYPE)
}

fn every_half<X: Element, Y: Element>() {
    let x = all::<X>();
    let mut random = random_words(7);
    for &activation in Activation::ALL {
        let operator = operator::<X, Y>(activation);
        let x_buffer = gpu().upload_elements(&x).unwrap();
        let y = gpu().download_elements::<Y>(&operator.apply(&x_buffer).unwrap()).unwrap();
        let forward = compare_stored_values(gpu(), activation, &x, &y);
        forward.unwrap_or_else(|error| panic!("{activation}, {} to {}: {error}", X::TYPE, Y::TYPE));
        let ones = vec![Y::from_f32(1.0); x.len()];
        let any: Vec<Y> = x.iter().map(|_| Y::from_f32(random() as i32 as f32 / 1e9)).collect();
        for dy in [ones, any] {
            let dy_buffer = gpu().upload_elements(&dy).unwrap();
            let dx = operator.gradient(&x_buffer, &dy_buffer).unwrap();
            let dx = gpu().download_elements::<X>(&dx).unwrap();
            let gradient = compare_stored_gradients(gpu(), activation, &x, &dy, &dx);
            gradient.unwrap_or_else(|error| {
                panic!("{activation}', {} to {}: {error}", X::TYPE, Y::TYPE)
            });
        }
    }
}

/// Reliability 24.
#[test]
fn every_f16_through_every_activation() {
    every_half::<f16, f16>();
}

#[test]
fn every_bf16_through_every_activation() {
    every_half::<bf16, bf16>();
}

#[test]
fn every_half_becomes_an_f32() {
    every_half::<f16, f32>();
    every_half::<bf16, f32>();
}

/// Any f32 is rounded to the nearest 16-bit float, ties to even, as in the crate `half`.
#[test]
fn any_f32_is_rounded_to_the_nearest_half() {
    // The two neighbours of each, the middle between them, and the f32 beside the middle.
    let mut x: Vec<f32> = all::<f16>()
        .into_iter()
        .map(f16::to_f32)
        .chain(all::<bf16>().into_iter().map(bf16::to_f32))
        .filter(|x| x.is_sign_positive() && !x.is_nan())
        .flat_map(|x| {
            [0u32, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0x800, 0x7ff]
                .map(|more| f32::from_bits(x.to_bits() + more))
        })
        .filter(|x| !x.is_nan())
        .collect();
    let mut random = random_words(3);
    x.extend((0..200_000).map(|_| f32::from_bits(random() & 0x7fff_ffff)).filter(|x| !x.is_nan()));
    let x_buffer = gpu().upload(&x).unwrap();
    let relu = operator::<f32, f16>(Activation::Relu);
    let y = gpu().download_elements::<f16>(&relu.apply(&x_buffer).unwrap()).unwrap();
    for (x, y) in x.iter().zip(y) {
        assert_eq!(y.to_bits(), f16::from_f32(*x).to_bits(), "{x:e}");
    }
    let relu = operator::<f32, bf16>(Activation::Relu);
    let y = gpu().download_elements::<bf16>(&relu.apply(&x_buffer).unwrap()).unwrap();
    for (x, y) in x.iter().zip(y) {
        assert_eq!(y.to_bits(), bf16::from_f32(*x).to_bits(), "{x:e}");
    }
}

fn a_nan_stays_one<T: Element>() {
    // The payload of the first three is in bits that 16-bit floats lack.
    let x = [0x7f80_0001u32, 0x7f80_0fff, 0xff80_0001, 0x7fc0_0000].map(f32::from_bits);
    let x = gpu().upload(&x).unwrap();
    let y = operator::<f32, T>(Activation::Relu).apply(&x).unwrap();
    let y = gpu().download_elements::<T>(View::elements::<T>(&y, 0, 4)).unwrap();
    let y: Vec<f32> = y.into_iter().map(T::to_f32).collect();
    assert!(y.iter().all(|y| y.is_nan()), "{}: {y:?}", T::TYPE);
}

#[test]
fn a_nan_stays_one_in_16_bits() {
    a_nan_stays_one::<f16>();
    a_nan_stays_one::<bf16>();
}

/// ReLU uses only bits: NaNs keep their payloads if both types are the same.
#[test]
fn relu_of_halves_keeps_every_bit() {
    fn check<T: Element>() {
        let bits: Vec<u16> = (0..=u16::MAX).collect();
        let relu = operator::<T, T>(Activation::Relu);
        let y = relu.apply(&gpu().upload_elements(&all::<T>()).unwrap()).unwrap();
        let y = gpu().download_elements::<T>(&y).unwrap();
        let y: &[u16] = bytemuck::cast_slice(&y);
        for (x, y) in bits.iter().zip(y) {
            let negative = x >> 15 == 1 && half::<T>(*x).to_f32() < 0.0;
            assert_eq!(*y, if negative { 0 } else { *x }, "{x:#06x}");
        }
    }
    check::<f16>();
    check::<bf16>();
}

/// Lengths and offsets at every edge of a `u32` and of vectors of four and eight. The element beside never changes.
///
/// Reliability 24.
#[test]
fn halves_at_every_edge() {
    fn check<X: Element, Y: Element>() {
        let same = X::TYPE == Y::TYPE;
        let layouts = Layout::ALL.iter().filter(|l| same || matches!(l, Layout::Apart { .. }));
        let lengths =
            (1..=20).chain([63, 64, 65, 1023, 1024, 1025, 1027, 1033, 2050, 8190, 65_537]);
        let lengths: Vec<usize> = lengths.collect();
        for (index, &layout) in layouts.enumerate() {
            for &length in &lengths {
                let which = (length + index) % Activation::ALL.len();
                for &activation in [Activation::ALL[which], Activation::Relu].iter() {
                    let operator = operator::<X, Y>(activation);
                    let seed = (length * 8 + index) as u64;
                    examine::<X, Y>(gpu(), activation, &operator, length, layout, seed)
                        .unwrap_or_else(|error| panic!("{error}"));
                }
            }
        }
    }
    check::<f16, f16>();
    check::<bf16, bf16>();
    check::<f32, f16>();
    check::<bf16, f32>();
    check::<f16, bf16>();
}

/// Masks, biases, residuals and random slopes, at odd offsets too, against the same in f32.
#[test]
fn fused_forms_take_halves() {
    let length = 2052;
    let mut random = random_words(1);
    let mut numbers =
        |n: usize| (0..n).map(|_| f16::from_f32(random() as i32 as f32 / 1e9)).collect::<Vec<_>>();
    let (x, dy, residual) = (numbers(length), numbers(length), numbers(length));
    let channel_bias = numbers(4);
    let wide = |halves: &[f16]| {
        gpu().upload(&halves.iter().map(|h| h.to_f32()).collect::<Vec<_>>()).unwrap()
    };
    let channels = Channels::last(4);
    fn fusion<'a>(bias: View<'a>, residual: View<'a>, mask: View<'a>) -> Fusion<'a> {
        Fusion::new().channel_bias(bias, Channels::last(4)).residual(residual).mask(mask)
    }
    for activation in [Activation::Relu, Activation::Relu6] {
        let of_f32 = GpuRelu::with_activation(gpu(), activation).unwrap();
        let of_f16 = of_f32.with_element(ElementType::F16);
        let size = of_f32.mask_size(length as u64).unwrap() as usize / 4;
        let new_mask = || gpu().upload(&vec![0.0; size]).unwrap();
        let mut masks = [new_mask(), new_mask()];
        let (bias, skipped) = (wide(&channel_bias), wide(&residual));
        let expected = of_f32
            .apply_fused(&wide(&x), fusion((&bias).into(), (&skipped).into(), (&masks[0]).into()))
            .unwrap();
        let expected = gpu().download(&expected).unwrap();
        for offset in [0, 1, 2, 3] {
            masks[1] = new_mask();
            let shifted = |halves: &[f16]| {
                let mut all = vec![f16::NAN; offset];
                all.extend(halves);
                gpu().upload_elements(&all).unwrap()
            };
            let at = |buffer, n| View::elements::<f16>(buffer, offset as u64, n as u64);
            let (x, dy, skipped) = (shifted(&x), shifted(&dy), shifted(&residual));
            let (bias, y) = (shifted(&channel_bias), shifted(&vec![f16::NAN; length]));
            let fusion = fusion(at(&bias, 4), at(&skipped, length), View::from(&masks[1]));
            of_f16.apply_fused_into(at(&x, length), fusion, at(&y, length)).unwrap();
            let got = gpu().download_elements::<f16>(at(&y, length)).unwrap();
            for (got, expected) in got.iter().zip(&expected) {
                assert_eq!(*got, f16::from_f32(*expected), "{activation} from {offset} on");
            }
            let [mask, masked] = masks.each_ref().map(bits_of);
            assert_eq!(mask, masked, "{activation} from {offset} on");
            let by_mask = of_f16.mask_gradient(&masks[1], at(&dy, length)).unwrap();
            let fusion = Fusion::new().channel_bias(at(&bias, 4), channels);
            let by_x = of_f16.fused_gradient(at(&x, length), at(&dy, length), fusion).unwrap();
            let [by_mask, by_x] = [by_mask, by_x].map(|b| bits_of(&b));
            assert_eq!(by_mask, by_x, "{activation} from {offset} on");
        }
    }
}

fn bits_of(buffer: &wgpu_relu::wgpu::Buffer) -> Vec<u32> {
    crate::bits(&gpu().download(buffer).unwrap())
}

#[test]
fn draws_of_halves_are_those_of_f32() {
    let length = 1999;
    let x: Vec<f16> = (0..length).map(|i| f16::from_f32(-1.0 - i as f32 / 16.0)).collect();
    let rrelu = Activation::Rrelu { lower: 0.125, upper: 0.25 };
    let draw = wgpu_relu::Draw { seed: 5, offset: 9 };
    let operator = GpuRelu::with_activation(gpu(), rrelu).unwrap().in_training(draw).unwrap();
    let wide: Vec<f32> = x.iter().map(|x| x.to_f32()).collect();
    let expected = gpu().download(&operator.apply(&gpu().upload(&wide).unwrap()).unwrap()).unwrap();
    let operator = operator.with_element(ElementType::F16);
    for offset in [0, 1, 4] {
        let mut all = vec![f16::ZERO; offset];
        all.extend(&x);
        let buffer = gpu().upload_elements(&all).unwrap();
        let view = View::elements::<f16>(&buffer, offset as u64, length as u64);
        operator.apply_in_place(view).unwrap();
        let got = gpu().download_elements::<f16>(view).unwrap();
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(*got, f16::from_f32(*expected), "from {offset} on");
        }
    }
}

#[test]
fn streams_take_halves() {
    let x: Vec<bf16> = (0..10_007).map(|i| bf16::from_f32(i as f32 - 5000.0)).collect();
    let relu = operator::<bf16, bf16>(Activation::Relu);
    let mut y = Vec::new();
    let bytes: &[u8] = bytemuck::cast_slice(&x);
    assert_eq!(relu.stream().chunk(1001).pipe(bytes, &mut y).unwrap(), 10_007);
    let y: Vec<bf16> = y.chunks_exact(2).map(bytemuck::pod_read_unaligned).collect();
    for (x, y) in x.iter().zip(y) {
        assert_eq!(y.to_f32(), x.to_f32().max(0.0));
    }
    let error = relu.stream().run(&[1.0], &mut [0.0]).unwrap_err();
    let (found, expected) = (ElementType::Bf16, ElementType::F32);
    assert_eq!(error, Error::ElementType { operand: Operand::X, found, expected });
    let error =
        operator::<f32, f16>(Activation::Relu).stream().pipe(bytes, Vec::new()).unwrap_err();
    let (found, expected) = (ElementType::F16, ElementType::F32);
    assert_eq!(error, Error::ElementType { operand: Operand::Y, found, expected });
}

/// At every offset and of every length. The element beside does not change.
#[test]
fn halves_are_downloaded_from_any_one_on() {
    let x: Vec<f16> = (0..41).map(|i| f16::from_f32(i as f32)).collect();
    let buffer = gpu().upload_elements(&x).unwrap();
    assert_eq!(buffer.size(), 84);
    for start in 0..9 {
        for length in 0..9 {
            let view = View::elements::<f16>(&buffer, start as u64, length as u64);
            let found = gpu().download_elements::<f16>(view).unwrap();
            assert_eq!(found, x[start..start + length]);
            let later = gpu().download_elements_async::<f16>(view);
            assert_eq!(pollster::block_on(later).unwrap(), x[start..start + length]);
        }
    }
    gpu().upload_elements_into(&[f16::ONE; 2], View::elements::<f16>(&buffer, 2, 2)).unwrap();
    assert_eq!(
        gpu().download_elements::<f16>(&buffer).unwrap()[1..5],
        [1., 1., 1., 4.].map(f16::from_f32)
    );
    let odd = View::elements::<f16>(&buffer, 3, 2);
    let error = gpu().upload_elements_into(&[f16::ONE; 2], odd).unwrap_err();
    assert!(
        matches!(error, Error::PartialElement { offset: 6, size: 4, element: 4, .. }),
        "{error}"
    );
}

#[test]
fn gradients_add_to_what_is_there() {
    fn check<X: Element, Y: Element>() {
        for length in [1, 7, 64, 1031, 5000] {
            let x: Vec<X> = (0..length).map(|i| X::from_f32((i % 9) as f32 - 4.0)).collect();
            let dy: Vec<Y> = (0..length).map(|i| Y::from_f32((i % 5) as f32)).collect();
            let before: Vec<X> = (0..length).map(|i| X::from_f32((i % 7) as f32)).collect();
            let relu = operator::<X, Y>(Activation::Relu).accumulating();
            let [x_buffer, dx] = [&x, &before].map(|data| gpu().upload_elements(data).unwrap());
            let dy_buffer = gpu().upload_elements(&dy).unwrap();
            let views = |buffer| View::elements::<X>(buffer, 0, length as u64);
            let dy_view = View::elements::<Y>(&dy_buffer, 0, length as u64);
            relu.gradient_into(views(&x_buffer), dy_view, views(&dx)).unwrap();
            let found = gpu().download_elements::<X>(&dx).unwrap();
            for i in 0..length {
                let slope = if x[i].to_f32() > 0.0 { 1.0 } else { 0.0 };
                let expected = before[i].to_f32() + dy[i].to_f32() * slope;
                assert_eq!(found[i].to_f32(), expected, "element {i} of {length}");
            }
            // The same from a mask.
            let (_, mask) = relu.apply_with_mask(views(&x_buffer)).unwrap();
            let dx = gpu().upload_elements(&before).unwrap();
            relu.mask_gradient_into(&mask, dy_view, views(&dx)).unwrap();
            let by_mask = gpu().download_elements::<X>(&dx).unwrap();
            let widened = |values: &[X]| values.iter().map(|x| x.to_f32()).collect::<Vec<_>>();
            assert_eq!(widened(&by_mask), widened(&found), "{length}");
        }
    }
    check::<f32, f32>();
    check::<f16, f16>();
    check::<f32, bf16>();
}

/// Reliability 3.
#[test]
fn what_does_not_fit_is_refused() {
    let x = gpu().upload(&[1.0; 8]).unwrap();
    let mixed = operator::<f32, f16>(Activation::Relu);
    let (from, to) = (View::elements::<f32>(&x, 0, 2), View::elements::<f16>(&x, 8, 2));
    let shared = Error::SharedBuffer { operand: Operand::X, written: Operand::Y };
    assert_eq!(mixed.apply_into(from, to).unwrap_err(), shared);
    let f16s = operator::<f16, f16>(Activation::Relu);
    let error = f16s.apply_in_place(x.slice(1..5)).unwrap_err();
    assert!(matches!(error, Error::PartialElement { offset: 1, element: 2, .. }), "{error}");
    let descriptor = wgpu_relu::wgpu::BufferDescriptor {
        label: None,
        size: 6,
        usage: wgpu_relu::wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    };
    let odd = gpu().device().create_buffer(&descriptor);
    let error = f16s.apply_in_place(&odd).unwrap_err();
    assert_eq!(error, Error::PartialWord { operand: Operand::X, buffer_size: 6 });
    f16s.apply_in_place(View::elements::<f16>(&odd, 0, 2)).unwrap();
    assert_eq!(
        "f64".parse::<ElementType>().unwrap_err().to_string(),
        "cannot read \"f64\" as an element type: it is one of f32, f16, bf16"
    );
}
