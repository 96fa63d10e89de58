//! `sojourn-agent settings`: its arguments, and its help.

use std::path::Path;

use clap::Subcommand;

use crate::commands::{self, Answer, Change, Setting};
use crate::error::AgentError;

pub(super) const BATCHING: &str = "\
Data comes in batches, whose size follows the link and the device: one that took less than min-batch-time makes the next
ones of its entity larger, one that took more than max-batch-time makes them smaller.

  name             default    in CRM's registry            what it says
  batch-rows       10000      OfflineRowsBatchSize         rows of an entity's first batch
  batch-bytes      4194304    -                            bytes that no batch has more of, as Postgres sends its rows;
                                                           a single larger row is a batch of its own
  min-batch-time   100        OfflineMinBatchTimeMilliSec  a batch that took fewer ms makes the next ones larger
  max-batch-time   5000       OfflineMaxBatchTimeMilliSec  a batch that took more ms makes the next ones smaller
  increase-rate    2          OfflineIncreaseRate          by how much they grow; 1: not at all
  decrease-rate    2          OfflineDecreaseRate          by how much they shrink; 1: not at all
  max-retry-count  3          OfflineMaxRetryCount         how often a session is begun anew for a batch file that is
                                                           broken or lost

Examples:
  sojourn-agent settings                            what holds, beside the defaults
  sojourn-agent settings set batch-rows 500         begin small: on a link that breaks often
  sojourn-agent settings reset batch-rows           the default again

The server has ceilings of its own. What is set holds from the next session on.";

/// What may be asked of settings.
#[derive(Debug, Subcommand)]
pub(super) enum SettingsCommand {
    /// Show each setting, beside its default
    List,
    /// Give a setting a value
    #[command(after_help = "Example:\n  sojourn-agent settings set max-batch-time 2000")]
    Set {
        /// The setting
        #[arg(value_enum)]
        name: Setting,
        /// A whole number: rows, bytes, milliseconds, or times
        value: u64,
    },
    /// Give a setting its default again
    #[command(after_help = "Example:\n  sojourn-agent settings reset max-batch-time")]
    Reset {
        /// The setting
        #[arg(value_enum)]
        name: Setting,
    },
}

pub(super) fn perform(command: Option<SettingsCommand>, home: &Path) -> Result<Answer, AgentError> {
    let change = match command {
        None | Some(SettingsCommand::List) => Change::None,
        Some(SettingsCommand::Set { name, value }) => Change::Set(name, value),
        Some(SettingsCommand::Reset { name }) => Change::Reset(name),
    };
    commands::settings(home, change)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::batching::Batching;

    #[test]
    fn the_help_tells_the_defaults_and_the_names_of_the_documents() {
        for setting in Setting::value_variants() {
            let line = BATCHING.lines().find(|line| line.trim_start().starts_with(setting.name()));
            let words: Vec<&str> = line.expect("each setting has a line").split_whitespace().collect();
            assert_eq!(words[1], setting.of(&Batching::default()).to_string(), "{setting:?}");
            assert_eq!(words[2], setting.registry().unwrap_or("-"), "{setting:?}");
        }
    }
}
