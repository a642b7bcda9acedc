//! Finds an adapter to run on: the machine's own, or a software driver, which is installed if it is missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, cargo, check, debian};

/// Environment variables that select a driver.
pub(crate) type Environment = Vec<(&'static str, String)>;

/// A software driver to choose by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Driver {
    /// Mesa's Vulkan driver.
    Lavapipe,
    /// Chromium's Vulkan driver, from Debian's package.
    SwiftShader,
    /// Mesa's OpenGL driver.
    Gl,
}

/// A command that installs packages.
pub(crate) struct Manager {
    program: &'static str,
    /// The command to run first, because the list of packages may be missing.
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
    lavapipe: &'static [&'static str],
    gl: &'static [&'static str],
    /// Mesa's Vulkan driver for AMD cards.
    pub(crate) radv: &'static [&'static str],
    pub(crate) chromium: &'static [&'static str],
    pub(crate) clang: &'static [&'static str],
}

const MANAGERS: [Manager; 4] = [
    Manager {
        program: "apt-get",
        refresh: Some(&["update"]),
        install: &["install", "--yes", "--no-install-recommends"],
        lavapipe: &["mesa-vulkan-drivers"],
        gl: &["libegl1", "libgl1-mesa-dri"],
        radv: &["mesa-vulkan-drivers"],
        chromium: &["chromium"],
        clang: &["clang"],
    },
    Manager {
        program: "dnf",
        refresh: None,
        install: &["install", "--assumeyes"],
        lavapipe: &["mesa-vulkan-drivers", "vulkan-loader"],
        gl: &["mesa-libEGL", "mesa-dri-drivers"],
        radv: &["mesa-vulkan-drivers", "vulkan-loader"],
        chromium: &["chromium"],
        clang: &["clang"],
    },
    Manager {
        program: "pacman",
        refresh: None,
        install: &["-Sy", "--noconfirm", "--needed"],
        lavapipe: &["vulkan-swrast", "vulkan-icd-loader"],
        gl: &["mesa"],
        radv: &["vulkan-radeon", "vulkan-icd-loader"],
        chromium: &["chromium"],
        clang: &["clang"],
    },
    Manager {
        program: "apk",
        refresh: None,
        install: &["add"],
        lavapipe: &["mesa-vulkan-swrast", "vulkan-loader"],
        gl: &["mesa-egl", "mesa-dri-gallium"],
        radv: &["mesa-vulkan-ati", "vulkan-loader"],
        chromium: &["chromium"],
        clang: &["clang", "g++"],
    },
];

/// Any adapter of the machine. If there is none, lavapipe on Linux.
pub(crate) fn any() -> Result<Environment, String> {
    let environment = quiet();
    if !cfg!(target_os = "linux") || finds_adapter(&environment)? {
        return Ok(environment);
    }
    for choice in ["WGPU_BACKEND", "WGPU_ADAPTER_NAME"] {
        if let Some(value) = env::var_os(choice).filter(|value| !value.is_empty()) {
            return Err(format!(
                "there is no adapter for {choice}={}; unset it, or see `cargo run --example devices`",
                value.display()
            ));
        }
    }
    println!("xtask: no GPU adapter found; installing a software Vulkan driver (Mesa lavapipe)");
    install(|manager| manager.lavapipe)?;
    if finds_adapter(&environment)? {
        return Ok(environment);
    }
    Err("the driver is installed, but still no adapter is found; `cargo run --example devices` tells more"
        .to_owned())
}

impl Driver {
    pub(crate) fn from_name(name: &str) -> Result<Self, String> {
        match name {
            "lavapipe" => Ok(Driver::Lavapipe),
            "swiftshader" => Ok(Driver::SwiftShader),
            "gl" => Ok(Driver::Gl),
            _ => Err(format!("there is no driver {name:?}; take lavapipe, swiftshader or gl")),
        }
    }

