//! Gated units against the CPU reference.

use testkit::inputs::random_words;
use wgpu_relu::half::bf16;
use wgpu_relu::{
    Activation, Channels, Element, ElementType, Error, GpuGlu, Operand, View, reference,
};

use crate::{bits, gpu};

fn units() -> Vec<(&'static str, GpuGlu)> {
    vec![
        ("glu", GpuGlu::glu(gpu())),
        ("reglu", GpuGlu::reglu(gpu())),
        ("geglu", GpuGlu::geglu(gpu())),
        ("geglu_tanh", GpuGlu::geglu_tanh(gpu())),
        ("swiglu", GpuGlu::swiglu(gpu())),
        ("bilinear", GpuGlu::bilinear(gpu())),
        ("mish", GpuGlu::with_activation(gpu(), Activation::Mish).unwrap()),
    ]
}

fn numbers<T: Element>(length: usize, seed: u64) -> Vec<T> {
    let mut random = random_words(seed);
    (0..length).map(|_| T::from_f32(random() as i32 as f32 / (1 << 28) as f32)).collect()
}

/// f(b) and f'(b) in f64.
fn gate(unit: &GpuGlu, b: f32) -> (f64, f64) {
    match unit.activation() {
        None => (f64::from(b), 1.0),
        Some(f) => (reference::value(f, b), reference::derivative(f, b)),
    }
}

/// y, da and db in f64.
fn expected<T: Element>(unit: &GpuGlu, a: T, b: T, dy: T) -> [f64; 3] {
    let (f, slope) = gate(unit, b.to_f32());
    let [a, dy] = [a, dy].map(|v| f64::from(v.to_f32()));
    [a * f, dy * f, dy * a * slope]
}

/// Within the activation's own bound, and the roundings of the products and of the stored result. The bound of a
/// derivative is that of its terms, which are larger than the derivative near its zeros.
fn assert_near<T: Element>(got: T, exact: f64, case: &str) {
    assert_near_terms(got, exact, 0.0, case);
}

fn assert_near_terms<T: Element>(got: T, exact: f64, terms: f64, case: &str) {
    let got = f64::from(got.to_f32());
    let stored = if size_of::<T>() == 4 { 2f64.powi(-24) } else { 2f64.powi(-8) };
    let bound = exact.abs() * (6.0 * f64::from(f32::EPSILON) + stored)
        + 2e-7 * stored
        + 1e-12
        + 4.0 * f64::from(f32::EPSILON) * terms.abs();
    assert!((got - exact).abs() <= bound, "{case}: {got}, not {exact}");
}

fn check_split<T: Element>(rows: u64, count: u32, inner: u32) {
    let axis = Channels { count, inner };
    let half = (count / 2 * inner) as usize;
    let length = 2 * half * rows as usize;
    let (x, dy) = (numbers::<T>(length, 1), numbers::<T>(length / 2, 2));
    for (name, unit) in units() {
        let unit = unit.with_element(T::TYPE);
        let case = format!("{name} {} {rows} x {count} x {inner}", T::TYPE);
        let [x_buffer, dy_buffer] = [&x, &dy].map(|v| gpu().upload_elements(v).unwrap());
        let x_view = View::elements::<T>(&x_buffer, 0, length as u64);
        let dy_view = View::elements::<T>(&dy_buffer, 0, length as u64 / 2);
        let y = gpu().download_elements::<T>(&unit.apply_split(x_view, axis).unwrap()).unwrap();
        let dx = unit.gradient_split(x_view, dy_view, axis).unwrap();
        let dx = gpu().download_elements::<T>(&dx).unwrap();
        for (i, &dy) in dy.iter().enumerate() {
            let at = i / half * 2 * half + i % half;
            let [y_expected, da, db] = expected(&unit, x[at], x[at + half], dy);
            assert_near(y[i], y_expected, &format!("{case}: y {i}"));
            assert_near(dx[at], da, &format!("{case}: da {i}"));
            let upstream = f64::from(dy.to_f32()) * f64::from(x[at].to_f32());
            assert_near_terms(dx[at + half], db, upstream, &format!("{case}: db {i}"));
        }
        // From any element on, the same.
        for shift in [1, 2, half as u64 + 1] {
            let padded = vec![T::from_f32(7.0); length + shift as usize + 9];
            let moved = gpu().upload_elements(&padded).unwrap();
            let view = View::elements::<T>(&moved, shift, length as u64);
            unit.gradient_split_into(x_view, dy_view, axis, view).unwrap();
            let found = gpu().download_elements::<T>(&moved).unwrap();
            let inside = shift as usize..shift as usize + length;
            let bytes = |values: &[T]| bytemuck::cast_slice::<T, u8>(values).to_vec();
            assert_eq!(bytes(&found[inside.clone()]), bytes(&dx[..length]), "{case} at {shift}");
            let after = &found[inside.end..padded.len()];
            let beside = found[..inside.start].iter().chain(after);
            assert!(beside.into_iter().all(|v| v.to_f32() == 7.0), "{case} at {shift}");
        }
        // The same in place of x.
        unit.gradient_split_into(x_view, dy_view, axis, x_view).unwrap();
        let in_place = gpu().download_elements::<T>(x_view).unwrap();
        let bytes = |values: &[T]| bytemuck::cast_slice::<T, u8>(values).to_vec();
        assert_eq!(bytes(&in_place), bytes(&dx[..length]), "{case}");
    }
}

