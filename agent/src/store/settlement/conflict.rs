//! A conflict is settled for one side.

use rusqlite::params;
use sojourn_wire::message::operation::Side;

use super::chain::{Link, Source};
use super::desk::{Desk, cannot};
use super::spread::Fate;
use super::target::Target;
use super::{entries, revive, table, theirs};
use crate::store::error::Fault;
use crate::store::image::{Image, is_blob};
use crate::store::queue::EntryCommand;
use crate::store::refresh;

impl Desk<'_> {
    /// What the user wrote counts.
    pub(super) fn keep_mine(&self, target: &Target) -> Result<Fate, Fault> {
        if target.deleted() == Some(Side::Theirs) && target.command == EntryCommand::Update {
            self.revive(target)?;
        } else {
            let version = target.verdict.as_ref().and_then(|verdict| verdict.version);
            let sql = "UPDATE sojourn_queue SET seen = ?2 WHERE row_number = ?1";
            self.connection.execute(sql, params![target.row_number, version])?;
        }
        Ok(Fate::Again(target.row_number))
    }

    /// The update of a row that the server has deleted becomes a create of the whole row.
    fn revive(&self, target: &Target) -> Result<(), Fault> {
        let entity = self.entity(target)?;
        let chain = entries::chain(self.connection, &target.object)?;
        let index = chain.position(target.row_number).unwrap_or(chain.links.len());
        let row = table::read(self.connection, entity, &target.object.1)?;
        let links = &chain.links[index..];
        let gone = || cannot(target, "its row is not on this device any more; discard it".to_owned());
        let data = revive::as_created(entity, links, row).ok_or_else(gone)?;
        for (name, value) in &data {
            let own = links[0].data.contains_key(name);
            if is_blob(value) && !own {
                let bytes = table::bytes(self.connection, entity, &target.object.1, name)?;
                entries::put_bytes(self.connection, target.row_number, name, &bytes.unwrap_or_default())?;
            }
        }
        let created = Link { command: EntryCommand::Create, data, ..links[0].clone() };
        entries::put_values(self.connection, &created)?;
        let sql = "UPDATE sojourn_queue SET command_id = 1, seen = NULL WHERE row_number = ?1";
        self.connection.execute(sql, [target.row_number])?;
        Ok(())
    }

    /// Takes the conflicting attributes off the entry; when nothing is left of it, it is given up. Where the server's value
    /// is not known, the row keeps its own until the server's comes.
    pub(super) fn take_theirs(&self, target: &Target) -> Result<Fate, Fault> {
        let conflicts = target.verdict.as_ref().map(|verdict| verdict.conflicts.as_slice()).unwrap_or_default();
        let mut chain = entries::chain(self.connection, &target.object)?;
        let before = chain.links.clone();
        let deleted = target.deleted();
        let index = chain.position(target.row_number);
        let Some(index) = index.filter(|_| deleted.is_none() && !conflicts.is_empty()) else {
            if deleted == Some(Side::Theirs) {
                chain.image = Some(Image::Gone);
                entries::store(self.connection, &target.object, &before, &chain)?;
            }
            return Ok(Fate::GivenUp(target.row_number));
        };
        let entity = self.metadata.entity_of(target.object.0);
        let whole = chain.links[index].data.keys().all(|name| conflicts.iter().any(|c| &c.attribute == name));
        for conflict in conflicts {
            let name = conflict.attribute.as_str();
            let told = theirs::told(conflict, entity, chain.image.as_ref());
            let link = &mut chain.links[index];
            if let Some(theirs) = &told
                && whole
            {
                // What is given up hands its base on: the server's value, from here.
                link.base.insert(name.to_owned(), theirs.clone());
                continue;
            }
            link.data.remove(name);
            link.base.remove(name);
            if let Some(theirs) = told {
                chain.hand_on(index, name, Source::Value(theirs));
            }
            entries::drop_bytes(self.connection, target.row_number, name)?;
        }
        chain.uncover();
        entries::store(self.connection, &target.object, &before, &chain)?;
        self.change(&target.object, &chain.row)?;
        refresh::add(self.connection, target.object.0, &target.object.1)?;
        Ok(if whole { Fate::GivenUp(target.row_number) } else { Fate::Again(target.row_number) })
    }
}
