//! Floor 7: initial weights, on the host and on the device. Distributions whose width follows from a layer's shape.
//!
//! May use the floors below, but not `ops`.

pub(crate) mod fill;
pub(crate) mod quantile;

use rand::Rng;
use rand_distr::{Distribution, Normal, Uniform};

use crate::activation::Activation;
use crate::args::draw::{self, Draw};
use crate::error::{Error, Result};
use crate::init::quantile::quantile;

/// How weights are drawn before a training.
///
/// The shape of a dense layer's weights is `[out, in]`, of a convolution's `[out, in, k, …]`, as in PyTorch; `fan_in`
/// is `in · k · …`, `fan_out` is `out · k · …`. The gain makes up for the change of the variance by the activation
/// after the layer: [`Activation::gain`].
///
/// On the host, [`fill`](Init::fill) draws from the caller's own generator. On the device,
/// [`Gpu::fill`](crate::Gpu::fill) draws by a [`Draw`]: the same numbers to the last bit on every device, in every run,
/// and from [`fill_drawn`](Init::fill_drawn) on the CPU. Releases keep these numbers; other numbers would be a breaking
/// change.
///
/// ```
/// use rand::SeedableRng;
/// use wgpu_relu::{Activation, Draw, Gpu, Init};
///
/// let he = Init::he(Activation::Relu);
/// let shape = [128, 64]; // out, in
///
/// let mut weights = vec![0.0; 128 * 64];
/// he.fill(&mut weights, &shape, &mut rand::rngs::StdRng::seed_from_u64(7))?;
///
/// let gpu = Gpu::new()?;
/// let buffer = gpu.upload(&weights)?;
/// let draw = Draw { seed: 7, offset: 0 }; // an offset for each layer
/// gpu.fill(&buffer, he, &shape, draw)?;
/// he.fill_drawn(&mut weights, &shape, draw)?;
/// assert_eq!(gpu.download(&buffer)?, weights);
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// One number everywhere: finite.
    Constant(f32),
    /// A normal distribution.
    Normal {
        /// Its mean.
        mean: f32,
        /// Its standard deviation.
        std: f32,
    },
    /// The part of a normal distribution between two bounds, of which it must hold at least 1/4096.
    TruncatedNormal {
        /// The mean of the whole distribution.
        mean: f32,
        /// The standard deviation of the whole distribution.
        std: f32,
        /// No number is below.
        low: f32,
        /// No number is above.
        high: f32,
    },
    /// Evenly between two bounds.
    Uniform {
        /// No number is below.
        low: f32,
        /// No number is above.
        high: f32,
    },
    /// Normal with standard deviation `gain · √(2 / (fan_in + fan_out))` (Glorot and Bengio, 2010).
    XavierNormal {
        /// 1 for none.
        gain: f32,
    },
    /// Uniform within `±gain · √(6 / (fan_in + fan_out))`, with the same variance.
    XavierUniform {
        /// 1 for none.
        gain: f32,
    },
    /// Normal with standard deviation `gain / √fan` (He et al., 2015).
    HeNormal {
        /// Which variance is kept.
        fan: Fan,
        /// √2 for ReLU.
        gain: f32,
    },
    /// Uniform within `±gain · √(3 / fan)`, with the same variance.
    HeUniform {
        /// Which variance is kept.
        fan: Fan,
        /// √2 for ReLU.
        gain: f32,
    },
    /// Normal with standard deviation `1 / √fan_in` (LeCun et al., 1998), for self-normalising networks of selu
    /// (Klambauer et al., 2017).
    LecunNormal,
    /// `gain` times a random matrix with orthonormal rows, or columns if there are fewer (Saxe et al., 2014). On the
    /// host only. The dimensions after the first count as one.
    Orthogonal {
        /// 1 for none.
        gain: f32,
    },
}

/// Which side of a layer keeps its variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Fan {
    /// Activations, on their way forward.
    #[default]
    In,
    /// Gradients, on their way back.
    Out,
}

