//! Files that `wgpu-relu apply --force` replaces: they stay as they were, but for their content.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use npyz::Order;

use crate::Folder;
use crate::npy::{file, read};

fn folder_with_x() -> Folder {
    let folder = Folder::new();
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[2], &[-1.0f32, 2.0])).unwrap();
    folder
}

#[test]
fn owner_and_permissions_stay() {
    let folder = folder_with_x();
    let y = folder.path("y.npy");
    for mode in [0o600, 0o640, 0o666, 0o755] {
        fs::write(&y, "old").unwrap();
        // Only the superuser may.
        let _ = chown(&y, Some(1234), Some(2345));
        fs::set_permissions(&y, fs::Permissions::from_mode(mode)).unwrap();
        let before = fs::metadata(&y).unwrap();
        folder.run(["apply", "-a", "relu", "--force", "x.npy", "y.npy"]).succeeded();
        let after = fs::metadata(&y).unwrap();
        assert_eq!(after.mode(), before.mode(), "{:o}", after.mode());
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        assert_eq!(read(&y).3, [0.0, 2.0]);
    }
    // `bench` replaces its files too.
    fs::set_permissions(&y, fs::Permissions::from_mode(0o600)).unwrap();
    folder
        .run(["bench", "relu", "--elements", "64", "--rounds", "1", "--csv", "y.npy"])
        .succeeded();
    assert_eq!(fs::metadata(&y).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn links_are_followed() {
    let folder = folder_with_x();
    fs::create_dir(folder.path("data")).unwrap();
    fs::write(folder.path("data/y.npy"), "old").unwrap();
    symlink("data/y.npy", folder.path("first.npy")).unwrap();
    symlink("first.npy", folder.path("second.npy")).unwrap();
    let error = folder.run(["apply", "-a", "relu", "x.npy", "second.npy"]).failed();
    assert!(error.contains("second.npy: is there already"), "{error}");
    folder.run(["apply", "-a", "relu", "--force", "x.npy", "second.npy"]).succeeded();
    for link in ["first.npy", "second.npy"] {
        assert!(fs::symlink_metadata(folder.path(link)).unwrap().is_symlink(), "{link}");
    }
    assert_eq!(read(&folder.path("data/y.npy")).3, [0.0, 2.0]);
    assert_eq!(fs::read_dir(folder.path("data")).unwrap().count(), 1);
}

#[test]
fn a_destination_is_checked_before_the_work() {
    let folder = folder_with_x();
    symlink("nowhere.npy", folder.path("dangling.npy")).unwrap();
    fs::create_dir(folder.path("folder")).unwrap();
    fs::create_dir(folder.path("folder/x.npy")).unwrap();
    let before = folder.files();
    for (output, part) in [
        ("dangling.npy", "dangling.npy: is a link that leads nowhere"),
        ("missing/y.npy", "missing/y.npy: there is no folder missing"),
        ("x.npy/y.npy", "x.npy/y.npy: "),
        ("folder", "folder/x.npy: is there, and is no file"),
    ] {
        // The work would begin with an adapter, which is not there.
        let arguments =
            ["--adapter", "no such adapter", "apply", "-a", "relu", "--force", "x.npy", output];
        let error = folder.run(arguments).failed();
        assert!(error.starts_with(part), "{output}: {error}");
        assert_eq!(folder.files(), before);
    }
}
