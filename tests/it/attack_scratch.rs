//! Scratch.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use sojourn_agent::store::{Settlement, Store};
use sojourn_sample_crm::People;
use sojourn_wire::message::attachment::AttachmentPart;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, OperationChunk, RowCommand, Verdict};
use sojourn_wire::message::plugin::{PluginReply, PluginWrite};
use sojourn_wire::subject::PLUGIN_INBOX_PREFIX;
use uuid::Uuid;

use crate::support::sender::{Sender, chunk, operation, text};
use crate::support::{World, WorldPlan, run};

const TABLES: &str = concat!(
    include_str!("pipeline/tables.sql"),
    "
CREATE TABLE desk.slot (id uuid PRIMARY KEY, flag bool, n int);
ALTER TABLE desk.slot ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON desk.slot FOR SELECT TO sojourn_user USING (true);
CREATE POLICY i ON desk.slot FOR INSERT TO sojourn_user WITH CHECK ((SELECT count(*) FROM desk.slot) < 5);
CREATE POLICY u ON desk.slot FOR UPDATE TO sojourn_user USING (true) WITH CHECK (NOT flag OR (SELECT count(*) FROM desk.slot WHERE flag) < 1);
CREATE TABLE desk.item (id uuid PRIMARY KEY, box int, body text);
CREATE TABLE desk.box (box int PRIMARY KEY, last text, trail text);
INSERT INTO desk.box VALUES (1, '', '');
CREATE FUNCTION desk.itemed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE desk.box SET last = NEW.body, trail = trail || NEW.body || ',' WHERE box = NEW.box; RETURN NEW; END $$;
CREATE TRIGGER itemed BEFORE UPDATE ON desk.item FOR EACH ROW EXECUTE FUNCTION desk.itemed();
CREATE TABLE desk.pic (id uuid PRIMARY KEY, photo bytea, note text);
CREATE TABLE desk.node (id uuid PRIMARY KEY, parent uuid REFERENCES desk.node);
CREATE TABLE desk.raiser (id uuid PRIMARY KEY, code text);
CREATE FUNCTION desk.raising() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
 IF NEW.code = 'role' THEN RESET ROLE; RETURN NEW; END IF;
 IF NEW.code = 'who' THEN PERFORM set_config('sojourn.user_id', gen_random_uuid()::text, true); RETURN NEW; END IF;
 IF NEW.code IS NOT NULL THEN RAISE EXCEPTION 'the developer says no' USING ERRCODE = NEW.code; END IF;
 RETURN NEW; END $$;
CREATE TRIGGER raising BEFORE INSERT ON desk.raiser FOR EACH ROW EXECUTE FUNCTION desk.raising();
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk TO sojourn_user;
"
);
const CONFIG: &str = "
dataset: desk
acting_role: sojourn_user
schema: desk
entities:
  - {name: person, type_code: 1, rls: none}
  - {name: memo, type_code: 2, rls: none}
  - {name: deal, type_code: 3, rls: none}
  - {name: purchase, type_code: 4, rls: none}
  - {name: secret, type_code: 6}
  - {name: slot, type_code: 10}
  - {name: item, type_code: 11, rls: none}
  - {name: pic, type_code: 12, rls: none}
  - {name: node, type_code: 13, rls: none}
  - {name: raiser, type_code: 14, rls: none}
replay:
  conflicts:
    person: {policy: merge}
    deal: {policy: reject}
    pic: {policy: merge}
  commands:
    - {entity: deal, name: bump}
  plugins:
    - {entity: deal, command: bump}
";
const PERSON: i32 = 1;
const MEMO: i32 = 2;
const DEAL: i32 = 3;
const PURCHASE: i32 = 4;
const SECRET: i32 = 6;
const SLOT: i32 = 10;
const ITEM: i32 = 11;
const PIC: i32 = 12;
const NODE: i32 = 13;
const RAISER: i32 = 14;
const USER: fn(&People) -> Uuid = |people| people.sales[0].id;