impl Init {
    /// [`HeNormal`](Init::HeNormal) with `fan_in` and the gain of the activation that follows.
    #[must_use]
    pub fn he(activation: Activation) -> Self {
        Init::HeNormal { fan: Fan::In, gain: activation.gain() }
    }

    /// Returns the distribution for weights of this shape: `Constant`, `Normal`, `TruncatedNormal` or `Uniform`, with
    /// its parameters checked. `Orthogonal` stays `Orthogonal`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for a shape without fans if they are needed, [`Error::InvalidParameter`] for a parameter out of
    /// range: neither 0 nor of a magnitude from 1e-30 to 1e30.
    ///
    /// ```
    /// # use wgpu_relu::{Fan, Init};
    /// let he = Init::HeUniform { fan: Fan::In, gain: 1.0 };
    /// // 16 channels out of 3, by kernels of 5 × 5: fan_in is 75.
    /// assert_eq!(he.for_shape(&[16, 3, 5, 5])?, Init::Uniform { low: -0.2, high: 0.2 });
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn for_shape(&self, shape: &[usize]) -> Result<Init> {
        elements(shape)?;
        let normal = |gain: f32, fan: f64| {
            let std = (f64::from(gain) / fan.sqrt()) as f32;
            Ok::<_, Error>(Init::Normal { mean: 0.0, std })
        };
        let uniform = |gain: f32, fan: f64| {
            let high = (f64::from(gain) * (3.0 / fan).sqrt()) as f32;
            Ok::<_, Error>(Init::Uniform { low: -high, high })
        };
        let side = |fan: Fan| {
            let (fan_in, fan_out) = fans(shape)?;
            Ok::<_, Error>(if fan == Fan::In { fan_in } else { fan_out })
        };
        let middle = || fans(shape).map(|(fan_in, fan_out)| (fan_in + fan_out) / 2.0);
        if let Init::XavierNormal { gain }
        | Init::XavierUniform { gain }
        | Init::HeNormal { gain, .. }
        | Init::HeUniform { gain, .. }
        | Init::Orthogonal { gain } = *self
        {
            check(self.name(), "gain", gain)?;
            if gain < 0.0 {
                return Err(invalid(self.name(), "gain", gain, "at least 0"));
            }
        }
        let found = match *self {
            Init::XavierNormal { gain } => normal(gain, middle()?)?,
            Init::XavierUniform { gain } => uniform(gain, middle()?)?,
            Init::HeNormal { fan, gain } => normal(gain, side(fan)?)?,
            Init::HeUniform { fan, gain } => uniform(gain, side(fan)?)?,
            Init::LecunNormal => normal(1.0, side(Fan::In)?)?,
            Init::Orthogonal { .. } => {
                fans(shape)?;
                *self
            }
            plain => plain,
        };
        found.check()?;
        Ok(found)
    }

    /// Fills a slice with draws from `random`, by the distributions of `rand_distr`.
    ///
    /// # Errors
    ///
    /// Those of [`for_shape`](Init::for_shape), and [`Error::Shape`] for a shape with another number of elements than
    /// the slice.
    pub fn fill(&self, values: &mut [f32], shape: &[usize], random: &mut impl Rng) -> Result<()> {
        let init = self.for_slice(values.len(), shape)?;
        let name = init.name();
        let refused = |parameter, value| invalid(name, parameter, value, "finite");
        match init {
            Init::Normal { mean, std } => {
                let normal = Normal::new(mean, std).map_err(|_| refused("std", std))?;
                values.fill_with(|| normal.sample(random));
            }
            Init::TruncatedNormal { mean, std, low, high } => {
                let normal = Normal::new(mean, std).map_err(|_| refused("std", std))?;
                // At least one in 4096 is within.
                values.fill_with(|| {
                    loop {
                        let value = normal.sample(random);
                        if (low..=high).contains(&value) {
                            return value;
                        }
                    }
                });
            }
            Init::Uniform { low, high } => {
                let uniform = Uniform::new_inclusive(low, high).map_err(|_| refused("low", low))?;
                values.fill_with(|| uniform.sample(random));
            }
            Init::Orthogonal { gain } => {
                let normal = Normal::new(0.0, 1.0).map_err(|_| refused("gain", gain))?;
                orthogonal(values, shape, gain, || normal.sample(random));
            }
            _ => self.fill_drawn(values, shape, Draw::default())?,
        }
        Ok(())
    }

