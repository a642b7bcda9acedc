//! The floors of the library: no file uses a file of a higher floor, and no files use each other in a circle.
//!
//! It reads paths from the text, because the compiler reports neither. It does not see method calls: an `impl Gpu` block
//! belongs on the floor of what it calls, and reviewers must check that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Outcome;

/// The top modules of the library, floor by floor from the ground up. Folders of one floor do not use each other.
const FLOORS: [&[&str]; 9] = [
    &["element", "minify", "operand"],
    &["error"],
    &["activation"],
    &["args", "shader"],
    &["plan"],
    &["device"],
    &["init", "ops"],
    &["stream"],
    &["", "wgsl"],
];

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../src");

/// Path and text of each file, by its module: `device::pipeline`. The crate's root has no name.
type Files = BTreeMap<String, (String, String)>;

pub(crate) fn check() -> Outcome {
    let mut files = Files::new();
    read(Path::new(SOURCES), "", &mut files)?;
    let faults = faults(&files);
    if faults.is_empty() {
        println!("{} files on {} floors, no arrow up and no circle", files.len(), FLOORS.len());
        return Ok(());
    }
    Err(format!("{}\nARCHITECTURE.md has the floors", faults.join("\n")))
}

fn read(folder: &Path, module: &str, files: &mut Files) -> Outcome {
    let told = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let inner = if module.is_empty() { name.to_string() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &inner, files)?;
        } else {
            let module = if name == "mod" || name == "lib" { module } else { &inner };
            let text = fs::read_to_string(&path).map_err(told)?;
            let path = path.strip_prefix(SOURCES).unwrap_or(&path).display();
            files.insert(module.to_owned(), (format!("src/{path}"), text));
        }
    }
    Ok(())
}

/// Every arrow up, and one circle if there is any.
fn faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, (path, text)) in files {
        let Some(floor) = floor(module) else {
            faults.push(format!("{path} is on no floor; xtask/src/floors.rs lists them"));
            continue;
        };
        for (line, used) in uses(files, module, &code(text)) {
            let above = self::floor(used).unwrap_or(0);
            let folder =
                |module: &str| files.keys().any(|file| file.starts_with(&format!("{module}::")));
            let beside = above == floor && top(used) != top(module) && folder(top(used));
            if above > floor || beside {
                let how = if beside { "beside it" } else { "above it" };
                let target = &files[used].0;
                faults.push(format!(
                    "{path}:{line}: floor {floor} uses {target}, {how} on floor {above}"
                ));
            }
            arrows.entry(module).or_default().insert(used);
        }
    }
    let mut done = BTreeSet::new();
    let circle =
        files.keys().find_map(|module| circle(&arrows, module, &mut Vec::new(), &mut done));
    faults.extend(circle.map(|circle| {
        let paths: Vec<_> = circle.iter().map(|module| files[*module].0.as_str()).collect();
        format!("a circle: {}", paths.join(" uses "))
    }));
    faults
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&top(module))).map(|index| index + 1)
}

/// The text without comments and tests, line by line.
fn code(text: &str) -> String {
    let (mut code, mut tests) = (String::new(), false);
    let mut before = "";
    for line in text.lines() {
        let attribute = before.starts_with("#[cfg(") && before.contains("test");
        tests |= attribute && line.starts_with("mod ") && line.ends_with('{');
        code += if tests { "" } else { line.split("//").next().unwrap_or_default() };
        code.push('\n');
        tests &= line != "}";
        before = line;
    }
    code
}

/// The files that a module names, with the numbers of the lines.
fn uses<'f>(files: &'f Files, module: &str, code: &str) -> BTreeSet<(usize, &'f str)> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    // Paths begin at the root, in the parent, or in a module of the file.
    let mut starts = vec![("crate", ""), ("super", parent)];
    let own = |file: &&String| file.rsplit_once("::").map_or("", |(parent, _)| parent) == module;
    let children = files.keys().filter(own).filter(|child| !child.is_empty());
    starts.extend(children.map(|child| (child.rsplit("::").next().unwrap_or_default(), module)));
    let mut uses = BTreeSet::new();
    for (start, base) in starts {
        for (at, _) in code.match_indices(&format!("{start}::")) {
            // Parts of longer names and paths, and links in documentation.
            let before = &code[..at];
            if before.ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c))
                || before.ends_with("](")
            {
                continue;
            }
            let line = 1 + before.matches('\n').count();
            let rest = if ["crate", "super"].contains(&start) { at + start.len() + 2 } else { at };
            let found = targets(files, base, &code[rest..]);
            uses.extend(found.into_iter().filter(|used| *used != module).map(|used| (line, used)));
        }
    }
    uses
}

