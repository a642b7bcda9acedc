//! `kit report`: the JSON file and the page, out of what the parts of a run left.

mod failures;
mod page;
mod speed;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use crate::part::Done;
use crate::sweep;
use crate::{Outcome, run};

/// Write the JSON file and the page of a run again, out of the files of its parts
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the parts: `results/parts`
    parts: PathBuf,
    /// The folder for the two files; else that of the parts
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// All that a run gave.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    /// Of the kit: the crate's version, and the commit where it is known.
    version: String,
    date: String,
    adapter: Value,
    parts: Vec<Done>,
    /// Of `wgpu-relu check`, one per element type.
    checks: Vec<Value>,
    /// Of `wgpu-relu bench`, one per size.
    benches: Vec<Value>,
    fused: Option<Value>,
    peers: Option<Value>,
    torch: Option<Value>,
    sweep: Option<sweep::File>,
    /// What the other parts printed, by their names; of failed ones, with what they said of it.
    texts: Vec<Text>,
}

#[derive(Debug, Default, Serialize)]
struct Text {
    name: String,
    out: String,
    err: String,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let out = arguments.out.as_ref().unwrap_or(&arguments.parts);
    for path in write(&arguments.parts, out)? {
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes both files into `out`: their paths.
pub(crate) fn write(parts: &Path, out: &Path) -> Outcome<[PathBuf; 2]> {
    let results = Results::gather(parts)?;
    let slug = results.slug();
    let [json, page] = ["json", "md"].map(|extension| out.join(format!("{slug}.{extension}")));
    fs::write(&json, serde_json::to_string_pretty(&results)? + "\n")?;
    fs::write(&page, page::page(&results))?;
    Ok([json, page])
}

impl Results {
    fn gather(folder: &Path) -> Outcome<Self> {
        let adapter = run::adapter(folder)
            .ok_or_else(|| format!("{} has no adapter in devices.out", folder.display()))?;
        let text = fs::read_to_string(folder.join("parts.json"))
            .map_err(|error| format!("{}/parts.json: {error}", folder.display()))?;
        let parts: Vec<Done> = serde_json::from_str(&text)?;
        // A part that was ended in the middle may leave a file cut off: then it counts as not there.
        let json = |name: &str| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            serde_json::from_str::<Value>(&text).ok()
        };
        let of_parts = |prefix: &str, extension: &str| -> Vec<Value> {
            let names = parts.iter().map(|part| &part.name).filter(|name| name.starts_with(prefix));
            names.filter_map(|name| json(&format!("{name}.{extension}"))).collect()
        };
        let texts = parts.iter().map(|part| {
            let read = |extension| {
                let bytes = fs::read(folder.join(format!("{}.{extension}", part.name)));
                String::from_utf8_lossy(&bytes.unwrap_or_default()).trim_end().to_owned()
            };
            Text { name: part.name.clone(), out: read("out"), err: read("err") }
        });
        Ok(Results {
            version: version(),
            date: date(),
            checks: of_parts("check-", "out"),
            benches: of_parts("bench-", "json"),
            fused: json("fused.json"),
            peers: json("peers.json"),
            torch: json("torch.json"),
            sweep: json("sweep.json").and_then(|value| serde_json::from_value(value).ok()),
            // What is JSON is there already.
            texts: texts.filter(|text| serde_json::from_str::<Value>(&text.out).is_err()).collect(),
            adapter,
            parts,
        })
    }

    fn text(&self, name: &str) -> Option<&Text> {
        self.texts.iter().find(|text| text.name == name)
    }

    fn of_adapter(&self, key: &str) -> &str {
        self.adapter[key].as_str().filter(|text| !text.is_empty()).unwrap_or("not told")
    }

    fn is_software(&self) -> bool {
        self.adapter["type"] == "software"
    }

    /// A file name out of the adapter's.
    fn slug(&self) -> String {
        let name = format!("{} {}", self.of_adapter("name"), self.of_adapter("backend"));
        let dashed = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }
}

/// The crate's version, and the line that `cargo xtask kit` left beside the programs.
fn version() -> String {
    let own = env!("CARGO_PKG_VERSION");
    let beside = std::env::current_exe().ok();
    let beside =
        beside.and_then(|own| fs::read_to_string(own.parent()?.join("../version.txt")).ok());
    beside.map_or(own.to_owned(), |line| format!("{own} {}", line.trim()))
}

fn date() -> String {
    let date = std::process::Command::new("date").args(["-u", "+%F"]).output().ok();
    let date = date.and_then(|output| String::from_utf8(output.stdout).ok());
    date.map_or("unknown".to_owned(), |date| date.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Status;
    use serde_json::json;

    /// A folder as a run leaves it.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: String| {
            fs::write(folder.path().join(name), text).expect("it can be written");
        };
        let adapter = json!([
            { "name": "other", "type": "software", "taken": false },
            { "name": "Card (TM) 9", "type": "discrete GPU", "backend": "vulkan", "driver": "D",
              "driver_info": "1.2", "taken": true, "max_buffer_size": 1u64 << 32 },
        ]);
        write("devices.out", adapter.to_string());
        let part = |name: &str, status| Done {
            name: name.to_owned(),
            command: format!("bin/{name}"),
            status,
            seconds: 1.5,
        };
        let parts = [
            part("devices", Status::Passed),
            part("check-f32", Status::Failed("exit status: 1".to_owned())),
            part("tests", Status::Failed("exit status: 101".to_owned())),
            part("bench-16Mi", Status::Passed),
            part("torch", Status::Skipped("no CUDA".to_owned())),
            part("transfers", Status::Passed),
            part("exhaustive", Status::OutOfTime(9.0)),
            part("allocations", Status::OutOfTime(9.0)),
        ];
        write("parts.json", serde_json::to_string(&parts).expect("it is JSON"));
        let check = json!({ "passed": false, "results": [
            { "activation": "relu", "element": "f32", "operation": "forward", "passed": true, "worst_ulp": 0.0 },
            { "activation": "gelu", "element": "f32", "operation": "gradient", "passed": false, "at": "5e-1",
              "failure": "x = 5e-1: expected 1.0, got 7.0", "worst_ulp": null, "bound_ulp": 4.0 },
        ]});
        write("check-f32.out", check.to_string());
        write(
            "tests.out",
            "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nleft: 3\n right: \
             4\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n"
                .to_owned(),
        );
        let row =
            |activation: Option<&str>, operation: &str, bytes: f64, seconds: f64, device: f64| {
                json!({ "activation": activation, "operation": operation, "elements": 1 << 24,
                "bytes": bytes, "seconds": seconds, "device_seconds": device })
            };
        let bench = json!({ "results": [
            row(None, "copy", 8e9, 0.004, 0.002),
            row(Some("relu"), "forward", 8e9, 0.004, 0.004),
            row(Some("relu"), "gradient", 12e9, 0.006, 0.003),
        ]});
        write("bench-16Mi.json", bench.to_string());
        let torch = json!({ "torch": "2.9", "cuda": "13", "device": "Card", "results": [
            { "activation": "relu", "operation": "forward", "elements": 1 << 24, "seconds": 0.006 },
        ]});
        write("torch.json", torch.to_string());
        write("peers.json", json!({ "results": [
            { "activation": "relu", "way": "wgpu-relu, recorded", "elements": 1 << 24, "seconds": 0.004 },
            { "activation": "relu", "way": "Burn", "elements": 1 << 24, "seconds": 0.012 },
        ]}).to_string());
        let row = |workgroup, checked, share_of_copy| sweep::Row {
            kernel: "relu".to_owned(),
            workgroup: Some(workgroup),
            vectors: Some(1),
            checked,
            elements: 1 << 24,
            seconds: 0.1,
            share_of_copy,
        };
        let rows = vec![row(64, true, 0.5), row(64, false, 0.75), row(128, true, 0.875)];
        let sweep = sweep::File { by_device: true, rounds: 7, rows };
        write("sweep.json", serde_json::to_string(&sweep).expect("it is JSON"));
        // Cut off.
        write("fused.json", "{\"results\": [".to_owned());
        write("allocations.out", "test c ... ok\ntest d ... FAILED\ntest e".to_owned());
        write("transfers.out", "| upload | 3.5 |".to_owned());
        folder
    }

