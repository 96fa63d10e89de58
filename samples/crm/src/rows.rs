//! The rows of each entity: one file for a few entities, each with its COPY statement beside what writes its rows.

mod activity;
mod annotation;
mod customer;
mod organisation;
mod sale;
mod service;

use jiff::Timestamp;

use crate::book::{Book, Record};
use crate::copy::Rows;
use crate::draw::Draw;
use crate::edges::EDGE_ROWS;
use crate::entity::Entity;
use crate::plan::Plan;

pub(crate) use organisation::{PRIVILEGES, ROLES, TEAM_MEMBERS, USER_ROLES};

/// What writers of rows look at.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) book: Book,
}

impl World {
    /// The world of a plan.
    pub(crate) fn new(plan: &Plan) -> World {
        World { plan: *plan, book: Book::new(plan) }
    }

    /// Rows of an entity, those of the organisation included.
    pub(crate) fn rows(&self, entity: Entity) -> usize {
        let organisation = &self.book.organisation;
        match entity {
            Entity::BusinessUnit => organisation.units.len(),
            Entity::SystemUser => organisation.users.len(),
            Entity::Team => organisation.teams.len(),
            other => self.plan.rows(other),
        }
    }
}

/// How the rows of one table are made and loaded.
pub(crate) struct Table {
    /// Loads them, in text format.
    pub(crate) copy: &'static str,
    /// Writes the row at an index; ids and values come from `draw`, so rows must be written in order.
    pub(crate) write: fn(&World, usize, &mut Draw, &mut Rows),
}

/// The table of an entity.
pub(crate) fn table(entity: Entity) -> Table {
    match entity {
        Entity::BusinessUnit => organisation::BUSINESS_UNIT,
        Entity::SystemUser => organisation::SYSTEM_USER,
        Entity::Team => organisation::TEAM,
        Entity::Account => customer::ACCOUNT,
        Entity::Contact => customer::CONTACT,
        Entity::Lead => sale::LEAD,
        Entity::Opportunity => sale::OPPORTUNITY,
        Entity::Task => activity::TASK,
        Entity::PhoneCall => activity::PHONE_CALL,
        Entity::Appointment => activity::APPOINTMENT,
        Entity::Letter => activity::LETTER,
        Entity::Fax => activity::FAX,
        Entity::Email => activity::EMAIL,
        Entity::Incident => service::INCIDENT,
        Entity::IncidentLine => service::INCIDENT_LINE,
        Entity::Annotation => annotation::ANNOTATION,
    }
}

/// The stream that the values of an entity's rows come from.
pub(crate) fn stream(entity: Entity) -> u64 {
    entity.type_code() as u64
}

/// Which edge row an index is, if any.
fn edge(index: usize) -> Option<usize> {
    (index < EDGE_ROWS).then_some(index)
}

/// A new record around some contact; the edge rows belong to the first sales person.
fn record(world: &World, index: usize, draw: &mut Draw) -> Record {
    let record = world.book.about_a_contact(draw);
    if edge(index).is_some() { world.book.owned_by_the_first(record) } else { record }
}

/// The last columns of every owned row: owner_id, owning_business_unit_id, state_code, created_on, modified_on.
fn finish(world: &World, record: &Record, draw: &mut Draw, rows: &mut Rows) {
    let owner = &world.book.user(record.owner).person;
    let (created, modified) = created_and_modified(world, draw);
    let state = i16::from(draw.percent(12));
    rows.id(owner.id).id(owner.business_unit_id).exact(state).exact_moment(created).exact_moment(modified).end();
}

/// When a row was made, up to three years ago, and last changed, for half of them the same moment.
fn created_and_modified(world: &World, draw: &mut Draw) -> (Timestamp, Timestamp) {
    let created = draw.moment(world.plan.epoch, -3 * 365, -1);
    let modified = if draw.percent(50) { created } else { draw.moment(world.plan.epoch, -300, 0).max(created) };
    (created, modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of an entity, as they are sent.
    fn written(plan: &Plan, entity: Entity) -> String {
        let world = World::new(plan);
        let mut draw = Draw::new(plan.seed, stream(entity));
        let mut rows = Rows::default();
        for index in 0..world.rows(entity) {
            (table(entity).write)(&world, index, &mut draw, &mut rows);
        }
        String::from_utf8(rows.take()).unwrap()
    }

    #[test]
    fn a_plan_fixes_every_byte() {
        let plan = Plan::new(11, 12, 300);
        for entity in Entity::ALL {
            assert_eq!(written(&plan, entity), written(&plan, entity), "{entity:?}");
            assert_ne!(written(&plan, entity), written(&Plan { seed: 12, ..plan }, entity), "{entity:?}");
        }
    }

    #[test]
    fn rows_have_as_many_fields_as_their_statement_has_columns() {
        let plan = Plan::new(11, 12, 300);
        for entity in Entity::ALL {
            let columns = table(entity).copy.matches(',').count() + 1;
            for row in written(&plan, entity).lines() {
                assert_eq!(row.split('\t').count(), columns, "{entity:?}: {row}");
            }
        }
    }

    #[test]
    fn a_demo_moves_at_least_what_was_asked_for() {
        for seed in 0..12 {
            let plan = Plan::rows_for_user(seed, 6_296);
            let owner = World::new(&plan).book.organisation.people.sales[0].id.to_string();
            let owned = Entity::ALL.into_iter().filter(|entity| entity.is_owned());
            let rows: usize = owned.map(|entity| written(&plan, entity).matches(&format!("\t{owner}\t")).count()).sum();
            assert!((6_000..8_000).contains(&rows), "seed {seed}: {rows}");
        }
    }
}
