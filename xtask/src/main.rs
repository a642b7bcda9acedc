//! The repository's tasks: `cargo xtask`. No dependencies, so that it builds in a second.

mod browser;
mod compilers;
mod debian;
mod driver;
mod floors;
mod isa;
#[cfg(test)]
mod links;
mod npm;
mod pictures;
mod serve;
mod tint;
mod wasm;
mod web;

use std::env;
use std::process::{Command, ExitCode};

use driver::Driver;
use wasm::Toolchain;

const USAGE: &str = "\
usage: cargo xtask <task> [--driver lavapipe|swiftshader|gl] [arguments passed on]

  demo        a dense layer over handwritten digits, its activation and gradient on the GPU;
              passed on: an .npy file, --activation NAME, --units N, --seed N
  test        all tests; passed on to cargo test
  accuracy    the errors of every activation over the range of f32; passed on: activations, --stride N,
              --outputs FOLDER for somebody else's results
  exhaustive  ReLU over all 2^32 inputs against NumPy's results, bit for bit
  compilers   every activation by clang with fast math and other flags: the same bits by each? Installs clang on
              Linux; CXX names another one; passed on: activations, --stride N, --update and others, see
              compilers --help
  isa         every kernel by AMD's compiler, without a card: registers, scratch memory, widths of accesses, estimated
              cycles; installs Mesa's RADV on Linux; --family navi21|gfx1100; passed on: --write for
              benches/results/, or words of a name for the assembly
  floors      whether a file of the library uses one of a higher floor, or files use each other in a circle
  wgsl        the names of the WGSL modules that GPUs run, or one module: wgsl gelu gradient f16 one; passed on:
              words of a name, --update
  activations writes docs/ACTIVATIONS.md and its plots from the table of activations
  tint        every shader through Tint, the compiler of Chromium; needs node and npm
  web         the page that draws activations in a browser, built into target/web; --serve shows it on
              localhost
  test-web    the crate in the WebGPU of a headless Chromium, which it installs on Linux, and the page there;
              needs node and npm; passed on: activations, without the page; --picture FILE keeps a screenshot
  renderer    a window with a neural field, whose every frame uses the crate; passed on:
              --activation NAME, --mode fused, --offscreen FILE.png and others, see renderer --help
  egui        a window of egui with an activation's curve, on egui's device; needs Rust 1.95; passed on:
              --activation NAME, --screenshot FILE.png
  test-egui   its tests; passed on to cargo test
  pictures    the pictures in README and guide, by the programs that they show; needs what test-egui and
              test-web need
  bench       the benchmarks, the plain copy beside them; writes benches/results/, unless a part
              of it is named; passed on to criterion
  peers       Burn, naive kernels and plain copies beside the library in one run; the first build takes
              some minutes; passed on: see peers --help

Each runs on the adapter wgpu finds best, or the one WGPU_BACKEND and WGPU_ADAPTER_NAME name. On Linux,
where there is none, a software Vulkan driver is installed first. --driver picks a software driver, and
installs that, for all but web and test-web; activations, compilers, floors, isa, wgsl and tint need
none. For a browser, the installed Rust needs the target wasm32-unknown-unknown, which rustup is
asked for; where it has none, Debian's Rust builds, and always with --rust debian.";

