//! What policies lead to.

use sojourn_metadata::rules::EntityRules;
use sojourn_schema::SchemaError;

use super::{Followed, check};
use crate::support::run;

/// The rules of one entity in words: named, through, whole, always full.
async fn told(db: &mut Followed, code: i32) -> [String; 4] {
    let rules = db.rules().await.expect("it is installed");
    let EntityRules { named, through, whole, always_full, .. } = rules.entity(code).expect("it has rules").clone();
    let mut names = [Vec::new(), Vec::new()];
    for (names, streams) in names.iter_mut().zip([named, whole]) {
        for stream in streams {
            names.push(db.stream(stream).await);
        }
        names.sort();
    }
    let through: Vec<String> =
        through.iter().map(|through| format!("{}:{}", through.attribute, through.target)).collect();
    let [named, whole] = names.map(|names| names.join(" "));
    [named, through.join(" "), whole, always_full.unwrap_or_default()]
}

/// Tables a to g: what one entity `e` reads, by every way a policy can go.
const SQL: &str = "
CREATE TABLE crm.a (id uuid PRIMARY KEY, b uuid); CREATE TABLE crm.b (id uuid PRIMARY KEY); CREATE TABLE crm.c (id int);
CREATE TABLE crm.d (id int); CREATE TABLE crm.f (id int); CREATE TABLE crm.g (id int); CREATE TABLE crm.unread (id int);
CREATE TABLE crm.e (id uuid PRIMARY KEY, a uuid REFERENCES crm.a, parent uuid REFERENCES crm.e, name text);
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO case_user;
CREATE VIEW crm.of_b AS SELECT id FROM crm.b;
CREATE FUNCTION crm.reads_c() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM crm.c); END;
CREATE FUNCTION crm.reads_d(uuid, int) RETURNS boolean LANGUAGE sql STABLE RETURN EXISTS (SELECT FROM crm.d);
CREATE OPERATOR crm.@@@ (LEFTARG = uuid, RIGHTARG = int, FUNCTION = crm.reads_d);
CREATE FUNCTION crm.sees(boolean, uuid) RETURNS boolean LANGUAGE sql STABLE RETURN $1 OR EXISTS (SELECT FROM crm.f);
CREATE AGGREGATE crm.any_seen(uuid) (SFUNC = crm.sees, STYPE = boolean);
CREATE FUNCTION crm.mine(crm.e) RETURNS boolean LANGUAGE sql STABLE RETURN $1.name = current_user;
ALTER TABLE crm.a ENABLE ROW LEVEL SECURITY; ALTER TABLE crm.e ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_a ON crm.a USING (EXISTS (SELECT FROM crm.g));
CREATE POLICY of_e ON crm.e FOR SELECT USING (
  EXISTS (SELECT FROM crm.a WHERE a.id = e.a) OR EXISTS (SELECT FROM crm.of_b) OR (SELECT crm.reads_c())
  OR id OPERATOR(crm.@@@) 1 OR (SELECT crm.any_seen(x) FROM unnest(ARRAY[]::uuid[]) x) OR crm.mine(e)
  OR name = current_setting('app.name', true) OR name = CURRENT_USER);
CREATE POLICY not_read ON crm.e FOR UPDATE USING (EXISTS (SELECT FROM crm.unread));
CREATE POLICY not_mine ON crm.e FOR SELECT TO case_owner USING (EXISTS (SELECT FROM crm.unread));";

#[test]
fn every_way_to_a_table_is_found() {
    run(async {
        let mut db = Followed::begin("track_ways", SQL, "[{name: e, type_code: 5}]").await;
        assert_eq!(told(&mut db, 5).await, ["", "", "a b c d f g", ""]);
        db.end().await;
    });
}

#[test]
fn a_relationship_is_followed_by_the_rules_of_its_target() {
    run(async {
        let yaml = "[{name: e, type_code: 5, depends_on: [{table: a, through: a}, {table: b, object: id}]}, {name: a, type_code: 6}]";
        let mut db = Followed::begin("track_through", SQL, yaml).await;
        assert_eq!(told(&mut db, 5).await, ["b(id)", "a:6", "c d f", ""]);
        assert_eq!(told(&mut db, 6).await, ["", "", "g", ""]);
        db.end().await;
    });
}

#[test]
fn an_entity_that_others_depend_on_is_noted_once() {
    run(async {
        let mut db = Followed::begin("track_once", SQL, "[{name: e, type_code: 5}, {name: a, type_code: 6}]").await;
        assert_eq!(told(&mut db, 5).await, ["", "", "a(id) b c d f g", ""]);
        db.end().await;
    });
}

#[test]
fn its_own_table_counts_where_it_is_read_as_another() {
    run(async {
        let sql = "CREATE TABLE crm.e (id uuid PRIMARY KEY, parent uuid);
                   GRANT SELECT ON crm.e TO case_user;
                   ALTER TABLE crm.e ENABLE ROW LEVEL SECURITY;
                   CREATE FUNCTION crm.tops() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
                     SELECT array_agg(id) FROM crm.e WHERE parent IS NULL; END;
                   CREATE POLICY p ON crm.e USING (parent = ANY (crm.tops()));";
        let mut db = Followed::begin("track_own", sql, "[{name: e, type_code: 5}]").await;
        assert_eq!(told(&mut db, 5).await, ["", "", "e(id)", ""]);
        db.end().await;
    });
}

