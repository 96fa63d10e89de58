//! What would become of the queue, without anything becoming of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sojourn_metadata::Metadata;
use sojourn_runtime::clock;
use sojourn_wire::message::operation::VerdictKind;

use super::answer::{Answer, counted, plain_table};
use super::errors::{candidates, conflicts, like};
use super::travel::connect;
use super::travelled::COLUMNS;
use crate::error::AgentError;
use crate::playback::{self, Settled};
use crate::progress::Progress;

/// What the server would say to the queue.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// Always: nothing was changed, here or there.
    pub dry_run: bool,
    /// One for each operation that was tried, in order. Their numbers are tentative.
    pub verdicts: Vec<Settled>,
    /// How many operations were not tried, because they do not fit into one message or can never be sent.
    pub untried: u64,
    /// The device's entities.
    #[serde(skip)]
    metadata: Option<Metadata>,
}

/// Asks what would become of the queue.
///
/// # Errors
/// [`AgentError`]; nothing is changed, whatever happens.
pub async fn dry_run(folder: &Path, patience: Duration, mut progress: Progress) -> Result<Answer, AgentError> {
    let (_home, store, link) = connect(folder, patience, &mut progress).await?;
    progress.begin("asking what would become of the queue");
    let metadata = store.run("reading the metadata", |store| Ok(store.metadata().map(|(_, m)| m.clone()))).await?;
    let (id, most_bytes) = (clock::fresh_id(), playback::chunk_bytes());
    let taken = store.run("reading the queue", move |store| store.dry_take_up(id, most_bytes)).await?;
    let mut answer = DryRun { dry_run: true, verdicts: Vec::new(), untried: 0, metadata };
    if let Some((mut taken, untried)) = taken {
        answer.untried = untried;
        if !taken.chunk.operations.is_empty() {
            let verdicts = playback::verdicts(&store, &link, &mut taken, patience).await?;
            answer.verdicts = playback::settled(&taken.chunk, verdicts, answer.metadata.as_ref());
        }
    }
    progress.end();
    Ok(Answer::DryRun(answer))
}

impl DryRun {
    /// Whether something would be refused.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.refused().next().is_some()
    }

    fn refused(&self) -> impl Iterator<Item = &Settled> {
        self.verdicts.iter().filter(|settled| !settled.is_done())
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.verdicts.is_empty() && self.untried == 0 {
            return write!(f, "Nothing waits to be played back.");
        }
        let mut table = plain_table(&COLUMNS);
        let mut counts: BTreeMap<VerdictKind, u64> = BTreeMap::new();
        for settled in &self.verdicts {
            *counts.entry(settled.verdict.verdict).or_default() += 1;
            table.add_row(settled.row());
        }
        let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {}", kind.word())).collect();
        writeln!(
            f,
            "A dry run: nothing was changed. {} would be: {}",
            counted(self.verdicts.len() as u64, "operation"),
            counts.join(", ")
        )?;
        writeln!(f, "{table}")?;
        self.refused().try_for_each(|settled| self.write_detail(f, settled))?;
        match self.untried {
            0 => Ok(()),
            1 => write!(f, "\n1 more operation was not tried: one dry run has no room for it"),
            untried => write!(f, "\n{untried} more operations were not tried: one dry run has no room for them"),
        }
    }
}

impl DryRun {
    fn write_detail(&self, f: &mut fmt::Formatter<'_>, settled: &Settled) -> fmt::Result {
        let verdict = &settled.verdict;
        if !verdict.conflicts.is_empty() {
            writeln!(f, "\nOperation {} conflicts:\n{}", verdict.sequence, conflicts(&verdict.conflicts))?;
        }
        if !verdict.candidates.is_empty() {
            let all = verdict.candidates.iter().map(|candidate| like(candidate.clone(), self.metadata.as_ref()));
            let all: Vec<_> = all.collect();
            writeln!(f, "\nOperation {} looks like:\n{}", verdict.sequence, candidates(&all))?;
        }
        match verdict.cause {
            Some(cause) => writeln!(f, "\nOperation {} would wait for operation {cause}", verdict.sequence),
            None => Ok(()),
        }
    }
}
