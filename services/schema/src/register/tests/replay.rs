//! The rules of the write path: what is good, and every problem in its words.

use sojourn_metadata::model::DataType;

use super::*;

/// A good catalog whose contact also has texts, a number and what cannot be compared.
fn rich() -> Catalog {
    let mut catalog = good();
    let mut extra = column(CONTACT, 8, "extra", "jsonb", "jsonb");
    extra.type_name = "jsonb".into();
    catalog.columns.extend([
        column(CONTACT, 9, "email", "text", "text"),
        column(CONTACT, 10, "score", "int4", "integer"),
        column(CONTACT, 11, "tags", "_text", "text[]"),
        extra,
    ]);
    catalog
}

fn file(replay: &str) -> SojournYaml {
    SojournYaml::parse(&format!("{YAML}\nreplay: {replay}")).expect("a good file")
}

fn said(replay: &str) -> Vec<String> {
    let problems = register(&file(replay), &rich(), &[]).expect_err("refused");
    problems.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(replay: &str, words: &[&str]) {
    assert_eq!(said(replay), words);
}

/// A duplicate rule with this condition.
#[track_caller]
fn condition(condition: &str, words: &str) {
    let rule = format!("{{duplicates: [{{name: twins, entity: contact, matches: account, when: [{condition}]}}]}}");
    refused(&rule, &[&format!("replay: duplicates: twins: {words}")]);
}

#[test]
fn good_rules_are_stored_as_they_are() {
    let replay = "{conflicts: {contact: {policy: reject, attributes: {email: merge}}},
                   duplicates: [{name: mail, entity: contact, when: [{attribute: email}, {attribute: mood}]},
                                {name: name, entity: contact, matches: account, when: [
                                  {attribute: email, with: name, by: first, characters: 200}, {attribute: id}]}],
                   plugins: [{entity: contact, command: create, when_absent: allow},
                             {entity: contact, command: merge-with, time_limit_ms: 10000}],
                   commands: [{entity: contact, name: merge-with}, {entity: contact, name: delete, online_only: true}]}";
    let wanted = file(replay);
    let registration = register(&wanted, &rich(), &[]).expect("nothing is wrong");
    assert_eq!(registration.replay, wanted.replay);
    let contact = registration.metadata.entity("contact").expect("there");
    assert_eq!(contact.attribute("email").map(|attribute| attribute.data_type), Some(DataType::Text));
    assert_eq!(contact.commands.len(), 2);
}

#[test]
fn what_conflicts_are_about_must_be_there() {
    refused(
        "{conflicts: {contcat: {}, contact: {attributes: {emial: merge, zzz: merge}}}}",
        &[
            "replay: conflicts: contact: no attribute \"emial\" of contact goes offline; did you mean email?",
            "replay: conflicts: contact: no attribute \"zzz\" of contact goes offline, nor one with a similar name",
            "replay: conflicts: contcat: there is no entity \"contcat\"; did you mean contact?",
        ],
    );
}

#[test]
fn duplicate_rules_have_names_and_compare_something() {
    refused(
        "{duplicates: [{name: a, entity: contact, when: []}, {name: a, entity: x, matches: y, when: [{attribute: z}]},
                       {name: ' ', entity: x, when: [{attribute: z}]}]}",
        &[
            "replay: duplicates: a: it compares nothing; write at least one `{attribute: …}` under `when:`",
            "replay: duplicates: a: another rule has this name too; rename one of them, verdicts have it",
            "replay: duplicates: a: there is no entity \"x\", nor one with a similar name",
            "replay: duplicates: a: there is no entity \"y\", nor one with a similar name",
            "replay: duplicates:  : the rule has no name; give it one, verdicts have it",
            "replay: duplicates:  : there is no entity \"x\", nor one with a similar name",
        ],
    );
    refused(
        "{duplicates: [{name: a, entity: contact, when: [{attribute: z}]}]}",
        &["replay: duplicates: a: no attribute \"z\" of contact goes offline, nor one with a similar name"],
    );
    refused(
        "{duplicates: [{name: a, entity: contact, matches: account, when: [{attribute: email}]}]}",
        &["replay: duplicates: a: no attribute \"email\" of account goes offline, nor one with a similar name"],
    );
}

