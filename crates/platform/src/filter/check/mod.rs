//! The checker: from the parser's expression, which may be any SQL, to a condition of the language. What has no rule
//! here is refused.

mod attribute;
mod literal;
mod number;
mod operand;
mod refused;
mod time;

use std::collections::BTreeSet;
use std::ops::Range;

use sojourn_metadata::{Attribute, Entity, Metadata};
use sqlparser::ast::{BinaryOperator, Expr, Spanned as _, UnaryOperator, Value};

use super::error::{FilterError, FilterProblem};
use super::kind::Kind;
use super::limits;
use super::source::Source;
use super::tree::{Comparison, Condition, Operand, Path};
use literal::Raw;
use operand::Side;

type Checked<T> = Result<T, FilterError>;

/// Checks an expression about rows of `entity`.
pub(super) fn check(expression: &Expr, entity: &Entity, metadata: &Metadata, source: &Source) -> Checked<Condition> {
    Checker { entity, metadata, source, links: BTreeSet::new() }.condition(expression)
}

struct Checker<'m> {
    entity: &'m Entity,
    metadata: &'m Metadata,
    source: &'m Source,
    /// Every prefix of every path so far.
    links: BTreeSet<Path>,
}

/// A value that attributes decide.
struct Typed<'m> {
    operand: Operand,
    kind: Kind,
    /// The attribute in it.
    attribute: &'m Attribute,
    place: Range<u32>,
}

impl<'m> Checker<'m> {
    fn place(&self, expression: &Expr) -> Range<u32> {
        self.source.place(expression.span())
    }

    fn condition(&mut self, expression: &Expr) -> Checked<Condition> {
        match expression {
            Expr::Nested(inner) => self.condition(inner),
            Expr::Value(value) if value.value == Value::Boolean(true) => Ok(Condition::all(Vec::new())),
            Expr::Value(value) if value.value == Value::Boolean(false) => Ok(Condition::any(Vec::new())),
            Expr::BinaryOp { op: BinaryOperator::And, .. } => {
                Ok(Condition::all(self.chain(expression, &BinaryOperator::And)?))
            }
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
                Ok(Condition::any(self.chain(expression, &BinaryOperator::Or)?))
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(Condition::not(self.condition(expr)?)),
            Expr::BinaryOp { left, op, right } => match comparison(op) {
                Some(comparison) => self.compare(left, comparison, right),
                None => self.holds(expression),
            },
            Expr::IsDistinctFrom(left, right) => self.compare(left, Comparison::Distinct, right),
            Expr::IsNotDistinctFrom(left, right) => {
                Ok(Condition::not(self.compare(left, Comparison::Distinct, right)?))
            }
            Expr::IsNull(of) => Ok(Condition::Null(self.value(of)?.operand)),
            Expr::IsNotNull(of) => Ok(Condition::not(Condition::Null(self.value(of)?.operand))),
            Expr::IsTrue(of) => self.truth(of, true),
            Expr::IsNotTrue(of) => Ok(Condition::not(self.truth(of, true)?)),
            Expr::IsFalse(of) => self.truth(of, false),
            Expr::IsNotFalse(of) => Ok(Condition::not(self.truth(of, false)?)),
            Expr::Between { expr, negated, low, high } => self.between(expr, low, high, *negated),
            Expr::InList { expr, list, negated } => Ok(self.is_in(expr, list)?.negated(*negated)),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                Ok(self.like(expr, pattern, escape_char.as_deref(), false)?.negated(*negated))
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                Ok(self.like(expr, pattern, escape_char.as_deref(), true)?.negated(*negated))
            }
            _ => self.holds(expression),
        }
    }

    /// The conditions of `a AND b AND c`, which the parser nests to the left, thousands deep.
    fn chain(&mut self, expression: &Expr, operator: &BinaryOperator) -> Checked<Vec<Condition>> {
        let (mut parts, mut rest) = (Vec::new(), expression);
        while let Expr::BinaryOp { left, op, right } = rest
            && op == operator
        {
            parts.push(&**right);
            rest = left;
        }
        parts.push(rest);
        parts.into_iter().rev().map(|part| self.condition(part)).collect()
    }

    fn truth(&mut self, of: &Expr, value: bool) -> Checked<Condition> {
        Ok(Condition::Truth { of: Box::new(self.condition(of)?), value })
    }

    /// A boolean value by itself.
    fn holds(&mut self, expression: &Expr) -> Checked<Condition> {
        match self.side(expression)? {
            (Side::Value(value), _) if value.kind == Kind::Bool => Ok(Condition::Holds(value.operand)),
            (_, place) => Err(FilterError::at(FilterProblem::NotACondition, place)),
        }
    }

    /// A value that attributes decide.
    fn value(&mut self, expression: &Expr) -> Checked<Typed<'m>> {
        match self.side(expression)? {
            (Side::Value(value), _) => Ok(value),
            (_, place) => Err(FilterError::at(FilterProblem::NoAttribute, place)),
        }
    }

    fn compare(&mut self, left: &Expr, comparison: Comparison, right: &Expr) -> Checked<Condition> {
        let ((left, left_place), (right, right_place)) = (self.side(left)?, self.side(right)?);
        let (left, right) = match (left, right) {
            (Side::Value(left), Side::Value(right)) => {
                comparable(&left, &right)?;
                (left.operand, right.operand)
            }
            (Side::Value(value), other) => {
                let other = against(&value, comparison, other, right_place)?;
                (value.operand, other)
            }
            (other, Side::Value(value)) => {
                let other = against(&value, comparison, other, left_place)?;
                (other, value.operand)
            }
            _ => {
                let both = left_place.start.min(right_place.start)..left_place.end.max(right_place.end);
                return Err(FilterError::at(FilterProblem::NoAttribute, both));
            }
        };
        Ok(Condition::Compare { left, comparison, right })
    }

    /// BETWEEN is two comparisons.
    fn between(&mut self, of: &Expr, low: &Expr, high: &Expr, negated: bool) -> Checked<Condition> {
        if negated {
            let outside = vec![self.compare(of, Comparison::Less, low)?, self.compare(of, Comparison::Greater, high)?];
            return Ok(Condition::any(outside));
        }
        let low = self.compare(of, Comparison::GreaterOrEqual, low)?;
        Ok(Condition::all(vec![low, self.compare(of, Comparison::LessOrEqual, high)?]))
    }

    fn is_in(&mut self, of: &Expr, list: &[Expr]) -> Checked<Condition> {
        let place = self.place(of);
        if list.len() > limits::ITEMS {
            return Err(FilterError::at(FilterProblem::TooManyItems { count: list.len() }, place));
        }
        let items = list.iter().map(|item| self.literal(item)).collect::<Checked<Vec<_>>>()?;
        let of = self.value(of)?;
        of.compared(Comparison::Equal)?;
        let values = items.into_iter().map(|(raw, place)| literal::fit(raw, &of, place)).collect::<Checked<_>>()?;
        Ok(Condition::In { of: of.operand, values })
    }

    fn like(&mut self, of: &Expr, pattern: &Expr, escape: Option<&Expr>, any_case: bool) -> Checked<Condition> {
        let (pattern, pattern_place) = self.string(pattern)?;
        let escape = escape.map(|escape| self.escape(escape)).transpose()?;
        let of = self.value(of)?;
        of.text("LIKE works on text, compare it by = or IN")?;
        let special = escape.as_ref().map_or(Some('\\'), |escape| escape.chars().next());
        if ends_escaped(&pattern, special) {
            return Err(FilterError::at(FilterProblem::PatternEnd, pattern_place));
        }
        Ok(Condition::Like { of: of.operand, pattern, escape, any_case })
    }

    fn escape(&self, escape: &Expr) -> Checked<String> {
        let (escape, place) = self.string(escape)?;
        if escape.chars().nth(1).is_some() {
            return Err(FilterError::at(FilterProblem::Escape, place));
        }
        Ok(escape)
    }

    fn string(&self, expression: &Expr) -> Checked<(String, Range<u32>)> {
        match self.literal(expression)? {
            (Raw::Text(text), place) => Ok((text, place)),
            (_, place) => Err(FilterError::at(FilterProblem::StringNotation, place)),
        }
    }
}

