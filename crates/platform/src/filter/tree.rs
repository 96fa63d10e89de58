//! A checked filter: names as the metadata has them, literals of the type they are compared with.

use jiff::civil::{Date, DateTime};
use sojourn_metadata::DataType;
use uuid::Uuid;

use super::interval::Interval;
use super::kind::Kind;

/// One step of an N:1 path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The attribute that refers.
    pub attribute: String,
    /// The entity it refers to.
    pub target: String,
}

/// An N:1 path, from the filter's entity on.
pub type Path = Vec<Hop>;

/// What a filter says of a row, in SQL's three values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// AND; TRUE when empty.
    All(Vec<Condition>),
    /// OR; FALSE when empty.
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// A boolean value by itself.
    Holds(Operand),
    /// IS TRUE, IS FALSE
    Truth {
        of: Box<Condition>,
        value: bool,
    },
    /// IS NULL
    Null(Operand),
    Compare {
        left: Operand,
        comparison: Comparison,
        right: Operand,
    },
    In {
        of: Operand,
        values: Vec<Literal>,
    },
    /// LIKE, or ILIKE where `any_case`; the escape has one character or none.
    Like {
        of: Operand,
        pattern: String,
        escape: Option<String>,
        any_case: bool,
    },
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// IS DISTINCT FROM
    Distinct,
}

/// A value that is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Attribute(AttributeAt),
    Call(Function, Box<Operand>),
    Coalesce(Box<Operand>, Literal),
    Literal(Literal),
    /// `now()`, moved by an interval.
    Now(Interval),
    CurrentUser,
}

/// An attribute of the filter's entity, or of one that a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttributeAt {
    pub(super) path: Path,
    pub(super) name: String,
    pub(super) data_type: DataType,
}

/// A function of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Lower,
    Upper,
    Trim,
    CharLength,
}

/// A value that was written, as it will be handed to Postgres.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    /// Digits that Postgres reads as the type without an error.
    Number(String, NumberType),
    Bool(bool),
    Uuid(Uuid),
    Date(Date),
    Timestamp(DateTime),
    /// In UTC.
    Instant(DateTime),
}

/// The type that a number is cast to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberType {
    Int8,
    Numeric,
    Float4,
    Float8,
}

impl Operand {
    /// What it holds. `now()` and literals follow the other side.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Attribute(at) => Some(Kind::of(at.data_type)),
            Self::Call(Function::CharLength, _) => Some(Kind::Integer),
            Self::Call(..) => Some(Kind::Text),
            Self::Coalesce(of, _) => of.kind(),
            Self::CurrentUser => Some(Kind::Uuid),
            Self::Literal(_) | Self::Now(_) => None,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Call(_, of) | Self::Coalesce(of, _) => 1 + of.depth(),
            Self::Now(_) | Self::CurrentUser => 1,
            Self::Attribute(_) | Self::Literal(_) => 0,
        }
    }

    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a AttributeAt)) {
        match self {
            Self::Attribute(at) => see(at),
            Self::Call(_, of) | Self::Coalesce(of, _) => of.visit(see),
            Self::Literal(_) | Self::Now(_) | Self::CurrentUser => {}
        }
    }
}

impl Condition {
    /// AND, flat and without what is always true.
    pub(super) fn all(conditions: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Self::All(inner) => flat.extend(inner),
                Self::Any(inner) if inner.is_empty() => return Self::Any(Vec::new()),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.swap_remove(0) } else { Self::All(flat) }
    }

    /// OR, flat and without what is never true.
    pub(super) fn any(conditions: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Self::Any(inner) => flat.extend(inner),
                Self::All(inner) if inner.is_empty() => return Self::All(Vec::new()),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.swap_remove(0) } else { Self::Any(flat) }
    }

    /// NOT, where TRUE and FALSE become each other.
    pub(super) fn not(condition: Self) -> Self {
        match condition {
            Self::All(inner) if inner.is_empty() => Self::Any(inner),
            Self::Any(inner) if inner.is_empty() => Self::All(inner),
            other => Self::Not(Box::new(other)),
        }
    }

    /// NOT where it was written.
    pub(super) fn negated(self, negated: bool) -> Self {
        if negated { Self::not(self) } else { self }
    }

    /// Parentheses within each other, in its canonical text.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::All(inner) | Self::Any(inner) => {
                let depth = |condition: &Self| condition.depth() + usize::from(condition.is_joined());
                inner.iter().map(depth).max().unwrap_or_default()
            }
            Self::Not(of) | Self::Truth { of, .. } => 1 + of.depth(),
            Self::In { of, .. } => of.depth().max(1),
            Self::Holds(of) | Self::Null(of) | Self::Like { of, .. } => of.depth(),
            Self::Compare { left, right, .. } => left.depth().max(right.depth()),
        }
    }

    /// Every attribute it reads, in order.
    pub(super) fn attributes<'a>(&'a self, see: &mut impl FnMut(&'a AttributeAt)) {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().for_each(|condition| condition.attributes(see)),
            Self::Not(of) | Self::Truth { of, .. } => of.attributes(see),
            Self::Holds(of) | Self::Null(of) | Self::In { of, .. } | Self::Like { of, .. } => of.visit(see),
            Self::Compare { left, right, .. } => {
                left.visit(see);
                right.visit(see);
            }
        }
    }

    /// Every comparison of an attribute with the clock, in order.
    pub(super) fn clocks<'a>(&'a self, see: &mut impl FnMut(&'a AttributeAt, &'a Interval)) {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().for_each(|condition| condition.clocks(see)),
            Self::Not(of) | Self::Truth { of, .. } => of.clocks(see),
            Self::Compare { left: Operand::Attribute(at), right: Operand::Now(offset), .. }
            | Self::Compare { left: Operand::Now(offset), right: Operand::Attribute(at), .. } => see(at, offset),
            Self::Holds(_) | Self::Null(_) | Self::In { .. } | Self::Like { .. } | Self::Compare { .. } => {}
        }
    }
}
