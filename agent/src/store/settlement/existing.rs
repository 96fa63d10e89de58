//! A row that the server has takes the place of one that was created here.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use sojourn_metadata::Metadata;

use super::chain::{Chain, Link, RowChange, Source};
use super::desk::{Desk, cannot};
use super::outline::Object;
use super::target::Target;
use super::{entries, repoint, table};
use crate::store::error::Fault;
use crate::store::image::{self, Image, is_blob};
use crate::store::queue::EntryCommand;
use crate::store::refresh;

/// Lets the candidate take the created row's place: in the tables, in the values of unfinished entries, and as the row
/// that later entries are about. The entry that would delete the created row is to be given up.
///
/// # Errors
/// That an entry that would change is under way.
pub(super) fn take(desk: &Desk<'_>, target: &Target, candidate: &str) -> Result<Option<i64>, Fault> {
    let (created, connection) = (&target.object, desk.connection);
    let existing: Object = (created.0, candidate.to_owned());
    let chain = entries::chain(connection, created)?;
    let later = chain.position(target.row_number).map_or(chain.links.len(), |index| index + 1);
    let sent = entries::sent(connection)?;
    refuse_under_way(target, &sent, &chain.links)?;
    let repointed = repoint::follow(&chain.links[later..]);
    if !repointed.made_again {
        desk.change(created, &RowChange::Gone)?;
    }
    image::write(connection, created.0, &created.1, None)?;
    show_moved(desk, &existing, &chain.links, &repointed.moved)?;
    // They were made on another row: what this one held when the user wrote them, nobody looked at.
    let sql = "UPDATE sojourn_queue SET object_id = ?2, overtaken = 1 WHERE row_number = ?1";
    for row_number in &repointed.moved {
        connection.prepare_cached(sql)?.execute(params![row_number, candidate])?;
    }
    table::repoint(connection, desk.metadata, created, candidate)?;
    let referring = referring(connection, desk.metadata, created, candidate)?;
    refuse_under_way(target, &sent, &referring)?;
    referring.iter().try_for_each(|link| entries::put_values(connection, link))?;
    refresh::add(connection, created.0, &created.1)?;
    refresh::add(connection, existing.0, &existing.1)?;
    Ok(repointed.given_up)
}

/// The candidate's row shows what the moved updates set; what the server has beneath them is kept.
fn show_moved(desk: &Desk<'_>, existing: &Object, links: &[Link], moved: &BTreeSet<i64>) -> Result<(), Fault> {
    let Some(entity) = desk.metadata.entity_of(existing.0) else { return Ok(()) };
    let Some(row) = table::read(desk.connection, entity, &existing.1)? else { return Ok(()) };
    let mut beneath: Chain = entries::chain(desk.connection, existing)?;
    let mut shown = BTreeMap::new();
    let updates = links.iter().filter(|l| moved.contains(&l.row_number) && l.command == EntryCommand::Update);
    for link in updates {
        for (name, value) in &link.data {
            let mut others = beneath.links.iter().filter(|other| other.data.contains_key(name));
            let hidden = shown.contains_key(name) || others.next().is_some();
            let before = row.get(name).filter(|before| !hidden && !is_blob(before));
            if let Some(before) = before {
                let hidden_values = beneath.image.get_or_insert_with(|| Image::Hidden(image::Values::new()));
                if let Image::Hidden(values) = hidden_values {
                    values.insert(name.clone(), before.clone());
                }
            }
            let overridden = beneath.links.iter().any(|o| o.row_number > link.row_number && o.data.contains_key(name));
            if !overridden {
                let bytes = is_blob(value).then_some(Source::BytesOf(link.row_number));
                shown.insert(name.clone(), bytes.unwrap_or_else(|| Source::Value(value.clone())));
            }
        }
    }
    desk.change(existing, &RowChange::Set(shown))?;
    image::write(desk.connection, existing.0, &existing.1, beneath.image.as_ref())
}

/// What is under way comes again under its number, and must be what it was.
fn refuse_under_way(target: &Target, sent: &BTreeSet<i64>, links: &[Link]) -> Result<(), Fault> {
    let Some(link) = links.iter().find(|link| sent.contains(&link.row_number)) else { return Ok(()) };
    let problem = format!(
        "entry {} is under way and is about its row or refers to it; run `sojourn-agent sync` first",
        link.row_number
    );
    Err(cannot(target, problem))
}

/// The unfinished entries whose values refer to the created row, with values that refer to the candidate. Of a named
/// command's parameters any may.
fn referring(
    connection: &Connection,
    metadata: &Metadata,
    created: &Object,
    candidate: &str,
) -> Result<Vec<Link>, Fault> {
    let mut referring = Vec::new();
    let target = metadata.entity_of(created.0).map(|entity| entity.name.as_str());
    for (code, link) in entries::naming(connection, &created.1)? {
        let relationships = metadata.entity_of(code).into_iter().flat_map(|entity| &entity.relationships);
        let attributes: BTreeSet<&str> = match link.command {
            EntryCommand::Invoke => link.data.keys().map(String::as_str).collect(),
            _ => relationships.filter(|r| Some(r.target.as_str()) == target).map(|r| r.attribute.as_str()).collect(),
        };
        let data = repoint::references(&link.data, &attributes, &created.1, candidate);
        let base = repoint::references(&link.base, &attributes, &created.1, candidate);
        if data.is_some() || base.is_some() {
            let (data, base) = (data.unwrap_or_else(|| link.data.clone()), base.unwrap_or_else(|| link.base.clone()));
            referring.push(Link { data, base, ..link });
        }
    }
    Ok(referring)
}
