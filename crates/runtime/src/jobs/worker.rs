//! One worker: takes a message, runs its handler, settles it, and takes the next.

use std::sync::Arc;

use async_nats::jetstream::{self, AckKind, Context};
use async_nats::{Client, Message};
use sojourn_wire::Subject;
use sojourn_wire::streams::{ConsumerSpec, PROGRESS_EVERY};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::pull::Puller;
use super::settle::Receipt;
use super::strikes::Strikes;
use super::{Handler, Job, MAX_UNEXPECTED, Outcome, SHUTDOWN_GRACE, dead, retry_delay};
use crate::clock;

pub(super) struct Worker<H> {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) spec: &'static ConsumerSpec,
    pub(super) handler: Arc<H>,
    pub(super) strikes: Arc<Strikes>,
    pub(super) shutdown: CancellationToken,
}

/// One delivery: the message as it came, and what the server says about it.
struct Delivery {
    message: Message,
    receipt: Receipt,
    deliveries: u64,
    sequence: u64,
}

/// How a handler ended.
enum Ended {
    With(Outcome),
    /// The process stops and the handler took too long.
    Dropped,
}

impl<H: Handler> Worker<H> {
    /// Works until the shutdown. One worker of a queue `speaks` for all when the queue cannot be read.
    pub(super) async fn work(self, reconnects: watch::Receiver<u64>, speaks: bool) {
        let mut puller = Puller::new(self.client.clone(), self.context.clone(), self.spec, reconnects, speaks);
        loop {
            let message = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                message = puller.next() => message,
            };
            let Some(delivery) = self.delivery(message) else { continue };
            let span = tracing::info_span!(
                "job",
                queue = self.spec.name,
                subject = delivery.message.subject.as_str(),
                deliveries = delivery.deliveries
            );
            self.attend(delivery).instrument(span).await;
        }
        puller.close().await;
    }

    fn delivery(&self, message: Message) -> Option<Delivery> {
        let receipt = Receipt::new(self.client.clone(), message.reply.clone()?);
        let message = jetstream::Message { message, context: self.context.clone() };
        let (deliveries, sequence) = match message.info() {
            Ok(info) => (u64::try_from(info.delivered).unwrap_or(1), info.stream_sequence),
            Err(error) => {
                tracing::warn!(queue = self.spec.name, %error, "a message came that no stream sent: {error}");
                return None;
            }
        };
        Some(Delivery { message: message.message, receipt, deliveries, sequence })
    }

    async fn attend(&self, delivery: Delivery) {
        let ended = match delivery.message.subject.parse::<Subject>() {
            Ok(subject) => self.run(subject, &delivery).await,
            Err(error) => Ended::With(Outcome::Reject { reason: error.to_string() }),
        };
        match ended {
            Ended::With(outcome) => self.settle(&delivery, outcome).await,
            Ended::Dropped => {
                tracing::warn!("the job took longer than {SHUTDOWN_GRACE:?} to end and is handed back");
                confirm(&delivery, AckKind::Nak(None)).await;
            }
        }
    }

    /// Runs the handler in a task of its own, so that a panic stays there, and keeps the message meanwhile.
    async fn run(&self, subject: Subject, delivery: &Delivery) -> Ended {
        let job = Job {
            subject,
            payload: delivery.message.payload.clone(),
            headers: delivery.message.headers.clone(),
            deliveries: delivery.deliveries,
            strikes: self.strikes.of(delivery.sequence),
            stream_sequence: delivery.sequence,
        };
        let handler = Arc::clone(&self.handler);
        let task = tokio::spawn(async move { handler.handle(job).await }.in_current_span());
        let mut task = AbortOnDropHandle::new(task);
        let mut progress = tokio::time::interval(PROGRESS_EVERY);
        progress.reset();
        let too_late = async {
            self.shutdown.cancelled().await;
            tokio::time::sleep(SHUTDOWN_GRACE).await;
        };
        tokio::pin!(too_late);
        loop {
            tokio::select! {
                ended = &mut task => return Ended::With(ended.unwrap_or_else(|error| panicked(&error))),
                _ = progress.tick() => delivery.receipt.progress().await,
                () = &mut too_late => return Ended::Dropped,
            }
        }
    }

    /// Turns an outcome into what the server is told. A failure is logged here and nowhere else.
    async fn settle(&self, delivery: &Delivery, outcome: Outcome) {
        match outcome {
            Outcome::Done => {
                self.strikes.forget(delivery.sequence);
                tracing::debug!("done");
                confirm(delivery, AckKind::Ack).await;
            }
            Outcome::Retry { after, reason } => {
                let delay = retry_delay(after, delivery.deliveries, clock::jitter());
                tracing::warn!(reason, "not now, again in {delay:.1?}: {reason}");
                confirm(delivery, AckKind::Nak(Some(delay))).await;
            }
            Outcome::Reject { reason } => self.bury(delivery, &reason).await,
            Outcome::Unexpected { reason } => {
                let strikes = self.strikes.add(delivery.sequence);
                if strikes >= MAX_UNEXPECTED {
                    let reason = format!("{reason} (unexpected {strikes} times)");
                    return self.bury(delivery, &reason).await;
                }
                let delay = retry_delay(std::time::Duration::ZERO, delivery.deliveries, clock::jitter());
                tracing::error!(reason, strikes, "unexpected, again in {delay:.1?}: {reason}");
                confirm(delivery, AckKind::Nak(Some(delay))).await;
            }
        }
    }

    /// Keeps the message as a dead letter, then takes it off the queue; in this order, so that it is never lost.
    async fn bury(&self, delivery: &Delivery, reason: &str) {
        let Delivery { message, deliveries, sequence, .. } = delivery;
        match dead::bury(&self.client, self.spec.service, message, reason, *deliveries).await {
            Ok(()) => {
                self.strikes.forget(*sequence);
                tracing::error!(reason, "rejected and kept as a dead letter: {reason}");
                confirm(delivery, AckKind::Term).await;
            }
            Err(error) => {
                let delay = retry_delay(std::time::Duration::ZERO, *deliveries, clock::jitter());
                tracing::error!(reason, %error, "cannot be rejected yet ({reason}), again in {delay:.1?}: {error}");
                confirm(delivery, AckKind::Nak(Some(delay))).await;
            }
        }
    }
}

async fn confirm(delivery: &Delivery, kind: AckKind) {
    if let Err(error) = delivery.receipt.confirm(kind).await {
        tracing::warn!(%error, "the message will be handed out again: {error}");
    }
}

fn panicked(error: &tokio::task::JoinError) -> Outcome {
    // The panic's own words went to stderr; they may hold a payload and stay out of logs and letters.
    let reason = if error.is_panic() { "the handler panicked" } else { "the handler was cancelled" };
    Outcome::Unexpected { reason: reason.to_owned() }
}
