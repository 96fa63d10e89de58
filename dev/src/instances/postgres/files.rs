//! Whose the files are, copying them, and what Postgres writes about itself.

use std::fs;
use std::path::Path;

use super::super::error::InstanceError;
use crate::os::{self, User};

/// The user for Postgres: ours (`None`), or somebody without rights if we are root.
pub(super) fn user_to_run_as() -> Result<Option<User>, InstanceError> {
    if !os::is_root() {
        return Ok(None);
    }
    os::unprivileged_user().map(Some).ok_or(InstanceError::NoUser)
}

/// Hands a file or folder to the user Postgres runs as.
pub(super) fn give(path: &Path, user: Option<&User>) -> Result<(), InstanceError> {
    user.map_or(Ok(()), |user| os::chown(path, user)).map_err(InstanceError::file("change the owner of", path))
}

/// Writes a file that the user can read, whatever our umask.
pub(super) fn write(path: &Path, text: &str, user: Option<&User>) -> Result<(), InstanceError> {
    fs::write(path, text).map_err(InstanceError::file("write", path))?;
    give(path, user)
}

/// Copies a folder with all that is in it, and hands the copy to the user.
pub(super) fn copy(from: &Path, to: &Path, user: Option<&User>) -> Result<(), InstanceError> {
    fs::create_dir(to).map_err(InstanceError::file("make", to))?;
    os::set_mode(to, 0o700).map_err(InstanceError::file("make", to))?;
    for entry in fs::read_dir(from).map_err(InstanceError::file("read", from))? {
        let entry = entry.map_err(InstanceError::file("read", from))?;
        let copied = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy(&entry.path(), &copied, user)?;
        } else {
            fs::copy(entry.path(), &copied).map_err(InstanceError::file("write", &copied))?;
            give(&copied, user)?;
        }
    }
    give(to, user)
}

/// Whether `postmaster.pid` was written by this process, and says that it takes connections on this port. That
/// is what `pg_ctl` waits for; unlike a connection, it cannot be somebody else's.
pub(super) fn says_ready(lock_file: &Path, pid: u32, port: u16) -> bool {
    let text = fs::read_to_string(lock_file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let says = |line: usize, expected: &str| lines.get(line) == Some(&expected);
    says(0, &pid.to_string()) && says(3, &port.to_string()) && says(7, "ready")
}

/// The id of the System V shared memory that `postmaster.pid` names.
pub(super) fn shared_memory_id(lock_file: &Path) -> Option<u32> {
    fs::read_to_string(lock_file).ok()?.lines().nth(6)?.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_who_is_ready_and_which_memory_is_his() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        assert!(!says_ready(&path, 4711, 5432));
        fs::write(&path, "4711\n/data\n1\n5432\n/sock\n127.0.0.1\n  5432001    98304\nstarting\n").unwrap();
        assert!(!says_ready(&path, 4711, 5432));
        assert_eq!(shared_memory_id(&path), Some(98304));
        fs::write(&path, "4711\n/data\n1\n5432\n/sock\n127.0.0.1\n  5432001    98304\nready   \n").unwrap();
        assert!(says_ready(&path, 4711, 5432) && !says_ready(&path, 4712, 5432) && !says_ready(&path, 4711, 5433));
    }

    #[test]
    fn a_copy_has_everything() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/c"), "x").unwrap();
        copy(&from, &to, None).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b/c")).unwrap(), "x");
    }
}
