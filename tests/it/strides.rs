//! Operands in rows and strides give the results of contiguous ones, and nothing beside them is written.

use testkit::inputs::random_words;
use wgpu_relu::half::f16;
use wgpu_relu::{
    Activation, Channels, Draw, Element, ElementType, Error, Fusion, GpuRelu, Operand, View,
};

use crate::gpu;

type Dimensions = [u64; 4];

/// The positions of a view's elements, in order.
fn places(start: u64, shape: Dimensions, strides: Dimensions) -> Vec<usize> {
    let length = shape.iter().product::<u64>();
    let place = |mut index: u64| {
        let mut at = start;
        for d in (0..4).rev() {
            at += index % shape[d] * strides[d];
            index /= shape[d];
        }
        at as usize
    };
    (0..length).map(place).collect()
}

fn packed(shape: Dimensions) -> Dimensions {
    [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1]
}

/// Shapes with strides: rows at a pitch, odd ones, planes, four dimensions, transposed, columns.
fn samples() -> Vec<(Dimensions, Dimensions)> {
    vec![
        ([1, 1, 9, 16], [0, 0, 64, 1]),
        ([1, 1, 9, 13], [0, 0, 16, 1]),
        ([1, 1, 5, 100], [0, 0, 107, 1]),
        ([1, 1, 700, 3], [0, 0, 5, 1]),
        ([1, 1, 40, 64], [0, 0, 72, 1]),
        ([1, 6, 5, 24], [0, 400, 40, 1]),
        ([3, 4, 5, 32], [2400, 500, 64, 1]),
        ([2, 3, 4, 7], [301, 99, 20, 2]),
        ([1, 1, 33, 21], [0, 0, 1, 33]),
        ([5, 1, 1, 1], [17, 0, 0, 0]),
        ([1, 1, 64, 1], [0, 0, 3, 0]),
        ([2, 1, 3, 4], [12, 0, 4, 1]),
    ]
}

fn numbers<T: Element>(length: usize, seed: u64) -> Vec<T> {
    let mut random = random_words(seed);
    (0..length).map(|_| T::from_f32(random() as i32 as f32 / (1 << 29) as f32)).collect()
}

/// A number that no activation gives.
const CANARY: f32 = -1234.5;

struct Strided<T> {
    start: u64,
    shape: Dimensions,
    strides: Dimensions,
    buffer: wgpu_relu::wgpu::Buffer,
    before: Vec<T>,
}

impl<T: Element + PartialEq + std::fmt::Debug> Strided<T> {
    fn new(start: u64, shape: Dimensions, strides: Dimensions, values: Option<&[T]>) -> Self {
        let at = places(start, shape, strides);
        let size = at.iter().max().unwrap() + 40;
        let mut before = vec![T::from_f32(CANARY); size.next_multiple_of(2)];
        for (at, value) in at.iter().zip(values.unwrap_or(&[])) {
            before[*at] = *value;
        }
        let buffer = gpu().upload_elements(&before).unwrap();
        Strided { start, shape, strides, buffer, before }
    }

    fn view(&self) -> View<'_> {
        View::strided::<T, 4>(&self.buffer, self.start, self.shape, self.strides)
    }

    /// The elements, if nothing else has changed.
    fn finish(&self) -> Vec<T> {
        let after = gpu().download_elements::<T>(&self.buffer).unwrap();
        let at = places(self.start, self.shape, self.strides);
        let found = at.iter().map(|&at| after[at]).collect();
        let mut written = vec![false; after.len()];
        at.iter().for_each(|&at| written[at] = true);
        for i in 0..after.len() {
            assert!(written[i] || after[i] == self.before[i], "wrote element {i}: {:?}", after[i]);
        }
        found
    }
}

