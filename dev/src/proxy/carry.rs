//! What a link does with connections: each direction takes pieces in at the link's pace, and gives each out when its
//! latency is over, so that many are under way at once.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::State;

/// Read at a time; a throttled link pauses after each.
const PIECE: usize = 8 * 1024;
/// Pieces under way in one direction: enough that a usual latency does not limit what passes.
const UNDER_WAY: usize = 256;

/// Some bytes, and when they arrive.
struct Piece {
    bytes: Bytes,
    due: Instant,
}

pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    // The connections end with the listener, so nothing outlives the proxy.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(client, Arc::clone(&state)));
    }
}

/// One connection, until one side closes it, it breaks, or the link is cut.
async fn carry(client: TcpStream, state: Arc<State>) {
    let mut whole = state.whole.subscribe();
    if !*whole.borrow_and_update() {
        return;
    }
    let Ok(server) = TcpStream::connect(state.server).await else { return };
    // Small messages must not wait for each other; without it everything is only slower.
    let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pass(from_client, to_server, &state) => {}
        () = pass(from_server, to_client, &state) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}

/// One direction. What was under way when the sender closed still arrives.
async fn pass(from: OwnedReadHalf, to: OwnedWriteHalf, state: &State) {
    let (pieces, under_way) = mpsc::channel(UNDER_WAY);
    tokio::select! {
        () = give_out(under_way, to, state) => {}
        () = async { take_in(from, pieces, state).await; std::future::pending().await } => {}
    }
}

async fn take_in(mut from: OwnedReadHalf, pieces: mpsc::Sender<Piece>, state: &State) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(PIECE);
        let Ok(1..) = (&mut from).take(PIECE as u64).read_buf(&mut buffer).await else { return };
        let bytes = buffer.split().freeze();
        let pause = state.pause_after(bytes.len());
        if !pause.is_zero() {
            sleep(pause).await;
        }
        if pieces.send(Piece { bytes, due: Instant::now() + state.latency() }).await.is_err() {
            return;
        }
    }
}

async fn give_out(mut under_way: mpsc::Receiver<Piece>, mut to: OwnedWriteHalf, state: &State) {
    while let Some(Piece { bytes, due }) = under_way.recv().await {
        // A timer is as coarse as a millisecond, even for what is over.
        if due > Instant::now() {
            sleep_until(due).await;
        }
        if state.breaks() {
            return;
        }
        let granted = state.take(bytes.len());
        if to.write_all(&bytes[..granted]).await.is_err() {
            return;
        }
        if state.is_spent() {
            state.cut();
            return;
        }
    }
}
