//! The operating system's part of starting and ending processes, in one place, so that no other file is
//! Unix-only. Linux and macOS are served; elsewhere it compiles and says that it cannot.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

#[cfg(target_os = "linux")]
#[path = "os/table_linux.rs"]
mod table;
#[cfg(all(unix, not(target_os = "linux")))]
#[path = "os/table_ps.rs"]
mod table;

#[cfg(unix)]
#[path = "os/unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "os/other.rs"]
mod system;

#[cfg(not(unix))]
pub(crate) use system::{children, marked, usage};
pub(crate) use system::{
    chown, is_root, is_running, mode, own_group, owner, run_as, set_mode, signal, signal_group, uid, unprivileged_user,
};
#[cfg(unix)]
pub(crate) use table::{children, marked, usage};

/// The signals we send. Their spelling is the one of `kill -s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Finish and exit.
    Term,
    /// Ctrl-C; Postgres' fast shutdown.
    Int,
    /// Postgres' immediate shutdown: children too, no checkpoint.
    Quit,
    /// Read the configuration again.
    Hup,
    /// End without a chance to answer.
    Kill,
    /// Freeze.
    Stop,
    /// Thaw.
    Cont,
}

const NAMES: [(Signal, &str); 7] = [
    (Signal::Term, "TERM"),
    (Signal::Int, "INT"),
    (Signal::Quit, "QUIT"),
    (Signal::Hup, "HUP"),
    (Signal::Kill, "KILL"),
    (Signal::Stop, "STOP"),
    (Signal::Cont, "CONT"),
];

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(signal, _)| signal == self).map_or("TERM", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Signal {
    type Err = ();

    fn from_str(text: &str) -> Result<Signal, ()> {
        NAMES.iter().find(|(_, name)| *name == text).map(|(signal, _)| *signal).ok_or(())
    }
}

/// A user to run a program as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Numeric user id.
    pub(crate) uid: u32,
    /// Numeric id of the user's first group.
    pub(crate) gid: u32,
}

/// What a process has used since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time of its own, to hundredths of a second.
    pub(crate) own: Duration,
    /// That of its children, and theirs, which have ended and were waited for.
    pub(crate) ended_children: Duration,
    /// The most memory that was resident.
    pub(crate) peak_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_round_trip_through_their_names() {
        for (signal, name) in NAMES {
            assert_eq!(signal.to_string(), name);
            assert_eq!(name.parse(), Ok(signal));
        }
        assert_eq!("9".parse::<Signal>(), Err(()));
    }
}