/// `x` and `y` strided, or only one of them; forward, in place and gradient.
fn check<T: Element + PartialEq + std::fmt::Debug>(activation: Activation, offsets: [u64; 3]) {
    let operator = GpuRelu::with_activation(gpu(), activation).unwrap().with_element(T::TYPE);
    for (shape, strides) in samples() {
        let length = shape.iter().product::<u64>() as usize;
        let (x, dy) = (numbers::<T>(length, 1), numbers::<T>(length, 2));
        let whole = |buffer| View::elements::<T>(buffer, 0, length as u64);
        let contiguous = [&x, &dy].map(|data| gpu().upload_elements(data).unwrap());
        let [x_buffer, dy_buffer] = &contiguous;
        let (x_view, dy_view) = (whole(x_buffer), whole(dy_buffer));
        let y = gpu().download_elements::<T>(&operator.apply(x_view).unwrap()).unwrap();
        let dx =
            gpu().download_elements::<T>(&operator.gradient(x_view, dy_view).unwrap()).unwrap();
        let (y, dx) = (&y[..length], &dx[..length]);
        let case = format!("{activation} {} {shape:?} {strides:?} {offsets:?}", T::TYPE);

        let [of_x, of_dy, of_y] = offsets;
        for y_strides in [strides, packed(shape)] {
            let from = Strided::new(of_x, shape, strides, Some(&x));
            let to = Strided::<T>::new(of_y, shape, y_strides, None);
            operator.apply_into(from.view(), to.view()).unwrap();
            assert_eq!(to.finish(), y, "{case} to {y_strides:?}");
            let upstream = Strided::new(of_dy, shape, y_strides, Some(&dy));
            let to = Strided::<T>::new(of_y, shape, strides, None);
            operator.gradient_into(from.view(), upstream.view(), to.view()).unwrap();
            assert_eq!(to.finish(), dx, "{case} from {y_strides:?}");
            // From contiguous operands, and in place of dy.
            operator.gradient_into(x_view, upstream.view(), upstream.view()).unwrap();
            assert_eq!(upstream.finish(), dx, "{case} over dy");
        }
        let from = Strided::new(of_x, shape, strides, Some(&x));
        operator.apply_in_place(from.view()).unwrap();
        assert_eq!(from.finish(), y, "{case} in place");
    }
}

#[test]
fn strides_do_what_contiguous_ranges_do() {
    for offsets in [[0, 0, 0], [3, 3, 3], [8, 4, 0], [1, 2, 6]] {
        check::<f32>(Activation::Relu, offsets);
        check::<f16>(Activation::Relu, offsets);
    }
    check::<f32>(Activation::Gelu, [5, 0, 2]);
    check::<f16>(Activation::LeakyRelu { negative_slope: 0.5 }, [5, 5, 1]);
}

/// Operations that depend on the position of an element count it in row-major order.
#[test]
fn channels_masks_and_draws_count_in_order() {
    for (shape, strides) in samples() {
        let length = shape.iter().product::<u64>() as usize;
        let x = numbers::<f32>(length, 3);
        let dy = numbers::<f32>(length, 4);
        let [contiguous, dy_buffer] = [&x, &dy].map(|data| gpu().upload(data).unwrap());
        for start in [0, 4, 7] {
            let from = Strided::new(start, shape, strides, Some(&x));
            let to = Strided::<f32>::new(start, shape, strides, None);
            let case = format!("{shape:?} {strides:?} from {start} on");

            let rrelu = Activation::Rrelu { lower: 0.1, upper: 0.3 };
            let rrelu = GpuRelu::with_activation(gpu(), rrelu).unwrap();
            let rrelu = rrelu.in_training(Draw { seed: 1, offset: 2 }).unwrap();
            rrelu.apply_into(from.view(), to.view()).unwrap();
            let expected = gpu().download(&rrelu.apply(&contiguous).unwrap()).unwrap();
            assert_eq!(to.finish(), expected, "{case}, drawn");

            let channels = Channels::last(shape[3] as u32);
            let bias = gpu().upload(&numbers(shape[3] as usize, 5)).unwrap();
            let relu = GpuRelu::new(gpu());
            let masks = [0, 1].map(|_| {
                let size = relu.mask_size(length as u64).unwrap() as usize / 4;
                gpu().upload(&vec![0.0; size]).unwrap()
            });
            let fusion = |mask| Fusion::new().channel_bias(&bias, channels).mask(mask);
            relu.apply_fused_into(from.view(), fusion(&masks[0]), to.view()).unwrap();
            let expected = relu.apply_fused(&contiguous, fusion(&masks[1])).unwrap();
            assert_eq!(to.finish(), gpu().download(&expected).unwrap(), "{case}, biased");
            let [a, b] = masks.each_ref().map(|mask| crate::bits(&gpu().download(mask).unwrap()));
            assert_eq!(a, b, "{case}, masked");
            relu.mask_gradient_into(&masks[0], &dy_buffer, to.view()).unwrap();
            let expected = relu.mask_gradient(&masks[0], &dy_buffer).unwrap();
            assert_eq!(to.finish(), gpu().download(&expected).unwrap(), "{case}, from a mask");
        }
    }
}

