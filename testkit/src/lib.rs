//! Code to try wgpu-relu and to judge its results, for several programs: the tests on a device and in a browser, the
//! benchmarks, the command-line tool, the examples.

// Its files are on the disk.
#[cfg(not(target_arch = "wasm32"))]
pub mod activations;
#[cfg(feature = "bench")]
pub mod bench;
pub mod checksums;
pub mod compare;
#[cfg(feature = "devices")]
pub mod devices;
// A browser has no blocking download.
#[cfg(not(target_arch = "wasm32"))]
pub mod examine;
#[cfg(not(target_arch = "wasm32"))]
pub mod exhaustive;
pub mod inputs;
#[cfg(not(target_arch = "wasm32"))]
pub mod launcher;
pub mod layout;
// Browsers have no /proc.
#[cfg(not(target_arch = "wasm32"))]
pub mod memory;
// Its files are on a disk.
#[cfg(not(target_arch = "wasm32"))]
pub mod modules;
pub mod names;
#[cfg(feature = "bench")]
pub mod stopwatch;
pub mod stored;

/// The folder of the repository, for files that are read when a program runs: the one that `WGPU_RELU_REPOSITORY` names,
/// else the one that the program was built in. A program that was carried to another machine needs the former.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn repository() -> std::path::PathBuf {
    match std::env::var_os("WGPU_RELU_REPOSITORY") {
        Some(folder) => folder.into(),
        None => concat!(env!("CARGO_MANIFEST_DIR"), "/..").into(),
    }
}
