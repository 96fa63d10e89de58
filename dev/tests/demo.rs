//! The demo as a script calls it.

use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn the_demo_prints_one_json_object_and_converges() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn-dev"));
    let output = command.args(["demo", "--once", "--json"]).stdin(Stdio::null()).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["converged"], true);
    assert_eq!(summary["operations"], 14);
    let each = serde_json::json!({
        "applied": 5, "merged": 1, "duplicate": 1, "conflict": 1, "rejected": 3, "parked": 2, "cancelled": 1
    });
    assert_eq!(summary["verdicts"], each);
    assert_eq!(summary["settled"]["left"], 0, "{summary}");
    assert!(summary["rows"].as_u64() >= Some(6_296) && summary["entities"].as_u64() >= Some(10), "{summary}");
    for measured in ["go_offline_ms", "prepare_ms", "go_online_ms", "rows_per_second"] {
        assert!(summary[measured].as_u64() > Some(0), "{measured}: {summary}");
    }
}
