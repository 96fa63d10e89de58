//! Writing one unit, operation by operation: each is looked at first, and then written, in one savepoint.

use std::collections::HashMap;

use sojourn_platform::PlatformError;
use sojourn_wire::message::operation::{Operation, Verdict, VerdictKind};
use sqlx::{Postgres, Transaction};
use tokio::time::Instant;

use super::actor::Actor;
use super::change::Done;
use super::duplicate::duplicates_of;
use super::failure::Meaning;
use crate::duplicates::{Found, Written};
use crate::groups::Unit;
use crate::merge::{Known, Left};
use crate::pipeline::Prepared;
use crate::refusal::{Kind, Refusal};
use crate::ties::{Object, object_written};
use crate::validate::Write;

/// A unit of interleaved groups is tried again without the refused one, at most this often.
const MOST_TRIES: usize = 50;

/// One verdict for each operation, and what those that were done leave of rows.
pub(super) type Verdicts = (Vec<Verdict>, HashMap<Object, Left>);

/// How one try of a unit ended.
enum Tried {
    /// Its standing members are applied; these beside somebody else's changes. What they leave of rows.
    Applied(Vec<usize>, HashMap<Object, Left>),
    /// One member is refused; the unit must be rolled back.
    Refused(Blamed),
}

/// Why a unit failed.
struct Blamed {
    member: usize,
    /// Which of the member's writes, where it was one of them.
    write: Option<usize>,
    meaning: Meaning,
}

