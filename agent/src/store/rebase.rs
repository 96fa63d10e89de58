//! Rows that come beneath unsettled work: what the user has changed stays, everything else is the server's, and the
//! server's values that stay hidden are kept as the row's image.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, params};
use sojourn_metadata::sqlite::{Ident, Storage, captured, image_of};
use sojourn_metadata::{Attribute, DataType, Entity};
use sojourn_wire::batch::Kind;

use super::adopt;
use super::batch_table::BATCH_TABLE;
use super::error::Fault;
use super::hold::{Hold, names};
use super::image::{self, Image, Values};
use super::load_sql::{Statements, column, has_unsettled};
use super::queue::EntryCommand;
use super::refresh;

/// The entries of the queue whose values are the user's and not the server's: waiting, sent, refused or parked. What is on
/// its way only to say that it is discarded is none.
pub(super) const UNSETTLED: &str = "state IN (0, 1, 3) AND given_up = 0";

/// The batch's row in a statement.
const ARRIVED: &str = "arrived";

/// The unsettled work on an object.
#[derive(Debug)]
struct Work {
    hold: Hold,
    /// What the attributes were before the first entry that sets them.
    base: Values,
    /// What the server had when it was heard of last.
    image: Option<Image>,
}

impl Work {
    /// Whether the user knew these values of the server when the work was done, or was told of them since.
    fn knew(&self, values: &Values) -> bool {
        let known = match &self.image {
            Some(Image::Gone) => return false,
            Some(Image::Hidden(values)) => Some(values),
            None => None,
        };
        values.iter().all(|(name, value)| {
            let before = known.and_then(|known| known.get(name)).or_else(|| self.base.get(name));
            before == Some(value)
        })
    }
}

/// Applies those rows of the batch that have unsettled work, one by one; how many there are.
pub(super) fn rebase(transaction: &Transaction<'_>, entity: &Entity, kind: Kind) -> Result<u64, Fault> {
    let any = format!("SELECT 1 FROM sojourn_queue WHERE {UNSETTLED}");
    if !transaction.prepare_cached(&any)?.exists([])? {
        return Ok(0);
    }
    let unsettled = has_unsettled(entity.object_type_code);
    let sql = format!("SELECT rowid, {} FROM {BATCH_TABLE} WHERE {unsettled}", column(0));
    let mut statement = transaction.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (row, object_id) in &rows {
        let work = work_on(transaction, entity.object_type_code, object_id)?;
        let is_news = match kind {
            Kind::Rows => row_came(transaction, entity, *row, object_id, &work)?,
            Kind::Deletes => {
                image::write(transaction, entity.object_type_code, object_id, Some(&Image::Gone))?;
                work.image != Some(Image::Gone)
            }
        };
        if is_news {
            let overtaken = format!(
                "UPDATE sojourn_queue SET overtaken = 1 WHERE object_type_code = ?1 AND object_id = ?2 AND {UNSETTLED}"
            );
            transaction.prepare_cached(&overtaken)?.execute(params![entity.object_type_code, object_id])?;
        }
    }
    Ok(rows.len() as u64)
}

/// Whether the row says anything that the user did not know. Of bytes that stay hidden nobody can tell.
fn row_came(
    transaction: &Transaction<'_>,
    entity: &Entity,
    row: i64,
    object_id: &str,
    work: &Work,
) -> Result<bool, Fault> {
    let hold = &work.hold;
    let (image, bytes): (String, bool) =
        transaction.prepare_cached(&image_sql(entity, hold))?.query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let values: Values = serde_json::from_str(&image).map_err(|error| Fault::damaged("sojourn_image", error))?;
    let mut is_news = bytes || !work.knew(&values);
    if *hold != Hold::Row {
        let attributes = entity.attributes.iter().enumerate();
        let kept = attributes.filter(|(_, attribute)| hold.holds(attribute)).map(|(place, _)| place).collect();
        let statements = Statements::of_one(entity);
        is_news |= !transaction.prepare_cached(&statements.unchanged(&kept))?.exists([row])?;
        transaction.prepare_cached(&statements.upsert(&kept))?.execute([row])?;
    }
    image::write(transaction, entity.object_type_code, object_id, Some(&Image::Hidden(values)))?;
    Ok(is_news)
}

