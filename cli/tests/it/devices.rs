//! `wgpu-relu devices`, and the options that all commands share.

use crate::Folder;

#[test]
fn one_adapter_is_taken() {
    let folder = Folder::new();
    let text = folder.run(["devices"]).succeeded();
    assert_eq!(text.matches("(taken)").count(), 1, "{text}");
    let json = folder.run(["devices", "--json"]).succeeded();
    let adapters: serde_json::Value = serde_json::from_str(&json).unwrap();
    let adapters = adapters.as_array().unwrap();
    let taken: Vec<_> = adapters.iter().filter(|adapter| adapter["taken"] == true).collect();
    assert_eq!(taken.len(), 1, "{json}");
    assert!(text.contains(taken[0]["name"].as_str().unwrap()), "{text}");
    assert!(taken[0]["max_buffer_size"].as_u64().unwrap() > 0, "{json}");
    let line = format!("#{} {}", taken[0]["number"], taken[0]["name"].as_str().unwrap());
    assert!(text.contains(&line), "{text}");
    assert!(text.contains(taken[0]["ids"].as_str().unwrap()), "{text}");
}

#[test]
fn an_adapter_that_is_not_there_is_told_by_every_command() {
    let folder = Folder::new();
    for command in [vec!["devices"], vec!["check", "relu"], vec!["bench", "--json", "rates.json"]] {
        let error =
            folder.run(command.iter().copied().chain(["--adapter", "no such adapter"])).failed();
        assert!(error.contains("no such adapter"), "{command:?}: {error}");
    }
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn a_wrong_command_line_is_code_2() {
    let folder = Folder::new();
    for (arguments, part) in [
        (vec![], "Usage"),
        (vec!["chek"], "check"),
        (vec!["check", "rellu"], "nearest names are relu, "),
        (vec!["apply", "-a", "relu", "in.npy"], "<OUT>"),
        (vec!["bench", "--elements", "4Kb"], "take Ki, Mi or Gi"),
        (vec!["bench", "--elements", "0"], "there must be an element"),
        (vec!["apply", "in.npy", "out.npy"], "--activation"),
        (vec!["apply", "--activation", "elu(alpha=nan)", "a.npy", "b.npy"], "alpha is NaN"),
        (vec!["devices", "--backend", "opengl"], "possible values: vulkan"),
    ] {
        let run = folder.run(&arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(part), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn help_tells_of_every_command() {
    let folder = Folder::new();
    let help = folder.run(["--help"]).succeeded();
    for command in ["devices", "check", "bench", "apply", "completions", "man"] {
        assert!(help.contains(command), "{help}");
        assert!(folder.run([command, "--help"]).succeeded().contains("--adapter"));
    }
}
