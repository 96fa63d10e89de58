//! Processor time of every process that had a part in something.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::os;

/// What the children of this process are called that come and go: agents, or the programs of the pipe.
pub(super) const CHILDREN: &str = "started for it";

/// Processor time by what a process is, since it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Processor(BTreeMap<&'static str, Duration>);

impl Processor {
    /// That of these processes and their children until now, and of our own children that have ended; none where the
    /// system does not tell.
    pub(super) fn now(pids: &[(&'static str, u32)]) -> Option<Processor> {
        let own = os::usage(std::process::id())?;
        let mut used = BTreeMap::from([(CHILDREN, own.ended_children)]);
        for (name, pid) in pids {
            let of = |pid: &u32| os::usage(*pid).map(|usage| usage.own + usage.ended_children).unwrap_or_default();
            let children: Duration = os::children(*pid).iter().map(of).sum();
            *used.entry(name).or_default() += of(pid) + children;
        }
        Some(Processor(used))
    }

    /// What was used since `earlier`, in seconds, by what it is.
    pub(super) fn since(&self, earlier: &Processor) -> Vec<(&'static str, f64)> {
        let before = |name: &str| earlier.0.get(name).copied().unwrap_or_default();
        self.0.iter().map(|(name, now)| (*name, now.saturating_sub(before(name)).as_secs_f64())).collect()
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_used_is_known_when_it_has_ended() {
        let before = Processor::now(&[]).unwrap();
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        assert!(std::process::Command::new("sh").args(["-c", busy]).status().unwrap().success());
        let used = Processor::now(&[]).unwrap().since(&before);
        assert!(used[0].1 > 0.0, "{used:?}");
    }
}
