//! A strided part of the exhaustive check (`cargo xtask exhaustive` runs all of it).

#[path = "../../examples/exhaustive/check.rs"]
mod check;

use crate::gpu;

/// 2^20 + 1 inputs in each of 16 blocks spread over all bit patterns.
#[test]
fn relu_equals_numpy_over_a_part_of_all_inputs() {
    let differing = check::relu(gpu(), (0..256).step_by(17), |_| ()).unwrap();
    assert_eq!(
        differing,
        Vec::<u32>::new(),
        "blocks that differ from NumPy's"
    );
}