#[test]
fn columns_of_one_matrix_become_others() {
    // Rows of 96: the first 30 become the last 30.
    let x = numbers::<f32>(96 * 50, 6);
    let buffer = gpu().upload(&x).unwrap();
    let columns = |first| View::strided::<f32, 2>(&buffer, first, [50, 30], [96, 1]);
    GpuRelu::new(gpu()).apply_into(columns(0), columns(66)).unwrap();
    let y = gpu().download(&buffer).unwrap();
    for (i, (x_row, y_row)) in x.chunks(96).zip(y.chunks(96)).enumerate() {
        assert_eq!(x_row[..66], y_row[..66], "row {i}");
        let expected: Vec<f32> = x_row[..30].iter().map(|x| x.max(0.0)).collect();
        assert_eq!(y_row[66..], expected, "row {i}");
    }
    let error = GpuRelu::new(gpu()).apply_into(columns(0), columns(29)).unwrap_err();
    assert!(
        matches!(error, Error::Overlap { input: Operand::X, output: Operand::Y, .. }),
        "{error}"
    );
}

#[test]
fn what_is_read_may_repeat() {
    let row = gpu().upload(&[-1.0, 2.0, -3.0]).unwrap();
    let every_row = View::strided::<f32, 2>(&row, 0, [4, 3], [0, 1]);
    let y = GpuRelu::new(gpu()).apply(every_row).unwrap();
    assert_eq!(gpu().download(&y).unwrap(), [0.0, 2.0, 0.0].repeat(4));
    let error = GpuRelu::new(gpu()).apply_in_place(every_row).unwrap_err();
    let (stride, bound) = (0, 4);
    let operand = Operand::Y;
    assert_eq!(error, Error::Stride { operand, dimension: 2, stride, rule: "at least", bound });
}

/// Past the device's limit for a binding, in every order of dimensions.
#[test]
fn strides_past_the_binding_limit() {
    let (device, queue) = crate::own_device(|limits| {
        limits.max_storage_buffer_binding_size = 1 << 16;
    });
    let small = wgpu_relu::Gpu::from_device(&device, &queue);
    let relu = GpuRelu::new(&small);
    let (rows, row, pitch) = (1200u64, 50u64, 61u64);
    let x = numbers::<f32>((rows * pitch) as usize, 7);
    let [x_buffer, y_buffer] = [&x, &x].map(|data| small.upload(data).unwrap());
    let view = |buffer, shape, strides| View::strided::<f32, 2>(buffer, 3, shape, strides);
    for (shape, strides) in [([rows, row], [pitch, 1]), ([row, rows], [1, pitch])] {
        relu.apply_into(view(&x_buffer, shape, strides), view(&y_buffer, shape, strides)).unwrap();
        let y = small.download(&y_buffer).unwrap();
        for (i, (x, y)) in x.iter().zip(&y).enumerate() {
            let inside = i >= 3 && (i as u64 - 3) % pitch < row && (i as u64 - 3) / pitch < rows;
            assert_eq!(*y, if inside { x.max(0.0) } else { *x }, "element {i}, {shape:?}");
        }
    }
}

