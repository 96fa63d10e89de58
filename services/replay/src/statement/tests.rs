//! The statements, held against golden files.

use super::one::{probe, statement};
use super::*;
use crate::testing::{checked, metadata, number, operation, text};
use crate::validate::Write;
use crate::value::Parameter;

use sojourn_wire::message::operation::Command;
use sojourn_wire::message::operation::FieldValue;

#[test]
fn the_statements_are_as_reviewed() {
    let metadata = metadata();
    let nulls: Vec<(&str, FieldValue)> = metadata.entities[1].columns[1..]
        .iter()
        .filter(|column| !column.attribute.generated)
        .map(|column| match column.attribute.required {
            true => (column.name.name(), text("x")),
            false => (column.name.name(), FieldValue::Null),
        })
        .collect();
    let told = |command, data: &[(&str, FieldValue)]| {
        let write = checked(&metadata, &operation(command, data)).expect("fits");
        statement(&write).expect("good types").map_or_else(|| "nothing".to_owned(), |sql| sql.text().to_owned())
    };
    let probed = |name: &str| {
        let column = metadata.entities[1].column(name).expect("there");
        probe(&metadata.entities[1], column).expect("good types").text().to_owned()
    };
    let attached = || {
        let photo = metadata.entities[1].column("photo").expect("there");
        let parameter = Parameter::Attachment(uuid::Uuid::nil());
        let write = checked(&metadata, &operation(Command::Update, &[])).expect("fits");
        let write = Write { values: vec![(photo, parameter)], ..write };
        statement(&write).expect("good types").expect("something").text().to_owned()
    };
    let all = [
        told(Command::Create, &[]),
        told(Command::Create, &nulls),
        told(Command::Update, &[]),
        told(Command::Update, &[("score", number(3))]),
        told(Command::Update, &nulls),
        told(Command::Delete, &[]),
        probed("score"),
        probed("extra"),
        attached(),
    ];
    insta::with_settings!({ snapshot_path => "../../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("statements.sql", all.join(";\n\n"));
    });
}

#[test]
fn the_statements_of_runs_are_as_reviewed() {
    let metadata = metadata();
    let contact = &metadata.entities[1];
    let compared: Vec<&Column> = contact.columns[1..]
        .iter()
        .filter(|column| look::is_comparable(column) && !column.attribute.generated)
        .collect();
    let texts = [
        many::update(contact, &compared[..2]),
        many::insert(contact, &compared),
        many::insert(contact, &[]),
        look::look(contact, &compared),
        Ok(look::version(contact)),
        Ok(look::versions(contact)),
        Ok(look::locked(contact)),
        Ok(look::reference(contact, &contact.columns[1])),
    ];
    let all: Vec<String> = texts.into_iter().map(|sql| sql.expect("good types").text().to_owned()).collect();
    insta::with_settings!({ snapshot_path => "../../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("runs.sql", all.join(";\n\n"));
    });
}

#[test]
fn a_type_loses_its_modifier_and_nothing_else() {
    let cases = [
        ("numeric(14,2)", "numeric"),
        ("character varying(80)[]", "character varying[]"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("timestamp(3) without time zone[]", "timestamp without time zone[]"),
        ("character(4)[]", "pg_catalog.bpchar[]"),
        ("bit(3)", "pg_catalog.\"bit\""),
        ("bit varying(3)", "bit varying"),
        ("interval day to second(3)", "interval"),
        ("crm.\"Mood (old)\"", "crm.\"Mood (old)\""),
        ("public.geometry(Point,4326)", "public.geometry"),
        ("\"char\"", "\"char\""),
    ];
    for (sql_type, base) in cases {
        assert_eq!(base_type(sql_type), base);
        assert!(CatalogType::new(&base_type(sql_type)).is_ok());
    }
}
