//! The look: the hidden layers' activation, and how activations are computed. Both can change while the program runs.

use wgpu_relu::Activation;

/// How activations are computed. The picture is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Each by `Prepared::record`, in place, after the product
    Recorded,
    /// In the epilogue of the product's own shader, from `wgpu_relu::wgsl`
    Fused,
}

impl Mode {
    pub(crate) fn other(self) -> Self {
        match self {
            Mode::Recorded => Mode::Fused,
            Mode::Fused => Mode::Recorded,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Recorded => "recorded",
            Mode::Fused => "fused",
        }
    }
}

/// The activation and the mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    pub(crate) activation: Activation,
    pub(crate) mode: Mode,
}

/// The activation `by` places further in `Activation::ALL`, with its default parameters.
pub(crate) fn neighbour(activation: Activation, by: isize) -> Activation {
    let all = Activation::ALL;
    let at = all.iter().position(|other| other.name() == activation.name()).unwrap_or(0);
    all[(at as isize + by).rem_euclid(all.len() as isize) as usize]
}

/// The same activation with its first parameter changed by `by`. None if it has none, or if the value is not valid.
pub(crate) fn shifted(activation: Activation, by: f32) -> Option<Activation> {
    let mut parameters = activation.parameters();
    parameters.first_mut()?.1 += by;
    let values: Vec<_> = parameters.into_iter().map(|(_, value)| value).collect();
    activation.with_parameters(&values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_go_round() {
        let all = Activation::ALL;
        assert_eq!(neighbour(all[0], -1), all[all.len() - 1]);
        assert_eq!(neighbour(all[all.len() - 1], 1), all[0]);
        let mut seen = vec![Activation::Gelu];
        while seen.len() < all.len() {
            seen.push(neighbour(seen[seen.len() - 1], 1));
        }
        assert!(all.iter().all(|activation| seen.contains(activation)));
    }

    #[test]
    fn parameters_shift_where_they_may() {
        let elu = Activation::Elu { alpha: 1.0 };
        assert_eq!(shifted(elu, 0.125), Some(Activation::Elu { alpha: 1.125 }));
        assert_eq!(shifted(Activation::Relu, 0.125), None);
        assert_eq!(shifted("softshrink".parse().unwrap(), -1.0), None);
        let both = Activation::Softplus { beta: 1.5, threshold: 20.0 };
        assert_eq!(shifted(Activation::Softplus { beta: 1.0, threshold: 20.0 }, 0.5), Some(both));
    }
}
