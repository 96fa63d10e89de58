//! Being the user: who writes, in which savepoint, and what an error of theirs means.
//!
//! The role is set before the first savepoint and checked after each rollback to one. Deferrable rules are immediate
//! throughout, except inside a group, where they wait for its end; whatever is still deferred when a unit ends is
//! checked inside its savepoint, so that nothing is left over for the commit. So is who is writing: a trigger that has
//! changed it costs its own operation, and no other is written as somebody else.

use sojourn_metadata::ReplayRules;
use sojourn_platform::acting::{ActingError, NotTaken, become_user, check_user, expect_user};
use sojourn_platform::entities::Published;
use sojourn_platform::{Identity, PlatformError};
use sojourn_wire::message::operation::Operation;
use sqlx::{Postgres, Row as _, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

use super::failure::{Meaning, meaning};
use super::rule::rule_of;
use super::{Limits, Request};
use crate::pipeline::CALLER_ORIGIN;
use crate::refusal::{Attempted, Refusal};
use crate::statement::one::probe;
use crate::validate::Write;
use crate::value::Parameter;

/// Who writes, by which metadata and rules, within which limits.
pub(super) struct Actor<'a> {
    pub(super) metadata: &'a Published,
    pub(super) rules: &'a ReplayRules,
    pub(super) user_id: Uuid,
    pub(super) limits: Limits,
    pub(super) request: Request<'a>,
}

impl Actor<'_> {
    /// Becomes the user and opens the first savepoint.
    pub(super) async fn enter(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        become_user(tx, &self.identity()).await?;
        let doing = || PlatformError::doing("beginning to write as the user");
        sqlx::query("SELECT set_config('sojourn.caller_origin', $1, true)")
            .bind(CALLER_ORIGIN)
            .execute(&mut **tx)
            .await
            .map_err(doing())?;
        sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT unit").execute(&mut **tx).await.map_err(doing())?;
        Ok(())
    }

    /// What was done so far stays, whatever becomes of the unit that begins.
    pub(super) async fn begin_unit(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        let next = sqlx::raw_sql("RELEASE SAVEPOINT unit; SAVEPOINT unit").execute(&mut **tx).await;
        next.map_err(PlatformError::doing("beginning what is written together"))?;
        Ok(())
    }

    /// Rules that may be deferred wait for the end of the unit.
    pub(super) async fn defer(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        let deferred = sqlx::raw_sql("SET CONSTRAINTS ALL DEFERRED").execute(&mut **tx).await;
        deferred.map_err(PlatformError::doing("deferring rules to the end of a group"))?;
        Ok(())
    }

    /// Ends a unit: what was deferred is checked, and the next unit's savepoint takes the place of this one. Answers
    /// why not, if not.
    pub(super) async fn settle(&self, tx: &mut Transaction<'_, Postgres>) -> Result<Option<Meaning>, PlatformError> {
        let begun = Instant::now();
        let checked = sqlx::raw_sql(
            "SET CONSTRAINTS ALL IMMEDIATE;
             SELECT current_user::text, coalesce(current_setting('sojourn.user_id', true), ''),
                    coalesce(current_setting('request.jwt.claims', true), ''), current_setting('row_security')",
        )
        .fetch_one(&mut **tx)
        .await;
        let who = match checked {
            Ok(row) => expect_user(&row, &self.identity()),
            Err(error) => return self.meaning(error, begun).map(Some),
        };
        if let Some(meaning) = self.expected(who)? {
            return Ok(Some(meaning));
        }
        self.begin_unit(tx).await?;
        Ok(None)
    }

    /// What it means that a trigger has taken another role or another user's name: somebody else would write.
    pub(super) fn changed_hands(&self, found: &NotTaken) -> Meaning {
        let (subscription, trace_id) = (self.request.subscription, self.request.trace_id);
        tracing::error!(%subscription, trace_id, "a trigger has changed who is writing: {found}");
        let words = "a trigger of the server has changed who is writing; tell whoever looks after the server";
        Meaning::Decided(Refusal::new(words))
    }

    /// Why what was just written must not stay, if a trigger has changed who is writing.
    pub(super) async fn still_the_user(
        &self,
        tx: &mut Transaction<'_, Postgres>,
    ) -> Result<Option<Meaning>, PlatformError> {
        self.expected(check_user(tx, &self.identity()).await)
    }

    fn expected(&self, who: Result<(), ActingError>) -> Result<Option<Meaning>, PlatformError> {
        match who {
            Ok(()) => Ok(None),
            Err(ActingError::NotTaken(found)) => Ok(Some(self.changed_hands(&found))),
            Err(error) => Err(error.into()),
        }
    }

    /// Back to the unit's beginning, as the user.
    pub(super) async fn roll_back(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        let back = sqlx::raw_sql("ROLLBACK TO SAVEPOINT unit").execute(&mut **tx).await;
        back.map_err(PlatformError::doing("rolling a refused operation back"))?;
        Ok(check_user(tx, &self.identity()).await?)
    }

    /// Tells triggers whose operation this is. Answers why it must not be written, if a trigger of the operation before it,
    /// in the same group, has changed who is writing.
    pub(super) async fn tell_triggers(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        operation: &Operation,
    ) -> Result<Option<Meaning>, PlatformError> {
        let is_user: bool = sqlx::query(
            "SELECT current_user = $3 AND current_setting('sojourn.user_id', true) = $4
                        AND current_setting('request.jwt.claims', true) = $5,
                    set_config('sojourn.operation_id', $1, true), set_config('sojourn.captured_at', $2, true)",
        )
        .bind(self.operation_id(operation))
        .bind(operation.captured_at.as_str())
        .bind(self.metadata.acting_role.name())
        .bind(self.user_id.to_string())
        .bind(self.identity().claims())
        .fetch_one(&mut **tx)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(PlatformError::doing("telling triggers whose operation this is"))?;
        if is_user { Ok(None) } else { self.still_the_user(tx).await }
    }

    /// What triggers, plug-ins and events know an operation by.
    pub(super) fn operation_id(&self, operation: &Operation) -> String {
        format!("{}:{}", self.request.subscription, operation.sequence)
    }

    /// The words for what happened to a write. The transaction must be usable: rolled back to the savepoint.
    pub(super) async fn explain(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        write: Option<&Write<'_>>,
        meaning: Meaning,
    ) -> Result<Refusal, PlatformError> {
        match (meaning, write) {
            (Meaning::Decided(refusal), _) => Ok(refusal),
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

    pub(super) fn attempted<'w>(&'w self, write: &Write<'w>) -> Attempted<'w> {
        Attempted { metadata: self.metadata, table: write.table, command: write.command }
    }

    pub(super) fn meaning(&self, error: sqlx::Error, begun: Instant) -> Result<Meaning, PlatformError> {
        meaning(error, begun.elapsed(), self.limits, self.request.last_try)
    }

    pub(super) fn identity(&self) -> Identity {
        Identity { user_id: self.user_id, acting_role: self.metadata.acting_role.clone() }
    }
}