    /// Installs the driver if it is missing.
    pub(crate) fn provide(self) -> Result<Environment, String> {
        if !cfg!(target_os = "linux") {
            return Err("--driver is for Linux".to_owned());
        }
        let mut environment = quiet();
        environment.extend(self.environment());
        if self == Driver::SwiftShader && !swiftshader_icd().exists() {
            fetch_swiftshader()?;
        }
        if finds_adapter(&environment)? {
            return Ok(environment);
        }
        println!("xtask: {self:?} not found; installing it");
        match self {
            // The loader comes along with lavapipe.
            Driver::Lavapipe | Driver::SwiftShader => install(|manager| manager.lavapipe)?,
            Driver::Gl => install(|manager| manager.gl)?,
        }
        if finds_adapter(&environment)? {
            return Ok(environment);
        }
        Err(format!("{self:?} is installed, but wgpu does not find it"))
    }

    fn environment(self) -> Environment {
        let vulkan = ("WGPU_BACKEND", "vulkan".to_owned());
        match self {
            Driver::Lavapipe => vec![vulkan, ("WGPU_ADAPTER_NAME", "llvmpipe".to_owned())],
            Driver::SwiftShader => vec![
                vulkan,
                ("WGPU_ADAPTER_NAME", "SwiftShader".to_owned()),
                ("VK_ICD_FILENAMES", swiftshader_icd().display().to_string()),
            ],
            Driver::Gl => vec![
                ("WGPU_BACKEND", "gl".to_owned()),
                ("WGPU_ADAPTER_NAME", "llvmpipe".to_owned()),
                ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
            ],
        }
    }
}

/// Mesa complains if this variable is not set, and in many containers it is not.
pub(crate) fn quiet() -> Environment {
    match env::var_os("XDG_RUNTIME_DIR") {
        Some(_) => Vec::new(),
        None => vec![("XDG_RUNTIME_DIR", env::temp_dir().display().to_string())],
    }
}

/// Whether wgpu finds an adapter to compute on.
fn finds_adapter(environment: &Environment) -> Result<bool, String> {
    check(&mut cargo(&["build", "--example", "devices"]))?;
    let mut devices = cargo(&["run", "--quiet", "--example", "devices"]);
    devices.envs(environment.iter().cloned()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(check(&mut devices).is_ok())
}

/// Installs packages with the system's package manager, as root or through sudo.
pub(crate) fn install(packages: impl Fn(&Manager) -> &'static [&'static str]) -> Outcome {
    let Some(manager) = MANAGERS.iter().find(|manager| is_program(manager.program)) else {
        return Err("none of apt-get, dnf, pacman and apk is here; install it by hand".to_owned());
    };
    if let Some(refresh) = manager.refresh {
        check(&mut as_root(manager.program, refresh)?)?;
    }
    let mut command = as_root(manager.program, manager.install)?;
    command.args(packages(manager)).env("DEBIAN_FRONTEND", "noninteractive");
    println!("xtask: {command:?}");
    check(&mut command)
}

pub(crate) fn as_root(program: &str, arguments: &[&str]) -> Result<Command, String> {
    let id = Command::new("id").arg("-u").output().map_err(|error| format!("id -u: {error}"))?;
    let mut command = if id.stdout.trim_ascii() == b"0" {
        Command::new(program)
    } else if is_program("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.arg(program);
        sudo
    } else {
        return Err(format!(
            "{program} {} needs root, and there is no sudo; run it as root",
            arguments.join(" ")
        ));
    };
    command.args(arguments);
    Ok(command)
}

fn is_program(name: &str) -> bool {
    find_program(name).is_some()
}

/// The path of a program in PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    let suffix = if name.contains('.') { "" } else { env::consts::EXE_SUFFIX };
    let file = format!("{name}{suffix}");
    env::split_paths(&paths).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// The folder that SwiftShader is unpacked to.
fn swiftshader() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/swiftshader")).to_owned()
}

fn swiftshader_icd() -> PathBuf {
    swiftshader().join("usr/lib/chromium/vk_swiftshader_icd.json")
}

/// Unpacks SwiftShader from Debian's chromium-common, without installing it.
fn fetch_swiftshader() -> Outcome {
    if !is_program("apt-get") {
        return Err(
            "SwiftShader comes out of a Debian package, and apt-get is not here; where Chromium is installed, set \
             VK_ICD_FILENAMES to its vk_swiftshader_icd.json and WGPU_ADAPTER_NAME=SwiftShader instead"
                .to_owned(),
        );
    }
    println!("xtask: fetching SwiftShader (Debian's chromium-common) into target/swiftshader");
    debian::refresh()?;
    debian::unpack(&["chromium-common"], &swiftshader())
}
