//! Literals: read as they are written, then fitted to what they are compared with, so that no cast can fail later.

use std::ops::Range;

use jiff::civil::Time;
use sqlparser::ast::{
    DataType, DateTimeField, ExactNumberInfo, Expr, Interval as Written, TimezoneInfo, UnaryOperator, Value,
    ValueWithSpan,
};
use uuid::Uuid;

use super::number::{is_whole, number};
use super::time::{date, instant, timestamp};
use super::{Checked, Checker, Typed, refused};
use crate::filter::error::{FilterError, FilterProblem, shown};
use crate::filter::interval::{Interval, NoInterval};
use crate::filter::kind::Kind;
use crate::filter::tree::{Literal, Operand};

/// A literal as it is written.
pub(super) enum Raw {
    Null,
    Text(String),
    Number(String),
    Bool(bool),
    /// Of the type that it says.
    Typed(Literal),
    Interval(Interval),
}

/// Whether an expression can only be a literal.
pub(super) fn is_literal(expression: &Expr) -> bool {
    match expression {
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => true,
        Expr::Cast { expr, .. } => is_literal(expr),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => matches!(**expr, Expr::Value(_)),
        _ => false,
    }
}

impl Checker<'_> {
    /// Reads a literal.
    pub(super) fn literal(&self, expression: &Expr) -> Checked<(Raw, Range<u32>)> {
        let place = self.place(expression);
        let raw = match expression {
            Expr::Nested(inner) => return self.literal(inner),
            Expr::Value(value) => plain(value),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => signed(expr, "-"),
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => signed(expr, ""),
            Expr::TypedString(typed) if !typed.uses_odbc_syntax => {
                plain(&typed.value).and_then(|raw| cast(raw, &typed.data_type))
            }
            Expr::Cast { expr, data_type, format: None, .. } => {
                let (raw, _) = self.literal(expr)?;
                cast(raw, data_type)
            }
            Expr::Interval(written) => interval(written),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Function(_) => Err(VALUE),
            other => Err(refused::why(other)),
        };
        raw.map(|raw| (raw, place.clone())).map_err(|problem| FilterError::at(problem, place))
    }
}

const VALUE: FilterProblem =
    FilterProblem::NotAllowed { what: "an attribute or function here", instead: "write a value" };

fn plain(value: &ValueWithSpan) -> Result<Raw, FilterProblem> {
    Ok(match &value.value {
        Value::Null => Raw::Null,
        Value::Boolean(value) => Raw::Bool(*value),
        Value::Number(digits, false) => Raw::Number(digits.clone()),
        Value::SingleQuotedString(text) => Raw::Text(text.clone()),
        _ => return Err(FilterProblem::StringNotation),
    })
}

fn signed(of: &Expr, sign: &str) -> Result<Raw, FilterProblem> {
    match of {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, false), .. }) => {
            Ok(Raw::Number(format!("{sign}{digits}")))
        }
        _ => Err(refused::ARITHMETIC),
    }
}

/// A literal with its type: `date '2026-01-31'`, `'2026-01-31'::date`.
fn cast(raw: Raw, to: &DataType) -> Result<Raw, FilterProblem> {
    let wrong = |text: &str, kind| wrong(&format!("'{text}'"), "this type", kind);
    let typed = |text: &str, kind| {
        let literal = from_text(text, kind).ok_or_else(|| wrong(text, kind))?;
        Ok(Raw::Typed(literal))
    };
    match (raw, to) {
        (Raw::Text(text), DataType::Date) => typed(&text, Kind::Date),
        (Raw::Text(text), DataType::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)) => {
            typed(&text, Kind::Timestamp)
        }
        (Raw::Text(text), DataType::Timestamp(None, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz)) => {
            typed(&text, Kind::TimestampTz)
        }
        (Raw::Text(text), DataType::Uuid) => typed(&text, Kind::Uuid),
        (Raw::Text(text), DataType::Interval { fields: None, precision: None }) => read_interval(&text),
        (Raw::Text(text), DataType::Text | DataType::Varchar(None)) => Ok(Raw::Text(text)),
        (Raw::Text(text), DataType::Boolean | DataType::Bool) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" => Ok(Raw::Bool(true)),
            "false" | "f" => Ok(Raw::Bool(false)),
            _ => Err(wrong(&text, Kind::Bool)),
        },
        (Raw::Text(text) | Raw::Number(text), to) if is_whole_type(to) => {
            if is_whole(&text) {
                Ok(Raw::Number(text))
            } else {
                Err(wrong(&text, Kind::Integer))
            }
        }
        (
            Raw::Text(text) | Raw::Number(text),
            DataType::Numeric(ExactNumberInfo::None) | DataType::Decimal(ExactNumberInfo::None),
        ) => number(&text, Kind::Numeric).map(|_| Raw::Number(text.clone())).ok_or_else(|| wrong(&text, Kind::Numeric)),
        (Raw::Bool(value), DataType::Boolean | DataType::Bool) => Ok(Raw::Bool(value)),
        _ => Err(FilterProblem::NotAllowed {
            what: "this cast",
            instead: "cast a literal to date, timestamp, timestamptz, interval, numeric, integer, boolean, uuid or text",
        }),
    }
}

fn is_whole_type(to: &DataType) -> bool {
    matches!(
        to,
        DataType::Int(None)
            | DataType::Integer(None)
            | DataType::BigInt(None)
            | DataType::SmallInt(None)
            | DataType::Int2(None)
            | DataType::Int4(None)
            | DataType::Int8(None)
    )
}

