//! Stories of a run: in order, repeated, reordered, cut short.

use proptest::prelude::*;
use sojourn_wire::message::batch::BatchKind;
use sojourn_wire::message::sync_info::ServerTime;

use super::*;

fn session() -> Uuid {
    Uuid::from_u128(7)
}

fn prepared() -> Event {
    let dataset = "crm".parse().expect("a token");
    let (metadata_version, entities, next_sequence, elapsed_ms) = (1, vec![], 1, 3);
    let session = session();
    Event::Prepared(PrepareOutcome::Prepared {
        session,
        dataset,
        metadata_version,
        entities,
        prepare_seq: 1,
        reinitialise: false,
        next_sequence,
        elapsed_ms,
    })
}

fn ready(batch: u32) -> Event {
    let outcome = BatchOutcome::Ready {
        object_type_code: 1,
        content: BatchKind::Rows,
        rows: 5,
        bytes: 100,
        parts: 1,
        row_bytes: 300,
        server: ServerTime::default(),
    };
    Event::Manifest { batch, outcome }
}

fn end(batch: u32) -> Event {
    Event::Manifest { batch, outcome: BatchOutcome::End }
}

fn moving(later: bool) -> Machine {
    let mut machine = Machine::new();
    assert!(matches!(machine.step(prepared())[..], [Effect::Begin(_)]));
    assert_eq!(machine.step(Event::Begun { later }), [awaiting(1)]);
    machine
}

fn ack(batch: u32, stage: Stage) -> Effect {
    Effect::Acknowledge { session: session(), batch, stage }
}

fn awaiting(batch: u32) -> Effect {
    Effect::AwaitManifest { session: session(), batch }
}

fn fetch(batch: u32) -> Effect {
    Effect::Fetch { session: session(), batch, parts: 1, bytes: 100 }
}

fn settling(last: u32) -> [Effect; 2] {
    [ack(last, Stage::Finished), Effect::AwaitSettled { session: session() }]
}

#[test]
fn the_first_session_loads_each_batch_as_it_comes() {
    let mut machine = moving(false);
    // While a file is fetched, the next manifest is awaited.
    assert_eq!(machine.step(ready(1)), [fetch(1), awaiting(2)]);
    assert_eq!(machine.step(Event::Fetched { batch: 1 }), [ack(1, Stage::Received), Effect::Check { batch: 1 }]);
    assert_eq!(machine.step(ready(2)), [fetch(2), awaiting(3)]);
    assert_eq!(machine.step(Event::Checked { batch: 1 }), [Effect::Load { batch: 1 }]);
    // The first is being loaded while the second is checked.
    assert_eq!(machine.step(Event::Fetched { batch: 2 }), [ack(2, Stage::Received), Effect::Check { batch: 2 }]);
    assert_eq!(machine.step(Event::Checked { batch: 2 }), []);
    assert_eq!(machine.step(end(3)), []);
    let next = [ack(1, Stage::PostSynced), Effect::Load { batch: 2 }];
    assert_eq!(machine.step(Event::Durable { batch: 1 }), next);
    let [finished, await_settled] = settling(2);
    assert_eq!(machine.step(Event::Durable { batch: 2 }), [ack(2, Stage::PostSynced), finished, await_settled]);
    assert_eq!(machine.step(Event::Settled { pending: 0 }), [Effect::End { session: session() }]);
    assert_eq!(machine.step(Event::Ended), [Effect::Stop(Ending::Complete { pending: 0 })]);
}

#[test]
fn a_later_session_spools_each_batch_and_applies_them_together() {
    let mut machine = moving(true);
    let _ = machine.step(ready(1));
    let _ = machine.step(Event::Fetched { batch: 1 });
    assert_eq!(machine.step(Event::Checked { batch: 1 }), [Effect::Spool { batch: 1 }]);
    // What is spooled is durable: PostSync does not wait for the end.
    assert_eq!(machine.step(Event::Durable { batch: 1 }), [ack(1, Stage::PostSynced)]);
    assert_eq!(machine.step(end(2)), [Effect::Apply { session: session() }]);
    assert_eq!(machine.step(Event::Applied), settling(1));
}

