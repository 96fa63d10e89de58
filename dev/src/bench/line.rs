//! One figure beside its baseline, as a script reads it. Pure.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::sample::Sample;

/// What was varied: names and values, in the order a person wants to read them.
pub(crate) type Case = Vec<(&'static str, Value)>;

/// Which way a ratio is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ratio {
    /// The value as a multiple of the baseline: throughputs, and what something costs on top.
    ValueByBaseline,
    /// The baseline as a multiple of the value: how many times faster.
    BaselineByValue,
}

/// Something measured beside its baseline, in the same run.
#[derive(Debug, Clone)]
pub(crate) struct Measured<'s> {
    /// What was varied.
    pub(crate) case: Case,
    /// What was measured.
    pub(crate) metric: &'static str,
    /// The unit of all values.
    pub(crate) unit: &'static str,
    /// The measurements.
    pub(crate) value: &'s Sample,
    /// What they are compared with.
    pub(crate) baseline: &'static str,
    /// The measurements of that.
    pub(crate) baseline_value: &'s Sample,
    /// How they are compared.
    pub(crate) ratio: Ratio,
    /// What must be known to read the figure rightly.
    pub(crate) note: Option<String>,
}

/// A figure: medians, and the least and greatest value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    bench: &'static str,
    #[serde(serialize_with = "as_object")]
    pub(super) case: Case,
    pub(super) metric: &'static str,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    pub(super) baseline: &'static str,
    pub(super) baseline_value: f64,
    pub(super) ratio: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

impl Line {
    /// The figure of what a benchmark measured.
    pub(crate) fn of(bench: &'static str, measured: Measured<'_>) -> Line {
        let (value, baseline_value) = (measured.value.median(), measured.baseline_value.median());
        let ratio = match measured.ratio {
            Ratio::ValueByBaseline => value / baseline_value,
            Ratio::BaselineByValue => baseline_value / value,
        };
        Line {
            bench,
            case: measured.case,
            metric: measured.metric,
            value: rounded(value),
            unit: measured.unit,
            baseline: measured.baseline,
            baseline_value: rounded(baseline_value),
            ratio: rounded(ratio),
            least: rounded(measured.value.least()),
            greatest: rounded(measured.value.greatest()),
            note: measured.note,
        }
    }

    /// One JSON object in one line.
    pub(crate) fn json(&self) -> String {
        // Plain data with string keys.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// More than three decimals are noise.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn as_object<S: Serializer>(case: &Case, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(case.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measured<'s>(value: &'s Sample, baseline_value: &'s Sample, ratio: Ratio) -> Measured<'s> {
        let case = vec![("subscription", json!(100_000)), ("changes", json!(100)), ("where", json!("inside"))];
        let (metric, unit, baseline) = ("time", "ms", "full prepare");
        Measured { case, metric, unit, value, baseline, baseline_value, ratio, note: None }
    }

    #[test]
    fn a_line_has_the_fields_of_the_contract_in_its_order() {
        let (value, baseline) = ([8.0, 10.0, 14.0].into_iter().collect(), [700.0, 650.00044].into_iter().collect());
        let line = Line::of("prepare", measured(&value, &baseline, Ratio::BaselineByValue));
        assert_eq!(
            line.json(),
            r#"{"bench":"prepare","case":{"subscription":100000,"changes":100,"where":"inside"},"metric":"time","value":10.0,"unit":"ms","baseline":"full prepare","baseline_value":675.0,"ratio":67.5,"least":8.0,"greatest":14.0}"#
        );
    }

    #[test]
    fn the_ratio_is_read_both_ways() {
        let (value, baseline) = ([3.0].into_iter().collect(), [2.0].into_iter().collect());
        assert_eq!(Line::of("x", measured(&value, &baseline, Ratio::ValueByBaseline)).ratio, 1.5);
        assert_eq!(Line::of("x", measured(&value, &baseline, Ratio::BaselineByValue)).ratio, 0.667);
    }

    #[test]
    fn a_note_is_told() {
        let one = [1.0].into_iter().collect();
        let noted = Measured { note: Some("fsync is off".to_owned()), ..measured(&one, &one, Ratio::ValueByBaseline) };
        assert!(Line::of("x", noted).json().ends_with(r#""note":"fsync is off"}"#));
    }
}
