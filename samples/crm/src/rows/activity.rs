//! The six kinds of activity.

use jiff::SignedDuration;
use uuid::Uuid;

use super::customer::precise;
use super::{Table, World, edge, finish, record};
use crate::book::Record;
use crate::copy::Rows;
use crate::draw::Draw;
use crate::edges;
use crate::entity::Entity;
use crate::words;

const PRIORITIES: &[&str] = &["low", "normal", "normal", "normal", "high"];
const CHECKLISTS: &[&str] = &["[]", r#"[{"done": true, "what": "call"}]"#, r#"[{"done": false, "what": "write"}]"#];
const ATTENDEES: &[&str] = &["{}", "{sales}", "{sales,\"the customer\"}", "{sales,NULL,legal}"];

pub(super) const TASK: Table = Table {
    copy: "COPY crm.task (id, subject, description, priority, due_on, reminder_at, percent_complete, checklist, \
           regarding_type_code, regarding_id, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let task = begin(world, index, draw, rows);
        rows.text(usize::MAX, draw.maybe(40, |draw| words::prose(draw, 3, 30))).exact(draw.pick(PRIORITIES));
        rows.date(draw.maybe(70, |draw| draw.moment(world.plan.epoch, -300, 365)));
        rows.value(edges::TIMESTAMP, draw.maybe(30, |draw| draw.moment(world.plan.epoch, -300, 365)));
        rows.exact(25 * draw.between(0, 4)).literal(edges::JSON, draw.maybe(20, |draw| draw.pick(CHECKLISTS)));
        regarding(world, &task, draw, rows);
        finish(world, &task, draw, rows);
    },
};

pub(super) const PHONE_CALL: Table = Table {
    copy: "COPY crm.phone_call (id, subject, description, priority, phone_number, is_outgoing, called_on, \
           duration_seconds, cost, regarding_type_code, regarding_id, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let call = begin(world, index, draw, rows);
        rows.text(usize::MAX, draw.maybe(40, |draw| words::prose(draw, 3, 30))).exact(draw.pick(PRIORITIES));
        rows.text(40, draw.maybe(80, words::phone)).exact(draw.percent(60));
        rows.value(edges::TIMESTAMPTZ, draw.maybe(90, |draw| draw.moment(world.plan.epoch, -900, 0)));
        rows.exact_or_null(draw.maybe(80, |draw| (draw.fraction().powi(4) * 7200.0) as i64));
        rows.value(edges::NUMERIC, draw.maybe(20, precise));
        regarding(world, &call, draw, rows);
        finish(world, &call, draw, rows);
    },
};

pub(super) const APPOINTMENT: Table = Table {
    copy: "COPY crm.appointment (id, subject, description, location, starts_at, ends_at, is_all_day, attendees, \
           contact_id, owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let appointment = begin(world, index, draw, rows);
        rows.text(usize::MAX, draw.maybe(30, |draw| words::prose(draw, 3, 30)));
        rows.text(usize::MAX, draw.maybe(60, words::city));
        let starts = draw.moment(world.plan.epoch, -700, 365);
        let length = SignedDuration::from_mins(15 * draw.between(0, 16));
        rows.exact_moment(starts).exact_moment(starts.saturating_add(length).unwrap_or(starts)).exact(draw.percent(5));
        rows.literal(edges::TEXT_ARRAY, draw.maybe(50, |draw| draw.pick(ATTENDEES)));
        contact(world, &appointment, rows);
        finish(world, &appointment, draw, rows);
    },
};

pub(super) const LETTER: Table = Table {
    copy: "COPY crm.letter (id, subject, body, postal_address, sent_on, postage, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let letter = begin(world, index, draw, rows);
        rows.text(usize::MAX, draw.maybe(80, |draw| words::prose(draw, 20, 150)));
        rows.text(usize::MAX, draw.maybe(80, |draw| format!("{} 1\n{}", words::word(draw), words::city(draw))));
        rows.date(draw.maybe(80, |draw| draw.moment(world.plan.epoch, -900, 0)));
        rows.money(draw.maybe(60, |draw| draw.between(85, 950)));
        contact(world, &letter, rows);
        finish(world, &letter, draw, rows);
    },
};

pub(super) const FAX: Table = Table {
    copy: "COPY crm.fax (id, subject, fax_number, pages, received_at, line_quality, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let fax = begin(world, index, draw, rows);
        rows.text(40, draw.maybe(90, words::phone)).exact(draw.between(1, 12));
        rows.value(edges::TIMESTAMP, draw.maybe(90, |draw| draw.moment(world.plan.epoch, -1000, -200)));
        rows.value(edges::REAL, draw.maybe(50, |draw| draw.fraction() as f32));
        contact(world, &fax, rows);
        finish(world, &fax, draw, rows);
    },
};

pub(super) const EMAIL: Table = Table {
    copy: "COPY crm.email (id, subject, sender, recipients, headers, body, size_bytes, sent_at, \
           regarding_type_code, regarding_id, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let email = begin(world, index, draw, rows);
        rows.exact_text_or_null(draw.maybe(95, |draw| words::email(draw, index)));
        rows.exact(format_args!("{{{}}}", words::email(draw, index)));
        rows.literal(edges::JSON_AS_WRITTEN, draw.maybe(40, |draw| format!(r#"{{"x-id":{}}}"#, draw.between(1, 9999))));
        rows.text(usize::MAX, draw.maybe(90, |draw| words::prose(draw, 10, 80)));
        rows.value(edges::BIGINT, draw.maybe(90, |draw| draw.between(300, 90_000)));
        rows.value(edges::TIMESTAMPTZ, draw.maybe(90, |draw| draw.moment(world.plan.epoch, -900, 0)));
        regarding(world, &email, draw, rows);
        finish(world, &email, draw, rows);
    },
};

/// The first columns of every activity: id and subject.
fn begin(world: &World, index: usize, draw: &mut Draw, rows: &mut Rows) -> Record {
    let activity = record(world, index, draw);
    rows.begin(edge(index)).id(activity.id).exact_text(&words::subject(draw));
    activity
}

/// What an activity regards and whom it was with; one in a hundred regards what is no longer there.
fn regarding(world: &World, activity: &Record, draw: &mut Draw, rows: &mut Rows) {
    let book = &world.book;
    let regarding: Option<(Entity, Uuid)> = match draw.between(0, 99) {
        0 => Some((Entity::Lead, draw.uuid())),
        1..=40 => book.account_of(activity).map(|account| (Entity::Account, account.id)),
        41..=60 => {
            let sale = draw.skewed(book.opportunities.len(), 1.0);
            Some((Entity::Opportunity, book.opportunities[sale].id))
        }
        _ => None,
    };
    rows.exact_or_null(regarding.map(|(entity, _)| entity.type_code())).id_or_null(regarding.map(|(_, id)| id));
    contact(world, activity, rows);
}

fn contact(world: &World, activity: &Record, rows: &mut Rows) {
    rows.id_or_null(world.book.contact_of(activity).map(|contact| contact.id));
}
