//! Alternating rounds: every contender once, and then in reverse order. So a disturbance of the machine hits all, and
//! no contender always follows the same one.

use std::time::Instant;

use wgpu_relu::Activation;

use crate::Outcome;
use crate::contender::{Contender, Errors, Way};

/// A contender that takes turns with others.
pub(crate) trait Timed {
    /// Operations per sample.
    fn batch(&self) -> u32;
    /// Prepares so many runs. Its time does not count.
    fn restore(&self, times: u32) -> Outcome<()>;
    /// Runs it so many times, and waits for the end of the last run.
    fn run(&self, times: u32) -> Outcome<()>;
}

/// The measurement of a contender.
pub(crate) struct Measured {
    pub(crate) way: Way,
    pub(crate) activation: Option<Activation>,
    /// Median seconds of an operation, from its recording to its end.
    pub(crate) seconds: f64,
    pub(crate) errors: Errors,
}

/// Runs the rounds, and then verifies every result.
pub(crate) fn run(contenders: Vec<Contender<'_>>, rounds: u32) -> Outcome<Vec<Measured>> {
    let seconds = medians(&contenders, rounds)?;
    let verified = contenders.iter().zip(seconds).map(|(contender, seconds)| {
        Ok(Measured {
            way: contender.way,
            activation: contender.activation,
            seconds,
            errors: contender.verify()?,
        })
    });
    verified.collect()
}

/// Median seconds of an operation of each, after a round that warms up.
pub(crate) fn medians(contenders: &[impl Timed], rounds: u32) -> Outcome<Vec<f64>> {
    let mut samples = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        let mut order: Vec<_> = contenders.iter().zip(&mut samples).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (contender, samples) in order {
            let batch = contender.batch();
            contender.restore(batch)?;
            let start = Instant::now();
            contender.run(batch)?;
            let seconds = start.elapsed().as_secs_f64() / f64::from(batch);
            if round > 0 {
                samples.push(seconds);
            }
        }
    }
    Ok(samples.into_iter().map(median).collect())
}

/// The median: the middle value, or the mean of the middle two.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    match samples[..] {
        [] => f64::NAN,
        _ if samples.len() % 2 == 1 => samples[middle],
        _ => (samples[middle - 1] + samples[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
