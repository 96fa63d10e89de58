//! Statements with blanks, and how the blanks are filled.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::chance::Chance;
use super::clock::Clock;
use super::world::World;

const CITIES: [&str; 5] = ["Oslo", "Rome", "Lima", "Bonn", "others"];
const NAMES: [&str; 5] = ["open1", "open2", "closed1", "closed", "open"];
const PRIORITIES: [&str; 3] = ["low", "normal", "high"];
const DEPTHS: [&str; 4] = ["user", "business_unit", "business_unit_and_children", "organisation"];
const INDUSTRIES: [&str; 5] = ["finance", "retail", "energy", "public", "other"];
const CODES: [i32; 7] = [1, 2, 3, 5, 8, 112, 4212];

/// Fills the blanks of a statement: `{small}` a number up to 5; `{row:T}` the id of some row of a table; `{some:T}` a
/// condition on a few of its ids, `{many:T}` on a good part of them; the others say what they are.
pub fn fill(template: &str, world: &mut World) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (blank, after) = after.split_once('}').expect("a blank ends");
        text.push_str(before);
        text.push_str(&filled(blank, &mut world.chance, &world.clock, &world.users));
        rest = after;
    }
    text + rest
}

fn filled(blank: &str, chance: &mut Chance, clock: &Clock, users: &[Uuid]) -> String {
    let quoted = |text: &str| format!("'{text}'");
    match blank.split_once(':') {
        Some(("row", table)) => format!("(SELECT id FROM {table} ORDER BY {} LIMIT 1)", order("id", chance)),
        Some(("some", table)) => {
            let (order, rows) = (order("id", chance), chance.between(1, 4));
            format!("id IN (SELECT id FROM {table} ORDER BY {order} LIMIT {rows})")
        }
        Some(("many", _)) => format!("{} < '4'", order("id", chance)),
        Some(("shuffled", column)) => order(column, chance),
        Some(_) => unreachable!("no such blank: {blank}"),
        None => match blank {
            "id" => quoted(&chance.id().to_string()),
            "bare" => chance.id().to_string(),
            "small" => chance.below(6).to_string(),
            "bool" => chance.percent(50).to_string(),
            "city" => quoted(chance.pick(&CITIES)),
            "name" => quoted(chance.pick(&NAMES)),
            "priority" => quoted(chance.pick(&PRIORITIES)),
            "depth" => quoted(chance.pick(&DEPTHS)),
            "industry" => quoted(chance.pick(&INDUSTRIES)),
            "code" => chance.pick(&CODES).to_string(),
            "time" => time(clock.near(chance)),
            "local" => local(clock.near(chance)),
            "date" => format!("{}::date", local(clock.near(chance))),
            "user" => format!("'{}'::uuid", chance.pick(users)),
            "unit" => filled("row:crm.business_unit", chance, clock, users),
            "principal" if chance.percent(40) => filled("row:crm.team", chance, clock, users),
            "principal" => filled("user", chance, clock, users),
            _ => unreachable!("no such blank: {blank}"),
        },
    }
}

/// Another order each time, the same for the same seed.
fn order(column: &str, chance: &mut Chance) -> String {
    format!("md5({column}::text || '{}')", chance.below(1_000_000))
}

fn time(at: Timestamp) -> String {
    format!("'{at}'::timestamptz")
}

fn local(at: Timestamp) -> String {
    format!("'{}'::timestamp", at.to_zoned(TimeZone::UTC).datetime())
}
