//! The picture in bands of pixels, so that the layers of one fit into caches.

/// Consecutive pixels, counted row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) first: u32,
    pub(crate) pixels: u32,
}

/// Full bands, and what is left.
pub(crate) fn bands(pixels: u32, most: u32) -> Vec<Band> {
    let first = (0..pixels).step_by(most as usize);
    first.map(|first| Band { first, pixels: most.min(pixels - first) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_follow_each_other_to_the_end() {
        let band = |first, pixels| Band { first, pixels };
        assert_eq!(bands(10, 4), [band(0, 4), band(4, 4), band(8, 2)]);
        assert_eq!(bands(8, 4), [band(0, 4), band(4, 4)]);
        assert_eq!(bands(1, 4), [band(0, 1)]);
        assert_eq!(bands(u32::MAX, u32::MAX), [band(0, u32::MAX)]);
    }
}
