//! The cards that shaders are compiled for.

/// A card, by the numbers that its maker gives.
#[derive(Debug)]
pub(crate) struct Card {
    /// As RADV_FORCE_FAMILY names it.
    pub(crate) family: &'static str,
    pub(crate) name: &'static str,
    /// Bytes per second from the memory.
    bandwidth: f64,
    /// Two per compute unit. Each runs waves of its own.
    simds: f64,
    /// Hertz.
    clock: f64,
    /// Whether the driver's estimate of cycles is good enough to judge kernels by.
    pub(crate) is_timed: bool,
}

pub(crate) const CARDS: [Card; 2] = [
    Card {
        family: "navi21",
        name: "Radeon RX 6900 XT",
        bandwidth: 512e9,
        simds: 160.0,
        clock: 2.25e9,
        is_timed: true,
    },
    Card {
        family: "gfx1100",
        name: "Radeon RX 7900 XTX",
        bandwidth: 960e9,
        simds: 192.0,
        clock: 2.5e9,
        // It issues two instructions at once, which Mesa 22 does not know.
        is_timed: false,
    },
];

impl Card {
    /// The cycles of a SIMD in which its share of the memory moves so many bytes.
    pub(crate) fn memory_cycles(&self, bytes: u32) -> f64 {
        f64::from(bytes) * self.simds * self.clock / self.bandwidth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_takes_1440_cycles_for_a_wave_of_navi21() {
        assert_eq!(CARDS[0].memory_cycles(2048), 1440.0);
        assert_eq!(CARDS[0].memory_cycles(3072), 2160.0);
    }
}