#[test]
fn nothing_to_move() {
    assert_eq!(moving(false).step(end(1)), settling(0));
    // What an earlier session has left behind is applied all the same.
    let mut later = moving(true);
    assert_eq!(later.step(end(1)), [Effect::Apply { session: session() }]);
    assert_eq!(later.step(Event::Applied), settling(0));
}

#[test]
fn a_slow_database_holds_everything_up() {
    let mut machine = moving(false);
    let _ = machine.step(ready(1));
    for batch in 1..=3 {
        let _ = machine.step(Event::Fetched { batch });
        let _ = machine.step(Event::Checked { batch });
        let _ = machine.step(ready(batch + 1));
    }
    // 1 is written, 2 is checked, 3 waits, 4 is described: there is no room for its file.
    assert_eq!((machine.writing, machine.checked, machine.fetched), (Some(1), Some(2), Some(3)));
    assert_eq!(machine.described.map(|file| file.batch), Some(4));
    let moved_on = machine.step(Event::Durable { batch: 1 });
    let expected =
        [ack(1, Stage::PostSynced), Effect::Load { batch: 2 }, Effect::Check { batch: 3 }, fetch(4), awaiting(5)];
    assert_eq!(moved_on, expected);
}

#[test]
fn a_session_begins_with_its_number_and_what_is_due_after_it() {
    let mut machine = Machine::new();
    let Event::Prepared(mut outcome) = prepared() else { unreachable!("it is prepared") };
    if let PrepareOutcome::Prepared { prepare_seq, reinitialise, .. } = &mut outcome {
        (*prepare_seq, *reinitialise) = (8, true);
    }
    let effects = machine.step(Event::Prepared(outcome));
    let [Effect::Begin(begin)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((begin.session, begin.prepare_seq, begin.reinitialise), (session(), 8, true));
    assert_eq!(begin.prepare_ms, 3);
}

#[test]
fn refusals_stop_with_their_words() {
    let refused = |event| {
        let mut machine = if matches!(event, Event::Prepared(_)) { Machine::new() } else { moving(true) };
        machine.step(event)
    };
    let words = || "no".to_owned();
    assert_eq!(
        refused(Event::Prepared(PrepareOutcome::Refused { reason: words() })),
        [Effect::Stop(Ending::Refused(words()))]
    );
    let failed = BatchOutcome::Failed { reason: words() };
    assert_eq!(refused(Event::Manifest { batch: 1, outcome: failed }), [Effect::Stop(Ending::Refused(words()))]);
    assert_eq!(refused(Event::Prepared(PrepareOutcome::Unknown)), [Effect::Stop(Ending::TooNew)]);
    let unknown = Event::Manifest { batch: 1, outcome: BatchOutcome::Unknown };
    assert_eq!(refused(unknown), [Effect::Stop(Ending::TooNew)]);
}

#[test]
fn what_comes_again_changes_nothing() {
    let mut machine = moving(true);
    let _ = machine.step(ready(1));
    let _ = machine.step(Event::Fetched { batch: 1 });
    let _ = machine.step(Event::Checked { batch: 1 });
    let before = machine.clone();
    let (begun, checked) = (Event::Begun { later: false }, Event::Checked { batch: 1 });
    let settled = Event::Settled { pending: 0 };
    let again = [prepared(), begun, ready(1), Event::Fetched { batch: 1 }, checked, Event::Applied, settled];
    for event in again.into_iter().chain([Event::Durable { batch: 2 }, Event::Ended, ready(3)]) {
        assert_eq!(machine.step(event.clone()), [], "{event:?}");
    }
    assert_eq!(machine, before);
}

/// What became of a run that was driven to its end, or cut short.
#[derive(Default)]
struct Story {
    acks: Vec<(Stage, u32)>,
    /// Batches in the tables or spooled, in order.
    durable: Vec<u32>,
    applied: bool,
    over: bool,
}

impl Story {
    fn batches(&self, stage: Stage) -> Vec<u32> {
        self.acks.iter().filter(|(s, _)| *s == stage).map(|(_, batch)| *batch).collect()
    }

    /// Drives a machine through a session of so many batches. Of what is under way, `choices` decide what is done
    /// next; when they are used up, the device dies.
    fn tell(later: bool, batches: u32, choices: &[prop::sample::Index]) -> Result<Self, TestCaseError> {
        let mut machine = moving(later);
        let mut story = Self::default();
        let mut pending = vec![awaiting(1)];
        for choice in choices {
            if pending.is_empty() {
                break;
            }
            let event = match pending.remove(choice.index(pending.len())) {
                Effect::AwaitManifest { batch, .. } if batch > batches => end(batch),
                Effect::AwaitManifest { batch, .. } => ready(batch),
                Effect::Fetch { batch, .. } => Event::Fetched { batch },
                Effect::Check { batch } => Event::Checked { batch },
                Effect::Load { batch } | Effect::Spool { batch } => {
                    story.durable.push(batch);
                    Event::Durable { batch }
                }
                Effect::Apply { .. } => {
                    prop_assert_eq!(story.durable.len() as u32, batches, "nothing is applied of half a session");
                    story.applied = true;
                    Event::Applied
                }
                Effect::AwaitSettled { .. } => Event::Settled { pending: 0 },
                Effect::End { .. } => Event::Ended,
                other => unreachable!("{other:?} is done at once"),
            };
            for effect in machine.step(event) {
                story.take(effect, &mut pending)?;
            }
            story.check_room(&machine, &pending)?;
        }
        Ok(story)
    }

    fn take(&mut self, effect: Effect, pending: &mut Vec<Effect>) -> Result<(), TestCaseError> {
        match effect {
            Effect::Acknowledge { batch, stage, .. } => {
                let safe = stage == Stage::Received || batch == 0 || self.durable.contains(&batch);
                prop_assert!(safe, "{:?} of {} before it is durable", stage, batch);
                self.acks.push((stage, batch));
            }
            Effect::Stop(ending) => {
                prop_assert_eq!(ending, Ending::Complete { pending: 0 });
                self.over = true;
            }
            other => pending.push(other),
        }
        Ok(())
    }

    /// At most two files on their way or waiting, one being checked, one being written.
    fn check_room(&self, machine: &Machine, pending: &[Effect]) -> Result<(), TestCaseError> {
        let count = |wanted: fn(&Effect) -> bool| pending.iter().filter(|effect| wanted(effect)).count();
        let awaiting = count(|effect| matches!(effect, Effect::AwaitManifest { .. }));
        let fetching = count(|effect| matches!(effect, Effect::Fetch { .. }));
        let writing = count(|effect| matches!(effect, Effect::Load { .. } | Effect::Spool { .. }));
        prop_assert!(awaiting <= 1 && fetching <= 1 && writing <= 1, "{:?}", pending);
        prop_assert!(machine.checking.is_none() || machine.checked.is_none());
        let received = self.batches(Stage::Received).len();
        prop_assert!(received <= self.durable.len() + 3, "{} files are held", received - self.durable.len());
        Ok(())
    }
}

proptest! {
    /// However the places interleave: every batch is received, made durable and PostSynced once and in order, and
    /// PostSync follows.
    #[test]
    fn every_interleaving_keeps_the_order(
        later in any::<bool>(),
        batches in 0..12u32,
        choices in prop::collection::vec(any::<prop::sample::Index>(), 100),
    ) {
        let story = Story::tell(later, batches, &choices)?;
        prop_assert!(story.over);
        prop_assert_eq!(story.applied, later);
        let all: Vec<u32> = (1..=batches).collect();
        prop_assert_eq!(story.batches(Stage::Received), all.clone());
        prop_assert_eq!(story.batches(Stage::PostSynced), all.clone());
        prop_assert_eq!(story.batches(Stage::Finished), [batches]);
        prop_assert_eq!(story.acks.last(), Some(&(Stage::Finished, batches)));
        prop_assert_eq!(story.durable, all);
    }

    /// Wherever the device dies: what was PostSynced is what became durable, and the next session, which the server
    /// makes of the rest, brings exactly that.
    #[test]
    fn a_session_cut_short_is_completed_by_the_next(
        later in any::<bool>(),
        batches in 0..8u32,
        cut in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        rest in prop::collection::vec(any::<prop::sample::Index>(), 100),
    ) {
        let first = Story::tell(later, batches, &cut)?;
        prop_assert_eq!(first.batches(Stage::PostSynced), first.durable.clone());
        let settled = first.durable.len() as u32;
        let second = Story::tell(later, batches - settled, &rest)?;
        prop_assert!(second.over);
        prop_assert_eq!(second.durable.len() as u32 + settled, batches, "nothing is sent twice, and nothing is missing");
    }
}
