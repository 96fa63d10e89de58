//! The words for SQL that is not the language's.

use sqlparser::ast::{Expr, UnaryOperator};

use crate::filter::error::FilterProblem;

pub(super) const ARITHMETIC: FilterProblem = FilterProblem::NotAllowed {
    what: "arithmetic",
    instead: "compare an attribute with a value, or a point in time with now() - interval '7 days'",
};
pub(super) const WINDOW: FilterProblem =
    FilterProblem::NotAllowed { what: "an aggregate or window function", instead: "compare attributes of one row" };
const SUBQUERY: FilterProblem = FilterProblem::NotAllowed {
    what: "a subquery",
    instead: "follow an N:1 relationship by a path such as account_id.city",
};

/// Why an expression cannot be one side of a comparison.
pub(super) fn why(expression: &Expr) -> FilterProblem {
    let (what, instead) = match expression {
        Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => return SUBQUERY,
        Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, .. } => return ARITHMETIC,
        Expr::Tuple(_) => ("a row of values", "compare one attribute at a time, or use IN"),
        Expr::Cast { .. } | Expr::TypedString(_) => ("this cast", "cast a literal to date, timestamp, numeric or uuid"),
        Expr::AtTimeZone { .. } => ("AT TIME ZONE", "write timestamps with their offset, as in '2026-01-31 12:00+01'"),
        Expr::SimilarTo { .. } | Expr::RLike { .. } => ("this pattern", "use LIKE or ILIKE"),
        Expr::AnyOp { .. } | Expr::AllOp { .. } => ("ANY or ALL", "use IN"),
        Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => ("UNKNOWN", "use IS NULL"),
        Expr::Collate { .. } => ("COLLATE", "use lower() to compare in any case"),
        Expr::Trim { .. } => ("this form of trim", "write trim(city)"),
        Expr::Substring { .. } | Expr::Position { .. } | Expr::Overlay { .. } => ("this function", "use LIKE"),
        Expr::Extract { .. } => ("EXTRACT", "compare with the first and the last date"),
        Expr::Ceil { .. } | Expr::Floor { .. } => ("this function", "compare with a number"),
        Expr::CompoundFieldAccess { .. } | Expr::JsonAccess { .. } | Expr::Array(_) => {
            ("a look inside a value", "compare whole attributes")
        }
        other if is_condition(other) => return FilterProblem::NotAValue,
        _ => ("this", "compare an attribute with a value"),
    };
    FilterProblem::NotAllowed { what, instead }
}

fn is_condition(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::BinaryOp { .. }
            | Expr::UnaryOp { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::Between { .. }
            | Expr::InList { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
    )
}
