//! What filters become, as reviewed; and what they tell of themselves.

use sojourn_metadata::DataType;

use super::{compiled, good, metadata, parse};
use crate::entities::Published;
use crate::filter::{ClockBound, Context, Filter, Hop};

const FILTERS: &[&str] = &[
    "TRUE",
    "false",
    "active",
    "NOT active",
    "active IS NOT TRUE OR (age > 3 AND age < 9) IS FALSE",
    "active = true",
    "city = 'Oslo'",
    "CITY <> 'O''slo' AND \"Last \"\"Name\"\"\" != ''",
    "'Oslo' = city",
    "code = 'ab' OR code IS NULL",
    "name = city",
    "city IS DISTINCT FROM 'Oslo' AND city IS NOT DISTINCT FROM name",
    "city IN ('Oslo', 'Bergen', 'Oslo')",
    "age NOT IN (1, -2, 99999999999999999999, 1.5)",
    "city LIKE 'A%' AND name NOT ILIKE '%!%' ESCAPE '!' AND name LIKE 'a\\' ESCAPE ''",
    "lower(trim(city)) = 'oslo' AND char_length(name) > 3 AND length(name) <= age AND upper(name) <> 'X'",
    "coalesce(city, 'none') = 'none' OR coalesce(active, false)",
    "coalesce(age, -1) > 0.5",
    "age BETWEEN 18 AND 65",
    "age NOT BETWEEN 18 AND 65",
    "\"Size\" = 1 AND \"size\" = 2",
    "points > 9223372036854775808 AND ratio > 0.1 AND score < 1E300 AND amount >= +.5",
    "age < score AND age < amount AND ratio = score",
    "born > '2024-02-29' AND born < date '2025-01-01' AND date = '2025-01-01'::date",
    "seen > '2024-01-01' AND seen <= timestamp '2024-01-01 10:30' AND seen <> date '2024-01-01'",
    "created_at > '2024-01-01 10:30' AND created_at < '2024-01-01T10:30:00+02' AND created_at < '9999-12-31'",
    "created_at <> timestamp with time zone '2024-01-01 00:00-05' OR created_at = '2024-01-01'::timestamptz",
    "created_at > now() - interval '7 days'",
    "now() + interval '1 month -2 days' > born AND seen BETWEEN now() - '36 hours'::interval AND now()",
    "born < created_at AND born <= seen AND created_at IS NOT NULL",
    "owner_id = current_user_id()",
    "account_id = '{6F9619FF-8B86-D011-B42D-00C04FC964FF}' OR account_id IN ('6f9619ff8b86d011b42d00c04fc964ff')",
    "mood = 'Good' OR mood <> 'so ''so''' OR mood IN ('Good')",
    "tags = '{a,b}' AND tags IS NOT NULL AND photo IS NULL AND extra IS NOT NULL",
    "account_id.city = 'Oslo'",
    "account_id.parent_account_id.name LIKE 'A%' OR owner_id.active",
    "account_id.owner_id.manager_id.id = current_user_id() AND account_id.city = city",
    "account_id.\"founded\" < now() - interval '1 year 2 months'",
    "((city = 'a' OR city = 'b') AND ((age = 1))) OR NOT (city = 'c' OR age = 2)",
    "NOT NOT city = 'a' AND TRUE",
    "city = 'Oslo'\n\tAND\r\n age = 1",
];

#[test]
fn the_sql_is_as_reviewed() {
    let shown = |text: &&str| {
        let filter = good(text);
        let compiled = compiled(&filter);
        let (joins, condition) = (compiled.joins.text(), compiled.condition.text());
        format!("-- {text:?}\n-- {}\n{condition}{joins}\n-- {:?}\n", filter.canonical(), compiled.params)
    };
    let all = FILTERS.iter().map(shown).collect::<Vec<_>>().join("\n");
    insta::with_settings!({ snapshot_path => "../../../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("filters.sql", all);
    });
}

#[test]
fn the_canonical_text_is_the_same_filter() {
    for text in FILTERS {
        let filter = good(text);
        assert_eq!(good(&filter.canonical()), filter, "{text}");
        assert_eq!(good(&filter.canonical()).canonical(), filter.canonical(), "{text}");
    }
    assert_eq!(good("(CITY='Oslo')").canonical(), good("city  =  'Oslo'").canonical());
    assert_ne!(good("city = 'Oslo'").canonical(), good("city = 'oslo'").canonical());
}

