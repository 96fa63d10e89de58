//! From a checked filter to SQL of our own. Of the filter's text, names come as identifiers of the metadata, and
//! literals as parameters; nothing else comes at all.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::kind::Kind;
use super::limits;
use super::tree::{AttributeAt, Condition, Literal, NumberType, Operand, Path};
use crate::database::PlatformError;
use crate::entities::{Column, Published, Table};
use crate::sql::Sql;

/// What a filter is compiled with.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The number of the filter's first parameter: the statement around it has those before.
    pub first_param: usize,
    /// The point in time that `now()` is.
    pub now: Timestamp,
    /// The user that `current_user_id()` is.
    pub user_id: Uuid,
}

/// A filter as SQL, for a statement in which the entity's table has the alias `e`.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Follows the FROM clause: one left join for each distinct prefix of an N:1 path, `l1` and on. A linked row that is
    /// missing, or that the user must not see, reads as nulls.
    pub joins: Sql,
    /// One boolean expression in parentheses, over `e`, `l1`, `l2`…
    pub condition: Sql,
    /// The texts of the parameters from [`Context::first_param`] on, each bound as `text`.
    pub params: Vec<String>,
}

/// Compiles a condition about rows of `entity`, whose N:1 paths are `links`.
pub(super) fn compile(
    condition: &Condition,
    links: Vec<Path>,
    metadata: &Published,
    entity: &Table,
    context: &Context,
) -> Result<Compiled, PlatformError> {
    let known = HashMap::new();
    let mut compiler = Compiler { metadata, entity, context, links, params: Vec::new(), known };
    let joins = compiler.joins()?;
    let condition = compiler.condition(Sql::new("("), condition)?.raw(")");
    if compiler.params.len() > limits::PARAMETERS {
        let message = format!(
            "the filters of {} have {} different values, and at most {} can be handed to Postgres: use fewer",
            entity.entity,
            compiler.params.len(),
            limits::PARAMETERS
        );
        return Err(PlatformError::Setup(message));
    }
    Ok(Compiled { joins, condition, params: compiler.params })
}

struct Compiler<'a> {
    metadata: &'a Published,
    entity: &'a Table,
    context: &'a Context,
    links: Vec<Path>,
    params: Vec<String>,
    /// The place of each text in `params`: the same text is handed over once.
    known: HashMap<String, usize>,
}

impl<'a> Compiler<'a> {
    /// Every prefix comes before what it is a prefix of.
    fn joins(&self) -> Result<Sql, PlatformError> {
        let mut joins = Sql::default();
        for (i, path) in self.links.iter().enumerate() {
            let Some((last, before)) = path.split_last() else { continue };
            let (from, target) = (self.table(before)?, self.table(path)?);
            let column = self.column(from, &last.attribute)?;
            joins = self.alias(joins.raw("\n  LEFT JOIN ").table(&target.schema, &target.table).raw(" "), path);
            joins = self.alias(joins.raw(" ON "), path).raw(".").ident(&target.key().name).raw(" = ");
            joins = self.alias(joins, before).raw(".").ident(&column.name);
            debug_assert!(self.links[..i].iter().all(|earlier| !earlier.starts_with(path)), "links are sorted");
        }
        Ok(joins)
    }

