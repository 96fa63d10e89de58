//! The process table where there is no `/proc`: what `ps` prints.

use std::process::Command;

use super::Usage;

/// Whether the process has ended and only waits to be collected by its parent.
pub(super) fn is_zombie(pid: u32) -> bool {
    ps(&["-o", "stat=", "-p", &pid.to_string()]).trim_start().starts_with('Z')
}

/// The processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let child = |line: &str| {
        let mut fields = line.split_whitespace().map(str::parse::<u32>);
        let (child, parent) = (fields.next()?.ok()?, fields.next()?.ok()?);
        (parent == pid).then_some(child)
    };
    ps(&["-A", "-o", "pid=,ppid="]).lines().filter_map(child).collect()
}

/// Environments of other processes cannot be read here: only processes that were registered are known.
pub(crate) fn marked(_marker: &str) -> Vec<u32> {
    Vec::new()
}

/// The most memory that a process had is told to its parent alone.
pub(crate) fn usage(_pid: u32) -> Option<Usage> {
    None
}

fn ps(arguments: &[&str]) -> String {
    let output = Command::new("ps").args(arguments).output().map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default()).into_owned()
}