fn hop(attribute: &str, target: &str) -> Hop {
    Hop { attribute: attribute.to_owned(), target: target.to_owned() }
}

#[test]
fn links_are_every_prefix_once() {
    let filter = good("account_id.parent_account_id.name = 'a' AND owner_id.active AND account_id.city = 'b'");
    let (account, parent) = (hop("account_id", "account"), hop("parent_account_id", "account"));
    let expected = [vec![account.clone()], vec![account, parent], vec![hop("owner_id", "system_user")]];
    assert_eq!(filter.links(), expected);
    assert!(good("city = 'Oslo'").links().is_empty());
}

#[test]
fn the_clock_is_told() {
    let filter = good("(born > now() OR NOT (now() - interval '7 days' <= account_id.founded)) AND city = 'a'");
    let bound = |path: Vec<Hop>, attribute: &str, offset: &str| ClockBound {
        path,
        attribute: attribute.to_owned(),
        offset: offset.to_owned(),
        data_type: DataType::Date,
    };
    let linked = bound(vec![hop("account_id", "account")], "founded", "-7 days");
    assert_eq!(filter.clock(), [bound(Vec::new(), "born", ""), linked]);
    assert_eq!(good("seen BETWEEN now() AND now() + interval '1 day'").clock().len(), 2);
}

#[test]
fn filters_join() {
    let (a, b) = (good("city = 'a'"), good("age = 1 OR age = 2"));
    assert_eq!(Filter::all(vec![a.clone(), b.clone()]), good("city = 'a' AND (age = 1 OR age = 2)"));
    assert_eq!(Filter::any(vec![a.clone(), b]), good("city = 'a' OR age = 1 OR age = 2"));
    assert_eq!(Filter::all(vec![a.clone()]), a);
    assert_eq!(Filter::all(Vec::new()), Filter::everything());
    assert_eq!(Filter::any(Vec::new()), good("FALSE"));
    assert!(Filter::any(vec![a.clone(), Filter::everything()]).is_everything());
    assert_eq!(Filter::all(vec![a.clone(), Filter::everything()]), a);
    assert!(good("NOT FALSE").is_everything() && !a.is_everything() && !good("FALSE").is_everything());
}

#[test]
fn other_metadata_than_it_was_checked_against_is_told() {
    let filter = good("account_id.city = 'Oslo' AND age = 1");
    let compile = |change: &dyn Fn(&mut sojourn_metadata::Metadata)| {
        let mut metadata = metadata();
        change(&mut metadata);
        let published = Published::new(4, metadata).expect("good names");
        let context = Context { first_param: 1, now: jiff::Timestamp::UNIX_EPOCH, user_id: uuid::Uuid::nil() };
        let contact = published.entities.last().expect("the contact");
        filter.compile(&published, contact, &context).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(compile(&|_| {}), Ok(()));
    let gone = compile(&|metadata| drop(metadata.entities.remove(1))).expect_err("no accounts");
    assert!(gone.contains("the entity account, which metadata version 4"), "{gone}");
    let gone = compile(&|metadata| metadata.entities[1].attributes.truncate(2)).expect_err("no city");
    assert!(gone.contains("the attribute account.city"), "{gone}");
    let changed = compile(&|metadata| metadata.entities[2].attributes[7].data_type = DataType::Text);
    assert!(changed.expect_err("another type").contains("the attribute contact.age"));
}

#[test]
fn a_filter_within_its_limits_is_read() {
    let terms = |count: usize| vec!["age = 1"; count].join(" OR ");
    assert!(parse(&terms(1_000)).is_ok());
    let items = |count: usize| format!("age IN ({})", vec!["1"; count].join(","));
    assert!(parse(&items(1_000)).is_ok());
    let nested = |levels: usize| format!("{}age = 1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(64)).is_ok());
    let nots = |levels: usize| format!("{}(age = 1)", "NOT ".repeat(levels));
    assert!(parse(&nots(30)).is_ok());
}
