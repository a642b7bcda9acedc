//! `wgpu-relu apply` on `.npy` files.

use std::fs;
use std::path::Path;

use npyz::{NpyFile, Order, WriteOptions, WriterBuilder};
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, reference};

use crate::Folder;

const ELU: Activation = Activation::Elu { alpha: 0.5 };

/// The bytes of a `.npy` file of any type.
pub(crate) fn file<T: npyz::Serialize + Clone>(
    dtype: &str,
    order: Order,
    shape: &[u64],
    values: &[T],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let dtype = npyz::DType::Plain(dtype.parse().unwrap());
    let options = WriteOptions::new().dtype(dtype).order(order).shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values.iter().cloned()).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The bytes of a `.npy` file of version 1 with a header as it is.
pub(crate) fn with_header(header: &str, numbers: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), numbers].concat()
}

/// Type, order, shape and numbers.
pub(crate) fn read(path: &Path) -> (String, Order, Vec<u64>, Vec<f32>) {
    let file = NpyFile::new(fs::File::open(path).unwrap()).unwrap();
    let (dtype, order, shape) = (file.dtype().descr(), file.order(), file.shape().to_vec());
    (dtype, order, shape, file.into_vec().unwrap())
}

fn near(x: &[f32], y: &[f32]) {
    assert_eq!(x.len(), y.len());
    for (&x, &y) in x.iter().zip(y) {
        let error = reference::value_ulp_error(ELU, x, y);
        assert!(error <= ELU.value_tolerance().ulp(), "x = {x}: {y} is {error} ulp off");
    }
}

/// From -5 to 5, all different.
fn ramp(length: usize) -> Vec<f32> {
    (0..length).map(|i| i as f32 / length as f32 * 10.0 - 5.0).collect()
}

#[test]
fn a_file_longer_than_a_chunk_keeps_its_shape() {
    let folder = Folder::new();
    let shape = [3, 1, 700_001];
    let x = ramp(2_100_003);
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &shape, &x)).unwrap();
    let out = folder.run(["apply", "-a", "elu(alpha=0.5)", "x.npy", "y.npy"]).succeeded();
    assert!(out.contains("elu(alpha=0.5) of 2100003 elements"), "{out}");
    let (dtype, order, y_shape, y) = read(&folder.path("y.npy"));
    assert_eq!((&*dtype, order, &*y_shape), ("'<f4'", Order::C, &shape[..]));
    near(&x, &y);
    assert_eq!(folder.files(), ["x.npy", "y.npy"]);
}

#[test]
fn special_values_survive() {
    let folder = Folder::new();
    let bits = [0x8000_0000u32, 0x7fc1_2345, 0xffc0_0001, 0x7f80_0000, 0xff80_0000, 0x8000_0001];
    let x = bits.map(f32::from_bits);
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[6], &x)).unwrap();
    folder.run(["apply", "-a", "relu", "x.npy", "y.npy"]).succeeded();
    let (.., y) = read(&folder.path("y.npy"));
    let expected = [0x8000_0000u32, 0x7fc1_2345, 0xffc0_0001, 0x7f80_0000, 0, 0];
    assert_eq!(y.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), expected);
}

#[test]
fn other_types_are_converted_with_a_note() {
    let folder = Folder::new();
    let x = [-2.0f32, -0.5, 0.0, 1.0, 3.0];
    let positive = [0.0f32, 1.0, 1.0, 3.0, 200.0];
    let same = [0.0f32, 1.0, 1.0, 0.0, 1.0];
    let order = Order::C;
    for (name, bytes, x) in [
        (">f4", file(">f4", order, &[5], &x), x),
        ("<f8", file("<f8", order, &[5], &x.map(f64::from)), x),
        (">f8", file(">f8", order, &[5], &x.map(f64::from)), x),
        ("|i1", file("|i1", order, &[5], &x.map(|x| x as i8)), x.map(f32::trunc)),
        (">i2", file(">i2", order, &[5], &x.map(|x| x as i16)), x.map(f32::trunc)),
        ("<i8", file("<i8", order, &[5], &x.map(|x| x as i64)), x.map(f32::trunc)),
        ("|u1", file("|u1", order, &[5], &positive.map(|x| x as u8)), positive),
        ("<u4", file("<u4", order, &[5], &positive.map(|x| x as u32)), positive),
        ("|b1", file("|b1", order, &[5], &same.map(|x| x == 1.0)), same),
    ] {
        fs::write(folder.path("x.npy"), bytes).unwrap();
        let run = folder.run(["apply", "-a", "elu(alpha=0.5)", "--force", "x.npy", "y.npy"]);
        assert!(
            run.err.contains(&format!("note: x.npy: {name} is read as float32")),
            "{}",
            run.err
        );
        run.succeeded();
        let (dtype, .., y) = read(&folder.path("y.npy"));
        assert_eq!(dtype, "'<f4'", "{name}");
        near(&x, &y);
    }
}

