//! Asking a queue for one message at a time.
//!
//! The request waits at the server, which answers the moment there is a message, so an idle worker costs one request
//! every half minute and a busy one never holds messages it is not working on. (The client's own message stream
//! fetches ahead, loses requests in a quick reconnect, and drops what is under way when it is closed.)

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::{AckKind, Context};
use async_nats::{Client, Message, StatusCode, Subscriber};
use futures_util::StreamExt as _;
use sojourn_wire::streams::ConsumerSpec;
use tokio::sync::watch;

use super::settle::Receipt;
use crate::backoff::Backoff;
use crate::clock;
use crate::deadline::deadline;
use crate::nats::is_connected;

/// How long a request waits at the server.
const EXPIRES: Duration = Duration::from_secs(30);
/// How often the server says that a request is still waiting.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A server that says nothing for this long has forgotten the request.
const SILENCE: Duration = Duration::from_secs(25);
/// How long sending a request or a subscription may take.
const SEND: Duration = Duration::from_secs(5);
/// How long the inbox of a broken line is listened to; a message that comes later is handed out again after the ack
/// wait.
const LINGER: Duration = Duration::from_millis(50);
/// A queue that could not be read this often in a row is told about.
const TELL_AFTER: u64 = 3;
/// Waits while the consumer is not there.
const MISSING: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// One worker's line to its queue.
pub(super) struct Puller {
    client: Client,
    context: Context,
    spec: &'static ConsumerSpec,
    reconnects: watch::Receiver<u64>,
    speaks: bool,
    line: Option<Line>,
    failures: u64,
}

/// An inbox, whether a request with it waits at the server, and how much came on it.
struct Line {
    consumer: Consumer<pull::Config>,
    inbox: String,
    subscriber: Subscriber,
    asked: bool,
    received: u64,
}

/// What came on the inbox.
enum Came {
    Message(Message),
    /// The server is there, there is no message yet.
    Alive,
    /// The request ended; ask again.
    Ended,
    /// The consumer or the server's memory of it is gone.
    Gone(String),
}

impl Puller {
    pub(super) fn new(
        client: Client,
        context: Context,
        spec: &'static ConsumerSpec,
        reconnects: watch::Receiver<u64>,
        speaks: bool,
    ) -> Self {
        Self { client, context, spec, reconnects, speaks, line: None, failures: 0 }
    }

    /// The next message. Waits as long as there is none, or no connection, or no consumer. May be dropped at any time
    /// without losing one.
    pub(super) async fn next(&mut self) -> Message {
        loop {
            match self.listen().await {
                Came::Message(message) => {
                    self.healed();
                    return message;
                }
                Came::Alive | Came::Ended => self.healed(),
                Came::Gone(problem) => self.start_over(&problem).await,
            }
        }
    }

    /// Makes sure that a request waits at the server, and says what comes.
    async fn listen(&mut self) -> Came {
        let line = match &mut self.line {
            Some(line) => line,
            None => {
                // What changes from here on makes the new line stale; a connection that is away changes when it is back.
                self.reconnects.mark_unchanged();
                if !is_connected(&self.client) {
                    let _ = self.reconnects.changed().await;
                }
                match open(&self.client, &self.context, self.spec).await {
                    Ok(line) => self.line.insert(line),
                    Err(problem) => return Came::Gone(problem),
                }
            }
        };
        if !line.asked {
            if let Err(problem) = line.ask().await {
                return Came::Gone(problem);
            }
            line.asked = true;
        }
        tokio::select! {
            biased;
            came = line.subscriber.next() => line.sort(came),
            changed = self.reconnects.changed() => match changed {
                Ok(()) => Came::Gone("the connection was renewed".to_owned()),
                Err(_) => std::future::pending().await,
            },
            () = tokio::time::sleep(SILENCE), if is_connected(&self.client) => {
                Came::Gone("the server is silent".to_owned())
            }
        }
    }

    fn healed(&mut self) {
        if self.failures >= TELL_AFTER && self.speaks {
            tracing::info!(queue = self.spec.name, "queue {} can be read again", self.spec.name);
        }
        self.failures = 0;
    }

