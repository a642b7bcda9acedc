//! `wgpu-relu bench`.

use std::fs;

use crate::Folder;

const QUICK: [&str; 7] =
    ["bench", "relu", "elu(alpha=0.5)", "--elements", "1000,4Ki", "--rounds", "1"];

#[test]
fn the_rates_come_as_table_json_csv_and_pictures() {
    let folder = Folder::new();
    let files = ["--json", "rates.json", "--csv", "rates.csv", "--plot", "rates.svg"];
    let table = folder.run(QUICK.iter().chain(&files)).succeeded();
    assert!(table.contains("elu(alpha=0.5) in place"), "{table}");
    assert!(table.contains("1000") && table.contains("4 Ki"), "{table}");
    assert_eq!(folder.files(), ["rates.csv", "rates.json", "rates.svg"]);

    // The copy and three operations of two activations, at two sizes.
    let json = fs::read_to_string(folder.path("rates.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 14, "{json}");
    for result in results {
        assert!(
            result["device_seconds"].is_null() || result["device_seconds"].as_f64() > Some(0.0)
        );
        let number = |key: &str| result[key].as_f64().unwrap();
        let operands = if result["operation"] == "gradient" { 3.0 } else { 2.0 };
        assert_eq!(number("bytes"), 4.0 * operands * number("elements"));
        let rate = number("bytes") / number("seconds");
        assert!((number("bytes_per_second") / rate - 1.0).abs() < 1e-9, "{result}");
        assert!(result["operation"] != "copy" || number("share_of_copy") == 1.0, "{result}");
    }
    let csv = fs::read_to_string(folder.path("rates.csv")).unwrap();
    assert_eq!(csv.lines().count(), 15, "{csv}");

    let svg = fs::read_to_string(folder.path("rates.svg")).unwrap();
    for text in ["elements", "bytes read and written per second", "copy", "elu(alpha=0.5)", "GB/s"]
    {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    // A second time, as a picture, over a file that exists.
    folder.run(QUICK.iter().chain(&["--plot", "rates.png", "--csv", "rates.csv"])).succeeded();
    let png = fs::read(folder.path("rates.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n") && png.len() > 10_000, "{} bytes", png.len());
    assert_eq!(folder.files(), ["rates.csv", "rates.json", "rates.png", "rates.svg"]);
}

#[test]
fn a_file_that_cannot_be_written_is_told_at_once() {
    let folder = Folder::new();
    // Measuring first would take too long.
    let long = ["bench", "--all", "--rounds", "10000"];
    for (files, part) in [
        (["--json", "missing/rates.json"], "missing/rates.json"),
        (["--csv", "."], "is no file"),
        (["--plot", "rates.jpg"], "ends in .svg or .png"),
    ] {
        let error = folder.run(long.iter().chain(&files)).failed();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn apply_is_timed_where_it_is_asked_for() {
    let folder = Folder::new();
    let table = folder.run(QUICK.iter().chain(&["--new-buffers"])).succeeded();
    assert!(table.contains("relu new buffer") && table.contains("relu recycled"), "{table}");
    assert!(!folder.run(QUICK).succeeded().contains("new buffer"));
}

#[test]
fn sizes_past_the_device_are_left_out() {
    let folder = Folder::new();
    let bench = |elements| folder.run(["bench", "relu", "--rounds", "1", "--elements", elements]);
    let run = bench("9999999Gi,64");
    assert!(run.err.contains("left out"), "{}", run.err);
    assert!(run.succeeded().contains("64"));
    assert!(bench("9999999Gi").failed().contains("no size could be measured"));
}
