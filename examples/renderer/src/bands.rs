//! Cuts the picture into bands of vectors of four pixels, so that the layers of a band fit into caches.

/// Consecutive vectors of four pixels, counted row by row, for any length of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) first: u32,
    pub(crate) quads: u32,
}

/// Full bands, and the rest.
pub(crate) fn bands(quads: u32, most: u32) -> Vec<Band> {
    let first = (0..quads).step_by(most as usize);
    first.map(|first| Band { first, quads: most.min(quads - first) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_follow_each_other_to_the_end() {
        let band = |first, quads| Band { first, quads };
        assert_eq!(bands(10, 4), [band(0, 4), band(4, 4), band(8, 2)]);
        assert_eq!(bands(8, 4), [band(0, 4), band(4, 4)]);
        assert_eq!(bands(1, 4), [band(0, 1)]);
        assert_eq!(bands(u32::MAX, u32::MAX), [band(0, u32::MAX)]);
    }
}