#[test]
fn halves_of_any_axis_are_gated() {
    for (rows, count, inner) in [
        (1, 2, 1),
        (7, 2, 1),
        (5, 64, 1),
        (33, 6, 1),
        (3, 4, 25),
        (2, 2, 1000),
        (1, 3000, 1),
        (40, 16, 3),
    ] {
        check_split::<f32>(rows, count, inner);
        check_split::<bf16>(rows, count, inner);
    }
}

#[test]
fn two_buffers_are_gated_as_one_is() {
    let length = 5000;
    let (a, b, dy) =
        (numbers::<f32>(length, 3), numbers::<f32>(length, 4), numbers::<f32>(length, 5));
    for (name, unit) in units() {
        let upload = || [&a, &b, &dy].map(|values| gpu().upload(values).unwrap());
        let [a_buffer, b_buffer, dy_buffer] = upload();
        let y = gpu().download(&unit.apply(&a_buffer, &b_buffer).unwrap()).unwrap();
        let (da, db) = unit.gradient(&a_buffer, &b_buffer, &dy_buffer).unwrap();
        let (da, db) = (gpu().download(&da).unwrap(), gpu().download(&db).unwrap());
        for i in 0..length {
            let [y_expected, da_expected, db_expected] = expected(&unit, a[i], b[i], dy[i]);
            assert_near(y[i], y_expected, &format!("{name}: y {i}"));
            assert_near(da[i], da_expected, &format!("{name}: da {i}"));
            let upstream = f64::from(dy[i]) * f64::from(a[i]);
            assert_near_terms(db[i], db_expected, upstream, &format!("{name}: db {i}"));
        }
        // In place of any of the inputs.
        unit.gradient_into(&a_buffer, &b_buffer, &dy_buffer, &a_buffer, &b_buffer).unwrap();
        let found = [&a_buffer, &b_buffer].map(|buffer| bits(&gpu().download(buffer).unwrap()));
        assert_eq!(found, [bits(&da), bits(&db)], "{name}");
        let [a_buffer, b_buffer, dy_buffer] = upload();
        unit.gradient_into(&a_buffer, &b_buffer, &dy_buffer, &b_buffer, &dy_buffer).unwrap();
        let found = [&b_buffer, &dy_buffer].map(|buffer| bits(&gpu().download(buffer).unwrap()));
        assert_eq!(found, [bits(&da), bits(&db)], "{name}");
        let [a_buffer, b_buffer, _] = upload();
        unit.apply_into(&a_buffer, &b_buffer, &b_buffer).unwrap();
        assert_eq!(bits(&gpu().download(&b_buffer).unwrap()), bits(&y), "{name}");
    }
}