fn object() -> Uuid {
    sojourn_runtime::clock::fresh_id()
}
fn create(entity: i32, id: Uuid, data: &[(&str, FieldValue)]) -> Operation {
    operation(Command::Create, entity, id, data)
}
fn num(n: i64) -> FieldValue {
    FieldValue::Number(n.into())
}
fn update(entity: i32, id: Uuid, changes: &[(&str, Option<FieldValue>, FieldValue)]) -> Operation {
    let mut update = operation(Command::Update, entity, id, &[]);
    for (name, base, mine) in changes {
        if let Some(base) = base {
            update.base.insert((*name).to_owned(), base.clone());
        }
        update.data.insert((*name).to_owned(), mine.clone());
    }
    update
}
fn delete(entity: i32, id: Uuid) -> Operation {
    operation(Command::Delete, entity, id, &[])
}
fn show(what: &str, verdicts: &[Verdict]) {
    for v in verdicts {
        eprintln!(
            "ATTACK {what}: {} {:?} cause={:?} attr={:?} reason={:?} version={:?} deleted={:?}",
            v.sequence, v.verdict, v.cause, v.attribute, v.reason, v.version, v.deleted
        );
    }
}
async fn world(devices: usize) -> (World, Vec<Sender>) {
    let users: Vec<fn(&People) -> Uuid> = vec![USER; devices];
    let world = WorldPlan::of(&users).of_tables(TABLES, CONFIG).start().await;
    let mut senders = Vec::new();
    for device in &world.devices {
        senders.push(Sender::connect(device).await);
    }
    (world, senders)
}
async fn one(world: &World, sql: &'static str) -> String {
    let found: Option<String> = sqlx::query_scalar(sql).fetch_one(world.admin()).await.expect("select");
    found.unwrap_or_default()
}