#[test]
fn headers_that_numpy_loads_are_taken() {
    let folder = Folder::new();
    let numbers: Vec<u8> = ramp(6).iter().flat_map(|x| x.to_le_bytes()).collect();
    for header in [
        // Of Python 2.
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
        "{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': 'float32', 'fortran_order': False, 'shape': (2, 3)}",
        " {u'shape': (0x2, 3,), 'fortran_order': False, 'descr': (\"<f\")} # by hand\n",
    ] {
        fs::write(folder.path("x.npy"), with_header(header, &numbers)).unwrap();
        folder.run(["apply", "-a", "elu(alpha=0.5)", "--force", "x.npy", "y.npy"]).succeeded();
        let (dtype, _, shape, y) = read(&folder.path("y.npy"));
        assert_eq!((&*dtype, &*shape), ("'<f4'", &[2, 3][..]), "{header}");
        near(&ramp(6), &y);
    }
}

#[test]
fn bytes_after_the_array_are_told() {
    let folder = Folder::new();
    let mut x = file("<f4", Order::C, &[6], &ramp(6));
    x.extend([0; 5]);
    fs::write(folder.path("x.npy"), x).unwrap();
    let run = folder.run(["apply", "-a", "elu(alpha=0.5)", "x.npy", "y.npy"]);
    assert!(run.err.contains("note: x.npy: 5 bytes follow the array of 6 numbers"), "{}", run.err);
    run.succeeded();
    near(&ramp(6), &read(&folder.path("y.npy")).3);
}

#[test]
fn f16_stays_f16() {
    let folder = Folder::new();
    let x = [-2.0f32, -0.5, 0.0, 1.0, 3.0].map(f16::from_f32);
    let expected = x.map(|x| f16::from_f64(reference::value(ELU, x.to_f32())));
    for dtype in ["<f2", ">f2"] {
        fs::write(folder.path("x.npy"), file(dtype, Order::C, &[5], &x)).unwrap();
        let run = folder.run(["apply", "-a", "elu(alpha=0.5)", "--force", "x.npy", "y.npy"]);
        assert_eq!(run.err.contains("read as float16"), dtype == ">f2", "{}", run.err);
        run.succeeded();
        let y = NpyFile::new(fs::File::open(folder.path("y.npy")).unwrap()).unwrap();
        assert_eq!(y.dtype().descr(), "'<f2'");
        assert_eq!(y.into_vec::<f16>().unwrap(), expected, "{dtype}");
    }
}

#[test]
fn bf16_is_taken_where_it_is_asked_for() {
    let folder = Folder::new();
    let x = [-2.0f32, -0.5, 0.0, 1.0, 3.0].map(bf16::from_f32);
    let y = x.map(|x| bf16::from_f64(reference::value(ELU, x.to_f32())));
    let bytes = |numbers: [bf16; 5]| numbers.map(bf16::to_le_bytes).concat();
    for (dtype, of_result) in [("<u2", "'<u2'"), ("|V2", "'<V2'"), ("=i2", "'<i2'")] {
        let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': (5,), }}");
        fs::write(folder.path("x.npy"), with_header(&header, &bytes(x))).unwrap();
        let arguments = ["apply", "-a", "elu(alpha=0.5)", "--bf16", "--force", "x.npy", "y.npy"];
        folder.run(arguments).succeeded();
        let result = fs::read(folder.path("y.npy")).unwrap();
        let (header, numbers) = result.split_at(result.len() - 10);
        assert!(String::from_utf8_lossy(header).contains(of_result), "{dtype}");
        assert_eq!(numbers, bytes(y), "{dtype}");
    }
}

