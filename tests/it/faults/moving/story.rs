//! A story: rounds of broken runs, each of which ends with a whole one.

use std::collections::BTreeMap;
use std::fmt;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::agent::Agent;
use super::books::{Books, Sums};
use super::change::Author;
use super::fault::Fault;
use super::reader::{Reader, Seen};
use super::stage::Stage;
use super::tap::Tap;
use crate::support::Device;

/// Agents here give up soon, so that they are run again.
const BROKEN: [&str; 3] = ["go-offline", "--patience", "5"];
/// These may wait for messages that are handed out again.
const WHOLE: [&str; 3] = ["go-offline", "--patience", "60"];
/// About what a first load takes on the wire, in bytes, and a later session.
const FIRST_BYTES: u64 = 380_000;
const LATER_BYTES: u64 = 24_000;

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    stories: u64,
    rounds: u64,
    faults: BTreeMap<String, u64>,
    /// Runs among faults, of first loads and of later ones, and those that went through nevertheless.
    first: u64,
    later: u64,
    through: u64,
    sums: Sums,
    seen: Seen,
}

impl Counts {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.stories += other.stories;
        self.rounds += other.rounds;
        other.faults.into_iter().for_each(|(fault, count)| *self.faults.entry(fault).or_default() += count);
        self.first += other.first;
        self.later += other.later;
        self.through += other.through;
        self.sums.sessions += other.sums.sessions;
        self.sums.files += other.sums.files;
        self.sums.rows += other.sums.rows;
        self.sums.changed += other.sums.changed;
        self.sums.again += other.sums.again;
        self.saw(other.seen);
    }

    fn runs(&mut self, later: bool, went_through: bool) {
        self.first += u64::from(!later);
        self.later += u64::from(later);
        self.through += u64::from(went_through);
    }

    fn saw(&mut self, seen: Seen) {
        self.seen.looks += seen.looks;
        self.seen.changes += seen.changes;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stories, rounds, faults, first, later, through, sums, seen } = self;
        let Sums { sessions, files, rows, changed, again } = sums;
        let all: u64 = faults.values().sum();
        write!(
            f,
            "{all} faults in {rounds} rounds of {stories} stories ({first} first loads and {later} later \
             runs among them, of which {through} went through): {faults:?}; {sessions} sessions, {files} files, {rows} rows, of which \
             {again} again before PostSync, {changed} again because they had changed, and none else; readers looked \
             {} times and saw {} changes, never half of one",
            seen.looks, seen.changes
        )
    }
}

/// A device's part in the story.
struct Part {
    books: Books,
    /// Whether a session was ever finished there.
    loaded: bool,
    /// Once everything is there.
    reader: Option<Reader>,
}

impl Part {
    fn new(device: &Device) -> Self {
        Self { books: Books::new(device.subscription.clone()), loaded: false, reader: None }
    }
}

/// A story.
pub struct Story {
    stage: Stage,
    tap: Tap,
    author: Author,
    parts: Vec<Part>,
    chance: ChaCha8Rng,
    counts: Counts,
}

impl Story {
    /// Begins it.
    pub async fn begin(seed: u64) -> Self {
        let stage = Stage::set().await;
        let tap = Tap::install(stage.world.stack.administrator()).await;
        let mut users: Vec<_> = stage.world.devices.iter().map(|device| device.user_id).collect();
        users.dedup();
        let author = Author::begin(stage.world.admin(), users).await;
        let parts = stage.world.devices.iter().map(Part::new).collect();
        let counts = Counts { stories: 1, ..Counts::default() };
        Self { stage, tap, author, parts, chance: ChaCha8Rng::seed_from_u64(seed), counts }
    }

    /// One round: runs of some devices are broken while the server changes, whole ones follow, and all accounts are
    /// settled.
    pub async fn round(&mut self) {
        self.counts.rounds += 1;
        let devices = self.some_devices();
        if self.chance.random_bool(0.5) {
            self.set_up_anew(devices[0]).await;
        }
        for _ in 0..self.chance.random_range(3..8) {
            if self.chance.random_bool(0.5) {
                self.audit().await;
            }
            self.change().await;
            self.broken(&devices).await;
        }
        self.settle(&devices).await;
    }