    /// The table that a path leads to.
    fn table(&self, path: &[super::Hop]) -> Result<&'a Table, PlatformError> {
        let Some(hop) = path.last() else { return Ok(self.entity) };
        let table = self.metadata.entities.iter().find(|table| table.entity == hop.target);
        table.ok_or_else(|| self.gone(&format!("the entity {}", hop.target)))
    }

    fn column(&self, table: &'a Table, attribute: &str) -> Result<&'a Column, PlatformError> {
        table.column(attribute).ok_or_else(|| self.gone(&format!("the attribute {}.{attribute}", table.entity)))
    }

    fn gone(&self, what: &str) -> PlatformError {
        PlatformError::Setup(format!(
            "a filter of {} reads {what}, which metadata version {} does not have in this form: change the filter",
            self.entity.entity, self.metadata.version
        ))
    }

    fn alias(&self, sql: Sql, path: &[super::Hop]) -> Sql {
        match self.links.iter().position(|link| link == path) {
            Some(at) => sql.raw("l").number(i64::try_from(at + 1).unwrap_or(i64::MAX)),
            None => sql.raw("e"),
        }
    }

    fn condition(&mut self, sql: Sql, condition: &Condition) -> Result<Sql, PlatformError> {
        Ok(match condition {
            Condition::All(inner) if inner.is_empty() => sql.raw("TRUE"),
            Condition::Any(inner) if inner.is_empty() => sql.raw("FALSE"),
            Condition::All(inner) => self.joined(sql, inner, " AND ")?,
            Condition::Any(inner) => self.joined(sql, inner, " OR ")?,
            Condition::Not(of) => self.condition(sql.raw("NOT ("), of)?.raw(")"),
            Condition::Holds(of) => self.operand(sql, of)?,
            Condition::Truth { of, value } => {
                let of = self.condition(sql.raw("("), of)?;
                of.raw(if *value { ") IS TRUE" } else { ") IS FALSE" })
            }
            Condition::Null(of) => self.operand(sql, of)?.raw(" IS NULL"),
            Condition::Compare { left, comparison, right } => {
                let shared = Shared::of(left, right);
                let sql = self.side(sql, left, shared)?.raw(comparison.sql());
                self.side(sql, right, shared)?
            }
            Condition::In { of, values } => {
                let sql = self.operand(sql, of)?.raw(" IN (");
                sql.list(values, ", ", |sql, value| self.literal(sql, value)).raw(")")
            }
            Condition::Like { of, pattern, escape, any_case } => {
                // A column's own collation may be one that LIKE refuses.
                let sql = self.operand(sql, of)?.raw(" COLLATE \"default\"");
                let sql = self.text(sql.raw(if *any_case { " ILIKE " } else { " LIKE " }), pattern);
                match escape {
                    Some(escape) => self.text(sql.raw(" ESCAPE "), escape),
                    None => sql,
                }
            }
        })
    }

    fn joined(&mut self, sql: Sql, conditions: &[Condition], by: &'static str) -> Result<Sql, PlatformError> {
        conditions.iter().enumerate().try_fold(sql, |sql, (i, condition)| {
            let sql = if i > 0 { sql.raw(by) } else { sql };
            if condition.is_joined() {
                Ok(self.condition(sql.raw("("), condition)?.raw(")"))
            } else {
                self.condition(sql, condition)
            }
        })
    }

    /// One side of a comparison, made to fit the other.
    fn side(&mut self, sql: Sql, operand: &Operand, shared: Shared) -> Result<Sql, PlatformError> {
        let zoned = operand.kind() == Some(Kind::TimestampTz);
        match (operand, shared) {
            (Operand::Now(_), Shared::Instants) => Ok(self.operand(sql.raw("("), operand)?.raw(" AT TIME ZONE 'UTC')")),
            (_, Shared::Mixed) if zoned => Ok(self.operand(sql.raw("("), operand)?.raw(" AT TIME ZONE 'UTC')")),
            (_, Shared::Texts) => Ok(self.operand(sql, operand)?.raw(" COLLATE \"default\"")),
            _ => self.operand(sql, operand),
        }
    }

    fn operand(&mut self, sql: Sql, operand: &Operand) -> Result<Sql, PlatformError> {
        Ok(match operand {
            Operand::Attribute(at) => self.attribute(sql, at)?,
            Operand::Call(function, of) => self.operand(sql.raw(function.sql()), of)?.raw(")"),
            Operand::Coalesce(of, default) => {
                let sql = self.operand(sql.raw("coalesce("), of)?.raw(", ");
                self.literal(sql, default).raw(")")
            }
            Operand::Literal(literal) => self.literal(sql, literal),
            // In UTC, so that a day is a day in every session's time zone.
            Operand::Now(offset) => {
                let now = self.context.now.to_zoned(TimeZone::UTC).datetime().to_string();
                let sql = self.text(sql.raw("("), &now).raw("::timestamp");
                let sql = if offset.is_zero() {
                    sql
                } else {
                    self.text(sql.raw(" + "), &offset.to_string()).raw("::interval")
                };
                sql.raw(")")
            }
            Operand::CurrentUser => {
                let user_id = self.context.user_id.to_string();
                self.text(sql, &user_id).raw("::uuid")
            }
        })
    }

    fn attribute(&self, sql: Sql, at: &AttributeAt) -> Result<Sql, PlatformError> {
        let table = self.table(&at.path)?;
        let column = self.column(table, &at.name)?;
        let kind = Kind::of(at.data_type);
        if kind != Kind::of(column.attribute.data_type) {
            return Err(self.gone(&format!("the attribute {}.{}", table.entity, at.name)));
        }
        let sql = self.alias(sql, &at.path).raw(".").ident(&column.name);
        Ok(if is_compared_as_text(column, kind) { sql.raw("::text") } else { sql })
    }

    fn literal(&mut self, sql: Sql, literal: &Literal) -> Sql {
        match literal {
            Literal::Text(text) => self.text(sql, text),
            Literal::Number(digits, as_type) => self.text(sql, digits).raw(match as_type {
                NumberType::Int8 => "::bigint",
                NumberType::Numeric => "::numeric",
                NumberType::Float4 => "::real",
                NumberType::Float8 => "::double precision",
            }),
            Literal::Bool(value) => sql.raw(if *value { "TRUE" } else { "FALSE" }),
            Literal::Uuid(id) => self.text(sql, &id.to_string()).raw("::uuid"),
            Literal::Date(date) => self.text(sql, &date.to_string()).raw("::date"),
            Literal::Timestamp(timestamp) => self.text(sql, &timestamp.to_string()).raw("::timestamp"),
            Literal::Instant(instant) => self.text(sql, &format!("{instant}Z")).raw("::timestamptz"),
        }
    }

    /// A text as a parameter.
    fn text(&mut self, sql: Sql, text: &str) -> Sql {
        let at = *self.known.entry(text.to_owned()).or_insert_with(|| {
            self.params.push(text.to_owned());
            self.params.len() - 1
        });
        sql.param(self.context.first_param + at).raw("::text")
    }
}

/// What both sides of a comparison have in common.
#[derive(Clone, Copy)]
enum Shared {
    /// Both are points in time with zone, or one of them is `now()`.
    Instants,
    /// Points in time with zone and without, which Postgres would compare in the session's zone.
    Mixed,
    /// Attributes of text, perhaps of two collations, between which Postgres would not choose.
    Texts,
    Else,
}

impl Shared {
    fn of(left: &Operand, right: &Operand) -> Self {
        let zoned = |operand: &Operand| operand.kind() == Some(Kind::TimestampTz);
        match (left.kind(), right.kind()) {
            (Some(Kind::Text), Some(Kind::Text)) => Self::Texts,
            (Some(one), Some(other)) if one.is_time() && one != other => Self::Mixed,
            _ if zoned(left) || zoned(right) => Self::Instants,
            _ => Self::Else,
        }
    }
}

/// Types that have no comparison of their own, or one that errs, are compared by their text; and so are the kinds of
/// text that Postgres compares by other rules.
fn is_compared_as_text(column: &Column, kind: Kind) -> bool {
    let plain = |name: &str| name == "text" || name.starts_with("character varying");
    match kind {
        Kind::Other => true,
        Kind::Text => !plain(&column.attribute.sql_type),
        _ => false,
    }
}
