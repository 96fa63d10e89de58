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

#[test]
fn a_quick_benchmark_prints_lines_of_the_contract() {
    run(async {
        let args = ["bench-sync", "--quick", "--json", "--only", "tracking", "--only", "prepare"];
        let output = tokio::task::spawn_blocking(move || sojourn_dev(&args).output()).await.expect("a thread");
        let output = output.expect("it starts");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{talk}");
        assert!(talk.contains("Postgres ") && talk.contains("processors"), "the machine is told: {talk}");
        let told = String::from_utf8(output.stdout).expect("text");
        let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        lines.iter().for_each(assert_in_contract);

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
fn an_unknown_benchmark_is_refused_and_the_known_ones_are_named() {
    run(async {
        let ran = ran(sojourn_dev(&["bench-sync", "--only", "everything"])).await;
        assert_refused(&ran, 2, &["everything", "prepare", "tracking"]);
    });
}
