//! Cases and their lines.

use super::{Table, created_and_modified, edge, finish};
use crate::copy::Hundredths;
use crate::edges::{self, EDGE_ROWS};
use crate::entity::Entity;
use crate::words;

const PRIORITIES: &[&str] = &["low", "normal", "normal", "high"];
const SERIALS: &[&str] = &["{}", "{SN-1}", "{SN-1,NULL,SN-3}", "{\"SN \\\"old\\\"\"}"];
/// The first cases have the most lines.
const LINE_SKEW: f64 = 1.3;

pub(super) const INCIDENT: Table = Table {
    copy: "COPY crm.incident (id, ticket_number, title, priority, severity, description, reported_at, answer_due, \
           hours_spent, resolution, account_id, contact_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let book = &world.book;
        let case = &book.incidents[index];
        rows.begin(edge(index)).id(case.id).exact(format_args!("CAS-{:08}", index + 1));
        rows.exact_text(&words::subject(draw)).exact(draw.pick(PRIORITIES));
        rows.value(edges::SMALLINT, draw.maybe(60, |draw| draw.between(1, 4)));
        rows.text(usize::MAX, draw.maybe(70, |draw| words::prose(draw, 10, 80)));
        rows.value(edges::TIMESTAMPTZ, draw.maybe(90, |draw| draw.moment(world.plan.epoch, -900, 0)));
        rows.value(edges::TIMESTAMP, draw.maybe(50, |draw| draw.moment(world.plan.epoch, -300, 60)));
        rows.value(edges::DOUBLE, draw.maybe(50, |draw| draw.between(0, 400) as f64 / 4.0));
        rows.literal(edges::JSON, draw.maybe(30, |draw| format!(r#"{{"by": "{}"}}"#, words::word(draw))));
        rows.id_or_null(book.account_of(case).map(|account| account.id));
        rows.id_or_null(book.contact_of(case).map(|contact| contact.id));
        finish(world, case, draw, rows);
    },
};

pub(super) const INCIDENT_LINE: Table = Table {
    copy: "COPY crm.incident_line (id, incident_id, position, product, quantity, unit_price, tax_rate, \
           warranty_until, serial_numbers, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let cases = &world.book.incidents;
        let case_of = |line| case_of_line(line, world.rows(Entity::IncidentLine), cases.len());
        rows.begin(edge(index)).id(draw.uuid()).id(cases[case_of(index)].id);
        rows.exact(position(index, case_of)).exact_text(words::word(draw));
        rows.exact(format_args!("{}.{:09}", draw.between(1, 500), draw.between(0, 999_999_999)));
        rows.exact(Hundredths(draw.between(0, 500_000)));
        rows.value(edges::NUMERIC, draw.maybe(80, |draw| format!("0.{:02}", draw.between(0, 25))));
        rows.date(draw.maybe(50, |draw| draw.moment(world.plan.epoch, -300, 365)));
        rows.literal(edges::TEXT_ARRAY, draw.maybe(40, |draw| draw.pick(SERIALS)));
        let (created, modified) = created_and_modified(world, draw);
        rows.exact_moment(created).exact_moment(modified).end();
    },
};

/// The edge lines belong to the edge cases, which the first sales person sees; the rest follow the skew, in the order
/// of the cases.
fn case_of_line(line: usize, lines: usize, cases: usize) -> usize {
    if edge(line).is_some() {
        return line;
    }
    let fraction = line as f64 / lines as f64;
    ((fraction.powf(LINE_SKEW) * cases as f64) as usize).min(cases - 1)
}

/// Which line of its case a line is, from 1: edge lines are the first of theirs, and other lines of a case are
/// neighbours.
fn position(line: usize, case_of: impl Fn(usize) -> usize) -> usize {
    let case = case_of(line);
    if edge(line).is_some() {
        return 1;
    }
    let neighbours = (EDGE_ROWS..line).rev().take_while(|earlier| case_of(*earlier) == case).count();
    1 + usize::from(edge(case).is_some()) + neighbours
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_case_has_a_position_twice() {
        for (lines, cases) in [(16, 16), (40, 16), (1500, 600)] {
            let case_of = |line| case_of_line(line, lines, cases);
            let places: HashSet<_> = (0..lines).map(|line| (case_of(line), position(line, case_of))).collect();
            assert_eq!(places.len(), lines);
        }
    }
}
