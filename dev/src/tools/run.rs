//! Running an installer to its end.

use std::process::{Command, Output, Stdio};

/// The lines of an installer's output that are worth showing.
const TAIL: usize = 12;

/// Runs to the end; the error is the end of what the program said, or why it did not start.
pub(super) fn run(command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(tail(&output)),
        Err(error) => Err(error.to_string()),
    }
}

fn tail(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
