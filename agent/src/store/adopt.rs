//! Making the entity tables from metadata, and telling whether newer metadata still fit them.

use rusqlite::{Connection, OptionalExtension};
use sojourn_metadata::sqlite::{EntityPlan, Ident};
use sojourn_metadata::{Entity, Metadata};

use super::error::Fault;
use super::{Adopted, Store, StoreError};

/// The commands that are writes of a row.
const ON_ROWS: [&str; 3] = ["create", "update", "delete"];

impl Store {
    /// The metadata that the entity tables were made from, and their version; none before the first were adopted.
    #[must_use]
    pub fn metadata(&self) -> Option<(u32, &Metadata)> {
        self.adopted.as_ref().map(|adopted| (adopted.version, &adopted.metadata))
    }

    /// Makes the entity tables and their triggers, in one transaction, when there are none. When there are, stores the
    /// new version, its commands and its triggers, if the structure is the same. Indexes follow when the first session is
    /// finished.
    ///
    /// # Errors
    /// [`StoreError::SchemaChanged`] names the first difference; that the disk is full or the database locked.
    pub fn adopt_metadata(&mut self, version: u32, metadata: &Metadata) -> Result<(), StoreError> {
        if let Some(Adopted { version: device, metadata: stored }) = &self.adopted
            && let Some(difference) = first_difference(stored, metadata)
        {
            return Err(StoreError::SchemaChanged { device: *device, server: version, difference });
        }
        let first = self.adopted.is_none();
        self.write("making the tables", |transaction| {
            if first {
                make_tables(transaction, metadata)?;
            }
            make_triggers(transaction, metadata)?;
            put_commands(transaction, metadata)?;
            put(transaction, version, metadata)
        })?;
        self.adopted = Some(Adopted { version, metadata: metadata.clone() });
        Ok(())
    }
}

fn make_tables(connection: &Connection, metadata: &Metadata) -> rusqlite::Result<()> {
    metadata.entities.iter().try_for_each(|entity| connection.execute_batch(&EntityPlan::of(entity).table))
}

/// Makes the triggers; those of an earlier version go where they are others.
fn make_triggers(connection: &Connection, metadata: &Metadata) -> rusqlite::Result<()> {
    for entity in &metadata.entities {
        let planned = EntityPlan::of(entity).triggers;
        let there = triggers_of(connection, entity)?;
        if planned.iter().eq(there.iter().map(|(_, sql)| sql)) {
            continue;
        }
        for (name, _) in &there {
            connection.execute_batch(&format!("DROP TRIGGER {}", Ident(name)))?;
        }
        planned.iter().try_for_each(|trigger| connection.execute_batch(trigger))?;
    }
    Ok(())
}

/// The names and texts of our triggers on an entity's table, in the order in which they were made.
fn triggers_of(connection: &Connection, entity: &Entity) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 \
               AND substr(name, 1, length(?2)) = ?2 ORDER BY rowid";
    let ours = format!("sojourn_{}.", entity.name);
    let mut statement = connection.prepare(sql)?;
    let triggers = statement.query_map((&entity.name, ours), |row| Ok((row.get(0)?, row.get(1)?)))?;
    triggers.collect()
}

/// Stores which commands there are beyond create, update and delete: those three are the triggers' matter.
fn put_commands(connection: &Connection, metadata: &Metadata) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sojourn_entity_command", [])?;
    let sql =
        "INSERT INTO sojourn_entity_command (entity, name, object_type_code, online_only) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.prepare(sql)?;
    for entity in &metadata.entities {
        let named = entity.commands.iter().filter(|command| !ON_ROWS.contains(&command.name.as_str()));
        for command in named {
            statement.execute((&entity.name, &command.name, entity.object_type_code, command.online_only))?;
        }
    }
    Ok(())
}

