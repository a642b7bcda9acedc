//! The operator on textures.

use std::mem::offset_of;

use crate::device::error_scope::{Resource, catch_errors};
use crate::device::prepared::Prepared;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::ops::activation::GpuRelu;
use crate::plan::dispatch::{Dispatch, Parameters, Patchable, Plan};
use crate::plan::planner::{Planner, check_limit};
use crate::plan::uniform::TextureParams;
use crate::shader::ShaderKey;
use crate::shader::texture::{FORMATS, SIDE, TextureShader};

/// # Textures
///
/// For renderers: every channel of every texel is an element, and the results are the same as on buffers.
///
/// A texture is two-dimensional, of any size, with one mip level, one layer and one sample. y is rgba16float,
/// rgba32float or r32float, with the usage `STORAGE_BINDING`; x has floats or normalised integers, as many channels as
/// y, and the usage `TEXTURE_BINDING`. The texture of a view is `view.texture()`. A view does not tell which levels and
/// layers it shows, so it could not be checked.
///
/// A 16-bit result is the f32 result rounded to nearest, ties to even, also on devices that round otherwise. NaN stays
/// NaN, but its payload may change. SwiftShader is the only driver found that does not keep this: in rgba16float it
/// stores infinity as NaN, and an infinity or NaN changes a bit of the next channel.
///
/// # Errors
///
/// Each method returns an error for a format, shape or usage that it does not take, for sizes that differ, and for
/// [random slopes](GpuRelu::in_training); for a texture that is destroyed or of another device; for a lost device and
/// for exhausted memory. It writes nothing then.
impl GpuRelu {
    /// Computes y = f(x) from texture to texture. Both may be one texture if the device can read and write its format
    /// at once: r32float everywhere, others if the adapter can and the device has the feature
    /// `TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES`.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu, wgpu};
    /// # let gpu = Gpu::new()?;
    /// let texture = |usage| {
    ///     gpu.device().create_texture(&wgpu::TextureDescriptor {
    ///         label: None,
    ///         size: wgpu::Extent3d { width: 3, height: 5, depth_or_array_layers: 1 },
    ///         mip_level_count: 1,
    ///         sample_count: 1,
    ///         dimension: wgpu::TextureDimension::D2,
    ///         format: wgpu::TextureFormat::Rgba16Float,
    ///         usage,
    ///         view_formats: &[],
    ///     })
    /// };
    /// let x = texture(wgpu::TextureUsages::TEXTURE_BINDING); // and RENDER_ATTACHMENT, to draw into
    /// let y = texture(wgpu::TextureUsages::STORAGE_BINDING); // and TEXTURE_BINDING, to sample from
    /// GpuRelu::new(&gpu).apply_texture(&x, &y)?;
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    pub fn apply_texture(&self, x: &wgpu::Texture, y: &wgpu::Texture) -> Result<()> {
        self.prepare_texture(x, y)?.run()
    }

    /// Computes x = f(x) in place, if the device can read and write the format at once; see
    /// [`apply_texture`](GpuRelu::apply_texture).
    pub fn apply_texture_in_place(&self, x: &wgpu::Texture) -> Result<()> {
        self.apply_texture(x, x)
    }

