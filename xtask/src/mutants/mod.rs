//! Breaks the library on purpose, one mistake at a time, and demands that the tests notice each.
//!
//! The mistakes are in list.rs. They are made in a copy of the repository.

mod list;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::contributing::{ROOT, copy_repository};
use crate::{Outcome, TARGET, cargo_on, release};
use list::MUTANTS;

const COPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/mutants");

/// A mistake that the tests must notice.
struct Mutant {
    what: &'static str,
    file: &'static str,
    /// It occurs once in the file.
    text: &'static str,
    replacement: &'static str,
    noticed_by: NoticedBy,
}

/// The tests that must notice a mutant. Fewer tests take less time than the whole suite, and so each mutant also shows which
/// test is for what.
#[derive(Clone, Copy, PartialEq)]
enum NoticedBy {
    /// The harness, when it looks at this activation alone.
    Harness(&'static str),
    /// Tests of tests/it with one of these words in their names. They alone run the lines of this area.
    Device(&'static str, &'static [&'static str]),
    /// The tests in a module of the library.
    Unit(&'static str),
}

impl NoticedBy {
    /// Whether mutants of both can be in one build, because the tests of one do not run the lines of the other.
    fn is_apart_from(self, other: NoticedBy) -> bool {
        match (self, other) {
            (NoticedBy::Harness(a), NoticedBy::Harness(b)) => a != b,
            (NoticedBy::Unit(a), NoticedBy::Unit(b)) => a != b,
            (NoticedBy::Device(a, _), NoticedBy::Device(b, _)) => a != b,
            _ => false,
        }
    }

    fn command(self, environment: &[(&'static str, String)]) -> Command {
        let target: &[&str] = match self {
            NoticedBy::Unit(_) => &["--lib"],
            _ => &["--test", "it"],
        };
        let mut cargo =
            cargo_on(&format!("{COPY}/Cargo.toml"), &["test", "--package", "wgpu-relu"]);
        cargo.args(target).env("CARGO_TARGET_DIR", TARGET).envs(environment.iter().cloned());
        cargo
    }
}

impl Mutant {
    /// The file with the mistake.
    fn apply(&self, source: &str) -> Result<String, String> {
        match source.matches(self.text).count() {
            1 => Ok(source.replacen(self.text, self.replacement, 1)),
            found => Err(format!(
                "xtask/src/mutants/list.rs, {}: the text must occur once in {}, and occurs {found} times",
                self.what, self.file
            )),
        }
    }
}

/// The end of a run of tests.
#[derive(PartialEq)]
enum Verdict {
    Passed,
    Failed,
    /// The tests did not run, or failed for a reason that any mistake would give.
    Invalid(String),
}

/// A test that takes longer than this hangs.
const LONGEST: Duration = Duration::from_secs(1800);

/// Runs a command until it ends, with what it prints in a file.
fn run(command: &mut Command) -> Result<(bool, String), String> {
    let log = Path::new(TARGET).join("mutants.log");
    let told = |error| format!("{}: {error}", log.display());
    let file = File::create(&log).map_err(told)?;
    let copy = file.try_clone().map_err(told)?;
    command.stdin(Stdio::null()).stdout(file).stderr(copy);
    let mut child = command.spawn().map_err(|error| format!("{error}: {command:?}"))?;
    let start = Instant::now();
    let succeeded = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status.success();
        }
        if start.elapsed() > LONGEST {
            child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
            break false;
        }
        sleep(Duration::from_millis(50));
    };
    let text = fs::read(&log).map_err(told)?;
    Ok((succeeded, String::from_utf8_lossy(&text).into_owned()))
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

fn build(tests: NoticedBy, environment: &[(&'static str, String)]) -> Outcome {
    match run(tests.command(environment).arg("--no-run"))? {
        (true, _) => Ok(()),
        (false, text) => Err(format!("it does not compile:\n{}", tail(&text))),
    }
}

/// Runs the tests of all `noticed_by`, which are of one kind.
fn verdict(
    noticed_by: &[NoticedBy],
    environment: &[(&'static str, String)],
) -> Result<Verdict, String> {
    let mut command = noticed_by[0].command(environment);
    command.arg("--");
    let mut activations = Vec::new();
    for tests in noticed_by {
        match tests {
            NoticedBy::Harness(name) => activations.push(*name),
            NoticedBy::Device(_, words) => {
                command.args(*words);
            }
            NoticedBy::Unit(module) => {
                command.arg(module);
            }
        }
    }
    if !activations.is_empty() {
        command.arg("harness::").env("TEST_ACTIVATION", activations.join(","));
    }
    let (passed, text) = run(&mut command)?;
    Ok(match passed {
        true if text.contains("test result: ok. 0 passed") => {
            Verdict::Invalid("no test has the name".to_owned())
        }
        true => Verdict::Passed,
        // Any shader that does not compile fails every test.
        false if ["parsing error", "validation error"].iter().any(|e| text.contains(e)) => {
            Verdict::Invalid(format!("the shader does not compile:\n{}", tail(&text)))
        }
        false if !text.contains("test result: FAILED") && !text.contains("signal:") => {
            Verdict::Invalid(format!("the tests did not run:\n{}", tail(&text)))
        }
        false => Verdict::Failed,
    })
}

/// Mutants that one build can have together.
fn builds(mutants: Vec<&'static Mutant>) -> Vec<Vec<&'static Mutant>> {
    let mut builds: Vec<Vec<&'static Mutant>> = Vec::new();
    for mutant in mutants {
        let fits = |build: &&mut Vec<&Mutant>| {
            build.iter().all(|other| mutant.noticed_by.is_apart_from(other.noticed_by))
        };
        match builds.iter_mut().find(fits) {
            Some(build) => build.push(mutant),
            None => builds.push(vec![mutant]),
        }
    }
    builds
}

/// The version that knows the options below.
const CARGO_MUTANTS: [&str; 2] = ["cargo-mutants", "27.1.0"];

/// The files of which the library's own tests notice every change. Most other files need tests on a device too, and a run of
/// those per mutant would take days.
const WITHOUT_DEVICE: [&str; 4] = [
    "src/args/channels.rs",
    "src/plan/launch_config.rs",
    "src/plan/ranges.rs",
    "src/plan/spans.rs",
];

/// Changes the Rust of some files in every way that cargo-mutants knows, and runs the tests that need no device.
pub(crate) fn without_device(files: &[String]) -> Outcome {
    let program = release::tool(CARGO_MUTANTS)?;
    copy_repository(Path::new(COPY), "mutants")?;
    // A loop without an end may fill all memory before its time is up.
    let limited = r#"ulimit -v 8388608; exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(program);
    command.args(["mutants", "--in-place", "--package", "wgpu-relu", "--no-shuffle"]);
    // Building tests/it as well takes five times as long.
    command.args(["--cargo-arg=--lib", "--timeout", "120"]);
    let files =
        if files.is_empty() { WITHOUT_DEVICE.map(str::to_owned).to_vec() } else { files.to_vec() };
    for file in files {
        command.args(["--file", &file]);
    }
    command.args(["--", "--", "plan::", "args::"]);
    crate::check(command.current_dir(COPY).env("CARGO_TARGET_DIR", TARGET))
}

/// Runs the tests on each mutant whose description or file has one of the words, or on all.
pub(crate) fn check(words: &[String], environment: &[(&'static str, String)]) -> Outcome {
    let is_chosen = |mutant: &&Mutant| {
        let has = |word: &String| mutant.what.contains(word) || mutant.file.contains(word);
        words.is_empty() || words.iter().any(has)
    };
    let chosen: Vec<&Mutant> = MUTANTS.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err(format!("no mutant has a word of {words:?}"));
    }
    copy_repository(Path::new(COPY), "mutants")?;
    println!("{} mutants; first their tests on the library as it is", chosen.len());
    baseline(&chosen, environment)?;
    let count = chosen.len();
    let (start, mut survivors) = (Instant::now(), Vec::new());
    for build in builds(chosen) {
        run_build(&build, environment, &mut survivors)?;
    }
    println!(
        "{} of {count} mutants caught, in {} s",
        count - survivors.len(),
        start.elapsed().as_secs()
    );
    match survivors.is_empty() {
        true => Ok(()),
        false => Err(format!("no test notices: {}", survivors.join("; "))),
    }
}

/// Runs the tests without a mutant. They must pass, since a test that always fails would seem to catch everything.
fn baseline(mutants: &[&Mutant], environment: &[(&'static str, String)]) -> Outcome {
    let of_kind = |is_of_kind: fn(&NoticedBy) -> bool| -> Vec<NoticedBy> {
        mutants.iter().map(|mutant| mutant.noticed_by).filter(is_of_kind).collect()
    };
    let kinds = [
        of_kind(|tests| matches!(tests, NoticedBy::Harness(_))),
        of_kind(|tests| matches!(tests, NoticedBy::Device(..))),
        of_kind(|tests| matches!(tests, NoticedBy::Unit(_))),
    ];
    for tests in kinds.into_iter().filter(|tests| !tests.is_empty()) {
        build(tests[0], environment)?;
        match verdict(&tests, environment)? {
            Verdict::Passed => {}
            Verdict::Failed => {
                return Err("tests fail without a mutant; see target/mutants.log".to_owned());
            }
            Verdict::Invalid(why) => return Err(why),
        }
    }
    Ok(())
}

/// Makes the mistakes, runs the tests of each, and takes the mistakes back.
fn run_build(
    mutants: &[&'static Mutant],
    environment: &[(&'static str, String)],
    survivors: &mut Vec<&'static str>,
) -> Outcome {
    for mutant in mutants {
        let path = Path::new(COPY).join(mutant.file);
        let told = |error| format!("{}: {error}", path.display());
        let source = fs::read_to_string(&path).map_err(told)?;
        fs::write(&path, mutant.apply(&source)?).map_err(told)?;
    }
    let names: Vec<&str> = mutants.iter().map(|mutant| mutant.what).collect();
    build(mutants[0].noticed_by, environment)
        .map_err(|error| format!("{}: {error}", names.join("; ")))?;
    for mutant in mutants {
        let start = Instant::now();
        let found = match verdict(&[mutant.noticed_by], environment)? {
            Verdict::Failed => "caught",
            Verdict::Passed => {
                survivors.push(mutant.what);
                "SURVIVES"
            }
            Verdict::Invalid(why) => {
                eprintln!("{why}");
                survivors.push(mutant.what);
                "INVALID"
            }
        };
        println!("{found:8} {:4} s  {} ({})", start.elapsed().as_secs(), mutant.what, mutant.file);
    }
    for mutant in mutants {
        let (from, to) = (Path::new(ROOT).join(mutant.file), Path::new(COPY).join(mutant.file));
        // A new time, so that cargo sees the change.
        let source = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        fs::write(&to, source).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_has_its_place() {
        assert!(MUTANTS.len() >= 40);
        assert!(WITHOUT_DEVICE.iter().all(|file| Path::new(ROOT).join(file).exists()));
        for mutant in MUTANTS {
            let source = fs::read_to_string(Path::new(ROOT).join(mutant.file));
            let source = source.unwrap_or_else(|error| panic!("{}: {error}", mutant.file));
            let broken = mutant.apply(&source).unwrap_or_else(|error| panic!("{error}"));
            assert_ne!(broken, source, "{}", mutant.what);
            if let NoticedBy::Harness(name) = mutant.noticed_by {
                assert_eq!(mutant.file, format!("shaders/activation/{name}.wgsl"));
            }
        }
    }
}
