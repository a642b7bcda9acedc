//! A module with slopes to train.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::tensor::{Device, Tensor};

use crate::prelu;

/// The configuration of a [`PRelu`].
#[derive(Config, Debug)]
pub struct PReluConfig {
    /// One slope for all elements, or one per channel. Default: 1.
    #[config(default = "1")]
    pub num_parameters: usize,
    /// The first value of each slope. Default: 0.25.
    #[config(default = "0.25")]
    pub alpha: f64,
}

impl PReluConfig {
    /// Makes the module on a device.
    pub fn init(&self, device: &Device) -> PRelu {
        let slopes = Tensor::full([self.num_parameters], self.alpha, device);
        PRelu { alpha: Param::from_tensor(slopes) }
    }
}

/// A leaky ReLU whose slopes are trained.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::nn::PReluConfig;
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
/// let layer = PReluConfig::new().with_num_parameters(2).init(&device);
/// let y = layer.forward(Tensor::<2>::from_floats([[-4.0, 4.0]], &device));
/// let gradients = y.sum().backward();
/// assert!(layer.alpha.grad(&gradients).is_some());
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct PRelu {
    /// The slopes: `[1]`, or `[channels]` for an input of `[batch, channels, …]`.
    pub alpha: Param<Tensor<1>>,
}

impl ModuleDisplay for PRelu {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [num_parameters] = self.alpha.shape().dims();
        content.add("num_parameters", &num_parameters).optional()
    }
}

impl PRelu {
    /// Computes y. Cost and shapes are those of [`prelu`](crate::prelu()).
    ///
    /// # Panics
    ///
    /// Where `prelu` returns an error, with its text.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        prelu(x, self.alpha.val()).unwrap_or_else(|error| panic!("{error}"))
    }
}
