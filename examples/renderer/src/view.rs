//! The visible part of the field.

use bytemuck::{Pod, Zeroable};

/// A place and a scale. Pixels are square. The learned picture, from 0 to 1, is a square too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// The place in the middle.
    pub(crate) centre: [f32; 2],
    /// The extent of the field along the shorter side of the picture.
    pub(crate) extent: f32,
}

/// The uniform of the shaders.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ViewUniform {
    /// The outer corner of the first pixel.
    pub(crate) origin: [f32; 2],
    /// The distance from one pixel to the next.
    pub(crate) step: f32,
    /// Pixels per row.
    pub(crate) width: u32,
}

impl Default for View {
    fn default() -> Self {
        View { centre: [0.5; 2], extent: 1.0 }
    }
}

impl View {
    /// Extents for which f32 has enough digits.
    const EXTENTS: [f32; 2] = [1e-3, 16.0];

    pub(crate) fn uniform(&self, size: [u32; 2]) -> ViewUniform {
        let step = self.step(size);
        let corner = |axis: usize| self.centre[axis] - 0.5 * size[axis] as f32 * step;
        ViewUniform { origin: [corner(0), corner(1)], step, width: size[0] }
    }

    fn step(&self, size: [u32; 2]) -> f32 {
        self.extent / size[0].min(size[1]).max(1) as f32
    }

    /// Moves the field with a pointer that moves that many pixels.
    pub(crate) fn drag(&mut self, pixels: [f32; 2], size: [u32; 2]) {
        let step = self.step(size);
        for (centre, pixels) in self.centre.iter_mut().zip(pixels) {
            *centre = (*centre - pixels * step).clamp(-16.0, 16.0);
        }
    }

    /// Shows `factor` times as much, around a place in pixels that stays where it is.
    pub(crate) fn zoom(&mut self, factor: f32, at: [f32; 2], size: [u32; 2]) {
        let before = self.step(size);
        let [least, most] = Self::EXTENTS;
        self.extent = (self.extent * factor).clamp(least, most);
        let change = before - self.step(size);
        for (axis, at) in at.into_iter().enumerate() {
            self.centre[axis] += (at - 0.5 * size[axis] as f32) * change;
        }
    }

    /// A slow round trip: the view after that many seconds of it.
    pub(crate) fn drifted(&self, seconds: f32) -> Self {
        let (sine, cosine) = (0.3 * seconds).sin_cos();
        let centre = [
            self.centre[0] + 0.1 * self.extent * sine,
            self.centre[1] + 0.05 * self.extent * (1.0 - cosine),
        ];
        View { centre, extent: self.extent * (1.0 - 0.15 * (1.0 - cosine)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_side_shows_the_extent() {
        let uniform = View::default().uniform([300, 100]);
        assert_eq!(uniform, ViewUniform { origin: [-1.0, 0.0], step: 0.01, width: 300 });
    }

    #[test]
    fn zooming_keeps_the_place_under_the_pointer() {
        let size = [300, 100];
        let place = |view: &View, at: [f32; 2]| {
            let uniform = view.uniform(size);
            [0, 1].map(|axis| uniform.origin[axis] + at[axis] * uniform.step)
        };
        let (mut view, at) = (View::default(), [40.0, 90.0]);
        let before = place(&view, at);
        view.zoom(0.5, at, size);
        assert_eq!(view.extent, 0.5);
        let after = place(&view, at);
        assert!(
            before.iter().zip(after).all(|(a, b)| (a - b).abs() < 1e-6),
            "{before:?} {after:?}"
        );
        view.drag([10.0, -20.0], size);
        let dragged = place(&view, [50.0, 70.0]);
        assert!(before.iter().zip(dragged).all(|(a, b)| (a - b).abs() < 1e-6), "{dragged:?}");
    }
}