impl Actor<'_> {
    /// Applies one unit, and says what became of each of its members.
    pub(super) async fn unit(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        mut unit: Unit<'_>,
        prepared: &[Result<Prepared<'_>, Refusal>],
        known: &HashMap<Object, Known>,
    ) -> Result<Verdicts, PlatformError> {
        for (member, prepared) in prepared.iter().enumerate() {
            if let Err(refusal) = prepared {
                unit.refuse(member, refusal.clone());
            }
        }
        for _ in 0..MOST_TRIES {
            match self.attempt(tx, &unit, prepared, known).await? {
                Tried::Applied(merged, left) => {
                    let kind = |member| match merged.contains(&member) {
                        true => VerdictKind::Merged,
                        false => VerdictKind::Applied,
                    };
                    return Ok((unit.verdicts(kind, self.request.trace_id), left));
                }
                Tried::Refused(Blamed { member, write, meaning }) => {
                    self.roll_back(tx).await?;
                    let write = write.and_then(|place| writes_of(prepared, member).nth(place));
                    unit.refuse(member, self.explain(tx, write, meaning).await?);
                }
            }
        }
        unit.refuse_all(&Refusal::new("this is interleaved with too many other groups that were refused; try again"));
        Ok((unit.verdicts(|_| VerdictKind::Applied, self.request.trace_id), HashMap::new()))
    }

    /// Tries the members that still stand.
    async fn attempt(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        unit: &Unit<'_>,
        prepared: &[Result<Prepared<'_>, Refusal>],
        known: &HashMap<Object, Known>,
    ) -> Result<Tried, PlatformError> {
        let (mut merged, mut left) = (Vec::new(), HashMap::new());
        if !unit.standing().any(|(member, _)| writes_of(prepared, member).next().is_some()) {
            return Ok(Tried::Applied(merged, left));
        }
        if unit.is_group() {
            self.defer(tx).await?;
        }
        for (member, operation) in unit.standing() {
            let is_plain = operation.command.on_row().is_some();
            for (place, write) in writes_of(prepared, member).enumerate() {
                let known = known_of(known, &left, write);
                let done = match (self.tell_triggers(tx, operation).await?, is_plain) {
                    (Some(meaning), _) => Done::Refused(meaning),
                    (None, true) => self.change(tx, operation, write, &known).await?,
                    (None, false) => self.perform(tx, write, &known).await?,
                };
                match done {
                    Done::Applied(here) => {
                        left.insert(object_written(write), here);
                    }
                    Done::Merged(here) => {
                        merged.push(member);
                        left.insert(object_written(write), here);
                    }
                    Done::Gone => merged.push(member),
                    Done::Refused(meaning) => {
                        return Ok(Tried::Refused(Blamed { member, write: Some(place), meaning }));
                    }
                }
                // Of an operation that is alone, the unit's end tells.
                if unit.is_group()
                    && let Some(meaning) = self.still_the_user(tx).await?
                {
                    return Ok(Tried::Refused(Blamed { member, write: None, meaning }));
                }
            }
        }
        match self.settle_unit(tx, unit, prepared).await? {
            Some(refused) => Ok(refused),
            None => Ok(Tried::Applied(merged, left)),
        }
    }

    /// What can only be checked when everything is written: duplicates, and rules that were deferred.
    async fn settle_unit(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        unit: &Unit<'_>,
        prepared: &[Result<Prepared<'_>, Refusal>],
    ) -> Result<Option<Tried>, PlatformError> {
        let members: Vec<usize> = unit.standing().map(|(member, _)| member).collect();
        let written: Vec<Written<'_>> = unit
            .standing()
            .flat_map(|(member, operation)| writes_of(prepared, member).map(move |write| written(operation, write)))
            .collect();
        let owners: Vec<usize> =
            members.iter().flat_map(|member| writes_of(prepared, *member).map(move |_| *member)).collect();
        let begun = Instant::now();
        let found = match duplicates_of(tx, self.metadata, self.rules, &written, &self.identity()).await {
            Ok(found) => found,
            Err(error) => {
                let meaning = self.broken_rule(error, begun)?;
                return Ok(Some(Tried::Refused(Blamed { member: owners[0], write: None, meaning })));
            }
        };
        if let Some((place, found)) = found.into_iter().next() {
            let meaning = Meaning::Decided(duplicate(found, written[place].entity));
            return Ok(Some(Tried::Refused(Blamed { member: owners[place], write: None, meaning })));
        }
        let Some(meaning) = self.settle(tx).await? else { return Ok(None) };
        let touches = |member: usize| match &meaning {
            Meaning::Refused(failure) => writes_of(prepared, member).any(|write| failure.is_about(write.table)),
            Meaning::Decided(_) => false,
        };
        match unit.blame(touches) {
            Some(member) => Ok(Some(Tried::Refused(Blamed { member, write: Some(0), meaning }))),
            None => Err(PlatformError::Setup("a rule was broken although nothing was written".to_owned())),
        }
    }
}

fn writes_of<'w>(prepared: &'w [Result<Prepared<'w>, Refusal>], member: usize) -> impl Iterator<Item = &'w Write<'w>> {
    prepared[member].iter().flat_map(|prepared| &prepared.writes)
}

/// A write, as the rules about duplicates look at it.
pub(super) fn written<'w>(operation: &Operation, write: &'w Write<'_>) -> Written<'w> {
    Written {
        object_id: write.object_id,
        entity: &write.table.entity,
        command: write.command,
        attributes: names(write).collect(),
        create_anyway: operation.create_anyway,
    }
}

fn duplicate(found: Found, entity: &str) -> Refusal {
    let Found { rule, candidates } = found;
    let refusal = Refusal::new(&format!("this {entity} looks like one that is there already ({rule})"));
    Refusal { kind: Kind::Duplicate(candidates), ..refusal.by_rule(&rule) }
}

/// The names of the attributes that a write sets.
pub(super) fn names<'w>(write: &'w Write<'_>) -> impl Iterator<Item = String> + 'w {
    write.values.iter().map(|(column, _)| column.attribute.name.clone())
}

/// What is known of a row within a unit that has left rows so.
fn known_of(known: &HashMap<Object, Known>, left: &HashMap<Object, Left>, write: &Write<'_>) -> Known {
    let object = object_written(write);
    let mut known = known.get(&object).cloned().unwrap_or_default();
    if let Some(here) = left.get(&object) {
        known.here = Some(here.clone());
    }
    known
}
