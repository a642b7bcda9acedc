//! A folder that checks and measures the crate on a machine with a GPU and without Rust: target/kit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::driver::find_program;
use crate::{Outcome, PEERS, cargo, cargo_on, check};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/kit");

/// So that it can be carried where time and space are short.
const MOST_BYTES: u64 = 60 << 20;

/// That of Debian 12; a symbol of a newer one would not be found on older machines.
const NEWEST_GLIBC: (u32, u32) = (2, 36);

/// A program: its name in the kit, and its source, by which it is found among what cargo builds.
const PROGRAMS: &[(&str, &str)] = &[
    ("kit", "kit/src/main.rs"),
    ("wgpu-relu", "cli/src/main.rs"),
    ("tests", "tests/it/main.rs"),
    ("allocations", "tests/allocations.rs"),
    ("operators", "benches/operators/main.rs"),
    ("fused", "benches/fused/main.rs"),
    ("transfers", "benches/transfers/main.rs"),
    ("textures", "benches/textures/main.rs"),
    ("accuracy", "examples/accuracy/main.rs"),
    ("exhaustive", "examples/exhaustive/main.rs"),
    ("cold_start", "examples/cold_start/main.rs"),
    ("renderer", "examples/renderer/src/main.rs"),
];

/// Burn's workspace has its own.
const PEER: (&str, &str) = ("peers", "peers/src/main.rs");

const PACKAGES: &[&str] = &["wgpu-relu", "wgpu-relu-cli", "wgpu-relu-renderer", "kit"];

/// In the order of [`PROGRAMS`].
const TARGETS: &[&str] = &[
    "--bin=kit",
    "--bin=wgpu-relu",
    "--test=it",
    "--test=allocations",
    "--bench=operators",
    "--bench=fused",
    "--bench=transfers",
    "--bench=textures",
    "--example=accuracy",
    "--example=exhaustive",
    "--example=cold_start",
    "--example=renderer",
];

/// What the tests read when they run.
const FILES: &[&str] = &[
    "README.md",
    "docs/ACTIVATIONS.md",
    "docs/pictures/activations",
    "tests/data/activations.tsv",
    "tests/data/wgsl",
];

/// What leaves Burn out.
const WITHOUT_PEERS: &str = "--without-peers";

/// Builds everything, and makes target/kit of it.
pub(crate) fn make(arguments: &[String]) -> Outcome {
    let with_peers = match arguments {
        [] => true,
        [argument] if argument == WITHOUT_PEERS => false,
        [other, ..] => {
            return Err(format!("kit takes {WITHOUT_PEERS} and nothing else, not {other:?}"));
        }
    };
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("the kit is for x86-64 Linux and must be built there".to_owned());
    }
    for (program, what) in
        [("strip", "binutils"), ("objdump", "binutils"), ("tar", "tar"), ("gzip", "gzip")]
    {
        if find_program(program).is_none() {
            return Err(format!("there is no {program}, which the kit needs; install {what}"));
        }
    }
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    let mut build = cargo(&["build", "--release"]);
    build.args(packages).args(TARGETS);
    let mut programs = built(build, PROGRAMS)?;
    if with_peers {
        programs.extend(built(cargo_on(PEERS, &["build", "--release"]), &[PEER])?);
    }

    let folder = Path::new(FOLDER);
    let content = folder.join("content");
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| told(folder, &error))?;
    }
    let bin = content.join("bin");
    create(&bin)?;
    for (name, executable) in programs {
        let place = bin.join(name);
        copy(&executable, &place)?;
        check(Command::new("strip").arg(&place))?;
        let newest = newest_glibc(&place)?;
        if newest > Some(NEWEST_GLIBC) {
            let (major, minor) = newest.unwrap_or_default();
            return Err(format!(
                "{name} needs glibc {major}.{minor}, and the kit is for {}.{} and newer; build it on an older system, such as \
                 Debian 12",
                NEWEST_GLIBC.0, NEWEST_GLIBC.1
            ));
        }
    }
    for file in FILES {
        copy_all(&Path::new(ROOT).join(file), &content.join("repository").join(file))?;
    }
    write(&content.join("version.txt"), &version())?;
    let unpacked = size(&content)?;
    // Two thirds smaller. gzip is on every Linux.
    let archive = folder.join("kit.tar.gz");
    let mut tar = Command::new("tar");
    tar.args(["--owner=0", "--group=0", "--use-compress-program=gzip -9", "-cf"]).arg(&archive);
    check(tar.arg("-C").arg(&content).args(["bin", "repository", "version.txt"]))?;
    fs::remove_dir_all(&content).map_err(|error| told(&content, &error))?;
    copy(&Path::new(ROOT).join("kit/run.sh"), &folder.join("run.sh"))?;

    let bytes = size(folder)?;
    println!("target/kit has {}, unpacked {}; copy it and start run.sh", mib(bytes), mib(unpacked));
    if bytes > MOST_BYTES {
        return Err(format!("the kit has {}, and may have {}", mib(bytes), mib(MOST_BYTES)));
    }
    Ok(())
}