impl Typed<'_> {
    /// Refuses comparisons that its type does not have.
    fn compared(&self, comparison: Comparison) -> Checked<()> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::Unequal | Comparison::Distinct);
        match self.kind {
            Kind::Opaque => Err(self.unfit("only IS NULL and IS NOT NULL can be asked of it")),
            Kind::Other if !equality => Err(self.unfit("compare it by =, <> or IN")),
            _ => Ok(()),
        }
    }

    /// Refuses what is not text.
    fn text(&self, instead: &'static str) -> Checked<()> {
        if self.kind == Kind::Text { Ok(()) } else { Err(self.unfit(instead)) }
    }

    fn unfit(&self, instead: &'static str) -> FilterError {
        let (of, kind) = (self.attribute.name.clone(), self.kind.words());
        FilterError::at(FilterProblem::NotForKind { of, kind, instead }, self.place.clone())
    }
}

fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    Some(match operator {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::Unequal,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn comparable(left: &Typed<'_>, right: &Typed<'_>) -> Checked<()> {
    if left.kind.compares_with(right.kind) {
        return Ok(());
    }
    let problem = FilterProblem::Incomparable { left: left.kind.words(), right: right.kind.words() };
    Err(FilterError::at(problem, left.place.start.min(right.place.start)..left.place.end.max(right.place.end)))
}

/// What a value is compared with, where that is no attribute.
fn against(value: &Typed<'_>, comparison: Comparison, side: Side<'_>, place: Range<u32>) -> Checked<Operand> {
    value.compared(comparison)?;
    match side {
        Side::Literal(raw) => Ok(Operand::Literal(literal::fit(raw, value, place)?)),
        Side::Now(offset) if value.kind.is_time() && matches!(value.operand, Operand::Attribute(_)) => {
            Ok(Operand::Now(offset))
        }
        Side::Now(_) => Err(FilterError::at(FilterProblem::Clock, place)),
        Side::User if value.kind == Kind::Uuid => Ok(Operand::CurrentUser),
        Side::User => {
            let problem = FilterProblem::Incomparable { left: value.kind.words(), right: Kind::Uuid.words() };
            Err(FilterError::at(problem, place))
        }
        Side::Value(_) => Err(FilterError::at(FilterProblem::NotAValue, place)),
    }
}

/// Whether a pattern's last character escapes nothing, which Postgres refuses while it runs.
fn ends_escaped(pattern: &str, escape: Option<char>) -> bool {
    let mut escaped = false;
    for c in pattern.chars() {
        escaped = !escaped && Some(c) == escape;
    }
    escaped
}
