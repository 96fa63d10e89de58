//! The device's settings of dynamic batching: shown, changed, checked, and kept.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sojourn_agent::store::{Device as Stored, Store};
use uuid::Uuid;

use super::files::files;
use super::{assert_refused, ran};
use crate::support::{agent, run};

/// A home without a server.
fn home(folder: &Path) -> PathBuf {
    let home = folder.join("home");
    std::fs::create_dir(&home).expect("a folder");
    let device = Stored {
        agent: "laptop".parse().expect("a token"),
        subscription: "s1".parse().expect("a token"),
        user_id: Uuid::from_u128(1),
        server: "nats://127.0.0.1:1".to_owned(),
    };
    drop(Store::create(&home.join("sojourn.db"), &device).expect("a database"));
    home
}

/// A setting of an answer.
#[track_caller]
fn of<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let all = answer["settings"].as_array().expect("a list");
    all.iter().find(|setting| setting["name"] == name).unwrap_or_else(|| panic!("{name} is missing: {answer}"))
}

#[test]
fn what_is_set_is_kept_and_what_is_reset_is_the_default_again() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let home = home(folder.path());
        let first = ran(agent(&home, &["settings"])).await.expect(0);
        assert_eq!(first["settings"].as_array().map(Vec::len), Some(7), "{first}");
        for setting in first["settings"].as_array().expect("a list") {
            assert_eq!(setting["value"], setting["default"], "{first}");
        }
        assert_eq!(of(&first, "batch-rows")["registry"], "OfflineRowsBatchSize");
        ran(agent(&home, &["settings", "set", "batch-rows", "77"])).await.expect(0);
        ran(agent(&home, &["settings", "set", "max-retry-count", "0"])).await.expect(0);
        let set = ran(agent(&home, &["settings", "list"])).await.expect(0);
        assert_eq!((&of(&set, "batch-rows")["value"], &of(&set, "max-retry-count")["value"]), (&json!(77), &json!(0)));
        ran(agent(&home, &["settings", "reset", "max-retry-count"])).await.expect(0);
        let reset = ran(agent(&home, &["settings", "reset", "batch-rows"])).await.expect(0);
        assert_eq!(reset, first);
    });
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let home = home(folder.path());
        ran(agent(&home, &["settings", "set", "batch-rows", "77"])).await.expect(0);
        let before = ran(agent(&home, &["settings"])).await.expect(0);
        let refused: [(&str, &str, i32, &str); 6] = [
            ("batch-rows", "0", 1, "1 to 1000000 rows"),
            ("increase-rate", "101", 1, "1 to 100 times"),
            ("min-batch-time", "4000", 1, "grow and shrink in turn"),
            ("batch-rows", "many", 2, "many"),
            ("batch-rows", "-1", 2, "-1"),
            ("batch-size", "5", 2, "batch-rows"),
        ];
        for (name, value, code, words) in refused {
            assert_refused(&ran(agent(&home, &["settings", "set", name, value])).await, code, &[words]);
        }
        assert_eq!(ran(agent(&home, &["settings"])).await.expect(0), before);
    });
}

#[test]
fn there_are_none_without_a_device() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = ran(agent(&folder.path().join("home"), &["settings", "set", "batch-rows", "5"])).await;
        assert_refused(&refused, 1, &["does not exist", "sojourn-agent init"]);
        assert!(files(folder.path()).is_empty(), "nothing was made");
    });
}
