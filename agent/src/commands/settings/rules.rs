//! Which values a setting may have, alone and beside the others.

use sojourn_wire::batch::{DecodeLimits, MAX_BATCH_BYTES};

use super::{Change, Setting};
use crate::batching::Batching;

const HOUR_MS: u64 = 3_600_000;
const HIGHEST_RATE: u64 = 100;
const MOST_RETRIES: u64 = 100;

/// The least and the greatest value of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: u64,
    /// The greatest.
    pub greatest: u64,
}

/// A value that cannot be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is too small or too large.
    #[error("{} cannot be {value}: it is {} to {} {}", setting.name(), bounds.least, bounds.greatest, setting.unit())]
    OutOfBounds {
        /// The setting.
        setting: Setting,
        /// The value.
        value: u64,
        /// What it may be.
        bounds: Bounds,
    },
    /// A batch that has just grown would be too large at once.
    #[error(
        "batches would grow and shrink in turn: one that took a little less than min-batch-time ({} ms) and grew by \
         increase-rate ({}) would take more than max-batch-time ({} ms); change another of the three first",
        .0.min_ms, .0.increase_rate, .0.max_ms
    )]
    InTurn(Batching),
}

/// The settings after a change.
pub(super) fn changed(mut batching: Batching, change: Change) -> Result<Batching, SettingError> {
    let (setting, value) = match change {
        Change::None => return Ok(batching),
        Change::Set(setting, value) => (setting, value),
        Change::Reset(setting) => (setting, setting.of(&Batching::default())),
    };
    let bounds = setting.bounds();
    if !(bounds.least..=bounds.greatest).contains(&value) {
        return Err(SettingError::OutOfBounds { setting, value, bounds });
    }
    setting.put(&mut batching, value);
    match batching.min_ms.saturating_mul(batching.increase_rate.into()) <= batching.max_ms {
        true => Ok(batching),
        false => Err(SettingError::InTurn(batching)),
    }
}

impl Setting {
    /// What it may be.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        let (least, greatest) = match self {
            Self::BatchRows => (1, DecodeLimits::default().rows.into()),
            Self::BatchBytes => (1, MAX_BATCH_BYTES),
            Self::MinBatchTime => (0, HOUR_MS),
            Self::MaxBatchTime => (1, HOUR_MS),
            Self::IncreaseRate | Self::DecreaseRate => (1, HIGHEST_RATE),
            Self::MaxRetryCount => (0, MOST_RETRIES),
        };
        Bounds { least, greatest }
    }

    /// What it is in these settings.
    #[must_use]
    pub fn of(self, batching: &Batching) -> u64 {
        match self {
            Self::BatchRows => batching.rows.into(),
            Self::BatchBytes => batching.bytes,
            Self::MinBatchTime => batching.min_ms,
            Self::MaxBatchTime => batching.max_ms,
            Self::IncreaseRate => batching.increase_rate.into(),
            Self::DecreaseRate => batching.decrease_rate.into(),
            Self::MaxRetryCount => batching.retry_count.into(),
        }
    }

    /// The value is within the bounds, so that it fits.
    fn put(self, batching: &mut Batching, value: u64) {
        match self {
            Self::BatchRows => batching.rows = value as u32,
            Self::BatchBytes => batching.bytes = value,
            Self::MinBatchTime => batching.min_ms = value,
            Self::MaxBatchTime => batching.max_ms = value,
            Self::IncreaseRate => batching.increase_rate = value as u32,
            Self::DecreaseRate => batching.decrease_rate = value as u32,
            Self::MaxRetryCount => batching.retry_count = value as u32,
        }
    }
}