/// Runs a build; the executables of the programs.
fn built(
    mut build: Command,
    programs: &[(&'static str, &str)],
) -> Result<Vec<(&'static str, PathBuf)>, String> {
    build.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = build.output().map_err(|error| format!("{error}: {build:?}"))?;
    if !output.status.success() {
        return Err(format!("{}: {build:?}", output.status));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let root = fs::canonicalize(ROOT).map_err(|error| told(Path::new(ROOT), &error))?;
    let find = |&(name, source): &(&'static str, &str)| {
        let executable = executable(&messages, &root.join(source));
        let executable = executable.ok_or_else(|| format!("cargo built nothing of {source}"))?;
        Ok((name, executable))
    };
    programs.iter().map(find).collect()
}

/// The executable that cargo's messages have for a source.
fn executable(messages: &str, source: &Path) -> Option<PathBuf> {
    let source = format!("\"src_path\":\"{}\"", source.display());
    let of_source = messages.lines().filter(|line| line.contains(&source));
    let mut executables =
        of_source.filter_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next());
    executables.next_back().map(PathBuf::from)
}

/// The newest version of glibc whose symbols a program needs.
fn newest_glibc(program: &Path) -> Result<Option<(u32, u32)>, String> {
    let mut objdump = Command::new("objdump");
    objdump.arg("-T").arg(program);
    let output = objdump.output().map_err(|error| format!("{error}: {objdump:?}"))?;
    if !output.status.success() {
        return Err(format!("{}: {objdump:?}", output.status));
    }
    Ok(newest_version(&String::from_utf8_lossy(&output.stdout)))
}

/// The newest of the versions that objdump lists.
fn newest_version(symbols: &str) -> Option<(u32, u32)> {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let number = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = number.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    versions.max()
}

/// The commit, if this is a checkout.
fn version() -> String {
    let mut git = Command::new("git");
    git.args(["-C", ROOT, "describe", "--always", "--dirty", "--abbrev=10"]).stderr(Stdio::null());
    let output = git.output().ok().filter(|output| output.status.success());
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn copy_all(from: &Path, to: &Path) -> Outcome {
    if !from.is_dir() {
        return copy(from, to);
    }
    for entry in fs::read_dir(from).map_err(|error| told(from, &error))? {
        let name = entry.map_err(|error| told(from, &error))?.file_name();
        copy_all(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    create(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(|_| ()).map_err(|error| told(from, &error))
}

fn create(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| told(folder, &error))
}

fn write(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|error| told(file, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Bytes of all files.
fn size(folder: &Path) -> Result<u64, String> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).map_err(|error| told(folder, &error))? {
        let path = entry.map_err(|error| told(folder, &error))?.path();
        let data = fs::metadata(&path).map_err(|error| told(&path, &error))?;
        bytes += if data.is_dir() { size(&path)? } else { data.len() };
    }
    Ok(bytes)
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_found() {
        let symbols =
            "0 DF *UND* 0 (GLIBC_2.2.5) free\n0 DF *UND* 0 (GLIBC_2.34) dlsym\n0 (GLIBC_2.9) x";
        assert_eq!(newest_version(symbols), Some((2, 34)));
        assert_eq!(newest_version("0 DF *UND* 0 (GCC_3.0) _Unwind"), None);
        assert!(newest_version("(GLIBC_2.38) strtol") > Some(NEWEST_GLIBC));
    }

    #[test]
    fn executables_are_found_by_their_sources() {
        let line = |source: &str, executable: &str| {
            format!(
                "{{\"target\":{{\"name\":\"it\",\"src_path\":\"{source}\"}},\"executable\":{executable}}}\n"
            )
        };
        let messages = line("/r/cli/tests/it/main.rs", "\"/t/it-1\"")
            + &line("/r/tests/it/main.rs", "\"/t/it-2\"")
            + &line("/r/src/lib.rs", "null");
        let find = |source| executable(&messages, Path::new(source));
        assert_eq!(find("/r/tests/it/main.rs"), Some(PathBuf::from("/t/it-2")));
        assert_eq!(find("/r/src/lib.rs"), None);
    }

    #[test]
    fn arguments_are_refused_before_anything_is_built() {
        let error = make(&["--without-pears".to_owned()]).expect_err("it is no argument");
        assert!(error.contains("--without-peers") && error.contains("--without-pears"), "{error}");
    }

    #[test]
    fn every_program_has_a_source_and_the_tests_their_files() {
        let sources = PROGRAMS.iter().chain([&PEER]).map(|(_, source)| source);
        for path in sources.chain(FILES).chain([&"kit/run.sh"]) {
            assert!(Path::new(ROOT).join(path).exists(), "{path}");
        }
        assert_eq!(PROGRAMS.len(), TARGETS.len());
    }
}
