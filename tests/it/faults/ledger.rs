//! What the server has noted of a device, and what it waits for: the administrator's look behind the scenes.

use std::time::Duration;

use sojourn_dev::stack::Stack;
use sojourn_platform::sql::{Ident, Sql};
use sojourn_wire::streams::CONSUMERS;

use super::running::LONG;
use crate::support::{World, until};

/// A message that was in a killed process's hands is given to another after this long, instead of half a minute.
const HAND_OUT_AGAIN: Duration = Duration::from_secs(3);

/// The sync entries of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entries {
    /// PostSynced: they must not be sent again.
    pub settled: u64,
    /// Still to be moved.
    pub waiting: u64,
}

/// The table of a device's sync entries.
pub async fn entry_table(world: &World, device: usize) -> Ident {
    let number: i64 = sqlx::query_scalar("SELECT number FROM sojourn.subscription WHERE id = $1")
        .bind(world.devices[device].subscription.as_str())
        .fetch_one(world.admin())
        .await
        .expect("the subscription");
    Ident::new(&format!("sync_entry_{number}")).expect("a name")
}

/// The sync entries of a device, when every acknowledgement it sent has been taken.
pub async fn entries(world: &World, device: usize) -> Entries {
    let table = entry_table(world, device).await.name().replace("entry", "state");
    let table = Ident::new(&table).expect("a name");
    until("the end of all acknowledgements", LONG, async || {
        let left = world.stack.streams_left().await.expect("the streams");
        (!left.contains_key("REQ") && !left.contains_key("JOBS")).then_some(())
    })
    .await;
    let counts = "SELECT count(*) FILTER (WHERE sync_state = 0), count(*) FILTER (WHERE sync_state <> 0) FROM sojourn.";
    let (settled, waiting): (i64, i64) =
        sqlx::query_as(Sql::new(counts).ident(&table).into_sqlx()).fetch_one(world.admin()).await.expect("the counts");
    Entries { settled: settled.unsigned_abs(), waiting: waiting.unsigned_abs() }
}

/// Returns when a process of this service waits for a lock that the test holds.
pub async fn until_blocked(world: &World, application: &str) {
    let blocked = "SELECT EXISTS (SELECT FROM pg_stat_activity
                    WHERE application_name = $1 AND datname = current_database() AND wait_event_type = 'Lock')";
    until(&format!("{application} at work"), LONG, async || {
        let found: Result<bool, _> = sqlx::query_scalar(blocked).bind(application).fetch_one(world.admin()).await;
        found.expect("the activity").then_some(())
    })
    .await;
}

/// Makes the bus give the messages of dead processes to others soon. Handlers at work say so less often than that, so
/// long ones see their message twice, which they must bear.
pub async fn hand_out_again_soon(stack: &Stack) {
    let context = async_nats::jetstream::new(stack.administrator().clone());
    for spec in CONSUMERS {
        let stream = context.get_stream(spec.stream).await.expect("the stream");
        let mut config = stream.consumer_info(spec.name).await.expect("the consumer").config;
        config.ack_wait = HAND_OUT_AGAIN;
        let pull = async_nats::jetstream::consumer::FromConsumer::try_from_consumer_config(config);
        let pull: async_nats::jetstream::consumer::pull::Config = pull.expect("a pull consumer");
        stream.update_consumer(pull).await.expect("the consumer is changed");
    }
}
