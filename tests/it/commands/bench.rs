//! The benchmarks measure what they say they do, and tell scripts in one object a line. How fast is nobody's business
//! here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{assert_refused, ran, sojourn_dev};
use crate::support::run;

/// What every line tells, by its type.
const TEXTS: [&str; 4] = ["bench", "metric", "unit", "baseline"];
const NUMBERS: [&str; 5] = ["value", "baseline_value", "ratio", "least", "greatest"];

#[track_caller]
fn assert_in_contract(line: &Value) {
    assert!(line["case"].as_object().is_some_and(|case| !case.is_empty()), "the case: {line}");
    for name in TEXTS {
        assert!(line[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {line}");
    }
    for name in NUMBERS {
        assert!(line[name].as_f64().is_some_and(|number| number > 0.0), "{name}: {line}");
    }
    let number = |name: &str| line[name].as_f64();
    assert!(number("least") <= number("value") && number("value") <= number("greatest"), "a median: {line}");
}

/// The lines of a quick run of these benchmarks.
async fn quick(names: &[&str]) -> Vec<Value> {
    let only = names.iter().flat_map(|name| ["--only", name]);
    let args: Vec<&str> = ["bench-sync", "--quick", "--json"].into_iter().chain(only).collect();
    let mut command = sojourn_dev(&args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    let output = output.expect("it starts");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert!(talk.contains("Postgres ") && talk.contains("processors"), "the machine is told: {talk}");
    let told = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.iter().for_each(assert_in_contract);
    lines
}

/// What the lines of a metric have under a name of their cases.
fn cases(lines: &[Value], metric: &str, name: &str) -> BTreeSet<String> {
    let of_metric = lines.iter().filter(|line| line["metric"] == metric);
    of_metric.filter_map(|line| line["case"][name].as_str().map(ToOwned::to_owned)).collect()
}

#[test]
fn prepare_and_tracking_print_lines_of_the_contract() {
    run(async {
        let lines = quick(&["tracking", "prepare"]).await;
        let of = |bench: &str| lines.iter().filter(|line| line["bench"] == bench).cloned().collect::<Vec<Value>>();
        let kinds: BTreeSet<String> =
            of("tracking").iter().map(|l| format!("{} {}", l["case"]["writes"], l["case"]["kind"])).collect();
        assert_eq!(kinds.len(), 7, "four kinds in bulk, three single: {kinds:?}");
        let prepare = of("prepare");
        for subscription in [10, 100, 1_000, 10_000] {
            let sees = |line: &&Value| line["case"]["subscription"] == subscription && line["metric"] == "time";
            let places: BTreeSet<String> =
                prepare.iter().filter(sees).map(|line| line["case"]["where"].to_string()).collect();
            assert!(places.len() >= 2, "a subscription of {subscription} is measured at {places:?}");
        }
        assert!(prepare.iter().any(|line| line["metric"] == "prepares_per_second"), "{prepare:?}");
    });
}

#[test]
fn initial_sync_is_measured_as_a_whole_and_by_its_parts() {
    run(async {
        let lines = quick(&["initial"]).await;
        assert!(lines.iter().all(|line| line["case"]["rows"] == 10_000), "{lines:?}");
        assert_eq!(cases(&lines, "throughput", "part").len(), 2, "the whole, and moving data: {lines:?}");
        assert!(cases(&lines, "time", "part").contains("PrepareSync"), "{lines:?}");
        let stages = cases(&lines, "time", "stage");
        assert!(stages.contains("server reads") && stages.contains("device loads"), "{stages:?}");
        if cfg!(target_os = "linux") {
            let of = cases(&lines, "processor time", "of");
            assert!(["postgres", "agent", "all of them"].iter().all(|name| of.contains(*name)), "{of:?}");
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn the_memory_of_the_agent_and_of_every_service_is_measured() {
    run(async {
        let processes = cases(&quick(&["memory"]).await, "peak", "process");
        let expected = ["agent", "export", "prepare", "replay", "schema"];
        assert_eq!(processes.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    });
}

#[test]
fn a_devices_file_is_measured_beside_its_table_with_and_without_indexes() {
    run(async {
        let lines = quick(&["file-size"]).await;
        let baselines: BTreeSet<&str> = lines.iter().filter_map(|line| line["baseline"].as_str()).collect();
        assert_eq!(baselines.len(), 2, "{lines:?}");
    });
}

#[test]
fn many_devices_are_measured_together_and_one_by_one() {
    run(async {
        let lines = quick(&["fanout"]).await;
        let metrics: Vec<&str> = lines.iter().filter_map(|line| line["metric"].as_str()).collect();
        assert_eq!(metrics, ["all devices", "one device among them"]);
        assert!(lines.iter().all(|line| line["case"]["devices"] == 5), "{lines:?}");
    });
}

#[test]
fn batching_is_one_table_of_both_links_with_and_without_adjustment() {
    run(async {
        let lines = quick(&["batching"]).await;
        assert_eq!(cases(&lines, "initial GoOffline", "link").len(), 2);
        assert_eq!(cases(&lines, "initial GoOffline", "batch-size adjustment").len(), 2);
        let without = |line: &&Value| line["case"]["batch-size adjustment"] == "without";
        let figures: Vec<f64> = lines.iter().filter(without).filter_map(|l| l["baseline_value"].as_f64()).collect();
        assert_eq!(figures, [299.918, 29.952, 299.918, 29.952], "the documents' own");
        let notes: Vec<&str> = lines.iter().filter_map(|line| line["note"].as_str()).collect();
        assert!(notes[0] == "62 batches" && notes[1] != notes[0], "batches grow where they are adjusted: {notes:?}");
    });
}

#[test]
fn an_unknown_benchmark_is_refused_and_the_known_ones_are_named() {
    run(async {
        let ran = ran(sojourn_dev(&["bench-sync", "--only", "everything"])).await;
        assert_refused(&ran, 2, &["everything", "prepare", "tracking", "initial", "file-size"]);
    });
}
