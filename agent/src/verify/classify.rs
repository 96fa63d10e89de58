//! What a difference between device and server means. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sojourn_wire::message::verify::RowDigest;
use uuid::Uuid;

use crate::store::HeldRows;

/// Rows of one entity that are not the same on both sides, by what that means, each list in key order of its questions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// Both have it, with other values.
    pub differs: Vec<Uuid>,
    /// The device should hold it.
    pub missing: Vec<Uuid>,
    /// The device should not hold it.
    pub extra: Vec<Uuid>,
    /// The server has changed or hidden it since: no error, the next sync brings that.
    pub changed_since: Vec<Uuid>,
    /// It has unsettled operations: the user's work, left alone.
    pub waiting: Vec<Uuid>,
}

impl Differences {
    /// Compares the rows of both sides, which were read of the same ranges, and adds what differs.
    pub fn compare(&mut self, held: &HeldRows, server: &[RowDigest]) {
        let server: BTreeMap<Uuid, Option<&str>> =
            server.iter().map(|row| (row.object_id, row.digest.as_deref())).collect();
        let all: BTreeSet<Uuid> = held.digests.keys().chain(server.keys()).copied().collect();
        for id in all {
            let here = held.digests.get(&id).map(ToString::to_string);
            let list = match (here, server.get(&id)) {
                _ if held.unsettled.contains(&id) => &mut self.waiting,
                (_, Some(None)) => &mut self.changed_since,
                (Some(here), Some(Some(there))) if here == *there => continue,
                (Some(_), Some(Some(_))) => &mut self.differs,
                (None, _) => &mut self.missing,
                (Some(_), None) => &mut self.extra,
            };
            list.push(id);
        }
    }

    /// The rows that are to be repaired.
    pub fn repairable(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.differs.iter().chain(&self.missing).chain(&self.extra).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::batch::{Digest, RowHasher, Value, ValueType};

    fn digest(value: i64) -> Digest {
        let mut hasher = RowHasher::new();
        hasher.push(Value::Integer(value), ValueType::Int8);
        hasher.finish()
    }

    #[test]
    fn each_difference_has_its_meaning() {
        let id = Uuid::from_u128;
        let digests = BTreeMap::from([(id(1), digest(1)), (id(2), digest(2)), (id(4), digest(4)), (id(5), digest(5))]);
        let held = HeldRows { digests, unsettled: BTreeSet::from([id(6), id(9)]) };
        let row = |number, digest: Option<Digest>| RowDigest {
            object_id: id(number),
            digest: digest.map(|digest| digest.to_string()),
        };
        let server = [
            row(1, Some(digest(1))),
            row(2, Some(digest(7))),
            row(3, Some(digest(3))),
            row(5, None),
            row(6, Some(digest(6))),
            row(7, None),
        ];
        let mut found = Differences::default();
        found.compare(&held, &server);
        let expected = Differences {
            differs: vec![id(2)],
            missing: vec![id(3)],
            extra: vec![id(4)],
            changed_since: vec![id(5), id(7)],
            waiting: vec![id(6)],
        };
        assert_eq!(found, expected);
        assert_eq!(found.repairable().collect::<Vec<_>>(), [id(2), id(3), id(4)]);
    }
}
