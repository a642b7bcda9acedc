//! `wgpu-relu apply` on `.safetensors` files.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, ElementType, Gpu, reference};

use crate::{Folder, Run};

const RELU: Activation = Activation::Relu;

/// -0.5, 2 and -3, as f16.
const HALF: [u8; 6] = [0x00, 0xb8, 0x00, 0x40, 0x00, 0xc2];

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Tensors by name, type and shape, with their bytes.
fn write(path: &Path, tensors: &[(&str, Dtype, &[usize], &[u8])]) {
    let views = tensors.iter().map(|&(name, dtype, shape, data)| {
        (name, TensorView::new(dtype, shape.to_vec(), data).unwrap())
    });
    let about = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    fs::write(path, safetensors::serialize(views, Some(about)).unwrap()).unwrap();
}

fn tensor(file: &[u8], name: &str) -> (Dtype, Vec<usize>, Vec<u8>) {
    let tensors = SafeTensors::deserialize(file).unwrap();
    let tensor = tensors.tensor(name).unwrap();
    (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec())
}

fn header(file: &[u8]) -> &[u8] {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    &file[..8 + length]
}

/// Two tensors of F32 and one of F16, and others between and after them.
fn mixed(folder: &Folder) -> (Vec<f32>, Vec<f32>) {
    let a: Vec<f32> = (0..35).map(|i| i as f32 - 17.0).collect();
    let b: Vec<f32> = (0..1_100_001).map(|i| (i % 97) as f32 - 48.5).collect();
    write(
        &folder.path("x.safetensors"),
        &[
            ("a", Dtype::F32, &[5, 7], &bytes(&a)),
            ("b", Dtype::F32, &[1_100_001], &bytes(&b)),
            ("half", Dtype::F16, &[3], &HALF),
            ("index", Dtype::I64, &[1], &[255; 8]),
            ("odd", Dtype::U8, &[3], &[1, 2, 255]),
            ("empty", Dtype::F32, &[0, 4], &[]),
        ],
    );
    (a, b)
}

#[test]
fn every_tensor_of_floats_is_taken_and_the_others_stay() {
    let folder = Folder::new();
    let (a, b) = mixed(&folder);
    let out = folder.run(["apply", "-a", "relu", "x.safetensors", "y.safetensors"]).succeeded();
    assert!(out.contains("of 1100039 elements") && out.contains("4 of 6 tensors"), "{out}");
    let x = fs::read(folder.path("x.safetensors")).unwrap();
    let y = fs::read(folder.path("y.safetensors")).unwrap();
    assert_eq!(header(&x), header(&y));
    assert_eq!(tensor(&y, "a").2, bytes(&reference::forward(RELU, &a)));
    assert_eq!(tensor(&y, "b").2, bytes(&reference::forward(RELU, &b)));
    assert_eq!(tensor(&y, "half").2, [0, 0, 0x00, 0x40, 0, 0]);
    for name in ["index", "odd", "empty"] {
        assert_eq!(tensor(&x, name), tensor(&y, name));
    }
    assert_eq!(folder.files(), ["x.safetensors", "y.safetensors"]);
}

#[test]
fn tensors_are_chosen_by_name() {
    let folder = Folder::new();
    let (a, b) = mixed(&folder);
    let arguments = ["apply", "-a", "relu", "--tensor", "a", "x.safetensors", "y.safetensors"];
    folder.run(arguments).succeeded();
    let y = fs::read(folder.path("y.safetensors")).unwrap();
    assert_eq!(tensor(&y, "a").2, bytes(&reference::forward(RELU, &a)));
    assert_eq!(tensor(&y, "b").2, bytes(&b));
    assert_eq!(tensor(&y, "half").2, HALF);
}

#[test]
fn f16_and_bf16_have_the_bits_of_the_library() {
    let folder = Folder::new();
    let x = (0..301).map(|i| (i - 150) as f32 / 16.0);
    let h: Vec<u8> = x.clone().flat_map(|x| f16::from_f32(x).to_le_bytes()).collect();
    let b: Vec<u8> = x.flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect();
    let file = folder.path("x.safetensors");
    write(&file, &[("h", Dtype::F16, &[7, 43], &h), ("b", Dtype::BF16, &[301], &b)]);
    folder.run(["apply", "-a", "SiLU", "x.safetensors", "y.safetensors"]).succeeded();
    let y = fs::read(folder.path("y.safetensors")).unwrap();
    let silu = Activation::Silu.on(&Gpu::new().unwrap()).unwrap();
    for (name, element, x) in [("h", ElementType::F16, h), ("b", ElementType::Bf16, b)] {
        let mut expected = Vec::new();
        silu.with_element(element).stream().pipe(&*x, &mut expected).unwrap();
        assert_eq!(tensor(&y, name).2, expected, "{name}");
    }
}