type Outcome = Result<(), String>;

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task; its exit code. What went wrong in it, it has told itself.
fn run(mut arguments: Vec<String>) -> Result<ExitCode, String> {
    if arguments.is_empty() {
        return Err(format!("no task given\n\n{USAGE}"));
    }
    let task = arguments.remove(0);
    let command: &[&str] = match task.as_str() {
        "demo" => &["run", "--quiet", "--example", "quickstart", "--"],
        "test" => &["test", "--workspace"],
        "accuracy" => &["run", "--release", "--example", "accuracy", "--"],
        "exhaustive" => &["run", "--release", "--example", "exhaustive", "--"],
        "bench" => &["bench", "--bench", "operators", "--"],
        "peers" => &["run", "--release", "--"],
        "renderer" => &["run", "--release", "--example", "renderer", "--"],
        "egui" => &["run", "--target-dir", TARGET, "--"],
        "test-egui" => &["test", "--target-dir", TARGET],
        "compilers" => return exit_code(compilers::command(&arguments)?),
        "isa" => {
            let family = take_option(&mut arguments, "--family")?;
            return exit_code(isa::command(family, &arguments)?);
        }
        "floors" => return floors::check().map(|()| ExitCode::SUCCESS),
        "wgsl" => {
            let mut cargo = cargo(&["run", "--quiet", "--example", "wgsl", "--"]);
            cargo.args(&arguments);
            return exit_code(cargo);
        }
        "activations" if arguments.is_empty() => {
            return exit_code(cargo(&["run", "--quiet", "--example", "activations"]));
        }
        "activations" => return Err(format!("activations takes no arguments\n\n{USAGE}")),
        "tint" => return tint::run().map(|()| ExitCode::SUCCESS),
        "pictures" => return pictures::make(),
        "web" | "test-web" => return in_browser(&task, arguments),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        _ => return Err(format!("there is no task {task:?}\n\n{USAGE}")),
    };
    let driver = take_option(&mut arguments, "--driver")?;
    // As cargo has it: what follows is for the program.
    if arguments.first().is_some_and(|argument| argument == "--") && !task.starts_with("test") {
        arguments.remove(0);
    }
    if task == "exhaustive" && !arguments.is_empty() {
        return Err(format!("exhaustive takes no arguments\n\n{USAGE}"));
    }
    let environment = match driver {
        Some(name) => Driver::from_name(&name)?.provide()?,
        None => driver::any()?,
    };
    let mut cargo = match task.as_str() {
        "peers" => cargo_on(PEERS, command),
        "egui" | "test-egui" => cargo_on(EGUI, command),
        _ => cargo(command),
    };
    cargo.args(&arguments).envs(environment);
    // A part of the benchmarks shall not replace the record of all.
    if task == "bench" && arguments.is_empty() {
        cargo.env("BENCH_RESULTS", concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/results"));
    }
    exit_code(cargo)
}

/// Builds for a browser, and shows or tests it there.
fn in_browser(task: &str, mut arguments: Vec<String>) -> Result<ExitCode, String> {
    let rust = take_option(&mut arguments, "--rust")?;
    let toolchain = Toolchain::provide(rust.as_deref())?;
    if task == "test-web" {
        return exit_code(browser::command(&toolchain, &arguments)?);
    }
    let serves = arguments.iter().position(|argument| argument == "--serve");
    serves.map(|at| arguments.remove(at));
    if let Some(other) = arguments.first() {
        return Err(format!("web takes no {other:?}\n\n{USAGE}"));
    }
    web::build(&toolchain)?;
    let measured = web::measure();
    if serves.is_none() {
        println!("target/web has the page; `cargo xtask web --serve` shows it");
        return measured.map(|()| ExitCode::SUCCESS);
    }
    // Another Rust may make it larger; it can be seen all the same.
    if let Err(error) = measured {
        eprintln!("xtask: {error}");
    }
    serve::serve(&web::folder()).map(|()| ExitCode::SUCCESS)
}

/// Runs a command that tells by itself what went wrong in it.
fn exit_code(mut command: Command) -> Result<ExitCode, String> {
    let status = command.status().map_err(|error| format!("{error}: {command:?}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Takes `name value` or `name=value` out of what is passed on.
fn take_option(arguments: &mut Vec<String>, name: &str) -> Result<Option<String>, String> {
    let prefix = format!("{name}=");
    let Some(at) = arguments.iter().position(|a| a == name || a.starts_with(&prefix)) else {
        return Ok(None);
    };
    let option = arguments.remove(at);
    if let Some(value) = option.strip_prefix(&prefix) {
        return Ok(Some(value.to_owned()));
    }
    if at == arguments.len() {
        return Err(format!("{name} needs a value"));
    }
    Ok(Some(arguments.remove(at)))
}

/// A workspace of its own, since Burn brings hundreds of crates.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers/Cargo.toml");

/// A workspace of its own, since egui wants a newer Rust. What it has in common with the other is built once.
const EGUI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/egui/Cargo.toml");
const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target");

/// Cargo on this repository, from wherever it is called, so that paths given mean what they say.
fn cargo(arguments: &[&str]) -> Command {
    cargo_on(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"), arguments)
}

fn cargo_on(manifest: &str, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(&arguments[..1]);
    cargo.args(["--manifest-path", manifest]);
    cargo.args(&arguments[1..]);
    cargo
}

/// Runs a command; that it failed is told with the command.
fn check(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{status}: {command:?}")),
        Err(error) => Err(format!("{error}: {command:?}")),
    }
}
