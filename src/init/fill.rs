//! Initial weights on the device.

use crate::args::draw::Draw;
use crate::args::view::View;
use crate::device::prepared::{Dispatch, Prepared, Uniforms};
use crate::device::{Gpu, pipeline};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::init::quantile::CUBICS;
use crate::init::{self, Init, Numbers};
use crate::operand::Operand;
use crate::plan::ranges::Ranges;
use crate::shader::fill::Fill;

/// Words of a uniform: `Fill` in `fill.wgsl`.
const WORDS: usize = 16 + 4 * CUBICS.len();

/// Elements from one dispatch to the next are a multiple of this many.
const QUAD: u64 = 4;

impl Gpu {
    /// Fills a buffer, or a range of one, with initial weights of this shape: element i gets a number that is a
    /// function of the draw and i, the same to the last bit on every device and from
    /// [`Init::fill_drawn`]. Writes 4 bytes an element; nothing is uploaded.
    ///
    /// ```
    /// # use wgpu_relu::{Draw, Gpu, Init};
    /// # let gpu = Gpu::new()?;
    /// let weights = gpu.upload(&[0.0; 6])?;
    /// let uniform = Init::XavierUniform { gain: 1.0 };
    /// gpu.fill(&weights, uniform, &[2, 3], Draw { seed: 1, offset: 0 })?;
    /// assert!(gpu.download(&weights)?.iter().all(|w| w.abs() <= (6.0f32 / 5.0).sqrt()));
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Init::fill_drawn`]; [`Error::Unsupported`] for [`Init::Orthogonal`]; those of every operator.
    pub fn fill<'a>(
        &self,
        weights: impl Into<View<'a>>,
        init: Init,
        shape: &[usize],
        draw: Draw,
    ) -> Result<()> {
        self.fill_elements::<f32>(weights, init, shape, draw)
    }

    /// [`fill`](Gpu::fill) with elements of type `T`: the same numbers, rounded to nearest.
    ///
    /// ```
    /// # use wgpu_relu::{Draw, Gpu, Init, half::f16};
    /// # let gpu = Gpu::new()?;
    /// let weights = gpu.upload_elements(&[f16::ZERO; 6])?;
    /// gpu.fill_elements::<f16>(&weights, Init::LecunNormal, &[2, 3], Draw::default())?;
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`fill`](Gpu::fill).
    pub fn fill_elements<'a, T: Element>(
        &self,
        weights: impl Into<View<'a>>,
        init: Init,
        shape: &[usize],
        draw: Draw,
    ) -> Result<()> {
        self.prepare_fill_elements::<T>(weights, init, shape, draw)?.submit(self)
    }

    /// Checks, binds and sizes [`fill`](Gpu::fill) once, for [`Prepared::record`];
    /// [`Prepared::set_draw`] changes the draw.
    ///
    /// # Errors
    ///
    /// As [`fill`](Gpu::fill).
    pub fn prepare_fill<'a>(
        &self,
        weights: impl Into<View<'a>>,
        init: Init,
        shape: &[usize],
        draw: Draw,
    ) -> Result<Prepared> {
        self.prepare_fill_elements::<f32>(weights, init, shape, draw)
    }

    /// [`prepare_fill`](Gpu::prepare_fill) with elements of type `T`.
    ///
    /// # Errors
    ///
    /// As [`fill`](Gpu::fill).
    pub fn prepare_fill_elements<'a, T: Element>(
        &self,
        weights: impl Into<View<'a>>,
        init: Init,
        shape: &[usize],
        draw: Draw,
    ) -> Result<Prepared> {
        let weights = weights.into();
        weights.contiguous(Operand::Y)?;
        let length = weights.storage(Operand::Y, T::TYPE)?;
        let init = init.for_shape(shape)?;
        init::check_length(shape, length)?;
        if matches!(init, Init::Orthogonal { .. }) {
            return Err(Error::Unsupported {
                activation: init.name(),
                what: "form on the device",
                remedy: "fill a slice with Init::fill, and upload that",
            });
        }
        if length == 0 {
            return Ok(Prepared::of_fill(Vec::new(), None));
        }
        let bytes = T::TYPE.size();
        let limits = &self.shared.limits;
        let geometry = self.shared.geometry.single();
        pipeline::check_limits(limits, geometry.workgroup, 1)?;
        let ranges = Ranges::new(limits);
        let longest = (ranges.longest() / bytes).min(geometry.most_elements());
        let longest = (longest / QUAD * QUAD).max(QUAD);

        let (numbers, choice) = Numbers::new(init).words();
        let mut words: Vec<[u32; WORDS]> = Vec::new();
        let mut bindings = Vec::new();
        for start in (0..length).step_by(longest as usize) {
            let length = longest.min(length - start);
            let range = ranges.bind(weights, bytes, start, length);
            let quad = start / QUAD;
            let place = [quad as u32, (quad >> 32) as u32, range.first as u32];
            bindings.push((range.binding, length, start));
            let mut uniform = [0; WORDS];
            uniform[..4].copy_from_slice(&numbers);
            uniform[4..8].copy_from_slice(&draw.words());
            uniform[8..11].copy_from_slice(&place);
            uniform[11] = length as u32;
            uniform[12..15].copy_from_slice(&choice);
            uniform[16..].copy_from_slice(CUBICS.as_flattened());
            words.push(uniform);
        }
        let uniforms = Uniforms::new(self, &words)?;
        let dispatches = bindings.into_iter().enumerate().map(|(index, (y, length, start))| {
            let (fill, uniform) = (Fill(T::TYPE), uniforms.binding(index));
            let y = [(1, wgpu::BindingResource::Buffer(y))];
            let workgroups = geometry.workgroups(length);
            Dispatch::new(self, &fill, &geometry.size(), uniform, y, workgroups, start)
        });
        let dispatches = dispatches.collect::<Result<_>>()?;
        Ok(Prepared::of_fill(dispatches, Some(uniforms)))
    }
}