/// dx and dgate have numbers already, and the gradients are added to them.
#[test]
fn gradients_add_to_both_halves() {
    for (rows, count, inner, shift) in
        [(1, 2, 1, 0), (7, 2, 3, 1), (33, 6, 1, 2), (5, 64, 1, 0), (2, 2, 1000, 4)]
    {
        let axis = Channels { count, inner };
        let half = (count / 2 * inner) as usize;
        let length = 2 * half * rows;
        let (x, dy) = (numbers::<f32>(length, 1), numbers::<f32>(length / 2, 2));
        let old = numbers::<f32>(length + shift + 9, 3);
        let [x_buffer, dy_buffer] = [&x, &dy].map(|values| gpu().upload(values).unwrap());
        for (name, unit) in units() {
            let dx = unit.gradient_split(&x_buffer, &dy_buffer, axis).unwrap();
            let dx = gpu().download(&dx).unwrap();
            let sums = gpu().upload(&old).unwrap();
            let view = View::elements::<f32>(&sums, shift as u64, length as u64);
            let adding = unit.accumulating();
            adding.gradient_split_into(&x_buffer, &dy_buffer, axis, view).unwrap();
            let mut expected = old.clone();
            expected[shift..].iter_mut().zip(&dx).for_each(|(old, dx)| *old += dx);
            let found = gpu().download(&sums).unwrap();
            assert_eq!(bits(&found), bits(&expected), "{name} {rows} x {count} x {inner}");
            // A new buffer has zeros, and y is not a gradient.
            let (plain, sum) =
                (unit.apply_split(&x_buffer, axis), adding.apply_split(&x_buffer, axis));
            let [plain, sum] = [plain, sum].map(|y| bits(&gpu().download(&y.unwrap()).unwrap()));
            assert_eq!(plain, sum, "{name}");
        }
        let (x, dy, old) = (
            numbers::<bf16>(length, 1),
            numbers::<bf16>(length / 2, 2),
            numbers::<bf16>(length + shift + 9, 3),
        );
        let [x_buffer, dy_buffer, sums] =
            [&x, &dy, &old].map(|values| gpu().upload_elements(values).unwrap());
        let unit = GpuGlu::swiglu(gpu()).with_element(ElementType::Bf16);
        let x_view = View::elements::<bf16>(&x_buffer, 0, length as u64);
        let dy_view = View::elements::<bf16>(&dy_buffer, 0, length as u64 / 2);
        let view = View::elements::<bf16>(&sums, shift as u64, length as u64);
        unit.accumulating().gradient_split_into(x_view, dy_view, axis, view).unwrap();
        let found = gpu().download_elements::<bf16>(&sums).unwrap();
        for (i, &dy) in dy.iter().enumerate() {
            let at = i / half * 2 * half + i % half;
            let [_, da, db] = expected(&unit, x[at], x[at + half], dy);
            for (at, gradient) in [(at, da), (at + half, db)] {
                let old = f64::from(old[shift + at].to_f32());
                let case = format!("bf16 {rows} x {count} x {inner}: {at}");
                assert_near_terms(
                    found[shift + at],
                    old + gradient,
                    old.abs() + gradient.abs(),
                    &case,
                );
            }
        }
        let beside = (0..old.len()).filter(|i| !(shift..shift + length).contains(i));
        beside.into_iter().for_each(|i| assert_eq!(found[i], old[i], "element {i}"));
    }
}

/// Halves of one buffer at every offset, also past the device's binding limit.
#[test]
fn one_buffer_holds_all() {
    let (device, queue) = crate::own_device(|limits| {
        limits.max_storage_buffer_binding_size = 1 << 16;
    });
    let small = wgpu_relu::Gpu::from_device(&device, &queue);
    for (gpu, n, offset) in [(gpu(), 1000u64, 1u64), (gpu(), 77, 4), (&small, 9001, 3)] {
        let values = numbers::<f32>(5 * n as usize + 20, 6);
        let buffer = gpu.upload(&values).unwrap();
        let part = |index: u64| View::elements::<f32>(&buffer, offset + index * n, n);
        let unit = GpuGlu::swiglu(gpu);
        unit.gradient_into(part(0), part(1), part(2), part(3), part(4)).unwrap();
        let found = gpu.download(&buffer).unwrap();
        let at = |index: u64, i: u64| (offset + index * n + i) as usize;
        for i in 0..n {
            let [a, b, dy] = [0, 1, 2].map(|index| values[at(index, i)]);
            let [_, da, db] = expected(&unit, a, b, dy);
            assert_near(found[at(3, i)], da, &format!("da {i} of {n}"));
            let upstream = f64::from(dy) * f64::from(a);
            assert_near_terms(found[at(4, i)], db, upstream, &format!("db {i} of {n}"));
        }
        let written = at(3, 0)..at(4, n);
        for i in (0..found.len()).filter(|i| !written.contains(i)) {
            assert_eq!(found[i], values[i], "element {i} of {n}");
        }
    }
}

