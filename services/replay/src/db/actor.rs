//! Writing as the user: units of operations, each in a savepoint, from validation to verdicts.
//!
//! The role is set before the first savepoint and checked after each rollback to one. Deferrable rules are immediate
//! throughout, except inside a group, where they wait for its end; whatever is still deferred when a unit ends is
//! checked inside its savepoint, so that nothing is left over for the commit.

use sojourn_platform::acting::{become_user, check_user};
use sojourn_platform::entities::Published;
use sojourn_platform::{Identity, PlatformError};
use sojourn_wire::message::operation::{Operation, Verdict};
use sqlx::postgres::PgQueryResult;
use sqlx::{Postgres, Row as _, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

use super::failure::{Meaning, meaning};
use super::rule::rule_of;
use super::{Limits, Request};
use crate::groups::Unit;
use crate::refusal::{Attempted, Refusal};
use crate::statement::{probe, statement};
use crate::validate::{Write, validate};
use crate::value::Parameter;

/// Who writes, by which metadata, within which limits.
pub(super) struct Actor<'a> {
    pub(super) metadata: &'a Published,
    pub(super) user_id: Uuid,
    pub(super) limits: Limits,
    pub(super) request: Request<'a>,
}

/// A unit of interleaved groups is tried again without the refused one, at most this often.
const MOST_TRIES: usize = 50;

/// How one try of a unit ended.
enum Tried {
    /// Its standing members are applied.
    Applied,
    /// One member is refused for this; the unit must be rolled back.
    Refused(usize, Meaning),
}

