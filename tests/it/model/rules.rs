//! What the model's server allows: conflicts, the table's rules, and duplicates.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::operation::{Command, Operation, Verdict};
use super::row::{Attribute, Values, empty};
use super::server::{Server, Stored};

/// The least size that is refused.
const TOO_LARGE: u64 = 1000;
/// Candidates that are told.
const TOLD: usize = 5;

impl Server {
    pub(super) fn create(&mut self, device: usize, operation: &Operation) -> Result<Verdict, Verdict> {
        if self.rows.contains_key(&operation.object) {
            return Err(Verdict::of("rejected"));
        }
        let mut row = empty();
        row.extend(operation.data.clone());
        self.check(device, operation.object, &row)?;
        self.store(Some(device), operation.object, row);
        Ok(Verdict::of("applied"))
    }

    pub(super) fn update(&mut self, device: usize, operation: &Operation) -> Result<Verdict, Verdict> {
        let Some(stored) = self.rows.get(&operation.object) else { return Err(self.missing(device, operation)) };
        if !self.may_write(device, &stored.row) {
            return Err(Verdict::of("rejected"));
        }
        let changed = self.is_changed(device, operation, stored);
        let mut merged = changed;
        let overruled = self.is_overruled(device, operation, stored);
        if overruled {
            merged = true;
        } else {
            let mut theirs = Values::new();
            let own = |attribute| stored.own.as_ref().is_some_and(|(by, set)| *by == device && set.contains(attribute));
            for (attribute, mine) in &operation.data {
                let now = &stored.row[attribute];
                let changed = operation.base.get(attribute).is_some_and(|base| base != now) && !own(attribute);
                if changed && now == mine && *attribute != Attribute::Note {
                    merged = true;
                } else if changed && *attribute != Attribute::Note {
                    theirs.insert(*attribute, now.clone());
                }
            }
            if !theirs.is_empty() {
                return Err(Verdict { theirs, version: self.clock, ..Verdict::of("conflict") });
            }
        }
        let mut row = stored.row.clone();
        row.extend(operation.data.clone());
        self.check(device, operation.object, &row)?;
        self.store(Some(device), operation.object, operation.data.clone());
        if let Some(stored) = self.rows.get_mut(&operation.object) {
            match (overruled, changed) {
                (true, _) => stored.unseen.remove(&device),
                (false, true) => stored.unseen.insert(device),
                (false, false) => false,
            };
        }
        Ok(Verdict::of(if merged { "merged" } else { "applied" }))
    }

    pub(super) fn delete(&mut self, device: usize, operation: &Operation) -> Result<Verdict, Verdict> {
        let Some(stored) = self.rows.get(&operation.object) else {
            let had = operation.overtaken || self.known[device].had.contains(&operation.object);
            return if had { Ok(Verdict::of("merged")) } else { Err(Verdict::of("rejected")) };
        };
        let overruled = self.is_overruled(device, operation, stored);
        if !overruled && self.is_changed(device, operation, stored) {
            return Err(Verdict { version: self.clock, ..Verdict::of("conflict") });
        }
        let id = operation.object.to_string();
        let child = |(other, stored): (&Uuid, &Stored)| {
            *other != operation.object && stored.row[&Attribute::Parent].as_ref() == Some(&id)
        };
        if !self.may_write(device, &stored.row) || self.rows.iter().any(child) {
            return Err(Verdict::of("rejected"));
        }
        self.rows.remove(&operation.object);
        Ok(Verdict::of(if overruled { "merged" } else { "applied" }))
    }

    /// An update of a row that is not there.
    fn missing(&self, device: usize, operation: &Operation) -> Verdict {
        let had = operation.overtaken || self.known[device].had.contains(&operation.object);
        match had {
            true => Verdict { is_gone: true, ..Verdict::of("conflict") },
            false => Verdict::of("rejected"),
        }
    }

