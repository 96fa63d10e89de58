//! The device's settings of dynamic batching. Needs no server; an agent at work goes by them from its next session on.

mod rules;
mod text;

use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use super::answer::Answer;
use crate::batching::Batching;
use crate::error::AgentError;
use crate::home::database_of;
use crate::store::Store;

pub use self::rules::{Bounds, SettingError};

/// A setting, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// Rows of an entity's first batch
    BatchRows,
    /// The most bytes of a batch
    BatchBytes,
    /// A batch that took less makes the next ones larger
    MinBatchTime,
    /// A batch that took more makes the next ones smaller
    MaxBatchTime,
    /// By how much they grow
    IncreaseRate,
    /// By how much they shrink
    DecreaseRate,
    /// How often a session is begun anew for a batch file that is broken or lost
    MaxRetryCount,
}

/// What is to become of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// This one has this value from now on.
    Set(Setting, u64),
    /// This one has its default again.
    Reset(Setting),
}

/// All settings.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Each of them, in their order.
    pub settings: Vec<SettingShown>,
}

/// One setting.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SettingShown {
    /// Its name.
    pub name: Setting,
    /// What holds.
    pub value: u64,
    /// What holds when nothing is set.
    pub default: u64,
    /// What it is counted in.
    pub unit: &'static str,
    /// Its name in the registry of the documents; none for one that they lack.
    pub registry: Option<&'static str>,
}

/// Changes a setting, if asked to, and shows all.
///
/// # Errors
/// [`AgentError::Setting`] for a value that cannot be, after which nothing is changed; [`AgentError::Store`] when there is
/// no device, or its database is not ours.
pub fn settings(folder: &Path, change: Change) -> Result<Answer, AgentError> {
    let mut store = Store::open(&database_of(folder))?;
    let before = Batching::read(&store)?;
    let after = rules::changed(before, change)?;
    if after != before {
        after.write(&mut store)?;
    }
    Ok(Answer::Settings(Settings::of(&after)))
}

impl Settings {
    fn of(batching: &Batching) -> Self {
        let default = Batching::default();
        let shown = |setting: &Setting| SettingShown {
            name: *setting,
            value: setting.of(batching),
            default: setting.of(&default),
            unit: setting.unit(),
            registry: setting.registry(),
        };
        Self { settings: Setting::value_variants().iter().map(shown).collect() }
    }
}

impl Setting {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BatchRows => "batch-rows",
            Self::BatchBytes => "batch-bytes",
            Self::MinBatchTime => "min-batch-time",
            Self::MaxBatchTime => "max-batch-time",
            Self::IncreaseRate => "increase-rate",
            Self::DecreaseRate => "decrease-rate",
            Self::MaxRetryCount => "max-retry-count",
        }
    }

    /// Its name in the registry of the documents.
    #[must_use]
    pub const fn registry(self) -> Option<&'static str> {
        match self {
            Self::BatchRows => Some("OfflineRowsBatchSize"),
            Self::BatchBytes => None,
            Self::MinBatchTime => Some("OfflineMinBatchTimeMilliSec"),
            Self::MaxBatchTime => Some("OfflineMaxBatchTimeMilliSec"),
            Self::IncreaseRate => Some("OfflineIncreaseRate"),
            Self::DecreaseRate => Some("OfflineDecreaseRate"),
            Self::MaxRetryCount => Some("OfflineMaxRetryCount"),
        }
    }

    /// What it is counted in.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::BatchRows => "rows",
            Self::BatchBytes => "bytes",
            Self::MinBatchTime | Self::MaxBatchTime => "ms",
            Self::IncreaseRate | Self::DecreaseRate => "times",
            Self::MaxRetryCount => "retries",
        }
    }
}

#[cfg(test)]
mod tests;
