//! The builds: compiler flags, choices among the results that WGSL allows, and the modes of each.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::modules::Module;
use crate::{Outcome, in_threads};

const SHIM: &str = include_str!("metal_shim.hpp");
const HARNESS: &str = include_str!("harness.cpp");

/// One executable.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) name: &'static str,
    /// The column of the table.
    pub(crate) column: &'static str,
    pub(crate) flags: &'static [&'static str],
    /// Whether it also runs with subnormal numbers flushed.
    pub(crate) flushed: bool,
}

const STRICT: &[&str] = &["-ffp-contract=off"];
const CONTRACTED: &[&str] = &["-ffp-contract=fast"];
const REASSOCIATED: &[&str] = &[
    "-ffp-contract=fast",
    "-fassociative-math",
    "-freciprocal-math",
    "-fno-signed-zeros",
    "-fno-trapping-math",
];
const FAST: &[&str] = &["-ffast-math", "-ffp-contract=fast"];
const FAST_WITH_NAN: &[&str] = &["-ffast-math", "-fno-finite-math-only", "-ffp-contract=fast"];
const SECOND_OPERAND: &[&str] = &["-ffp-contract=off", "-DSHIM_MINIMUM=1"];
const FIRST_OPERAND: &[&str] = &["-ffp-contract=off", "-DSHIM_MINIMUM=2"];

macro_rules! build {
    ($name:literal, $column:literal, $flags:expr, $flushed:literal) => {
        Build { name: $name, column: $column, flags: $flags, flushed: $flushed }
    };
}

/// All others are compared with the first.
pub(crate) const BUILDS: &[Build] = &[
    build!("strict", "strict", STRICT, true),
    build!("contraction", "contraction", CONTRACTED, true),
    build!("reassociation", "reassociation", REASSOCIATED, true),
    build!("fast math", "fast math", FAST, true),
    build!("fast math with NaN", "fast math with NaN", FAST_WITH_NAN, true),
    build!("division up", "division", &["-ffp-contract=off", "-DSHIM_DIVISION=1"], false),
    build!("division down", "division", &["-ffp-contract=off", "-DSHIM_DIVISION=2"], false),
    build!("division by hash", "division", &["-ffp-contract=off", "-DSHIM_DIVISION=3"], false),
    build!("fast math, division up", "division", &["-ffast-math", "-DSHIM_DIVISION=1"], false),
    build!("fast math, division down", "division", &["-ffast-math", "-DSHIM_DIVISION=2"], false),
    build!("fast math, division by hash", "division", &["-ffast-math", "-DSHIM_DIVISION=3"], false),
    build!("min and max by the second operand", "min and max", SECOND_OPERAND, false),
    build!("min and max by the first operand", "min and max", FIRST_OPERAND, false),
];

/// A process to run: an executable, and whether subnormal numbers are flushed.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) build: &'static Build,
    pub(crate) flushes: bool,
    pub(crate) executable: PathBuf,
}

impl Variant {
    pub(crate) fn column(&self) -> &'static str {
        if self.flushes { "flushed" } else { self.build.column }
    }

    pub(crate) fn reassociates(&self) -> bool {
        self.has("-ffast-math") || self.has("-fassociative-math")
    }

    pub(crate) fn contracts(&self) -> bool {
        self.has("-ffast-math") || self.has("-ffp-contract=fast")
    }

    pub(crate) fn ignores_nan(&self) -> bool {
        self.has("-ffast-math") && !self.has("-fno-finite-math-only")
    }

    pub(crate) fn divides_roughly(&self) -> bool {
        self.build.column == "division"
    }

    pub(crate) fn chooses_the_other_zero(&self) -> bool {
        self.build.column == "min and max"
    }

    fn has(&self, flag: &str) -> bool {
        self.build.flags.contains(&flag)
    }

    /// Its name in messages.
    pub(crate) fn describe(&self) -> String {
        let flushes = if self.flushes { ", subnormals flushed" } else { "" };
        format!("{}{flushes} ({})", self.build.name, self.build.flags.join(" "))
    }
}

/// Compiles every build; the strict one without flushing comes first.
pub(crate) fn all(
    compiler: &str,
    folder: &Path,
    modules: &[Module],
    threads: usize,
) -> Outcome<Vec<Variant>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("metal_shim.hpp"), SHIM)?;
    fs::write(folder.join("harness.cpp"), HARNESS)?;
    let source = folder.join("activations.cpp");
    fs::write(&source, program(modules))?;
    let next = AtomicUsize::new(0);
    let compile = || -> Result<(), String> {
        while let Some(build) = BUILDS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut command = Command::new(compiler);
            command.args(["-std=c++17", "-O3"]).args(for_processor()).args(build.flags);
            // A GPU's compiler inlines all calls.
            command.args(["-mllvm", "-inline-threshold=100000"]);
            command.arg("-o").arg(executable(folder, build)).arg(&source);
            let status = command.status().map_err(|error| format!("{compiler}: {error}"))?;
            if !status.success() {
                return Err(format!("{status}: {command:?}"));
            }
        }
        Ok(())
    };
    in_threads(threads, &compile)?;
    let variants = BUILDS.iter().flat_map(|build| {
        let both = if build.flushed { &[false, true][..] } else { &[false] };
        both.iter().map(|&flushes| Variant {
            build,
            flushes,
            executable: executable(folder, build),
        })
    });
    Ok(variants.collect())
}

fn executable(folder: &Path, build: &Build) -> PathBuf {
    folder.join(build.name.replace([' ', ','], "_") + EXE_SUFFIX)
}

/// The processor's extensions. Without fused multiply-add, compilers could not contract.
fn for_processor() -> &'static [&'static str] {
    #[cfg(target_arch = "x86_64")]
    if has_fused_multiply_add() {
        return &["-mavx2", "-mfma"];
    }
    &[]
}

/// Whether contraction changes anything here.
pub(crate) fn has_fused_multiply_add() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return true;
}

/// The harness with all modules, each in a namespace of its own.
fn program(modules: &[Module]) -> String {
    let mut text = "#include \"metal_shim.hpp\"\n".to_owned();
    for (index, module) in modules.iter().enumerate() {
        text += &format!("namespace module_{index} {{ namespace {{\n{}\n}} }}\n", module.cpp);
    }
    text += "typedef void (*Probe)(const metal::uint4 *x, const metal::uint4 *dy, metal::float4 p, metal::uint4 *y, \
             size_t count);\n\
             #define PROBE(name, ...) [](const metal::uint4 *x, const metal::uint4 *dy, metal::float4 p, \
             metal::uint4 *y, size_t count) { for (size_t i = 0; i < count; i++) y[i] = name(__VA_ARGS__); },\n\
             static const Probe PROBES[] = {\n";
    for index in 0..modules.len() {
        text += &format!("PROBE(module_{index}::probe_value, x[i], dy[i], p)\n");
        text += &format!("PROBE(module_{index}::probe_gradient, x[i], dy[i], p)\n");
    }
    text + "};\n#include \"harness.cpp\"\n"
}
