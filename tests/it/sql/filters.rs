//! Filters, compiled and run by a real Postgres on a table of every type: what the compiler accepts does not fail,
//! whatever the rows hold, and does not depend on the session's settings.

use std::collections::BTreeMap;

use sojourn_metadata::{Config, Metadata};
use sojourn_platform::entities::{Published, Table};
use sojourn_platform::filter::{Compiled, Context, Filter};
use sojourn_platform::sql::Sql;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::explain::explain;
use super::registration::{self, every_type};
use crate::support::run;

/// What every attribute is compared with; most of it does not fit, and is refused by the compiler.
const VALUES: &[&str] = &[
    "'Oslo'",
    "''",
    "'it''s'",
    "'so ''so'''",
    "'{a,b}'",
    "'[1,10)'",
    "'23:59'",
    "0",
    "-7",
    "42.5",
    "1e30",
    "-1e-40",
    "1e308",
    "99999999999999999999999",
    "true",
    "FALSE",
    "'b0000000-0000-0000-0000-000000000001'",
    "'0001-01-01'",
    "'9999-12-31'",
    "date '2026-02-28'",
    "'2026-01-02 03:04:05.678901'",
    "timestamp '9999-12-31 23:59:59.9999999'",
    "'2026-01-02T03:04+02'",
    "now()",
    "now() - interval '1000 years'",
    "interval '1 year -2 months' + now()",
    "now() + interval '-1 month 3 hours'",
    "current_user_id()",
];
const COMPARISONS: &[&str] = &["=", "<>", "<", ">=", "IS DISTINCT FROM"];
/// What else is asked of every attribute.
const TERMS: &[&str] = &[
    "{}",
    "{} IS NULL",
    "({} IS NULL) IS NOT TRUE",
    "{} LIKE 'a%\\%'",
    "{} NOT ILIKE '_!%' ESCAPE '!'",
    "{} LIKE '\\' ESCAPE ''",
    "lower({}) = upper({})",
    "char_length(trim({})) BETWEEN 1 AND 5",
    "length({}) > 1.5",
    "coalesce({}, 'x') = ''",
    "coalesce({}, 0) <> 7",
    "coalesce({}, 1e300) < 1e30",
    "coalesce({}, false)",
    "coalesce({}, '2026-01-01') > '2026-01-01'",
    "{} IN ('a', 'b', '')",
    "{} NOT IN (1, 2.5, 99999999999999999999)",
    "{} IN ('2026-01-01', '0001-01-01')",
];
const USER: Uuid = Uuid::from_u128(0xb000_0000_0000_0000_0000_0000_0000_0001);
/// Settings under which text is read and written otherwise.
const ELSEWHERE: &str = "SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'; SET intervalstyle = 'sql_standard'";

struct Asking {
    connection: PgConnection,
    metadata: Metadata,
    published: Published,
}

impl Asking {
    async fn begin(name: &str) -> Asking {
        let mut connection = registration::database(name, every_type::SQL).await;
        sqlx::raw_sql(super::every_type::ROWS).execute(&mut connection).await.expect("the rows fit");
        let wanted = Config::parse(&registration::file(every_type::YAML)).expect("a good file");
        let metadata = sojourn_schema::check(&mut connection, &wanted).await.expect("it is accepted").metadata;
        let published = Published::new(1, metadata.clone()).expect("good names");
        Asking { connection, metadata, published }
    }

    fn table(&self, entity: &str) -> &Table {
        self.published.entities.iter().find(|table| table.entity == entity).expect("the entity is there")
    }

    /// The number of rows that a filter takes.
    async fn count(&mut self, entity: &str, filter: &Filter) -> Result<i64, sqlx::Error> {
        let (sql, compiled) = statement(self.table(entity), &self.published, filter);
        let query = compiled.params.iter().fold(sqlx::query_scalar(sql.into_sqlx()), |query, text| query.bind(text));
        query.fetch_one(&mut self.connection).await
    }

    /// Whatever fits of all attributes and values, with its text.
    fn fitting(&self, entity: &str, before: &str, of: &str) -> Vec<(String, Filter)> {
        let target = self.metadata.entity(of).expect("the entity is there");
        let names: Vec<String> = target.attributes.iter().map(|a| format!("{before}\"{}\"", a.name)).collect();
        let mut texts = Vec::new();
        for name in &names {
            texts.extend(TERMS.iter().map(|term| term.replace("{}", name)));
            for comparison in COMPARISONS {
                texts.extend(VALUES.iter().map(|value| format!("{name} {comparison} {value}")));
                texts.extend(names.iter().map(|other| format!("{other} {comparison} {name}")));
            }
        }
        let parse = |text: String| Filter::parse(&text, entity, &self.metadata).ok().map(|filter| (text, filter));
        texts.into_iter().filter_map(parse).collect()
    }

