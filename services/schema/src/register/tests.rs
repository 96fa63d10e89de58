//! Every problem, from hand-made rows of the catalog.

mod replay;
mod rules;

use sojourn_metadata::model::OnDelete;
use sojourn_metadata::{DataType, Relationship};
use sojourn_platform::catalog::{Column, Dependencies, ForeignKey, Role, TableName, TypeKind};

use super::*;

const YAML: &str = "dataset: crm\nacting_role: users\nschema: crm\nentities: [{name: contact}, {name: account}]";
const CONTACT: i64 = 100;
const ACCOUNT: i64 = 200;

fn wanted() -> SojournYaml {
    SojournYaml::parse(YAML).expect("a good file")
}

fn relation(oid: i64, name: &str) -> Relation {
    Relation {
        oid,
        schema: "crm".into(),
        name: name.into(),
        kind: "r".into(),
        owner: "crm_owner".into(),
        row_security: true,
        has_read_policy: true,
        role_owns: false,
        role_uses_schema: true,
        role_reads_version: true,
        primary_key: vec![1],
        has_parent: false,
        has_heirs: false,
        is_replicated: false,
    }
}

fn column(relation: i64, number: i16, name: &str, type_name: &str, sql_type: &str) -> Column {
    Column {
        relation,
        number,
        name: name.into(),
        type_schema: "pg_catalog".into(),
        type_name: type_name.into(),
        type_kind: TypeKind::Base,
        typmod: -1,
        sql_type: sql_type.into(),
        not_null: number == 1,
        has_default: false,
        generated: false,
        enum_labels: vec![],
        role_reads: true,
        role_uses_type_schema: true,
    }
}

/// Contact (id, account_id, mood) refers to account (name, id): nothing is wrong with them.
fn good() -> Catalog {
    let mut mood = column(CONTACT, 7, "mood", "mood", "crm.mood");
    (mood.type_schema, mood.type_kind, mood.enum_labels) = ("crm".into(), TypeKind::Enum, vec!["good".into()]);
    let role = Role {
        oid: 1,
        name: "users".into(),
        can_login: false,
        is_superuser: false,
        bypasses_rls: false,
        stronger_roles: vec![],
    };
    let account = Relation { primary_key: vec![2], ..relation(ACCOUNT, "account") };
    let key = ForeignKey { relation: CONTACT, column: 3, target: ACCOUNT, target_column: 2, on_delete: "n".into() };
    Catalog {
        role: Some(role),
        relations: vec![account, relation(CONTACT, "contact")],
        columns: vec![
            column(CONTACT, 1, "id", "uuid", "uuid"),
            column(CONTACT, 3, "account_id", "uuid", "uuid"),
            mood,
            column(ACCOUNT, 1, "name", "text", "text"),
            column(ACCOUNT, 2, "id", "uuid", "uuid"),
        ],
        foreign_keys: vec![key],
        dependencies: Dependencies::default(),
        routines: vec![],
        table_names: vec![],
    }
}

fn role(catalog: &mut Catalog) -> &mut Role {
    catalog.role.as_mut().expect("there is one")
}

fn contact(catalog: &mut Catalog) -> &mut Relation {
    catalog.relations.iter_mut().find(|relation| relation.oid == CONTACT).expect("there is one")
}

