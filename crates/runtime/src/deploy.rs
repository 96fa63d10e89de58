//! Making the streams and durable consumers of the bus as `wire` describes them. Only the administrators' identities may:
//! each account with streams has its own.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::context::{CreateStreamErrorKind, DeleteStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context, ErrorCode};
use sojourn_wire::streams::{ACK_WAIT, CONSUMERS, ConsumerSpec, EVENTS, Retention, STREAMS, StreamSpec};

use crate::deadline::{Elapsed, deadline};

/// How long the server may take to make one stream or consumer.
const EACH: Duration = Duration::from_secs(20);
/// Messages handed out and not yet settled, delayed retries among them: with fewer, many agents' retries would hold up
/// everybody's first tries.
const MAX_ACK_PENDING: i64 = 20_000;
/// The least a stream is given when the disk has no room for what it should have, in bytes.
const LEAST_BYTES: i64 = 64 * 1024 * 1024;

/// A stream or consumer that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A stream.
    #[error("cannot create or update stream {name}: {problem}")]
    Stream {
        /// Its name.
        name: &'static str,
        /// The server's words.
        problem: String,
    },
    /// A durable consumer.
    #[error("cannot create or update consumer {name} of stream {stream}: {problem}")]
    Consumer {
        /// Its stream.
        stream: &'static str,
        /// Its name.
        name: &'static str,
        /// The server's words.
        problem: String,
    },
    /// A stream that is in the wrong account.
    #[error("cannot remove stream {name} from the services' account: {problem}")]
    Misplaced {
        /// Its name.
        name: &'static str,
        /// The server's words.
        problem: String,
    },
    /// The server took too long. JetStream may be switched off, or still starting.
    #[error("cannot deploy {name}: {elapsed}; is JetStream switched on for this account?")]
    Late {
        /// The stream or consumer.
        name: &'static str,
        /// What was awaited.
        elapsed: Elapsed,
    },
}

/// Creates or updates every stream and every durable consumer of the services' account. May be repeated; nothing stored in
/// them is lost.
///
/// # Errors
/// [`DeployError`] names the first one that could not be made; those before it are.
pub async fn services(client: &Client) -> Result<(), DeployError> {
    let context = context(client);
    without_events(&context).await?;
    for spec in STREAMS {
        stream(&context, spec).await?;
    }
    for spec in CONSUMERS {
        consumer(&context, spec).await?;
    }
    tracing::info!("{} streams and {} consumers are deployed", STREAMS.len(), CONSUMERS.len());
    Ok(())
}

/// The same for the account of the stream of events.
///
/// # Errors
/// As [`services`].
pub async fn events(client: &Client) -> Result<(), DeployError> {
    stream(&context(client), &EVENTS).await
}

/// Removes a stream of events from the services' account, where it was before it had an account of its own: it would take
/// events too, and `replay` would hear its word instead of that of the stream that plug-ins read.
async fn without_events(context: &Context) -> Result<(), DeployError> {
    let name = EVENTS.name;
    let removed = deadline(EACH, "the server's answer", context.delete_stream(name))
        .await
        .map_err(|elapsed| DeployError::Late { name, elapsed })?;
    match removed {
        Ok(_) => {
            tracing::warn!("stream {name} was in the services' account; what plug-ins had not read of it is gone");
            Ok(())
        }
        Err(error) if is_not_there(&error.kind()) => Ok(()),
        Err(error) => Err(DeployError::Misplaced { name, problem: error.to_string() }),
    }
}

fn is_not_there(kind: &DeleteStreamErrorKind) -> bool {
    matches!(kind, DeleteStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn context(client: &Client) -> Context {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(EACH);
    context
}

/// Makes one stream; where the disk is too small for its byte limit, with half as much, and half again.
async fn stream(context: &Context, spec: &'static StreamSpec) -> Result<(), DeployError> {
    let mut config = stream_config(spec);
    loop {
        let made = deadline(EACH, "the server's answer", context.create_or_update_stream(config.clone()))
            .await
            .map_err(|elapsed| DeployError::Late { name: spec.name, elapsed })?;
        let error = match made {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if !is_out_of_room(&error.kind()) || config.max_bytes / 2 < LEAST_BYTES {
            return Err(DeployError::Stream { name: spec.name, problem: error.to_string() });
        }
        config.max_bytes /= 2;
        tracing::warn!("no room on disk for stream {}; trying with {} bytes", spec.name, config.max_bytes);
    }
}

fn is_out_of_room(kind: &CreateStreamErrorKind) -> bool {
    let CreateStreamErrorKind::JetStream(error) = kind else { return false };
    matches!(error.error_code(), ErrorCode::STORAGE_RESOURCES_EXCEEDED | ErrorCode::INSUFFICIENT_RESOURCES)
}

fn stream_config(spec: &StreamSpec) -> Config {
    Config {
        name: spec.name.to_owned(),
        subjects: spec.subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        retention: match spec.retention {
            Retention::WorkQueue => RetentionPolicy::WorkQueue,
            Retention::Limits => RetentionPolicy::Limits,
        },
        discard: DiscardPolicy::New,
        discard_new_per_subject: spec.refuse_over_per_subject,
        max_messages: -1,
        max_messages_per_subject: spec.per_subject.unwrap_or(-1),
        max_message_size: spec.max_message_bytes.unwrap_or(-1),
        max_age: spec.max_age.unwrap_or_default(),
        max_bytes: spec.max_bytes.unwrap_or(-1),
        storage: StorageType::File,
        num_replicas: 1,
        allow_direct: spec.direct,
        deny_purge: spec.deny_purge,
        ..Config::default()
    }
}

async fn consumer(context: &Context, spec: &'static ConsumerSpec) -> Result<(), DeployError> {
    let config = consumer_config(spec);
    let made = deadline(EACH, "the server's answer", context.create_consumer_on_stream(config, spec.stream)).await;
    match made {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            Err(DeployError::Consumer { stream: spec.stream, name: spec.name, problem: error.to_string() })
        }
        Err(elapsed) => Err(DeployError::Late { name: spec.name, elapsed }),
    }
}

fn consumer_config(spec: &ConsumerSpec) -> pull::Config {
    pull::Config {
        durable_name: Some(spec.name.to_owned()),
        filter_subject: spec.filter.to_owned(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        // Without end: `jobs` decides when a message is hopeless, and says so.
        max_deliver: -1,
        max_ack_pending: MAX_ACK_PENDING,
        ..pull::Config::default()
    }
}
