//! Burn's wgpu devices: one shared with the caller, the buffers of its tensors, and the route of operations to it.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::{Cube, Dispatch, DispatchDevice};
use burn::tensor::wgpu::{WgpuOptions, WgpuSetup};
use burn::tensor::{Device, Tensor};
use burn_cubecl::CubeDevice;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::wgpu::{AutoCompiler, WgpuServer};
use wgpu_relu::wgpu;

use crate::direct::Direct;
use crate::error::Error;
use crate::kernel::RUNTIME;
use crate::operation::ActivationOps;

/// The devices that this module set up.
static KNOWN: Mutex<Vec<(CubeDevice, Arc<Direct>)>> = Mutex::new(Vec::new());

/// Sets Burn up on the caller's wgpu device, so that both share memory and the queue.
///
/// Call it once per setup. Burn then installs handlers for the device's uncaptured errors and its loss, in place of the
/// caller's. A wgpu buffer of the caller cannot become a tensor, because Burn's tensors live in its own memory pool; copy it
/// with [`update_buffer`].
///
/// Burn's feature `vulkan` needs more of a Vulkan device than wgpu enables by itself, so take [`open`] there.
///
/// # Errors
///
/// [`Error::Burn`] if Burn refuses the device.
///
/// ```
/// use burn::tensor::wgpu::WgpuSetup;
/// use wgpu_relu::{Gpu, wgpu};
/// use wgpu_relu_burn::device;
/// # fn setup() -> Result<WgpuSetup, Box<dyn std::error::Error>> {
/// #     let (_, setup) = device::open(burn::tensor::Device::wgpu_options())?;
/// #     Ok(setup)
/// # }
/// # let setup = setup()?;
/// // `setup` has the caller's instance, adapter, device and queue.
/// let device = device::share(setup)?;
/// # let _ = device;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn share(setup: WgpuSetup) -> Result<Device, Error> {
    let direct = Direct::new(&setup);
    let device = burn(Device::wgpu_options().setup(setup).init())?;
    remember(&device, direct);
    Ok(device)
}

/// Sets up a device of Burn's own, and returns its wgpu handles, for a renderer that wants to use them.
///
/// Call it before anything else uses that device. Later, Burn no longer gives out its wgpu device.
///
/// # Errors
///
/// [`Error::Burn`] if the device cannot be had, or has been used before.
pub fn open(options: WgpuOptions) -> Result<(Device, WgpuSetup), Error> {
    let (device, setup) = burn(options.init_with_setup())?;
    remember(&device, Direct::new(&setup));
    Ok((device, setup))
}

fn burn<T>(result: Result<T, impl std::fmt::Display>) -> Result<T, Error> {
    result.map_err(|error| Error::Burn {
        doing: "setting up Burn's wgpu device",
        reason: error.to_string(),
        remedy: "set it up before its first use, and each wgpu device once",
    })
}

fn remember(device: &Device, direct: Direct) {
    if let DispatchDevice::Cube(device) = device.as_dispatch() {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.push((device.clone(), Arc::new(direct)));
    }
}

/// How operations reach a device.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// As source kernels of cubecl, in its passes.
    Source,
    /// In passes of our own on the tensors' buffers.
    Direct(Arc<Direct>),
}

impl Route {
    pub(crate) fn of(client: &Client, device: &CubeDevice) -> Result<Self, Error> {
        Route::of_runtime(client.name(), device)
    }

    fn of_runtime(runtime: &str, device: &CubeDevice) -> Result<Self, Error> {
        if runtime == RUNTIME {
            return Ok(Route::Source);
        }
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        match known.iter().find(|(known, _)| known == device) {
            Some((_, direct)) => Ok(Route::Direct(direct.clone())),
            None => {
                let device = format!("{device:?}");
                Err(Error::Runtime { device, runtime: runtime.to_owned() })
            }
        }
    }
}

/// Says how operations reach a device: `"source kernels"` in Burn's own passes, or `"passes of its own"`, one submit per
/// operation, where Burn compiles no WGSL but the device was made by [`share`] or [`open`].
///
/// # Errors
///
/// [`Error::Runtime`] for a device where operations cannot run.
///
/// ```
/// use burn::tensor::{Device, DeviceKind};
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// assert_eq!(wgpu_relu_burn::device::route(&device)?, "source kernels");
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
pub fn route(device: &Device) -> Result<&'static str, Error> {
    let cube = cube(device.as_dispatch()).ok_or_else(|| no_runtime(device))?;
    Ok(match Route::of(&cube.client(), &cube)? {
        Route::Source => "source kernels",
        Route::Direct(_) => "passes of its own",
    })
}

/// The error of a device that no runtime of cubecl has.
pub(crate) fn no_runtime(device: &Device) -> Error {
    let device = format!("{:?}", device.as_dispatch());
    Error::Runtime { device, runtime: "other".to_owned() }
}

/// The error of a tensor without a buffer that the caller may have.
fn no_buffer(device: &Device) -> Error {
    if device.is_autodiff() && cube(device.as_dispatch()).is_some() {
        return Error::Autodiff { device: format!("{:?}", device.as_dispatch()) };
    }
    no_runtime(device)
}