    #[test]
    fn both_files_bear_the_adapters_name() {
        let folder = folder();
        let out = tempfile::tempdir().expect("a folder");
        let [json, page] = write(folder.path(), out.path()).expect("all is there");
        assert!(json.ends_with("card-tm-9-vulkan.json") && page.ends_with("card-tm-9-vulkan.md"));
        let text = fs::read_to_string(json).expect("it is there");
        let value: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(value["adapter"]["name"], "Card (TM) 9");
        assert_eq!(value["parts"][4]["status"]["skipped"], "no CUDA");
        assert_eq!(value["benches"][0]["results"][0]["operation"], "copy");
        assert!(value["fused"].is_null());
    }

    #[test]
    fn the_page_tells_what_failed_and_how_fast_it_was() {
        let folder = folder();
        let results = Results::gather(folder.path()).expect("all is there");
        let page = page::page(&results);
        for part in [
            "# wgpu-relu on Card (TM) 9",
            // Failures, with input, expected and got.
            "x = 5e-1: expected 1.0, got 7.0",
            "left: 3",
            "1 passed, 1 failed",
            // Of tests that were ended, what came before that.
            "1 passed, 1 failed before that",
            "test d ... FAILED",
            // What did not run, or not to its end.
            "skipped: no CUDA",
            "ended at its limit of 9 s",
            // The copy's rate, and what is a share of it: by the device's clock, and by the host's.
            "| copy, GB/s | 4000 |",
            "| relu | 0.50 / – / 1.00 / – / – |",
            "| relu | 1.00 / – / 1.00 / – / – |",
            // PyTorch's 6 ms over ours, of 4; Burn's 12 over ours, of 4.
            "| relu, forward | 1.50 |",
            "| relu | Burn | 3.00 |",
            "| 64 | 0.50 / 0.75 |",
            "| 128 | 0.88 / – |",
            "| upload | 3.5 |",
        ] {
            assert!(page.contains(part), "{part}\n\n{page}");
        }
        // Nothing was measured of it.
        assert!(!page.contains("software adapter"), "{page}");
    }

    #[test]
    fn a_folder_without_a_run_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = write(folder.path(), folder.path()).expect_err("nothing is there").to_string();
        assert!(error.contains("devices.out"), "{error}");
    }
}