/// `interval '7 days'`, or `interval '7' day`.
fn interval(written: &Written) -> Result<Raw, FilterProblem> {
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = &*written.value else {
        return Err(FilterProblem::Interval { value: shown(&written.value.to_string()) });
    };
    let exact = written.leading_precision.is_some() || written.fractional_seconds_precision.is_some();
    let unit = match &written.leading_field {
        None => "",
        Some(DateTimeField::Year | DateTimeField::Years) => "years",
        Some(DateTimeField::Month | DateTimeField::Months) => "months",
        Some(DateTimeField::Week(None) | DateTimeField::Weeks) => "weeks",
        Some(DateTimeField::Day | DateTimeField::Days) => "days",
        Some(DateTimeField::Hour | DateTimeField::Hours) => "hours",
        Some(DateTimeField::Minute | DateTimeField::Minutes) => "minutes",
        Some(DateTimeField::Second | DateTimeField::Seconds) => "seconds",
        Some(_) => return Err(FilterProblem::Interval { value: shown(text) }),
    };
    if exact || written.last_field.is_some() {
        return Err(FilterProblem::Interval { value: shown(text) });
    }
    read_interval(&format!("{text} {unit}"))
}

fn read_interval(text: &str) -> Result<Raw, FilterProblem> {
    Interval::parse(text).map(Raw::Interval).map_err(|error| match error {
        NoInterval::Unreadable => FilterProblem::Interval { value: shown(&format!("'{}'", text.trim_end())) },
        NoInterval::TooLong => FilterProblem::IntervalTooLong,
    })
}

/// Makes a literal of the type it is compared with.
pub(super) fn fit(raw: Raw, of: &Typed<'_>, place: Range<u32>) -> Checked<Literal> {
    let refuse = |problem| Err(FilterError::at(problem, place.clone()));
    let (value, literal) = match raw {
        Raw::Null => return refuse(FilterProblem::ComparedWithNull),
        Raw::Interval(_) => return refuse(FilterProblem::Clock),
        Raw::Text(text) => {
            if let Some(problem) = not_in_enum(&text, of) {
                return refuse(problem);
            }
            (format!("'{text}'"), from_text(&text, of.kind))
        }
        Raw::Number(text) => {
            let literal = number(&text, of.kind).map(|(text, as_type)| Literal::Number(text, as_type));
            (text, literal)
        }
        Raw::Bool(value) => (value.to_string(), (of.kind == Kind::Bool).then_some(Literal::Bool(value))),
        Raw::Typed(literal) => ("this literal".to_owned(), widened(literal, of.kind)),
    };
    literal.map_or_else(|| refuse(wrong(&value, &of.attribute.name, of.kind)), Ok)
}

fn from_text(text: &str, kind: Kind) -> Option<Literal> {
    match kind {
        Kind::Text | Kind::Other => Some(Literal::Text(text.to_owned())),
        Kind::Uuid => Uuid::parse_str(text).ok().map(Literal::Uuid),
        Kind::Date => date(text).map(Literal::Date),
        Kind::Timestamp => timestamp(text).map(Literal::Timestamp),
        Kind::TimestampTz => instant(text).map(Literal::Instant),
        Kind::Bool | Kind::Integer | Kind::Numeric | Kind::Float4 | Kind::Float8 | Kind::Opaque => None,
    }
}

/// A literal of one type for a value of another: a date is its midnight, a timestamp without zone is in UTC.
fn widened(literal: Literal, kind: Kind) -> Option<Literal> {
    match (literal, kind) {
        (Literal::Date(date), Kind::Timestamp) => Some(Literal::Timestamp(date.to_datetime(Time::midnight()))),
        (Literal::Date(date), Kind::TimestampTz) => Some(Literal::Instant(date.to_datetime(Time::midnight()))),
        (Literal::Timestamp(timestamp), Kind::TimestampTz) => Some(Literal::Instant(timestamp)),
        (literal @ Literal::Date(_), Kind::Date)
        | (literal @ Literal::Timestamp(_), Kind::Timestamp)
        | (literal @ Literal::Instant(_), Kind::TimestampTz)
        | (literal @ Literal::Uuid(_), Kind::Uuid) => Some(literal),
        _ => None,
    }
}

/// Most values of an enum that an error lists.
const VALUES: usize = 12;

fn not_in_enum(text: &str, of: &Typed<'_>) -> Option<FilterProblem> {
    let values = &of.attribute.enum_values;
    let plain = matches!(of.operand, Operand::Attribute(_) | Operand::Coalesce(..));
    if !plain || values.is_empty() || values.iter().any(|value| value == text) {
        return None;
    }
    let mut listed: Vec<String> =
        values.iter().take(VALUES).map(|value| format!("'{}'", shown(value).replace('\'', "''"))).collect();
    if values.len() > VALUES {
        listed.push("…".to_owned());
    }
    let value = shown(&format!("'{text}'"));
    Some(FilterProblem::NotInEnum { value, of: of.attribute.name.clone(), values: listed })
}

fn wrong(value: &str, of: &str, kind: Kind) -> FilterProblem {
    let expected = match kind {
        Kind::Text | Kind::Other | Kind::Opaque => "a string, as in 'Oslo'",
        Kind::Uuid => "a uuid, as in '6f9619ff-8b86-d011-b42d-00c04fc964ff'",
        Kind::Bool => "TRUE or FALSE",
        Kind::Integer => "a number without quotes, as in 42",
        Kind::Numeric => "a number without quotes, as in 12.5",
        Kind::Float4 | Kind::Float8 => "a number without quotes that its type can hold, as in 12.5",
        Kind::Date => "a date, as in '2026-01-31'",
        Kind::Timestamp => "a timestamp without time zone, as in '2026-01-31 12:00'",
        Kind::TimestampTz => "a timestamp, as in '2026-01-31 12:00+01'",
    };
    FilterProblem::WrongLiteral { value: shown(value), of: of.to_owned(), expected }
}
