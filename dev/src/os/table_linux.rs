//! The process table of Linux, read from `/proc`.

use std::fs;

/// What we read from a line of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
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

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `pid (name) state parent …`, where the name may hold spaces and brackets of its own.
fn parse(line: &str) -> Option<Stat> {
    let mut fields = line[line.rfind(')')? + 1..].split_whitespace();
    Some(Stat { state: fields.next()?.chars().next()?, parent: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse_the_parser() {
        assert_eq!(parse("7 (a) S 9 (b) Z 3 0 0"), Some(Stat { state: 'Z', parent: 3 }));
        assert_eq!(parse("7 (cut off"), None);
    }

    #[test]
    fn this_process_is_a_child_of_its_parent_and_no_zombie() {
        let me = std::process::id();
        let parent = stat(me).map(|stat| stat.parent).unwrap();
        assert!(children(parent).contains(&me));
        assert!(!is_zombie(me));
    }
}