    /// Checks, binds and sizes y = f(x) once, so that [`Prepared::record`] can record it in every frame. For an
    /// operation in place, pass the same texture twice.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu, wgpu};
    /// # fn example(gpu: &Gpu, colour: &wgpu::TextureView, result: &wgpu::Texture) -> wgpu_relu::Result<()> {
    /// let softsign = GpuRelu::with_activation(gpu, "softsign".parse()?)?;
    /// let step = softsign.keeping_alpha().prepare_texture(colour.texture(), result)?;
    /// // every frame, in a compute pass: step.record(&mut pass);
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare_texture(&self, x: &wgpu::Texture, y: &wgpu::Texture) -> Result<Prepared> {
        self.check_textures(x, y)?;
        let planner = &self.gpu.shared.planner;
        let in_place = x == y;
        check_limits(planner, in_place)?;
        let (activation, format) = (self.activation.name(), y.format());
        let shader = TextureShader { activation, format, in_place };
        let flags = y.format().guaranteed_format_features(self.gpu.device().features()).flags;
        let guaranteed = flags.contains(wgpu::TextureFormatFeatureFlags::STORAGE_READ_WRITE);
        if cfg!(target_arch = "wasm32") && in_place && !guaranteed {
            let reason = "WebGPU does so with none but formats of 32 bits".to_owned();
            return Err(not_accessible(y.format(), in_place, reason));
        }
        // Only compiling tells whether this device can use the format. In a browser, the answer comes too late.
        let pipelines = &self.gpu.shared.pipelines;
        let compiled = pipelines.get(self.gpu.device(), &ShaderKey::new(shader, &[]));
        compiled.map_err(|error| match error {
            Error::Refused { reason, .. } => not_accessible(y.format(), in_place, reason),
            other => other,
        })?;

        let offset = offset_of!(TextureParams, activation) as u64;
        let parameters = Parameters { activation: self.activation, of_mask: false, offset };
        let keeps_alpha = self.keeps_alpha && y.format().components() == 4;
        let most = planner.limits.max_compute_workgroups_per_dimension;
        let tiles = tiles([x.width(), x.height()], most);
        let dispatches = tiles.into_iter().map(|Tile { first, workgroups }| {
            let uniform = TextureParams {
                activation: parameters.values(),
                first,
                keeps_alpha: keeps_alpha.into(),
                ..TextureParams::ZERO
            };
            Dispatch::of_textures(shader, uniform.words(), workgroups, [SIDE, SIDE, 1])
        });
        let patchable = Patchable { activation: Some(parameters), ..Patchable::default() };
        let plan = Plan { dispatches: dispatches.collect(), patchable, ..Plan::default() };
        use wgpu::TextureUses as State;
        let (y, x) = ((Operand::Y, y, State::STORAGE_WRITE_ONLY), (Operand::X, x, State::RESOURCE));
        let textures: &[_] = if in_place { &[y] } else { &[y, x] };
        let used = || {
            let used = |&(operand, texture, state): &(_, &wgpu::Texture, _)| {
                (operand, Resource::Texture(texture.clone(), state))
            };
            textures.iter().map(used).collect()
        };
        let views = catch_errors(self.gpu.device(), "viewing the textures", || {
            let views = textures.iter().map(|(_, t, _)| t.create_view(&Default::default()));
            views.collect::<Vec<_>>()
        });
        let views = views.map_err(|error| self.gpu.name_operand(error, &used))?;
        Prepared::with_resources(&self.gpu, &plan, &used, |binding| {
            wgpu::BindingResource::TextureView(&views[binding.number as usize])
        })
    }

    /// Returns the same operator, which leaves the alpha of textures with four channels as it is, for colours. It has
    /// no effect on r32float and on buffers.
    ///
    /// ```
    /// # use wgpu_relu::{Gpu, GpuRelu};
    /// # let gpu = Gpu::new()?;
    /// let relu = GpuRelu::new(&gpu).keeping_alpha();
    /// # Ok::<(), wgpu_relu::Error>(())
    /// ```
    #[must_use]
    pub fn keeping_alpha(&self) -> Self {
        GpuRelu { keeps_alpha: true, ..self.clone() }
    }

    fn check_textures(&self, x: &wgpu::Texture, y: &wgpu::Texture) -> Result<()> {
        use wgpu::TextureUsages as Usage;
        if self.draw.is_some() {
            return Err(Error::Unsupported {
                activation: self.activation.name(),
                what: "random slopes on textures",
                remedy: "copy the texture to a buffer, or leave in_training out",
            });
        }
        self.check_formats(x, y)?;
        let in_place = x == y;
        for (operand, texture, needed) in [
            (Operand::X, x, if in_place { Usage::STORAGE_BINDING } else { Usage::TEXTURE_BINDING }),
            (Operand::Y, y, Usage::STORAGE_BINDING),
        ] {
            check_shape(operand, texture)?;
            let found = texture.usage();
            if !found.contains(needed) {
                let [needed, found] = [needed, found].map(names);
                return Err(Error::MissingTextureUsage { operand, needed, found });
            }
        }
        let [size, expected] = [y, x].map(|texture| [texture.width(), texture.height()]);
        if size != expected {
            let (operand, reference) = (Operand::Y, Operand::X);
            return Err(Error::TextureSize { operand, size, reference, expected });
        }
        Ok(())
    }

