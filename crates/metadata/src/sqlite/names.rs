//! Names and texts inside SQL: the only way one gets there.

use std::fmt::{self, Display, Formatter, Write};

/// A name as it stands in SQL: in double quotes, whatever characters it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ident<'a>(pub &'a str);

/// A text as it stands in SQL: in single quotes, whatever characters it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literal<'a>(pub &'a str);

impl Display for Ident<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, '"', self.0)
    }
}

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, '\'', self.0)
    }
}

fn quoted(f: &mut Formatter<'_>, quote: char, text: &str) -> fmt::Result {
    f.write_char(quote)?;
    for character in text.chars() {
        if character == quote {
            f.write_char(quote)?;
        }
        f.write_char(character)?;
    }
    f.write_char(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_are_doubled() {
        assert_eq!(Ident("plain").to_string(), r#""plain""#);
        assert_eq!(Ident(r#"sa"id'so"#).to_string(), r#""sa""id'so""#);
        assert_eq!(Literal(r#"sa"id'so"#).to_string(), r#"'sa"id''so'"#);
    }
}
