//! NATS checks the subject of a request, but not that of its reply: an answer that the server sends there must not
//! become somebody else's message.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sojourn_runtime::deadline;
use sojourn_wire::streams::STREAMS;
use sojourn_wire::subject::direct_get;
use sojourn_wire::{Subject, subject};

use super::bus::Probe;
use super::shapes::every_subject;
use crate::support::{World, WorldPlan, run};

const WITHIN: Duration = Duration::from_secs(20);
/// The subjects that the server makes up for replies between accounts begin with this.
const MADE_UP: &str = "_R_.";

/// What a device may ask that somebody answers: streams confirm, services reply, and stored messages are handed out.
fn questions(own: &[Subject]) -> Vec<String> {
    let asked = own.iter().filter(|subject| {
        matches!(
            subject,
            Subject::PrepareRequest { .. } | Subject::Ack { .. } | Subject::Operations { .. } | Subject::Rpc { .. }
        )
    });
    asked.map(Subject::to_string).chain(own.iter().filter_map(direct_get)).collect()
}

/// Subjects of the other device that are stored, or make a service do something.
fn targets(others: &[Subject]) -> Vec<String> {
    let stored = others.iter().filter(|subject| !matches!(subject, Subject::Rpc { .. } | Subject::Schema { .. }));
    stored.map(Subject::to_string).collect()
}

/// Every subject that a stream holds a message of.
async fn stored(world: &World) -> BTreeSet<String> {
    let context = jetstream::new(world.stack.administrator().clone());
    let mut all = BTreeSet::new();
    for spec in STREAMS {
        let stream = context.get_stream(spec.name).await.expect("the stream is there");
        let subjects = stream.info_with_subjects(">").await.expect("the stream answers");
        let subjects: Vec<(String, usize)> = subjects.try_collect().await.expect("the stream answers");
        all.extend(subjects.into_iter().map(|(subject, _)| subject));
    }
    all
}

#[test]
fn an_answer_sent_to_anothers_subject_is_stored_nowhere() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id, |people| people.outsider.id]).start().await;
        let (own, other) = (&world.devices[0], &world.devices[1]);
        let probe = Probe::of_device(&own.credentials).await;
        let questions = questions(&every_subject(&own.agent, &own.subscription));
        let targets = targets(&every_subject(&other.agent, &other.subscription));
        assert!(questions.len() > 10 && targets.len() > 10, "{questions:?} {targets:?}");

        // The administrator hears everything in the account where the streams are.
        let mut heard = world.stack.administrator().subscribe(">").await.expect("the administrator may");
        world.stack.administrator().flush().await.expect("sent");
        let dead = |subject: &str| subject.starts_with("dead.");
        for question in &questions {
            for target in &targets {
                let (question, target) = (question.clone(), target.clone());
                probe.client.publish_with_reply(question, target, Bytes::new()).await.expect("sent");
            }
        }
        probe.client.flush().await.expect("sent");

        // Each was answered, on a subject that the server made up; not one on the subject that was named.
        let mut answers = 0;
        let mut forged = Vec::new();
        while answers < questions.len() * targets.len() {
            let message = deadline(WITHIN, "an answer", heard.next()).await.unwrap_or_else(|late| {
                panic!("{late}: {answers} of {} questions were answered", questions.len() * targets.len())
            });
            let subject = message.expect("the connection lives").subject.to_string();
            answers += usize::from(subject.starts_with(MADE_UP));
            let named = targets.contains(&subject) && !dead(&subject);
            forged.extend(named.then_some(subject));
        }
        assert_eq!(forged, Vec::<String>::new());
        let theirs = |subject: &&String| subject.contains(other.agent.as_str());
        let stored = stored(&world).await;
        assert_eq!(stored.iter().filter(theirs).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(stored.iter().any(|subject| subject.contains(own.agent.as_str())), "its own are: {stored:?}");
        let letters = world.stack.dead_letters().await.expect("the letters can be read");
        assert!(letters.iter().all(|letter| !letter.subject.contains(other.agent.as_str())), "{letters:?}");
        assert_ne!(subject::results_of(&own.agent), subject::results_of(&other.agent));
        world.end().await;
    });
}
