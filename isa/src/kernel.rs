//! The kernels that a GPU runs, compiled.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wgpu_relu::plan::Planner;
use wgpu_relu::{Activation, wgpu};

use crate::assembly::{self, Code};
use crate::device::{Compiled, Device};
use crate::spirv::{self, Array};

/// The least that a kernel of two operands takes, to compare with.
const COPY: &str = "
    struct Params { length: u32 }
    @group(0) @binding(0) var<storage, read_write> y: array<vec4<u32>>;
    @group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;
    @group(0) @binding(2) var<uniform> params: Params;
    @compute @workgroup_size(256)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x < params.length) {
            y[id.x] = x[id.x];
        }
    }";

/// Its name.
pub(crate) const COPY_NAME: &str = "copy f32 four";

/// A compiled kernel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kernel {
    pub(crate) name: String,
    pub(crate) arrays: Vec<Array>,
    pub(crate) statistics: Statistics,
    pub(crate) code: Code,
    /// Empty unless it is to be shown.
    pub(crate) assembly: String,
}

/// What the driver counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statistics {
    /// Invocations of a wave.
    pub(crate) wave: u32,
    pub(crate) vgprs: u64,
    pub(crate) sgprs: u64,
    /// Registers of both kinds.
    pub(crate) spills: u64,
    /// Bytes per wave.
    pub(crate) scratch: u64,
    pub(crate) instructions: u64,
    /// How long a wave keeps a SIMD busy, as estimated: a branch is taken always, a loop some times.
    pub(crate) cycles: u64,
}

impl Kernel {
    /// Whether it is an activation or its gradient and nothing else, on f32 by fours.
    pub(crate) fn is_plain(&self) -> bool {
        let mut names = Activation::ALL.iter().map(|activation| activation.name());
        let rest =
            |name| self.name.strip_prefix(name)?.strip_prefix(' ')?.strip_suffix(" f32 four");
        names.any(|name| matches!(rest(name), Some("forward" | "gradient")))
    }

    /// The bytes that a wave loads and stores: one item of each array per invocation.
    pub(crate) fn bytes(&self) -> u32 {
        let of =
            |array: &Array| (u32::from(array.is_read) + u32::from(array.is_written)) * array.stride;
        self.statistics.wave * self.arrays.iter().map(of).sum::<u32>()
    }
}

/// A kernel to compile.
pub(crate) struct Source {
    pub(crate) name: String,
    wgsl: String,
    constants: Vec<(&'static str, u32)>,
}

/// Every kernel that a GPU may get, and a copy.
pub(crate) fn sources() -> Vec<Source> {
    // A card's limits are higher, but the crate asks for no more.
    let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
    let planner = Planner::new(&info, &wgpu::Limits::default(), wgpu::Features::empty());
    let copy = (COPY_NAME.to_owned(), COPY.to_owned(), Vec::new());
    let all = std::iter::once(copy).chain(planner.kernels());
    all.map(|(name, wgsl, constants)| Source { name, wgsl, constants }).collect()
}

/// Compiles kernels in several threads.
pub(crate) fn compile(
    device: &Device,
    sources: &[Source],
    keeps_assembly: bool,
) -> Result<Vec<Kernel>, String> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(index) else { return Ok(()) };
            let kernel = one(device, source, keeps_assembly);
            let kernel = kernel.map_err(|error| format!("{}: {error}", source.name))?;
            done.lock().map_err(|_| "a thread has failed")?.push((index, kernel));
        }
    };
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut ends = started.into_iter().map(|thread| thread.join());
        ends.try_for_each(|end| end.unwrap_or(Err("a thread has failed".to_owned())))
    })?;
    let mut kernels = done.into_inner().map_err(|_| "a thread has failed")?;
    kernels.sort_by_key(|(index, _)| *index);
    Ok(kernels.into_iter().map(|(_, kernel)| kernel).collect())
}

fn one(device: &Device, source: &Source, keeps_assembly: bool) -> crate::Outcome<Kernel> {
    let shader = spirv::compile(&source.wgsl, &source.constants)?;
    let compiled = device.compile(&shader)?;
    Ok(Kernel {
        name: source.name.clone(),
        arrays: shader.arrays,
        statistics: statistics(&compiled)?,
        code: assembly::read(&compiled.assembly)?,
        // That of all kernels would take 200 MB.
        assembly: if keeps_assembly { compiled.assembly } else { String::new() },
    })
}

fn statistics(compiled: &Compiled) -> Result<Statistics, String> {
    let get = |name: &str| {
        let found = compiled.statistics.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = compiled.statistics.iter().map(|(name, _)| name.as_str()).collect();
            format!("this Mesa does not count {name:?}, but {names:?}: isa/src/kernel.rs needs the new name")
        })
    };
    Ok(Statistics {
        wave: compiled.wave,
        vgprs: get("VGPRs")?,
        sgprs: get("SGPRs")?,
        spills: get("Spilled VGPRs")? + get("Spilled SGPRs")?,
        scratch: get("Scratch size")?,
        instructions: get("Instructions")?,
        cycles: get("Inverse Throughput")?,
    })
}
