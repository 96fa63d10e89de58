//! The functions that the file names: they must be there as they are called, and the acting role must be able to.

use sojourn_metadata::Config as SojournYaml;
use sojourn_metadata::rules::FunctionName;
use sojourn_platform::catalog::{Catalog, Routine};

use super::problem::{Problem, Warning};

/// A function that the file names, and how it is called.
struct Named<'a> {
    /// Where the file names it.
    setting: String,
    name: &'a FunctionName,
    arguments: &'static str,
    returns: &'static str,
}

fn named(wanted: &SojournYaml) -> Vec<Named<'_>> {
    let of = |setting: String, name, arguments, returns| Named { setting, name, arguments, returns };
    let go_offline = wanted.go_offline.iter().map(|name| of("go_offline".into(), name, "", "boolean"));
    let in_role = wanted.in_role.iter().map(|name| of("in_role".into(), name, "text", "boolean"));
    let contexts = wanted.entities.iter().filter_map(|entity| {
        let setting = format!("entity {}: access_context", entity.name);
        entity.access_context.as_ref().map(|name| of(setting, name, "integer", "jsonb"))
    });
    go_offline.chain(in_role).chain(contexts).collect()
}

/// The names of all functions to look for.
pub(crate) fn names(wanted: &SojournYaml) -> Vec<[String; 2]> {
    let names = named(wanted).into_iter().map(|named| named.name).chain(wanted.functions.keys());
    names.map(|name| [name.schema().to_owned(), name.name().to_owned()]).collect()
}

fn of_name<'a>(catalog: &'a Catalog, name: &FunctionName) -> impl Iterator<Item = &'a Routine> {
    let (schema, name) = (name.schema().to_owned(), name.name().to_owned());
    catalog.routines.iter().filter(move |routine| routine.schema == schema && routine.name == name)
}

/// The oids of the functions that are called by name.
pub(super) fn called(wanted: &SojournYaml, catalog: &Catalog) -> Vec<u32> {
    let oids = named(wanted).into_iter().filter_map(|named| find(catalog, &named)).map(|found| found.oid);
    oids.filter_map(|oid| u32::try_from(oid).ok()).collect()
}

fn find<'a>(catalog: &'a Catalog, named: &Named<'_>) -> Option<&'a Routine> {
    of_name(catalog, named.name).find(|found| found.arguments == named.arguments && found.returns == named.returns)
}

/// What is wrong with them, and with the tables of `functions:`.
pub(super) fn problems(wanted: &SojournYaml, catalog: &Catalog) -> Vec<Problem> {
    let called = named(wanted).into_iter().filter_map(|named| problem(catalog, &named));
    let tables =
        wanted.functions.iter().flat_map(|(function, tables)| tables.iter().map(move |table| (function, table)));
    let unknown = tables.filter(|(_, table)| catalog.relation(&wanted.place_of(table)).is_none());
    let unknown = unknown.map(|(function, table)| Problem::FunctionReadsNoTable {
        function: function.to_string(),
        table: wanted.place_of(table).join("."),
    });
    called.chain(unknown).collect()
}

fn problem(catalog: &Catalog, named: &Named<'_>) -> Option<Problem> {
    let (setting, function) = (named.setting.clone(), format!("{} ({})", named.name, named.arguments));
    let Some(found) = find(catalog, named) else {
        let others: Vec<String> = of_name(catalog, named.name)
            .map(|f| format!("{} ({}) gives {}", named.name, f.arguments, f.returns))
            .collect();
        let found = if others.is_empty() { "there is no function of this name".to_owned() } else { others.join(", ") };
        return Some(Problem::NoSuchFunction { setting, function, returns: named.returns, found });
    };
    let role = catalog.role.as_ref()?.name.clone();
    if !found.role_uses_schema {
        let holds = format!("the function {}", named.name);
        return Some(Problem::SchemaUsage { role, schema: found.schema.clone(), holds });
    }
    let (schema, name, arguments) = (found.schema.clone(), found.name.clone(), named.arguments);
    (!found.role_executes).then_some(Problem::MayNotExecute { setting, role, schema, name, arguments })
}

/// Declared functions that are not there.
pub(super) fn warnings(wanted: &SojournYaml, catalog: &Catalog) -> Vec<Warning> {
    let unknown = wanted.functions.keys().filter(|name| of_name(catalog, name).next().is_none());
    unknown.map(|name| Warning::UnknownFunction { function: name.to_string() }).collect()
}
