//! What Postgres' planner says about a filter. Pure.

use serde_json::Value;

/// Smaller tables are read in no time.
const REMARKABLE_ROWS: f64 = 10_000.0;
/// A table of which more than this part is wanted is best read from end to end.
const LARGE_PART: f64 = 0.1;

/// A table that is read from end to end for a small part of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// The table.
    pub table: String,
    /// The planner's cost of it, in its own unit (reading one page in order costs 1).
    pub cost: f64,
    /// Rows that come out of it, as the planner estimates.
    pub rows: f64,
    /// What is looked at in each row.
    pub condition: String,
}

/// The scans from end to end in a plan (`EXPLAIN (FORMAT JSON)`).
#[must_use]
pub fn scans(plan: &Value) -> Vec<Scan> {
    let mut found = Vec::new();
    if let Some(top) = plan.get(0).and_then(|first| first.get("Plan")) {
        collect(top, &mut found);
    }
    found
}

fn collect(node: &Value, found: &mut Vec<Scan>) {
    let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| node.get(key).and_then(Value::as_f64).unwrap_or_default();
    if text("Node Type").ends_with("Seq Scan") {
        let (table, condition) = (text("Relation Name").to_owned(), text("Filter").to_owned());
        found.push(Scan { table, cost: number("Total Cost"), rows: number("Plan Rows"), condition });
    }
    for child in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        collect(child, found);
    }
}

/// Whether reading this table of so many rows from end to end is worth a word.
#[must_use]
pub fn is_remarkable(scan: &Scan, rows_in_table: f64) -> bool {
    rows_in_table >= REMARKABLE_ROWS && scan.rows < rows_in_table * LARGE_PART
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_are_found_at_any_depth() {
        let plan = serde_json::json!([{ "Plan": { "Node Type": "Hash Join", "Plans": [
            { "Node Type": "Index Scan", "Relation Name": "account" },
            { "Node Type": "Hash", "Plans": [{ "Node Type": "Parallel Seq Scan", "Relation Name": "contact",
                "Total Cost": 812.5, "Plan Rows": 12, "Filter": "(city ~~ '%x%'::text)" }] } ] } }]);
        let found = scans(&plan);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].table.as_str(), found[0].cost), ("contact", 812.5));
        assert!(is_remarkable(&found[0], 50_000.0));
        assert!(!is_remarkable(&found[0], 100.0) && !is_remarkable(&found[0], 9_999.0));
        assert!(scans(&Value::Null).is_empty());
    }
}
