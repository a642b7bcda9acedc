//! How many training steps fit into a frame.

/// The speeds that a person can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    Slow,
    Normal,
    Fast,
}

impl Speed {
    pub(crate) const ALL: [Speed; 3] = [Speed::Slow, Speed::Normal, Speed::Fast];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Speed::Slow => "slow",
            Speed::Normal => "normal",
            Speed::Fast => "fast",
        }
    }

    /// The fewest and the most steps per frame. Fast takes some in every frame, because drawing alone may take longer than a
    /// frame should.
    fn range(self) -> [f64; 2] {
        match self {
            Speed::Slow => [1.0, 1.0],
            Speed::Normal => [1.0, 8.0],
            Speed::Fast => [8.0, 256.0],
        }
    }
}

/// The longest frame in seconds: 25 frames per second, so that 20 stay in reach.
const FRAME: f64 = 0.04;

/// Adapts the steps per frame to the device.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) speed: Speed,
    steps: f64,
}

impl Pace {
    pub(crate) fn new(speed: Speed) -> Self {
        Pace { speed, steps: 1.0 }
    }

    /// The steps of the next frame, after one that took `seconds`.
    pub(crate) fn steps(&mut self, seconds: f64) -> u64 {
        let factor = if seconds > FRAME { 0.7 } else { 1.2 };
        let [fewest, most] = self.speed.range();
        self.steps = (self.steps * factor).clamp(fewest, most);
        self.steps as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a device that needs so many seconds per step and per frame.
    fn settled(speed: Speed, step: f64, frame: f64) -> f64 {
        let mut pace = Pace::new(speed);
        let mut seconds = 0.0;
        let mut total = 0.0;
        for index in 0..200 {
            seconds = frame + step * pace.steps(seconds) as f64;
            total += if index >= 100 { seconds } else { 0.0 };
        }
        total / 100.0
    }

    #[test]
    fn frames_stay_short_on_slow_devices() {
        assert!(settled(Speed::Fast, 0.002, 0.01) < 0.05);
        assert!(settled(Speed::Fast, 0.002, 0.01) > 0.025);
        assert!(settled(Speed::Normal, 0.02, 0.01) < 0.05);
        assert_eq!(Pace::new(Speed::Fast).steps(1.0), 8);
        assert_eq!(Pace::new(Speed::Slow).steps(0.0), 1);
    }
}
