//! Writing a run: like operations in one statement. When anything about it is not as it should be, it is rolled back, and
//! each operation is written alone, which finds out what is wrong with which.

use std::collections::HashMap;

use sojourn_platform::PlatformError;
use sojourn_platform::entities::{Column, Table};
use sojourn_wire::message::operation::{Operation, RowCommand, Verdict, VerdictKind};
use sqlx::{Postgres, Transaction};
use tokio::time::Instant;

use super::actor::Actor;
use super::duplicate::duplicates_of;
use super::look::{self, LookError};
use super::unit::{Verdicts, names, written};
use crate::merge::{self, Known};
use crate::statement::many;
use crate::ties::{Object, object_written};
use crate::validate::Write;
use crate::value::Parameter;

impl Actor<'_> {
    /// Applies a run, and says what became of each of its operations; none when they must be written one by one.
    pub(super) async fn run(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        run: &[(&Operation, &Write<'_>)],
        known: &HashMap<Object, Known>,
    ) -> Result<Option<Verdicts>, PlatformError> {
        let done = self.try_run(tx, run, known).await?;
        if done.is_none() {
            self.roll_back(tx).await?;
        }
        Ok(done)
    }

    async fn try_run(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        run: &[(&Operation, &Write<'_>)],
        known: &HashMap<Object, Known>,
    ) -> Result<Option<Verdicts>, PlatformError> {
        let Some((verdicts, left)) = self.decide(tx, run, known).await? else { return Ok(None) };
        let standing: Vec<_> =
            run.iter().zip(&verdicts).filter(|(_, verdict)| verdict.verdict.is_done()).map(|(w, _)| *w).collect();
        let Some((first, write)) = standing.first().copied() else { return Ok(Some((verdicts, left))) };
        if self.tell_triggers(tx, first).await?.is_some() {
            return Ok(None);
        }
        keep_order(tx).await?;
        if !self.write_all(tx, write.table, &standing).await? {
            return Ok(None);
        }
        let written: Vec<_> = standing.iter().map(|(operation, write)| written(operation, write)).collect();
        let begun = Instant::now();
        let duplicates = match duplicates_of(tx, self.metadata, self.rules, &written, &self.identity()).await {
            Ok(duplicates) => duplicates,
            Err(error) => return self.broken_rule(error, begun).map(|_| None),
        };
        if !duplicates.is_empty() || self.settle(tx).await?.is_some() {
            return Ok(None);
        }
        forget_order(tx).await?;
        Ok(Some((verdicts, left)))
    }

    /// The verdicts, if everything that may be written can be; none when a row is not there.
    async fn decide(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        run: &[(&Operation, &Write<'_>)],
        known: &HashMap<Object, Known>,
    ) -> Result<Option<Verdicts>, PlatformError> {
        let trace_id = self.request.trace_id;
        let applied = |operation: &Operation| Verdict::new(operation.sequence, VerdictKind::Applied, trace_id);
        let nothing = Known::default();
        let known_of = |write: &Write<'_>| known.get(&object_written(write)).unwrap_or(&nothing);
        let Some((_, first)) = run.first() else { return Ok(Some(Verdicts::default())) };
        if first.command == RowCommand::Create || self.last_wins(first) {
            let left = run.iter().map(|(_, write)| {
                let (known, names) = (known_of(write), names(write));
                let is_new = first.command == RowCommand::Create;
                (object_written(write), if is_new { known.created(names) } else { known.after(names, None) })
            });
            return Ok(Some((run.iter().map(|(operation, _)| applied(operation)).collect(), left.collect())));
        }
        let begun = Instant::now();
        let looks = match look::looks(tx, run).await {
            Ok(looks) => looks,
            Err(LookError::Statement(error)) => return self.meaning(error, begun).map(|_| None),
            Err(LookError::Platform(error)) => return Err(error),
        };
        let (mut verdicts, mut left) = (Vec::with_capacity(run.len()), HashMap::with_capacity(run.len()));
        for ((operation, write), look) in run.iter().zip(looks) {
            let Some(look) = look else { return Ok(None) };
            let judged = merge::update(operation, &look, known_of(write), self.rules, &write.table.entity);
            verdicts.push(match judged {
                Ok(judged) => {
                    left.insert(object_written(write), judged.left);
                    let kind = if judged.merged { VerdictKind::Merged } else { VerdictKind::Applied };
                    Verdict::new(operation.sequence, kind, trace_id)
                }
                Err(refusal) => refusal.verdict(operation.sequence, trace_id),
            });
        }
        Ok(Some((verdicts, left)))
    }

    /// Writes them; whether that was possible for all.
    async fn write_all(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        table: &Table,
        run: &[(&Operation, &Write<'_>)],
    ) -> Result<bool, PlatformError> {
        let Some((_, first)) = run.first() else { return Ok(true) };
        let columns: Vec<&Column> = first.values.iter().map(|(column, _)| *column).collect();
        let sql = match first.command {
            RowCommand::Create => many::insert(table, &columns)?,
            _ => many::update(table, &columns)?,
        };
        let mut query = sqlx::query(sql.into_sqlx())
            .bind(run.iter().map(|(_, write)| write.object_id).collect::<Vec<_>>())
            .bind(run.iter().map(|(operation, _)| self.operation_id(operation)).collect::<Vec<_>>())
            .bind(run.iter().map(|(operation, _)| operation.captured_at.clone()).collect::<Vec<_>>());
        for place in 0..columns.len() {
            let text = |write: &Write<'_>| match &write.values[place].1 {
                Parameter::Text(text) => text.clone(),
                Parameter::Bytes(_) | Parameter::Attachment(_) => None,
            };
            query = query.bind(run.iter().map(|(_, write)| text(write)).collect::<Vec<_>>());
        }
        let begun = Instant::now();
        match query.execute(&mut **tx).await {
            Ok(done) => Ok(done.rows_affected() == run.len() as u64),
            Err(error) => self.meaning(error, begun).map(|_| false),
        }
    }
}

/// Has Postgres look each row of a run up by its key, in the order of capture: triggers may see the order. It lasts until
/// [`forget_order`], or until the run is rolled back.
async fn keep_order(tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
    plans(tx, "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off").await
}

async fn forget_order(tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
    plans(tx, "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_seqscan = on").await
}

async fn plans(tx: &mut Transaction<'_, Postgres>, settings: &'static str) -> Result<(), PlatformError> {
    let doing = PlatformError::doing("setting how a run is planned");
    sqlx::raw_sql(settings).execute(&mut **tx).await.map(|_| ()).map_err(doing)
}