#[test]
fn types_that_differ_meet_in_f32() {
    let folder = Folder::new();
    let x = [-2.0f32, -0.5, 0.0, 1.0, 3.0].map(f16::from_f32);
    let dy = [0.1f32, 0.2, 0.3, 0.4, 0.5];
    fs::write(folder.path("x.npy"), file("<f2", Order::C, &[5], &x)).unwrap();
    fs::write(folder.path("dy.npy"), file("<f4", Order::C, &[5], &dy)).unwrap();
    folder.run(["apply", "-a", "relu", "--gradient", "dy.npy", "x.npy", "dx.npy"]).succeeded();
    let (dtype, .., dx) = read(&folder.path("dx.npy"));
    assert_eq!((&*dtype, &*dx), ("'<f4'", &[0.0, 0.0, 0.0, 0.4, 0.5][..]));
}

#[test]
fn fortran_order_is_kept() {
    let folder = Folder::new();
    let x = ramp(6);
    fs::write(folder.path("x.npy"), file("<f4", Order::Fortran, &[2, 3], &x)).unwrap();
    folder.run(["apply", "-a", "elu(alpha=0.5)", "x.npy", "y.npy"]).succeeded();
    let (_, order, shape, y) = read(&folder.path("y.npy"));
    assert_eq!((order, &*shape), (Order::Fortran, &[2, 3][..]));
    near(&x, &y);
}

#[test]
fn no_element_and_one_element_are_files_too() {
    let folder = Folder::new();
    for (shape, x) in [(&[0u64, 3][..], vec![]), (&[][..], vec![-1.0])] {
        fs::write(folder.path("x.npy"), file("<f4", Order::C, shape, &x)).unwrap();
        folder.run(["apply", "-a", "elu(alpha=0.5)", "--force", "x.npy", "y.npy"]).succeeded();
        let (_, _, y_shape, y) = read(&folder.path("y.npy"));
        assert_eq!(y_shape, shape);
        near(&x, &y);
    }
}

#[test]
fn the_gradient_takes_a_second_file() {
    let folder = Folder::new();
    let x = ramp(1_100_000);
    let dy: Vec<f64> = x.iter().map(|&x| f64::from(x) * 0.25 - 1.0).collect();
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[1000, 1100], &x)).unwrap();
    fs::write(folder.path("dy.npy"), file(">f8", Order::C, &[1000, 1100], &dy)).unwrap();
    let arguments = ["apply", "-a", "elu(alpha=0.5)", "--gradient", "dy.npy", "x.npy", "dx.npy"];
    assert!(folder.run(arguments).succeeded().contains("gradient of elu"));
    let (.., dx) = read(&folder.path("dx.npy"));
    assert_eq!(dx.len(), x.len());
    for ((&x, &dy), &dx) in x.iter().zip(&dy).zip(&dx) {
        let error = reference::gradient_ulp_error(ELU, x, dy as f32, dx);
        assert!(error <= ELU.gradient_tolerance().ulp(), "x = {x}: {dx} is {error} ulp off");
    }
}

#[test]
fn the_input_may_be_the_output() {
    let folder = Folder::new();
    let x = ramp(1000);
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[1000], &x)).unwrap();
    folder.run(["apply", "-a", "elu(alpha=0.5)", "--force", "x.npy", "x.npy"]).succeeded();
    near(&x, &read(&folder.path("x.npy")).3);
    assert_eq!(folder.files(), ["x.npy"]);
}

#[cfg(unix)]
#[test]
fn the_output_is_as_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[1], &[1.0f32])).unwrap();
    folder.run(["apply", "-a", "relu", "x.npy", "y.npy"]).succeeded();
    let mode = |name| fs::metadata(folder.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("y.npy"), mode("x.npy"));
}
