//! The relationships of an entity: its foreign keys to the object ids of entities that are registered with it.

use sojourn_metadata::model::OnDelete;
use sojourn_metadata::{Config as SojournYaml, Relationship};
use sojourn_platform::catalog::{Catalog, ForeignKey, Relation};

/// The relationships of a table. A foreign key whose column the acting role may not read is none.
pub(super) fn of(wanted: &SojournYaml, catalog: &Catalog, relation: &Relation) -> Vec<Relationship> {
    let keys = catalog.foreign_keys_of(relation.oid);
    keys.filter_map(|key| relationship(wanted, catalog, relation, key)).collect()
}

fn relationship(
    wanted: &SojournYaml,
    catalog: &Catalog,
    relation: &Relation,
    key: &ForeignKey,
) -> Option<Relationship> {
    let column = catalog.columns_of(relation.oid).find(|column| column.number == key.column && column.role_reads)?;
    let target = catalog.relations.iter().find(|target| target.oid == key.target)?;
    if target.primary_key != [key.target_column] {
        return None;
    }
    let place = [target.schema.clone(), target.name.clone()];
    let entity = wanted.entities.iter().find(|entity| entity.place(wanted) == place)?;
    Some(Relationship {
        attribute: column.name.clone(),
        target: entity.name.clone(),
        on_delete: on_delete(&key.on_delete),
    })
}

/// A delete rule from its letter. No action and restrict differ only within a transaction.
fn on_delete(letter: &str) -> OnDelete {
    match letter {
        "c" => OnDelete::Cascade,
        "n" => OnDelete::SetNull,
        "d" => OnDelete::SetDefault,
        _ => OnDelete::Restrict,
    }
}
