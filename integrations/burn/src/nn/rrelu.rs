//! A module with random slopes.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Flag, Module, ModuleDisplay, Param};
use burn::tensor::Tensor;

use crate::{Activation, Draw, activate, rrelu};

/// The offset of the next draw. All modules of the process share it, so that no two passes take the same slopes.
static OFFSET: AtomicU64 = AtomicU64::new(0);

/// The configuration of an [`RRelu`].
#[derive(Config, Debug)]
pub struct RReluConfig {
    /// The smallest slope. Default: 1/8.
    #[config(default = "0.125")]
    pub lower: f64,
    /// The largest slope. Default: 1/3.
    #[config(default = "1.0 / 3.0")]
    pub upper: f64,
    /// Chooses the sequence of slopes. Default: 0.
    #[config(default = 0)]
    pub seed: u64,
}

impl RReluConfig {
    /// Makes the module. The slopes are rounded to f32, and checked where the module is used.
    #[must_use]
    pub fn init(&self) -> RRelu {
        let (lower, upper) = (self.lower as f32, self.upper as f32);
        RRelu { lower, upper, seed: self.seed, training: Param::from_bool(true) }
    }
}

/// x for x > 0, else a · x, with a random slope a per element in training, and the mean slope otherwise.
///
/// It trains as Burn's does: if the input is on a device with autodiff, and the module is not frozen. Each pass takes new
/// slopes. A process that makes the same passes in the same order takes the same slopes.
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::nn::RReluConfig;
///
/// let rrelu = RReluConfig::new().with_lower(0.25).with_upper(0.75).init();
/// let x = Tensor::<1>::from_floats([-4.0, 3.0], &Device::wgpu(DeviceKind::DefaultDevice));
/// let y = rrelu.forward(x);
/// assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [-2.0, 3.0]);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct RRelu {
    #[module(skip)]
    lower: f32,
    #[module(skip)]
    upper: f32,
    #[module(skip)]
    seed: u64,
    /// Whether slopes are random on devices with autodiff. `freeze` turns it off.
    pub training: Param<Flag>,
}

impl ModuleDisplay for RRelu {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&self.activation()).optional()
    }
}

impl RRelu {
    /// Computes y. Cost and shapes are those of [`rrelu`](crate::rrelu()) in training, else of
    /// [`activate`].
    ///
    /// # Panics
    ///
    /// Where they return an error or panic, with the error's text.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        if !(self.training.is_enabled() && x.device().is_autodiff()) {
            return activate(x, self.activation());
        }
        let draw = Draw { seed: self.seed, offset: OFFSET.fetch_add(1, Ordering::Relaxed) };
        rrelu(x, self.lower, self.upper, draw).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The activation with the mean slope, for [`try_activate`](crate::try_activate).
    #[must_use]
    pub fn activation(&self) -> Activation {
        Activation::Rrelu { lower: self.lower, upper: self.upper }
    }
}
