//! Leads and opportunities.

use super::customer::precise;
use super::{Table, edge, finish, record};
use crate::edges;
use crate::words;

const SOURCES: &[&str] = &["web", "referral", "trade_fair", "advertisement", "cold_call"];
const STAGES: &[&str] = &["prospect", "qualify", "propose", "negotiate", "won", "lost"];
const TOPICS: &[&str] = &["{price}", "{price,delivery}", "{\"after sales\",NULL}", "{}"];

pub(super) const LEAD: Table = Table {
    copy: "COPY crm.lead (id, subject, company, full_name, email, source, rating, budget, score, web_form, topics, \
           answered_at, is_qualified, description, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let lead = record(world, index, draw);
        let contact = if draw.percent(20) { world.book.contact_of(&lead) } else { None };
        let (first, last) = words::name(draw);
        rows.begin(edge(index)).id(lead.id).exact_text(&words::subject(draw));
        rows.text(160, draw.maybe(70, words::company)).text(usize::MAX, draw.maybe(90, |_| format!("{first} {last}")));
        rows.exact_text_or_null(draw.maybe(75, |draw| words::email(draw, index)));
        rows.exact_or_null(draw.maybe(80, |draw| draw.pick(SOURCES)));
        rows.value(edges::SMALLINT, draw.maybe(50, |draw| draw.between(1, 5)));
        rows.value(edges::NUMERIC, draw.maybe(30, precise));
        rows.value(edges::DOUBLE, draw.maybe(40, |draw| draw.fraction()));
        rows.literal(edges::JSON_AS_WRITTEN, draw.maybe(30, |draw| format!(r#"{{ "page":"{}" }}"#, words::word(draw))));
        rows.literal(edges::TEXT_ARRAY, draw.maybe(40, |draw| draw.pick(TOPICS)));
        rows.value(edges::TIMESTAMP, draw.maybe(40, |draw| draw.moment(world.plan.epoch, -900, 0)));
        rows.value(edges::BOOLEAN, draw.maybe(50, |draw| draw.percent(40)));
        rows.text(usize::MAX, draw.maybe(30, |draw| words::prose(draw, 5, 60)));
        rows.id_or_null(contact.map(|contact| contact.id));
        finish(world, &lead, draw, rows);
    },
};

pub(super) const OPPORTUNITY: Table = Table {
    copy: "COPY crm.opportunity (id, name, stage, est_value, est_close, probability, exchange_rate, discount, terms, \
           competitors, decided_on, description, account_id, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let book = &world.book;
        let sale = &book.opportunities[index];
        rows.begin(edge(index)).id(sale.id).exact_text(&words::subject(draw)).exact(draw.pick(STAGES));
        rows.positive_money(draw.maybe(80, |draw| (draw.fraction().powi(5) * 1e9) as i64));
        rows.date(draw.maybe(70, |draw| draw.moment(world.plan.epoch, -400, 365)));
        rows.exact_or_null(draw.maybe(75, |draw| 5 * draw.between(0, 20)));
        rows.value(edges::NUMERIC, draw.maybe(20, |draw| format!("{:.12}", 0.5 + draw.fraction())));
        rows.value(edges::REAL, draw.maybe(30, |draw| draw.between(0, 30) as f32 / 100.0));
        rows.literal(edges::JSON, draw.maybe(20, |draw| format!(r#"{{"days": {}}}"#, draw.between(7, 90))));
        rows.literal(edges::TEXT_ARRAY, draw.maybe(15, |draw| format!("{{{}}}", words::word(draw))));
        rows.value(edges::TIMESTAMPTZ, draw.maybe(30, |draw| draw.moment(world.plan.epoch, -700, 0)));
        rows.text(usize::MAX, draw.maybe(30, |draw| words::prose(draw, 5, 60)));
        rows.id_or_null(book.account_of(sale).map(|account| account.id));
        rows.id_or_null(book.contact_of(sale).map(|contact| contact.id));
        finish(world, sale, draw, rows);
    },
};
