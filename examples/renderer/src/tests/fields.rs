//! Files that are no fields are refused, with the reason.

use std::collections::HashMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};

use crate::error::Error;
use crate::field::{Field, FieldError};

type Tensor<'a> = (&'a str, Vec<usize>);

/// A file of tensors that are all 0.5.
fn file(tensors: &[Tensor<'_>], metadata: &[(&str, &str)]) -> Vec<u8> {
    let bytes: Vec<_> = tensors
        .iter()
        .map(|(_, shape)| 0.5f32.to_le_bytes().repeat(shape.iter().product()))
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let metadata: HashMap<String, String> = metadata.iter().map(pair).collect();
    serialize(views.collect::<Vec<_>>(), Some(metadata)).unwrap()
}

const NAMES: [(&str, &str); 2] = [("activation", "elu(alpha=0.5)"), ("output", "sigmoid")];

fn good() -> Vec<Tensor<'static>> {
    vec![
        ("frequencies", vec![5, 2]),
        ("layers.0.weight", vec![7, 10]),
        ("layers.0.bias", vec![7]),
        ("layers.1.weight", vec![3, 7]),
        ("layers.1.bias", vec![3]),
    ]
}

/// The good file with one tensor changed, or left out.
fn with(name: &str, shape: Option<&[usize]>) -> Vec<u8> {
    let mut tensors = good();
    let at = tensors.iter().position(|(other, _)| *other == name).unwrap();
    match shape {
        Some(shape) => tensors[at].1 = shape.to_vec(),
        None => drop(tensors.remove(at)),
    }
    file(&tensors, &NAMES)
}

#[test]
fn a_field_is_read_as_it_was_written() {
    let field = Field::parse(&file(&good(), &NAMES)).unwrap();
    assert_eq!(field.hidden, wgpu_relu::Activation::Elu { alpha: 0.5 });
    assert_eq!(field.frequencies, [[0.5; 2]; 5]);
    assert_eq!(field.layers.len(), 2);
    let field = Field::built_in().unwrap();
    assert_eq!((field.frequencies.len(), field.layers.len()), (32, 3));
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let shape = |name: &'static str, shape: &[usize], part: &'static str| {
        let error = Field::parse(&with(name, Some(shape))).unwrap_err();
        assert!(matches!(error, FieldError::Shape { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(part), "{text}");
    };
    shape("frequencies", &[5, 3], "[1 or more, 2]");
    shape("frequencies", &[0, 2], "[1 or more, 2]");
    shape("layers.0.weight", &[7, 11], "[1 or more, 10]");
    shape("layers.0.weight", &[70], "[1 or more, 10]");
    shape("layers.0.bias", &[8], "[7]");
    shape("layers.1.weight", &[3, 8], "[1 or more, 7]");

    let mut four = good();
    four[3].1 = vec![4, 7];
    four[4].1 = vec![4];
    let error = Field::parse(&file(&four, &NAMES)).unwrap_err();
    assert!(error.to_string().contains("red, green and blue"), "{error}");

    for name in ["frequencies", "layers.0.weight", "layers.0.bias", "layers.1.bias"] {
        let error = Field::parse(&with(name, None)).unwrap_err();
        assert!(matches!(&error, FieldError::Missing(missing) if missing == name), "{error}");
    }
    let error = Field::parse(&with("layers.1.weight", None)).unwrap_err();
    assert!(matches!(error, FieldError::Layers { found: 1 }), "{error}");

    let error = Field::parse(&file(&good(), &NAMES[..1])).unwrap_err();
    assert!(matches!(error, FieldError::Metadata("output")), "{error}");
    let bad = [("activation", "prelu"), NAMES[1]];
    let error = Field::parse(&file(&good(), &bad)).unwrap_err();
    assert!(matches!(error, FieldError::Activation("activation", _)), "{error}");
    assert!(matches!(Field::parse(b"no field").unwrap_err(), FieldError::Format(_)));
}

#[test]
fn numbers_must_be_finite_floats() {
    let mut bytes = file(&good(), &NAMES);
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = Field::parse(&bytes).unwrap_err();
    assert!(matches!(error, FieldError::NotFinite { .. }), "{error}");

    let halves = [0u8; 20];
    let view = TensorView::new(Dtype::F16, vec![5, 2], &halves).unwrap();
    let bytes = serialize([("frequencies", view)], None).unwrap();
    let error = Field::parse(&bytes).unwrap_err();
    assert!(matches!(error, FieldError::ElementType { .. }), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = Field::open("no/such/field.safetensors".as_ref()).unwrap_err();
    assert!(matches!(error, Error::Field { error: FieldError::Unreadable(_), .. }), "{error}");
    assert!(error.to_string().contains("no/such/field.safetensors"), "{error}");
}
