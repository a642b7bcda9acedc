//! Modules of gated units.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{AsIndex, Device, Tensor};

use crate::{Activation, gate, glu};

/// a · f(b) for the halves a and b of a tensor along a dimension. f is sigmoid, unless another activation is given.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::{Activation, nn::Glu};
///
/// let reglu = Glu::new(-1).with_activation(Activation::Relu);
/// let x = Tensor::<2>::from_floats([[2.0, 3.0]], &Device::wgpu(DeviceKind::DefaultDevice));
/// assert_eq!(reglu.forward(x).into_data().try_to_vec::<f32>().unwrap(), [6.0]);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Glu {
    dim: isize,
    #[module(skip)]
    function: Activation,
}

impl Glu {
    /// Makes the module. A negative dimension counts from the end.
    #[must_use]
    pub fn new(dim: impl AsIndex) -> Self {
        Glu { dim: dim.as_index(), function: Activation::Sigmoid }
    }

    /// Takes another activation: relu makes ReGLU, gelu GEGLU, silu SwiGLU.
    #[must_use]
    pub fn with_activation(self, activation: Activation) -> Self {
        Glu { function: activation, ..self }
    }

    /// Computes y. Cost and shapes are those of [`glu`](crate::glu()).
    ///
    /// # Panics
    ///
    /// Where `glu` returns an error, with its text.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        glu(x, self.dim, self.function).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl ModuleDisplay for Glu {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content.add("dim", &self.dim).add_formatted(&self.function).optional()
    }
}

/// The configuration of a [`SwiGlu`].
#[derive(Config, Debug)]
pub struct SwiGluConfig {
    /// The number of input features.
    pub d_input: usize,
    /// The number of output features.
    pub d_output: usize,
    /// Whether both linear layers have a bias. Default: no.
    #[config(default = false)]
    pub bias: bool,
}

impl SwiGluConfig {
    /// Makes the module on a device.
    pub fn init(&self, device: &Device) -> SwiGlu {
        let linear =
            || LinearConfig::new(self.d_input, self.d_output).with_bias(self.bias).init(device);
        SwiGlu { linear_inner: linear(), linear_outer: linear() }
    }
}

/// silu(x W) · (x V), with the weights W and V of two linear layers.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::nn::SwiGluConfig;
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// let y = SwiGluConfig::new(3, 4).init(&device).forward(Tensor::<2>::ones([2, 3], &device));
/// assert_eq!(y.dims(), [2, 4]);
/// ```
#[derive(Module, Debug)]
pub struct SwiGlu {
    /// The layer before silu.
    pub linear_inner: Linear,
    /// The layer that is multiplied.
    pub linear_outer: Linear,
}

impl SwiGlu {
    /// Computes y from an x of `[…, d_input]`. The two layers take most of the time; the rest costs as [`gate`](crate::gate()).
    ///
    /// # Panics
    ///
    /// Where `gate` returns an error, with its text.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let inner = self.linear_inner.forward(x.clone());
        let outer = self.linear_outer.forward(x);
        gate(outer, inner, Activation::Silu).unwrap_or_else(|error| panic!("{error}"))
    }
}
