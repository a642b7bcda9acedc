//! What to do where no adapter is found.

use std::fmt::Write;
use std::path::Path;

/// What a machine has of Vulkan.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// Whether the loader, libvulkan.so.1, is there.
    pub(crate) has_loader: bool,
    /// Whether NVIDIA's kernel module is loaded.
    pub(crate) has_nvidia: bool,
    /// The manifests of drivers that the loader finds.
    pub(crate) drivers: Vec<String>,
    /// Environment variables that restrict the choice.
    pub(crate) restricted_by: Vec<String>,
}

const LIBRARY_FOLDERS: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
    "/usr/local/lib",
];
const DRIVER_FOLDERS: &[&str] =
    &["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
const CHOICES: &[&str] = &[
    "VK_ICD_FILENAMES",
    "VK_DRIVER_FILES",
    "VK_LOADER_DRIVERS_DISABLE",
    "VK_LOADER_DRIVERS_SELECT",
    "WGPU_BACKEND",
    "WGPU_ADAPTER_NAME",
];

impl Machine {
    pub(crate) fn look() -> Self {
        let named = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        let folders =
            LIBRARY_FOLDERS.iter().copied().chain(named.split(':').filter(|f| !f.is_empty()));
        let manifests =
            DRIVER_FOLDERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        let manifests =
            manifests.filter_map(|entry| Some(entry.ok()?.path().display().to_string()));
        let set = |name: &&str| Some(format!("{name}={}", std::env::var_os(name)?.display()));
        Machine {
            has_loader: folders.into_iter().any(|f| Path::new(f).join("libvulkan.so.1").exists()),
            has_nvidia: Path::new("/proc/driver/nvidia/version").exists(),
            drivers: manifests.filter(|path| path.ends_with(".json")).collect(),
            restricted_by: CHOICES.iter().filter_map(set).collect(),
        }
    }
}

/// What is missing and how to get it. `said` is the error of the tool that looked for adapters.
pub(crate) fn advice(said: &str, machine: &Machine) -> String {
    let mut text = format!("No adapter can be used, so nothing was measured.\n{said}\n");
    if !machine.has_loader {
        text += "\nThe Vulkan loader (libvulkan.so.1) is missing. Install it:\n  \
                 Debian, Ubuntu  apt-get install libvulkan1\n  \
                 Fedora, RHEL    dnf install vulkan-loader\n  \
                 Arch            pacman -S vulkan-icd-loader\n";
    }
    if machine.has_nvidia && !machine.drivers.iter().any(|path| path.contains("nvidia")) {
        text += "\nNVIDIA's kernel module is loaded, but its Vulkan driver is missing (nvidia_icd.json, libGLX_nvidia.so.0). \
                 Install the package with it:\n  \
                 Debian          apt-get install nvidia-vulkan-icd\n  \
                 Ubuntu          apt-get install libnvidia-gl-VERSION, of the version of the kernel module\n  \
                 a container     start it with NVIDIA_DRIVER_CAPABILITIES=all\n";
    } else if machine.drivers.is_empty() {
        text += "\nNo Vulkan driver is installed: there is no manifest in /usr/share/vulkan/icd.d or /etc/vulkan/icd.d. \
                 Install the driver of your GPU:\n  \
                 AMD, Intel      apt-get install mesa-vulkan-drivers (dnf: mesa-vulkan-drivers)\n  \
                 NVIDIA          the vendor's driver, with its Vulkan part (nvidia-vulkan-icd, libnvidia-gl)\n  \
                 no GPU          mesa-vulkan-drivers has lavapipe, which runs on the CPU\n";
    } else {
        let _ = writeln!(text, "\nDrivers that are installed: {}.", machine.drivers.join(", "));
        text += "None of them gives an adapter: see that your user may open /dev/dri/render* (group render or video), and \
                 that the kernel module and the driver have the same version.\n";
    }
    if !machine.restricted_by.is_empty() {
        let set = machine.restricted_by.join(", ");
        let _ = writeln!(
            text,
            "\nThe environment restricts the choice: {set}. Unset this, and try again."
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(drivers: &[&str]) -> Machine {
        let drivers = drivers.iter().map(|driver| (*driver).to_owned()).collect();
        Machine { has_loader: true, drivers, ..Machine::default() }
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let bare = advice("error: none", &Machine::default());
        for part in ["error: none", "libvulkan1", "mesa-vulkan-drivers", "lavapipe"] {
            assert!(bare.contains(part), "{part}: {bare}");
        }
        let text = advice("", &machine(&[]));
        assert!(!text.contains("libvulkan1") && text.contains("No Vulkan driver"), "{text}");
        let nvidia = Machine { has_nvidia: true, ..machine(&["/etc/vulkan/icd.d/lvp_icd.json"]) };
        let text = advice("", &nvidia);
        assert!(text.contains("NVIDIA_DRIVER_CAPABILITIES"), "{text}");
    }

    #[test]
    fn what_is_there_and_restricted_is_named() {
        let drivers = ["/usr/share/vulkan/icd.d/nvidia_icd.json"];
        let restricted_by = vec!["VK_ICD_FILENAMES=/dev/null".to_owned()];
        let text = advice("", &Machine { restricted_by, has_nvidia: true, ..machine(&drivers) });
        for part in [drivers[0], "VK_ICD_FILENAMES=/dev/null", "Unset"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("NVIDIA_DRIVER_CAPABILITIES"), "{text}");
    }
}
