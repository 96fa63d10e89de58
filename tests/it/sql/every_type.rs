//! A device holds a table of every type: quoted names, partitions, computed columns and columns withheld, value by
//! value; and what it writes back is what it was given.

use sojourn_dev::stack::{Config, Database};
use sqlx::Connection as _;
use uuid::Uuid;

use super::registration::{self, every_type};
use crate::support::{World, WorldPlan, run, shared};

/// Rows for the table of every type: filled, empty, and as far out as the types go.
pub const ROWS: &str = r#"
INSERT INTO crm.account (id, name) VALUES ('a0000000-0000-0000-0000-000000000001', 'Häfen & "Söhne"'),
  ('a0000000-0000-0000-0000-000000000002', ''), ('a0000000-0000-0000-0000-000000000003', NULL);
INSERT INTO crm."Every ""Type""" (id, a_bool, "An Int2", a_int4, a_int8, a_float4, a_float8, a_numeric, a_money14,
  a_thousands, a_tiny, a_text, a_varchar, a_varchar80, a_char, a_char5, a_name, a_byte, a_date, a_timestamp,
  a_timestamp3, a_timestamptz, a_timestamptz0, a_time, a_timetz, a_interval, a_bytea, a_json, a_jsonb, a_uuid, a_texts,
  a_numerics, a_inet, a_money, a_xml, a_bits, a_bit, a_point, a_oid, a_range, a_ranges, a_search, a_snapshot, a_mood,
  a_moods, a_mood_domain, a_pair, a_span, a_email, a_must, a_emails, a_secret, "order")
VALUES ('e0000000-0000-0000-0000-000000000001', true, -7, 42, 4294967296, 0.1, 0.1, 12345.678900, 123456789012.34,
  12345, 0.00123, E'a\ttab, "quotes", it''s\nü 漢 🦀', 'v', 'eighty', 'c', 'ab', 'name', 'b', '2026-02-28',
  '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678901+02', '2026-01-02 03:04:05+00',
  '23:59:59.999999', '12:00:00.12+05:30', '3 days 04:05:06.789', '\x00ff10', '{"b": 1,  "a": [true, null]}',
  '{"b": 1, "a": "ü"}', 'b0000000-0000-0000-0000-000000000001', '{a,"b,c",NULL,"d\"e"}', '{1.5,NULL,-0.1}',
  '10.1.2.3/8', '$1,234.56', '<a>text</a>', B'1010', B'101', '(1.5,-2)', 4294967295, '[1,10)', '{[1,3),[7,9)}',
  'fat:2 cat:3', '10:20:10,14', 'so ''so''', '{Good,"so ''so''"}', 'bad', '(1,"two, three")', '[1.5,2.5)',
  'me@example.com', 'must@example.com', '{a@b,c@d}', 'secret', 1);
INSERT INTO crm."Every ""Type""" (id, a_must, a_int8, a_mood, a_mood_domain)
VALUES ('e0000000-0000-0000-0000-000000000002', 'least@example.com', 0, NULL, NULL);
INSERT INTO crm."Every ""Type""" (id, a_must, a_bool, "An Int2", a_int4, a_int8, a_float4, a_float8, a_numeric,
  a_money14, a_text, a_char5, a_date, a_timestamp, a_timestamptz, a_interval, a_bytea, a_jsonb, a_texts, a_range)
VALUES ('e0000000-0000-0000-0000-000000000003', '@', false, -32768, -2147483648, -9223372036854775808, 'NaN',
  '-Infinity', 'NaN', -999999999999.99, '', '', 'infinity', '-infinity', 'infinity', '-1 day -00:00:01', '', 'null',
  '{}', 'empty'),
 ('e0000000-0000-0000-0000-000000000004', 'x@', NULL, 32767, 2147483647, 9223372036854775807, 3.4028235e38,
  1.7976931348623157e308, 123456789012345678901234567890.123456789, 0.01, repeat('long ', 30000), 'abcde',
  '0044-03-15 BC', '4713-01-01 00:00:00 BC', '0001-01-01 00:00:00+00', '0', decode(repeat('00ff', 5000), 'hex'),
  '[1.0, 1e3, "\u00e9"]', '{{a,b},{c,d}}', '(,)'),
 ('e0000000-0000-0000-0000-000000000005', 'y@', NULL, 0, 0, 1, 1e-45, 5e-324, -0.000000000000000000001, 0, ' ', ' ',
  '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00', '1 mon', '\x', '"text"', '{""}', NULL);