#[test]
fn protocol() {
    run(async {
        let (world, mut senders) = world(2).await;
        let mut other = senders.pop().expect("two");
        let mut s = senders.pop().expect("one");

        // 1 quota
        let v = s.send((0..10).map(|n| create(SLOT, object(), &[("flag", num(0)), ("n", num(n))])).collect()).await;
        show("quota insert", &v);
        eprintln!("ATTACK quota: rows={} (limit 5)", one(&world, "SELECT count(*)::text FROM desk.slot").await);
        sqlx::raw_sql("DELETE FROM desk.slot; INSERT INTO desk.slot SELECT gen_random_uuid(), false, n FROM generate_series(1,4) n").execute(world.admin()).await.expect("sql");
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM desk.slot").fetch_all(world.admin()).await.expect("ids");
        let v = s.send(ids.iter().map(|id| update(SLOT, *id, &[("flag", Some(num(0)), num(1))])).collect()).await;
        show("one flag", &v);
        eprintln!("ATTACK flags: {} (policy: at most 1)", one(&world, "SELECT count(*)::text FROM desk.slot WHERE flag").await);

        // 2 order in an update run
        let ids: Vec<Uuid> = (0..6).map(|_| object()).collect();
        s.send(ids.iter().map(|id| create(ITEM, *id, &[("box", num(1)), ("body", text("o"))])).collect()).await;
        for analysed in [false, true] {
            if analysed {
                sqlx::raw_sql("ANALYZE desk.item").execute(world.admin()).await.expect("sql");
            }
            sqlx::raw_sql("UPDATE desk.box SET trail = ''").execute(world.admin()).await.expect("sql");
            let base = if analysed { None } else { Some(text("o")) };
            let ops = ids.iter().rev().enumerate().map(|(n, id)| update(ITEM, *id, &[("body", base.clone(), text(&format!("b{n}{analysed}")))]));
            let v = s.send(ops.collect()).await;
            eprintln!("ATTACK order: {:?} trail {}", v.iter().map(|v| v.verdict).collect::<Vec<_>>(), one(&world, "SELECT trail FROM desk.box").await);
        }

        // 3 empty update hides other's change
        for (name, with_empty) in [("control", false), ("empty first", true)] {
            let id = object();
            s.send_one(create(DEAL, id, &[("name", text("a")), ("worth", num(1))])).await;
            world.sql("UPDATE desk.deal SET name = 'theirs' WHERE id = $1", id).await;
            let mut ops = if with_empty { vec![update(DEAL, id, &[])] } else { vec![] };
            ops.push(delete(DEAL, id));
            show(&format!("delete unseen, {name}"), &s.send(ops).await);
            let id = object();
            s.send_one(create(DEAL, id, &[("name", text("a")), ("worth", num(1))])).await;
            world.sql("UPDATE desk.deal SET name = 'theirs' WHERE id = $1", id).await;
            if with_empty {
                show("empty, own chunk", &[s.send_one(update(DEAL, id, &[("id", None, text(&id.to_string()))])).await]);
            }
            show(&format!("delete unseen two chunks, {name}"), &[s.send_one(delete(DEAL, id)).await]);
            let id = object();
            s.send_one(create(PIC, id, &[("photo", FieldValue::Bytes(vec![1])), ("note", text("a"))])).await;
            world.sql("UPDATE desk.pic SET photo = '\\x99' WHERE id = $1", id).await;
            let mut ops = if with_empty { vec![update(PIC, id, &[])] } else { vec![] };
            ops.push(update(PIC, id, &[("photo", None, FieldValue::Bytes(vec![2]))]));
            show(&format!("photo, {name}"), &s.send(ops).await);
        }

        // 4 self references in a run
        let (child, parent) = (object(), object());
        let v = s.send(vec![create(NODE, child, &[("parent", text(&parent.to_string()))]), create(NODE, parent, &[("parent", FieldValue::Null)])]).await;
        show("child before parent in one run", &v);

        // 5 probing
        let hidden = object();
        world.sql("INSERT INTO desk.secret VALUES ($1, gen_random_uuid(), 'w')", hidden).await;
        for id in [hidden, object()] {
            let lie = Operation { overtaken: true, ..update(SECRET, id, &[("word", None, text("x"))]) };
            show("overtaken probe", &[s.send_one(lie).await]);
            show("plain probe", &[s.send_one(update(SECRET, object(), &[("word", None, text("x"))])).await]);
            show("create probe", &[s.send_one(create(SECRET, id, &[("word", text("x"))])).await]);
        }

        // 6 settles
        let bad = create(PURCHASE, object(), &[("person_id", text(&object().to_string()))]);
        let n = s.next;
        let ops = vec![
            Operation { settles: Some(n), ..bad.clone() },
            Operation { settles: Some(n + 3), ..create(MEMO, object(), &[]) },
            Operation { settles: Some(i64::MAX as u64 - 2), ..operation(Command::Discard, MEMO, Uuid::nil(), &[]) },
            Operation { settles: None, ..operation(Command::Discard, 999, Uuid::nil(), &[]) },
            Operation { settles: Some(n), ..bad.clone() },
        ];
        show("settles", &s.send(ops).await);
        let n = s.next;
        let bad2 = create(PURCHASE, object(), &[("person_id", text(&object().to_string()))]);
        let first = s.send_one(bad2.clone()).await;
        let group = |op: Operation| Operation { group: Some(7), ..op };
        let ops = vec![
            group(Operation { settles: Some(first.sequence), ..operation(Command::Discard, PURCHASE, Uuid::nil(), &[]) }),
            group(update(PURCHASE, bad2.object_id, &[("amount", None, num(1))])),
            group(create(MEMO, object(), &[])),
        ];
        show(&format!("group with discard from {n}"), &s.send(ops).await);
        show("after", &[s.send_one(update(PURCHASE, bad2.object_id, &[("amount", None, num(1))])).await]);

        // 7 since
        let link = s.link.clone();
        let c = OperationChunk { since: Some(i64::MAX as u64 - 1), ..s.chunk(vec![bad.clone(), update(PURCHASE, bad.object_id, &[("amount", None, num(1))])]) };
        eprintln!("ATTACK since: {:?}", link.replay(&c, Duration::from_secs(20)).await);
        show("after since", &[s.send_one(update(PURCHASE, bad.object_id, &[("amount", None, num(1))])).await]);

        // 8 dry run between, same numbers
        let id = object();
        let dry = OperationChunk { dry_run: true, ..chunk(s.next, vec![create(MEMO, id, &[("body", text("dry"))])]) };
        eprintln!("ATTACK dry: {:?}", link.replay(&dry, Duration::from_secs(20)).await.is_ok());
        show("wet", &[s.send_one(create(MEMO, id, &[("body", text("wet"))])).await]);
        eprintln!("ATTACK dry again behind: {:?}", link.replay(&dry, Duration::from_secs(20)).await);

        // 9 attachments
        let a = object();
        let part = |number, total_bytes, bytes: Vec<u8>| AttachmentPart { chunk: object(), attachment: a, number, total_bytes, bytes };
        eprintln!("ATTACK part0: {:?}", link.attach(&part(0, 0, vec![]), Duration::from_secs(20)).await);
        eprintln!("ATTACK part huge number: {:?}", link.attach(&part(u32::MAX, 10, vec![1]), Duration::from_secs(20)).await);
        eprintln!("ATTACK part huge total: {:?}", link.attach(&part(0, u64::MAX, vec![1; 10]), Duration::from_secs(20)).await);
        eprintln!("ATTACK part ok: {:?}", link.attach(&part(0, 5, vec![7; 5]), Duration::from_secs(20)).await);
        let at = |bytes| FieldValue::Attachment { attachment: a, bytes };
        let foreign = chunk(other.next, vec![create(PIC, object(), &[("photo", at(5))])]);
        eprintln!("ATTACK foreign attachment: {:?}", other.link.replay(&foreign, Duration::from_secs(20)).await);
        let (p, q) = (object(), object());
        let c = s.chunk(vec![create(PIC, p, &[("photo", at(5))]), create(PIC, q, &[("photo", at(5))]), create(PIC, object(), &[("note", at(5))])]);
        eprintln!("ATTACK twice: {:?}", link.replay(&c, Duration::from_secs(20)).await);
        eprintln!("ATTACK pics {}", one(&world, "SELECT count(*)::text FROM desk.pic WHERE octet_length(photo) = 5").await);
        let c = chunk(s.next, vec![create(PIC, object(), &[("photo", at(u64::MAX))])]);
        eprintln!("ATTACK max bytes: {:?}", link.replay(&c, Duration::from_secs(20)).await);
        show("zero", &[s.send_one(create(PIC, object(), &[("photo", at(0))])).await]);
        show("base attachment", &[s.send_one(update(PIC, p, &[("photo", Some(at(9)), FieldValue::Bytes(vec![3]))])).await]);

        // 10 odd names and texts
        let odd = ["a\0b", "\"; DROP TABLE desk.deal; --", "na\u{202e}me", "'", "\u{1F600}", "", "$1"];
        for name in odd {
            let op = create(MEMO, object(), &[(name, text("x"))]);
            show("odd name", &[s.send_one(op).await]);
            let op = create(MEMO, object(), &[("body", text(name))]);
            show("odd value", &[s.send_one(op).await]);
        }
        // 11 huge group
        let begun = Instant::now();
        let mut ops: Vec<Operation> = (0..2000).map(|n| Operation { group: Some(9), ..create(MEMO, object(), &[("body", text(&n.to_string()))]) }).collect();
        ops.push(Operation { group: Some(9), ..bad.clone() });
        let v = s.send(ops).await;
        eprintln!("ATTACK huge group {:?}: {:?} {:?}", begun.elapsed(), v[0].verdict, v[2000].verdict);
        // 12 60 KB values
        let big = "x".repeat(60_000);
        let ids: Vec<Uuid> = (0..12).map(|_| object()).collect();
        s.send(ids.iter().map(|id| create(DEAL, *id, &[("name", text(&big))])).collect()).await;
        sqlx::raw_sql("UPDATE desk.deal SET name = repeat('y', 60000)").execute(world.admin()).await.expect("sql");
        let v = s.send(ids.iter().take(7).map(|id| update(DEAL, *id, &[("name", Some(text(&big)), text(&"z".repeat(60_000)))])).collect()).await;
        eprintln!("ATTACK big: {:?} cut {:?}", v.iter().map(|v| v.verdict).collect::<Vec<_>>(), v[0].conflicts.first().map(|c| c.cut));
        let _ = other.send_one(create(MEMO, object(), &[])).await;
        world.end().await;
    });
}

