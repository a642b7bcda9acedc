//! Activations by the names of other libraries, in every command that takes one.

use std::fs;

use npyz::Order;

use crate::Folder;
use crate::npy::{file, read};

#[test]
fn every_command_takes_the_names_of_other_libraries() {
    let folder = Folder::new();
    let x = [-2.0f32, 3.0];
    fs::write(folder.path("x.npy"), file("<f4", Order::C, &[2], &x)).unwrap();
    let arguments = ["apply", "-a", "nn.LeakyReLU(0.5, inplace=True)", "x.npy", "y.npy"];
    let out = folder.run(arguments).succeeded();
    assert!(out.contains("leaky_relu(negative_slope=0.5) of 2 elements"), "{out}");
    assert_eq!(read(&folder.path("y.npy")).3, [-1.0, 3.0]);
    let table = folder.run(["check", "ReLU6", "--element", "f32"]).succeeded();
    assert!(table.contains("relu6"), "{table}");
    let table = folder.run(["bench", "swish", "--elements", "64", "--rounds", "1"]).succeeded();
    assert!(table.contains("silu"), "{table}");
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let folder = Folder::new();
    let run = folder.run(["apply", "-a", "LeakyRely", "x.npy", "y.npy"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("the nearest names are leaky_relu"), "{}", run.err);
}