    /// Drops the line and, from the second failure in a row, waits. A lasting failure is told once.
    async fn start_over(&mut self, problem: &str) {
        self.abandon().await;
        self.failures += 1;
        if self.failures == TELL_AFTER && self.speaks {
            tracing::warn!(queue = self.spec.name, "queue {} cannot be read: {problem}; trying again", self.spec.name);
        }
        if self.failures > 1 {
            tokio::time::sleep(MISSING.delay(self.failures - 1, clock::jitter())).await;
        }
    }

    /// Stops asking, and hands back at once what the server had already sent.
    pub(super) async fn close(&mut self) {
        let Some(mut line) = self.line.take().filter(|line| line.asked && is_connected(&self.client)) else { return };
        if line.end().await.is_ok() {
            self.hand_back(&mut line, SEND).await;
        }
    }

    /// Gives up a line that the server no longer knows, or knows only by half.
    async fn abandon(&mut self) {
        let Some(mut line) = self.line.take().filter(|_| is_connected(&self.client)) else { return };
        if matches!(deadline(SEND, "closing an inbox", line.subscriber.drain()).await, Ok(Ok(()))) {
            self.hand_back(&mut line, LINGER).await;
        }
    }

    /// Hands back the messages of a line until it ends, or nothing came for `within`.
    async fn hand_back(&self, line: &mut Line, within: Duration) {
        while let Ok(Some(message)) = deadline(within, "the end of an inbox", line.subscriber.next()).await {
            let (None, Some(reply)) = (message.status, message.reply) else { continue };
            if let Err(error) = Receipt::new(self.client.clone(), reply).confirm(AckKind::Nak(None)).await {
                tracing::debug!(%error, "a message was not handed back and returns after the ack wait: {error}");
            }
        }
    }
}

/// Opens an inbox for messages of the consumer, which is looked up: a service may ask for its own.
async fn open(client: &Client, context: &Context, spec: &ConsumerSpec) -> Result<Line, String> {
    let found = deadline(SEND, "the consumer", context.get_consumer_from_stream(spec.name, spec.stream)).await;
    let consumer = match found {
        Ok(Ok(consumer)) => consumer,
        Ok(Err(error)) => return Err(format!("consumer {} of stream {}: {error}", spec.name, spec.stream)),
        Err(elapsed) => return Err(elapsed.to_string()),
    };
    let inbox = client.new_inbox();
    let subscriber = match deadline(SEND, "subscribing", client.subscribe(inbox.clone())).await {
        Ok(Ok(subscriber)) => subscriber,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(elapsed) => return Err(elapsed.to_string()),
    };
    Ok(Line { consumer, inbox, subscriber, asked: false, received: 0 })
}

impl Line {
    /// Asks for one message, whenever it comes.
    async fn ask(&self) -> Result<(), String> {
        self.request(pull::BatchConfig {
            batch: 1,
            expires: Some(EXPIRES),
            idle_heartbeat: HEARTBEAT,
            ..Default::default()
        })
        .await
    }

    /// Lets the inbox end with the next message, and makes sure that there is one: either the message that was on its
    /// way, or the answer "nothing now" to a request that does not wait. Afterwards nothing can arrive unseen.
    async fn end(&mut self) -> Result<(), String> {
        let last = self.subscriber.unsubscribe_after(self.received + 1);
        deadline(SEND, "closing an inbox", last).await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        self.request(pull::BatchConfig { batch: 1, no_wait: true, ..Default::default() }).await
    }

    async fn request(&self, request: pull::BatchConfig) -> Result<(), String> {
        let asked = self.consumer.request_batch(request, self.inbox.as_str().into());
        match deadline(SEND, "asking for a message", asked).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(elapsed) => Err(elapsed.to_string()),
        }
    }

    fn sort(&mut self, came: Option<Message>) -> Came {
        let Some(message) = came else { return Came::Gone("the inbox is closed".to_owned()) };
        self.received += 1;
        let status = message.status.unwrap_or(StatusCode::OK);
        if status == StatusCode::IDLE_HEARTBEAT {
            return Came::Alive;
        }
        self.asked = false;
        match status {
            StatusCode::OK => Came::Message(message),
            StatusCode::TIMEOUT | StatusCode::NOT_FOUND => Came::Ended,
            _ => Came::Gone(format!("{status} {}", message.description.unwrap_or_default())),
        }
    }
}