    /// Fills a slice as [`Gpu::fill`](crate::Gpu::fill) fills a buffer, bit for bit: element i gets a number that
    /// depends on the draw and i only.
    ///
    /// # Errors
    ///
    /// Those of [`fill`](Init::fill).
    ///
    /// ```
    /// # use wgpu_relu::{Draw, Init};
    /// let mut weights = [0.0; 3];
    /// let normal = Init::Normal { mean: 0.0, std: 1.0 };
    /// normal.fill_drawn(&mut weights, &[3], Draw { seed: 1, offset: 0 })?;
    /// assert_eq!(weights, [1.2279074, 1.2518332, 0.21656403]);
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn fill_drawn(&self, values: &mut [f32], shape: &[usize], draw: Draw) -> Result<()> {
        let init = self.for_slice(values.len(), shape)?;
        if let Init::Orthogonal { gain } = init {
            let mut index = 0..;
            let normal = || index.next().map_or(0.0, |index| quantile(draw.random_u32(index)));
            orthogonal(values, shape, gain, normal);
            return Ok(());
        }
        let numbers = Numbers::new(init);
        for (index, value) in (0..).zip(values) {
            *value = numbers.number(draw.random_u32(index));
        }
        Ok(())
    }

    /// The name, for errors.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Init::Constant(_) => "constant",
            Init::Normal { .. } => "normal",
            Init::TruncatedNormal { .. } => "truncated normal",
            Init::Uniform { .. } => "uniform",
            Init::XavierNormal { .. } => "xavier normal",
            Init::XavierUniform { .. } => "xavier uniform",
            Init::HeNormal { .. } => "he normal",
            Init::HeUniform { .. } => "he uniform",
            Init::LecunNormal => "lecun normal",
            Init::Orthogonal { .. } => "orthogonal",
        }
    }

    fn for_slice(&self, length: usize, shape: &[usize]) -> Result<Init> {
        let init = self.for_shape(shape)?;
        check_length(shape, length as u64)?;
        Ok(init)
    }

    /// Checks the parameters that do not depend on a shape.
    fn check(&self) -> Result<()> {
        let name = self.name();
        let order = "at least low";
        match *self {
            Init::Constant(value) if !value.is_finite() => {
                Err(invalid(name, "value", value, "finite"))
            }
            Init::Normal { mean, std } | Init::TruncatedNormal { mean, std, .. } => {
                check(name, "mean", mean)?;
                check(name, "std", std)?;
                if std < 0.0 {
                    return Err(invalid(name, "std", std, "at least 0"));
                }
                let Init::TruncatedNormal { low, high, .. } = *self else { return Ok(()) };
                if low.is_nan() {
                    return Err(invalid(name, "low", low, "a number"));
                }
                if high.is_nan() || high < low {
                    return Err(invalid(name, "high", high, order));
                }
                let (first, last) = part(mean, std, low, high);
                if last - first < LEAST {
                    let rule = "such that low to high holds 1/4096 of the distribution";
                    return Err(invalid(name, "high", high, rule));
                }
                Ok(())
            }
            Init::Uniform { low, high } => {
                check(name, "low", low)?;
                check(name, "high", high)?;
                if high < low {
                    return Err(invalid(name, "high", high, order));
                }
                check(name, "high - low", high - low)
            }
            _ => Ok(()),
        }
    }
}

