//! The skeleton of the data: which account, contact, sale and case belongs to whom, before any of them has a value.
//!
//! It is what every other row refers to, and small enough to be held: 32 bytes a record.

use uuid::Uuid;

use crate::draw::{Draw, skewed_evenly};
use crate::edges::EDGE_ROWS;
use crate::entity::Entity;
use crate::organisation::{Organisation, User};
use crate::plan::Plan;

/// How unequal owners are: the first of n owns about the square root of 1/n.
const OWNER_SKEW: f64 = 2.0;
/// How unequal accounts and contacts are in what happens around them.
const CUSTOMER_SKEW: f64 = 1.5;
/// How often, in percent, what happens around a customer belongs to the customer's owner.
const SAME_OWNER: u32 = 85;

/// An account, contact, opportunity or case. Indexes are those of [`Book`] and of the organisation's users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) owner: u32,
    pub(crate) account: Option<u32>,
    pub(crate) contact: Option<u32>,
}

/// Everything that other rows refer to.
pub(crate) struct Book {
    pub(crate) organisation: Organisation,
    pub(crate) accounts: Vec<Record>,
    pub(crate) contacts: Vec<Record>,
    pub(crate) opportunities: Vec<Record>,
    pub(crate) incidents: Vec<Record>,
}

impl Book {
    /// The skeleton of a plan.
    pub(crate) fn new(plan: &Plan) -> Book {
        let organisation = Organisation::new(plan);
        let mut book = Book {
            organisation,
            accounts: Vec::new(),
            contacts: Vec::new(),
            opportunities: Vec::new(),
            incidents: Vec::new(),
        };
        book.accounts = book.records(plan, Entity::Account, Book::account);
        book.contacts = book.records(plan, Entity::Contact, Book::contact);
        book.opportunities = book.records(plan, Entity::Opportunity, |book, draw, _| book.about_a_contact(draw));
        book.incidents = book.records(plan, Entity::Incident, |book, draw, _| book.about_a_contact(draw));
        book
    }

    /// The user at an index.
    pub(crate) fn user(&self, index: u32) -> &User {
        &self.organisation.users[index as usize]
    }

    /// The account of a record that has one.
    pub(crate) fn account_of(&self, record: &Record) -> Option<&Record> {
        record.account.map(|index| &self.accounts[index as usize])
    }

    /// The contact of a record that has one.
    pub(crate) fn contact_of(&self, record: &Record) -> Option<&Record> {
        record.contact.map(|index| &self.contacts[index as usize])
    }

    /// A new record around some contact, and so around the contact's account.
    pub(crate) fn about_a_contact(&self, draw: &mut Draw) -> Record {
        let index = draw.skewed(self.contacts.len(), CUSTOMER_SKEW);
        let contact = self.contacts[index];
        Record {
            id: draw.uuid(),
            owner: self.owner_near(draw, &contact),
            account: contact.account,
            contact: Some(index as u32),
        }
    }

    /// The same record, owned by who owns the most.
    pub(crate) fn owned_by_the_first(&self, record: Record) -> Record {
        Record { owner: self.organisation.owners[0] as u32, ..record }
    }

    /// Records of one entity; the edge rows belong to the first sales person.
    fn records(&self, plan: &Plan, entity: Entity, make: impl Fn(&Book, &mut Draw, usize) -> Record) -> Vec<Record> {
        let mut draw = Draw::new(plan.seed, 10_000 + entity.type_code() as u64);
        let mut records: Vec<Record> = (0..plan.rows(entity)).map(|index| make(self, &mut draw, index)).collect();
        for record in &mut records[..EDGE_ROWS] {
            *record = self.owned_by_the_first(*record);
        }
        records
    }

    fn account(&self, draw: &mut Draw, index: usize) -> Record {
        let owner = skewed_evenly(index, self.organisation.owners.len(), OWNER_SKEW);
        Record { id: draw.uuid(), owner: self.organisation.owners[owner] as u32, account: None, contact: None }
    }

    fn contact(&self, draw: &mut Draw, index: usize) -> Record {
        let id = draw.uuid();
        if draw.percent(8) {
            let owner = skewed_evenly(index, self.organisation.owners.len(), OWNER_SKEW);
            return Record { id, owner: self.organisation.owners[owner] as u32, account: None, contact: None };
        }
        let account = draw.skewed(self.accounts.len(), CUSTOMER_SKEW);
        let owner = self.owner_near(draw, &self.accounts[account]);
        Record { id, owner, account: Some(account as u32), contact: None }
    }

    fn owner_near(&self, draw: &mut Draw, record: &Record) -> u32 {
        if draw.percent(SAME_OWNER) {
            return record.owner;
        }
        let owners = &self.organisation.owners;
        owners[draw.skewed(owners.len(), OWNER_SKEW)] as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_fixes_the_book() {
        let contacts = |seed| Book::new(&Plan::new(seed, 20, 500)).contacts;
        assert_eq!(contacts(1), contacts(1));
        assert_ne!(contacts(1), contacts(2));
    }

    #[test]
    fn accounts_have_unequal_numbers_of_people() {
        let book = Book::new(&Plan::new(1, 20, 4000));
        let people_of = |account: u32| book.contacts.iter().filter(|contact| contact.account == Some(account)).count();
        assert!(people_of(0) > 5 * people_of(900), "{} and {}", people_of(0), people_of(900));
    }

    #[test]
    fn a_reader_owns_nothing() {
        let book = Book::new(&Plan::new(1, 20, 500));
        let reader = book.organisation.people.reader.id;
        assert!(book.contacts.iter().all(|contact| book.user(contact.owner).person.id != reader));
    }
}
