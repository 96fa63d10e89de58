//! The one place of this crate that prints: data goes to stdout, talk to stderr.

use std::fmt::Display;
use std::io::Write as _;

/// Says something to the person at the terminal.
pub(crate) fn say(words: &(impl Display + ?Sized)) {
    // Whoever closed stderr does not want to hear.
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// Gives a line of data to whoever reads stdout.
pub(crate) fn data(line: &(impl Display + ?Sized)) {
    let mut stdout = std::io::stdout().lock();
    // Whoever closed the pipe does not want more.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