/// Subnormal numbers, which some devices flush, appear neither as products nor as sums.
fn check(name: &'static str, parameter: &'static str, value: f32) -> Result<()> {
    if value == 0.0 || (1e-30..=1e30).contains(&value.abs()) {
        return Ok(());
    }
    Err(invalid(name, parameter, value, "0, or of a magnitude from 1e-30 to 1e30"))
}

fn invalid(
    activation: &'static str,
    parameter: &'static str,
    value: f32,
    rule: &'static str,
) -> Error {
    Error::InvalidParameter { activation, parameter, value, rule }
}

/// The elements of a shape.
fn elements(shape: &[usize]) -> Result<u64> {
    let product = shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n as u64));
    product.ok_or_else(|| Error::Shape {
        shape: shape.to_vec(),
        problem: "has more elements than 64 bits count".to_owned(),
        remedy: "pass the shape of the weights",
    })
}

/// Checks that `length` elements are those of a shape.
pub(crate) fn check_length(shape: &[usize], length: u64) -> Result<()> {
    let expected = elements(shape)?;
    if length == expected {
        return Ok(());
    }
    Err(Error::Shape {
        shape: shape.to_vec(),
        problem: format!("has {expected} elements, but {length} are to be filled"),
        remedy: "pass the shape of the weights, or a range of theirs",
    })
}

/// `fan_in` and `fan_out` of `[out, in, k, …]`.
fn fans(shape: &[usize]) -> Result<(f64, f64)> {
    let [out, inputs, kernel @ ..] = shape else {
        return Err(Error::Shape {
            shape: shape.to_vec(),
            problem: "has no fan_in and fan_out".to_owned(),
            remedy: "pass [out, in] or [out, in, kernel...], or draw from a distribution without fans",
        });
    };
    let field: f64 = kernel.iter().map(|&k| k as f64).product();
    // A shape without elements needs no width.
    Ok(((*inputs as f64 * field).max(1.0), (*out as f64 * field).max(1.0)))
}

/// A truncated normal distribution must hold at least this many of the 2³² random `u32`s.
const LEAST: u64 = 1 << 20;

/// The random `u32`s whose quantiles lie between the bounds: the first, and the one after the last.
fn part(mean: f32, std: f32, low: f32, high: f32) -> (u64, u64) {
    let words = 4_294_967_296.0;
    let place = |bound: f32| {
        let z = (f64::from(bound) - f64::from(mean)) / f64::from(std);
        // All of the distribution is at the mean if there is no width.
        let z = if z.is_nan() { 0.0 } else { z };
        libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0 * words
    };
    if std == 0.0 && (low..=high).contains(&mean) {
        return (0, 1 << 32);
    }
    (place(low).floor() as u64, (place(high).ceil() as u64).min(1 << 32))
}

/// A distribution as a shader gets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Numbers {
    scale: f32,
    shift: f32,
    low: f32,
    high: f32,
    method: Method,
    first: u32,
    /// 0 stands for all 2³².
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    Constant,
    Uniform,
    Normal,
}

impl Numbers {
    /// The numbers of a distribution that [`Init::for_shape`] returned.
    pub(crate) fn new(init: Init) -> Self {
        let all = Numbers {
            scale: 0.0,
            shift: 0.0,
            low: f32::MIN,
            high: f32::MAX,
            method: Method::Constant,
            first: 0,
            count: 0,
        };
        // Positive zeros, so that bounds and sums agree about the sign.
        match init {
            Init::Constant(shift) => Numbers { shift, ..all },
            Init::Uniform { low, high } => {
                let (low, high) = (low + 0.0, high + 0.0);
                let (scale, shift) = (high - low, low);
                Numbers { scale, shift, low, high, method: Method::Uniform, ..all }
            }
            Init::Normal { mean, std } => {
                Numbers { scale: std, shift: mean + 0.0, method: Method::Normal, ..all }
            }
            Init::TruncatedNormal { mean, std, low, high } => {
                let (first, last) = part(mean, std, low, high);
                Numbers {
                    low: low.max(f32::MIN) + 0.0,
                    high: high.min(f32::MAX) + 0.0,
                    first: first as u32,
                    // All 2³² become 0.
                    count: (last - first) as u32,
                    ..Numbers::new(Init::Normal { mean, std })
                }
            }
            _ => all,
        }
    }

