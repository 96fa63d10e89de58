//! The rules, from hand-made edges of the catalog.

use sojourn_metadata::rules::{Audience, EntityRules, Through};
use sojourn_platform::catalog::{Function, Object, ObjectKind, Policy, Routine, Unsteady};

use super::*;

const SHARE: i64 = 300;
const TEAM: i64 = 400;
const CONTACT_POLICY: i64 = 1_000;
const ACCOUNT_POLICY: i64 = 2_000;

/// The good catalog, where a policy of contact reads account and share, and one of account reads team.
fn guarded() -> Catalog {
    let mut catalog = good();
    let other = |oid, name| Relation { primary_key: vec![], row_security: false, ..relation(oid, name) };
    catalog.relations.extend([other(SHARE, "share"), other(TEAM, "team")]);
    catalog.columns.push(column(SHARE, 4, "object_id", "uuid", "uuid"));
    let policy = |oid, relation, name: &str| Policy { oid, name: name.into(), relation, applies: true };
    let (of_contact, of_account) = (Object::policy(CONTACT_POLICY), Object::policy(ACCOUNT_POLICY));
    catalog.dependencies = Dependencies {
        edges: vec![
            (Object::relation(CONTACT), of_contact),
            (Object::relation(ACCOUNT), of_account),
            (of_contact, Object::relation(ACCOUNT)),
            (of_contact, Object::relation(SHARE)),
            (of_account, Object::relation(TEAM)),
        ],
        policies: vec![policy(CONTACT_POLICY, CONTACT, "of_contact"), policy(ACCOUNT_POLICY, ACCOUNT, "of_account")],
        ..Dependencies::default()
    };
    catalog
}

fn contact_says(more: &str) -> SojournYaml {
    let yaml = YAML.replace("{name: contact}", &format!("{{name: contact, {more}}}"));
    SojournYaml::parse(&yaml).expect("a good file")
}

