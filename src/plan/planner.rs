//! The numbers of a device that plans depend on.

use crate::error::{Error, Result};
use crate::plan::launch_config::LaunchConfig;
use crate::plan::ranges::Ranges;

/// Makes plans for a device from the device's numbers. It holds no device object.
///
/// ```
/// use wgpu_relu::plan::Planner;
/// use wgpu_relu::wgpu;
///
/// let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
/// let planner = Planner::new(&info, &wgpu::Limits::default(), wgpu::Features::empty());
/// # let _ = planner;
/// ```
#[derive(Debug, Clone)]
pub struct Planner {
    pub(crate) launch: LaunchConfig,
    pub(crate) ranges: Ranges,
    pub(crate) limits: wgpu::Limits,
    pub(crate) pooled: bool,
}

impl Planner {
    /// For the device with these limits and features. `info` says which grids are fast on it.
    #[must_use]
    pub fn new(info: &wgpu::AdapterInfo, limits: &wgpu::Limits, features: wgpu::Features) -> Self {
        Planner {
            launch: LaunchConfig::new(info, limits, features),
            ranges: Ranges::new(limits),
            limits: limits.clone(),
            pooled: false,
        }
    }

    /// For memory pools, where buffers of different numbers may be parts of one wgpu buffer: every storage binding
    /// becomes writable, because wgpu refuses read-only bindings beside writable ones of one buffer.
    ///
    /// In the pool, each buffer must start at a multiple of the device's `min_storage_buffer_offset_alignment`.
    #[must_use]
    pub fn pooled(self) -> Self {
        Planner { pooled: true, ..self }
    }

    /// Checks that the device's limits allow a dispatch with so many storage buffers.
    pub(crate) fn check_limits(&self, workgroup: u32, buffers: u32) -> Result<()> {
        let limits = &self.limits;
        let found = limits.max_storage_buffers_per_shader_stage;
        check_limit("max_storage_buffers_per_shader_stage", found, buffers)?;
        let found = limits.max_uniform_buffers_per_shader_stage;
        check_limit("max_uniform_buffers_per_shader_stage", found, 1)?;
        let found = limits.max_compute_invocations_per_workgroup;
        check_limit("max_compute_invocations_per_workgroup", found, workgroup)?;
        let found = limits.max_compute_workgroup_size_x;
        check_limit("max_compute_workgroup_size_x", found, workgroup)?;
        let found = limits.max_compute_workgroups_per_dimension;
        check_limit("max_compute_workgroups_per_dimension", found, 1)
    }
}

/// Checks that a limit of the device is at least `needed`.
pub(crate) fn check_limit(limit: &'static str, found: u32, needed: u32) -> Result<()> {
    if found < needed {
        return Err(Error::Limit { limit, found: found.into(), needed: needed.into() });
    }
    Ok(())
}
