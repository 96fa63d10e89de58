//! A stream beside the bus's own, which keeps everything that was ever stored in BATCH and REQ, purged there or not.

use std::collections::BTreeMap;

use async_nats::jetstream::stream::{Config, Republish, Stream};
use async_nats::jetstream::{self, Context};
use sojourn_runtime::Client;
use sojourn_wire::batch::{Batch, DecodeLimits, Kind};
use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::decode;
use sojourn_wire::{Subject, streams};
use uuid::Uuid;

const NAME: &str = "TAP";
/// What a subject of the tap begins with.
const PREFIX: &str = "tap.";

/// The tap.
pub struct Tap {
    context: Context,
    /// Everything up to here was read.
    read: u64,
}

/// A batch file that was in the store.
#[derive(Debug)]
pub struct Stored {
    pub session: Uuid,
    pub batch: u32,
    pub object_type_code: i32,
    pub kind: Kind,
    pub ids: Vec<Uuid>,
}

/// What has gone through the bus since it was last looked at.
#[derive(Debug, Default)]
pub struct Passed {
    /// In the order in which they were stored. A file that was stored twice is there twice.
    pub files: Vec<Stored>,
    /// The last batch of each session of which prepare was told that it is durable.
    pub post_synced: BTreeMap<Uuid, u32>,
}

impl Tap {
    /// Puts the tap in.
    pub async fn install(client: &Client) -> Self {
        let context = jetstream::new(client.clone());
        let config = Config { name: NAME.to_owned(), subjects: vec![format!("{PREFIX}>")], ..Config::default() };
        context.create_stream(config).await.expect("the tap's stream");
        for name in [streams::BATCH.name, streams::REQ.name] {
            let mut config = context.get_stream(name).await.expect("a stream").cached_info().config.clone();
            config.republish =
                Some(Republish { source: ">".to_owned(), destination: format!("{PREFIX}>"), headers_only: false });
            context.update_stream(config).await.expect("the stream is changed");
        }
        Self { context, read: 0 }
    }

    /// Reads on.
    pub async fn read(&mut self) -> Passed {
        let mut stream: Stream = self.context.get_stream(NAME).await.expect("the tap");
        let last = stream.info().await.expect("its state").state.last_sequence;
        let mut passed = Passed::default();
        for sequence in self.read + 1..=last {
            let message = stream.get_raw_message(sequence).await.expect("what was tapped");
            let subject = message.subject.strip_prefix(PREFIX).expect("a subject of the tap");
            match subject.parse().expect("a subject of ours") {
                Subject::BatchPart { .. } => passed.files.push(stored(&message.payload)),
                Subject::Ack { .. } => {
                    let ack: Ack = decode(&message.payload).expect("an acknowledgement");
                    if ack.stage == Stage::PostSynced {
                        let last = passed.post_synced.entry(ack.session).or_default();
                        *last = ack.batch.max(*last);
                    }
                }
                _ => {}
            }
        }
        self.read = last;
        stream.purge().sequence(last + 1).await.expect("what was read is dropped");
        passed
    }
}

/// A file, which is small enough here to be a single part.
fn stored(file: &[u8]) -> Stored {
    let batch = Batch::decode(file, DecodeLimits::default()).expect("a whole batch in one part");
    let header = batch.header();
    let (session, number, object_type_code) = (header.session, header.batch_number, header.object_type_code);
    Stored { session, batch: number, object_type_code, kind: header.kind, ids: batch.object_ids().collect() }
}