/// The device below autodiff, if a runtime of cubecl has it.
pub(crate) fn cube(device: &DispatchDevice) -> Option<CubeDevice> {
    match device {
        DispatchDevice::Cube(device) => Some(device.clone()),
        DispatchDevice::Autodiff(device) => cube(&device.clone().inner()),
        #[allow(unreachable_patterns, reason = "the features of Burn add devices")]
        _ => None,
    }
}

/// Calls `f` with the buffer that holds a tensor, the offset of its first element and its size, both in bytes.
///
/// All work that Burn has recorded for the tensor is submitted before. What `f` submits to the same queue comes next, and
/// what Burn computes later comes after that, so nobody waits. The buffer is a page of Burn's pool: bytes outside the range
/// belong to other tensors. A tensor that is not contiguous is copied first. Use [`update_buffer`] to write.
///
/// # Errors
///
/// - [`Error::Autodiff`] if the tensor is on a device with autodiff
/// - [`Error::Runtime`] if the tensor is not on a wgpu device
/// - [`Error::Burn`] if an operation that made the tensor failed
///
/// ```
/// use burn::tensor::{Device, DeviceKind, Tensor};
/// use wgpu_relu_burn::device::with_buffer;
///
/// let device = Device::wgpu(DeviceKind::DefaultDevice);
/// let x = Tensor::<1>::from_floats([-1.0, 2.0], &device);
/// with_buffer(x, |buffer, offset, size| assert!(offset + size <= buffer.size() && size >= 8))?;
/// # Ok::<(), wgpu_relu_burn::Error>(())
/// ```
pub fn with_buffer<const D: usize, R>(
    x: Tensor<D>,
    f: impl FnOnce(&wgpu::Buffer, u64, u64) -> R,
) -> Result<R, Error> {
    let x = into_contiguous(cube_tensor(x)?);
    let size = (x.meta.num_elements() * x.dtype.size()) as u64;
    let resource = x.client.get_resource::<WgpuServer<AutoCompiler>>(x.handle.clone());
    let resource = resource.map_err(|error| Error::Burn {
        doing: "finding the tensor's buffer",
        reason: format!("{error:?}"),
        remedy: "use a tensor of a wgpu device whose contents were computed without an error",
    })?;
    let resource = resource.resource();
    Ok(f(&resource.buffer, resource.offset, size))
}

/// Calls `f` as [`with_buffer`] does, to write the tensor, and returns the tensor with its new contents.
///
/// The tensor is copied first if its memory has another user: a clone, or a tensor it is a slice of. They keep their values.
///
/// # Errors
///
/// Those of [`with_buffer`].
pub fn update_buffer<const D: usize>(
    x: Tensor<D>,
    f: impl FnOnce(&wgpu::Buffer, u64, u64),
) -> Result<Tensor<D>, Error> {
    if cube(x.device().as_dispatch()).is_none() || x.device().is_autodiff() {
        return Err(no_buffer(&x.device()));
    }
    let own: Tensor<D> = Tensor::from_dispatch(Dispatch::wgpu_relu_own(x.into_dispatch()));
    with_buffer(own.clone(), f)?;
    Ok(own)
}

/// The tensor of cubecl, once all that Burn has queued for it is recorded.
fn cube_tensor<const D: usize>(x: Tensor<D>) -> Result<CubeTensor, Error> {
    let device = x.device();
    let Ok(primitive) = x.try_into_primitive::<Cube>() else {
        return Err(no_buffer(&device));
    };
    #[cfg(feature = "fusion")]
    let primitive = {
        let client = primitive.client.clone();
        client.resolve_tensor_float::<burn_cubecl::CubeBackend>(primitive)
    };
    Ok(primitive)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use burn::tensor::DeviceKind;

    use super::*;

    /// The default device, opened before any test uses it, so that operations find a route under every compiler.
    pub(crate) fn default_device() -> CubeDevice {
        static DEVICE: LazyLock<CubeDevice> = LazyLock::new(|| {
            let (device, _) = open(Device::wgpu_options()).expect("an adapter");
            cube(device.as_dispatch()).expect("of cubecl")
        });
        DEVICE.clone()
    }

    /// The names are cubecl's.
    #[test]
    fn clients_of_other_compilers_are_refused() {
        let never_opened = Device::wgpu(DeviceKind::DiscreteGpu(99));
        let device = cube(never_opened.as_dispatch()).expect("of cubecl");
        for name in ["wgpu<spirv>", "wgpu<msl>", "cuda"] {
            let error = Route::of_runtime(name, &device).unwrap_err().to_string();
            let text = format!("which runs {name} kernels, but activations need wgpu<wgsl>; use");
            assert!(error.contains(&text), "{error}");
        }
        let route = Route::of_runtime(RUNTIME, &device);
        assert!(matches!(route, Ok(Route::Source)), "{route:?}");
        // An opened device has a second route.
        let route = Route::of_runtime("wgpu<spirv>", &default_device());
        assert!(matches!(route, Ok(Route::Direct(_))), "{route:?}");
    }
}
