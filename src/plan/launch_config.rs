//! The shape of the compute grid: from the device, for a shader, as the shader's constants.

use crate::shader::variant::{Access, Kernel};

/// The value of an `override` in a shader.
pub(crate) type Constant = (&'static str, f64);

/// The shape of the compute grid, from what the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Invocations of a workgroup.
    pub(crate) workgroup: u32,
    /// Neighbouring invocations that walk one block together.
    pub(crate) lanes: u32,
    /// Quads an invocation handles.
    pub(crate) quads: u32,
    /// Whether words of 64 bits pay.
    pub(crate) wide: bool,
    /// The device's limit of workgroups in one dimension.
    max_workgroups: u32,
}

impl Geometry {
    pub(crate) fn new(
        info: &wgpu::AdapterInfo,
        limits: &wgpu::Limits,
        features: wgpu::Features,
    ) -> Self {
        let max_workgroups = limits.max_compute_workgroups_per_dimension;
        if info.device_type == wgpu::DeviceType::Cpu {
            // Starting an invocation costs more than its work, and a wide stride leaves the cache:
            // each SIMD group streams a block of its own. 16 words bring all of the gain and keep enough
            // workgroups for all cores at small sizes.
            let lanes = info.subgroup_min_size.clamp(4, 64);
            let lanes = if lanes.is_power_of_two() { lanes } else { 8 };
            // lavapipe loads and stores lane by lane, word by word: half as many wide ones are faster.
            let wide = features.contains(wgpu::Features::SHADER_INT64)
                && info.backend == wgpu::Backend::Vulkan;
            let quads = if wide { 32 } else { 16 };
            Geometry { workgroup: 64, lanes, quads, wide, max_workgroups }
        } else {
            // One quad an invocation: neighbours read neighbouring quads, which coalesces.
            let workgroup =
                if limits.max_compute_invocations_per_workgroup >= 256 { 256 } else { 64 };
            Geometry { workgroup, lanes: workgroup, quads: 1, wide: false, max_workgroups }
        }
    }

    /// The shape for `kernel`: those with a mask want theirs (`mask_grid.wgsl`), and halves come as octets.
    pub(crate) fn of(self, kernel: Kernel) -> Self {
        if kernel.mask {
            return Geometry { lanes: 8, quads: self.quads.max(8), ..self };
        }
        let least = if kernel.has_halves() { 2 } else { 1 };
        Geometry { quads: self.quads.max(least), ..self }
    }

    /// As the shaders' overrides, the workgroup's size first.
    pub(crate) fn constants(&self, kernel: Kernel, access: Access) -> [Constant; 3] {
        // A word of a mask is of 8 quads, an octet of two.
        let words = match access {
            _ if kernel.mask => self.quads / 8,
            Access::WideOctets | Access::Octets => self.quads / 2,
            Access::Quads | Access::Elements => self.quads,
        };
        [
            ("WORKGROUP", f64::from(self.workgroup)),
            ("LANES", f64::from(self.lanes)),
            ("WORDS", f64::from(words)),
        ]
    }

    /// The workgroup's size alone, for shaders that want no more.
    pub(crate) fn size(&self) -> [Constant; 1] {
        [("WORKGROUP", f64::from(self.workgroup))]
    }

    /// The shape for kernels whose invocations do a word each.
    pub(crate) fn single(self) -> Self {
        Geometry { lanes: self.workgroup, quads: 1, ..self }
    }

    /// Elements a grid of the largest size covers, capped so that 32-bit arithmetic suffices.
    pub(crate) fn most_elements(&self) -> u64 {
        let workgroups = u64::from(self.max_workgroups).pow(2);
        workgroups.saturating_mul(self.elements_per_workgroup()).min(1 << 29)
    }

    fn elements_per_workgroup(&self) -> u64 {
        4 * u64::from(self.workgroup) * u64::from(self.quads)
    }

    /// The grid for `length` elements: a row of workgroups, or several full rows past the limit of
    /// one.
    pub(crate) fn workgroups(&self, length: u64) -> [u32; 2] {
        let needed = length.div_ceil(self.elements_per_workgroup());
        let width = needed.clamp(1, u64::from(self.max_workgroups.max(1)));
        // `length` is at most `most_elements`, so that both fit.
        [width as u32, needed.div_ceil(width) as u32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(max_workgroups: u32) -> Geometry {
        Geometry { workgroup: 64, lanes: 64, quads: 1, wide: false, max_workgroups }
    }

    #[test]
    fn grids_cover_every_length_within_the_limit() {
        for limit in [1u32, 7, 65_535] {
            let geometry = geometry(limit);
            let most = geometry.most_elements();
            for length in [1, 255, 256, 257, 65_535 * 256, 65_535 * 256 + 1, (1 << 24) + 1, most] {
                let length = length.min(most);
                let [x, y] = geometry.workgroups(length);
                assert!(x <= limit && y <= limit, "{limit} {length}: {x} x {y}");
                assert!(u64::from(x) * u64::from(y) * 256 >= length);
                assert!((u64::from(x) * u64::from(y) - u64::from(x)) * 256 < length);
            }
        }
    }

    #[test]
    fn lanes_divide_the_workgroup() {
        let limits = wgpu::Limits::default();
        for kind in [wgpu::DeviceType::Cpu, wgpu::DeviceType::DiscreteGpu] {
            for subgroup in [0, 1, 4, 8, 13, 32, 64, 128] {
                let mut info = wgpu::AdapterInfo::new(kind, wgpu::Backend::Vulkan);
                info.subgroup_min_size = subgroup;
                let geometry = Geometry::new(&info, &limits, wgpu::Features::empty());
                let of_masks = geometry.of(Kernel { mask: true, ..Kernel::FORWARD });
                for geometry in [geometry, of_masks] {
                    assert_eq!(geometry.workgroup % geometry.lanes, 0, "{geometry:?}");
                }
                assert_eq!(of_masks.quads % 8, 0);
            }
        }
    }
}