#[test]
fn what_moves_by_itself_is_never_incremental() {
    run(async {
        let sql = "CREATE TABLE crm.t (id uuid PRIMARY KEY, at timestamptz, d date, parent uuid REFERENCES crm.t);
                   CREATE MATERIALIZED VIEW crm.m AS SELECT 1 AS n;
                   CREATE UNLOGGED TABLE crm.u (n int);
                   GRANT SELECT ON crm.t TO case_user; ALTER TABLE crm.t ENABLE ROW LEVEL SECURITY;
                   CREATE FUNCTION crm.clock() RETURNS timestamptz LANGUAGE sql STABLE RETURN now();
                   CREATE POLICY p ON crm.t USING (true);";
        let mut db = Followed::begin("track_clock", sql, "[{name: t, type_code: 5}]").await;
        assert_eq!(told(&mut db, 5).await, ["", "", "", ""]);
        for (condition, reason) in [
            ("at < now()", "now()"),
            ("d < CURRENT_DATE", "the clock"),
            ("at < LOCALTIMESTAMP", "the clock"),
            ("at < crm.clock()", "now()"),
            ("random() < 0.5", "random()"),
            ("age(at) > '1 day'", "age()"),
            ("at < clock_timestamp()", "clock_timestamp()"),
            ("EXISTS (SELECT FROM crm.m)", "crm.m, a materialized view"),
            ("EXISTS (SELECT FROM pg_catalog.pg_roles)", "pg_roles"),
            ("at < ('now'::text)::timestamptz", "a time made of text"),
            ("EXISTS (SELECT FROM crm.u)", "the unlogged table crm.u"),
            ("EXISTS (SELECT FROM pg_catalog.pg_class)", "pg_class"),
        ] {
            db.run(&format!("ALTER POLICY p ON crm.t USING ({condition})")).await;
            db.track().await.expect("it is installed");
            let [.., full] = told(&mut db, 5).await;
            assert!(full.contains(reason), "{condition}: {full:?}");
            assert!(db.registration.warnings.iter().any(|w| w.to_string().contains(reason)), "{condition}: a warning");
        }
        db.yaml = "[{name: t, type_code: 5, incremental: false}]".into();
        db.track().await.expect("it is installed");
        assert!(db.registration.warnings.is_empty(), "that is meant: {:?}", db.registration.warnings);
        assert!(told(&mut db, 5).await[3].contains("incremental: false"));
        db.end().await;
    });
}

/// The functions of Supabase, as it makes them: a body that is a string, which nobody can look into.
const SUPABASE: &str = "
CREATE SCHEMA auth; GRANT USAGE ON SCHEMA auth TO case_user;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('request.jwt.claims', true)::jsonb ->> 'sub', '')::uuid $$;
CREATE TABLE crm.todo (id uuid PRIMARY KEY, owner uuid);
ALTER TABLE crm.todo ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_todos ON crm.todo FOR SELECT TO case_user USING ((SELECT auth.uid()) = owner);
GRANT SELECT ON crm.todo TO case_user;
CREATE TABLE crm.team (id uuid);";

fn supabase(functions: &str) -> String {
    format!("dataset: crm\nacting_role: case_user\nschema: crm\n{functions}\nentities: [{{name: todo, type_code: 5}}]")
}

#[test]
fn a_function_that_nobody_can_look_into_must_be_declared() {
    run(async {
        let mut db = Followed::begin("track_supabase", SUPABASE, &supabase("functions: {auth.uid: []}")).await;
        assert_eq!(told(&mut db, 5).await, ["", "", "", ""]);
        db.yaml = supabase("functions: {auth.uid: [team]}");
        db.track().await.expect("it is installed");
        assert_eq!(told(&mut db, 5).await, ["", "", "team", ""]);
        for (functions, words) in [
            ("", &["entity todo", "\"own_todos\"", "auth.uid", "functions: {auth.uid: [its tables]}"][..]),
            ("functions: {auth.uid: [taem]}", &["auth.uid", "crm.taem"]),
        ] {
            let refused = check(&mut db.connection, &supabase(functions)).await;
            let Err(SchemaError::Refused(problems)) = refused else { panic!("{refused:?}") };
            assert_eq!(problems.len(), 1, "{problems:?}");
            let told = problems[0].to_string();
            words.iter().for_each(|word| assert!(told.contains(word), "{word:?} is not in {told:?}"));
        }
        db.end().await;
    });
}

#[test]
fn functions_that_are_called_by_name_must_be_there_and_callable() {
    run(async {
        let sql = "CREATE FUNCTION crm.may() RETURNS boolean LANGUAGE sql STABLE RETURN true;
                   CREATE FUNCTION crm.has(name) RETURNS boolean LANGUAGE sql STABLE RETURN true;
                   CREATE FUNCTION crm.context(int) RETURNS jsonb LANGUAGE sql STABLE RETURN '{}'::jsonb;";
        let yaml = "dataset: crm\nacting_role: case_user\nschema: crm\ngo_offline: crm.may\nin_role: crm.has\n\
                    entities: [{name: account, access_context: crm.context}]";
        let good = yaml.replace("in_role: crm.has\n", "");
        let mut db = Followed::begin("track_functions", sql, &good).await;
        db.run("REVOKE EXECUTE ON FUNCTION crm.may() FROM PUBLIC").await;
        let refused = check(&mut db.connection, yaml).await;
        let Err(SchemaError::Refused(problems)) = refused else { panic!("{refused:?}") };
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("GRANT EXECUTE ON FUNCTION \"crm\".\"may\"() TO \"case_user\""), "{told:?}");
        assert!(
            told[1].contains("in_role: needs a function crm.has (text) that gives boolean: crm.has (name)"),
            "{told:?}"
        );
        db.end().await;
    });
}
