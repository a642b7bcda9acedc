//! Makes the pictures in the README and in docs/guide, by the programs that they show.

use std::path::Path;
use std::process::ExitCode;

use crate::run;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures");

/// Makes all of them anew.
pub(crate) fn make() -> Result<ExitCode, String> {
    let renderer = ["renderer", "--size", "192x192", "--offscreen"];
    let explorer = ["explorer", "--screenshot"];
    let tasks: [(&[&str], &str, &[&str]); 7] = [
        (&renderer, "renderer.png", &[]),
        (&renderer, "renderer-relu.png", &["--activation", "relu"]),
        (&renderer, "renderer-elu.png", &["--activation", "elu"]),
        (&explorer, "explorer-look.png", &["--view", "tab=look&shown=gelu;relu"]),
        (&explorer, "explorer-learn.png", &["--view", "tab=learn&set=spiral", "--steps", "600"]),
        (&explorer, "explorer-stories.png", &["--view", "tab=stories&story=dies"]),
        (&["test-web", "--picture"], "web.png", &[]),
    ];
    for (task, picture, more) in tasks {
        let picture = Path::new(FOLDER).join(picture).display().to_string();
        let words = task.iter().copied().chain([picture.as_str()]).chain(more.iter().copied());
        let code = run(words.map(str::to_owned).collect())?;
        if code != ExitCode::SUCCESS {
            return Err(format!("{} has failed, see above", task[0]));
        }
    }
    Ok(ExitCode::SUCCESS)
}