#[test]
fn stuck() {
    run(async {
        let (world, mut senders) = world(6).await;
        // NUL in a base
        let mut s = senders.pop().expect("one");
        let id = object();
        show("made", &[s.send_one(create(PERSON, id, &[("name", text("a"))])).await]);
        world.sql("UPDATE desk.person SET name = 'theirs' WHERE id = $1", id).await;
        let c = s.chunk(vec![update(PERSON, id, &[("name", Some(text("a\0b")), text("c"))])]);
        let nul = tokio::spawn(async move { s.link.replay(&c, Duration::from_secs(100)).await });
        let mut tasks = Vec::new();
        for code in ["53400", "28000", "40001", "role", "who"] {
            let mut s = senders.pop().expect("one");
            let lone = if code == "role" || code == "who" { 3 } else { 1 };
            let mut ops: Vec<Operation> = (0..lone).map(|_| create(RAISER, object(), &[("code", text(code))])).collect();
            ops.push(create(MEMO, object(), &[("body", text(code))]));
            ops.push(update(SECRET, object(), &[("word", None, text("x"))]));
            let c = s.chunk(ops);
            tasks.push(tokio::spawn(async move {
                let begun = Instant::now();
                let told = s.link.replay(&c, Duration::from_secs(150)).await;
                eprintln!("ATTACK raise {code} after {:?}: {told:?}", begun.elapsed());
            }));
        }
        eprintln!("ATTACK NUL base: {:?}", nul.await);
        for task in tasks {
            task.await.expect("it ends");
        }
        world.end().await;
    });
}

