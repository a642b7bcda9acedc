//! Initial weights on the device.

use std::mem::offset_of;

use crate::args::draw::Draw;
use crate::args::view::{Buffers, View};
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::init::quantile::CUBICS;
use crate::init::{self, Init, Numbers};
use crate::operand::Operand;
use crate::plan::dispatch::{Dispatch, Patchable, Plan};
use crate::plan::uniform::FillParams;
use crate::shader::fill::FillShader;

/// Each dispatch starts at a multiple of this many elements.
const FOUR: u64 = 4;

impl Gpu {
    /// Fills a buffer, or a range of one, with initial weights of this shape. Writes 4 bytes per element and uploads
    /// nothing. Element i gets a number that depends on the draw and i only: the same bits on every device, and from
    /// [`Init::fill_drawn`].
    ///
    /// # Errors
    ///
    /// Those of [`Init::fill_drawn`] and of every operator, and [`Error::Unsupported`] for [`Init::Orthogonal`].
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
    /// # Errors
    ///
    /// Those of [`fill`](Gpu::fill).
    ///
    /// ```
    /// # use wgpu_relu::{Draw, Gpu, Init, half::f16};
    /// # let gpu = Gpu::new()?;
    /// let weights = gpu.upload_elements(&[f16::ZERO; 6])?;
    /// gpu.fill_elements::<f16>(&weights, Init::LecunNormal, &[2, 3], Draw::default())?;
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn fill_elements<'a, T: Element>(
        &self,
        weights: impl Into<View<'a>>,
        init: Init,
        shape: &[usize],
        draw: Draw,
    ) -> Result<()> {
        self.prepare_fill_elements::<T>(weights, init, shape, draw)?.run()
    }

    /// Checks, binds and sizes [`fill`](Gpu::fill) once, for [`Prepared::record`];
    /// [`Prepared::set_draw`] changes the draw.
    ///
    /// # Errors
    ///
    /// Those of [`fill`](Gpu::fill).
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
    /// Those of [`fill`](Gpu::fill).
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
        let mut buffers = Buffers::default();
        let weights = buffers.range(Operand::Y, weights);
        let planner = &self.shared.planner;
        let launch = planner.launch.one_vector_per_invocation();
        planner.check_limits(launch.workgroup, 1)?;
        let bytes = T::TYPE.size();
        planner.ranges.check(FOUR * bytes)?;
        let max_len = (planner.ranges.max_len() / bytes).min(launch.max_elements());
        let max_len = (max_len / FOUR * FOUR).max(FOUR);
        let numbers = Numbers::new(init);
        let dispatches = (0..length).step_by(max_len as usize).map(|start| {
            let length = max_len.min(length - start);
            let range = planner.ranges.bind(&weights, bytes, start, length);
            let four = start / FOUR;
            let uniform = FillParams {
                scale: numbers.scale,
                shift: numbers.shift,
                low: numbers.low,
                high: numbers.high,
                draw: draw.words(),
                first_four: [four as u32, (four >> 32) as u32],
                offset_y: range.first as u32,
                length: length as u32,
                method: numbers.method as u32,
                first: numbers.first,
                count: numbers.count,
                cubics: CUBICS,
                ..FillParams::ZERO
            };
            let workgroups = launch.workgroups(length);
            let (shader, size) = (FillShader(T::TYPE), launch.size());
            Dispatch::new(shader, &size, [range], uniform.words(), workgroups).starting_at(start)
        });
        let patchable = Patchable {
            draw: Some(offset_of!(FillParams, draw) as u64),
            first_four: Some(offset_of!(FillParams, first_four) as u64),
            ..Patchable::default()
        };
        let plan = Plan { dispatches: dispatches.collect(), patchable, ..Plan::default() };
        Prepared::new(self, plan, &buffers)
    }
}
