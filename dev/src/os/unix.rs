//! Signals, users and file modes of Unix.

use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, geteuid};

use super::{Signal, User, table};

fn native(signal: Signal) -> nix::sys::signal::Signal {
    use nix::sys::signal::Signal as Native;
    match signal {
        Signal::Term => Native::SIGTERM,
        Signal::Int => Native::SIGINT,
        Signal::Quit => Native::SIGQUIT,
        Signal::Hup => Native::SIGHUP,
        Signal::Kill => Native::SIGKILL,
        Signal::Stop => Native::SIGSTOP,
        Signal::Cont => Native::SIGCONT,
    }
}

/// A pid that may be signalled, also as a group: never 0 (our own group) or 1 (`kill -1` is everybody).
fn signalable(pid: u32) -> Option<i32> {
    i32::try_from(pid).ok().filter(|pid| *pid > 1)
}

/// Sends a signal to one process; false if there is none.
pub(crate) fn signal(pid: u32, signal: Signal) -> bool {
    signalable(pid).is_some_and(|pid| kill(Pid::from_raw(pid), native(signal)).is_ok())
}

/// Sends a signal to the process group that `pid` leads, or to `pid` alone if it leads none.
pub(crate) fn signal_group(pid: u32, to_send: Signal) -> bool {
    let group = signalable(pid).is_some_and(|pid| kill(Pid::from_raw(-pid), native(to_send)).is_ok());
    group || signal(pid, to_send)
}

/// Whether the process exists and has not merely been left as a zombie.
pub(crate) fn is_running(pid: u32) -> bool {
    let exists =
        signalable(pid).is_some_and(|pid| matches!(kill(Pid::from_raw(pid), None), Ok(()) | Err(Errno::EPERM)));
    exists && !table::is_zombie(pid)
}

/// The effective user id of this process.
pub(crate) fn uid() -> u32 {
    geteuid().as_raw()
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// The user that programs which refuse to run as root shall run as: `postgres` if there is one, else `nobody`.
pub(crate) fn unprivileged_user() -> Option<User> {
    let named = |name| nix::unistd::User::from_name(name).ok().flatten();
    let user = named("postgres").or_else(|| named("nobody"))?;
    Some(User { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
}

/// Makes the command's process the leader of a group of its own: Ctrl-C does not reach it, and one signal ends
/// it with its children.
pub(crate) fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Runs the command as another user (without the groups of this one).
pub(crate) fn run_as(command: &mut Command, user: &User) {
    command.uid(user.uid).gid(user.gid);
}

/// Gives a file or folder to another user.
pub(crate) fn chown(path: &Path, user: &User) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(user.uid), Some(user.gid))
}

/// Sets the permission bits, whatever the umask.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// The permission bits.
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

/// The user id of the owner.
pub(crate) fn owner(metadata: &Metadata) -> u32 {
    metadata.uid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_and_our_own_group_are_never_signalled() {
        assert_eq!(signalable(0), None);
        assert_eq!(signalable(1), None);
        assert_eq!(signalable(u32::MAX), None);
        assert_eq!(signalable(2), Some(2));
    }
}