/// Makes the indexes that are not there yet.
pub(super) fn make_indexes(connection: &Connection, metadata: &Metadata) -> rusqlite::Result<()> {
    for plan in metadata.entities.iter().map(EntityPlan::of) {
        for index in &plan.indexes {
            connection.execute_batch(index)?;
        }
    }
    Ok(())
}

/// What was adopted last.
pub(super) fn stored(connection: &Connection) -> Result<Option<Adopted>, Fault> {
    let sql = "SELECT version, document FROM sojourn_metadata";
    let row = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()?;
    row.map(|(version, document)| match serde_json::from_str(&document) {
        Ok(metadata) => Ok(Adopted { version, metadata }),
        Err(error) => Err(Fault::damaged("sojourn_metadata", error)),
    })
    .transpose()
}

fn put(connection: &Connection, version: u32, metadata: &Metadata) -> Result<(), Fault> {
    let document = serde_json::to_string(metadata).map_err(|error| Fault::damaged("sojourn_metadata", error))?;
    let sql = "INSERT INTO sojourn_metadata (one, version, document) VALUES (1, ?1, ?2) \
               ON CONFLICT (one) DO UPDATE SET version = ?1, document = ?2";
    connection.execute(sql, rusqlite::params![version, document])?;
    Ok(())
}

/// The first thing that tables made from `old` do not have as `new` says, in words.
fn first_difference(old: &Metadata, new: &Metadata) -> Option<String> {
    for entity in &old.entities {
        match new.entity_of(entity.object_type_code) {
            None => return Some(format!("entity {} is gone", entity.name)),
            Some(other) => {
                if let Some(difference) = entity_difference(entity, other) {
                    return Some(difference);
                }
            }
        }
    }
    let added = new.entities.iter().find(|entity| old.entity_of(entity.object_type_code).is_none());
    added.map(|entity| format!("entity {} is new", entity.name))
}

fn entity_difference(old: &Entity, new: &Entity) -> Option<String> {
    let name = &old.name;
    if old.name != new.name {
        return Some(format!("entity {name} is now called {}", new.name));
    }
    for attribute in &old.attributes {
        match new.attributes.iter().find(|other| other.id == attribute.id) {
            None => return Some(format!("{name}.{} is gone", attribute.name)),
            Some(other) if other.name != attribute.name => {
                return Some(format!("{name}.{} is now called {}", attribute.name, other.name));
            }
            Some(other) if other != attribute => return Some(format!("{name}.{} is of another kind", attribute.name)),
            Some(_) => {}
        }
    }
    if let Some(added) = new.attributes.iter().find(|other| old.attributes.iter().all(|a| a.id != other.id)) {
        return Some(format!("{name}.{} is new", added.name));
    }
    let without_commands = |entity: &Entity| Entity { commands: Vec::new(), ..entity.clone() };
    (without_commands(old) != without_commands(new))
        .then(|| format!("{name} has other relationships, or its attributes another order"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn difference(change: impl FnOnce(&mut Metadata)) -> Option<String> {
        let mut new = sample::metadata();
        change(&mut new);
        first_difference(&sample::metadata(), &new)
    }

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(difference(|_| {}), None);
        assert_eq!(difference(|m| m.acting_role = "another".into()), None);
        let gone = difference(|m| drop(m.entities.pop()));
        assert_eq!(gone.as_deref(), Some("entity everything is gone"));
        let renamed = difference(|m| m.entities[0].attributes[1].name = "title".into());
        assert_eq!(renamed.as_deref(), Some("account.name is now called title"));
        let retyped = difference(|m| m.entities[0].attributes[1].required = false);
        assert_eq!(retyped.as_deref(), Some("account.name is of another kind"));
        let dropped = difference(|m| drop(m.entities[0].attributes.pop()));
        assert_eq!(dropped.as_deref(), Some("account.parent_id is gone"));
        let unrelated = difference(|m| m.entities[0].relationships.clear());
        assert_eq!(unrelated.as_deref(), Some("account has other relationships, or its attributes another order"));
    }
}
