//! A device that works offline and plays back what it did, over and over, and believes no answer that it does not expect.

use std::path::Path;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sojourn_agent::home::Credentials;
use sojourn_agent::link::Link;
use sojourn_runtime::clock;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::operation::{ChunkOutcome, Operation, OperationChunk, Verdict};
use tokio::time::Instant;

use super::model::{Fate, Model};
use super::queue::Queue;
use crate::support::sender::chunk;

/// The most operations of a chunk, as agents keep to it.
const MOST: usize = 200;
/// What has no answer is sent again after this long.
const SILENCE: Duration = Duration::from_millis(1_500);
/// A number that no operation of a story reaches.
const FAR: u64 = 1_000_000;

/// How a device behaves.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Operations that it numbers, about.
    pub operations: u64,
    /// With what chance it sends each chunk twice at once.
    pub twice: f64,
    /// How long one chunk may take to be answered.
    pub patience: Duration,
}

/// What a device has been through.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub chunks: u64,
    pub repeated: u64,
    pub overlapping: u64,
    pub at_once: u64,
    pub dry: u64,
    pub ignored: u64,
    pub silent: u64,
}

/// A device.
pub struct Device {
    pub subscription: SubscriptionId,
    pub model: Model,
    /// The answers, by sequence from 1.
    pub answers: Vec<Verdict>,
    pub counts: Counts,
    link: Link,
    queue: Queue,
    /// What was sent, by sequence from 1.
    sent: Vec<Operation>,
    chance: ChaCha8Rng,
    habits: Habits,
}

impl Device {
    /// A device that lets itself in with these credentials.
    pub async fn connect(credentials: &Path, seed: u64, habits: Habits) -> Self {
        let text = std::fs::read_to_string(credentials).expect("the credentials");
        let credentials: Credentials = serde_json::from_str(&text).expect("credentials");
        let link = Link::connect(&credentials, SILENCE * 10).await.expect("a connection");
        Self {
            subscription: credentials.subscription,
            model: Model::default(),
            answers: Vec::new(),
            counts: Counts::default(),
            link,
            queue: Queue::default(),
            sent: Vec::new(),
            chance: ChaCha8Rng::seed_from_u64(seed),
            habits,
        }
    }

    /// Works and plays back until everything is done or given up. Says what was not as it should be.
    pub async fn live(&mut self) -> Result<(), String> {
        while let Some(chunk) = self.next_chunk() {
            let behind = usize::try_from(self.next() - chunk.first).unwrap_or(usize::MAX);
            let new = &chunk.operations[behind..];
            let expected = self.model.play(new);
            self.sent.extend_from_slice(new);
            self.counts.chunks += 1;
            if self.chance.random_bool(0.05) {
                self.rehearse(&chunk, behind, &expected).await?;
            }
            let verdicts = self.play_back(chunk).await?;
            self.believe(&verdicts[behind..], &expected)?;
            self.answers.extend_from_slice(&verdicts[behind..]);
            self.queue.answered(&expected);
            self.repeat().await?;
        }
        Ok(())
    }

    fn next(&self) -> u64 {
        self.answers.len() as u64 + 1
    }

    /// The next operations; now and then they begin with some that have their answers.
    fn next_chunk(&mut self) -> Option<OperationChunk> {
        let about = match self.chance.random_bool(0.2) {
            true => self.chance.random_range(50..=150),
            false => self.chance.random_range(1..30),
        };
        let is_over = self.next() > self.habits.operations;
        while !is_over && self.queue.waiting() < about {
            self.queue.work(&mut self.chance);
        }
        for root in self.queue.roots() {
            if is_over || self.chance.random_bool(0.3) {
                self.queue.settle(root, &mut self.chance);
            }
        }
        let new = self.queue.take(about, self.next());
        if new.is_empty() {
            return None;
        }
        let most = self.answers.len().min(MOST.saturating_sub(new.len()));
        let again = if self.chance.random_bool(0.15) { self.chance.random_range(0..=most) } else { 0 };
        self.counts.overlapping += u64::from(again > 0);
        let old = self.sent[self.sent.len() - again..].to_vec();
        Some(chunk(self.next() - again as u64, [old, new].concat()))
    }

