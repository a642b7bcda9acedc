//! The gradients of a whole network against finite differences of its loss, in f64.

use wgpu_relu::{Activation, Fan, Gpu, Init};

use super::kernels::{Loss, Optimizer};
use super::text::Hidden::{Fixed, Prelu};
use super::{IDENTITY, Network, Plan};

/// Activations in f64, independent of the crate.
fn value(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { negative_slope } => {
            if x > 0.0 {
                x
            } else {
                f64::from(negative_slope) * x
            }
        }
        Activation::Elu { alpha } => {
            if x > 0.0 {
                x
            } else {
                f64::from(alpha) * x.exp_m1()
            }
        }
        Activation::Gelu => x * 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        other => panic!("{other} is not here"),
    }
}

fn activate(activation: Activation, values: &mut [f64]) {
    values.iter_mut().for_each(|x| *x = value(activation, *x));
}

/// The mean loss over the batch, in f64, sample by sample.
fn loss(plan: &Plan, layers: &[Vec<Vec<f64>>], inputs: &[f64], targets: &[f64]) -> f64 {
    let (first, last) = (plan.widths[0], plan.widths[plan.widths.len() - 1]);
    let mut total = 0.0;
    for (x, aim) in inputs.chunks(first).zip(targets.chunks(last)) {
        let mut y = x.to_vec();
        for (index, parts) in layers.iter().enumerate() {
            let (weights, biases) = (&parts[0], &parts[1]);
            let dot = |row: &[f64]| row.iter().zip(&y).map(|(w, x)| w * x).sum::<f64>();
            let mut next: Vec<f64> =
                weights.chunks(y.len()).zip(biases).map(|(row, b)| dot(row) + b).collect();
            let output = index + 1 == layers.len();
            let leaky = |(x, slope): (&f64, &f64)| if *x > 0.0 { *x } else { slope * x };
            match (parts.get(2), output) {
                (Some(slopes), _) => next = next.iter().zip(slopes).map(leaky).collect(),
                (None, true) => activate(plan.output, &mut next),
                (None, false) => activate(plan.hidden(index).activation(), &mut next),
            }
            y = next;
        }
        total += match plan.loss {
            Loss::CrossEntropy => {
                let sum: f64 = y.iter().map(|y| y.exp()).sum();
                y.iter().zip(aim).map(|(y, aim)| aim * (sum.ln() - y)).sum()
            }
            Loss::SquaredError => {
                y.iter().zip(aim).map(|(y, aim)| (y - aim).powi(2)).sum::<f64>() / last as f64
            }
        };
    }
    total / plan.batch as f64
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let gpu = Gpu::new().unwrap();
    for (seed, (hidden, output, kind)) in (1..).zip([
        (vec![Fixed(Activation::Relu)], IDENTITY, Loss::CrossEntropy),
        (vec![Fixed(Activation::LeakyRelu { negative_slope: 0.2 })], IDENTITY, Loss::CrossEntropy),
        (vec![Fixed(Activation::Elu { alpha: 1.5 })], IDENTITY, Loss::CrossEntropy),
        (vec![Fixed(Activation::Gelu)], IDENTITY, Loss::CrossEntropy),
        (vec![Fixed(Activation::Tanh)], IDENTITY, Loss::SquaredError),
        (vec![Fixed(Activation::Silu)], Activation::Sigmoid, Loss::SquaredError),
        (vec![Prelu], IDENTITY, Loss::CrossEntropy),
        (vec![Prelu, Fixed(Activation::Tanh)], IDENTITY, Loss::CrossEntropy),
    ]) {
        let init = Init::HeNormal { fan: Fan::In, gain: 1.2 };
        let plan = Plan {
            widths: vec![5, 33, 6, 3],
            hidden: hidden.clone(),
            output,
            loss: kind,
            optimizer: Optimizer::Adam,
            init: [init; 2],
            bias: 0.1,
            batch: 4,
            seed,
        };
        let network = Network::new(&gpu, plan).unwrap();
        let plan = &network.plan;
        let draw = |offset: u64, length: usize| {
            let mut values = vec![0.0; length];
            let draw = wgpu_relu::Draw { seed, offset };
            let normal = Init::Normal { mean: 0.0, std: 1.0 };
            normal.fill_drawn(&mut values, &[length], draw).unwrap();
            values
        };
        let (inputs, mut targets) = (draw(100, 20), draw(101, 12));
        if kind == Loss::CrossEntropy {
            // Shares of classes, which need not be 0 and 1.
            for row in targets.chunks_mut(3) {
                let sum: f32 = row.iter().map(|x| x.abs()).sum();
                row.iter_mut().for_each(|x| *x = x.abs() / sum);
            }
        }
        gpu.upload_into(&inputs, &network.inputs).unwrap();
        gpu.upload_into(&targets, &network.targets).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        network.record_gradients(&mut encoder.begin_compute_pass(&Default::default()));
        gpu.queue().submit([encoder.finish()]);

        let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&x| x.into()).collect() };
        let found = network.tensors(&network.gradients).unwrap();
        let parameters = network.tensors(&network.parameters).unwrap();
        let mut layers: Vec<Vec<Vec<f64>>> =
            parameters.iter().map(|parts| parts.iter().map(|part| wide(part)).collect()).collect();
        let (inputs, targets) = (wide(&inputs), wide(&targets));
        let results = gpu.download(&network.results).unwrap();
        let mean = results.iter().step_by(2).map(|&loss| f64::from(loss)).sum::<f64>() / 4.0;
        let exact = loss(plan, &layers, &inputs, &targets);
        assert!((mean - exact).abs() < 1e-5 * exact, "{hidden:?}: {mean}, not {exact}");

        let (step, mut largest, mut checked) = (1e-6, 0.0f64, 0);
        for index in 0..layers.len() {
            for part in 0..layers[index].len() {
                for at in 0..layers[index][part].len() {
                    let before = layers[index][part][at];
                    let mut at_offset = |offset: f64| {
                        layers[index][part][at] = before + offset;
                        loss(plan, &layers, &inputs, &targets)
                    };
                    let difference = (at_offset(step) - at_offset(-step)) / (2.0 * step);
                    layers[index][part][at] = before;
                    let gradient = f64::from(found[index][part][at]);
                    let error = (gradient - difference).abs();
                    assert!(
                        error < 1e-4 * difference.abs() + 2e-6,
                        "{hidden:?}, layer {index}: {gradient}, where differences give {difference}"
                    );
                    largest = largest.max(gradient.abs());
                    checked += 1;
                }
            }
        }
        let widths = [(0, 33), (1, 6)].into_iter().filter(|(at, _)| plan.hidden(*at) == Prelu);
        let slopes: usize = widths.map(|(_, width)| width).sum();
        assert_eq!(checked, 5 * 33 + 33 + 33 * 6 + 6 + 6 * 3 + 3 + slopes);
        assert!(largest > 1e-2, "{hidden:?}: no gradient to speak of");
    }
}
