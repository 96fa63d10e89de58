//! Rows of the organisation and of the security tables beside it.

use super::{Table, World, created_and_modified};
use crate::copy::Rows;
use crate::draw::Draw;
use crate::roles::{OPERATIONS, privileged_entities};
use crate::words;

pub(super) const BUSINESS_UNIT: Table = Table {
    copy: "COPY crm.business_unit (id, name, parent_id, cost_centre, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let unit = &world.book.organisation.units[index];
        let cost_centre = draw.maybe(70, |draw| format!("CC-{}", draw.between(1000, 9999)));
        rows.begin(None).id(unit.id).exact_text(&unit.name).id_or_null(unit.parent).exact_text_or_null(cost_centre);
        dates(world, draw, rows);
    },
};

pub(super) const SYSTEM_USER: Table = Table {
    copy: "COPY crm.system_user (id, full_name, email, job_title, business_unit_id, is_disabled, \
           created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let user = &world.book.organisation.users[index];
        let job_title = draw.maybe(90, |_| user.role.name());
        rows.begin(None).id(user.person.id).exact_text(&user.person.name).exact_text(&user.email);
        rows.exact_text_or_null(job_title).id(user.person.business_unit_id).exact(user.is_disabled);
        dates(world, draw, rows);
    },
};

pub(super) const TEAM: Table = Table {
    copy: "COPY crm.team (id, name, purpose, business_unit_id, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let team = &world.book.organisation.teams[index];
        let purpose = draw.maybe(50, |draw| words::prose(draw, 4, 12));
        rows.begin(None).id(team.id).exact_text(&team.name).exact_text_or_null(purpose).id(team.unit);
        dates(world, draw, rows);
    },
};

fn dates(world: &World, draw: &mut Draw, rows: &mut Rows) {
    let (created, modified) = created_and_modified(world, draw);
    rows.exact_moment(created).exact_moment(modified).end();
}

/// A table that is written in one go: its statement, its name, its rows.
pub(crate) type WholeTable = (&'static str, &'static str, fn(&World, &mut Rows));

pub(crate) const ROLES: WholeTable = ("role", "COPY crm.role (id, name) FROM STDIN", |world, rows| {
    for (id, role) in &world.book.organisation.roles {
        rows.begin(None).id(*id).exact_text(role.name()).end();
    }
});

pub(crate) const PRIVILEGES: WholeTable = (
    "role_privilege",
    "COPY crm.role_privilege (role_id, object_type_code, operation, depth) FROM STDIN",
    |world, rows| {
        for (id, role) in &world.book.organisation.roles {
            for entity in privileged_entities() {
                for operation in OPERATIONS {
                    let depth = role.depth(operation);
                    rows.begin(None).id(*id).exact(entity.type_code()).exact(operation).exact(depth).end();
                }
            }
        }
    },
);

pub(crate) const USER_ROLES: WholeTable =
    ("user_role", "COPY crm.user_role (user_id, role_id) FROM STDIN", |world, rows| {
        let organisation = &world.book.organisation;
        for user in &organisation.users {
            for (id, _) in organisation.roles.iter().filter(|(_, role)| *role == user.role) {
                rows.begin(None).id(user.person.id).id(*id).end();
            }
        }
    });

pub(crate) const TEAM_MEMBERS: WholeTable =
    ("team_member", "COPY crm.team_member (user_id, team_id) FROM STDIN", |world, rows| {
        let organisation = &world.book.organisation;
        for team in &organisation.teams {
            for member in &team.members {
                rows.begin(None).id(organisation.users[*member].person.id).id(team.id).end();
            }
        }
    });
