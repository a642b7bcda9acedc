//! Sets of points in a plane, of two classes.

use std::f32::consts::TAU;

use wgpu_relu::{Draw, Init, Result};

use crate::network::trainer::Samples;

/// Points per set, unless a person has painted them.
pub const POINTS: usize = 256;

/// A shape that the classes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// One class is inside, the other around it.
    Circle,
    /// One class is where x and y have equal signs.
    Xor,
    /// Two clouds.
    Gaussians,
    /// Two arms around each other.
    Spiral,
    /// What a person has painted.
    Painted,
}

impl Set {
    pub const ALL: [Set; 5] = [Set::Circle, Set::Xor, Set::Gaussians, Set::Spiral, Set::Painted];

    pub fn name(self) -> &'static str {
        match self {
            Set::Circle => "circle",
            Set::Xor => "xor",
            Set::Gaussians => "gaussians",
            Set::Spiral => "spiral",
            Set::Painted => "painted",
        }
    }
}

/// A point from -1 to 1, and its class: 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub at: [f32; 2],
    pub class: u8,
}

/// The points of a shape. `noise` is the standard deviation of what is added to each coordinate.
pub fn points(set: Set, noise: f32, seed: u64) -> Result<Vec<Point>> {
    // Offsets below those of the initial weights and of training.
    let draw = |init: Init, offset: u64| -> Result<Vec<f32>> {
        let mut values = vec![0.0; 2 * POINTS];
        init.fill_drawn(&mut values, &[2 * POINTS], Draw { seed, offset: (1 << 24) + offset })?;
        Ok(values)
    };
    let even = draw(Init::Uniform { low: 0.0, high: 1.0 }, 0)?;
    let normal = draw(Init::Normal { mean: 0.0, std: 1.0 }, 1)?;
    let pairs = even.chunks_exact(2).zip(normal.chunks_exact(2)).enumerate();
    Ok(pairs
        .map(|(index, (even, normal))| {
            let class = (index % 2) as u8;
            let [x, y] = place(set, class, [even[0], even[1]], [normal[0], normal[1]]);
            Point { at: [x + noise * normal[0], y + noise * normal[1]], class }
        })
        .collect())
}

/// A point of a class, from two numbers from 0 to 1 and two normal ones.
fn place(set: Set, class: u8, [u, v]: [f32; 2], normal: [f32; 2]) -> [f32; 2] {
    let second = f32::from(class);
    match set {
        Set::Circle => {
            let radius = if class == 0 { 0.5 * u.sqrt() } else { 0.65 + 0.35 * u };
            [radius * (TAU * v).cos(), radius * (TAU * v).sin()]
        }
        Set::Xor => {
            // A gap of 0.1 between the classes.
            let [x, y] = [u, v]
                .map(|side| 2.0 * side - 1.0)
                .map(|side| side.signum() * (0.05 + 0.95 * side.abs()));
            let swapped = (x * y > 0.0) != (class == 0);
            [if swapped { -x } else { x }, y]
        }
        Set::Gaussians => normal.map(|part| 0.18 * part + 0.45 * (2.0 * second - 1.0)),
        Set::Spiral => {
            let radius = 0.05 + 0.95 * u;
            let angle = 1.6 * TAU * radius + 0.5 * TAU * second;
            [radius * angle.sin(), radius * angle.cos()]
        }
        Set::Painted => [0.0; 2],
    }
}

/// The points as rows of two coordinates, and of a 1 at the class.
pub fn samples(points: &[Point]) -> Samples {
    let inputs = points.iter().flat_map(|point| point.at).collect();
    let targets = points
        .iter()
        .flat_map(|point| [0, 1].map(|class| f32::from(u8::from(point.class == class))))
        .collect();
    Samples { inputs, targets, widths: [2, 2] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_two_classes_in_their_places() {
        for set in [Set::Circle, Set::Xor, Set::Gaussians, Set::Spiral] {
            let points = points(set, 0.0, 3).unwrap();
            assert_eq!(points.len(), POINTS);
            let second = points.iter().filter(|point| point.class == 1).count();
            assert_eq!(second, POINTS / 2, "{set:?}");
            for Point { at: [x, y], class } in points {
                assert!(x.abs() < 1.4 && y.abs() < 1.4, "{set:?}: {x}, {y}");
                let radius = x.hypot(y);
                match set {
                    Set::Circle => assert_eq!(u8::from(radius > 0.55), class),
                    Set::Xor => assert_eq!(u8::from(x * y < 0.0), class),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn noise_and_seed_change_the_points() {
        let first = points(Set::Spiral, 0.0, 1).unwrap();
        assert_eq!(points(Set::Spiral, 0.0, 1).unwrap(), first);
        assert_ne!(points(Set::Spiral, 0.0, 2).unwrap(), first);
        let noisy = points(Set::Spiral, 0.1, 1).unwrap();
        let moved = first.iter().zip(&noisy).map(|(a, b)| (a.at[0] - b.at[0]).powi(2)).sum::<f32>();
        let deviation = (moved / POINTS as f32).sqrt();
        assert!((0.08..0.12).contains(&deviation), "{deviation}");
    }
}
