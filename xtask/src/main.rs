//! The repository's tasks: `cargo xtask`. No dependencies, so that it builds in a second.

mod browser;
mod compilers;
mod contributing;
mod debian;
mod driver;
mod explorer;
mod floors;
mod isa;
mod kit;
#[cfg(test)]
mod links;
mod mutants;
mod names;
mod nightly;
mod npm;
mod pictures;
mod release;
#[cfg(test)]
mod reliability;
mod serve;
mod tint;
mod validation;
mod wasm;
mod web;

use std::env;
use std::process::{Command, ExitCode, Stdio};

use driver::Driver;
use wasm::Toolchain;

const USAGE: &str = "\
usage: cargo xtask <task> [--driver lavapipe|swiftshader|gl] [arguments of the task]

  demo        Run a dense layer over handwritten digits, with its activation and gradient on the GPU.
              Arguments: an .npy file, --activation NAME, --units N, --seed N
  test        Run all tests. --validation loads Vulkan's validation layer, from a Debian package, and fails at
              its first message. Arguments: those of cargo test
  accuracy    Print the errors of every activation over the range of f32.
              Arguments: activations, --stride N, --outputs FOLDER for the results of another library
  exhaustive  Compare ReLU on all 2^32 inputs with NumPy's results, bit for bit.
  soak        Make random calls and faults from several threads for a time, and check values, memory and wgpu's
              counters. Arguments: minutes, --seed N, --threads N, --step THREAD.NUMBER of a failure
  compilers   Compile every activation by clang with fast math and other flags, and compare the bits.
              Installs clang on Linux; CXX names another clang.
              Arguments: activations, --stride N, --update and others, see compilers --help
  isa         Compile every kernel by AMD's compiler, without a card, and check registers, scratch memory,
              widths of accesses and estimated cycles. Installs Mesa's RADV on Linux.
              Arguments: --family navi21|gfx1100, --write for benches/results/, words of a name for its
              assembly
  fuzz        Run the tests any_... with many random inputs, and sequences of six random calls on wgpu's noop
              backend, a hundredth as many. Arguments: inputs per test, else 100,000
  floors      Check that no file of the library uses a file of a higher floor, and that there is no circle.
  wgsl        List the WGSL modules that GPUs run, or print one: wgsl gelu gradient f16 one.
              Arguments: words of a name, --update
  regenerate  Write every file that follows from the table of activations or a shader: activations, wgsl
              --update and compilers --update. Arguments: activations, whose checksums alone are made anew
  activations Write every text that lists the activations: docs/ACTIVATIONS.md and its plots, the table in
              README.md, tests/data/activations.tsv.
  tint        Compile every shader by Tint, the compiler of Chromium. Needs node and npm.
  web         Build the page that draws activations in a browser, into target/web. --serve shows it on
              localhost.
  test-web    Test the crate and the page in headless Chromium, which is installed on Linux. Needs node
              and npm. Arguments: activations (then without the page), --picture FILE keeps a screenshot
  renderer    Open a window with a neural field that uses the crate in every frame.
              Arguments: --activation NAME, --mode fused, --offscreen FILE.png and others, see
              renderer --help
  explorer    Open a window to look at activations and at networks that learn. Needs Rust 1.95.
              Arguments: --view STATE, --screenshot FILE.png, --steps N, --size 1280x720, --frames N
              With --web it is a page, shown on localhost. --release makes it small, and fails if it is
              not. --out DIR only writes the files, for any web host.
  test-explorer
              Test that program without a screen. Arguments: those of cargo test
              With --web, the page in headless Chromium. Needs node and npm. Arguments: words of its checks
  test-burn   Test the package for Burn (integrations/burn), with and without fusion, with Burn's feature
              vulkan, on this machine and on servers that it starts. Other drivers than lavapipe go without
              vulkan. The first build takes many minutes. Needs Rust 1.95. Arguments: those of cargo test
  test-contributing
              Add the examples of CONTRIBUTING.md to a copy in target/contributing, and test them there.
  deny        Check licences, sources and duplicates of the dependencies by deny.toml, and advisories where
              their database can be fetched. Builds cargo-deny in target/tools.
  package     Make the package for crates.io. Check its files and its size, and build it.
  public-api  Compare the public API with tests/data/public_api.txt. Builds cargo-public-api in
              target/tools. Arguments: --update
  msrv        Build the library with the oldest Rust that Cargo.toml names. rustup fetches it.
  mutants     Break shaders and library on purpose, one mistake at a time, in a copy in target/mutants, and
              demand that the tests notice each. Arguments: words of mistakes or files
              With --rust, cargo-mutants changes the Rust of some files, and the tests need no adapter. Builds
              cargo-mutants in target/tools. Arguments: files
  sanitize    Run the library's tests with a sanitizer of nightly Rust, and fail at its first report.
              Arguments: address or thread, words in the names of tests
  miri        Run the library's tests that need no device under nightly Rust's miri.
              Arguments: words in the names of tests
  pictures    Make the pictures in README and guide, by the programs that they show. Needs node, npm and
              Rust 1.95.
  bench       Measure every activation beside a plain copy. Writes a table to benches/results/, unless the
              arguments name a part. Arguments: those of criterion
  peers       Measure Burn, naive kernels and plain copies beside the library in one run. The first build
              takes some minutes. Arguments: see peers --help
  kit         Make a folder, target/kit, that checks and measures a GPU on any x86-64 Linux without Rust and
              network. Its run.sh writes a page. The first build takes many minutes.
              Arguments: --without-peers leaves Burn out