    /// A device gets a new folder, and holds nothing.
    async fn set_up_anew(&mut self, device: usize) {
        self.audit().await;
        let part = &mut self.parts[device];
        if let Some(reader) = part.reader.take() {
            self.counts.saw(reader.end());
        }
        part.loaded = false;
        part.books.start_over();
        self.stage.set_up_anew(device).await;
    }

    /// There is something to be moved. No agent is at work, so that no session comes to its end meanwhile.
    async fn change(&mut self) {
        if self.chance.random_bool(0.7) {
            self.author.mark().await;
        }
        for _ in 0..self.chance.random_range(1..3) {
            self.author.change(&mut self.chance).await;
        }
    }

    /// Undisturbed, these devices end equal to the server's view, which is what was PostSynced.
    async fn settle(&mut self, devices: &[usize]) {
        for device in devices {
            self.whole(*device).await;
        }
        self.audit().await;
        for device in devices {
            let rows = self.stage.world.assert_converged(*device).await;
            let part = &mut self.parts[*device];
            assert_eq!(part.books.settled(), rows, "device {device}: what it holds was PostSynced");
            let reader = Reader::start(&self.stage.world.devices[*device]);
            if let Some(before) = part.reader.replace(reader) {
                self.counts.saw(before.end());
            }
        }
    }

    /// One or two.
    fn some_devices(&mut self) -> Vec<usize> {
        let first = self.chance.random_range(0..self.parts.len());
        let mut devices = vec![first];
        if self.chance.random_bool(0.5) {
            devices.push((first + 1) % self.parts.len());
        }
        devices
    }

    /// Runs of these devices, with faults at random points.
    async fn broken(&mut self, devices: &[usize]) {
        let mut agents: Vec<Agent> = devices.iter().map(|device| self.stage.start(*device, &BROKEN)).collect();
        for _ in 0..self.chance.random_range(1..6) {
            let at = self.chance.random_range(0..devices.len());
            let (device, agent) = (devices[at], &mut agents[at]);
            let most = if self.parts[device].loaded { LATER_BYTES } else { FIRST_BYTES };
            let bytes = self.chance.random_range(0..most);
            if !self.stage.until_passed(device, agent, bytes).await {
                continue;
            }
            if self.chance.random_bool(0.2) {
                self.author.change(&mut self.chance).await;
            }
            let fault = Fault::any(&mut self.chance);
            fault.strike(&mut self.stage, device, agent, &mut self.chance).await;
            *self.counts.faults.entry(fault.name()).or_default() += 1;
        }
        for (device, agent) in devices.iter().zip(&mut agents) {
            let went_through = agent.ended().await;
            let part = &mut self.parts[*device];
            self.counts.runs(part.loaded, went_through);
            part.loaded |= went_through;
        }
    }

    /// A run that nothing disturbs. The services may still be about to find their way back.
    async fn whole(&mut self, device: usize) {
        for _ in 0..5 {
            let mut agent = self.stage.start(device, &WHOLE);
            if agent.ended().await {
                self.parts[device].loaded = true;
                return;
            }
            println!("device {device} must try again: {}", agent.words().lines().last().unwrap_or_default());
        }
        panic!("device {device} was not served in five tries");
    }

    /// Enters what has passed into everybody's books.
    async fn audit(&mut self) {
        self.stage.until_quiet().await;
        let (passed, touched) = (self.tap.read().await, self.author.touched().await);
        for part in &mut self.parts {
            let sessions = part.books.sessions(self.stage.world.admin()).await;
            part.books.enter(&sessions, &passed, &touched, &mut self.counts.sums);
        }
    }

    /// Ends it.
    pub async fn end(mut self) -> Counts {
        let everybody: Vec<usize> = (0..self.parts.len()).collect();
        self.settle(&everybody).await;
        for part in &mut self.parts {
            if let Some(reader) = part.reader.take() {
                self.counts.saw(reader.end());
            }
        }
        self.stage.world.stop().await;
        self.counts
    }
}
