//! The WGSL modules that GPUs run, for readers: some as files, all as checksums.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use wgpu_relu::wgsl;

/// The modules in tests/data/wgsl. They show each width, element type, addressing and kernel once.
pub const SHOWN: [&str; 17] = [
    "relu forward f32 four",
    "relu forward f32 one",
    "relu forward f32 eight64",
    "gelu gate gradient f32 four",
    "elu gradient f16 one",
    "relu gradient bf16 eight",
    "relu forward unaligned f16 eight",
    "relu forward f32-f16 eight64",
    "relu forward residual rows f32 four",
    "relu gradient bias strided f32 one",
    "relu forward bias per channel, consecutive f32 four",
    "relu6 forward with mask residual f32 four",
    "relu gradient from mask f16 eight",
    "silu gate f32 four",
    "rrelu gradient random slopes f32 four",
    "sum slopes f16 f16 four",
    "statistics layer tanh four",
];

/// Every module and its name.
#[must_use]
pub fn all() -> Vec<(String, String)> {
    wgsl::kernels().into_iter().chain(wgsl::wide_kernels()).collect()
}

/// The files of tests/data/wgsl, as they should be: their names and contents.
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let modules = all();
    let shown = modules.iter().filter(|(name, _)| SHOWN.contains(&name.as_str()));
    let mut files: Vec<(String, String)> =
        shown.map(|(name, source)| (file_name(name), without_functions(source))).collect();
    files.push(("checksums.txt".to_owned(), checksums(&modules)));
    files
}

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub fn write() -> std::io::Result<()> {
    fs::create_dir_all(folder())?;
    for entry in fs::read_dir(folder())? {
        fs::remove_file(entry?.path())?;
    }
    files().iter().try_for_each(|(name, text)| fs::write(folder().join(name), text))
}

/// Which files differ from the checked-in ones.
#[must_use]
pub fn differing() -> Vec<String> {
    let found = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
    let differing = files().into_iter().filter(|(name, text)| found(name) != *text);
    differing.map(|(name, _)| name).collect()
}

fn folder() -> PathBuf {
    crate::repository().join("tests/data/wgsl")
}

fn file_name(module: &str) -> String {
    module.replace(", ", "_").replace(' ', "_") + ".wgsl"
}

/// The module without the functions of numerics.wgsl, which would make the file long and every change of them a change
/// of all files.
fn without_functions(source: &str) -> String {
    let mut left = String::new();
    let mut skipped = false;
    for line in source.lines() {
        if line.starts_with("// shaders/") {
            skipped = line == "// shaders/numerics.wgsl";
            left += if skipped { "// shaders/numerics.wgsl, left out\n" } else { "" };
        }
        if !skipped {
            left += line;
            left.push('\n');
        }
    }
    left
}

/// A line per activation and kind of module: the CRC-32 of the code of all its modules, without comments and space.
fn checksums(modules: &[(String, String)]) -> String {
    let mut sums: BTreeMap<String, crc32fast::Hasher> = BTreeMap::new();
    for (name, source) in modules {
        let kind: Vec<&str> = name.split(' ').take(2).collect();
        let sum = sums.entry(kind.join(" ")).or_default();
        let code = source.lines().filter_map(|line| line.split("//").next());
        code.flat_map(str::split_whitespace).for_each(|word| sum.update(word.as_bytes()));
    }
    let line =
        |(kind, sum): (String, crc32fast::Hasher)| format!("{:08x} {kind}\n", sum.finalize());
    sums.into_iter().map(line).collect()
}
