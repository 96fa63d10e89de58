//! Stories of a run: in order, repeated, reordered.

use proptest::prelude::*;
use sojourn_wire::message::batch::BatchKind;

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
    let outcome = BatchOutcome::Ready { object_type_code: 1, content: BatchKind::Rows, rows: 5, bytes: 100, parts: 1 };
    Event::Manifest { batch, outcome }
}

fn moving() -> Machine {
    let mut machine = Machine::new();
    assert!(matches!(machine.step(prepared())[..], [Effect::Begin(_)]));
    assert_eq!(machine.step(Event::Begun), [Effect::AwaitManifest { session: session(), batch: 1 }]);
    machine
}

fn ack(batch: u32, stage: Stage) -> Effect {
    Effect::Acknowledge { session: session(), batch, stage }
}

#[test]
fn a_session_of_two_batches() {
    let mut machine = moving();
    assert_eq!(machine.step(ready(1)), [Effect::Fetch { session: session(), batch: 1, parts: 1, bytes: 100 }]);
    let await_2 = Effect::AwaitManifest { session: session(), batch: 2 };
    assert_eq!(
        machine.step(Event::Fetched { batch: 1 }),
        [ack(1, Stage::Received), Effect::Load { batch: 1 }, await_2]
    );
    let _ = machine.step(ready(2));
    // The first is still being loaded: the second waits, and a third is not asked for.
    assert_eq!(machine.step(Event::Fetched { batch: 2 }), [ack(2, Stage::Received)]);
    assert_eq!(
        machine.step(Event::Loaded { batch: 1 }),
        [ack(1, Stage::PostSynced), Effect::Load { batch: 2 }, Effect::AwaitManifest { session: session(), batch: 3 }]
    );
    assert_eq!(machine.step(Event::Manifest { batch: 3, outcome: BatchOutcome::End }), []);
    assert_eq!(
        machine.step(Event::Loaded { batch: 2 }),
        [ack(2, Stage::PostSynced), ack(2, Stage::Finished), Effect::AwaitSettled { session: session() }]
    );
    assert_eq!(machine.step(Event::Settled { pending: 0 }), [Effect::End { session: session() }]);
    assert_eq!(machine.step(Event::Ended), [Effect::Stop(Ending::Complete { pending: 0 })]);
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
}

#[test]
fn nothing_to_move() {
    let mut machine = moving();
    assert_eq!(
        machine.step(Event::Manifest { batch: 1, outcome: BatchOutcome::End }),
        [ack(0, Stage::Finished), Effect::AwaitSettled { session: session() }]
    );
}

#[test]
fn refusals_stop_with_their_words() {
    let refused = |event| {
        let mut machine = if matches!(event, Event::Prepared(_)) { Machine::new() } else { moving() };
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
}

#[test]
fn what_comes_again_changes_nothing() {
    let mut machine = moving();
    let _ = machine.step(ready(1));
    let _ = machine.step(Event::Fetched { batch: 1 });
    let before = machine.clone();
    for event in [prepared(), Event::Begun, ready(1), Event::Fetched { batch: 1 }, Event::Settled { pending: 0 }] {
        assert_eq!(machine.step(event.clone()), [], "{event:?}");
    }
    assert_eq!(machine, before);
}

proptest! {
    /// However loading and fetching interleave: every batch is received, loaded and PostSynced once and in order,
    /// PostSync follows its commit, and no more than the allowance is held.
    #[test]
    fn every_interleaving_keeps_the_order(batches in 0..12u32, choices in proptest::collection::vec(any::<bool>(), 200)) {
        let mut machine = moving();
        let mut pending = vec![Effect::AwaitManifest { session: session(), batch: 1 }];
        let (mut acks, mut loads, mut choices) = (Vec::new(), Vec::new(), choices.into_iter());
        let mut over = false;
        while !pending.is_empty() {
            let at = if choices.next().unwrap_or(false) { pending.len() - 1 } else { 0 };
            let event = match pending.remove(at) {
                Effect::AwaitManifest { batch, .. } if batch > batches => {
                    Event::Manifest { batch, outcome: BatchOutcome::End }
                }
                Effect::AwaitManifest { batch, .. } => ready(batch),
                Effect::Fetch { batch, .. } => Event::Fetched { batch },
                Effect::Load { batch } => { loads.push(batch); Event::Loaded { batch } }
                Effect::AwaitSettled { .. } => Event::Settled { pending: 0 },
                Effect::End { .. } => Event::Ended,
                other => unreachable!("{other:?} is done at once"),
            };
            for effect in machine.step(event) {
                match effect {
                    Effect::Acknowledge { batch, stage, .. } => {
                        if stage == Stage::PostSynced { prop_assert!(loads.contains(&batch)); }
                        acks.push((stage, batch));
                    }
                    Effect::Stop(ending) => { prop_assert_eq!(ending, Ending::Complete { pending: 0 }); over = true; }
                    other => pending.push(other),
                }
            }
            prop_assert!(machine.held.len() <= AHEAD);
        }
        prop_assert!(over);
        let of = |stage| acks.iter().filter(|(s, _)| *s == stage).map(|(_, b)| *b).collect::<Vec<_>>();
        let all: Vec<u32> = (1..=batches).collect();
        prop_assert_eq!(of(Stage::Received), all.clone());
        prop_assert_eq!(of(Stage::PostSynced), all.clone());
        prop_assert_eq!(of(Stage::Finished), [batches]);
        prop_assert_eq!(acks.last(), Some(&(Stage::Finished, batches)));
        prop_assert_eq!(loads, all);
    }
}
