//! The figures of one benchmark as a person reads them. Pure.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

use super::line::Line;

/// Figures that can stand under the same headings: what was measured, beside what, and what was varied.
type Headings<'l> = (&'l str, &'l str, &'l str, Vec<&'static str>);

/// A table for each kind of figure, with its title: what was varied, the median, its range, and the baseline.
pub(crate) fn of(lines: &[Line]) -> Vec<(String, Table)> {
    let mut kinds: Vec<Headings<'_>> = Vec::new();
    for line in lines {
        if !kinds.contains(&headings(line)) {
            kinds.push(headings(line));
        }
    }
    let of_kind = |kind: Headings<'_>| {
        let title = format!("{} in {}, beside {}", kind.0, kind.1, kind.2);
        let lines = lines.iter().filter(|line| headings(line) == kind);
        (title, table(&kind.3, lines))
    };
    kinds.iter().map(|kind| of_kind(kind.clone())).collect()
}

fn headings(line: &Line) -> Headings<'_> {
    (line.metric, line.unit, line.baseline, line.case.iter().map(|(name, _)| *name).collect())
}

fn table<'l>(varied: &[&'static str], lines: impl Iterator<Item = &'l Line>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(varied.iter().copied().chain(["median", "least", "greatest", "baseline", "ratio", ""]));
    for line in lines {
        table.add_row(line.case.iter().map(|(_, value)| told(value)).chain(figure(line)));
    }
    for column in 0..5 {
        if let Some(column) = table.column_mut(varied.len() + column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn figure(line: &Line) -> [String; 6] {
    [
        short(line.value),
        short(line.least),
        short(line.greatest),
        short(line.baseline_value),
        format!("{}x", short(line.ratio)),
        line.note.clone().unwrap_or_default(),
    ]
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::line::{Measured, Ratio};
    use super::*;

    #[test]
    fn figures_of_one_kind_share_a_table() {
        let sample = [12.345].into_iter().collect();
        let line = |case, metric| {
            let (unit, baseline, ratio, note) = ("ms", "full prepare", Ratio::ValueByBaseline, None);
            let (value, baseline_value) = (&sample, &sample);
            Line::of("x", Measured { case, metric, unit, value, baseline, baseline_value, ratio, note })
        };
        let changes = |count: u64| vec![("changes", json!(count)), ("where", json!("inside"))];
        let lines = [line(changes(100), "time"), line(vec![("rows", json!(7))], "time"), line(changes(1000), "time")];
        let tables = of(&lines);
        let [(title, table), _] = &tables[..] else { panic!("{} tables", tables.len()) };
        assert_eq!(title, "time in ms, beside full prepare");
        let shown = table.to_string();
        let rows: Vec<Vec<&str>> = shown.lines().map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["changes", "where", "median", "least", "greatest", "baseline", "ratio"]);
        assert_eq!(rows[1], ["100", "inside", "12.3", "12.3", "12.3", "12.3", "1.00x"]);
        assert_eq!(rows[2][..2], ["1000", "inside"]);
    }

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!([1234.5, 56.78, 1.234].map(short), ["1234", "56.8", "1.23"]);
    }
}
