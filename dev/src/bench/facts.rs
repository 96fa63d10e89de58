//! What figures were measured with: they say nothing without it.

use std::fmt;
use std::fs;

use crate::tools::Tools;

/// What figures were measured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    postgres: String,
    processor: String,
    processors: usize,
    memory: String,
    system: String,
}

impl Facts {
    /// Those of this machine. What cannot be found out is said to be unknown.
    pub(crate) fn gather(tools: &Tools) -> Facts {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        Facts {
            postgres: tools.postgres_version.clone(),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            memory: field(&read("/proc/meminfo"), "MemTotal").unwrap_or_else(unknown),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

/// The value of a line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim().to_owned())
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { postgres, processor, processors, memory, system } = self;
        write!(f, "Postgres {postgres}; {processors} processors ({processor}), memory {memory}, {system}")?;
        if cfg!(debug_assertions) {
            write!(f, "\nthis is no release build: its figures say little (cargo bench-sync makes one)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "vendor_id\t: X\nmodel name\t: Fast 3000: the best\nmodel\t\t: 7\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Fast 3000: the best"));
        assert_eq!(field(text, "model").as_deref(), Some("7"));
        assert_eq!(field(text, "name"), None);
    }
}
