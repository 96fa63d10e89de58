//! A TCP proxy on the loopback address that can be cut, slowed down and healed: the bad network of tests.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Read at a time; a throttled link pauses after each.
const PIECE: usize = 8 * 1024;
/// No limit.
const UNLIMITED: u64 = u64::MAX;

/// A link between a client and a server. Clones are the same link; dropping the last one ends it.
#[derive(Debug, Clone)]
pub struct Proxy {
    state: Arc<State>,
    address: SocketAddr,
    _accepting: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    /// Whether bytes pass. Connections end when it becomes false.
    whole: watch::Sender<bool>,
    /// Bytes that may still pass, both ways together, before the link is cut.
    left: AtomicU64,
    /// Bytes a second for each direction of each connection.
    pace: AtomicU64,
    passed: AtomicU64,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and leads to `server`.
    ///
    /// # Errors
    /// That no port can be listened on.
    pub async fn start(server: SocketAddr) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            server,
            whole: watch::Sender::new(true),
            left: AtomicU64::new(UNLIMITED),
            pace: AtomicU64::new(UNLIMITED),
            passed: AtomicU64::new(0),
        });
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, Arc::clone(&state))));
        Ok(Proxy { state, address, _accepting: Arc::new(accepting) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection, and every new one at once, until [`Proxy::heal`].
    pub fn cut(&self) {
        self.state.cut();
    }

    /// Cuts the link when so many more bytes have passed, both ways together.
    pub fn cut_after(&self, bytes: u64) {
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Lets connections through again, without limits.
    pub fn heal(&self) {
        self.state.left.store(UNLIMITED, Ordering::SeqCst);
        self.state.pace.store(UNLIMITED, Ordering::SeqCst);
        self.state.whole.send_replace(true);
    }

    /// Lets at most so many bytes a second pass in each direction of each connection.
    pub fn throttle(&self, bytes_per_second: u64) {
        self.state.pace.store(bytes_per_second.max(1), Ordering::SeqCst);
    }

    /// Whether the link has been cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        !*self.state.whole.borrow()
    }

    /// Returns when the link has been cut.
    pub async fn until_cut(&self) {
        // The sender lives as long as this.
        let _ = self.state.whole.subscribe().wait_for(|whole| !whole).await;
    }

    /// Bytes that have passed so far, both ways together.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::SeqCst)
    }
}

impl State {
    fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// How many of `wanted` bytes may pass; cuts the link when the last one has.
    fn take(&self, wanted: usize) -> usize {
        let wanted = wanted as u64;
        let spend = |left: u64| (left != UNLIMITED).then(|| left.saturating_sub(wanted));
        let granted = match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
            Ok(left) => wanted.min(left),
            Err(_) => wanted,
        };
        self.passed.fetch_add(granted, Ordering::SeqCst);
        granted as usize
    }

    fn is_spent(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    fn pause_after(&self, bytes: usize) -> Duration {
        match self.pace.load(Ordering::SeqCst) {
            UNLIMITED => Duration::ZERO,
            pace => Duration::from_secs_f64(bytes as f64 / pace as f64),
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // The connections end with the listener, so nothing outlives the proxy.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(client, Arc::clone(&state)));
    }
}

/// One connection, until one side closes it or the link is cut.
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

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut piece = vec![0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let granted = state.take(read);
        if to.write_all(&piece[..granted]).await.is_err() {
            return;
        }
        if state.is_spent() {
            state.cut();
            return;
        }
        tokio::time::sleep(state.pause_after(granted)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends everything back.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mut from, mut to) = stream.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
            }
        });
        address
    }

    async fn says(stream: &mut TcpStream, words: &[u8]) -> Option<Vec<u8>> {
        stream.write_all(words).await.ok()?;
        let mut back = vec![0; words.len()];
        stream.read_exact(&mut back).await.ok().map(|_| back)
    }

    #[tokio::test]
    async fn bytes_pass_until_it_is_cut_and_again_when_it_is_healed() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(says(&mut stream, b"hello").await.as_deref(), Some(&b"hello"[..]));
        assert_eq!(proxy.passed(), 10);
        proxy.cut();
        assert_eq!(says(&mut stream, b"hello").await, None);
        let mut late = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(says(&mut late, b"hello").await, None);
        proxy.heal();
        let mut again = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(says(&mut again, b"hello").await.is_some());
    }

    #[tokio::test]
    async fn it_is_cut_in_the_middle_of_a_message() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        proxy.cut_after(7);
        assert_eq!(says(&mut stream, b"hello").await, None);
        proxy.until_cut().await;
        assert!(proxy.is_cut());
        assert_eq!(proxy.passed(), 7);
    }
}