#[test]
fn many_small_tensors_of_mixed_types_are_each_computed() {
    let folder = Folder::new();
    let types = [(Dtype::F32, 8), (Dtype::I64, 4), (Dtype::F16, 16), (Dtype::BF16, 16)];
    let tensor = |i: usize| (format!("block.{i}.weight"), types[i % 4], 32 * i..32 * i + 32);
    const COUNT: usize = 31_337;
    let mut header = String::from("{");
    for (name, (dtype, elements), bytes) in (0..COUNT).map(tensor) {
        let comma = if bytes.start > 0 { "," } else { "" };
        let offsets = format!("[{},{}]", bytes.start, bytes.end);
        header += &format!(
            "{comma}\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":[{elements}],\"data_offsets\":{offsets}}}"
        );
    }
    header += "}";
    // With the largest bytes, all floats are finite. None is negative, so the gradient is dy.
    let x: Vec<u8> = (0..32 * COUNT).map(|i| (i * 31 % 123) as u8).collect();
    let dy: Vec<u8> = (0..32 * COUNT).map(|i| (i * 29 % 123) as u8).collect();
    for (name, data) in [("x.safetensors", &x), ("dy.safetensors", &dy)] {
        let length = (header.len() as u64).to_le_bytes();
        fs::write(folder.path(name), [&length, header.as_bytes(), data].concat()).unwrap();
    }
    let arguments = [
        "apply",
        "-a",
        "leaky_relu",
        "--gradient",
        "dy.safetensors",
        "x.safetensors",
        "dx.safetensors",
    ];
    folder.run(arguments).succeeded();
    let dx = fs::read(folder.path("dx.safetensors")).unwrap();
    let dx = SafeTensors::deserialize(&dx).unwrap();
    for (name, (dtype, _), bytes) in (0..COUNT).map(tensor) {
        let expected = if dtype == Dtype::I64 { &x[bytes] } else { &dy[bytes] };
        assert_eq!(dx.tensor(&name).unwrap().data(), expected, "{name}");
    }
}

#[test]
fn bytes_after_the_tensors_of_a_pipe_are_told() {
    let folder = Folder::new();
    write(&folder.path("x.safetensors"), &[("a", Dtype::F32, &[1], &bytes(&[1.0]))]);
    let x = fs::read(folder.path("x.safetensors")).unwrap();
    for more in [0, 1] {
        let mut child = folder.start(["apply", "-a", "relu", "--force", "-", "y.safetensors"]);
        let pipe = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut &pipe, &[&x[..], &[0u8; 1][..more]].concat()).unwrap();
        drop(pipe);
        let run = Run::ended(child);
        if more == 0 {
            run.succeeded();
        } else {
            assert!(
                run.failed()
                    .contains("standard input: bytes follow the 4 that its header promises")
            );
        }
    }
}

#[test]
fn the_gradient_finds_its_tensors_by_name() {
    let folder = Folder::new();
    let (a, b) = mixed(&folder);
    let [da, db] = [&a, &b].map(|x| x.iter().map(|x| x * 0.5 - 3.0).collect::<Vec<f32>>());
    write(
        &folder.path("dy.safetensors"),
        &[
            // safetensors writes another order: F64 comes first, and then names decide.
            ("A first", Dtype::F64, &[1], &[7; 8]),
            ("b", Dtype::F32, &[1_100_001], &bytes(&db)),
            ("a", Dtype::F32, &[5, 7], &bytes(&da)),
            ("half", Dtype::F16, &[3], &HALF),
            ("empty", Dtype::F32, &[0, 4], &[]),
        ],
    );
    let arguments =
        ["apply", "-a", "relu", "--gradient", "dy.safetensors", "x.safetensors", "dx.safetensors"];
    folder.run(arguments).succeeded();
    let dx = fs::read(folder.path("dx.safetensors")).unwrap();
    assert_eq!(tensor(&dx, "a").2, bytes(&reference::gradient(RELU, &a, &da)));
    assert_eq!(tensor(&dx, "b").2, bytes(&reference::gradient(RELU, &b, &db)));
    assert_eq!(tensor(&dx, "half").2, [0, 0, 0x00, 0x40, 0, 0]);
    assert_eq!(tensor(&dx, "index").2, [255; 8]);
}

#[test]
fn what_does_not_fit_is_told() {
    let folder = Folder::new();
    mixed(&folder);
    let one = bytes(&[1.0]);
    write(&folder.path("dy.safetensors"), &[("a", Dtype::F32, &[1], &one)]);
    write(&folder.path("other.safetensors"), &[("c", Dtype::F32, &[1], &one)]);
    write(&folder.path("whole.safetensors"), &[("n", Dtype::I32, &[1], &one)]);
    let good = fs::read(folder.path("dy.safetensors")).unwrap();
    fs::write(folder.path("short.safetensors"), &good[..good.len() - 1]).unwrap();
    fs::write(folder.path("long.safetensors"), [&good[..], &[0]].concat()).unwrap();
    fs::write(folder.path("huge.safetensors"), [0xff; 64]).unwrap();
    fs::write(folder.path("tiny.safetensors"), [0; 7]).unwrap();
    fs::write(folder.path("text.safetensors"), b"\x10\0\0\0\0\0\0\0{\"a\": nonsense} ").unwrap();
    let before = folder.files();
    for (more, input, part) in [
        (&["--tensor", "c"][..], "x.safetensors", "no tensor \"c\"; it has"),
        (&["--tensor", "index"], "x.safetensors", "\"index\" is I64, not F32, F16 or BF16"),
        (&["--gradient", "dy.safetensors"], "x.safetensors", "is F32 [1], but must be F32 [5, 7]"),
        (&["--gradient", "other.safetensors"], "x.safetensors", "has no tensor \"a\""),
        (&["--gradient", "dy.npy"], "x.safetensors", "different kinds"),
        (&[], "whole.safetensors", "no tensor of type F32, F16 or BF16 (of 1"),
        (&[], "short.safetensors", "but its header promises"),
        (&[], "long.safetensors", "but its header promises"),
        (&[], "huge.safetensors", "not a .safetensors file"),
        (&[], "tiny.safetensors", "not a .safetensors file"),
        (&[], "text.safetensors", "not a .safetensors file"),
    ] {
        let arguments = ["apply", "-a", "relu", input, "out.safetensors"];
        let error = folder.run(arguments.iter().chain(more)).failed();
        assert!(error.contains(part), "{input} {more:?}: {error}");
        assert_eq!(folder.files(), before);
    }
}
