//! The edges of every type: what sync must carry unharmed, and what a careless codec breaks.
//!
//! The first [`EDGE_ROWS`] rows of each entity go through these lists, one entry a row, and start over when a list is
//! shorter. `None` is null.

/// Edge rows of each entity; no list is longer, so each value occurs.
pub(crate) const EDGE_ROWS: usize = 16;

/// What an edge row has in one column.
pub(crate) enum Edge {
    /// It is no edge row: the proposed value stands.
    Ordinary,
    /// Null.
    Null,
    /// This, before escaping.
    Value(&'static str),
}

impl Edge {
    /// What row `nth` has of `edges`.
    pub(crate) fn of(nth: Option<usize>, edges: &'static [Option<&'static str>]) -> Edge {
        match nth.map(|nth| edges[nth % edges.len()]) {
            None => Edge::Ordinary,
            Some(None) => Edge::Null,
            Some(Some(value)) => Edge::Value(value),
        }
    }
}

type Edges = &'static [Option<&'static str>];

pub(crate) const TEXT: Edges = &[
    Some(""),
    None,
    Some(" "),
    Some("  leading and trailing  "),
    Some("it's \"quoted\", `twice` and «elsewhere»"),
    Some("line one\nline two\r\nline three\ttabbed"),
    Some("back\\slash, \\N, \\., \\x00, %s, {0}, $1, ?1"),
    Some("NULL"),
    Some("'); DROP TABLE crm.contact; --"),
    Some("<b>&amp;</b>]]>"),
    Some("日本語と中文と한국어"),
    Some("مرحبا بالعالم \u{202e}reversed\u{202c}"),
    Some("👩‍👩‍👧‍👦 family, e\u{301} combined, ﬁ ligature, ß, İı"),
    Some("\u{feff}byte order mark, \u{200b}zero width, \u{a0}no break"),
    Some("\u{1}\u{7}\u{1b}\u{7f}\u{85}control"),
    Some("\u{10ffff}\u{e000}last and private"),
];

pub(crate) const SMALLINT: Edges = &[Some("-32768"), Some("32767"), Some("0"), Some("-1"), None];

pub(crate) const INTEGER: Edges = &[Some("-2147483648"), Some("2147483647"), Some("0"), Some("-1"), None];

pub(crate) const BIGINT: Edges = &[
    Some("-9223372036854775808"),
    Some("9223372036854775807"),
    Some("9007199254740993"),
    Some("-9007199254740993"),
    Some("0"),
    None,
];

pub(crate) const REAL: Edges = &[
    Some("NaN"),
    Some("Infinity"),
    Some("-Infinity"),
    Some("-0"),
    Some("3.4028235e38"),
    Some("1e-45"),
    Some("0.1"),
    Some("16777217"),
    None,
];

pub(crate) const DOUBLE: Edges = &[
    Some("NaN"),
    Some("Infinity"),
    Some("-Infinity"),
    Some("-0"),
    Some("1.7976931348623157e308"),
    Some("5e-324"),
    Some("0.1"),
    Some("0.30000000000000004"),
    None,
];

pub(crate) const NUMERIC: Edges = &[
    Some("NaN"),
    Some("Infinity"),
    Some("-Infinity"),
    Some("0"),
    Some("0.00000"),
    Some("-0.1"),
    Some("123456789012345"),
    Some("1234567890123456"),
    Some("9007199254740993.000000000000000001"),
    Some("-99999999999999999999999999999999999999999999999999.9999999999"),
    Some("0.00000000000000000000000000000000000000000000000001"),
    Some("1e1000"),
    Some("1e-1000"),
    Some("1.10"),
    Some("10000"),
    None,
];

pub(crate) const MONEY: Edges = &[
    Some("999999999999.99"),
    Some("-999999999999.99"),
    Some("0.00"),
    Some("0.01"),
    Some("-0.01"),
    Some("NaN"),
    Some("0.10"),
    None,
];

