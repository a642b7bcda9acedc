//! The commands of docs/guide/command-line.md.

use std::fs;
use std::path::Path;
use std::process::Command;

use npyz::Order;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::npy::file;
use crate::{Folder, Run};

const GUIDE: &str = include_str!("../../../docs/guide/command-line.md");

/// Those that take seconds. The others build, or examine and measure every activation.
const QUICK: &[&str] = &[
    "wgpu-relu devices",
    "wgpu-relu apply",
    "wgpu-relu completions",
    "wgpu-relu man",
    "cat ",
    "mkdir ",
];

#[test]
fn its_commands_run() {
    let folder = Folder::new();
    for name in ["x.npy", "dy.npy", "a.npy", "b.npy"] {
        fs::write(folder.path(name), file("<f4", Order::C, &[2], &[-1.0f32, 2.0])).unwrap();
    }
    let data = [0; 8];
    let tensors =
        ["h.0", "h.1"].map(|name| (name, TensorView::new(Dtype::F32, vec![2], &data).unwrap()));
    fs::write(folder.path("model.safetensors"), safetensors::serialize(tensors, None).unwrap())
        .unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_wgpu-relu"));
    let path =
        format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut count = 0;
    for line in
        GUIDE.split("```sh\n").skip(1).flat_map(|block| block.split("```").next().unwrap().lines())
    {
        if QUICK.iter().any(|quick| line.starts_with(quick)) {
            // Several of them write one file.
            let line = line.replace("wgpu-relu apply", "wgpu-relu apply --force");
            let mut shell = Command::new("sh");
            shell.args(["-c", &line]).current_dir(folder.path("")).env("PATH", &path);
            let run = Run::of(shell.output().unwrap());
            assert_eq!(run.code, Some(0), "{line}: {}", run.err);
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn it_tells_of_every_option_of_apply() {
    let help = Folder::new().run(["apply", "--help"]).succeeded();
    let options = help.split_whitespace().filter(|word| word.starts_with("--"));
    for option in options.map(|word| word.trim_end_matches([',', '.', ':', ')'])) {
        assert!(option == "--help" || GUIDE.contains(option), "{option}");
    }
}