#[test]
fn unsendable() {
    run(async {
        let world = WorldPlan::of(&[USER]).of_tables(TABLES, CONFIG).start().await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        sqlx::raw_sql("ALTER TABLE desk.person ADD CHECK (name <> 'bad')").execute(world.admin()).await.expect("sql");
        let id = object();
        device.write(&format!("INSERT INTO person (id, name) VALUES ('{id}', 'bad')"));
        device.write(&format!("UPDATE person SET phone = '1' WHERE id = '{id}'"));
        eprintln!("ATTACK sync1 {}", device.run(&["sync"]).await.answer["queue"]);
        let settle = |row: u64, settlement: Settlement| {
            let mut store = Store::open(&device.database()).expect("it opens");
            eprintln!("ATTACK settle {row}: {:?}", store.settle_error(row, &settlement));
        };
        settle(1, Settlement::Fix(BTreeMap::from([("name".to_owned(), serde_json::Value::from("x".repeat(1_200_000)))])));
        eprintln!("ATTACK sync2 {}", device.run(&["sync"]).await.answer["queue"]);
        eprintln!("ATTACK sync2b {}", device.run(&["sync"]).await.answer["queue"]);
        settle(1, Settlement::Fix(BTreeMap::from([("name".to_owned(), serde_json::Value::from("good"))])));
        eprintln!("ATTACK sync3 {}", device.run(&["sync"]).await.answer["queue"]);
        eprintln!("ATTACK sync4 {}", device.run(&["sync"]).await.answer["queue"]);
        eprintln!("ATTACK server row: {}", one(&world, "SELECT string_agg(left(name, 20) || '/' || coalesce(phone, '-'), ' ') FROM desk.person").await);
        eprintln!("ATTACK errors {}", device.run(&["errors"]).await.answer);
        world.end().await;
    });
}

#[test]
fn invoked() {
    run(async {
        let (world, mut senders) = world(1).await;
        let mut s = senders.pop().expect("one");
        let (user, password) = world.stack.plugin_login();
        let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned()).custom_inbox_prefix(PLUGIN_INBOX_PREFIX);
        let client = options.connect(world.stack.nats_url()).await.expect("plug-ins are let in");
        let mut questions = client.subscribe("plugin.deal.*.pre").await.expect("it may listen");
        client.flush().await.expect("flushed");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let target = object();
        tokio::spawn(async move {
            while let Some(message) = questions.next().await {
                let Some(to) = message.reply else { continue };
                let write = PluginWrite { command: RowCommand::Update, entity: "deal".into(), object_id: target, data: BTreeMap::from([("worth".to_owned(), num(5))]) };
                client.publish(to, encode(&PluginReply::Perform { writes: vec![write] }).into()).await.expect("answered");
            }
        });
        s.send_one(create(DEAL, target, &[("name", text("a")), ("worth", num(1))])).await;
        world.sql("UPDATE desk.deal SET name = 'theirs' WHERE id = $1", target).await;
        let invoke = Operation { name: Some("bump".into()), ..operation(Command::Invoke, DEAL, target, &[]) };
        show("invoke", &[s.send_one(invoke).await]);
        show("delete after invoke", &[s.send_one(delete(DEAL, target)).await]);
        eprintln!("ATTACK deals left {}", one(&world, "SELECT count(*)::text FROM desk.deal").await);
        world.end().await;
    });
}
