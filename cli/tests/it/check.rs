//! `wgpu-relu check`. The program's own tests show that it fails when it should.

use crate::Folder;

#[test]
fn relu_and_elu_hold_their_bounds() {
    let folder = Folder::new();
    let table = folder.run(["check", "relu", "elu(alpha=0.5)"]).succeeded();
    for operation in ["forward", "in place", "gradient"] {
        assert_eq!(table.matches(operation).count(), 6, "{table}");
    }
    assert_eq!(
        (table.matches(" f16 ").count(), table.matches(" bf16 ").count()),
        (6, 6),
        "{table}"
    );
    assert!(table.contains("elu(alpha=0.5)") && table.contains("18 of 18 operations"), "{table}");

    let json = folder.run(["check", "relu", "--element", "f32", "--json"]).succeeded();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["passed"], true, "{json}");
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{json}");
    for result in results {
        assert_eq!((&result["activation"], &result["element"]), (&"relu".into(), &"f32".into()));
        assert!(result["count"].as_u64().unwrap() > 300_000, "{json}");
        assert_eq!(result["worst_ulp"], 0.0, "{json}");
    }
}