impl Actor<'_> {
    /// Becomes the user and opens the first savepoint.
    pub(super) async fn enter(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        become_user(tx, &self.identity()).await?;
        let doing = || PlatformError::doing("beginning to write as the user");
        sqlx::query("SELECT set_config('sojourn.caller_origin', 'offline-queue', true)")
            .execute(&mut **tx)
            .await
            .map_err(doing())?;
        sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT unit").execute(&mut **tx).await.map_err(doing())?;
        Ok(())
    }

    /// Applies one unit, and says what became of each of its members.
    pub(super) async fn unit(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operations: &[Operation],
    ) -> Result<Vec<Verdict>, PlatformError> {
        let mut unit = Unit::new(operations);
        let mut writes = Vec::with_capacity(operations.len());
        for (member, operation) in operations.iter().enumerate() {
            let checked = validate(self.metadata, operation);
            writes.push(checked.map_err(|refusal| unit.refuse(member, refusal)).ok());
        }
        for _ in 0..MOST_TRIES {
            let Tried::Refused(member, meaning) = self.attempt(tx, &unit, &writes).await? else {
                return Ok(unit.verdicts(self.request.trace_id));
            };
            self.roll_back(tx).await?;
            unit.refuse(member, self.explain(tx, writes[member].as_ref(), meaning).await?);
        }
        unit.refuse_all(&Refusal::new("this is interleaved with too many other groups that were refused; try again"));
        Ok(unit.verdicts(self.request.trace_id))
    }

    /// Tries the members that still stand.
    async fn attempt(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        unit: &Unit<'_>,
        writes: &[Option<Write<'_>>],
    ) -> Result<Tried, PlatformError> {
        if unit.standing().next().is_none() {
            return Ok(Tried::Applied);
        }
        if unit.is_group() {
            let deferred = sqlx::raw_sql("SET CONSTRAINTS ALL DEFERRED").execute(&mut **tx).await;
            deferred.map_err(PlatformError::doing("deferring rules to the end of a group"))?;
        }
        for (member, operation) in unit.standing() {
            let Some(write) = &writes[member] else { continue };
            if let Some(meaning) = self.write(tx, operation, write).await? {
                return Ok(Tried::Refused(member, meaning));
            }
        }
        self.settle(tx, unit, writes).await
    }

    /// Writes one operation; answers why not, if not.
    async fn write(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
        write: &Write<'_>,
    ) -> Result<Option<Meaning>, PlatformError> {
        let Some(sql) = statement(write)? else { return Ok(None) };
        self.tell_triggers(tx, operation).await?;
        let mut query = sqlx::query(sql.into_sqlx()).bind(write.object_id);
        for (_, parameter) in &write.values {
            query = match parameter {
                Parameter::Text(text) => query.bind(text.as_deref()),
                Parameter::Bytes(bytes) => query.bind(bytes.as_deref()),
            };
        }
        let begun = Instant::now();
        match query.execute(&mut **tx).await {
            Ok(done) if is_one_row(&done) => Ok(None),
            Ok(_) => Ok(Some(Meaning::Hopeless(self.attempted(write).nothing_done()))),
            Err(error) => self.meaning(error, begun).map(Some),
        }
    }

    /// Tells triggers whose operation this is, and makes sure that no trigger before it has changed who we are.
    async fn tell_triggers(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
    ) -> Result<(), PlatformError> {
        let doing = || PlatformError::doing("telling triggers whose operation this is");
        let row = sqlx::query(
            "SELECT current_user = $3 AND current_setting('sojourn.user_id', true) = $4,
                    set_config('sojourn.operation_id', $1, true), set_config('sojourn.captured_at', $2, true)",
        )
        .bind(format!("{}:{}", self.request.subscription, operation.sequence))
        .bind(operation.captured_at.as_str())
        .bind(self.metadata.acting_role.name())
        .bind(self.user_id.to_string())
        .fetch_one(&mut **tx)
        .await
        .map_err(doing())?;
        if row.try_get(0).map_err(doing())? {
            return Ok(());
        }
        Ok(check_user(tx, &self.identity()).await?)
    }

    /// Ends a unit: what was deferred is checked, and the next unit's savepoint takes the place of this one.
    async fn settle(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        unit: &Unit<'_>,
        writes: &[Option<Write<'_>>],
    ) -> Result<Tried, PlatformError> {
        let begun = Instant::now();
        let settled = sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT unit; SAVEPOINT unit")
            .execute(&mut **tx)
            .await;
        let Err(error) = settled else { return Ok(Tried::Applied) };
        let meaning = self.meaning(error, begun)?;
        let touches = |member: usize| match (&meaning, &writes[member]) {
            (Meaning::Refused(failure), Some(write)) => failure.is_about(write.table),
            _ => false,
        };
        match unit.blame(touches) {
            Some(member) => Ok(Tried::Refused(member, meaning)),
            None => Err(PlatformError::Setup("a rule was broken although nothing was written".to_owned())),
        }
    }

    /// The words for what happened to a write. The transaction must be usable: rolled back to the savepoint.
    async fn explain(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        write: Option<&Write<'_>>,
        meaning: Meaning,
    ) -> Result<Refusal, PlatformError> {
        match (meaning, write) {
            (Meaning::Hopeless(refusal), _) => Ok(refusal),
            (Meaning::Refused(failure), None) => Ok(Refusal::new(&failure.message)),
            (Meaning::Refused(mut failure), Some(write)) => {
                if failure.is_about_a_value() {
                    failure.column = self.unfit(tx, write).await?;
                }
                let rule = rule_of(tx, &failure).await?;
                Ok(self.attempted(write).refusal(&failure, rule.as_ref()))
            }
        }
    }

    /// The attribute whose value does not fit its column: Postgres does not name it, so each is tried alone.
    async fn unfit(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        write: &Write<'_>,
    ) -> Result<Option<String>, PlatformError> {
        for (column, parameter) in &write.values {
            let Parameter::Text(Some(text)) = parameter else { continue };
            let begun = Instant::now();
            let probe = sqlx::query(probe(write.table, column)?.into_sqlx()).bind(text).bind(column.name.name());
            if let Err(error) = probe.execute(&mut **tx).await {
                self.meaning(error, begun)?;
                self.roll_back(tx).await?;
                return Ok(Some(column.name.name().to_owned()));
            }
        }
        Ok(None)
    }

    fn attempted<'w>(&'w self, write: &Write<'w>) -> Attempted<'w> {
        Attempted { metadata: self.metadata, table: write.table, command: write.command }
    }

    fn meaning(&self, error: sqlx::Error, begun: Instant) -> Result<Meaning, PlatformError> {
        meaning(error, begun.elapsed(), self.limits, self.request.last_try)
    }

    /// Back to the unit's beginning, as the user.
    async fn roll_back(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        let back = sqlx::raw_sql("ROLLBACK TO SAVEPOINT unit").execute(&mut **tx).await;
        back.map_err(PlatformError::doing("rolling a refused operation back"))?;
        Ok(check_user(tx, &self.identity()).await?)
    }

    fn identity(&self) -> Identity {
        Identity { user_id: self.user_id, acting_role: self.metadata.acting_role.clone() }
    }
}

/// An object id names one row, so anything else means that it was not written.
fn is_one_row(done: &PgQueryResult) -> bool {
    done.rows_affected() == 1
}
