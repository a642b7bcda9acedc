//! The shape of the compute grid on a device.

use crate::shader::Constant;
use crate::shader::variant::{Variant, VectorWidth};

/// The shape of the compute grid on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaunchConfig {
    /// Invocations of a workgroup.
    pub(crate) workgroup: u32,
    /// Neighbouring invocations that walk one block together.
    pub(crate) lanes: u32,
    /// Vectors of four elements per invocation.
    pub(crate) fours: u32,
    /// Whether loads of 64-bit words are faster.
    pub(crate) wide: bool,
    /// The device's limit of workgroups in one dimension.
    max_workgroups: u32,
}

impl LaunchConfig {
    pub(crate) fn new(
        info: &wgpu::AdapterInfo,
        limits: &wgpu::Limits,
        features: wgpu::Features,
    ) -> Self {
        let max_workgroups = limits.max_compute_workgroups_per_dimension;
        if info.device_type == wgpu::DeviceType::Cpu {
            // Starting an invocation costs more than its work, and a wide stride leaves the cache. So each SIMD group
            // streams a block of its own. 16 vectors bring all of the gain and keep enough workgroups for all cores at
            // small sizes.
            let lanes = info.subgroup_min_size.clamp(4, 64);
            let lanes = if lanes.is_power_of_two() { lanes } else { 8 };
            // lavapipe loads and stores each word of each lane by itself. Half as many words of twice the size are faster.
            let wide = features.contains(wgpu::Features::SHADER_INT64)
                && info.backend == wgpu::Backend::Vulkan;
            let fours = if wide { 32 } else { 16 };
            LaunchConfig { workgroup: 64, lanes, fours, wide, max_workgroups }
        } else {
            // One vector per invocation: neighbours read neighbouring vectors, which coalesces. That is reasoned, not
            // measured: no GPU has been at hand. `cargo xtask kit` has the sweep over grids that decides it (`kit sweep`),
            // and its page in benches/results the table.
            let most = limits
                .max_compute_invocations_per_workgroup
                .min(limits.max_compute_workgroup_size_x);
            let workgroup = if most >= 256 { 256 } else { 64 };
            LaunchConfig { workgroup, lanes: workgroup, fours: 1, wide: false, max_workgroups }
        }
    }

    /// The same device with a grid to be measured.
    pub(crate) fn shaped(self, workgroup: u32, fours: u32) -> Self {
        LaunchConfig { workgroup, lanes: workgroup, fours, wide: false, ..self }
    }

    /// The shape for `variant`. A mask has a shape of its own (`mask_grid.wgsl`). Of 16-bit elements, an invocation takes at
    /// least eight.
    pub(crate) fn of(self, variant: Variant) -> Self {
        if variant.has_mask() {
            return LaunchConfig { lanes: 8, fours: self.fours.max(8), ..self };
        }
        let least = if variant.has_16_bit() { 2 } else { 1 };
        LaunchConfig { fours: self.fours.max(least), ..self }
    }

    /// The values of the shader's `override`s, the workgroup's size first.
    pub(crate) fn constants(&self, variant: Variant, width: VectorWidth) -> [Constant; 3] {
        // A `u32` of a mask belongs to 32 elements.
        let vectors = match width {
            _ if variant.has_mask() => self.fours / 8,
            VectorWidth::Eight64 | VectorWidth::Eight => self.fours / 2,
            VectorWidth::Four | VectorWidth::One => self.fours,
        };
        [("WORKGROUP", self.workgroup), ("LANES", self.lanes), ("VECTORS_PER_INVOCATION", vectors)]
    }

    /// The workgroup's size alone, for shaders that have no other `override`.
    pub(crate) fn size(&self) -> [Constant; 1] {
        [("WORKGROUP", self.workgroup)]
    }

    /// The shape for shaders whose invocations take one vector.
    pub(crate) fn one_vector_per_invocation(self) -> Self {
        LaunchConfig { lanes: self.workgroup, fours: 1, ..self }
    }

