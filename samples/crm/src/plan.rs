//! How much data to make, and from which seed.

use jiff::Timestamp;

use crate::edges::EDGE_ROWS;
use crate::entity::Entity;
use crate::organisation::LEAST_USERS;

/// Users in a plan made by [`Plan::rows_for_user`].
const USERS_OF_A_DEMO: u32 = 12;

/// What to generate. The same plan gives the same rows, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Everything random follows from it.
    pub seed: u64,
    /// People in the organisation, at least 8.
    pub users: u32,
    /// Contacts; the other entities follow in fixed ratios, about 2.4 rows a contact altogether, but every one of
    /// them has at least 16 rows, whose values are the edges of their types.
    pub contacts: u64,
    /// The present of the data: records are up to three years older, plans up to one year ahead.
    pub epoch: Timestamp,
}

impl Plan {
    /// A plan whose present is 2026-01-01T00:00:00Z.
    pub fn new(seed: u64, users: u32, contacts: u64) -> Plan {
        Plan { seed, users, contacts, epoch: Timestamp::constant(1_767_225_600, 0) }
    }

    /// A plan in which the first sales person sees at least `rows` rows, and at most a third more (or some 300 rows,
    /// if that is more: no data set is smaller), spread over all 16 entities. The whole has some three times as many.
    pub fn rows_for_user(seed: u64, rows: u64) -> Plan {
        let owners = f64::from(USERS_OF_A_DEMO - 1);
        let share_of_first_owner = owners.recip().sqrt();
        let rows_per_contact: u64 = Entity::ALL.iter().map(|entity| entity.per_thousand_contacts()).sum();
        let visible_per_contact = rows_per_contact as f64 / 1000.0 * share_of_first_owner;
        let with_margin = rows as f64 * 1.1;
        Plan::new(seed, USERS_OF_A_DEMO, (with_margin / visible_per_contact).ceil() as u64)
    }

    /// How many rows of an entity that contacts bring along; the organisation's own are counted elsewhere.
    pub(crate) fn rows(&self, entity: Entity) -> usize {
        let by_ratio = self.contacts * entity.per_thousand_contacts() / 1000;
        by_ratio.max(EDGE_ROWS as u64) as usize
    }

    /// Whether the organisation can be staffed.
    pub(crate) fn has_enough_users(&self) -> bool {
        self.users >= LEAST_USERS
    }
}