    /// The number for a random `u32`; `fill_number` in `fill.wgsl` is its twin.
    fn number(&self, word: u32) -> f32 {
        let variate = match self.method {
            Method::Constant => return self.shift,
            Method::Uniform => draw::unit(word),
            Method::Normal if self.count == 0 => quantile(word),
            Method::Normal => {
                let part = (u64::from(word) * u64::from(self.count)) >> 32;
                quantile(self.first + part as u32)
            }
        };
        let product = f32::from_bits((variate * self.scale).to_bits() & !1);
        (self.shift + product).max(self.low).min(self.high)
    }
}

/// Makes rows of normal numbers orthonormal one after another, in f64. If there are fewer columns, columns.
fn orthogonal(values: &mut [f32], shape: &[usize], gain: f32, mut normal: impl FnMut() -> f32) {
    if values.is_empty() {
        return;
    }
    let rows = shape.first().copied().unwrap_or(1);
    let columns = values.len() / rows;
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    while vectors.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| f64::from(normal())).collect();
        // Two projections are enough (Parlett).
        for other in vectors.iter().chain(&vectors) {
            let dot: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
            vector.iter_mut().zip(other).for_each(|(a, b)| *a -= dot * b);
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        // A vector that depended on the others is sampled again.
        if norm > 1e-6 {
            vector.iter_mut().for_each(|a| *a /= norm);
            vectors.push(vector);
        }
    }
    for (index, value) in values.iter_mut().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let (vector, place) = if rows <= columns { (row, column) } else { (column, row) };
        *value = (f64::from(gain) * vectors[vector][place]) as f32;
    }
}

impl Activation {
    /// The gain that keeps the variance of a layer's output at 1 if the variance of its input is 1.
    ///
    /// It is the value of PyTorch's `nn.init.calculate_gain` if that has one: √2 for relu, √(2 / (1 + a²)) for
    /// leaky_relu (and rrelu, by its mean slope), 5/3 for tanh, 3/4 for selu, 1 for sigmoid. The others get 1 /
    /// √E\[f(z)²\] for standard normal z, computed from the reference; He et al. (2015) derive this for relu. An
    /// activation that is 0 nearly everywhere gets 1.
    ///
    /// ```
    /// # use wgpu_relu::Activation;
    /// assert_eq!(Activation::Relu.gain(), 2f32.sqrt());
    /// assert_eq!(Activation::Tanh.gain(), 5.0 / 3.0);
    /// assert!((Activation::Gelu.gain() - 1.5335).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn gain(&self) -> f32 {
        let leaky = |slope: f64| (2.0 / (1.0 + slope * slope)).sqrt() as f32;
        match *self {
            Activation::Relu => leaky(0.0),
            Activation::LeakyRelu { negative_slope } => leaky(negative_slope.into()),
            Activation::Rrelu { lower, upper } => {
                leaky((f64::from(lower) + f64::from(upper)) / 2.0)
            }
            Activation::Tanh => 5.0 / 3.0,
            Activation::Selu => 0.75,
            Activation::Sigmoid => 1.0,
            _ => {
                // The midpoint rule over ±12: exact to many digits for smooth functions, and to enough at kinks.
                let step = 24.0 / 48_000.0;
                let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let squares = (0..48_000).map(|i| -12.0 + (f64::from(i) + 0.5) * step);
                let mean: f64 = squares.map(|z| self.value(z).powi(2) * density(z) * step).sum();
                if mean > 1e-12 { mean.sqrt().recip() as f32 } else { 1.0 }
            }
        }
    }
}
