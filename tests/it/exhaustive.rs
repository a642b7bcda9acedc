//! A strided part of the exhaustive check (`cargo xtask exhaustive` runs all of it).

use testkit::exhaustive;

use crate::gpu;

/// 17 of the 256 blocks of 2^24 inputs, spread over both signs, with the NaNs.
#[test]
fn relu_equals_numpy_over_a_part_of_all_inputs() {
    let differing = exhaustive::relu(gpu(), (0..256).step_by(17).chain([127]), |_| ()).unwrap();
    assert_eq!(differing, Vec::<u32>::new(), "blocks that differ from NumPy's");
}
