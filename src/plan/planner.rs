//! The numbers of a device that plans depend on.

use std::any::Any;

use crate::error::{Error, Result};
use crate::plan::launch_config::LaunchConfig;
use crate::plan::ranges::Ranges;
use crate::shader::elementwise::ElementwiseShader;
use crate::shader::texture::TextureShader;
use crate::shader::{Constant, catalog};

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

/// A module's name, its source, and the values of its `override`s.
type Kernel = (String, String, Vec<Constant>);

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

    /// Every module of [`wgsl::kernels`](crate::wgsl::kernels), and the values that its `override`s take on this device:
    /// name, source and constants. For tests of other compilers.
    #[doc(hidden)]
    #[must_use]
    pub fn kernels(&self) -> Vec<Kernel> {
        let kernel = |(name, shader): catalog::Named| {
            let any: &dyn Any = &*shader;
            let constants = if let Some(shader) = any.downcast_ref::<ElementwiseShader>() {
                let launch = self.launch.of(shader.variant);
                launch.constants(shader.variant, shader.width).to_vec()
            } else if any.is::<TextureShader>() {
                Vec::new()
            } else {
                self.launch.size().to_vec()
            };
            (name, shader.source(), constants)
        };
        catalog::shaders().into_iter().map(kernel).collect()
    }

    /// With another compute grid, for measuring grids (`kit sweep`): `workgroup` neighbours read neighbouring vectors, and
    /// each invocation takes `fours` vectors of four elements.
    #[doc(hidden)]
    #[must_use]
    pub fn with_grid(self, workgroup: u32, fours: u32) -> Self {
        Planner { launch: self.launch.shaped(workgroup, fours), ..self }
    }

    /// Checks that the device's limits allow a dispatch with so many storage buffers.
    pub(crate) fn check_limits(&self, workgroup: u32, buffers: u32) -> Result<()> {
        let found = self.limits.max_storage_buffers_per_shader_stage;
        check_limit("max_storage_buffers_per_shader_stage", found, buffers)?;
        self.check_dispatch([workgroup, 1], buffers)
    }

    /// Checks that the device's limits allow a dispatch of such workgroups, with so many bindings beside the uniform.
    pub(crate) fn check_dispatch(&self, [columns, rows]: [u32; 2], bindings: u32) -> Result<()> {
        let limits = &self.limits;
        check_limit("max_bind_groups", limits.max_bind_groups, 1)?;
        let found = limits.max_bindings_per_bind_group;
        check_limit("max_bindings_per_bind_group", found, bindings + 1)?;
        let found = limits.max_uniform_buffers_per_shader_stage;
        check_limit("max_uniform_buffers_per_shader_stage", found, 1)?;
        let found = limits.max_compute_invocations_per_workgroup;
        check_limit("max_compute_invocations_per_workgroup", found, columns * rows)?;
        let found = limits.max_compute_workgroup_size_x;
        check_limit("max_compute_workgroup_size_x", found, columns)?;
        let found = limits.max_compute_workgroup_size_y;
        check_limit("max_compute_workgroup_size_y", found, rows)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An `override` without a value would take its default, which is no device's.
    #[test]
    #[cfg_attr(miri, ignore = "megabytes of WGSL take hours")]
    fn kernels_have_a_value_for_each_override() {
        let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
        let planner = Planner::new(&info, &wgpu::Limits::default(), wgpu::Features::empty());
        let kernels = planner.kernels();
        for (name, source, constants) in &kernels {
            let declared = source.matches("override ").count();
            assert_eq!(declared, constants.len(), "{name}");
            for (constant, _) in constants {
                assert!(
                    source.contains(&format!("override {constant}: u32")),
                    "{name}: {constant}"
                );
            }
        }
        let of = |name: &str| kernels.iter().find(|kernel| kernel.0 == name).map(|k| k.2.clone());
        let expected = |lanes, vectors| {
            let lanes = [("WORKGROUP", 256), ("LANES", lanes), ("VECTORS_PER_INVOCATION", vectors)];
            Some(lanes.to_vec())
        };
        assert_eq!(of("relu forward f32 four"), expected(256, 1));
        assert_eq!(of("relu forward f16 eight"), expected(256, 1));
        assert_eq!(of("relu forward with mask residual f32 four"), expected(8, 1));
    }
}