#[test]
fn a_nan_goes_through_both_halves_and_a_dead_gate_stops_all() {
    let a = [f32::NAN, 1.0, -2.0, f32::INFINITY];
    let b = [1.0, f32::NAN, -3.0, -1.0];
    let [a, b] = [a, b].map(|values| gpu().upload(&values).unwrap());
    let reglu = GpuGlu::reglu(gpu());
    let y = gpu().download(&reglu.apply(&a, &b).unwrap()).unwrap();
    assert!(y[0].is_nan() && y[1].is_nan(), "{y:?}");
    assert_eq!(y[2], 0.0);
    let dy = gpu().upload(&[f32::INFINITY; 4]).unwrap();
    let (_, db) = reglu.gradient(&a, &b, &dy).unwrap();
    assert_eq!(gpu().download(&db).unwrap()[2..], [0.0, 0.0]);
}

/// Reliability 1.
#[test]
fn nothing_has_two_halves_of_nothing() {
    let nothing = gpu().upload(&[]).unwrap();
    let glu = GpuGlu::glu(gpu());
    assert_eq!(glu.apply_split(&nothing, Channels::last(4)).unwrap().size(), 0);
    assert_eq!(glu.gradient_split(&nothing, &nothing, Channels::last(4)).unwrap().size(), 0);
}

/// The order of the arguments is the same in the signature and in the error.
#[test]
fn errors_name_the_arguments() {
    let glu = GpuGlu::glu(gpu());
    let buffers = || [(); 5].map(|()| gpu().upload(&[1.0; 4]).unwrap());
    let names = [Operand::X, Operand::Gate, Operand::Dy, Operand::Dx, Operand::Dgate];
    for (wrong, name) in names.into_iter().enumerate() {
        let buffers = buffers();
        // Byte 2 is within an element.
        let views = [0, 1, 2, 3, 4]
            .map(|at| if at == wrong { buffers[at].slice(2..6) } else { buffers[at].slice(..) });
        let [x, gate, dy, dx, dgate] = views;
        let error = glu.gradient_into(x, gate, dy, dx, dgate).unwrap_err();
        assert!(
            matches!(error, Error::PartialElement { operand, .. } if operand == name),
            "{error}"
        );
        if let (0 | 1, [x, gate, _, y, _]) = (wrong, views) {
            let error = glu.apply_into(x, gate, y).unwrap_err();
            assert!(
                matches!(error, Error::PartialElement { operand, .. } if operand == name),
                "{error}"
            );
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let glu = GpuGlu::glu(gpu());
    let [x, y] = [vec![1.0; 12], vec![1.0; 6]].map(|values| gpu().upload(&values).unwrap());
    let error = glu.apply_split(&x, Channels::last(3)).unwrap_err();
    assert_eq!(error, Error::OddAxis { length: 3 });
    let error = glu.apply_split(&x, Channels::last(8)).unwrap_err();
    assert_eq!(error, Error::Channels { length: 12, channels: 8, inner: 1 });
    let error =
        glu.apply_split(View::rows_of::<f32>(&x, 0, 2, 2, 4), Channels::last(2)).unwrap_err();
    assert_eq!(error, Error::Strided { operand: Operand::X });
    let error = glu.apply(&x, &y).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { operand: Operand::Gate, .. }), "{error}");
    let error = glu.apply_split_into(&x, Channels::last(4), x.slice(0..24)).unwrap_err();
    assert!(matches!(error, Error::Overlap { output: Operand::Y, .. }), "{error}");
    let error = glu.gradient_into(&y, &y, &y, x.slice(0..24), x.slice(0..24));
    let error = error.unwrap_err();
    let (output, other) = (Operand::Dx, Operand::Dgate);
    assert_eq!(error, Error::OutputsOverlap { output, other });
    let mixed = glu.with_output_element(ElementType::F16);
    let error = mixed.apply_into(x.slice(0..8), x.slice(8..16), x.slice(16..20)).unwrap_err();
    assert_eq!(error, Error::SharedBuffer { operand: Operand::X, written: Operand::Y });
    let bad = GpuGlu::with_activation(gpu(), Activation::Elu { alpha: f32::NAN }).unwrap_err();
    assert!(matches!(bad, Error::InvalidParameter { .. }), "{bad}");
}