/// Operations that depend on positions are cut in order. 16-bit floats are cut like f32.
#[test]
fn order_holds_past_the_binding_limit() {
    let (device, queue) = crate::own_device(|limits| {
        limits.max_storage_buffer_binding_size = 1 << 16;
    });
    let small = wgpu_relu::Gpu::from_device(&device, &queue);
    let (rows, row, pitch) = (900u64, 52u64, 64u64);
    let x = numbers::<f16>((rows * pitch) as usize, 8);
    let packed: Vec<f16> =
        x.chunks(pitch as usize).flat_map(|row_of_x| &row_of_x[..row as usize]).copied().collect();
    let rrelu = Activation::Rrelu { lower: 0.1, upper: 0.3 };
    let draw = Draw { seed: 3, offset: 1 };
    let rrelu = |gpu: &wgpu_relu::Gpu| {
        let rrelu = GpuRelu::with_activation(gpu, rrelu).unwrap().with_element(ElementType::F16);
        rrelu.in_training(draw).unwrap()
    };
    let weights = numbers::<f32>(52, 9);
    let prelu = |gpu: &wgpu_relu::Gpu| {
        let weights = gpu.upload(&weights).unwrap();
        let channels = Channels::last(52);
        wgpu_relu::GpuPrelu::with_channels(gpu, &weights, channels).with_element(ElementType::F16)
    };
    let contiguous = gpu().upload_elements(&packed).unwrap();
    let strided = small.upload_elements(&x).unwrap();
    let view = View::strided::<f16, 2>(&strided, 0, [rows, row], [pitch, 1]);
    let y = |gpu: &wgpu_relu::Gpu, y| gpu.download_elements::<f16>(&y).unwrap();
    let expected = y(gpu(), rrelu(gpu()).apply(&contiguous).unwrap());
    assert_eq!(y(&small, rrelu(&small).apply(view).unwrap()), expected);
    let expected = y(gpu(), prelu(gpu()).apply(&contiguous).unwrap());
    assert_eq!(y(&small, prelu(&small).apply(view).unwrap()), expected);
}

/// Rows in elements and in bytes, by either name, are the same.
#[test]
fn rows_count_elements_or_bytes() {
    let relu = GpuRelu::new(gpu());
    let x = gpu().upload(&(0..24).map(|i| i as f32 - 8.0).collect::<Vec<_>>()).unwrap();
    let expected = [0.0, 0.0, 0.0, 0.0, 5.0, 6.0, 11.0, 12.0]; // columns 1 and 2 of [4, 6]
    for rows in [
        View::rows_of::<f32>(&x, 1, 2, 4, 6),
        View::rows_in_bytes(&x, 4, 8, 4, 24),
        View::rows(&x, 4, 8, 4, 24),
    ] {
        assert_eq!((rows.offset(), rows.size()), (4, 80));
        let y = relu.apply(rows).unwrap();
        assert_eq!(gpu().download(&y).unwrap(), expected);
    }
    // Elements of two bytes, from the second one on, five elements apart.
    let half = relu.with_element(ElementType::F16);
    let x = gpu().upload_elements(&[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -7.0, 8.0].map(f16::from_f32));
    let x = x.unwrap();
    let y = half.apply(View::rows_of::<f16>(&x, 1, 2, 2, 5)).unwrap();
    let y: Vec<f16> = gpu().download_elements(&y).unwrap();
    assert_eq!(y, [2.0, 3.0, 0.0, 8.0].map(f16::from_f32));
    // Rows of one type are refused for another, and no number of elements overflows.
    let error = relu.apply(View::rows_of::<f16>(&x, 0, 2, 2, 4)).unwrap_err();
    assert!(matches!(error, Error::LayoutElement { found: 2, element: 4, .. }), "{error}");
    let error = relu.apply(View::rows_of::<f32>(&x, 1 << 62, 1 << 62, 2, 1 << 62)).unwrap_err();
    assert!(matches!(error, Error::OutOfBounds { .. }), "{error}");
}

