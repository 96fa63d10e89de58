//! `--progress`: how the user is told that something goes on.

use std::io::IsTerminal as _;

use clap::ValueEnum;

use crate::progress::Progress;

/// How progress is shown: bars when stderr is a terminal and answers are not JSON, else nothing; lines, whatever stderr
/// is; or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressShown {
    Auto,
    Lines,
    None,
}

impl ProgressShown {
    pub(super) fn progress(self, json: bool) -> Progress {
        match self {
            Self::Auto if !json && std::io::stderr().is_terminal() => Progress::bars(),
            Self::Lines => Progress::lines(),
            Self::Auto | Self::None => Progress::silent(),
        }
    }
}
