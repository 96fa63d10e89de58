//! Either side of a comparison.

use std::ops::Range;

use sqlparser::ast::{
    BinaryOperator, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart,
    Spanned as _,
};

use super::literal::{self, Raw};
use super::{Checked, Checker, Typed, refused};
use crate::filter::error::{FilterError, FilterProblem, shown};
use crate::filter::interval::Interval;
use crate::filter::kind::Kind;
use crate::filter::tree::{Comparison, Function, Operand};

/// One side of a comparison.
pub(super) enum Side<'m> {
    Value(Typed<'m>),
    Literal(Raw),
    /// `now()`, moved.
    Now(Interval),
    /// `current_user_id()`
    User,
}

impl<'m> Checker<'m> {
    /// One side of a comparison, and its place.
    pub(super) fn side(&mut self, expression: &Expr) -> Checked<(Side<'m>, Range<u32>)> {
        match expression {
            Expr::Nested(inner) => self.side(inner),
            Expr::Identifier(name) => self.attribute(std::slice::from_ref(name)).map(of_value),
            Expr::CompoundIdentifier(names) => self.attribute(names).map(of_value),
            Expr::Function(call) => self.call(call),
            Expr::Trim { expr, trim_where: None, trim_what: None, trim_characters: None } => {
                self.text_function(Function::Trim, expr).map(of_value)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Plus, right } => self.moved(expression, left, right, false),
            Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => self.moved(expression, left, right, true),
            _ if literal::is_literal(expression) => {
                let (raw, place) = self.literal(expression)?;
                Ok((Side::Literal(raw), place))
            }
            other => Err(FilterError::at(refused::why(other), self.place(other))),
        }
    }

    /// `now() + interval '…'` or `now() - interval '…'`: the only arithmetic there is.
    fn moved(&mut self, whole: &Expr, left: &Expr, right: &Expr, minus: bool) -> Checked<(Side<'m>, Range<u32>)> {
        let ((left, _), (right, _)) = (self.side(left)?, self.side(right)?);
        let offset = match (left, right) {
            (Side::Now(now), Side::Literal(Raw::Interval(offset))) if now.is_zero() => {
                if minus {
                    offset.negated()
                } else {
                    offset
                }
            }
            (Side::Literal(Raw::Interval(offset)), Side::Now(now)) if now.is_zero() && !minus => offset,
            _ => return Err(FilterError::at(refused::ARITHMETIC, self.place(whole))),
        };
        Ok((Side::Now(offset), self.place(whole)))
    }

    fn call(&mut self, call: &Call) -> Checked<(Side<'m>, Range<u32>)> {
        let place = self.source.place(call.name.span());
        let [ObjectNamePart::Identifier(name)] = call.name.0.as_slice() else {
            return Err(FilterError::at(FilterProblem::Function { name: shown(&call.name.to_string()) }, place));
        };
        let arguments = match &call.args {
            // A word such as `user` that the parser takes for a function: here it is an attribute or nothing.
            FunctionArguments::None => return self.attribute(std::slice::from_ref(name)).map(of_value),
            _ if call.over.is_some() || call.filter.is_some() || !call.within_group.is_empty() => {
                return Err(FilterError::at(refused::WINDOW, place));
            }
            arguments => arguments_of(arguments),
        };
        let known = if name.quote_style.is_none() { name.value.to_ascii_lowercase() } else { name.value.clone() };
        let wrong = |form| Err(FilterError::at(FilterProblem::Arguments { form }, place.clone()));
        let text = match (known.as_str(), arguments.as_deref()) {
            ("now", Some([])) => return Ok((Side::Now(Interval::default()), place)),
            ("current_user_id", Some([])) => return Ok((Side::User, place)),
            ("coalesce", Some([of, default])) => return self.coalesce(of, default).map(of_value),
            ("lower", Some([of])) => self.text_function(Function::Lower, of),
            ("upper", Some([of])) => self.text_function(Function::Upper, of),
            ("trim", Some([of])) => self.text_function(Function::Trim, of),
            ("char_length" | "length", Some([of])) => self.text_function(Function::CharLength, of),
            ("now", _) => return wrong("now()"),
            ("current_user_id", _) => return wrong("current_user_id()"),
            ("coalesce", _) => return wrong("coalesce(attribute, value)"),
            ("lower" | "upper" | "trim" | "char_length" | "length", _) => {
                return wrong("the function with one attribute, as in lower(city)");
            }
            _ => return Err(FilterError::at(FilterProblem::Function { name: shown(&name.value) }, place)),
        };
        text.map(of_value)
    }

    fn text_function(&mut self, function: Function, of: &Expr) -> Checked<Typed<'m>> {
        let of = self.value(of)?;
        of.text("the function works on text")?;
        let kind = if function == Function::CharLength { Kind::Integer } else { Kind::Text };
        Ok(Typed { operand: Operand::Call(function, Box::new(of.operand)), kind, ..of })
    }

    fn coalesce(&mut self, of: &Expr, default: &Expr) -> Checked<Typed<'m>> {
        let of = self.value(of)?;
        of.compared(Comparison::Equal)?;
        let (default, place) = self.literal(default)?;
        let default = literal::fit(default, &of, place)?;
        Ok(Typed { operand: Operand::Coalesce(Box::new(of.operand), default), ..of })
    }
}

fn of_value(value: Typed<'_>) -> (Side<'_>, Range<u32>) {
    let place = value.place.clone();
    (Side::Value(value), place)
}

/// The arguments, if they are plain ones.
fn arguments_of(arguments: &FunctionArguments) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = arguments else { return None };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    let plain = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expression)) => Some(expression),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}
