//! The process table of Linux, read from `/proc`.

use std::fs;
use std::time::Duration;

use super::Usage;

/// How the kernel tells times, on every architecture: hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// What we read from a line of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
    /// Ticks in user and kernel mode.
    own: u32,
    /// The same of children that have ended.
    children: u32,
}

/// Whether the process has ended and only waits to be collected by its parent.
pub(super) fn is_zombie(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| matches!(stat.state, 'Z' | 'X'))
}

/// The processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    pids().filter(|child| stat(*child).is_some_and(|stat| stat.parent == pid)).collect()
}

/// The processes that were started with `marker` (`NAME=value`) in their environment.
pub(crate) fn marked(marker: &str) -> Vec<u32> {
    let carries = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())
    };
    pids().filter(carries).collect()
}

/// What the process has used until now; none when it has ended.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    let Stat { own, children, .. } = stat(pid)?;
    let peak_bytes = peak(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)?;
    Some(Usage { own: own * TICK, ended_children: children * TICK, peak_bytes })
}

/// The line `VmHWM:   1234 kB`, which a zombie does not have.
fn peak(status: &str) -> Option<u64> {
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `pid (name) state parent …`, where the name may hold spaces and brackets of its own. The times are fields 14 to 17.
fn parse(line: &str) -> Option<Stat> {
    let fields: Vec<&str> = line[line.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u32>().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(14)? + ticks(15)?,
        children: ticks(16)? + ticks(17)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse_the_parser() {
        let line = "7 (a) S 9 (b) Z 3 5 6 7 8 9 10 11 12 13 14 15 16 17 18";
        assert_eq!(parse(line), Some(Stat { state: 'Z', parent: 3, own: 14 + 15, children: 16 + 17 }));
        assert_eq!(parse("7 (cut off"), None);
    }

    #[test]
    fn what_this_process_has_used_is_known_and_what_others_have_left_is_not() {
        let usage = usage(std::process::id()).unwrap();
        assert!(usage.peak_bytes > 1 << 20, "{usage:?}");
        assert_eq!(peak("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(peak("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn this_process_is_a_child_of_its_parent_and_no_zombie() {
        let me = std::process::id();
        let parent = stat(me).map(|stat| stat.parent).unwrap();
        assert!(children(parent).contains(&me));
        assert!(!is_zombie(me));
    }
}
