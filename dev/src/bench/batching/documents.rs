//! What the documents measured (CRM 4.0, Appendix C: Dynamic Batching), for 6,296 rows. Pure.

/// The initial batch sizes of the experiment, in rows.
pub(super) const BATCH_SIZES: [u32; 5] = [1, 16, 256, 512, 1024];

/// Time of initial GoOffline for each of them, in seconds: without and with batch-size adjustments.
const TIMES: [(f64, f64); BATCH_SIZES.len()] = [
    (4.0 * 60.0 + 59.917_982_0, 37.170_923_4),
    (49.250_315_2, 28.390_443_3),
    (27.655_416_8, 26.624_598_3),
    (26.405_743_0, 26.468_241_8),
    (29.952_166_5, 28.389_716_5),
];

/// What they measured for this initial batch size, in seconds, if they did.
pub(super) fn documented(initial: u32, adjusts: bool) -> Option<f64> {
    let index = BATCH_SIZES.iter().position(|size| *size == initial)?;
    let (without, with) = TIMES[index];
    Some(if adjusts { with } else { without })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_show_what_adjustment_is_good_for() {
        let times = |initial| [false, true].map(|adjusts| documented(initial, adjusts).unwrap().round());
        assert_eq!([times(1), times(16), times(1024)], [[300.0, 37.0], [49.0, 28.0], [30.0, 28.0]]);
        assert_eq!(documented(2, true), None);
    }
}
