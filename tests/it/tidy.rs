//! The rules of the house that a compiler does not hold: arrows that must never exist, and words that must not be
//! written. ARCHITECTURE.md gives the reason of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const SERVICES: [&str; 4] = ["sojourn-prepare", "sojourn-export", "sojourn-schema", "sojourn-replay"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace").to_owned()
}

/// The direct dependencies of each member, without those of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().expect("a list").iter();
        all.filter(|dependency| dependency["kind"].is_null()).map(name).collect()
    };
    metadata["packages"].as_array().expect("a list").iter().map(|package| (name(package), of(package))).collect()
}

#[test]
fn arrows_that_must_never_exist() {
    let dependencies = dependencies();
    let mut wrong = Vec::new();
    let mut forbid = |from: &str, to: &[&str]| {
        let has = &dependencies[from];
        wrong.extend(to.iter().filter(|to| **to != from && has.contains(**to)).map(|to| format!("{from} -> {to}")));
    };
    for service in SERVICES {
        forbid(service, &SERVICES);
        forbid(service, &["sojourn-agent", "rusqlite"]);
    }
    forbid("sojourn-agent", &SERVICES);
    forbid("sojourn-agent", &["sqlx", "sojourn-platform"]);
    forbid("sojourn-admin", &["sojourn-export", "sojourn-replay", "sojourn-agent", "rusqlite", "async-nats"]);
    let io = ["tokio", "async-nats", "sqlx", "rusqlite", "sojourn-runtime", "sojourn-platform", "jiff", "rand"];
    forbid("sojourn-wire", &io);
    forbid("sojourn-wire", &["sojourn-metadata"]);
    forbid("sojourn-metadata", &io);
    forbid("sojourn-runtime", &["sqlx", "rusqlite", "sojourn-agent", "sojourn-platform"]);
    forbid("sojourn-runtime", &SERVICES);
    forbid("sojourn-platform", &["rusqlite", "async-nats", "sojourn-agent", "sojourn-wire", "sojourn-runtime"]);
    for other in dependencies.keys().filter(|name| *name != "sojourn-agent") {
        forbid(other, &["rusqlite"]);
    }
    assert!(wrong.is_empty(), "these dependencies must not exist: {wrong:?}");
}

/// Every Rust file of the workspace, by its path from the root, without what follows `#[cfg(test)]`.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for top in ["crates", "services", "agent", "admin", "dev", "samples", "tests"] {
        collect(&root().join(top), &mut files);
    }
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() && entry.file_name().is_some_and(|name| name != "target") {
            collect(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&entry).expect("text");
            let code = text.split("#[cfg(test)]\n").next().unwrap_or_default().to_owned();
            let path = entry.strip_prefix(root()).expect("below the root").display().to_string();
            files.push((path, code));
        }
    }
}