    async fn counts(&mut self, entity: &str, filters: &[(String, Filter)]) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for (text, filter) in filters {
            match self.count(entity, filter).await {
                Ok(count) => drop(counts.insert(text.clone(), count)),
                Err(error) => panic!("Postgres refuses: {error}\n{text}"),
            }
        }
        counts
    }

    async fn end(self, name: &str) {
        registration::drop_database(name, self.connection).await;
    }
}

fn statement(table: &Table, published: &Published, filter: &Filter) -> (Sql, Compiled) {
    let context = Context { first_param: 1, now: "2026-01-05T00:00:00Z".parse().expect("a time"), user_id: USER };
    let compiled = filter.compile(published, table, &context).expect("it has everything");
    let sql = Sql::new("SELECT count(*) FROM ").table(&table.schema, &table.table).raw(" e").append(&compiled.joins);
    (sql.raw(" WHERE ").append(&compiled.condition), compiled)
}

#[test]
fn what_is_accepted_runs_whatever_the_rows_hold_and_the_session_is_set_to() {
    run(async {
        let name = "filters_every_type";
        let mut asking = Asking::begin(name).await;
        let fitting = asking.fitting("every", "", "every");
        for attribute in every_type::ATTRIBUTES {
            let told = fitting.iter().filter(|(text, _)| text.contains(&format!("\"{}\"", attribute.0))).count();
            assert!(told > 0, "no filter of {}", attribute.0);
        }
        assert!(fitting.len() > 1_000, "only {} filters fit", fitting.len());
        let here = asking.counts("every", &fitting).await;
        sqlx::raw_sql(ELSEWHERE).execute(&mut asking.connection).await.expect("settings");
        let there = asking.counts("every", &fitting).await;
        let differ: Vec<&String> = here.keys().filter(|text| here[*text] != there[*text]).collect();
        assert!(differ.is_empty(), "{differ:#?}");
        asking.end(name).await;
    });
}

#[test]
fn joined_filters_run() {
    run(async {
        let name = "filters_joined";
        let mut asking = Asking::begin(name).await;
        let linked = asking.fitting("line", "every.", "every");
        let joined: Vec<(String, Filter)> = linked
            .chunks(17)
            .map(|chunk| {
                let filters = || chunk.iter().map(|(_, filter)| filter.clone());
                let halves = filters().zip(filters().skip(1)).map(|(one, other)| Filter::all(vec![one, other]));
                let filter = Filter::any(halves.collect());
                (filter.canonical(), filter)
            })
            .collect();
        assert!(joined.len() > 50, "only {} filters", joined.len());
        asking.counts("line", &joined).await;
        asking.end(name).await;
    });
}

/// A filter and the rows it takes.
const COUNTS: &[(&str, &str, i64)] = &[
    ("every", "TRUE", 5),
    ("every", "FALSE", 0),
    ("every", "a_int4 = 42", 1),
    ("every", "NOT a_int4 = 42", 3),
    ("every", "a_float4 = 0.1 AND a_float8 = 0.1", 1),
    ("every", "a_numeric > 1e20", 2),
    ("every", "a_text LIKE 'long %'", 1),
    ("every", "a_char5 = 'ab'", 1),
    ("every", "a_mood = 'so ''so'''", 1),
    ("every", "a_texts = '{}' OR a_inet = '10.1.2.3/8'", 2),
    ("every", "a_bool IS NOT TRUE", 4),
    ("every", "a_bool OR NOT a_bool", 2),
    ("every", "a_date > '2026-01-01'", 3),
    ("every", "a_timestamptz = '2026-01-02 01:04:05.678901'", 1),
    ("every", "a_timestamptz = '2026-01-02 03:04:05.678901+02'", 1),
    ("every", "a_timestamptz BETWEEN now() - interval '3 days' AND now()", 1),
    ("every", "a_timestamptz < now() - interval '3 days'", 1),
    ("every", "a_uuid = current_user_id()", 1),
    ("every", "coalesce(a_int8, 0) <= -1", 1),
    ("line", "every.a_int4 = 42", 10),
    ("line", "parent.name LIKE 'H_fen%'", 50),
    ("line", "kept.name IS NULL", 50),
    ("line", "kept.name = parent.name", 0),
    ("line", "every.a_timestamptz > now() - interval '7 days' AND number <= 10", 6),
    ("note", "line.every.a_int4 = 42 OR line.number = 1", 4),
];

#[test]
fn filters_take_the_rows_they_say() {
    run(async {
        let name = "filters_counts";
        let mut asking = Asking::begin(name).await;
        let mut wrong = Vec::new();
        for (entity, text, expected) in COUNTS {
            let filter = Filter::parse(text, entity, &asking.metadata).expect(text);
            let (sql, compiled) = statement(asking.table(entity), &asking.published, &filter);
            let mut tx = asking.connection.begin().await.expect("a transaction");
            explain(&mut tx, &sql, compiled.params.len()).await.expect(text);
            tx.rollback().await.expect("it ends");
            let count = asking.count(entity, &filter).await.expect(text);
            if count != *expected {
                wrong.push(format!("{entity}: {text}: {count} instead of {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        asking.end(name).await;
    });
}
