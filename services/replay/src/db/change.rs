//! Writing one row: it is looked at first, and then written, unless that is a conflict.

use sojourn_metadata::replay::ConflictPolicy;
use sojourn_platform::{ActingError, PlatformError};
use sojourn_wire::message::operation::{Operation, RowCommand};
use sqlx::postgres::PgQueryResult;
use sqlx::{Postgres, Transaction};
use tokio::time::Instant;

use super::actor::Actor;
use super::failure::Meaning;
use super::look::{self, LookError};
use super::unit::names;
use crate::merge::{self, Known, Left};
use crate::refusal::Refusal;
use crate::statement::one::statement;
use crate::validate::Write;
use crate::value::Parameter;

/// How often a row that changes under our hands is looked at anew.
const MOST_LOOKS: usize = 5;

/// How one write ended.
pub(super) enum Done {
    /// As asked. What it leaves of the row.
    Applied(Left),
    /// Beside somebody else's changes. What it leaves of the row.
    Merged(Left),
    /// There was nothing to delete any more.
    Gone,
    /// Not, and everything since the savepoint must be rolled back.
    Refused(Meaning),
}

/// What came of a statement that writes one row.
enum Written {
    Row(Left),
    /// It met none.
    Nothing,
    Refused(Meaning),
}

impl Actor<'_> {
    /// Looks at the row, and writes unless that is a conflict.
    pub(super) async fn change(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
        write: &Write<'_>,
        known: &Known,
    ) -> Result<Done, PlatformError> {
        match write.command {
            RowCommand::Create => self.perform(tx, write, known).await,
            RowCommand::Update if write.values.is_empty() => Ok(Done::Applied(known.after(std::iter::empty(), None))),
            RowCommand::Update => self.update(tx, operation, write, known).await,
            RowCommand::Delete => self.delete(tx, operation, write, known).await,
        }
    }

    async fn update(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
        write: &Write<'_>,
        known: &Known,
    ) -> Result<Done, PlatformError> {
        if self.last_wins(write) {
            return match self.write(tx, write, known, None).await? {
                Written::Row(left) => Ok(Done::Applied(left)),
                Written::Nothing => self.missing(tx, operation, write, known).await,
                Written::Refused(meaning) => Ok(Done::Refused(meaning)),
            };
        }
        let begun = Instant::now();
        let looked = match look::looks(tx, &[(operation, write)]).await {
            Ok(mut looks) => looks.pop().flatten(),
            Err(error) => return self.failed(error, begun),
        };
        let Some(look) = looked else { return self.missing(tx, operation, write, known).await };
        match merge::update(operation, &look, known, self.rules, &write.table.entity) {
            Err(refusal) => Ok(Done::Refused(Meaning::Decided(refusal))),
            Ok(judged) => Ok(match self.write(tx, write, known, None).await? {
                Written::Row(_) if judged.merged => Done::Merged(judged.left),
                Written::Row(_) => Done::Applied(judged.left),
                Written::Nothing => self.nothing_done(write),
                Written::Refused(meaning) => Done::Refused(meaning),
            }),
        }
    }

    /// Deletes the version that was looked at, so that nobody's change in between is lost.
    async fn delete(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
        write: &Write<'_>,
        known: &Known,
    ) -> Result<Done, PlatformError> {
        let mut before = None;
        for _ in 0..MOST_LOOKS {
            let begun = Instant::now();
            let version = match look::version(tx, write.table, write.object_id).await {
                Ok(version) => version,
                Err(error) => return self.failed(error, begun),
            };
            let Some(version) = version else { return self.missing(tx, operation, write, known).await };
            if before == Some(version) {
                break;
            }
            let merged = match merge::delete(operation, version, known, self.rules, &write.table.entity) {
                Ok(merged) => merged,
                Err(refusal) => return Ok(Done::Refused(Meaning::Decided(refusal))),
            };
            match self.write(tx, write, known, Some(version)).await? {
                Written::Row(left) if merged => return Ok(Done::Merged(left)),
                Written::Row(left) => return Ok(Done::Applied(left)),
                Written::Nothing => before = Some(version),
                Written::Refused(meaning) => return Ok(Done::Refused(meaning)),
            }
        }
        Ok(self.nothing_done(write))
    }

    /// A row that is to be changed is not there for this user: it was deleted, is hidden, or may not be changed.
    async fn missing(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
        write: &Write<'_>,
        known: &Known,
    ) -> Result<Done, PlatformError> {
        let refuse = |refusal| Ok(Done::Refused(Meaning::Decided(refusal)));
        let begun = Instant::now();
        let visible = match look::version(tx, write.table, write.object_id).await {
            Ok(version) => version.is_some(),
            Err(error) => return self.failed(error, begun),
        };
        if visible || !known.was_there(operation) {
            return refuse(self.attempted(write).nothing_done());
        }
        let entity = &write.table.entity;
        if !known.is_recorded() {
            // Only the device says that it had the row: what became of it is not for everybody to know.
            return match write.command {
                RowCommand::Delete => Ok(Done::Gone),
                _ => refuse(merge::deleted(self.rules, entity)),
            };
        }
        match (look::is_there(tx, self, write.table, write.object_id).await?, write.command) {
            (true, _) => refuse(Refusal::new(&format!("you may not see this {entity} any more"))),
            (false, RowCommand::Delete) => Ok(Done::Gone),
            (false, _) => refuse(merge::deleted(self.rules, entity)),
        }
    }

    /// Writes one row that nobody compares with what it was: a new one, or one that a plug-in means.
    pub(super) async fn perform(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        write: &Write<'_>,
        known: &Known,
    ) -> Result<Done, PlatformError> {
        Ok(match self.write(tx, write, known, None).await? {
            Written::Row(left) => Done::Applied(left),
            Written::Nothing => self.nothing_done(write),
            Written::Refused(meaning) => Done::Refused(meaning),
        })
    }

    async fn write(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        write: &Write<'_>,
        known: &Known,
        version: Option<u32>,
    ) -> Result<Written, PlatformError> {
        let left = || match write.command {
            RowCommand::Create => known.created(names(write)),
            RowCommand::Update | RowCommand::Delete => known.after(names(write), None),
        };
        let Some(sql) = statement(write)? else { return Ok(Written::Row(left())) };
        let mut query = sqlx::query(sql.into_sqlx()).bind(write.object_id);
        for (_, parameter) in &write.values {
            query = match parameter {
                Parameter::Text(text) => query.bind(text.as_deref()),
                Parameter::Bytes(bytes) => query.bind(bytes.as_deref()),
                Parameter::Attachment(id) => query.bind(*id),
            };
        }
        if write.command == RowCommand::Delete {
            query = query.bind(version.map(|version| version.to_string()));
        }
        let begun = Instant::now();
        match query.execute(&mut **tx).await {
            Ok(done) if is_one_row(&done) => Ok(Written::Row(left())),
            Ok(_) => Ok(Written::Nothing),
            Err(error) => self.meaning(error, begun).map(Written::Refused),
        }
    }

    fn nothing_done(&self, write: &Write<'_>) -> Done {
        Done::Refused(Meaning::Decided(self.attempted(write).nothing_done()))
    }

    fn failed(&self, error: LookError, begun: Instant) -> Result<Done, PlatformError> {
        match error {
            LookError::Statement(error) => self.meaning(error, begun).map(Done::Refused),
            LookError::Platform(error) => Err(error),
        }
    }

    /// What it means that a rule of ours could not be looked at: a statement that fails is held against the operation as its
    /// own would be.
    pub(super) fn broken_rule(&self, error: PlatformError, begun: Instant) -> Result<Meaning, PlatformError> {
        match error {
            PlatformError::Database { source, .. } => self.meaning(source, begun),
            PlatformError::Acting(ActingError::NotTaken(found)) => Ok(self.changed_hands(&found)),
            error => Err(error),
        }
    }

    /// Whoever plays back last wins, whatever the row holds: it need not be looked at.
    pub(super) fn last_wins(&self, write: &Write<'_>) -> bool {
        let entity = &write.table.entity;
        let wins = |policy| policy == ConflictPolicy::LastWins;
        let mut attributes = write.values.iter().map(|(column, _)| self.rules.policy(entity, &column.attribute.name));
        wins(self.rules.row_policy(entity)) && attributes.all(wins)
    }
}

/// An object id names one row, so anything else means that it was not written.
fn is_one_row(done: &PgQueryResult) -> bool {
    done.rows_affected() == 1
}
