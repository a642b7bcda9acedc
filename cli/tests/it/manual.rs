//! `wgpu-relu completions` and `wgpu-relu man`.

use crate::Folder;

#[test]
fn every_shell_gets_completions() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.run(["completions", shell]).succeeded();
        for word in ["wgpu-relu", "apply", "gradient"] {
            assert!(script.contains(word), "{shell} has no {word}");
        }
        // clap completes values in these shells alone.
        let values = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(script.contains("leaky_relu"), values, "{shell}");
    }
    assert_eq!(folder.run(["completions", "cmd"]).code, Some(2));
}

#[test]
fn every_command_has_a_page() {
    let folder = Folder::new();
    let page = folder.run(["man"]).succeeded();
    assert!(page.contains(".TH wgpu-relu 1") && page.contains("Exit codes"), "{page}");
    for command in ["devices", "check", "bench", "apply", "completions", "man"] {
        assert!(page.contains(&format!("wgpu\\-relu\\-{command}(1)")), "{page}");
        let page = folder.run(["man", command]).succeeded();
        assert!(page.contains(&format!(".TH wgpu-relu-{command} 1")), "{page}");
        assert!(page.contains("\\-\\-adapter") && page.contains("wgpu-relu 0."), "{page}");
    }
}
