//! The listener: so many connections at once, each with a deadline for its next request, and an end that waits a
//! moment for what is on its way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use sojourn_runtime::{CancellationToken, deadline};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 256;
/// How long a client may take for the head of a request, from the end of the one before it.
const HEAD: Duration = Duration::from_secs(30);
/// The most bytes that are read ahead of a connection.
const BUFFER: usize = 64 << 10;
/// How long files on their way may take when the service ends; clients go on by range.
const DRAIN: Duration = Duration::from_secs(3);
/// How long to wait after a connection could not be accepted: files run out, and come back.
const PAUSE: Duration = Duration::from_millis(100);

/// There is nothing to listen on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; choose another address with --http-listen")]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Takes the address.
///
/// # Errors
/// [`ListenError`] when it is taken, or is not this machine's.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
}

/// Serves until `shutdown`.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let accepting = async {
        while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => attend(stream, router.clone(), &graceful, permit),
                Err(error) => {
                    tracing::warn!(%error, "a connection over HTTP could not be accepted: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    shutdown.run_until_cancelled(accepting).await;
    drop(listener);
    if deadline(DRAIN, "files on their way over HTTP", graceful.shutdown()).await.is_err() {
        tracing::info!("files on their way over HTTP are broken off");
    }
}

fn attend(stream: TcpStream, router: Router, graceful: &GracefulShutdown, permit: OwnedSemaphorePermit) {
    let mut builder = http1::Builder::new();
    // The end of a file is not held back for more to come; it is only slower if that cannot be said.
    let _ = stream.set_nodelay(true);
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection over HTTP ended: {error}");
        }
        drop(permit);
    });
}