    /// Somebody else has changed the row since the device saw it. What the device wrote last is its own, unless something lies
    /// beneath that it has not seen.
    fn is_changed(&self, device: usize, operation: &Operation, stored: &Stored) -> bool {
        let seen = self.known[device].seen.get(&operation.object).copied().unwrap_or_default();
        match stored.writes.last() {
            Some((_, by)) if *by == Some(device) && !stored.unseen.contains(&device) => false,
            Some((at, by)) if *by == Some(device) => operation.overtaken || *at > seen,
            _ => operation.overtaken || is_written_after(seen, device, stored),
        }
    }

    /// The user has seen what others did to the row, and overrules it.
    fn is_overruled(&self, device: usize, operation: &Operation, stored: &Stored) -> bool {
        operation.seen.is_some_and(|seen| !is_written_after(seen, device, stored))
    }

    fn may_write(&self, device: usize, row: &Values) -> bool {
        row[&Attribute::Keeper].as_ref().is_none_or(|keeper| *keeper == self.known[device].user.to_string())
    }

    /// Whether the table takes what somebody writes who may write everything.
    pub(super) fn takes(&self, command: Command, object: Uuid, data: &Values) -> bool {
        let parent = data.get(&Attribute::Parent).cloned().flatten();
        let refers =
            parent.is_none_or(|id| id == object.to_string() || self.rows.keys().any(|row| row.to_string() == id));
        let id = Some(object.to_string());
        let is_parent =
            self.rows.iter().any(|(other, stored)| *other != object && stored.row[&Attribute::Parent] == id);
        let fits = data.get(&Attribute::Size).is_none_or(fits);
        refers && fits && (command != Command::Delete || !is_parent)
    }

    /// What the table says about a row that is to be written.
    fn check(&self, device: usize, object: Uuid, row: &Values) -> Result<(), Verdict> {
        let parent = row[&Attribute::Parent].as_ref().map(|parent| parent.parse().expect("an id"));
        let refers = parent.is_none_or(|parent| parent == object || self.rows.contains_key(&parent));
        if fits(&row[&Attribute::Size]) && refers && self.may_write(device, row) {
            Ok(())
        } else {
            Err(Verdict::of("rejected"))
        }
    }

    /// The first member of a unit whose name somebody else has, and who. Of two rows of one unit the later one is the
    /// duplicate.
    pub(super) fn duplicate(&self, unit: &[Operation]) -> Option<(usize, Vec<Uuid>)> {
        let mut places = BTreeMap::new();
        for (place, operation) in unit.iter().enumerate().filter(|(_, operation)| !operation.given_up) {
            places.entry(operation.object).or_insert(place);
        }
        let named = |operation: &Operation| match operation.command {
            Command::Create => !operation.create_anyway,
            Command::Update => !operation.create_anyway && operation.data.contains_key(&Attribute::Name),
            Command::Delete => false,
        };
        unit.iter().enumerate().filter(|(_, operation)| named(operation) && !operation.given_up).find_map(
            |(member, operation)| {
                let name = plain(&self.rows.get(&operation.object)?.row)?;
                let place = places[&operation.object];
                let is_same = |(id, stored): &(&Uuid, &Stored)| {
                    let later = places.get(id).is_some_and(|other| *other > place);
                    **id != operation.object && !later && plain(&stored.row).as_ref() == Some(&name)
                };
                let candidates: Vec<Uuid> = self.rows.iter().filter(is_same).map(|(id, _)| *id).take(TOLD).collect();
                (!candidates.is_empty()).then_some((member, candidates))
            },
        )
    }
}

fn is_written_after(since: u64, device: usize, stored: &Stored) -> bool {
    stored.writes.iter().any(|(at, by)| *at > since && *by != Some(device))
}

fn fits(size: &Option<String>) -> bool {
    size.as_ref().is_none_or(|size| size.parse::<u64>().is_ok_and(|size| size < TOO_LARGE))
}

/// A name as duplicates are told by.
fn plain(row: &Values) -> Option<String> {
    let name: String = row[&Attribute::Name].as_ref()?.to_lowercase().split_whitespace().collect();
    (!name.is_empty()).then_some(name)
}