A task takes the best adapter that wgpu finds, or the one that WGPU_BACKEND and WGPU_ADAPTER_NAME name.
If a Linux machine has none, a software Vulkan driver is installed first. --driver chooses a software
driver, and installs it. It has no effect on web, test-web and --web. activations, compilers, deny, floors,
isa, kit, miri, msrv, package, public-api, regenerate, tint and wgsl need no adapter. web and test-web need the
target wasm32-unknown-unknown of the installed Rust, which rustup adds. If rustup cannot, Debian's Rust builds;
with --rust debian it always does.";

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

/// Runs a task and returns its exit code. A task prints its own errors.
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
        "soak" => &["run", "--quiet", "--example", "soak", "--"],
        "bench" => &["bench", "--bench", "operators", "--"],
        "peers" => &["run", "--release", "--"],
        "renderer" => &["run", "--release", "--example", "renderer", "--"],
        "explorer" | "test-explorer" if take_flag(&mut arguments, "--web") => {
            return explorer::in_browser(&task, arguments);
        }
        "explorer" => &["run", "--target-dir", TARGET, "--"],
        "test-explorer" => &["test", "--target-dir", TARGET],
        "test-burn" => {
            let driver = take_option(&mut arguments, "--driver")?;
            return test_burn(&arguments, driver.as_deref()).map(|()| ExitCode::SUCCESS);
        }
        "compilers" => return exit_code(compilers::command(&arguments)?),
        "isa" => {
            let family = take_option(&mut arguments, "--family")?;
            return exit_code(isa::command(family, &arguments)?);
        }
        "fuzz" => return fuzz(&arguments),
        "floors" => return floors::check().map(|()| ExitCode::SUCCESS),
        "wgsl" => {
            let mut cargo = cargo(&["run", "--quiet", "--example", "wgsl", "--"]);
            cargo.args(&arguments);
            return exit_code(cargo);
        }
        "regenerate" => return regenerate(&arguments),
        "deny" => return release::deny().map(|()| ExitCode::SUCCESS),
        "package" => return release::package().map(|()| ExitCode::SUCCESS),
        "public-api" => return release::public_api(&arguments).map(|()| ExitCode::SUCCESS),
        "msrv" => return release::msrv().map(|()| ExitCode::SUCCESS),
        "mutants" if take_flag(&mut arguments, "--rust") => {
            return mutants::without_device(&arguments).map(|()| ExitCode::SUCCESS);
        }
        "mutants" => {
            return mutants::check(&arguments, &driver::any()?).map(|()| ExitCode::SUCCESS);
        }
        "sanitize" => {
            let driver = take_option(&mut arguments, "--driver")?;
            let environment = environment(driver.as_deref())?;
            return nightly::sanitize(&arguments, &environment).map(|()| ExitCode::SUCCESS);
        }
        "miri" => return nightly::miri(&arguments).map(|()| ExitCode::SUCCESS),
        "test-contributing" => return contributing::test(driver::any()?),
        "activations" if arguments.is_empty() => {
            return exit_code(cargo(&["run", "--quiet", "--example", "activations"]));
        }
        "activations" => return Err(format!("activations takes no arguments\n\n{USAGE}")),
        "tint" => return tint::run().map(|()| ExitCode::SUCCESS),
        "pictures" => return pictures::make(),
        "kit" => return kit::make(&arguments).map(|()| ExitCode::SUCCESS),
        "web" | "test-web" => return in_browser(&task, arguments),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        _ => return Err(format!("there is no task {task:?}\n\n{USAGE}")),
    };
    let driver = take_option(&mut arguments, "--driver")?;
    let mut environment = environment(driver.as_deref())?;
    let validates = task == "test" && take_flag(&mut arguments, "--validation");
    // As in cargo, arguments after `--` are for the program.
    if arguments.first().is_some_and(|argument| argument == "--") && !task.starts_with("test") {
        arguments.remove(0);
    }
    if task == "exhaustive" && !arguments.is_empty() {
        return Err(format!("exhaustive takes no arguments\n\n{USAGE}"));
    }
    let mut cargo = match task.as_str() {
        "peers" => cargo_on(PEERS, command),
        "explorer" | "test-explorer" => cargo_on(EXPLORER, command),
        _ => cargo(command),
    };
    if validates {
        environment.extend(validation::environment()?);
        validation::check_loaded(&environment)?;
        cargo.args(&arguments).envs(environment);
        return validation::run(cargo).map(|()| ExitCode::SUCCESS);
    }
    cargo.args(&arguments).envs(environment);
    if task == "soak" {
        // Of several arenas, glibc keeps memory that no call holds. The growth over the rounds would then tell nothing.
        cargo.env("MALLOC_ARENA_MAX", "1");
    }
    // A part of the benchmarks must not replace the record of all.
    if task == "bench" && arguments.is_empty() {
        cargo.env("BENCH_RESULTS", concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/results"));
    }
    exit_code(cargo)
}

