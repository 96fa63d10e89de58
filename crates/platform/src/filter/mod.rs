//! Filters of local data groups: SQL boolean expressions that users and administrators write, about one entity's
//! attributes and those of its N:1 related entities.
//!
//! A text is read (`source`), checked against the metadata (`check`) into a tree that holds what the metadata knows
//! and typed literals (`tree`), and compiled to SQL of our own (`compile`). Nothing of the text itself is passed on,
//! and what was accepted does not fail in Postgres.

mod canonical;
mod check;
mod compile;
mod error;
mod interval;
mod kind;
mod limits;
mod source;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeSet;

use sojourn_metadata::{DataType, Metadata};

use crate::database::PlatformError;
use crate::entities::{Published, Table};
pub use compile::{Compiled, Context};
pub use error::{FilterError, FilterProblem};
use tree::Condition;
pub use tree::{Hop, Path};

/// A filter that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Condition);

/// A comparison of an attribute with `now()`: rows come and go by it although nobody writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockBound {
    /// The path to the attribute; empty for one of the filter's entity.
    pub path: Path,
    /// The attribute.
    pub attribute: String,
    /// What is added to `now()`, as Postgres reads an interval: `-7 days`. Empty when nothing is.
    pub offset: String,
    /// The attribute's type: a date, or a timestamp with or without zone.
    pub data_type: DataType,
}

impl Filter {
    /// Checks a text about rows of `entity`.
    ///
    /// # Errors
    /// What is wrong, where, and what to write instead.
    pub fn parse(text: &str, entity: &str, metadata: &Metadata) -> Result<Self, FilterError> {
        let unknown = || FilterError::whole(FilterProblem::UnknownEntity { entity: error::shown(entity) });
        let entity = metadata.entity(entity).ok_or_else(unknown)?;
        let (source, expression) = source::read(text)?;
        let condition = check::check(&expression, entity, metadata, &source)?;
        if condition.depth() > limits::DEPTH {
            return Err(FilterError::whole(FilterProblem::TooDeep));
        }
        Ok(Self(condition))
    }

    /// Every row.
    #[must_use]
    pub fn everything() -> Self {
        Self(Condition::All(Vec::new()))
    }

    /// Rows of all these filters; every row when there is none.
    #[must_use]
    pub fn all(filters: Vec<Filter>) -> Self {
        Self(Condition::all(filters.into_iter().map(|filter| filter.0).collect()))
    }

    /// Rows of any of these filters; no row when there is none.
    #[must_use]
    pub fn any(filters: Vec<Filter>) -> Self {
        Self(Condition::any(filters.into_iter().map(|filter| filter.0).collect()))
    }

    /// Whether it is known to hold for every row.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0 == Condition::All(Vec::new())
    }

    /// Text that parses to the same filter, and is the same for every spelling of it: a filter changed when this did.
    /// It is longer than what was written, and may be longer than what [`Self::parse`] reads.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::text(&self.0)
    }

    /// Every prefix of every N:1 path it reads, sorted.
    #[must_use]
    pub fn links(&self) -> Vec<Path> {
        let mut links = BTreeSet::new();
        self.0.attributes(&mut |at| links.extend((1..=at.path.len()).map(|hops| at.path[..hops].to_vec())));
        links.into_iter().collect()
    }

    /// Every comparison with `now()`, in the order of the text.
    #[must_use]
    pub fn clock(&self) -> Vec<ClockBound> {
        let mut bounds = Vec::new();
        self.0.clocks(&mut |at, offset| {
            bounds.push(ClockBound {
                path: at.path.clone(),
                attribute: at.name.clone(),
                offset: offset.to_string(),
                data_type: at.data_type,
            });
        });
        bounds
    }

    /// The filter as SQL about rows of `entity`, whose alias is `e`.
    ///
    /// # Errors
    /// [`PlatformError::Setup`] when this metadata lacks what the filter reads, or has it in another type: the filter
    /// was checked against another version.
    pub fn compile(&self, metadata: &Published, entity: &Table, context: &Context) -> Result<Compiled, PlatformError> {
        compile::compile(&self.0, self.links(), metadata, entity, context)
    }
}
