//! An entry gets other values.

use std::collections::BTreeMap;

use serde_json::Value;
use sojourn_metadata::Entity;

use super::chain::{Chain, Source};
use super::desk::{Desk, cannot};
use super::fix::Fixed;
use super::target::Target;
use super::{entries, fix, table, theirs};
use crate::store::error::Fault;
use crate::store::image::Values;
use crate::store::queue::EntryCommand;

impl Desk<'_> {
    /// Sets the values in the entry, and in its row where no later entry sets others. That the user wants it although there
    /// are duplicates was said of the old values.
    pub(super) fn fix(&self, target: &Target, values: &BTreeMap<String, Value>) -> Result<(), Fault> {
        entries::want_anyway(self.connection, target.row_number, false)?;
        entries::done_now(self.connection, target.row_number)?;
        let mut chain = entries::chain(self.connection, &target.object)?;
        let before = chain.links.clone();
        let Some(index) = chain.position(target.row_number) else { return Ok(()) };
        if target.command == EntryCommand::Invoke {
            chain.links[index].data.extend(values.clone());
            return entries::store(self.connection, &target.object, &before, &chain);
        }
        let entity = self.entity(target)?;
        let row = table::read(self.connection, entity, &target.object.1)?.unwrap_or_default();
        let create = target.command == EntryCommand::Create;
        for (name, value) in values {
            let fixed = fix::check(entity, name, value, create).map_err(|problem| cannot(target, problem))?;
            if !create {
                rebase(target, entity, &mut chain, index, name, &row);
            }
            self.amend(target, &mut chain, index, name, fixed)?;
        }
        entries::store(self.connection, &target.object, &before, &chain)?;
        self.change(&target.object, &chain.row)
    }

    fn amend(&self, target: &Target, chain: &mut Chain, index: usize, name: &str, fixed: Fixed) -> Result<(), Fault> {
        let data = &mut chain.links[index].data;
        // A create names only what is there.
        match target.command == EntryCommand::Create && fixed.value.is_null() {
            true => data.remove(name),
            false => data.insert(name.to_owned(), fixed.value.clone()),
        };
        let source = match &fixed.bytes {
            Some(bytes) => {
                entries::put_bytes(self.connection, target.row_number, name, bytes)?;
                Source::BytesOf(target.row_number)
            }
            None => {
                entries::drop_bytes(self.connection, target.row_number, name)?;
                Source::Value(fixed.value)
            }
        };
        chain.hand_on(index, name, source);
        Ok(())
    }
}

/// The base of an attribute that is fixed: what the server has, when the user has seen that in a conflict; or what it was
/// before, when the entry has not set it until now.
fn rebase(target: &Target, entity: &Entity, chain: &mut Chain, index: usize, name: &str, row: &Values) {
    let conflicts = target.verdict.iter().flat_map(|verdict| &verdict.conflicts);
    let conflict = conflicts.into_iter().find(|conflict| conflict.attribute == name);
    let told = conflict.and_then(|conflict| theirs::told(conflict, Some(entity), chain.image.as_ref()));
    let base = match told {
        Some(theirs) => Some(theirs),
        None if chain.links[index].data.contains_key(name) => None,
        None => chain.before_next(index, name).or_else(|| row.get(name).cloned()),
    };
    chain.links[index].base.extend(base.map(|base| (name.to_owned(), base)));
}
