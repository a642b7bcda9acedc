//! The modules that GPUs run, as they are checked in.

/// tests/data/wgsl shows readers the WGSL that runs. A change of a shader must appear there.
#[test]
fn checked_in_modules_are_those_that_run() {
    let differing = testkit::modules::differing();
    assert!(
        differing.is_empty(),
        "{differing:?} differ; look at the change, then `cargo xtask wgsl --update`"
    );
}

#[test]
fn every_shown_module_exists() {
    let all = testkit::modules::all();
    for shown in testkit::modules::SHOWN {
        assert!(all.iter().any(|(name, _)| name == shown), "{shown}");
    }
}