/// The held values of the batch's row whose number is `?1`, in the spelling of the queue, and whether bytes are among them.
fn image_sql(entity: &Entity, hold: &Hold) -> String {
    let held = captured(entity).filter(|attribute| hold.holds(attribute));
    let place = |attribute: &Attribute| entity.attributes.iter().position(|other| other.id == attribute.id);
    let columns = held.filter_map(|attribute| {
        let value = as_stored(attribute, &column(place(attribute)?));
        Some(format!(", {value} AS {}", Ident(&attribute.name)))
    });
    let columns: String = columns.collect();
    let image = image_of(entity, ARRIVED, |attribute| hold.holds(attribute));
    let binary = captured(entity).filter(|attribute| attribute.data_type == DataType::Bytea && hold.holds(attribute));
    let bytes: String =
        binary.map(|attribute| format!(" OR {ARRIVED}.{} IS NOT NULL", Ident(&attribute.name))).collect();
    format!(
        "SELECT {image}, 0{bytes} FROM (SELECT 1{columns} FROM {BATCH_TABLE} WHERE {BATCH_TABLE}.rowid = ?1) AS {ARRIVED}"
    )
}

/// What the entity's table would make of a value of the batch: a number where it comes as text.
fn as_stored(attribute: &Attribute, value: &str) -> String {
    match Storage::of(attribute.data_type) {
        Storage::Numeric => format!(
            "CASE WHEN {value} IN ('NaN', 'Infinity', '-Infinity') THEN {value} ELSE CAST({value} AS NUMERIC) END"
        ),
        _ => value.to_owned(),
    }
}

fn work_on(connection: &Connection, object_type_code: i32, object_id: &str) -> Result<Work, Fault> {
    let sql = format!(
        "SELECT command_id, CAST(data AS BLOB), CAST(base AS BLOB) FROM sojourn_queue \
         WHERE object_type_code = ?1 AND object_id = ?2 AND {UNSETTLED} ORDER BY row_number"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![object_type_code, object_id])?;
    let (mut hold, mut base) = (Hold::Attributes(BTreeSet::new()), Values::new());
    while let Some(row) = rows.next()? {
        let json = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default());
        hold = hold.with(EntryCommand::from_number(row.get(0)?), names(json(1)?));
        let before: Values = serde_json::from_slice(json(2)?).unwrap_or_default();
        for (name, value) in before {
            base.entry(name).or_insert(value);
        }
    }
    drop(rows);
    Ok(Work { hold, base, image: image::read(connection, object_type_code, object_id)? })
}

/// Forgets the images of rows that have no unsettled work any more. A row that the server has deleted goes too, when all
/// that held it was given up; when something of it was done, the server is asked.
pub(super) fn forget_images(connection: &Connection) -> Result<(), Fault> {
    let entry = "SELECT 1 FROM sojourn_queue AS q \
                 WHERE q.object_type_code = i.object_type_code AND q.object_id = i.object_id";
    let settled = format!("NOT EXISTS ({entry} AND {UNSETTLED})");
    let gone = |condition: &str| {
        let sql = format!(
            "SELECT object_type_code, object_id FROM sojourn_image AS i \
             WHERE image IS NULL AND {settled} AND {condition} ({entry} AND state = 2)"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(i32, String)>>>()
    };
    for (object_type_code, object_id) in gone("EXISTS")? {
        refresh::add(connection, object_type_code, &object_id)?;
    }
    let given_up = gone("NOT EXISTS")?;
    if !given_up.is_empty() {
        remove_rows(connection, &given_up)?;
    }
    connection.prepare_cached(&format!("DELETE FROM sojourn_image AS i WHERE {settled}"))?.execute([])?;
    Ok(())
}

fn remove_rows(connection: &Connection, rows: &[(i32, String)]) -> Result<(), Fault> {
    let Some(adopted) = adopt::stored(connection)? else { return Ok(()) };
    for (object_type_code, object_id) in rows {
        let Some(entity) = adopted.metadata.entity_of(*object_type_code) else { continue };
        let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?.execute([object_id])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn an_image_needs_no_attribute() {
        let entity = &sample::metadata().entities[0];
        let none = Hold::Attributes(BTreeSet::new());
        assert!(image_sql(entity, &none).starts_with("SELECT '{}', 0 FROM (SELECT 1 FROM"));
    }
}