    /// Sends a chunk until it is answered, and the answer believed.
    async fn play_back(&mut self, mut chunk: OperationChunk) -> Result<Vec<Verdict>, String> {
        let give_up = Instant::now() + self.habits.patience;
        loop {
            let twice = self.chance.random_bool(self.habits.twice);
            let answers = match twice {
                false => vec![self.link.replay(&chunk, SILENCE).await],
                true => {
                    self.counts.at_once += 1;
                    let other = OperationChunk { chunk: clock::fresh_id(), ..chunk.clone() };
                    let both = tokio::join!(self.link.replay(&chunk, SILENCE), self.link.replay(&other, SILENCE));
                    vec![both.0, both.1]
                }
            };
            let mut heard: Vec<Vec<Verdict>> = Vec::new();
            for answer in answers {
                match answer {
                    Ok(ChunkOutcome::Verdicts { verdicts }) => heard.push(verdicts),
                    Ok(other) => return Err(format!("{} at {}: {other:?}", self.subscription, chunk.first)),
                    Err(_) => self.counts.silent += 1,
                }
            }
            if heard.windows(2).any(|both| both[0] != both[1]) {
                return Err(format!("{} at {}: two answers: {heard:?}", self.subscription, chunk.first));
            }
            match heard.pop() {
                Some(verdicts) if !self.chance.random_bool(0.05) => {
                    self.remembered(chunk.first, &verdicts)?;
                    return Ok(verdicts);
                }
                heard => self.counts.ignored += u64::from(heard.is_some()),
            }
            if Instant::now() > give_up {
                return Err(format!("{} at {}: no answer", self.subscription, chunk.first));
            }
            if self.chance.random_bool(0.5) {
                chunk.chunk = clock::fresh_id();
            }
        }
    }

    /// Asks what would become of a chunk. It may come true before that is answered.
    async fn rehearse(&mut self, chunk: &OperationChunk, behind: usize, expected: &[Fate]) -> Result<(), String> {
        let dry = OperationChunk { chunk: clock::fresh_id(), dry_run: true, ..chunk.clone() };
        self.counts.dry += 1;
        match self.link.replay(&dry, SILENCE).await {
            Ok(ChunkOutcome::Verdicts { verdicts }) => self.believe(&verdicts[behind..], expected),
            Ok(other) => Err(format!("{} rehearses {}: {other:?}", self.subscription, chunk.first)),
            Err(_) => Ok(()),
        }
    }

    /// Sends now and then what has its answers, and now and then what nobody has sent yet.
    async fn repeat(&mut self) -> Result<(), String> {
        if self.chance.random_bool(0.03) {
            let operations = self.sent.iter().take(3).cloned().collect();
            match self.link.replay(&chunk(FAR, operations), SILENCE).await {
                Ok(ChunkOutcome::Gap { expected }) if expected == self.next() => {}
                Err(_) => {}
                Ok(other) => return Err(format!("{} too early: {other:?}", self.subscription)),
            }
        }
        if self.chance.random_bool(0.1) {
            let (first, last) = (self.chance.random_range(1..self.next()), self.next() - 1);
            let last = self.chance.random_range(first..=last.min(first + MOST as u64 - 1));
            let operations = self.sent[first as usize - 1..last as usize].to_vec();
            self.counts.repeated += 1;
            match self.link.replay(&chunk(first, operations), SILENCE).await {
                Ok(ChunkOutcome::Verdicts { verdicts }) => self.remembered(first, &verdicts)?,
                Err(_) => {}
                Ok(other) => return Err(format!("{} repeats {first}-{last}: {other:?}", self.subscription)),
            }
        }
        Ok(())
    }

    /// What has its answer is answered as before.
    fn remembered(&self, first: u64, verdicts: &[Verdict]) -> Result<(), String> {
        let before = &self.answers[(first as usize - 1).min(self.answers.len())..];
        match before.iter().zip(verdicts).find(|(before, now)| before != now) {
            None => Ok(()),
            Some(both) => Err(format!("{}: answered anew: {both:?}", self.subscription)),
        }
    }

    /// The verdicts are those that the rules come to.
    fn believe(&self, verdicts: &[Verdict], expected: &[Fate]) -> Result<(), String> {
        let fate =
            |verdict: &Verdict| Fate { sequence: verdict.sequence, verdict: verdict.verdict, cause: verdict.cause };
        let wrong = verdicts.iter().zip(expected).find(|(verdict, expected)| fate(verdict) != **expected);
        match wrong {
            None if verdicts.len() == expected.len() => Ok(()),
            None => Err(format!("{}: {} verdicts on {}", self.subscription, verdicts.len(), expected.len())),
            Some((verdict, expected)) => {
                let sent = &self.sent[expected.sequence as usize - 1];
                Err(format!("{}: expected {expected:?} of {sent:?}, and got {verdict:?}", self.subscription))
            }
        }
    }
}