#[test]
fn layouts_that_do_not_fit_are_refused() {
    let relu = GpuRelu::new(gpu());
    let x = gpu().upload(&[1.0; 100]).unwrap();
    let y = gpu().upload(&[1.0; 100]).unwrap();
    let grid = |buffer, shape, strides| View::strided::<f32, 2>(buffer, 0, shape, strides);
    let good = grid(&y, [5, 10], [20, 1]);
    for (bad, text) in [
        (grid(&x, [6, 10], [20, 1]), "x is 440 bytes from byte 0, but the buffer has 400 bytes"),
        (grid(&x, [5, u64::MAX], [20, 1]), "but the buffer has 400 bytes"),
        (grid(&x, [10, 5], [10, 1]), "y has the shape [1, 1, 5, 10], but x has [1, 1, 10, 5]"),
        (grid(&x, [5, 9], [20, 1]), "y has 50 elements, but x has 45"),
        (View::strided::<f16, 2>(&x, 0, [5, 10], [20, 1]), "lay it out for that"),
        (View::rows_in_bytes(&x, 0, 39, 5, 80), "x has elements, or rows, of 39 bytes"),
        (View::rows_in_bytes(&x, 0, 40, 5, 78), "x advances by 78 bytes in dimension 2"),
        (View::rows_in_bytes(&x, 2, 40, 5, 40), "x starts at byte 2"),
    ] {
        let error = relu.apply_into(bad, good).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let endless = View::strided::<f32, 4>(&x, 0, [u64::MAX, u64::MAX, 3, 1], [0; 4]);
    for error in [relu.apply(endless).unwrap_err(), relu.apply_into(&x, endless).unwrap_err()] {
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    for hostile in [
        View::rows_in_bytes(&x, 0, 16, u64::MAX, 16),
        View::strided::<f32, 2>(&x, 0, [5, u64::MAX], [20, 2]),
        View::strided::<f32, 2>(&x, 0, [1 << 32, 1 << 32], [0, 0]),
        View::strided::<f32, 2>(&x, u64::MAX, [2, 2], [u64::MAX, u64::MAX]),
    ] {
        relu.apply_into(hostile, hostile).unwrap_err();
        relu.apply_into(hostile, &y).unwrap_err();
        relu.apply_into(&x, hostile).unwrap_err();
    }
    let empty = View::strided::<f32, 2>(&x, 0, [0, 9], [1, 1 << 61]);
    relu.apply_into(empty, View::elements::<f32>(&y, 0, 0)).unwrap();
    let one = |stride| View::strided::<f32, 1>(&x, 3, [1], [stride]);
    relu.apply_into(one(1), one(2)).unwrap();
    let long = View::strided::<f32, 2>(&x, 0, [1 << 40, 3], [0, 1]);
    let error = relu.apply(long).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size, .. } if size == 3 << 42), "{error}");
    let own = relu.apply_into(good, grid(&y, [5, 10], [10, 1])).unwrap_err();
    assert!(matches!(own, Error::Overlap { .. }), "{own}");
    // The rows of y would share one element.
    let shared = relu.apply_into(grid(&x, [5, 10], [20, 1]), grid(&y, [5, 10], [9, 1]));
    let shared = shared.unwrap_err();
    assert!(matches!(shared, Error::Stride { stride: 36, bound: 40, .. }), "{shared}");
    let error = gpu().download(good).unwrap_err();
    assert_eq!(error, Error::Strided { operand: Operand::Source });
    let error = gpu().upload_into(&[0.0; 50], good).unwrap_err();
    assert_eq!(error, Error::Strided { operand: Operand::Target });
    let error = gpu().channel_sums(grid(&x, [5, 10], [20, 1]), Channels::last(10)).unwrap_err();
    assert_eq!(error, Error::Strided { operand: Operand::X });
    let nothing = grid(&x, [0, 10], [20, 1]);
    relu.apply_into(nothing, grid(&y, [0, 10], [20, 1])).unwrap();
    let half = relu.with_element(ElementType::F16);
    let rows = View::rows_in_bytes(&x, 2, 6, 3, 10);
    assert_eq!(half.apply(rows).unwrap().size(), 20);
}
