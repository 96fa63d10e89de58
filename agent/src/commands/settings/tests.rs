//! Which settings are taken, and how they are shown.

use super::*;

fn set(setting: Setting, value: u64) -> Result<Batching, SettingError> {
    rules::changed(Batching::default(), Change::Set(setting, value))
}

#[test]
fn names_are_those_of_the_command_line_and_of_json() {
    for setting in Setting::value_variants() {
        let of_clap = setting.to_possible_value().map(|value| value.get_name().to_owned());
        assert_eq!(of_clap.as_deref(), Some(setting.name()));
        assert_eq!(serde_json::to_value(setting).expect("JSON"), setting.name());
    }
}

#[test]
fn every_setting_takes_its_bounds_and_nothing_beyond() {
    let roomy = Batching { min_ms: 0, max_ms: 3_600_000, ..Batching::default() };
    for &setting in Setting::value_variants() {
        let Bounds { least, greatest } = setting.bounds();
        let set = |value| rules::changed(roomy, Change::Set(setting, value));
        assert_eq!(set(least).map(|batching| setting.of(&batching)), Ok(least), "{setting:?}");
        let beyond: Vec<u64> = least.checked_sub(1).into_iter().chain([greatest + 1]).collect();
        for value in beyond {
            let bounds = setting.bounds();
            assert_eq!(set(value), Err(SettingError::OutOfBounds { setting, value, bounds }), "{setting:?}");
        }
    }
    let error = set(Setting::BatchRows, 0).expect_err("a batch has rows").to_string();
    assert_eq!(error, "batch-rows cannot be 0: it is 1 to 1000000 rows");
}

#[test]
fn batches_that_would_grow_and_shrink_in_turn_are_refused() {
    let error = set(Setting::MinBatchTime, 2_501).expect_err("twice that is more than five seconds");
    assert!(error.to_string().contains("(2501 ms)") && error.to_string().contains("(5000 ms)"), "{error}");
    assert!(set(Setting::MinBatchTime, 2_500).is_ok());
    assert!(set(Setting::IncreaseRate, 51).is_err());
    assert!(set(Setting::MaxBatchTime, 199).is_err());
}

#[test]
fn a_reset_brings_one_default_back() {
    let changed = Batching { rows: 5, retry_count: 9, ..Batching::default() };
    let reset = rules::changed(changed, Change::Reset(Setting::BatchRows)).expect("defaults fit");
    assert_eq!(reset, Batching { retry_count: 9, ..Batching::default() });
    assert_eq!(rules::changed(changed, Change::None), Ok(changed));
}

#[test]
fn values_stand_beside_their_defaults_and_the_names_of_the_documents() {
    let text = Settings::of(&Batching { rows: 77, ..Batching::default() }).to_string();
    for word in ["batch-rows", "77", "10000", "OfflineRowsBatchSize", "OfflineMaxRetryCount", "next session"] {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
}
