//! The test that links between documents lead to files. It is here and not in the library, because the package lacks some of
//! the files.

use std::fs;
use std::path::{Path, PathBuf};

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["", "benches", "docs", "docs/guide", "docs/design", "examples"] {
        let entries = fs::read_dir(root.join(folder)).expect("the folder is there");
        found.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found
}

/// The targets of `[text](target)` and `src="target"` that are paths, without their anchors.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let images = text.split("src=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    let paths = links.chain(images).map(|(target, _)| target.split('#').next().unwrap_or(""));
    paths.filter(|path| !path.is_empty() && !path.contains("://"))
}

#[test]
fn links_between_documents_lead_to_files() {
    let mut seen = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document is text");
        let folder = document.parent().expect("a document is in a folder");
        for target in targets(&text) {
            assert!(folder.join(target).exists(), "{}: no file {target}", document.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} links were found");
}
