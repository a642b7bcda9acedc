//! Integer arithmetic: elements into spans, spans into workgroups, within the device's limits.

use crate::shader::variant::{Access, Kernel};

/// A part of an operation: one dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First element, counted from the start of the operands.
    pub(crate) start: u64,
    /// Number of elements; for [`Access::Quads`] a multiple of the block.
    pub(crate) length: u64,
    pub(crate) access: Access,
}

/// Up to here one dispatch of single elements is as fast as quads plus a dispatch for the rest.
const SHORT: u64 = 1024;

/// Spans start at a multiple of this many elements from the first, so that each is aligned alike.
pub(crate) const ALIGNMENT: u64 = 256;

/// How `kernel` can take several elements at once, the widest first; `wide`: words of 64 bits pay.
pub(crate) fn accesses(kernel: Kernel, wide: bool) -> &'static [Access] {
    match (kernel.by_octets(), wide, kernel.has_halves()) {
        (true, true, _) => &[Access::WideOctets, Access::Quads],
        // Eight halves are a load of 16 bytes.
        (true, false, true) => &[Access::Octets, Access::Quads],
        _ => &[Access::Quads],
    }
}

/// Cuts `length` elements into spans of at most `longest`.
///
/// `offsets` are where the operands start in their buffers, in elements. Where they agree modulo the
/// widest of `accesses`, everything but the edges goes by that; else by the next,
/// and by elements if nothing else is left. Where groups are tied to the operation's first element, it
/// must be the first of a group.
pub(crate) fn spans(
    offsets: &[u64],
    length: u64,
    longest: u64,
    kernel: Kernel,
    accesses: &[Access],
) -> Vec<Span> {
    let longest = (longest / ALIGNMENT * ALIGNMENT).max(ALIGNMENT);
    let mut spans = Vec::new();
    let mut cut = |from: u64, to: u64, access: Access| {
        let mut start = from;
        while start < to {
            let length = longest.min(to - start);
            spans.push(Span { start, length, access });
            start += length;
        }
    };
    let phase = |unit: u64| offsets.first().map_or(0, |offset| offset % unit);
    let fits = |access: &Access| {
        let (unit, phase) = (access.elements(), phase(access.elements()));
        let in_step = offsets.iter().all(|offset| offset % unit == phase);
        in_step && (phase == 0 || kernel.free_of_place())
    };
    let accesses = if length <= SHORT { &[] } else { accesses };
    let Some(&access) = accesses.iter().find(|access| fits(access)) else {
        cut(0, length, Access::Elements);
        return spans;
    };
    let unit = access.elements();
    let head = (unit - phase(unit)) % unit;
    let tail = (length - head) % unit.max(kernel.block());
    cut(0, head, Access::Elements);
    cut(head, length - tail, access);
    cut(length - tail, length, Access::Elements);
    spans
}

/// The spans of a region of whole groups: those that fill the kernel's blocks, and the rest.
pub(crate) fn blocks(start: u64, length: u64, kernel: Kernel, access: Access) -> Vec<Span> {
    let block = if kernel.free_of_place() { 1 } else { kernel.block() };
    let rest = if access == Access::Elements { 0 } else { length % block };
    let whole = Span { start, length: length - rest, access };
    let rest = Span { start: start + length - rest, length: rest, access: Access::Elements };
    [whole, rest].into_iter().filter(|span| span.length > 0).collect()
}

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
    pub(crate) fn constants(&self, kernel: Kernel, access: Access) -> [(&'static str, f64); 3] {
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

    /// The spans follow one another, cover everything once, and quads are aligned and whole.
    fn check(offsets: &[u64], length: u64, longest: u64) {
        let plain = Kernel::FORWARD;
        let (draws, mask) = (Kernel { draws: true, ..plain }, Kernel { mask: true, ..plain });
        for (kernel, wide) in [(plain, false), (plain, true), (draws, true), (mask, true)] {
            let mut next = 0;
            for span in spans(offsets, length, longest, kernel, accesses(kernel, wide)) {
                assert_eq!(span.start, next);
                assert!(span.length > 0 && span.length <= longest.max(ALIGNMENT));
                let unit = span.access.elements();
                assert!(offsets.iter().all(|offset| (offset + span.start) % unit == 0));
                assert!(unit == 1 || span.length % unit.max(kernel.block()) == 0);
                assert!(unit < 8 || (wide && !kernel.draws));
                assert!(kernel.free_of_place() || span.start % kernel.block() == 0);
                next = span.start + span.length;
            }
            assert_eq!(next, length);
        }
    }

    #[test]
    fn spans_cover_every_length_at_every_offset() {
        for length in (0..300).chain(1020..1040).chain([4093, 65_537]) {
            for x in 0..8 {
                for y in 0..5 {
                    for longest in [64, 100, 256, 1 << 20] {
                        check(&[x, y], length, longest);
                    }
                }
            }
        }
        check(&[3, 3], u64::from(u32::MAX) * 5 + 7, 1 << 29);
    }

    #[test]
    fn aligned_operands_go_by_the_widest_words() {
        use Access::{Elements, Quads, WideOctets};
        for (offsets, wide, expected) in [
            ([5, 1], false, [(3, Elements), (4092, Quads), (1, Elements)]),
            ([5, 1], true, [(3, Elements), (4092, Quads), (1, Elements)]),
            ([5, 13], true, [(3, Elements), (4088, WideOctets), (5, Elements)]),
        ] {
            let accesses = accesses(Kernel::FORWARD, wide);
            let spans = spans(&offsets, 4096, 1 << 20, Kernel::FORWARD, accesses);
            let accesses: Vec<_> = spans.iter().map(|span| (span.length, span.access)).collect();
            assert_eq!(accesses, expected);
        }
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
