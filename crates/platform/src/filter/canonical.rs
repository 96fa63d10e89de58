//! A checked filter as text of its own language: the same for every spelling of the same filter.

use std::fmt::Write as _;

use super::tree::{AttributeAt, Comparison, Condition, Function, Literal, Operand};

/// The text of a condition.
pub(super) fn text(condition: &Condition) -> String {
    let mut text = String::new();
    write(&mut text, condition);
    text
}

fn write(out: &mut String, condition: &Condition) {
    match condition {
        Condition::All(inner) if inner.is_empty() => out.push_str("TRUE"),
        Condition::Any(inner) if inner.is_empty() => out.push_str("FALSE"),
        Condition::All(inner) => joined(out, inner, " AND "),
        Condition::Any(inner) => joined(out, inner, " OR "),
        Condition::Not(of) => {
            out.push_str("NOT ");
            in_parentheses(out, of);
        }
        Condition::Holds(of) => operand(out, of),
        Condition::Truth { of, value } => {
            in_parentheses(out, of);
            out.push_str(if *value { " IS TRUE" } else { " IS FALSE" });
        }
        Condition::Null(of) => {
            operand(out, of);
            out.push_str(" IS NULL");
        }
        Condition::Compare { left, comparison, right } => {
            operand(out, left);
            out.push_str(comparison.sql());
            operand(out, right);
        }
        Condition::In { of, values } => {
            operand(out, of);
            out.push_str(" IN (");
            for (i, value) in values.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                literal(out, value);
            }
            out.push(')');
        }
        Condition::Like { of, pattern, escape, any_case } => {
            operand(out, of);
            out.push_str(if *any_case { " ILIKE " } else { " LIKE " });
            string(out, pattern);
            if let Some(escape) = escape {
                out.push_str(" ESCAPE ");
                string(out, escape);
            }
        }
    }
}

/// Conditions side by side; those that are joined themselves stand in parentheses.
fn joined(out: &mut String, conditions: &[Condition], by: &str) {
    for (i, condition) in conditions.iter().enumerate() {
        out.push_str(if i > 0 { by } else { "" });
        if condition.is_joined() { in_parentheses(out, condition) } else { write(out, condition) }
    }
}

fn in_parentheses(out: &mut String, condition: &Condition) {
    out.push('(');
    write(out, condition);
    out.push(')');
}

fn operand(out: &mut String, operand_of: &Operand) {
    match operand_of {
        Operand::Attribute(at) => attribute(out, at),
        Operand::Call(function, of) => {
            out.push_str(function.sql());
            operand(out, of);
            out.push(')');
        }
        Operand::Coalesce(of, default) => {
            out.push_str("coalesce(");
            operand(out, of);
            out.push_str(", ");
            literal(out, default);
            out.push(')');
        }
        Operand::Literal(value) => literal(out, value),
        Operand::Now(offset) if offset.is_zero() => out.push_str("now()"),
        Operand::Now(offset) => {
            let _ = write!(out, "now() + interval '{offset}'");
        }
        Operand::CurrentUser => out.push_str("current_user_id()"),
    }
}

/// Always in quotes: no name is a word of SQL then, and none fits another in another case.
fn attribute(out: &mut String, at: &AttributeAt) {
    let names = at.path.iter().map(|hop| &hop.attribute).chain([&at.name]);
    let quoted: Vec<String> = names.map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    out.push_str(&quoted.join("."));
}

fn literal(out: &mut String, literal: &Literal) {
    match literal {
        Literal::Text(text) => string(out, text),
        Literal::Number(digits, _) => out.push_str(digits),
        Literal::Bool(value) => out.push_str(if *value { "TRUE" } else { "FALSE" }),
        Literal::Uuid(id) => string(out, &id.to_string()),
        Literal::Date(date) => string(out, &date.to_string()),
        Literal::Timestamp(timestamp) | Literal::Instant(timestamp) => string(out, &timestamp.to_string()),
    }
}

fn string(out: &mut String, text: &str) {
    let _ = write!(out, "'{}'", text.replace('\'', "''"));
}

impl Condition {
    /// Whether it binds less than what may stand beside it.
    pub(super) fn is_joined(&self) -> bool {
        matches!(self, Self::All(inner) | Self::Any(inner) if !inner.is_empty())
    }
}

impl Comparison {
    /// Its spelling, in the filter's language and in SQL.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Equal => " = ",
            Self::Unequal => " <> ",
            Self::Less => " < ",
            Self::LessOrEqual => " <= ",
            Self::Greater => " > ",
            Self::GreaterOrEqual => " >= ",
            Self::Distinct => " IS DISTINCT FROM ",
        }
    }
}

impl Function {
    /// Its spelling with the parenthesis, in the filter's language and in SQL.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Lower => "lower(",
            Self::Upper => "upper(",
            Self::Trim => "trim(",
            Self::CharLength => "char_length(",
        }
    }
}
