//! The channel of an element.

use crate::error::{Error, Result};

/// Says which channel an element belongs to: element e belongs to channel `e / inner % count`.
///
/// ```
/// use wgpu_relu::Channels;
///
/// let of_rows = Channels::last(512); // [N, 512], [N, H, W, 512]
/// let of_images = Channels::second(64, 28 * 28); // [N, 64, 28, 28]
/// assert_eq!(of_images, Channels { count: 64, inner: 784 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channels {
    /// How many channels there are.
    pub count: u32,
    /// How many elements of one channel are contiguous.
    pub inner: u32,
}

impl Channels {
    /// The last dimension of `count`: the units of a dense layer, or channels-last images.
    #[must_use]
    pub const fn last(count: u32) -> Self {
        Channels { count, inner: 1 }
    }

    /// The second dimension of `[N, count, …]`, with `inner` elements per channel, as in PyTorch's images.
    #[must_use]
    pub const fn second(count: u32, inner: u32) -> Self {
        Channels { count, inner }
    }

    /// Elements per row, which has all channels.
    pub(crate) fn row(self) -> u64 {
        u64::from(self.count) * u64::from(self.inner)
    }

    /// Checks that `length` elements are whole rows.
    pub(crate) fn check(self, length: u64) -> Result<()> {
        let row = self.row();
        // Shaders count the elements of a row and a dispatch in 32 bits.
        if row == 0 || !length.is_multiple_of(row) {
            return Err(Error::Channels { length, channels: self.count, inner: self.inner });
        }
        if row > 1 << 31 {
            return Err(Error::RowLength { length: row, limit: 1 << 31 });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_whole_rows_that_shaders_can_count() {
        assert_eq!(Channels::second(5, 7).row(), 35);
        for (channels, length, fits) in [
            (Channels::second(5, 7), 0, true),
            (Channels::second(5, 7), 70, true),
            (Channels::second(5, 7), 71, false),
            (Channels::second(5, 0), 0, false),
            (Channels::last(0), 0, false),
            (Channels::second(1 << 16, 1 << 15), 1 << 31, true),
        ] {
            let error = Error::Channels { length, channels: channels.count, inner: channels.inner };
            assert_eq!(channels.check(length), if fits { Ok(()) } else { Err(error) });
        }
        let longer = Channels::last((1 << 31) + 1);
        let error = Error::RowLength { length: 2_147_483_649, limit: 2_147_483_648 };
        assert_eq!(longer.check(0), Err(error));
    }
}
