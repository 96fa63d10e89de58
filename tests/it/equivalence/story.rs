//! A story: one step after the other, what is counted of it, and what is remembered.

use std::collections::{BTreeMap, VecDeque};

use sojourn_prepare::plan::Why;
use sojourn_prepare::sync::Mode;

use super::check::Prepared;
use super::mutants::Mutation;
use super::steps::statements::{ACCESS, ROWS, SHARES, Statements};
use super::steps::{Done, definition, devices, filters, transactions, upkeep};
use super::world::World;

/// So many steps are told when something is wrong.
const REMEMBERED: usize = 60;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    Share,
    ChangeAccess,
    EndTransaction,
    Ask,
    Device,
    Define,
    RemoveFilter,
    ChangeDefinition,
    Empty,
    Register,
    KeepUp,
}

impl Step {
    /// How often it is in a story in which a mutation is to be noticed: what is rare would be waited for too long.
    fn weight(self, weight: u32, mutation: Option<Mutation>) -> u32 {
        match (mutation, self) {
            (Some(Mutation::Definition), Self::ChangeDefinition)
            | (Some(Mutation::Access), Self::ChangeAccess)
            | (Some(Mutation::Clock), Self::Define)
            | (Some(Mutation::Horizon), Self::KeepUp) => weight * 8,
            _ => weight,
        }
    }
}

/// How often.
const STEPS: &[(u32, Step)] = &[
    (440, Step::Write),
    (50, Step::Share),
    (20, Step::ChangeAccess),
    (90, Step::EndTransaction),
    (200, Step::Ask),
    (120, Step::Device),
    (14, Step::Define),
    (6, Step::RemoveFilter),
    (5, Step::ChangeDefinition),
    (3, Step::Empty),
    (120, Step::Register),
    (20, Step::KeepUp),
];

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    pub steps: u64,
    pub prepares: u64,
    pub refused: u64,
    pub writes: u64,
    pub skipped: u64,
    /// Entities that followed something, that had nothing to follow, and that were evaluated in full.
    pub followed: u64,
    pub still: u64,
    pub full: u64,
    /// What they followed.
    pub candidates: usize,
    /// Why they were evaluated in full.
    pub why: BTreeMap<String, u64>,
}

impl Counts {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.prepares += other.prepares;
        self.refused += other.refused;
        self.writes += other.writes;
        self.skipped += other.skipped;
        self.followed += other.followed;
        self.still += other.still;
        self.full += other.full;
        self.candidates += other.candidates;
        for (why, count) in &other.why {
            *self.why.entry(why.clone()).or_default() += count;
        }
    }

    fn mode(&mut self, mode: &Mode) {
        match mode {
            Mode::Full(why) => {
                self.full += 1;
                *self.why.entry(why.to_string()).or_default() += 1;
            }
            Mode::Incremental(0) => self.still += 1,
            Mode::Incremental(candidates) => {
                self.followed += 1;
                self.candidates += candidates;
            }
        }
    }

    /// A test that never follows, or never writes, would find nothing. What is prepared for the first time cannot
    /// follow.
    pub fn is_meaningful(&self, followed: u64, skipped: u64) -> bool {
        let first = self.why.get(&Why::First.to_string()).copied().unwrap_or_default();
        let could = self.followed + self.still + self.full - first;
        self.followed > 0
            && self.writes > 0
            && self.followed * 100 >= could * followed
            && self.skipped * 100 <= self.writes * skipped
    }
}

/// How a story ends.
#[derive(Debug)]
pub enum Ending {
    Well,
    Wrong(String),
}

/// A story.
pub struct Story {
    pub world: World,
    pub counts: Counts,
    mutation: Option<Mutation>,
    told: VecDeque<String>,
}

impl Story {
    /// Begins it; with a mutation it is told of an algorithm that is broken.
    pub fn begin(world: World, mutation: Option<Mutation>) -> Self {
        Self { world, counts: Counts::default(), mutation, told: VecDeque::new() }
    }

    /// Tells it for so many steps, or until it is enough.
    pub async fn tell(&mut self, steps: u32, enough: impl Fn() -> bool) -> Ending {
        let mutation = self.mutation;
        let weigh = |(weight, step): &(u32, Step)| (step.weight(*weight, mutation), *step);
        let choice: Vec<(u32, Step)> = STEPS.iter().map(weigh).collect();
        for _ in 0..steps {
            if enough() {
                break;
            }
            let step = self.world.chance.weighed(&choice);
            self.counts.steps += 1;
            if let Err(wrong) = self.step(step).await {
                return Ending::Wrong(wrong);
            }
        }
        Ending::Well
    }

    async fn step(&mut self, step: Step) -> Result<(), String> {
        let world = &mut self.world;
        let done = match step {
            Step::Ask => return self.ask().await,
            Step::Write => return self.write(&ROWS).await,
            Step::Share => return self.write(&SHARES).await,
            Step::ChangeAccess => return self.write(&ACCESS).await,
            Step::EndTransaction => transactions::end_one(world).await,
            Step::Device => devices::work(world).await,
            Step::Define => filters::define(world).await,
            Step::RemoveFilter => filters::remove(world).await,
            Step::ChangeDefinition => definition::change(world).await,
            Step::Empty => definition::empty(world).await,
            Step::Register => definition::register_again(world).await,
            Step::KeepUp => upkeep::keep_up(world).await,
        };
        self.remember(done);
        Ok(())
    }

    async fn write(&mut self, statements: Statements) -> Result<(), String> {
        let done = transactions::write(&mut self.world, statements).await;
        self.counts.writes += 1;
        self.counts.skipped += u64::from(done.is_none());
        self.remember(done);
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), String> {
        let (subscriber, prepared) = devices::ask(&mut self.world, self.mutation).await?;
        self.counts.prepares += 1;
        let told = match prepared {
            Prepared::Refused => {
                self.counts.refused += 1;
                "refused".to_owned()
            }
            Prepared::Decided(decided) => {
                decided.modes.iter().for_each(|mode| self.counts.mode(mode));
                format!("{:?}", decided.modes)
            }
        };
        let now = self.world.clock.0;
        self.remember(Some(format!("== prepare of {subscriber} at {now}: {told}")));
        Ok(())
    }

    fn remember(&mut self, done: Done) {
        if let Some(done) = done {
            let number = self.counts.steps;
            self.told.push_back(format!("{number:>4}  {done}"));
            if self.told.len() > REMEMBERED {
                self.told.pop_front();
            }
        }
    }

    /// Its last steps, and what is wrong.
    pub fn so_far(&self, wrong: &str) -> String {
        let told: Vec<&str> = self.told.iter().map(String::as_str).collect();
        let now = self.world.clock.0;
        format!("the last steps of {}:\n{}\nat {now}:\n{wrong}", self.counts.steps, told.join("\n"))
    }

    /// Ends it.
    pub async fn end(self) {
        self.world.end().await;
    }
}
