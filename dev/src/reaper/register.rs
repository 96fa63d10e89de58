//! What the reaper has been told: which processes to end, and how. Pure.

use std::collections::BTreeMap;

use crate::os::Signal;

/// The processes to end, with the signal that asks each to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Register {
    processes: BTreeMap<u32, Signal>,
}

impl Register {
    /// Takes in one line. A line that is not understood is no reason to give up the others.
    pub(super) fn note(&mut self, line: &str) {
        match *line.split_whitespace().collect::<Vec<_>>() {
            ["pid", pid, signal] => {
                if let (Some(pid), Ok(signal)) = (parse_pid(pid), signal.parse()) {
                    self.processes.insert(pid, signal);
                }
            }
            ["gone", pid] => {
                parse_pid(pid).and_then(|pid| self.processes.remove(&pid));
            }
            _ => {}
        }
    }

    /// Every process that has not been reported gone.
    pub(super) fn processes(&self) -> impl Iterator<Item = (u32, Signal)> {
        self.processes.iter().map(|(pid, signal)| (*pid, *signal))
    }
}

/// A number that can be a process of ours: not 0 and 1, which mean groups and everybody.
fn parse_pid(text: &str) -> Option<u32> {
    text.parse().ok().filter(|pid| (2..=i32::MAX as u32).contains(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> Vec<(u32, Signal)> {
        let mut register = Register::default();
        lines.iter().for_each(|line| register.note(line));
        register.processes().collect()
    }

    #[test]
    fn a_process_stays_until_it_is_gone() {
        assert_eq!(after(&["pid 7 TERM", "pid 8 QUIT"]), [(7, Signal::Term), (8, Signal::Quit)]);
        assert_eq!(after(&["pid 7 TERM", "pid 8 QUIT", "gone 7", "gone 9"]), [(8, Signal::Quit)]);
    }

    #[test]
    fn a_line_cut_off_by_death_or_naming_everybody_is_passed_over() {
        assert_eq!(after(&["pid 1 KILL", "pid 0 KILL", "pid -1 KILL", "pid 4294967295 KILL"]), []);
        assert_eq!(after(&["pid 7", "pid 7 TE", "go", ""]), []);
    }
}
