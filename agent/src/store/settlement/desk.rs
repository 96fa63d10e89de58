//! Carries a settlement out: reads what it is about, lets the pure parts decide, and writes what they say.

use std::collections::BTreeSet;

use rusqlite::Connection;
use sojourn_metadata::{Entity, Metadata};
use uuid::Uuid;

use super::chain::RowChange;
use super::outline::{self, Object};
use super::spread::{self, Fate, Spread};
use super::target::Target;
use super::{Settlement, entries, existing, table};
use crate::store::error::Fault;
use crate::store::{StoreError, attachment, groups, refresh};

/// The transaction and the metadata of one settlement.
pub(super) struct Desk<'a> {
    pub(super) connection: &'a Connection,
    pub(super) metadata: &'a Metadata,
}

impl Desk<'_> {
    /// Settles the entry; everything that went on or was given up, itself among it.
    pub(super) fn settle(&self, target: &Target, settlement: &Settlement) -> Result<Spread, Fault> {
        let row_number = target.row_number;
        let mut void = None;
        let fate = match settlement {
            Settlement::Retry => Fate::Again(row_number),
            Settlement::CreateAnyway => {
                entries::want_anyway(self.connection, row_number, true)?;
                Fate::Again(row_number)
            }
            Settlement::KeepMine => self.keep_mine(target)?,
            Settlement::TakeTheirs => self.take_theirs(target)?,
            Settlement::Fix(values) => {
                self.fix(target, values)?;
                Fate::Again(row_number)
            }
            Settlement::UseExisting(asked) => {
                void = self.use_existing(target, *asked)?;
                Fate::Replaced(row_number)
            }
            Settlement::Discard => Fate::GivenUp(row_number),
        };
        let outlines = outline::read(self.connection)?;
        let mut spread = spread::follow(&outlines, fate);
        if !matches!(fate, Fate::Replaced(_)) {
            let objects = outlines.iter().filter(|entry| spread.given_up.contains(&entry.row_number));
            for object in objects.map(|entry| &entry.object).collect::<BTreeSet<_>>() {
                self.take_out(object, &spread.given_up)?;
            }
        }
        spread.again.retain(|released| void != Some(*released));
        spread.given_up.extend(void);
        entries::give_up(self.connection, &spread.given_up)?;
        entries::send_again(self.connection, &spread.again)?;
        entries::overtake_gone(self.connection)?;
        groups::send_again(self.connection)?;
        groups::finish(self.connection)?;
        Ok(spread)
    }

    /// Takes entries out of an object's chain, and brings its row to what is left.
    fn take_out(&self, object: &Object, given_up: &BTreeSet<i64>) -> Result<(), Fault> {
        let mut chain = entries::chain(self.connection, object)?;
        let before = chain.links.clone();
        chain.give_up(given_up);
        entries::store(self.connection, object, &before, &chain)?;
        self.change(object, &chain.row)?;
        Ok(refresh::add(self.connection, object.0, &object.1)?)
    }

    /// The entry that would delete the row that is not made, when there is one.
    fn use_existing(&self, target: &Target, asked: Option<Uuid>) -> Result<Option<i64>, Fault> {
        let candidate = target.existing(asked).map_err(|problem| cannot(target, problem))?;
        existing::take(self, target, &candidate.to_string())
    }

    /// Changes an object's row, where the device knows its entity.
    pub(super) fn change(&self, object: &Object, change: &RowChange) -> Result<(), Fault> {
        match self.metadata.entity_of(object.0) {
            Some(entity) => {
                attachment::keep(self.connection, entity, &object.1)?;
                table::change(self.connection, entity, &object.1, change)
            }
            None => Ok(()),
        }
    }

    pub(super) fn entity(&self, target: &Target) -> Result<&Entity, Fault> {
        let unknown = || cannot(target, "its entity is not on this device any more; discard it".to_owned());
        self.metadata.entity_of(target.object.0).ok_or_else(unknown)
    }
}

/// The refusal, in words for the user.
pub(super) fn cannot(target: &Target, problem: String) -> Fault {
    StoreError::CannotSettle { row_number: target.row_number.unsigned_abs(), problem }.into()
}
