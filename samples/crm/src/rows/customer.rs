//! Accounts and contacts.

use super::{Table, edge, finish};
use crate::draw::Draw;
use crate::edges;
use crate::words;

const INDUSTRIES: &[&str] = &[
    "agriculture",
    "construction",
    "education",
    "energy",
    "finance",
    "health",
    "logistics",
    "public",
    "retail",
    "other",
];
const CHANNELS: &[&str] = &["any", "email", "phone", "letter", "fax"];
const TAGS: &[&str] =
    &["{}", "{prospect}", "{partner,reseller}", "{\"needs, care\"}", "{vip,NULL}", "{\"said \\\"later\\\"\"}"];
const LANGUAGES: &[&str] = &["{en}", "{en,de}", "{fr}", "{ja,en}", "{pt,es,NULL}", "{}"];
const SALUTATIONS: &[&str] = &["Mr", "Ms", "Mx", "Dr", "Prof."];

pub(super) const ACCOUNT: Table = Table {
    copy: "COPY crm.account (id, name, account_number, industry, revenue, credit_limit, employees, market_value, \
           rating, latitude, longitude, address, tags, founded_on, website, description, is_key_account, \
           parent_account_id, primary_contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let book = &world.book;
        let account = &book.accounts[index];
        // Parents come earlier, so that the tree has no loops.
        let parent = if index > 0 { draw.maybe(15, |draw| draw.between(0, index as i64 - 1) as usize) } else { None };
        let primary = draw.maybe(60, |draw| draw.skewed(book.contacts.len(), 1.0));
        rows.begin(edge(index)).id(account.id).exact_text(&words::company(draw));
        rows.exact_text_or_null(draw.maybe(80, |_| format!("A-{index:07}")));
        rows.exact_or_null(draw.maybe(70, |draw| draw.pick(INDUSTRIES)));
        rows.money(draw.maybe(50, |draw| (draw.fraction().powi(6) * 1e11) as i64 - 50_000));
        rows.value(edges::NUMERIC, draw.maybe(30, precise));
        rows.value(edges::INTEGER, draw.maybe(60, |draw| (draw.fraction().powi(8) * 400_000.0) as i64));
        rows.value(edges::BIGINT, draw.maybe(20, |draw| draw.between(1_000_000, 2_000_000_000_000)));
        rows.value(edges::REAL, draw.maybe(40, |draw| draw.between(0, 50) as f32 / 10.0));
        rows.value(edges::DOUBLE, draw.maybe(50, |draw| draw.fraction() * 180.0 - 90.0));
        rows.value(edges::DOUBLE, draw.maybe(50, |draw| draw.fraction() * 360.0 - 180.0));
        rows.literal(edges::JSON, draw.maybe(70, address));
        rows.literal(edges::TEXT_ARRAY, draw.maybe(40, |draw| draw.pick(TAGS)));
        rows.date(draw.maybe(40, |draw| draw.moment(world.plan.epoch, -80 * 365, -400)));
        rows.text(usize::MAX, draw.maybe(50, |draw| format!("https://{}.example/", words::word(draw))));
        rows.text(usize::MAX, draw.maybe(25, |draw| words::prose(draw, 5, 40)));
        rows.exact(draw.percent(5)).id_or_null(parent.map(|index| book.accounts[index].id));
        rows.id_or_null(primary.map(|index| book.contacts[index].id));
        finish(world, account, draw, rows);
    },
};

pub(super) const CONTACT: Table = Table {
    copy: "COPY crm.contact (id, salutation, first_name, last_name, job_title, email, phone, city, birth_date, \
           preferred_channel, may_be_emailed, languages, profile, loyalty_points, satisfaction, last_contacted_on, \
           notes, account_id, manager_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let book = &world.book;
        let contact = &book.contacts[index];
        let (first, last) = words::name(draw);
        let manager = if index > 0 { draw.maybe(20, |draw| draw.between(0, index as i64 - 1) as usize) } else { None };
        rows.begin(edge(index)).id(contact.id);
        rows.text(20, draw.maybe(30, |draw| draw.pick(SALUTATIONS)));
        rows.text(usize::MAX, draw.maybe(97, |_| first)).exact_text(last);
        rows.text(usize::MAX, draw.maybe(50, words::job_title));
        rows.exact_text_or_null(draw.maybe(85, |draw| words::email(draw, index)));
        rows.text(40, draw.maybe(70, words::phone));
        rows.text(usize::MAX, draw.maybe(80, words::city));
        rows.date(draw.maybe(30, |draw| draw.moment(world.plan.epoch, -90 * 365, -18 * 365)));
        rows.exact_or_null(draw.maybe(50, |draw| draw.pick(CHANNELS)));
        rows.value(edges::BOOLEAN, draw.maybe(60, |draw| draw.percent(70)));
        rows.literal(edges::TEXT_ARRAY, draw.maybe(30, |draw| draw.pick(LANGUAGES)));
        rows.literal(edges::JSON, draw.maybe(15, profile));
        rows.value(edges::BIGINT, draw.maybe(40, |draw| draw.between(0, 90_000)));
        rows.value(edges::SMALLINT, draw.maybe(25, |draw| draw.between(1, 10)));
        rows.value(edges::TIMESTAMPTZ, draw.maybe(60, |draw| draw.moment(world.plan.epoch, -700, 0)));
        rows.text(usize::MAX, draw.maybe(15, |draw| words::prose(draw, 5, 40)));
        rows.id_or_null(book.account_of(contact).map(|account| account.id));
        rows.id_or_null(manager.map(|index| book.contacts[index].id));
        finish(world, contact, draw, rows);
    },
};

/// A number with more digits than any float keeps.
pub(super) fn precise(draw: &mut Draw) -> String {
    format!("{}.{:018}", draw.between(-9_999, 9_999_999), draw.between(0, 999_999_999_999_999_999))
}

fn address(draw: &mut Draw) -> String {
    let (street, number, city) = (words::word(draw), draw.between(1, 300), words::city(draw));
    if draw.percent(10) {
        return format!(r#"{{"city": "{city}", "street": null}}"#);
    }
    format!(r#"{{"city": "{city}", "street": "{street} {number}", "geo": {{"floor": {}}}}}"#, draw.between(-1, 40))
}

fn profile(draw: &mut Draw) -> String {
    format!(
        r#"{{"hobbies": ["{}", "{}"], "score": {}, "newsletter": {}}}"#,
        words::word(draw),
        words::word(draw),
        draw.between(0, 1000) as f64 / 8.0,
        draw.percent(40)
    )
}
