//! Ctrl-C and SIGTERM: the first asks for a clean end, the second gets one at once, and the reaper cleans up.

use sojourn_runtime::CancellationToken;
use sojourn_runtime::process::signal;

use crate::output;

/// Cancels the token at the first signal, and ends the process at the second.
pub(crate) async fn cancel_on_signal(shutdown: CancellationToken) {
    signal().await;
    output::say("\nending everything; Ctrl-C again does it without waiting");
    shutdown.cancel();
    signal().await;
    std::process::exit(1);
}
