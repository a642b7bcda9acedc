//! A dense layer on the CPU, which makes the pre-activations.

use rand::Rng;
use rand_distr::{Distribution, Normal};

use crate::npy::Matrix;

/// More would take minutes and gigabytes in this plain loop.
const MOST: usize = 1 << 26;

/// `data · weights`, with `data` brought to mean 0 and variance 1, and weights after He et al. (2015):
/// normal with standard deviation √(2 / fan_in), which keeps the variance through layers of ReLU.
pub(crate) fn pre_activations(
    data: &Matrix,
    units: usize,
    random: &mut impl Rng,
) -> Result<Vec<f32>, String> {
    let (rows, fan_in) = (data.rows, data.columns);
    let elements = rows.saturating_mul(units);
    if elements > MOST {
        return Err(format!(
            "{rows} samples x {units} units are {elements} pre-activations, and this example stops at \
             {MOST}; pass fewer --units"
        ));
    }
    if fan_in.saturating_mul(units) > MOST {
        return Err(format!(
            "{fan_in} features x {units} units are more than {MOST} weights; pass fewer --units"
        ));
    }
    let samples = standardized(&data.values);
    let weights = normal(fan_in * units, (2.0 / fan_in as f32).sqrt(), random)?;
    let mut result = vec![0.0f32; elements];
    for (sample, row) in samples.chunks_exact(fan_in).zip(result.chunks_exact_mut(units)) {
        for (&value, weights) in sample.iter().zip(weights.chunks_exact(units)) {
            for (sum, &weight) in row.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    Ok(result)
}

/// Random numbers of a normal distribution with mean 0.
pub(crate) fn normal(
    count: usize,
    standard_deviation: f32,
    random: &mut impl Rng,
) -> Result<Vec<f32>, String> {
    let normal = Normal::new(0.0, standard_deviation).map_err(|error| error.to_string())?;
    Ok((0..count).map(|_| normal.sample(random)).collect())
}

/// Brings the finite values to mean 0 and variance 1. Other values stay as they are.
fn standardized(values: &[f32]) -> Vec<f32> {
    let finite = || values.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value));
    let count = finite().count().max(1) as f64;
    let mean = finite().sum::<f64>() / count;
    let deviation = (finite().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if deviation > 0.0 { 1.0 / deviation } else { 1.0 };
    values.iter().map(|&value| ((f64::from(value) - mean) * scale) as f32).collect()
}
