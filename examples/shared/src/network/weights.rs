//! A trained network as a `.safetensors` file.

use std::collections::HashMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::text::Hidden;
use super::{Network, PARTS};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A tensor besides those of the layers.
pub struct Extra<'a> {
    pub name: &'a str,
    pub shape: [usize; 2],
    pub values: &'a [f32],
}

/// Writes `layers.0.weight`, `[out, in]`, `layers.0.bias` and so on, with the activations in the metadata.
pub fn save(network: &Network, extra: &[Extra<'_>], path: &Path) -> Outcome<()> {
    let mut tensors = Vec::new();
    for tensor in extra {
        tensors.push((tensor.name.to_owned(), tensor.shape.to_vec(), bytes(tensor.values)));
    }
    let layers = network.tensors(&network.parameters)?;
    for (index, (layer, parts)) in network.layers.iter().zip(&layers).enumerate() {
        for (part, values) in PARTS.iter().zip(parts) {
            let mut shape = vec![layer.outputs, layer.inputs];
            shape.truncate(if *part == "weight" { 2 } else { 1 });
            tensors.push((format!("layers.{index}.{part}"), shape, bytes(values)));
        }
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
    });
    let views = views.collect::<Outcome<Vec<_>>>()?;
    let names: Vec<String> = network.plan.hidden.iter().map(Hidden::to_string).collect();
    let metadata = HashMap::from([
        ("activation".to_owned(), names.join(", ")),
        ("output".to_owned(), network.plan.output.to_string()),
    ]);
    let file = safetensors::serialize(views, Some(metadata))?;
    Ok(std::fs::write(path, file).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// The bytes in the format's order, the lower byte first.
fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
