//! Named commands that the agent itself enqueues. Its connection has no triggers: what the trigger of `sojourn_command`
//! checks is checked here.

use std::collections::BTreeMap;

use rusqlite::params;
use serde_json::Value;
use sojourn_metadata::replay::OWN_COMMANDS;
use uuid::Uuid;

use super::error::Fault;
use super::{Store, StoreError, queue};

/// When an enqueued command is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// Now: the server is there.
    AtOnce,
    /// With the rest of the queue.
    Later,
}

/// Why a command cannot be enqueued; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum CommandProblem {
    /// There is no such command.
    #[error("{entity} has no command {name:?}; {}", known(commands))]
    Unknown {
        /// The entity.
        entity: String,
        /// The command.
        name: String,
        /// Those that it has.
        commands: Vec<String>,
    },
    /// It cannot be done offline.
    #[error("{entity} {name} needs the server; leave --offline out")]
    NeedsServer {
        /// The entity.
        entity: String,
        /// The command.
        name: String,
    },
    /// What is enqueued now belongs to a group and is not sent.
    #[error(
        "the group of queue entry {0} is open, so that nothing is sent; close it first: INSERT INTO sojourn_group \
         (marker) VALUES ('stop')"
    )]
    OpenGroup(u64),
}

fn known(commands: &[String]) -> String {
    match commands {
        [] => "it has none beside create, update and delete".to_owned(),
        commands => format!("it has: {}", commands.join(", ")),
    }
}

impl Store {
    /// Whether a named command can be enqueued now.
    ///
    /// # Errors
    /// [`StoreError::NoEntity`], [`StoreError::Command`].
    pub fn check_command(&self, entity: &str, name: &str, sending: Sending) -> Result<(), StoreError> {
        let metadata = &self.adopted()?.metadata;
        let entity = metadata.entity(entity).ok_or_else(|| StoreError::NoEntity { name: entity.to_owned() })?;
        let commands = entity.commands.iter().filter(|command| !OWN_COMMANDS.contains(&command.name.as_str()));
        let (entity, name) = (entity.name.clone(), name.to_owned());
        let Some(command) = commands.clone().find(|command| command.name == name) else {
            let commands = commands.map(|command| command.name.clone()).collect();
            return Err(CommandProblem::Unknown { entity, name, commands }.into());
        };
        if sending == Sending::Later && command.online_only {
            return Err(CommandProblem::NeedsServer { entity, name }.into());
        }
        let open = self.read("looking for an open group", |connection| Ok(queue::open_group(connection)?))?;
        match (sending, open) {
            (Sending::AtOnce, Some(start)) => Err(CommandProblem::OpenGroup(start).into()),
            _ => Ok(()),
        }
    }

    /// Enqueues a named command, in the group that is open if one is. Its row number.
    ///
    /// # Errors
    /// As [`Store::check_command`]; that the database is damaged, full, or locked.
    pub fn enqueue_command(
        &mut self,
        entity: &str,
        object_id: Uuid,
        name: &str,
        parameters: &BTreeMap<String, Value>,
        sending: Sending,
    ) -> Result<u64, StoreError> {
        self.check_command(entity, name, sending)?;
        let code = self.adopted()?.metadata.entity(entity).map(|entity| entity.object_type_code);
        let damaged = |error: serde_json::Error| Fault::damaged("parameters", error);
        self.write("enqueueing a command", |transaction| {
            let group = queue::open_group(transaction)?.map(u64::cast_signed);
            let sql = "INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, name, data, parent_id)
                       VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 4, ?3, ?4, ?5)";
            let data = serde_json::to_string(parameters).map_err(damaged)?;
            transaction.execute(sql, params![object_id.to_string(), code, name, data, group])?;
            Ok(transaction.last_insert_rowid().unsigned_abs())
        })
    }
}