#[test]
fn only_what_can_be_compared_is() {
    condition(
        "{attribute: score, with: name}",
        "contact.score (integer) and account.name (text) have different types; compare attributes of one type, or two \
         texts",
    );
    for (attribute, sql_type) in [("extra", "jsonb"), ("tags", "text[]")] {
        condition(
            &format!("{{attribute: {attribute}, with: name}}"),
            &format!(
                "{attribute} of contact has the type {sql_type}, whose values cannot be compared; compare an attribute \
                 with a text, a number, a truth value, a time, a uuid or an enum"
            ),
        );
    }
    condition(
        "{attribute: score, with: name, by: ignoring_case_and_spaces}",
        "`by: ignoring_case_and_spaces` compares texts, and score of contact has the type integer; write `by: equal`",
    );
    condition(
        "{attribute: email, with: id, by: first, characters: 4}",
        "`by: first` compares texts, and id of account has the type uuid; write `by: equal`",
    );
}

#[test]
fn characters_are_for_the_first_ones() {
    let needed = "`by: first` needs how many characters must be alike; add `characters: N`, from 1 to 200";
    condition("{attribute: email, with: name, by: first}", needed);
    for n in [0, 201] {
        condition(
            &format!("{{attribute: email, with: name, by: first, characters: {n}}}"),
            &format!("`characters: {n}` is not possible; write a number from 1 to 200"),
        );
    }
    let stray = "`characters:` belongs to `by: first` alone; leave it out, or write `by: first`";
    condition("{attribute: email, with: name, characters: 3}", stray);
    condition("{attribute: email, with: name, by: ignoring_case_and_spaces, characters: 3}", stray);
}

#[test]
fn plugins_belong_to_commands_that_are_there() {
    refused(
        "{plugins: [{entity: contcat, command: create}, {entity: contact, command: crate},
                    {entity: contact, command: update}, {entity: contact, command: update},
                    {entity: account, command: update, time_limit_ms: 0},
                    {entity: account, command: delete, time_limit_ms: 10001}]}",
        &[
            "replay: plugins: contcat.create: there is no entity \"contcat\"; did you mean contact?",
            "replay: plugins: contact.crate: contact has create, update, delete and what `commands:` declares, and \
             no command \"crate\"; did you mean create?",
            "replay: plugins: contact.update: this is said twice; leave one of them out",
            "replay: plugins: account.update: `time_limit_ms: 0` is not possible; write a number from 1 to 10000",
            "replay: plugins: account.delete: `time_limit_ms: 10001` is not possible; write a number from 1 to 10000",
        ],
    );
}

#[test]
fn commands_have_good_names_and_somebody_who_carries_them_out() {
    let long = "x".repeat(64);
    refused(
        &format!(
            "{{plugins: [{{entity: contact, command: a.b}}, {{entity: contact, command: {long}}},
                         {{entity: contact, command: merge, when_absent: allow}}],
              commands: [{{entity: contact, name: a.b}}, {{entity: contact, name: {long}}}, {{entity: x, name: update}},
                         {{entity: contact, name: merge}}, {{entity: contact, name: merge}},
                         {{entity: account, name: merge}}]}}"
        ),
        &[
            "replay: plugins: contact.merge: nobody but the plug-in carries out this command, so it cannot be done \
             without; write `when_absent: refuse` or `when_absent: wait`",
            "replay: commands: contact.a.b: \"a.b\" cannot name a command: 1 to 63 letters, digits, `_` and `-` are \
             allowed",
            &format!(
                "replay: commands: contact.{long}: {long:?} cannot name a command: 1 to 63 letters, digits, `_` and `-` \
                 are allowed"
            ),
            "replay: commands: x.update: there is no entity \"x\", nor one with a similar name",
            "replay: commands: contact.merge: this is said twice; leave one of them out",
            "replay: commands: account.merge: no plug-in carries it out; declare one under `plugins:`: `{entity: \
             account, command: merge}`, or leave the command out",
        ],
    );
}