pub(crate) const POSITIVE_MONEY: Edges = &[Some("999999999999.99"), Some("0"), Some("0.01"), Some("NaN"), None];

pub(crate) const BOOLEAN: Edges = &[Some("true"), Some("false"), None];

pub(crate) const DATE: Edges = &[
    Some("infinity"),
    Some("-infinity"),
    Some("0001-01-01"),
    Some("9999-12-31"),
    Some("0044-03-15 BC"),
    Some("2024-02-29"),
    Some("1969-12-31"),
    Some("2000-01-01"),
    Some("10000-01-01"),
    None,
];

pub(crate) const TIMESTAMP: Edges = &[
    Some("infinity"),
    Some("-infinity"),
    Some("0001-01-01 00:00:00"),
    Some("9999-12-31 23:59:59.999999"),
    Some("1969-12-31 23:59:59.999999"),
    Some("2000-01-01 00:00:00"),
    Some("2024-03-31 02:30:00"),
    Some("1999-12-31 23:59:59.000001"),
    Some("0044-03-15 12:00:00 BC"),
    None,
];

pub(crate) const TIMESTAMPTZ: Edges = &[
    Some("infinity"),
    Some("-infinity"),
    Some("0001-01-01 00:00:00+00"),
    Some("9999-12-31 23:59:59.999999+00"),
    Some("1969-12-31 23:59:59.999999+00"),
    Some("2000-01-01 00:00:00+00"),
    Some("2024-03-31 02:30:00+14"),
    Some("2024-10-27 02:30:00-12"),
    Some("1999-12-31 23:59:59.000001+00"),
    Some("0044-03-15 12:00:00+00 BC"),
    None,
];

pub(crate) const JSON: Edges = &[
    Some("{}"),
    Some("[]"),
    Some("null"),
    Some("\"just text\""),
    Some("12345678901234567890.123456789"),
    Some("{\"a\": {\"b\": [1, 2.50, -0, 1e3, true, null, \"\"]}}"),
    Some("{\"quote\\\"d\": \"line\\nbreak\\\\\", \"ключ\": \"значение 🗝\"}"),
    Some("[[[[[[[[]]]]]]]]"),
    Some("false"),
    None,
];

/// Only json keeps these as they were written.
pub(crate) const JSON_AS_WRITTEN: Edges = &[
    Some("{\"twice\": 1, \"twice\": 2}"),
    Some("{ \"spaced\" :\n\t[ 1 , 2 ] }"),
    Some("{\"nul\": \"\\u0000\"}"),
    Some("null"),
    Some("1.0e0"),
    None,
];

pub(crate) const TEXT_ARRAY: Edges = &[
    Some("{}"),
    Some("{NULL}"),
    Some("{\"\"}"),
    Some("{one,NULL,\"NULL\",two}"),
    Some("{\"with, comma\",\"with \\\"quote\\\"\",\"with \\\\ backslash\",\"{braces}\"}"),
    Some("{\"line\nbreak\",\" spaces \",日本,👍}"),
    Some("[0:1]={from,zero}"),
    Some("{{a,b},{c,NULL}}"),
    None,
];

pub(crate) const BYTES: Edges =
    &[Some("\\x"), Some("\\x00"), Some("\\xff00fe01deadbeef"), Some("\\x89504e470d0a1a0a"), Some("\\x5c4e0a"), None];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_fits_into_the_edge_rows() {
        for edges in [
            TEXT,
            SMALLINT,
            INTEGER,
            BIGINT,
            REAL,
            DOUBLE,
            NUMERIC,
            MONEY,
            POSITIVE_MONEY,
            BOOLEAN,
            DATE,
            TIMESTAMP,
            TIMESTAMPTZ,
            JSON,
            JSON_AS_WRITTEN,
            TEXT_ARRAY,
            BYTES,
        ] {
            assert!(edges.len() <= EDGE_ROWS, "{edges:?}");
        }
    }
}