    /// The most elements that one grid covers, capped so that 32-bit arithmetic suffices.
    pub(crate) fn max_elements(&self) -> u64 {
        let workgroups = u64::from(self.max_workgroups).pow(2);
        workgroups.saturating_mul(self.elements_per_workgroup()).min(1 << 29)
    }

    fn elements_per_workgroup(&self) -> u64 {
        4 * u64::from(self.workgroup) * u64::from(self.fours)
    }

    /// The grid for `length` elements: as few rows of workgroups as the limit allows, and rows no longer than needed.
    pub(crate) fn workgroups(&self, length: u64) -> [u32; 2] {
        let needed = length.div_ceil(self.elements_per_workgroup()).max(1);
        let height = needed.div_ceil(u64::from(self.max_workgroups.max(1)));
        // `length` is at most `max_elements`, so that both fit.
        [needed.div_ceil(height) as u32, height as u32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operand::Operand;

    fn launch(max_workgroups: u32) -> LaunchConfig {
        LaunchConfig { workgroup: 64, lanes: 64, fours: 1, wide: false, max_workgroups }
    }

    /// Reliability 12.
    #[test]
    fn grids_cover_every_length_within_the_limit() {
        for limit in [1u32, 7, 65_535] {
            let launch = launch(limit);
            let most = launch.max_elements();
            for length in [1, 255, 256, 257, 65_535 * 256, 65_535 * 256 + 1, (1 << 24) + 1, most] {
                let length = length.min(most);
                let [x, y] = launch.workgroups(length);
                assert!(x <= limit && y <= limit, "{limit} {length}: {x} x {y}");
                let (x, y) = (u64::from(x), u64::from(y));
                assert!(x * y * 256 >= length);
                assert!((x * y - y) * 256 < length, "no row has a workgroup too many");
            }
        }
    }

    #[test]
    fn small_workgroups_are_enough() {
        let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
        for [invocations, x] in [[128, 128], [256, 128], [128, 256], [64, 64]] {
            let limits = wgpu::Limits {
                max_compute_invocations_per_workgroup: invocations,
                max_compute_workgroup_size_x: x,
                ..Default::default()
            };
            let planner =
                crate::plan::planner::Planner::new(&info, &limits, wgpu::Features::empty());
            assert_eq!(planner.launch.workgroup, 64);
            assert_eq!(planner.check_limits(planner.launch.workgroup, 1), Ok(()));
        }
    }

    #[test]
    fn lanes_divide_the_workgroup() {
        let limits = wgpu::Limits::default();
        for kind in [wgpu::DeviceType::Cpu, wgpu::DeviceType::DiscreteGpu] {
            for subgroup in [0, 1, 4, 8, 13, 32, 64, 128] {
                let mut info = wgpu::AdapterInfo::new(kind, wgpu::Backend::Vulkan);
                info.subgroup_min_size = subgroup;
                let launch = LaunchConfig::new(&info, &limits, wgpu::Features::empty());
                let of_masks = launch.of(Variant::forward().with(Operand::Mask));
                for launch in [launch, of_masks] {
                    assert_eq!(launch.workgroup % launch.lanes, 0, "{launch:?}");
                }
                assert_eq!(of_masks.fours % 8, 0);
            }
        }
    }

    #[test]
    fn a_grid_takes_whole_vectors_of_its_invocations() {
        let launch = LaunchConfig { lanes: 8, fours: 16, wide: true, ..launch(7) };
        assert_eq!(launch.max_elements(), 7 * 7 * 64 * 16 * 4);
        assert_eq!(launch.workgroups(7 * 7 * 64 * 16 * 4), [7, 7]);
        assert_eq!(LaunchConfig { max_workgroups: u32::MAX, ..launch }.max_elements(), 1 << 29);
        let one = launch.one_vector_per_invocation();
        assert_eq!(one, LaunchConfig { lanes: 64, fours: 1, ..launch });
        let shaped = launch.shaped(256, 2);
        let expected = LaunchConfig { workgroup: 256, lanes: 256, fours: 2, wide: false, ..launch };
        assert_eq!(shaped, expected);
    }
}
