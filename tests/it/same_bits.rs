//! Every activation gives the same bits on every device: its results over a stride of all f32, by their checksums.

use testkit::checksums;
use wgpu_relu::GpuRelu;

use crate::gpu;
use crate::harness::chosen;

#[test]
fn every_activation_gives_the_recorded_bits() {
    let (x, dy) = (checksums::x(), checksums::dy());
    let (x, dy) = (gpu().upload(&x).unwrap(), gpu().upload(&dy).unwrap());
    let mut differing = Vec::new();
    for activation in chosen(&checksums::activations()) {
        let operator = GpuRelu::with_activation(gpu(), activation).unwrap();
        let values = gpu().download(&operator.apply(&x).unwrap()).unwrap();
        let gradients = gpu().download(&operator.gradient(&x, &dy).unwrap()).unwrap();
        differing.extend(checksums::compare(activation, &values, &gradients).err());
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
