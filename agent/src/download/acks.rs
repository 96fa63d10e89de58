//! Sending acknowledgements, one after the other.

use sojourn_wire::message::ack::{Ack, Stage};
use tokio::sync::mpsc;

use crate::error::AgentError;
use crate::link::Link;

/// The most acknowledgements that are looked at together.
const TOGETHER: usize = 64;

/// Sends acknowledgements in the order they were given, until there are no more.
pub(super) async fn send(link: Link, mut outbox: mpsc::UnboundedReceiver<Ack>) -> Result<(), AgentError> {
    let mut waiting = Vec::new();
    while outbox.recv_many(&mut waiting, TOGETHER).await > 0 {
        for ack in needed(std::mem::take(&mut waiting)) {
            link.acknowledge(&ack).await?;
        }
    }
    Ok(())
}

/// Without PostSyncs that a later one includes: over a slow link they would keep the next batch from being made.
fn needed(acks: Vec<Ack>) -> impl Iterator<Item = Ack> {
    let latest = acks.iter().filter(|ack| ack.stage == Stage::PostSynced).map(|ack| ack.batch).max();
    acks.into_iter().filter(move |ack| ack.stage != Stage::PostSynced || Some(ack.batch) == latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_sync_includes_those_before_it() {
        let ack = |(batch, stage)| Ack {
            session: uuid::Uuid::nil(),
            batch,
            stage,
            rows: 1,
            elapsed_ms: 1,
            batch_rows: None,
            sync_info: None,
        };
        let [r, p, f] = [Stage::Received, Stage::PostSynced, Stage::Finished];
        let all = [(2, r), (1, p), (3, r), (2, p), (3, p), (3, f)].map(ack).to_vec();
        let sent: Vec<_> = needed(all).map(|ack| (ack.batch, ack.stage)).collect();
        assert_eq!(sent, [(2, r), (3, r), (3, p), (3, f)]);
        assert_eq!(needed(vec![ack((4, r))]).count(), 1);
    }
}