/// The files that a path leads to, which may branch: `spans::{self, Span}`.
fn targets<'f>(files: &'f Files, base: &str, path: &str) -> Vec<&'f str> {
    let path = path.trim_start();
    if let Some(branches) = path.strip_prefix('{') {
        let (mut depth, mut from, mut found) = (0, 0, Vec::new());
        for (at, c) in branches.char_indices() {
            if depth == 0 && (c == ',' || c == '}') {
                let branch = branches[from..at].trim();
                found.extend(
                    (!branch.is_empty())
                        .then(|| targets(files, base, branch))
                        .into_iter()
                        .flatten(),
                );
                from = at + 1;
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                _ => {}
            }
        }
        return found;
    }
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    let next =
        if base.is_empty() { path[..end].to_owned() } else { format!("{base}::{}", &path[..end]) };
    match (files.get_key_value(&next), path[end..].strip_prefix("::")) {
        (Some((_, _)), Some(rest)) => targets(files, &next, rest),
        (Some((file, _)), None) => vec![file],
        (None, _) => files.get_key_value(base).map(|(file, _)| file.as_str()).into_iter().collect(),
    }
}

/// A circle that a module leads to, its first file named twice.
fn circle<'f>(
    arrows: &BTreeMap<&'f str, BTreeSet<&'f str>>,
    module: &'f str,
    way: &mut Vec<&'f str>,
    done: &mut BTreeSet<&'f str>,
) -> Option<Vec<&'f str>> {
    if let Some(at) = way.iter().position(|before| *before == module) {
        return Some(way[at..].iter().copied().chain([module]).collect());
    }
    if !done.insert(module) {
        return None;
    }
    way.push(module);
    let used = arrows.get(module).into_iter().flatten();
    let found = used.into_iter().find_map(|used| circle(arrows, used, way, done));
    way.pop();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
        let file = |&(module, text): &(&str, &str)| {
            (module.to_owned(), (module.to_owned(), text.to_owned()))
        };
        faults(&files.iter().map(file).collect())
    }

    #[test]
    fn arrows_down_and_into_the_own_folder_are_allowed() {
        let none: [&str; 0] = [];
        let plan = "//! [`crate::Gpu`]\nuse crate::args::{self, view::View};\nuse crate::plan::spans::Span;\n\
                    #[doc = \"[`Gpu`](crate::Gpu)\"]\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::device::Gpu;\n}\n";
        let files = [
            ("", "pub use device::Gpu;"),
            ("args", ""),
            ("args::view", "use crate::element::Element;"),
        ];
        let more = [
            ("device", ""),
            ("element", ""),
            ("plan", ""),
            ("plan::request", plan),
            ("plan::spans", ""),
        ];
        assert_eq!(faults_of(&[&files[..], &more].concat()), none);
    }

    #[test]
    fn arrows_up_and_beside_are_told_with_file_line_and_floors() {
        let files = [
            ("args", ""),
            ("args::view", "\nuse crate::{\n    error::Error,\n    shader::{self, Shader},\n};\n"),
            ("device", ""),
            ("error", "fn f() {\n    crate::device::open();\n}"),
            ("shader", ""),
            ("shader::sum", ""),
        ];
        let expected = [
            "args::view:2: floor 4 uses shader, beside it on floor 4",
            "error:2: floor 2 uses device, above it on floor 6",
        ];
        assert_eq!(faults_of(&files), expected);
    }

    #[test]
    fn a_circle_is_told_and_so_is_a_file_on_no_floor() {
        let files = [
            ("attic", ""),
            ("device", "use pipeline::Pipelines;"),
            ("device::guard", "use super::Gpu;"),
            ("device::pipeline", "use crate::device::guard;"),
        ];
        let expected = [
            "attic is on no floor; xtask/src/floors.rs lists them",
            "a circle: device uses device::pipeline uses device::guard uses device",
        ];
        assert_eq!(faults_of(&files), expected);
    }
}
