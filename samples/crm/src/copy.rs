//! Rows in Postgres' text format for COPY, and the substitution of edge values.
//!
//! A row that is begun as an edge row gets the edges of each column's type in place of what the caller proposes,
//! wherever the caller uses a method named after a type. What must obey more than its type, because it is required,
//! refers to a row or has a check, goes through [`Rows::exact`] and its kin, and is never replaced.

use std::fmt::{Display, Write};

use jiff::Timestamp;
use uuid::Uuid;

use crate::edges::{self, Edge};

/// Rows of one table, ready to be sent.
#[derive(Default)]
pub(crate) struct Rows {
    text: String,
    edge: Option<usize>,
}

impl Rows {
    /// Begins a row: the `edge`th edge row, or an ordinary one.
    pub(crate) fn begin(&mut self, edge: Option<usize>) -> &mut Rows {
        self.edge = edge;
        self
    }

    /// Ends a row of at least one column.
    pub(crate) fn end(&mut self) {
        self.text.pop();
        self.text.push('\n');
    }

    /// How much there is to send, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// What there is to send; the rows are empty again.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }

    /// A value that needs no escaping: a number, an enum's label, an array's literal.
    pub(crate) fn exact(&mut self, value: impl Display) -> &mut Rows {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
        self.next()
    }

    /// As [`Rows::exact`], or null.
    pub(crate) fn exact_or_null(&mut self, value: Option<impl Display>) -> &mut Rows {
        match value {
            Some(value) => self.exact(value),
            None => self.null(),
        }
    }

    /// Text that must be this text.
    pub(crate) fn exact_text(&mut self, value: &str) -> &mut Rows {
        let special = |letter| matches!(letter, '\\' | '\n' | '\r' | '\t');
        let plain = value.find(special).unwrap_or(value.len());
        self.text.push_str(&value[..plain]);
        for letter in value[plain..].chars() {
            match letter {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                other => self.text.push(other),
            }
        }
        self.next()
    }

    /// As [`Rows::exact_text`], or null.
    pub(crate) fn exact_text_or_null(&mut self, value: Option<impl AsRef<str>>) -> &mut Rows {
        match value {
            Some(value) => self.exact_text(value.as_ref()),
            None => self.null(),
        }
    }

    /// An id or a reference.
    pub(crate) fn id(&mut self, value: Uuid) -> &mut Rows {
        let mut buffer = Uuid::encode_buffer();
        self.text.push_str(value.hyphenated().encode_lower(&mut buffer));
        self.next()
    }

    /// A reference that may be null.
    pub(crate) fn id_or_null(&mut self, value: Option<Uuid>) -> &mut Rows {
        match value {
            Some(value) => self.id(value),
            None => self.null(),
        }
    }

    /// A moment that must be this one, with or without time zone.
    pub(crate) fn exact_moment(&mut self, value: Timestamp) -> &mut Rows {
        self.exact(value)
    }

    /// text and varchar; `limit` is the latter's length in characters.
    pub(crate) fn text(&mut self, limit: usize, value: Option<impl AsRef<str>>) -> &mut Rows {
        match self.edge_of(edges::TEXT) {
            Edge::Ordinary => self.exact_text_or_null(value),
            Edge::Null => self.null(),
            Edge::Value(edge) => {
                let end = edge.char_indices().nth(limit).map_or(edge.len(), |(at, _)| at);
                self.exact_text(&edge[..end])
            }
        }
    }

    /// A value of a type whose edges are `edges`.
    pub(crate) fn value(&mut self, edges: &'static [Option<&'static str>], value: Option<impl Display>) -> &mut Rows {
        match self.edge_of(edges) {
            Edge::Ordinary => self.exact_or_null(value),
            Edge::Null => self.null(),
            Edge::Value(edge) => self.exact(edge),
        }
    }

    /// json and jsonb, text arrays: values whose literals may hold anything.
    pub(crate) fn literal(
        &mut self,
        edges: &'static [Option<&'static str>],
        value: Option<impl AsRef<str>>,
    ) -> &mut Rows {
        match self.edge_of(edges) {
            Edge::Ordinary => self.exact_text_or_null(value),
            Edge::Null => self.null(),
            Edge::Value(edge) => self.exact_text(edge),
        }
    }

    /// numeric(14,2), given in hundredths.
    pub(crate) fn money(&mut self, hundredths: Option<i64>) -> &mut Rows {
        self.value(edges::MONEY, hundredths.map(Hundredths))
    }

    /// numeric(14,2) that may not be negative, given in hundredths.
    pub(crate) fn positive_money(&mut self, hundredths: Option<i64>) -> &mut Rows {
        self.value(edges::POSITIVE_MONEY, hundredths.map(Hundredths))
    }

    /// The day of a moment.
    pub(crate) fn date(&mut self, value: Option<Timestamp>) -> &mut Rows {
        self.value(edges::DATE, value.map(|moment| moment.strftime("%Y-%m-%d").to_string()))
    }

    /// bytea.
    pub(crate) fn bytes(&mut self, value: Option<Vec<u8>>) -> &mut Rows {
        match self.edge_of(edges::BYTES) {
            Edge::Ordinary => match value {
                Some(value) => self.hex(&value),
                None => self.null(),
            },
            Edge::Null => self.null(),
            Edge::Value(edge) => self.exact_text(edge),
        }
    }

    fn hex(&mut self, bytes: &[u8]) -> &mut Rows {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.text.push_str("\\\\x");
        self.text.reserve(2 * bytes.len());
        for byte in bytes {
            self.text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            self.text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        self.next()
    }

    fn edge_of(&self, edges: &'static [Option<&'static str>]) -> Edge {
        Edge::of(self.edge, edges)
    }

    fn null(&mut self) -> &mut Rows {
        self.text.push_str("\\N");
        self.next()
    }

    fn next(&mut self) -> &mut Rows {
        self.text.push('\t');
        self
    }
}

/// An amount in hundredths, shown with two decimals.
pub(crate) struct Hundredths(pub(crate) i64);

impl Display for Hundredths {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        write!(formatter, "{sign}{whole}.{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Rows)) -> String {
        let mut rows = Rows::default();
        write(&mut rows);
        String::from_utf8(rows.take()).unwrap()
    }

    #[test]
    fn text_is_escaped_and_null_is_not_text() {
        let row = written(|rows| rows.begin(None).exact_text("a\tb\\N\nc").exact_text("").text(9, None::<&str>).end());
        assert_eq!(row, "a\\tb\\\\N\\nc\t\t\\N\n");
    }

    #[test]
    fn amounts_have_two_decimals_and_one_sign() {
        assert_eq!(Hundredths(-5).to_string(), "-0.05");
        assert_eq!(Hundredths(123_456).to_string(), "1234.56");
    }

    #[test]
    fn an_edge_row_keeps_what_is_exact_and_replaces_the_rest() {
        let row = written(|rows| rows.begin(Some(0)).exact(7).value(edges::INTEGER, Some(7)).end());
        assert_eq!(row, "7\t-2147483648\n");
    }

    #[test]
    fn edge_text_is_cut_to_characters_not_bytes() {
        let longest = edges::TEXT.iter().position(|edge| edge.is_some_and(|text| text.starts_with('日')));
        let row = written(|rows| rows.begin(longest).text(2, Some("x")).end());
        assert_eq!(row, "日本\n");
    }

    #[test]
    fn bytes_are_hexadecimal() {
        assert_eq!(written(|rows| rows.begin(None).bytes(Some(vec![0, 255])).end()), "\\\\x00ff\n");
    }
}
