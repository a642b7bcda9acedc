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
pub mod exhaustive;
pub mod inputs;
#[cfg(not(target_arch = "wasm32"))]
pub mod launcher;
pub mod layout;
// Its files are on a disk.
#[cfg(not(target_arch = "wasm32"))]
pub mod modules;
pub mod stored;
