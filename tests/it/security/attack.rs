//! A device that attacks, another that is in the middle of a session, and what one can find out about both.

use std::time::Duration;

use bytes::Bytes;
use sojourn_agent::home::Credentials;
use sojourn_agent::link::Link;
use sojourn_runtime::Client;
use sojourn_runtime::nats::{PublishError, publish_stored};
use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::encode;
use sojourn_wire::message::prepare::{PrepareOutcome, PrepareRequest};
use sojourn_wire::message::sync_info::{DeviceTime, EntitySyncInfo, ServerTime, SyncInfo};
use sojourn_wire::{AgentId, Subject, SubscriptionId};
use uuid::Uuid;

use super::bus::Probe;
use crate::support::{Device, World, WorldPlan, until};

/// How long anything here may take.
pub const WITHIN: Duration = Duration::from_secs(60);

/// An attack on the second device by the first.
pub struct Attack {
    pub world: World,
    /// A connection of the first.
    pub client: Client,
    /// The session of the other device.
    pub session: Uuid,
}

/// Statistics that nobody can have.
fn boasting() -> SyncInfo {
    let (server, device) = (ServerTime { read_us: u64::MAX, ..ServerTime::default() }, DeviceTime::default());
    let most = EntitySyncInfo { rows: u64::MAX, batches: u32::MAX, first_ms: u64::MAX, ..EntitySyncInfo::default() };
    let entity = |object_type_code| EntitySyncInfo { object_type_code, server, device, ..most.clone() };
    SyncInfo { elapsed_ms: u64::MAX, entities: [-1, 1, 1, i32::MAX].map(entity).to_vec() }
}

impl Attack {
    /// The first device is offline; the second has prepared, and its first batches lie ready.
    pub async fn begin() -> Attack {
        let world = WorldPlan::of(&[|people| people.sales[0].id, |people| people.outsider.id]).start().await;
        for device in &world.devices {
            device.init().await;
        }
        world.devices[0].run(&["go-offline"]).await.expect(0);
        let other = link_of(&world.devices[1]).await;
        let request = PrepareRequest {
            request: Uuid::from_u128(1),
            metadata_version: None,
            refresh: Vec::new(),
            holds: None,
            batching: None,
        };
        let PrepareOutcome::Prepared { session, .. } = other.prepare(&request).await.expect("an answer").outcome else {
            panic!("the other device may prepare");
        };
        other.manifest(session, 2).await.expect("the window holds two batches");
        let client = Probe::of_device(&world.devices[0].credentials).await.client;
        Attack { world, client, session }
    }

    /// One of the first device's own subjects.
    pub fn subject(&self, make: fn(AgentId, SubscriptionId) -> Subject) -> Subject {
        make(self.world.devices[0].agent.clone(), self.world.devices[0].subscription.clone())
    }

    /// Where it acknowledges.
    pub fn acks(&self) -> Subject {
        self.subject(|agent, subscription| Subject::Ack { agent, subscription })
    }

    /// Sends a message as the first device, when its queue has room; answers why it was not taken.
    pub async fn send(&self, to: &Subject, payload: impl Into<Bytes>) -> Result<(), PublishError> {
        let payload = payload.into();
        until("room in the queue", WITHIN, async || {
            match publish_stored(&self.client, to, None, payload.clone(), Duration::from_secs(5)).await {
                Err(PublishError::SubjectFull { .. }) => None,
                sent => Some(sent),
            }
        })
        .await
    }

    /// Sends an acknowledgement as the first device.
    pub async fn say(&self, session: Uuid, batch: u32, stage: Stage) {
        let batch_rows = Some(batch);
        let ack = Ack { session, batch, stage, rows: 1, elapsed_ms: 1, batch_rows, sync_info: Some(boasting()) };
        self.send(&self.acks(), encode(&ack)).await.expect("it is taken");
    }

    /// Waits until everything that was sent has been handled.
    pub async fn handled(&self) {
        until("the end of the queues", WITHIN, async || {
            let left = self.world.stack.streams_left().await.expect("the streams can be asked");
            (!["REQ", "OPS", "JOBS"].iter().any(|queue| left.contains_key(queue))).then_some(())
        })
        .await;
    }

    /// Everything the server keeps about the second device, as one text; and its batches on the bus.
    pub async fn of_the_other(&self) -> (String, u64) {
        let kept = "SELECT jsonb_build_object(
              'session', (SELECT jsonb_agg(to_jsonb(s) ORDER BY id) FROM sojourn.session s WHERE subscription_id = $1),
              'batch', (SELECT jsonb_agg(to_jsonb(b) ORDER BY number) FROM sojourn.batch b
                         JOIN sojourn.session s ON s.id = b.session_id WHERE s.subscription_id = $1),
              'progress', (SELECT jsonb_agg(to_jsonb(p) ORDER BY object_type_code) FROM sojourn.sync_progress p
                            WHERE subscription_id = $1),
              'operations', (SELECT count(*) FROM sojourn.operation WHERE subscription_id = $1),
              'entries', (SELECT md5(string_agg(e::text, ' ' ORDER BY object_type_code, object_id))
                            FROM sojourn.sync_entry_2 e))::text";
        let other = self.world.devices[1].subscription.as_str();
        let kept = sqlx::query_scalar(kept).bind(other).fetch_one(self.world.admin()).await.expect("a text");
        let left = self.world.stack.streams_left().await.expect("the streams can be asked");
        (kept, left.get("BATCH").copied().unwrap_or_default())
    }

    /// Both devices synchronise as if nothing had happened, and the stack is whole.
    pub async fn end_unharmed(mut self, letters: usize) {
        self.world.devices[0].run(&["sync"]).await.expect(0);
        self.world.devices[1].run(&["go-offline"]).await.expect(0);
        self.world.assert_converged(0).await;
        self.world.assert_converged(1).await;
        self.world.stack.check().expect("every process still runs");
        let dead = self.world.stack.dead_letters().await.expect("the letters can be read");
        assert_eq!(dead.len(), letters, "{dead:?}");
        let own = self.world.devices[0].agent.as_str();
        assert!(dead.iter().all(|letter| letter.subject.contains(own)), "{dead:?}");
        self.world.end().await;
    }
}

/// A link of a device, without its agent.
pub async fn link_of(device: &Device) -> Link {
    let text = std::fs::read_to_string(&device.credentials).expect("the credentials are there");
    let credentials: Credentials = serde_json::from_str(&text).expect("they are JSON");
    Link::connect(&credentials, WITHIN).await.expect("the server answers")
}