/// Tests the package for Burn with each set of features.
fn test_burn(arguments: &[String], driver: Option<&str>) -> Outcome {
    let environment = environment(driver)?;
    // Burn's SPIR-V makes SwiftShader abort, and other APIs than Vulkan ignore the feature.
    let spirv = !cfg!(target_os = "macos") && driver.is_none_or(|name| name == "lavapipe");
    let run = |task: &[&str], arguments: &[String]| {
        let environment = environment.iter().map(|(name, value)| (name, value));
        check(cargo_on(BURN, task).args(arguments).envs(environment))
    };
    run(&["test", "--no-default-features", "--features", "remote"], arguments)?;
    if spirv {
        // The tests start the example. The documentation's examples open no device, so they have no route here.
        run(&["build", "--features", "remote,vulkan", "--example", "train_remote"], &[])?;
        run(&["test", "--features", "remote,vulkan", "--lib", "--test", "it"], arguments)?;
    }
    run(&["test", "--features", "remote"], arguments)
}

/// The variables for a driver by its name, or for any.
fn environment(driver: Option<&str>) -> Result<driver::Environment, String> {
    match driver {
        Some(name) => Driver::from_name(name)?.provide(),
        None => driver::any(),
    }
}

/// Runs the tests with inputs of bolero. A failure prints the seed of its input.
fn fuzz(arguments: &[String]) -> Result<ExitCode, String> {
    let inputs = match arguments {
        [] => Ok(100_000),
        [number] => number.parse::<u64>().map_err(|error| format!("{number:?}: {error}")),
        _ => Err(format!("fuzz takes one number\n\n{USAGE}")),
    }?;
    let environment = driver::any()?;
    for (tests, filter, inputs) in [
        (["test", "--package", "wgpu-relu", "--lib"].as_slice(), "::any_", inputs),
        (&["test", "--package", "wgpu-relu-cli", "--bin", "wgpu-relu"], "::any_", inputs),
        (&["test", "--package", "wgpu-relu", "--test", "it"], "noop::", inputs.div_ceil(100)),
    ] {
        check_words(cargo(tests), &[filter.to_owned()])?;
        let mut cargo = cargo(tests);
        cargo.args(["--", "--nocapture", filter]).envs(environment.clone());
        check(cargo.env("BOLERO_RANDOM_ITERATIONS", inputs.to_string()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Every file that follows from the table of activations and from the shaders.
fn regenerate(activations: &[String]) -> Result<ExitCode, String> {
    check(&mut cargo(&["run", "--quiet", "--example", "activations"]))?;
    check(&mut cargo(&["run", "--quiet", "--example", "wgsl", "--", "--update"]))?;
    let update = std::iter::once("--update".to_owned()).chain(activations.iter().cloned());
    exit_code(compilers::command(&update.collect::<Vec<_>>())?)
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
    // Another Rust may make the page larger. It can be shown all the same.
    if let Err(error) = measured {
        eprintln!("xtask: {error}");
    }
    serve::serve(&web::folder()).map(|()| ExitCode::SUCCESS)
}

/// Runs a command that prints its own errors, and returns its exit code.
fn exit_code(mut command: Command) -> Result<ExitCode, String> {
    let status = command.status().map_err(|error| format!("{error}: {command:?}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Removes a word from the arguments that are passed on, and says whether it was there.
fn take_flag(arguments: &mut Vec<String>, name: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < before
}

/// Removes `name value` or `name=value` from the arguments that are passed on, and returns the value.
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

/// peers has a workspace of its own, because Burn brings hundreds of crates.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers/Cargo.toml");

/// The package for Burn has one for the same reason.
const BURN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../integrations/burn/Cargo.toml");

/// The explorer has a workspace of its own, because egui needs a newer Rust. Both workspaces share the target folder, so common
/// crates are built once.
const EXPLORER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../explorer/Cargo.toml");
const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target");

/// cargo on this repository, in the folder of the caller, so that relative paths of the caller hold.
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

/// Checks that each word is in the name of a test that the command runs. A test program succeeds as well where none has it.
fn check_words(mut tests: Command, words: &[String]) -> Outcome {
    tests.args(["--", "--list"]).stderr(Stdio::inherit());
    let output = tests.output().map_err(|error| format!("{error}: {tests:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let is_in_none = |word: &&String| !names.iter().any(|name| name.contains(word.as_str()));
    match words.iter().find(is_in_none) {
        _ if !output.status.success() => Err(format!("{}: {tests:?}", output.status)),
        Some(word) => Err(format!("no test has {word:?} in its name: {tests:?}")),
        None => Ok(()),
    }
}

/// Runs a command. The error for a failure names the command.
fn check(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{status}: {command:?}")),
        Err(error) => Err(format!("{error}: {command:?}")),
    }
}
