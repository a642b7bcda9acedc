//! The test that docs/RELIABILITY.md and the tests' comments `/// Reliability N.` name each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROWS: std::ops::RangeInclusive<u32> = 1..=28;

/// Rows whose proof is a command. The table names it, and the test sees that it exists.
const BY_COMMAND: [u32; 3] = [26, 27, 28];

/// A row's number with a test as `file::function`.
type Proof = (u32, String);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The texts in backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The rows of the page: number, and the cell of the tests.
fn rows(page: &str) -> Vec<(u32, &str)> {
    let cells = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.parse().ok()?, cells.nth(1)?))
    });
    cells.collect()
}

/// The tests of a file that have the comment, by its text. A test that is ignored proves nothing.
fn marked(stem: &str, source: &str) -> Vec<Proof> {
    let mut found = Vec::new();
    let mut numbers = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if let Some(marker) = line.strip_prefix("/// Reliability ") {
            let marker = marker.trim_end_matches('.').split(", ");
            numbers.extend(marker.map(|number| number.parse().unwrap_or(0)));
        } else if line == "#[test]" {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            is_test = false;
        } else if let Some(function) = line.strip_prefix("fn ") {
            let name = function.split('(').next().unwrap_or_default();
            let numbers = std::mem::take(&mut numbers);
            // A comment above something else is on no row.
            let name = if std::mem::take(&mut is_test) { name } else { "no test" };
            found.extend(numbers.into_iter().map(|row| (row, format!("{stem}::{name}"))));
        }
    }
    found
}

/// The marked tests of all Rust files of a folder. A `mod.rs` has the name of its folder.
fn marked_in(folder: &Path, found: &mut Vec<Proof>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            marked_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let named = if path.ends_with("mod.rs") { folder } else { &path };
            let stem = named.file_stem().unwrap_or_default().to_string_lossy();
            let source = fs::read_to_string(&path).expect("a source is text");
            found.extend(marked(&stem, &source));
        }
    }
}

/// What is wrong with the page: one line per mistake.
fn mistakes(page: &str, marked: &[Proof]) -> Vec<String> {
    let rows = rows(page);
    let mut wrong = Vec::new();
    for number in ROWS {
        let found: Vec<&str> = rows.iter().filter(|row| row.0 == number).map(|row| row.1).collect();
        match found[..] {
            [cell] if quoted(cell).next().is_none() => {
                wrong.push(format!("row {number} has no test"));
            }
            [_] => {}
            _ => wrong.push(format!("row {number} is there {} times", found.len())),
        }
    }
    let of_tests = rows.iter().filter(|row| !BY_COMMAND.contains(&row.0));
    let listed: BTreeSet<Proof> = of_tests
        .flat_map(|&(row, cell)| quoted(cell).map(move |test| (row, test.to_owned())))
        .collect();
    let marked: BTreeSet<Proof> = marked.iter().cloned().collect();
    wrong.extend(listed.difference(&marked).map(|(row, test)| {
        format!("row {row} names {test}, but no test of that name has the comment \"Reliability {row}.\"")
    }));
    wrong.extend(marked.difference(&listed).map(|(row, test)| {
        format!("{test} has the comment \"Reliability {row}.\", but row {row} does not name it")
    }));
    for (row, cell) in rows.iter().filter(|row| BY_COMMAND.contains(&row.0)) {
        wrong.extend(quoted(cell).filter(|command| !is_command(command)).map(|command| {
            format!("row {row} names {command}, which is no task of xtask and no script")
        }));
    }
    wrong
}

/// `cargo xtask <task>` of the usage, or a script of the repository.
fn is_command(command: &str) -> bool {
    let task = command.strip_prefix("cargo xtask ").and_then(|rest| rest.split(' ').next());
    match task {
        Some(task) => {
            let mut tasks = crate::USAGE.lines().filter_map(|line| line.strip_prefix("  "));
            tasks.any(|line| line.split(' ').next() == Some(task))
        }
        None => root().join(command).is_file(),
    }
}

#[test]
fn every_row_has_its_tests_and_every_comment_its_row() {
    let page = fs::read_to_string(root().join("docs/RELIABILITY.md")).expect("the page is text");
    let mut marked = Vec::new();
    for folder in ["src", "tests", "cli"] {
        marked_in(&root().join(folder), &mut marked);
    }
    let wrong = mistakes(&page, &marked);
    assert!(wrong.is_empty(), "docs/RELIABILITY.md:\n{}", wrong.join("\n"));
}

#[test]
fn what_is_stale_is_told() {
    let row = |number: u32| match number {
        26..=28 => format!("| {number} | x | `.ci/run` | all | 1 |\n"),
        _ => format!("| {number} | x | `a::t{number}` | all | 1 |\n"),
    };
    let page: String = ROWS.map(row).collect();
    let source: String = (1..=25)
        .map(|number| format!("/// Reliability {number}.\n#[test]\nfn t{number}() {{\n}}\n"))
        .collect();
    let marked = marked("a", &source);
    assert_eq!(mistakes(&page, &marked), Vec::<String>::new());
    let told = |page: &str, source: &str, text: &str| {
        let wrong = mistakes(page, &super::reliability::marked("a", source)).join("\n");
        assert!(wrong.contains(text), "{text}: {wrong}");
    };
    told(&page.replace("`a::t3`", "`a::t99`"), &source, "row 3 names a::t99, but no test");
    told(&page.replace("`a::t3`", "–"), &source, "row 3 has no test");
    told(&page.replace("| 3 |", "| 4 |"), &source, "row 3 is there 0 times");
    told(&page, &source.replace("Reliability 3.", "Reliability 3, 29."), "row 29 does not name it");
    told(&page, &source.replace("#[test]\nfn t3(", "fn t3("), "row 3 names a::t3");
    told(
        &page,
        &source.replace("#[test]\nfn t3(", "#[test]\n#[ignore]\nfn t3("),
        "row 3 names a::t3",
    );
    for command in ["`cargo xtask nothing`", "`cargo xtask tes`"] {
        told(&page.replace("`.ci/run`", command), &source, "is no task of xtask");
    }
}