/// Lines of code, without comments, that hold one of `words`, in files that `applies` to.
#[track_caller]
fn nowhere(what: &str, words: &[&str], applies: impl Fn(&str) -> bool) {
    let mut wrong = Vec::new();
    for (path, code) in sources().iter().filter(|(path, _)| applies(path)) {
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("{path}:{}: {word}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs")
}

#[test]
fn subjects_are_spelled_in_wire_alone() {
    let literals = [
        "\"req.",
        "\"op.",
        "\"job.",
        "\"batch.",
        "\"res.",
        "\"evt.",
        "\"schema.",
        "\"rpc.",
        "\"dead.",
        "\"plugin.",
        "\"event.",
        "\"$JS",
        "\"_INBOX_",
    ];
    nowhere("a subject literal outside crates/wire", &literals, |path| {
        !path.starts_with("crates/wire/") && !is_test(path)
    });
}

#[test]
fn each_engine_has_one_door() {
    nowhere("SQLite outside the agent's store", &["rusqlite"], |path| {
        !path.starts_with("agent/src/store/") && !is_test(path)
    });
    nowhere("a statement outside a service's db", &["sqlx::query", "sqlx::raw_sql", ".execute(&"], |path| {
        let ours = ["services/", "admin/"].iter().any(|folder| path.starts_with(folder));
        ours && !path.contains("/src/db") && !is_test(path) && !path.ends_with("testing.rs")
    });
    nowhere("unchecked SQL outside the builder", &["AssertSqlSafe"], |path| {
        path != "crates/platform/src/sql.rs" && !is_test(path)
    });
    nowhere("unsafe outside the virtual table and the operating system", &["unsafe "], |path| {
        !["agent/src/store/batch_table", "dev/src/os"].iter().any(|allowed| path.starts_with(allowed)) && !is_test(path)
    });
}

#[test]
fn pure_files_stay_pure() {
    let pure = [
        "crates/wire/",
        "crates/metadata/",
        "crates/platform/src/sql.rs",
        "crates/platform/src/filter/",
        "services/prepare/src/filters/change.rs",
        "services/prepare/src/filters/list.rs",
        "services/prepare/src/groups.rs",
        "services/prepare/src/plan/",
        "services/prepare/src/sources.rs",
        "services/prepare/src/statement/",
        "services/prepare/src/sync/work.rs",
        "services/export/src/statement.rs",
        "services/export/src/http/pieces.rs",
        "services/export/src/http/range.rs",
        "services/export/src/plan.rs",
        "services/export/src/pace.rs",
        "services/export/src/cut.rs",
        "services/export/src/compare.rs",
        "services/replay/src/announce.rs",
        "services/replay/src/duplicates.rs",
        "services/replay/src/merge",
        "services/replay/src/order.rs",
        "services/replay/src/park.rs",
        "services/replay/src/pipeline.rs",
        "services/replay/src/groups.rs",
        "services/replay/src/plugins/reply.rs",
        "services/replay/src/refusal",
        "services/replay/src/runs.rs",
        "services/replay/src/statement/",
        "services/replay/src/ties.rs",
        "services/replay/src/validate.rs",
        "services/schema/src/register/",
        "services/schema/src/statement/",
        "admin/src/explain/facts.rs",
        "admin/src/explain/sentence.rs",
        "agent/src/commands/inspect/rows.rs",
        "agent/src/commands/settings/rules.rs",
        "agent/src/batching.rs",
        "agent/src/download/recorder.rs",
        "agent/src/download/rounds.rs",
        "agent/src/download/share.rs",
        "agent/src/filters/choose.rs",
        "agent/src/filters/place.rs",
        "agent/src/progress/course.rs",
        "agent/src/progress/words.rs",
        "agent/src/link/pace.rs",
        "agent/src/session",
        "agent/src/verify/narrow.rs",
        "agent/src/verify/classify.rs",
        "dev/src/oracle/compare.rs",
    ];
    let files = sources();
    for path in pure {
        assert!(files.iter().any(|(file, _)| file.starts_with(path)), "{path} is not there any more: change the list");
    }
    let words = [
        "tokio::",
        "async_nats",
        "sqlx::query",
        "rusqlite",
        "std::env::",
        "std::fs",
        "clock::",
        "async ",
        "SystemTime",
    ];
    nowhere("I/O, time or chance in a pure file", &words, |path| {
        pure.iter().any(|prefix| path.starts_with(prefix)) && !is_test(path)
    });
}

#[test]
fn a_service_writes_only_its_own_tables() {
    let owned: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "prepare",
            &[
                "subscription",
                "subscription_client",
                "subscription_entity",
                "session",
                "subscription_sync_info",
                "session_order",
                "sync_progress",
                "local_data_group",
                "tracking",
                "tracking_horizon",
            ][..],
        ),
        ("export", &["batch", "batch_token", "export_activity"][..]),
        ("schema", &["dataset", "entity", "metadata_version", "replay_rules", "tracked_table", "tracking"][..]),
        ("replay", &["replay_progress", "operation", "attachment_part", "event"][..]),
    ]);
    let mut writes = 0;
    for (path, code) in sources().iter().filter(|(path, _)| path.starts_with("services/")) {
        let service = path.split('/').nth(1).expect("services/<name>/…");
        for verb in ["INSERT INTO sojourn.", "UPDATE sojourn.", "DELETE FROM sojourn."] {
            for after in code.split(verb).skip(1) {
                let table: String = after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                writes += 1;
                assert!(
                    table.is_empty() || owned[service].contains(&table.as_str()),
                    "{path}: {service} writes {table}"
                );
            }
        }
    }
    assert!(writes > 10, "only {writes} writes were found: the pattern no longer fits the code");
}

#[test]
fn words_that_must_not_be_written() {
    nowhere(
        "waiting on luck, or a test that does not run",
        &["thread::sleep", "#[ignore", "todo!(", "unimplemented!("],
        |path| path != "tests/it/tidy.rs",
    );
    let tests_sleep = ["tokio::time::sleep(Duration::from_secs("];
    nowhere("a test that sleeps", &tests_sleep, |path| path.starts_with("tests/it/") && path != "tests/it/tidy.rs");
}