fn registered(wanted: &SojournYaml, catalog: &Catalog) -> Registration {
    register(wanted, catalog, &[]).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The rules of contact, and the streams by name in the place of their numbers.
fn contact_rules(wanted: &SojournYaml, catalog: &Catalog) -> (EntityRules, impl Fn(&[i32]) -> Vec<String> + use<>) {
    let registration = registered(wanted, catalog);
    let rules = registration.rules(&(0..).take(registration.streams.len()).collect::<Vec<_>>());
    let code = registration.metadata.entity("contact").expect("there").object_type_code;
    let names = move |streams: &[i32]| {
        let name = |number: &i32| {
            let Stream { table, key_column, .. } = &registration.streams[usize::try_from(*number).expect("a position")];
            key_column.as_ref().map_or(table.clone(), |key| format!("{table}.{key}"))
        };
        streams.iter().map(name).collect()
    };
    (rules.entity(code).expect("there").clone(), names)
}

#[track_caller]
fn refused(wanted: &SojournYaml, catalog: &Catalog, fragments: &[&str]) {
    let problems = register(wanted, catalog, &[]).expect_err("refused");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let told = problems[0].to_string();
    for fragment in fragments {
        assert!(told.contains(fragment), "{fragment:?} is not in {told:?}");
    }
}

#[test]
fn what_policies_read_concerns_every_row() {
    let (rules, names) = contact_rules(&wanted(), &guarded());
    assert_eq!(names(&[rules.stream]), ["contact.id"]);
    assert_eq!(names(&rules.whole), ["account.id", "share", "team"]);
    assert_eq!((rules.named, rules.through, rules.always_full), (vec![], vec![], None));
    let watched = registered(&wanted(), &guarded()).watched().clone();
    assert_eq!(watched.relations, [100, 200, 300, 400]);
}

#[test]
fn depends_on_narrows_what_a_change_concerns() {
    let says = "depends_on: [{table: account, through: account_id}, {table: share, object: object_id}]";
    let (rules, names) = contact_rules(&contact_says(says), &guarded());
    assert_eq!(names(&rules.named), ["share.object_id"]);
    assert_eq!(rules.through, [Through { attribute: "account_id".into(), target: 10_001 }]);
    assert_eq!(names(&rules.whole), Vec::<String>::new(), "team is account's own matter");
}

#[test]
fn what_somebody_else_reads_of_a_followed_table_still_counts() {
    let mut catalog = guarded();
    catalog.dependencies.policies[1].applies = false;
    let (rules, names) = contact_rules(&contact_says("depends_on: [{table: account, through: account_id}]"), &catalog);
    assert_eq!(names(&rules.whole), ["share", "team"]);
}

#[test]
fn a_policy_that_does_not_apply_does_not_count() {
    let mut catalog = guarded();
    catalog.dependencies.policies[0].applies = false;
    let (rules, _) = contact_rules(&wanted(), &catalog);
    assert!(rules.whole.is_empty(), "{rules:?}");
}

#[test]
fn depends_on_must_lead_somewhere() {
    let catalog = guarded();
    refused(&contact_says("depends_on: [{table: shar, object: x}]"), &catalog, &["no table crm.shar"]);
    refused(
        &contact_says("depends_on: [{table: share, through: account_id}]"),
        &catalog,
        &["\"account_id\"", "account_id (crm.account)"],
    );
    refused(&contact_says("depends_on: [{table: share, object: x}]"), &catalog, &["object: x", "no such column"]);
    refused(&contact_says("depends_on: [{table: account, object: name}]"), &catalog, &["of type text"]);
}

#[test]
fn what_cannot_be_followed_is_always_full_and_so_is_what_follows_it() {
    let mut catalog = guarded();
    let what = "now()".to_owned();
    catalog.dependencies.unsteady = vec![Unsteady { object: Object::policy(ACCOUNT_POLICY), what }];
    let wanted = contact_says("depends_on: [{table: account, through: account_id}]");
    let (rules, _) = contact_rules(&wanted, &catalog);
    assert!(rules.always_full.is_some_and(|reason| reason.contains("follow rows") && reason.contains("now()")));
    assert_eq!(registered(&wanted, &catalog).warnings.len(), 2);
    let strange = |change: fn(&mut Relation)| {
        let mut catalog = guarded();
        catalog.relations.iter_mut().filter(|relation| relation.oid == SHARE).for_each(change);
        contact_rules(&super::wanted(), &catalog).0.always_full.unwrap_or_default()
    };
    assert!(strange(|share| share.kind = "f".into()).contains("crm.share, a foreign table"));
    assert!(strange(|share| share.has_heirs = true).contains("inherit from crm.share"));
}

#[test]
fn rows_are_noted_one_by_one_where_no_statement_names_their_table() {
    let each_row = |change: fn(&mut Relation)| {
        let mut catalog = good();
        change(contact(&mut catalog));
        let streams = registered(&wanted(), &catalog).streams;
        streams.iter().find(|stream| stream.table == "contact").expect("there").each_row
    };
    assert!(!each_row(|_| ()));
    assert!(each_row(|contact| contact.kind = "p".into()));
    assert!(each_row(|contact| contact.has_parent = true));
    assert!(each_row(|contact| contact.is_replicated = true));
}

/// The guarded catalog, where contact's policy calls `auth.uid()`.
fn opaque() -> Catalog {
    let mut catalog = guarded();
    let uid = Function { oid: 9, schema: "auth".into(), name: "uid".into(), opaque: true };
    catalog.dependencies.functions.push(uid);
    catalog.dependencies.edges.push((Object::policy(CONTACT_POLICY), Object::function(9)));
    catalog
}

#[test]
fn a_function_that_nobody_can_look_into_must_be_declared() {
    refused(&wanted(), &opaque(), &["entity contact", "\"of_contact\"", "functions: {auth.uid: [its tables]}"]);
    let declared = |tables: &str| {
        SojournYaml::parse(&format!("functions: {{auth.uid: [{tables}]}}\n{YAML}")).expect("a good file")
    };
    let mut catalog = opaque();
    catalog.dependencies.edges.retain(|(_, to)| *to != Object::relation(SHARE));
    let (rules, names) = contact_rules(&declared(""), &catalog);
    assert_eq!(names(&rules.whole), ["account.id", "team"]);
    let (rules, names) = contact_rules(&declared("share"), &catalog);
    assert_eq!(names(&rules.whole), ["account.id", "share", "team"]);
    refused(&declared("shar"), &catalog, &["functions: auth.uid: there is no table crm.shar"]);
    assert!(register(&contact_says("incremental: false"), &catalog, &[]).is_ok(), "it need not be known");
}

#[test]
fn the_way_goes_through_views_and_operators() {
    let mut catalog = guarded();
    let (view, rule, operator) = (500, 501, 502);
    catalog.relations.push(Relation { kind: "v".into(), primary_key: vec![], ..relation(view, "teams") });
    let of = |kind, oid| Object { kind, oid };
    catalog.dependencies.edges = vec![
        (Object::relation(CONTACT), Object::policy(CONTACT_POLICY)),
        (Object::policy(CONTACT_POLICY), of(ObjectKind::Operator, operator)),
        (of(ObjectKind::Operator, operator), Object::function(9)),
        (Object::function(9), Object::relation(view)),
        (Object::relation(view), of(ObjectKind::Rule, rule)),
        (of(ObjectKind::Rule, rule), Object::relation(view)),
        (of(ObjectKind::Rule, rule), Object::relation(CONTACT)),
    ];
    let (rules, names) = contact_rules(&wanted(), &catalog);
    assert_eq!(names(&rules.whole), ["contact.id"], "its own table, read as another");
    assert_eq!(registered(&wanted(), &catalog).watched().functions, [9]);
}

#[test]
fn functions_that_are_called_must_be_callable() {
    let wanted = SojournYaml::parse(&format!("go_offline: crm.may\n{YAML}")).expect("a good file");
    refused(&wanted, &good(), &["go_offline: needs a function crm.may () that gives boolean: there is no"]);
    let may = Routine {
        oid: 77,
        schema: "crm".into(),
        name: "may".into(),
        arguments: String::new(),
        returns: "boolean".into(),
        role_uses_schema: true,
        role_executes: true,
    };
    let with = |routine: Routine| Catalog { routines: vec![routine], ..good() };
    assert_eq!(registered(&wanted, &with(may.clone())).watched().functions, [77]);
    refused(
        &wanted,
        &with(Routine { returns: "setof boolean".into(), ..may.clone() }),
        &["crm.may () gives setof boolean"],
    );
    refused(
        &wanted,
        &with(Routine { role_executes: false, ..may.clone() }),
        &["GRANT EXECUTE ON FUNCTION \"crm\".\"may\"()"],
    );
    refused(&wanted, &with(Routine { role_uses_schema: false, ..may }), &["GRANT USAGE ON SCHEMA \"crm\""]);
}

#[test]
fn local_data_groups_are_for_somebody_and_can_be_read() {
    let groups = "local_data_groups: [{name: good, filter: \"mood = 'good'\", enforced: true}]";
    let (rules, _) = contact_rules(&contact_says(groups), &good());
    let [group] = rules.groups.as_slice() else { panic!("one group") };
    assert_eq!((group.name.as_str(), &group.audience, group.enforced), ("good", &Audience::Everyone, true));
    let groups = "local_data_groups: [{name: bad, filter: \"colour = 'red'\"}]";
    refused(&contact_says(groups), &good(), &["entity contact: the local data group \"bad\": ", "colour"]);
}
