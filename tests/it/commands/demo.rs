//! The demonstration shows everything, finds it as expected, and says so to scripts in one object.

use super::{ran, sojourn_dev};
use crate::support::run;

#[test]
fn a_demo_prints_one_object_with_everything_as_expected() {
    run(async {
        let ran = ran(sojourn_dev(&["demo", "--once", "--json", "--rows", "1000"])).await;
        let told = ran.expect(0);
        let number = |name: &str| told[name].as_u64().unwrap_or_else(|| panic!("{name} is no number: {told}"));
        assert!(number("rows") >= 1000, "{told}");
        assert!(number("operations") >= 7, "create, update, delete, a group, a duplicate, a forbidden write: {told}");
        number("go_offline_ms");
        assert_eq!(told["converged"], true, "{told}");
        let verdicts = told["verdicts"].as_object().expect("a count for each verdict");
        let counts: Vec<u64> = verdicts.values().map(|count| count.as_u64().expect("a count")).collect();
        assert_eq!(counts.iter().sum::<u64>(), number("operations"), "every operation has its verdict: {told}");
        assert!(verdicts["applied"].as_u64() >= Some(4) && verdicts["rejected"].as_u64() >= Some(1), "{told}");
    });
}
