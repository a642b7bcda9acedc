//! Random parameters and inputs: the device agrees with the CPU reference.

use bolero::TypeGenerator;
use testkit::compare;
use wgpu_relu::Activation;

use crate::{gpu, naive};

/// Any float, or one of an ordinary size.
#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Number {
    Any(u32),
    Ordinary(i16),
}

impl Number {
    fn get(self) -> f32 {
        match self {
            Number::Any(bits) => f32::from_bits(bits),
            Number::Ordinary(thousands) => f32::from(thousands) / 1024.0,
        }
    }
}

/// 1,000 random parameters, each with 128 random pairs of x and dy.
///
/// Reliability 25.
#[test]
fn devices_agree_with_the_reference() {
    let flushes = naive::flushes_subnormals(gpu());
    let input = bolero::produce::<(u8, [Number; 4])>();
    let pairs = bolero::produce::<Vec<(Number, Number)>>().with().len(128usize);
    bolero::check!().with_generator((input, pairs)).with_iterations(1000).for_each(
        |((number, parameters), pairs)| {
            let default = Activation::ALL[usize::from(*number) % Activation::ALL.len()];
            let count = default.parameters().len();
            let parameters = parameters.map(Number::get);
            // Parameters that are refused have tests of their own.
            let activation = default.with_parameters(&parameters[..count]).unwrap_or(default);
            let (x, dy): (Vec<f32>, Vec<f32>) =
                pairs.iter().map(|(x, dy)| (x.get(), dy.get())).unzip();
            let operator = activation.on(gpu()).unwrap();
            let [x_buffer, dy_buffer] = [&x, &dy].map(|data| gpu().upload(data).unwrap());
            let y = gpu().download(&operator.apply(&x_buffer).unwrap()).unwrap();
            let dx = gpu().download(&operator.gradient(&x_buffer, &dy_buffer).unwrap()).unwrap();
            compare::values(flushes, activation, &x, &y)
                .and(compare::gradients(flushes, activation, &x, &dy, &dx))
                .unwrap_or_else(|error| panic!("{activation}: {error}"));
        },
    );
}
