//! Ctrl-C and SIGTERM: the first asks for a clean end, the second gets one at once, and the reaper cleans up.

use sojourn_runtime::CancellationToken;

use crate::output;

/// Cancels the token at the first signal, and ends the process at the second.
pub(crate) async fn cancel_on_signal(shutdown: CancellationToken) {
    signal().await;
    output::say("\nending everything; Ctrl-C again does it without waiting");
    shutdown.cancel();
    signal().await;
    std::process::exit(1);
}

/// Returns at Ctrl-C or SIGTERM. Where the system gives no signals it never does.
async fn signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
