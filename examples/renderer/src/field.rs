//! Reads and checks a neural field.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use wgpu_relu::Activation;

use crate::error::{Error, Result};

/// The field of this package, which examples/train_field has trained.
const DEFAULT: &[u8] = include_bytes!("../../../data/field.safetensors");

/// A multilayer perceptron. It computes the colour of a place from sines and cosines of the place's turns.
#[derive(Debug)]
pub(crate) struct Field {
    /// Turns across and down the picture.
    pub(crate) frequencies: Vec<[f32; 2]>,
    /// The layers. The inputs of the first one are the sines and then the cosines.
    pub(crate) layers: Vec<Layer>,
    /// The activation of all layers but the last, as it was trained.
    pub(crate) hidden: Activation,
    /// The activation of the last layer.
    pub(crate) output: Activation,
}

/// The product of a layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// `[outputs, inputs]`
    pub(crate) weights: Vec<f32>,
    pub(crate) biases: Vec<f32>,
}

/// Why a file is no field.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FieldError {
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    #[error("is no .safetensors file: {0}")]
    Format(safetensors::SafeTensorError),
    #[error("has no tensor {0:?}")]
    Missing(String),
    #[error("{name:?} is of {found:?}, but must be of F32")]
    ElementType { name: String, found: Dtype },
    #[error("{name:?} has the shape {found:?}, but must have {expected}")]
    Shape { name: String, found: Vec<usize>, expected: String },
    #[error("{name:?} has a number that is not finite, at {at}")]
    NotFinite { name: String, at: usize },
    #[error("has {found} layer, but must have 2 at least")]
    Layers { found: usize },
    #[error("names no {0:?} in its metadata")]
    Metadata(&'static str),
    #[error("{0:?} in its metadata: {1}")]
    Activation(&'static str, wgpu_relu::Error),
}

impl Field {
    /// The field of this package.
    pub(crate) fn built_in() -> Result<Self> {
        Self::parse(DEFAULT)
            .map_err(|error| Error::Field { path: "data/field.safetensors".into(), error })
    }

    pub(crate) fn open(path: &Path) -> Result<Self> {
        let parsed = std::fs::read(path)
            .map_err(FieldError::Unreadable)
            .and_then(|bytes| Self::parse(&bytes));
        parsed.map_err(|error| Error::Field { path: path.to_owned(), error })
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let file = SafeTensors::deserialize(bytes).map_err(FieldError::Format)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(FieldError::Format)?;
        let activation = |key: &'static str| {
            let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(key));
            let text = metadata.ok_or(FieldError::Metadata(key))?;
            text.parse().map_err(|error| FieldError::Activation(key, error))
        };
        let (shape, frequencies) = tensor(&file, "frequencies")?;
        let (&[count, 2], true) = (shape.as_slice(), !frequencies.is_empty()) else {
            return Err(unlike("frequencies", shape, "[1 or more, 2]"));
        };
        let mut layers = Vec::new();
        let mut inputs = 2 * count;
        loop {
            let names = ["weight", "bias"].map(|part| format!("layers.{}.{part}", layers.len()));
            if layers.len() >= 2 && file.tensor(&names[0]).is_err() {
                break;
            }
            if layers.len() == 1 && file.tensor(&names[0]).is_err() {
                return Err(FieldError::Layers { found: 1 });
            }
            let layer = layer(&file, &names, inputs)?;
            inputs = layer.outputs;
            layers.push(layer);
        }
        if inputs != 3 {
            let name = format!("layers.{}.weight", layers.len() - 1);
            let (shape, _) = tensor(&file, &name)?;
            return Err(unlike(&name, shape, "3 rows: red, green and blue"));
        }
        Ok(Field {
            frequencies: frequencies.chunks_exact(2).map(|f| [f[0], f[1]]).collect(),
            layers,
            hidden: activation("activation")?,
            output: activation("output")?,
        })
    }
}

fn layer(file: &SafeTensors<'_>, names: &[String; 2], inputs: usize) -> Result<Layer, FieldError> {
    let [weight, bias] = names;
    let (shape, weights) = tensor(file, weight)?;
    let outputs = match shape.as_slice() {
        &[outputs, columns] if outputs > 0 && columns == inputs => outputs,
        _ => return Err(unlike(weight, shape, &format!("[1 or more, {inputs}]"))),
    };
    let (shape, biases) = tensor(file, bias)?;
    if shape != [outputs] {
        return Err(unlike(bias, shape, &format!("[{outputs}]")));
    }
    Ok(Layer { inputs, outputs, weights, biases })
}

/// The shape and the numbers of a tensor.
fn tensor(file: &SafeTensors<'_>, name: &str) -> Result<(Vec<usize>, Vec<f32>), FieldError> {
    let tensor = file.tensor(name).map_err(|_| FieldError::Missing(name.to_owned()))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(FieldError::ElementType { name: name.to_owned(), found: tensor.dtype() });
    }
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let values: Vec<f32> = tensor.data().chunks_exact(4).map(number).collect();
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(FieldError::NotFinite { name: name.to_owned(), at }),
        None => Ok((tensor.shape().to_vec(), values)),
    }
}

fn unlike(name: &str, found: Vec<usize>, expected: &str) -> FieldError {
    FieldError::Shape { name: name.to_owned(), found, expected: expected.to_owned() }
}
