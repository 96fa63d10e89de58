//! Whether a prepare of an entity may follow changes, or must evaluate everything. Pure.
//!
//! Following must leave exactly the entries that evaluating everything would; where that cannot be known, everything is
//! evaluated, and the reason is said.

pub mod cost;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use uuid::Uuid;

use crate::sources::Sources;

/// What evaluating one candidate costs, in microseconds. More candidates than the last evaluation of everything took
/// are not worth following.
const CANDIDATE_US: i64 = 25;
/// As many candidates are always worth following.
const LEAST_LIMIT: i64 = 200;
/// More candidates are never held in memory.
pub const GREATEST_LIMIT: i64 = 100_000;

/// Why everything is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The entity has not been prepared for this subscription.
    First,
    /// An administrator asked for it, or the device holds nothing.
    Asked,
    /// The local data groups in force are others than at the last prepare.
    Filter,
    /// The watermark is none that changes can be counted from: the subscription was silent for too long, or the
    /// database was restored.
    Watermark,
    /// Policies, privileges, tables or triggers are not what they were.
    Definition,
    /// The metadata is another version.
    Metadata,
    /// Changes cannot be followed to rows.
    Untraceable(String),
    /// A table was truncated, or is followed as a whole.
    Everything,
    /// What the policies know of the user is not what it was.
    Access,
    /// More changed than is worth following.
    TooMany,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "it is the first time",
            Self::Asked => "it was asked for",
            Self::Filter => "the local data groups changed",
            Self::Watermark => "the watermark is too old or not of this database",
            Self::Definition => "policies, privileges or tables changed",
            Self::Metadata => "the metadata changed",
            Self::Untraceable(reason) => reason,
            Self::Everything => "a table was truncated",
            Self::Access => "the user's access changed",
            Self::TooMany => "too much changed",
        })
    }
}

/// What is known of one entity of one subscription before its changes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What the last prepare went by; none before the first.
    pub last: Option<Last>,
    /// The filter in force now, in its canonical form.
    pub filter: String,
    /// Everything must be evaluated for a reason that concerns the whole subscription.
    pub everything: Option<Why>,
}

/// What the last prepare of an entity went by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// The filter, in its canonical form.
    pub filter: String,
    /// The next prepare is asked to evaluate everything.
    pub needs_full: bool,
    /// What evaluating everything took, in microseconds.
    pub full_us: i64,
}

impl Known {
    /// Why everything must be evaluated, as far as is known before changes are read.
    #[must_use]
    pub fn beforehand(&self, sources: &Sources) -> Option<Why> {
        let Some(last) = &self.last else { return Some(Why::First) };
        if let Some(why) = &self.everything {
            return Some(why.clone());
        }
        if last.needs_full {
            return Some(Why::Asked);
        }
        if last.filter != self.filter {
            return Some(Why::Filter);
        }
        sources.untraceable.clone().map(Why::Untraceable)
    }

    /// The most candidates that are worth following.
    #[must_use]
    pub fn limit(&self) -> i64 {
        let full_us = self.last.as_ref().map_or(0, |last| last.full_us);
        (full_us / CANDIDATE_US).clamp(LEAST_LIMIT, GREATEST_LIMIT)
    }
}

/// What one stream says about what changed since the watermark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// These ids; the nil id stands for everything.
    Ids(BTreeSet<Uuid>),
    /// More than is worth reading.
    TooMuch,
}

/// What changed since the watermark, by stream. Streams without a change are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes(pub BTreeMap<i32, Noted>);

impl Changes {
    /// Whether a stream has any.
    #[must_use]
    pub fn any(&self, stream: i32) -> bool {
        self.0.contains_key(&stream)
    }

    /// The ids of several streams together, as far as they were read.
    #[must_use]
    pub fn of(&self, streams: &BTreeSet<i32>) -> BTreeSet<Uuid> {
        let ids = |stream| match self.0.get(stream) {
            Some(Noted::Ids(ids)) => Some(ids),
            Some(Noted::TooMuch) | None => None,
        };
        streams.iter().filter_map(ids).flatten().copied().collect()
    }

