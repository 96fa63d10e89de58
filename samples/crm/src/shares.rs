//! Records shared with the first sales person, directly and through their team.

use uuid::Uuid;

use crate::book::{Book, Record};
use crate::copy::Rows;
use crate::entity::Entity;
use crate::organisation::{EAST, NORTH};

/// Shares of each entity with each principal: one for a thousand rows, within these bounds. Policies compare each row
/// with the whole list, so that a long one is dear.
const FEWEST: usize = 5;
const MOST: usize = 100;

/// Loads [`write`]'s rows.
pub(crate) const COPY: &str =
    "COPY crm.share (principal_id, object_type_code, object_id, may_write, may_delete) FROM STDIN";

/// One record opened to one principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) principal: Uuid,
    pub(crate) entity: Entity,
    pub(crate) object: Uuid,
    pub(crate) may_write: bool,
}

/// Every share. Those with the first sales person are of colleagues' records in the North, and every other one lets
/// them write; those with the team are of accounts and sales in the East, to be read only.
pub(crate) fn shares(book: &Book) -> Vec<Share> {
    let person = book.organisation.people.sales[0].id;
    let team = book.organisation.teams[NORTH].id;
    let mut shares = Vec::new();
    for (entity, records) in [
        (Entity::Account, &book.accounts),
        (Entity::Contact, &book.contacts),
        (Entity::Opportunity, &book.opportunities),
        (Entity::Incident, &book.incidents),
    ] {
        let count = (records.len() / 1000).clamp(FEWEST, MOST);
        let of_branch = |branch: usize| {
            let belongs = move |record: &&Record| {
                let owner = book.user(record.owner);
                owner.branch == Some(branch) && owner.person.id != person
            };
            records.iter().filter(belongs).take(count)
        };
        let own = of_branch(NORTH).enumerate().map(|(index, record)| (person, record.id, index % 2 == 0));
        let through_team = of_branch(EAST).map(|record| (team, record.id, false));
        let share = |(principal, object, may_write)| Share { principal, entity, object, may_write };
        shares.extend(own.chain(through_team).map(share));
    }
    shares
}

/// Writes the shares.
pub(crate) fn write(book: &Book, rows: &mut Rows) {
    for share in shares(book) {
        let rows = rows.begin(None).id(share.principal).exact(share.entity.type_code()).id(share.object);
        rows.exact(share.may_write).exact(false).end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn every_kind_of_share_occurs() {
        let book = Book::new(&Plan::new(5, 12, 500));
        let shares = shares(&book);
        let person = book.organisation.people.sales[0].id;
        assert!(shares.iter().any(|share| share.principal == person && share.may_write));
        assert!(shares.iter().any(|share| share.principal == person && !share.may_write));
        assert!(shares.iter().any(|share| share.principal != person));
    }
}