    fn check_formats(&self, x: &wgpu::Texture, y: &wgpu::Texture) -> Result<()> {
        let features = self.gpu.device().features();
        let format = y.format();
        if !FORMATS.iter().any(|(possible, _)| *possible == format) {
            let rule = "rgba16float, rgba32float or r32float";
            return Err(Error::TextureFormat { operand: Operand::Y, format, rule });
        }
        let guaranteed = format.guaranteed_format_features(features).flags;
        if x == y
            && !guaranteed.contains(wgpu::TextureFormatFeatureFlags::STORAGE_READ_WRITE)
            && !features.contains(wgpu::Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES)
        {
            let reason = "it lacks the feature TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES";
            return Err(not_accessible(format, true, reason.to_owned()));
        }
        let of_floats = matches!(
            x.format().sample_type(None, Some(features)),
            Some(wgpu::TextureSampleType::Float { .. })
        );
        if !of_floats || x.format().components() != format.components() {
            let rule = "of floats or normalised integers, with as many channels as y";
            return Err(Error::TextureFormat { operand: Operand::X, format: x.format(), rule });
        }
        Ok(())
    }
}

/// Checks that the texture has two dimensions, one mip level, one layer and one sample.
fn check_shape(operand: Operand, texture: &wgpu::Texture) -> Result<()> {
    let dimensions = match texture.dimension() {
        wgpu::TextureDimension::D1 => 1,
        wgpu::TextureDimension::D2 => 2,
        wgpu::TextureDimension::D3 => 3,
    };
    for (property, found, expected) in [
        ("dimensions", dimensions, 2),
        ("mip levels", texture.mip_level_count(), 1),
        ("layers", texture.depth_or_array_layers(), 1),
        ("samples", texture.sample_count(), 1),
    ] {
        if found != expected {
            return Err(Error::TextureShape { operand, property, found, expected });
        }
    }
    Ok(())
}

fn not_accessible(format: wgpu::TextureFormat, in_place: bool, reason: String) -> Error {
    let (access, remedy) = if in_place {
        ("read and write at once", "pass another texture for y")
    } else {
        ("write", "take another format for y")
    };
    Error::TextureAccess { format, access, reason, remedy }
}

fn names(usage: wgpu::TextureUsages) -> String {
    let names: Vec<_> = usage.iter_names().map(|(name, _)| name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" | ") }
}

fn check_limits(planner: &Planner, in_place: bool) -> Result<()> {
    let sampled = if in_place { 0 } else { 1 };
    planner.check_dispatch([SIDE, SIDE], 1 + sampled)?;
    let limits = &planner.limits;
    let found = limits.max_storage_textures_per_shader_stage;
    check_limit("max_storage_textures_per_shader_stage", found, 1)?;
    let found = limits.max_sampled_textures_per_shader_stage;
    check_limit("max_sampled_textures_per_shader_stage", found, sampled)
}

/// The part of a texture that one dispatch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tile {
    /// Its first texel.
    first: [u32; 2],
    workgroups: [u32; 2],
}

/// Cuts a texture into tiles of at most `most` workgroups in each dimension.
fn tiles(size: [u32; 2], most: u32) -> Vec<Tile> {
    let along = |dimension: usize| {
        let (size, longest) = (size[dimension], SIDE.saturating_mul(most));
        (0..size)
            .step_by(longest as usize)
            .map(move |first| (first, (size - first).min(longest).div_ceil(SIDE)))
    };
    let tile = |(y, rows), (x, columns)| Tile { first: [x, y], workgroups: [columns, rows] };
    along(1).flat_map(|row| along(0).map(move |column| tile(row, column))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_texel_once() {
        for size in [[1, 1], [8, 128], [9, 129], [25, 31], [48, 16], [49, 385], [16_384, 3]] {
            for most in [1, 3, 65_535] {
                let tiles = tiles(size, most);
                let mut covered = 0;
                for tile in &tiles {
                    let [columns, rows] = tile.workgroups;
                    assert!((1..=most).contains(&columns) && (1..=most).contains(&rows));
                    let length =
                        |at: usize| (size[at] - tile.first[at]).min(tile.workgroups[at] * SIDE);
                    covered += length(0) * length(1);
                }
                assert_eq!(covered, size[0] * size[1], "{size:?} {most}");
                let mut firsts: Vec<_> = tiles.iter().map(|tile| tile.first).collect();
                firsts.dedup();
                assert_eq!(firsts.len(), tiles.len());
            }
        }
    }
}
