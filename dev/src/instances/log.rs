//! The log files of what we run: where they are now, what came since, and how they end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const TAIL_BYTES: u64 = 8 * 1024;
const TAIL_LINES: usize = 20;

/// The length now, to read from later; 0 if there is no file yet.
pub(super) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// What was written after that length; nothing if it cannot be read.
pub(super) fn since(path: &Path, length: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(length))?;
        file.read_to_end(&mut bytes)
    });
    read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}

/// The last lines (at most 20).
pub(super) fn tail(path: &Path) -> String {
    let text = since(path, length(path).saturating_sub(TAIL_BYTES));
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// Whether the text complains that a port is somebody else's.
pub(super) fn says_port_taken(text: &str) -> bool {
    text.to_ascii_lowercase().contains("address already in use")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines_and_since_is_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        assert_eq!((length(&path), tail(&path)), (0, String::new()));
        let lines: Vec<String> = (0..1000).map(|n| format!("line {n}")).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        assert_eq!(tail(&path).lines().count(), TAIL_LINES);
        assert!(tail(&path).ends_with("line 999"));
        assert_eq!(since(&path, length(&path) - 3), "999");
    }
}
