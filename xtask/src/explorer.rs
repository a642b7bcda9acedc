//! The explorer as a page: builds, measures, shows and tests it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::wasm::{Program, Toolchain, target_folder};
use crate::{EXPLORER, Outcome, USAGE, browser, exit_code, serve, take_flag, take_option, web};

/// The budget of the page's wasm, in bytes: plain, and through gzip.
const BUDGET: [u64; 2] = [6_000_000, 2_200_000];

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../explorer/web");
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures");
const CLAIMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/claims");

/// Builds the page, and shows it, writes it or tests it.
pub(crate) fn in_browser(task: &str, mut arguments: Vec<String>) -> Result<ExitCode, String> {
    let rust = take_option(&mut arguments, "--rust")?;
    let tests = task == "test-explorer";
    let (out, released) = if tests {
        (None, true)
    } else {
        (take_option(&mut arguments, "--out")?, take_flag(&mut arguments, "--release"))
    };
    if let (false, Some(other)) = (tests, arguments.first()) {
        return Err(format!("explorer --web takes no {other:?}\n\n{USAGE}"));
    }
    let folder = out.as_ref().map_or_else(|| target_folder().join("explorer"), PathBuf::from);
    let script = tests.then(|| browser::script("explorer.mjs")).transpose()?;
    build(&Toolchain::provide(rust.as_deref())?, released, &folder)?;
    if let Some(mut script) = script {
        script.arg(&folder).args(&arguments);
        return exit_code(script);
    }
    if out.is_some() {
        println!("{} has the page; any web host can serve it", folder.display());
        return Ok(ExitCode::SUCCESS);
    }
    serve::serve(&folder).map(|()| ExitCode::SUCCESS)
}

fn build(toolchain: &Toolchain, released: bool, folder: &Path) -> Outcome {
    let profile = if released { "page" } else { "dev" };
    let program =
        Program { manifest: EXPLORER, target: &["--bin", "explorer"], name: "explorer", profile };
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    toolchain.build(&program, folder)?;
    web::copy(SOURCES, &["index.html", "page.js"], folder)?;
    web::copy(
        PICTURES,
        &["explorer-look.png", "explorer-learn.png", "explorer-stories.png"],
        folder,
    )?;
    web::copy(CLAIMS, &["gradients.png", "init.png"], folder)?;
    // Another profile makes the program quicker to build, and far larger.
    if released {
        web::measure_file("the explorer", &folder.join("explorer_bg.wasm"), BUDGET)?;
    }
    Ok(())
}