INSERT INTO crm.line (number, id, every, parent, kept)
SELECT n, ('c0000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid,
       ('e0000000-0000-0000-0000-00000000000' || 1 + n % 5)::uuid, 'a0000000-0000-0000-0000-000000000001', NULL
  FROM generate_series(1, 50) n;
INSERT INTO crm.note (id, line, tag) SELECT id, id, 'tag ' || number FROM crm.line WHERE number < 20;

GRANT INSERT, UPDATE, DELETE ON crm."Every ""Type""" TO case_user;
CREATE POLICY writes ON crm."Every ""Type""" TO case_user USING (true) WITH CHECK (true);
"#;

const FULL: &str = "e0000000-0000-0000-0000-000000000001";

/// A world on a database of every type, whose one device is offline.
async fn offline(name: &'static str) -> World {
    let mut connection = registration::database(name, every_type::SQL).await;
    sqlx::raw_sql(ROWS).execute(&mut connection).await.expect("the rows fit");
    connection.close().await.expect("it closes");
    let postgres = &shared().await.postgres;
    let plan = WorldPlan::of(&[|_| Uuid::from_u128(5)]).with(move |mut plan| {
        plan.database = Database::Shared { postgres, name: name.to_owned() };
        plan.config = Config::Text(registration::file(every_type::YAML));
        plan
    });
    let world = plan.start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world
}

async fn end(world: World, name: &str) {
    world.stop().await;
    shared().await.postgres.drop_database(name).await.expect("the database is dropped");
}

#[test]
fn a_device_holds_every_type_value_by_value() {
    run(async {
        let name = "every_type_held";
        let world = offline(name).await;
        let rows = world.assert_converged(0).await;
        assert!(rows > 5 + 50 + 19, "{rows}");
        let verified = world.devices[0].run(&["verify"]).await.expect(0);
        assert_eq!((verified["rows"].as_u64(), verified["differences"].as_u64()), (Some(rows), Some(0)), "{verified}");
        let change = r#"UPDATE crm."Every ""Type""" SET a_numeric = a_numeric + 1, a_texts = '{}', "order" = 7"#;
        sqlx::query(change).execute(world.admin()).await.expect("the administrator may");
        let moved = sqlx::query("UPDATE crm.line SET id = gen_random_uuid() WHERE number > 40 AND number < 45");
        moved.execute(world.admin()).await.expect("rows move between partitions");
        world.devices[0].run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;
        end(world, name).await;
    });
}

/// The attributes that a device may write, as SQLite names them.
fn writable() -> Vec<String> {
    let by_the_server = ["id", "a_always", "a_computed"];
    let names = every_type::ATTRIBUTES.iter().map(|(name, ..)| *name);
    names.filter(|name| !by_the_server.contains(name)).map(|name| format!("\"{name}\"")).collect()
}

#[test]
fn what_a_device_writes_of_every_type_comes_out_as_it_went_in() {
    run(async {
        let name = "every_type_written";
        let world = offline(name).await;
        let device = &world.devices[0];
        let columns = writable().join(", ");
        let ids = 2..=5;
        for (number, id) in ids.clone().enumerate() {
            // A new row, and an old one, get every value of another row as this device holds it.
            let from = format!("e0000000-0000-0000-0000-00000000000{id}");
            let new = format!("e1000000-0000-0000-0000-00000000000{number}");
            device.write(&format!(
                "INSERT INTO every (id, {columns}) SELECT '{new}', {columns} FROM every WHERE id = '{from}'"
            ));
        }
        let sets: Vec<String> = writable()
            .iter()
            .map(|column| format!("{column} = (SELECT {column} FROM every WHERE id = '{FULL}')"))
            .collect();
        let last = "e0000000-0000-0000-0000-000000000002";
        device.write(&format!("UPDATE every SET {} WHERE id = '{last}'", sets.join(", ")));
        let ran = device.run(&["sync"]).await;
        assert_eq!((ran.code, ran.verdicts("applied")), (Some(0), 5), "{}", ran.answer);
        world.assert_converged(0).await;
        assert_same(&world, "e0000000-0000-0000-0000-000000000001", last).await;
        for (number, id) in ids.enumerate().skip(1) {
            let from = format!("e0000000-0000-0000-0000-00000000000{id}");
            assert_same(&world, &from, &format!("e1000000-0000-0000-0000-00000000000{number}")).await;
        }
        end(world, name).await;
    });
}

/// Asserts that two rows of the server differ in nothing that a device writes.
async fn assert_same(world: &World, one: &str, other: &str) {
    let text = r#"SELECT (to_jsonb(e) - 'id' - 'a_always')::text FROM crm."Every ""Type""" e WHERE id = $1::uuid"#;
    let mut texts = Vec::new();
    for id in [one, other] {
        let row: String = sqlx::query_scalar(text).bind(id).fetch_one(world.admin()).await.expect("the row is there");
        texts.push(row);
    }
    assert_eq!(texts[0], texts[1]);
}