    /// Why everything must be evaluated, as these changes say.
    #[must_use]
    pub fn overwhelm(&self, sources: &Sources, limit: i64) -> Option<Why> {
        for streams in sources.rows.values() {
            if streams.iter().any(|stream| self.0.get(stream) == Some(&Noted::TooMuch)) {
                return Some(Why::TooMany);
            }
            let ids = self.of(streams);
            if ids.contains(&Uuid::nil()) {
                return Some(Why::Everything);
            }
            if i64::try_from(ids.len()).map_or(true, |count| count > limit) {
                return Some(Why::TooMany);
            }
        }
        None
    }

    /// The entities of whose policies a table has changed as a whole: what they know of the user must be asked.
    #[must_use]
    pub fn in_doubt(&self, sources: &Sources) -> BTreeSet<i32> {
        let changed = |streams: &BTreeSet<i32>| streams.iter().any(|stream| self.any(*stream));
        sources.whole.iter().filter(|(_, streams)| changed(streams)).map(|(code, _)| *code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let last = Last { filter: "true".to_owned(), needs_full: false, full_us: 250_000 };
        Known { last: Some(last), filter: "true".to_owned(), everything: None }
    }

    fn sources() -> Sources {
        let rows = BTreeMap::from([(vec![], BTreeSet::from([1, 2]))]);
        let whole = BTreeMap::from([(7, BTreeSet::from([3, 4])), (8, BTreeSet::from([5]))]);
        Sources { rows, whole, clock: vec![], untraceable: None }
    }

    fn changes(of: &[(i32, u128)]) -> Changes {
        let mut changes = Changes::default();
        for (stream, id) in of {
            let noted = changes.0.entry(*stream).or_insert_with(|| Noted::Ids(BTreeSet::new()));
            let Noted::Ids(ids) = noted else { unreachable!("it was made above") };
            ids.insert(Uuid::from_u128(*id));
        }
        changes
    }

    #[test]
    fn everything_is_evaluated_for_a_reason() {
        assert_eq!(known().beforehand(&sources()), None);
        assert_eq!(Known { last: None, ..known() }.beforehand(&sources()), Some(Why::First));
        let asked = Last { needs_full: true, ..known().last.expect("there is one") };
        assert_eq!(Known { last: Some(asked), ..known() }.beforehand(&sources()), Some(Why::Asked));
        assert_eq!(Known { filter: "false".into(), ..known() }.beforehand(&sources()), Some(Why::Filter));
        let everything = Some(Why::Watermark);
        assert_eq!(Known { everything, ..known() }.beforehand(&sources()), Some(Why::Watermark));
        let lost = Sources { untraceable: Some("the clock".to_owned()), ..sources() };
        assert_eq!(known().beforehand(&lost), Some(Why::Untraceable("the clock".to_owned())));
    }

    #[test]
    fn the_limit_follows_what_everything_cost() {
        let limit = |full_us| Known { last: Some(Last { full_us, ..known().last.expect("one") }), ..known() }.limit();
        assert_eq!((limit(0), limit(250_000), limit(i64::MAX)), (200, 10_000, 100_000));
    }

    #[test]
    fn changes_of_both_streams_count() {
        assert_eq!(changes(&[(1, 1), (2, 2), (9, 9)]).overwhelm(&sources(), 2), None);
        assert_eq!(changes(&[(1, 1), (2, 2)]).overwhelm(&sources(), 1), Some(Why::TooMany));
        assert_eq!(changes(&[(2, 0)]).overwhelm(&sources(), 5), Some(Why::Everything));
        let unread = Changes(BTreeMap::from([(1, Noted::TooMuch)]));
        assert_eq!(unread.overwhelm(&sources(), 5), Some(Why::TooMany));
        assert_eq!(Changes(BTreeMap::from([(9, Noted::TooMuch)])).overwhelm(&sources(), 5), None);
    }

    #[test]
    fn a_changed_table_puts_those_in_doubt_who_read_it() {
        assert_eq!(changes(&[(4, 0)]).in_doubt(&sources()), BTreeSet::from([7]));
        assert_eq!(changes(&[(3, 0), (5, 0)]).in_doubt(&sources()), BTreeSet::from([7, 8]));
        assert!(changes(&[(1, 1)]).in_doubt(&sources()).is_empty());
    }
}
