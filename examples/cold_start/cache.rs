//! A pipeline cache on disk.

use std::io::{self, ErrorKind};
use std::path::Path;

use wgpu_relu::{Gpu, wgpu};

/// Whether the device has pipeline caches.
pub(crate) fn is_there(gpu: &Gpu) -> bool {
    gpu.device().features().contains(wgpu::Features::PIPELINE_CACHE)
}

/// Opens the cache in `file`, or an empty one if there is none, and uses it from now on. A program that runs on several
/// adapters keeps one file per adapter, with a name from `wgpu::util::pipeline_cache_key`.
pub(crate) fn open(gpu: &Gpu, file: &Path) -> io::Result<wgpu::PipelineCache> {
    let data = match std::fs::read(file) {
        Ok(data) => Some(data),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let descriptor = wgpu::PipelineCacheDescriptor {
        label: Some("pipelines"),
        data: data.as_deref(),
        // wgpu ignores the data of another driver or version.
        fallback: true,
    };
    // SAFETY: only `save` writes the file, with the bytes of `get_data`, and always completely. wgpu checks its header.
    #[expect(unsafe_code, reason = "wgpu has no safe way to do this")]
    let cache = unsafe { gpu.device().create_pipeline_cache(&descriptor) };
    gpu.set_pipeline_cache(cache.clone());
    Ok(cache)
}

/// Writes the cache. At all times the file is either the old one or the new one.
pub(crate) fn save(cache: &wgpu::PipelineCache, file: &Path) -> io::Result<()> {
    let Some(data) = cache.get_data() else { return Ok(()) };
    let beside = file.with_extension("new");
    std::fs::write(&beside, data)?;
    std::fs::rename(&beside, file)
}
