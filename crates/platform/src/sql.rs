//! The builder of generated SQL. Only a literal in our source, an [`Ident`], a number or an id can become part of a
//! statement: text from a client never does.

use std::fmt::{self, Write as _};

use uuid::Uuid;

/// A name in Postgres, quoted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ident(String);

/// Text that cannot be a name in Postgres.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be a name in Postgres: it must have 1 to 63 bytes and no NUL")]
pub struct InvalidIdent(pub String);

impl Ident {
    /// Takes a name as the catalog has it, unquoted.
    ///
    /// # Errors
    /// [`InvalidIdent`] when Postgres could not have such a name.
    pub fn new(name: &str) -> Result<Self, InvalidIdent> {
        if name.is_empty() || name.len() > 63 || name.contains('\0') {
            return Err(InvalidIdent(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name, unquoted.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A statement in the making.
#[derive(Debug, Clone, Default)]
pub struct Sql(String);

impl Sql {
    /// Begins with a literal.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Adds a literal.
    #[must_use]
    pub fn raw(mut self, text: &'static str) -> Self {
        self.0.push_str(text);
        self
    }

    /// Adds a name.
    #[must_use]
    pub fn ident(mut self, name: &Ident) -> Self {
        let _ = write!(self.0, "{name}");
        self
    }

    /// Adds a name as a text to compare with, whatever the session says about backslashes.
    #[must_use]
    pub fn name_as_text(mut self, name: &Ident) -> Self {
        let _ = write!(self.0, "E'{}'", name.0.replace('\\', "\\\\").replace('\'', "''"));
        self
    }

    /// Adds `schema.table`.
    #[must_use]
    pub fn table(self, schema: &Ident, table: &Ident) -> Self {
        self.ident(schema).raw(".").ident(table)
    }

    /// Adds an id as a literal.
    #[must_use]
    pub fn uuid(mut self, id: Uuid) -> Self {
        let _ = write!(self.0, "'{id}'::uuid");
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        let _ = write!(self.0, "{number}");
        self
    }

    /// Adds the parameter `$n`.
    #[must_use]
    pub fn param(mut self, n: usize) -> Self {
        let _ = write!(self.0, "${n}");
        self
    }

    /// Adds a type's name as the catalog spells it (`format_type`), which is already quoted where it must be.
    #[must_use]
    pub fn catalog_type(mut self, sql_type: &CatalogType) -> Self {
        self.0.push_str(&sql_type.0);
        self
    }

    /// Adds an expression as the catalog prints it, in parentheses.
    #[must_use]
    pub fn catalog_expression(mut self, expression: &CatalogExpression) -> Self {
        let _ = write!(self.0, "({})", expression.0);
        self
    }

    /// Adds another piece of SQL that was made by this builder.
    #[must_use]
    pub fn append(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Adds one piece for each item, with a literal between them.
    #[must_use]
    pub fn list<T>(
        mut self,
        items: impl IntoIterator<Item = T>,
        between: &'static str,
        mut each: impl FnMut(Self, T) -> Self,
    ) -> Self {
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self = self.raw(between);
            }
            self = each(self, item);
        }
        self
    }

    /// The statement's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The statement, for sqlx.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one door: everything in here was put together by this builder")]
    pub fn into_sqlx(self) -> sqlx::AssertSqlSafe<String> {
        sqlx::AssertSqlSafe(self.0)
    }
}

/// A type as `format_type` spells it. It comes from the catalog through the published metadata, never from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogType(String);

impl CatalogType {
    /// Takes the spelling of a type, and refuses what no type is spelled like.
    ///
    /// # Errors
    /// [`InvalidIdent`] when the text could end the type and begin something else.
    pub fn new(text: &str) -> Result<Self, InvalidIdent> {
        let (mut quoted, mut parens) = (false, 0i32);
        for c in text.chars() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted && c != '\0' => {}
                '(' => parens += 1,
                ')' => parens -= 1,
                c if c.is_alphanumeric() || " _.,[]-".contains(c) => {}
                _ => return Err(InvalidIdent(text.to_owned())),
            }
        }
        if text.is_empty() || quoted || parens != 0 || text.contains("--") {
            return Err(InvalidIdent(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// An expression as `pg_get_expr` prints it: of a policy, for instance. It comes from the catalog, where Postgres has
/// parsed it, never from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogExpression(String);

impl CatalogExpression {
    /// Takes the print of an expression. None when the text could end the expression and begin something else.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (mut open, mut parens, mut before) = (None, 0i32, ' ');
        for c in text.chars() {
            match (open, c) {
                (_, '\0') => return None,
                (Some(quote), c) if c == quote => open = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => open = Some(c),
                (None, '(') => parens += 1,
                (None, ')') => parens -= 1,
                (None, ';') => return None,
                (None, '-') if before == '-' => return None,
                (None, '*') if before == '/' => return None,
                (None, _) => {}
            }
            if parens < 0 {
                return None;
            }
            before = c;
        }
        (!text.trim().is_empty() && open.is_none() && parens == 0).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_bad_ones_refused() {
        let name = |text: &str| Ident::new(text).expect("a name").to_string();
        assert_eq!(name("order"), r#""order""#);
        assert_eq!(name(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
        for bad in ["", "a\0b", &"x".repeat(64)] {
            assert!(Ident::new(bad).is_err());
        }
    }

    #[test]
    fn a_name_as_text_ends_nothing() {
        let text = |name: &str| Sql::default().name_as_text(&Ident::new(name).expect("a name")).text().to_owned();
        assert_eq!(text("id"), "E'id'");
        assert_eq!(text(r"a'b\'; DROP"), r"E'a''b\\''; DROP'");
    }

    #[test]
    fn types_are_types() {
        for good in ["integer", "numeric(14,2)", "character varying(80)", "text[]", "crm.\"Mood; x\"", "numeric(3,-2)"]
        {
            assert!(CatalogType::new(good).is_ok(), "{good}");
        }
        for bad in ["", "int; DROP", "text)", "(", "a'b", "\"open", "int -- x", "int /* x */"] {
            assert!(CatalogType::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn expressions_are_expressions() {
        let good = [
            "(owner_id = ( SELECT crm.own_id(2, 'read'::crm.operation) AS own_id))",
            "\"a;b\" = 'it''s; (not a -- comment'",
            r"(note <> E'\\''')",
            "(a - b) / c * d > 0",
        ];
        for good in good {
            assert!(CatalogExpression::new(good).is_some(), "{good}");
        }
        for bad in ["", " ", "true) OR (true", "true; DROP", "a = 'open", "(a", "true -- x", "true /* x */", "a\0b"] {
            assert!(CatalogExpression::new(bad).is_none(), "{bad}");
        }
        let sql = Sql::new("SELECT ").catalog_expression(&CatalogExpression::new("a OR b").expect("one"));
        assert_eq!(sql.text(), "SELECT (a OR b)");
    }

    #[test]
    fn a_statement_reads_as_it_was_written() {
        let (schema, table) = (Ident::new("crm").expect("a name"), Ident::new("contact").expect("a name"));
        let columns = ["a", "b"].map(|name| Ident::new(name).expect("a name"));
        let sql = Sql::new("SELECT ").list(&columns, ", ", |sql, c| sql.raw("e.").ident(c)).raw(" FROM ");
        let sql = sql.table(&schema, &table).raw(" e WHERE e.id > ").uuid(Uuid::nil()).raw(" LIMIT ").number(3);
        assert_eq!(
            sql.text(),
            r#"SELECT e."a", e."b" FROM "crm"."contact" e WHERE e.id > '00000000-0000-0000-0000-000000000000'::uuid LIMIT 3"#
        );
    }
}
