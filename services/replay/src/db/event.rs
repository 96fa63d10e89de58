//! The outbox: events that are stored with their operation's effect, and go when the stream has them.

use sojourn_platform::PlatformError;
use sojourn_wire::message::encode;
use sojourn_wire::message::event::OperationEvent;
use sojourn_wire::streams::MAX_MESSAGE_BYTES;
use sojourn_wire::{InvalidToken, Name, Subject};
use sqlx::{Postgres, Transaction};

/// One replica publishes at a time: the key of its advisory lock.
const LOCK: i64 = 0x536f_6a6f_7572_6e01;
/// Events that are read at once.
const AT_ONCE: i64 = 500;
/// And their bytes, but for the last one.
const BYTES_AT_ONCE: i64 = 4 * 1024 * 1024;

/// An event that was not published yet.
#[derive(Debug, sqlx::FromRow)]
pub struct Pending {
    /// Its place in the outbox.
    pub position: i64,
    entity: String,
    command: String,
    /// What tells it from all others.
    pub event_id: String,
    /// The encoded [`OperationEvent`].
    pub message: Vec<u8>,
}

impl Pending {
    /// Where it goes.
    ///
    /// # Errors
    /// [`InvalidToken`] when a name cannot stand in a subject: such events are not stored.
    pub fn subject(&self) -> Result<Subject, InvalidToken> {
        subject(&self.entity, &self.command)
    }
}

fn subject(entity: &str, command: &str) -> Result<Subject, InvalidToken> {
    Ok(Subject::Event { entity: entity.parse::<Name>()?, command: command.parse::<Name>()? })
}

/// Stores events, in this order.
///
/// # Errors
/// When the database fails.
pub async fn store(tx: &mut Transaction<'_, Postgres>, events: &[OperationEvent]) -> Result<(), PlatformError> {
    let events: Vec<_> = events.iter().filter(|event| can_be_told(event)).collect();
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO sojourn.event (entity, command, event_id, message)
         SELECT entity, command, event_id, message
           FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
                WITH ORDINALITY AS one (entity, command, event_id, message, number)
          ORDER BY number",
    )
    .bind(events.iter().map(|event| event.entity.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.command.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.id()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| message(event)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("storing events"))?;
    Ok(())
}

/// A name that cannot stand in a subject has no events.
fn can_be_told(event: &OperationEvent) -> bool {
    let told = subject(&event.entity, &event.command);
    if let Err(error) = &told {
        tracing::warn!(operation_id = event.operation_id, "no event is published: {error}");
    }
    told.is_ok()
}

/// The message; what is too large for the bus goes without its values.
fn message(event: &OperationEvent) -> Vec<u8> {
    let whole = encode(event);
    if whole.len() <= MAX_MESSAGE_BYTES {
        return whole;
    }
    tracing::warn!(operation_id = event.operation_id, bytes = whole.len(), "an event is published without its values");
    encode(&OperationEvent { data: std::collections::BTreeMap::new(), ..event.clone() })
}

/// Whether the events are ours to publish until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn try_lock(tx: &mut Transaction<'_, Postgres>) -> Result<bool, PlatformError> {
    sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut **tx)
        .await
        .map_err(PlatformError::doing("taking the turn to publish events"))
}

/// The next events, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn pending(tx: &mut Transaction<'_, Postgres>) -> Result<Vec<Pending>, PlatformError> {
    sqlx::query_as(
        "SELECT position, entity, command, event_id, message FROM (
           SELECT *, sum(octet_length(message)) OVER (ORDER BY position) - octet_length(message) AS before
             FROM (SELECT * FROM sojourn.event ORDER BY position LIMIT $1) AS next) AS next
          WHERE before < $2 ORDER BY position",
    )
    .bind(AT_ONCE)
    .bind(BYTES_AT_ONCE)
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading events"))
}

/// Forgets events that the stream has.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Transaction<'_, Postgres>, published: &[Pending]) -> Result<(), PlatformError> {
    sqlx::query("DELETE FROM sojourn.event WHERE position = ANY($1)")
        .bind(published.iter().map(|event| event.position).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .map_err(PlatformError::doing("forgetting published events"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sojourn_wire::message::decode;
    use sojourn_wire::message::operation::FieldValue;
    use uuid::Uuid;

    use super::*;

    fn event(operation_id: &str, data: &str) -> OperationEvent {
        OperationEvent {
            operation_id: operation_id.to_owned(),
            write: None,
            dataset: "crm".to_owned(),
            entity: "contact".to_owned(),
            command: "update".to_owned(),
            object_id: Uuid::from_u128(9),
            data: BTreeMap::from([("notes".to_owned(), FieldValue::Text(data.to_owned()))]),
            user_id: Uuid::from_u128(4),
            captured_at: "2026-11-22T10:00:00.000Z".to_owned(),
            trace_id: "0123456789abcdef".to_owned(),
        }
    }

    #[test]
    fn an_event_always_fits_the_bus() {
        let small = event("s1:7", "x");
        assert_eq!(decode::<OperationEvent>(&message(&small)).expect("an event"), small);
        let large = event("s1:7", &"x".repeat(MAX_MESSAGE_BYTES));
        let told = decode::<OperationEvent>(&message(&large)).expect("an event");
        assert_eq!(told, OperationEvent { data: BTreeMap::new(), ..large });
    }

    #[test]
    fn a_name_that_cannot_stand_in_a_subject_has_no_events() {
        assert!(can_be_told(&event("s1:7", "x")));
        assert!(!can_be_told(&OperationEvent { entity: "a.b".to_owned(), ..event("s1:7", "x") }));
    }
}