/// The problems of a catalog after a change, as the user reads them.
fn told(change: impl FnOnce(&mut Catalog)) -> Vec<String> {
    let mut catalog = good();
    change(&mut catalog);
    let problems = register(&wanted(), &catalog, &[]).expect_err("refused");
    problems.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn one(change: impl FnOnce(&mut Catalog), fragments: &[&str]) {
    let told = told(change);
    assert_eq!(told.len(), 1, "{told:#?}");
    for fragment in fragments {
        assert!(told[0].contains(fragment), "{fragment:?} is not in {:?}", told[0]);
    }
}

#[test]
fn metadata_stands_in_load_order_with_the_object_id_first() {
    let registration = register(&wanted(), &good(), &[]).expect("nothing is wrong");
    assert_eq!(registration.warnings, []);
    let [account, contact] = registration.metadata.entities.as_slice() else { panic!("two entities") };
    assert_eq!((account.name.as_str(), account.object_type_code), ("account", 10_001));
    assert_eq!((account.key().name.as_str(), account.attribute_ids()), ("id", vec![2, 1]));
    assert_eq!((contact.name.as_str(), contact.object_type_code), ("contact", 10_000));
    let relationship =
        Relationship { attribute: "account_id".into(), target: "account".into(), on_delete: OnDelete::SetNull };
    assert_eq!(contact.relationships, [relationship]);
    let mood = contact.attribute("mood").expect("there");
    assert_eq!((mood.id, mood.data_type, mood.sql_type.as_str()), (7, DataType::Other, "crm.mood"));
    assert_eq!(mood.enum_values, ["good"]);
}

#[test]
fn what_the_role_may_not_read_is_no_attribute_and_no_relationship() {
    let mut catalog = good();
    catalog.columns[1].role_reads = false;
    let metadata = register(&wanted(), &catalog, &[]).expect("nothing is wrong").metadata;
    let contact = metadata.entity("contact").expect("there");
    assert_eq!(contact.attribute_ids(), [1, 7]);
    assert_eq!(contact.relationships, []);
}

#[test]
fn a_key_to_something_else_than_the_object_id_is_no_relationship() {
    let mut catalog = good();
    catalog.foreign_keys[0].target_column = 1;
    let metadata = register(&wanted(), &catalog, &[]).expect("nothing is wrong").metadata;
    assert_eq!(metadata.entity("contact").expect("there").relationships, []);
}

#[test]
fn the_acting_role_must_be_one_that_policies_hold_back() {
    one(|c| c.role = None, &["\"users\" does not exist", "CREATE ROLE \"users\" NOLOGIN"]);
    one(
        |c| {
            (role(c).is_superuser, role(c).bypasses_rls) = (true, true);
            contact(c).role_owns = true;
        },
        &["is a superuser", "NOSUPERUSER"],
    );
    one(|c| role(c).bypasses_rls = true, &["has BYPASSRLS", "ALTER ROLE \"users\" NOBYPASSRLS"]);
    one(
        |c| role(c).stronger_roles = vec!["admin".into()],
        &["a member of \"admin\"", "REVOKE \"admin\" FROM \"users\""],
    );
    let own = SojournYaml { acting_role: "sojourn_service".into(), ..wanted() };
    let problems = register(&own, &good(), &[]).expect_err("refused");
    assert_eq!(problems, [Problem::RoleReserved { role: "sojourn_service".into() }]);
}

#[test]
fn the_table_must_be_there_and_a_table() {
    one(|c| c.relations.retain(|r| r.oid != CONTACT), &["entity contact (crm.contact)", "no such table", "similar"]);
    one(
        |c| {
            c.relations.retain(|r| r.oid != CONTACT);
            c.table_names = vec![TableName { schema: "sales".into(), name: "contact".into() }];
        },
        &["did you mean sales.contact?", "`table: sales.contact`"],
    );
    one(|c| contact(c).kind = "v".into(), &["this is a view", "`table:`"]);
}

#[test]
fn the_key_must_be_one_uuid() {
    one(|c| contact(c).primary_key = vec![], &["no primary key", "ALTER TABLE \"crm\".\"contact\""]);
    one(|c| contact(c).primary_key = vec![1, 3], &["has 2 columns (id, account_id)", "UNIQUE"]);
    one(
        |c| (c.columns[0].type_name, c.columns[0].sql_type) = ("int8".into(), "bigint".into()),
        &["\"id\" has the type bigint", "uuid"],
    );
}

#[test]
fn row_level_security_must_be_on_and_hold_the_role_back() {
    one(|c| contact(c).row_security = false, &["is off", "ENABLE ROW LEVEL SECURITY", "`rls: none`"]);
    one(
        |c| (contact(c).role_owns, contact(c).owner) = (true, "users".into()),
        &["belongs to the acting role \"users\"", "OWNER TO"],
    );
    one(|c| contact(c).role_owns = true, &["belongs to \"crm_owner\"", "REVOKE \"crm_owner\" FROM \"users\""]);
}

#[test]
fn rls_none_lets_a_table_be_open_to_all() {
    let mut catalog = good();
    contact(&mut catalog).row_security = false;
    let open = YAML.replace("{name: contact}", "{name: contact, rls: none}");
    let open = SojournYaml::parse(&open).expect("a good file");
    assert!(register(&open, &catalog, &[]).is_ok());
}

#[test]
fn the_role_must_be_able_to_read_what_every_sync_reads() {
    let blind =
        |c: &mut Catalog| c.columns.iter_mut().filter(|x| x.relation == CONTACT).for_each(|x| x.role_reads = false);
    one(blind, &["may not read the table", "GRANT SELECT ON \"crm\".\"contact\" TO \"users\""]);
    one(|c| c.columns[0].role_reads = false, &["object id \"id\"", "GRANT SELECT (\"id\")"]);
    one(
        |c| contact(c).role_reads_version = false,
        &["xmin", "GRANT SELECT (xmin) ON \"crm\".\"contact\" TO \"users\""],
    );
}

#[test]
fn a_schema_out_of_reach_is_told_once() {
    let both = |c: &mut Catalog| c.relations.iter_mut().for_each(|r| r.role_uses_schema = false);
    one(both, &["schema \"crm\"", "the table contact", "GRANT USAGE ON SCHEMA \"crm\" TO \"users\""]);
    let of_type =
        |c: &mut Catalog| (c.columns[2].role_uses_type_schema, c.columns[2].type_schema) = (false, "t".into());
    one(of_type, &["schema \"t\"", "the type of contact.mood"]);
}

#[test]
fn attributes_must_fit_into_sqlite() {
    one(|c| c.columns[2].name = "Account_ID".into(), &["\"account_id\" and \"Account_ID\"", "only in case"]);
    one(|c| c.columns[2].name = "mo\nod".into(), &[r#""mo\nod""#, "control character"]);
    one(|c| c.columns[2].sql_type = "x('y')".into(), &["\"mood\" is spelled x('y')", "domain"]);
    let wide = |c: &mut Catalog| {
        c.columns.extend((10..1_608).map(|n| column(CONTACT, n, &format!("c{n}"), "int4", "integer")));
    };
    one(wide, &["1601 columns", "1600"]);
}

#[test]
fn the_document_must_fit_into_a_message() {
    let long = |c: &mut Catalog| c.columns[2].enum_labels = (0..20_000).map(|n| format!("{n:060}")).collect();
    one(long, &["bytes", "register fewer"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let told = told(|c| {
        role(c).bypasses_rls = true;
        contact(c).row_security = false;
        contact(c).primary_key = vec![];
        c.relations.retain(|r| r.oid != ACCOUNT);
    });
    let expected = ["BYPASSRLS", "no primary key", "row-level security is off", "entity account"];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn oddities_are_warnings() {
    let mut catalog = good();
    role(&mut catalog).can_login = true;
    contact(&mut catalog).has_read_policy = false;
    let warnings = register(&wanted(), &catalog, &[]).expect("allowed").warnings;
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("can log in") && told[0].contains("NOLOGIN"), "{told:#?}");
    assert!(told[1].contains("no policy lets") && told[1].contains("crm.contact"), "{told:#?}");
}
