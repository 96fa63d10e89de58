//! How far something has come, and how long the rest takes: the arithmetic of bars and lines. Moments are counted from
//! its beginning.

use std::collections::VecDeque;
use std::time::Duration;

/// Speeds are those of this last while: long enough that single parts on a slow link do not show.
const WINDOW: Duration = Duration::from_secs(20);

/// Something of known length under way. What has come is half done; it is done when it is loaded, too. Not before it is
/// [over](Self::over) is it whole: what was loaded last may not be committed yet.
#[derive(Debug)]
pub(super) struct Course {
    total: u64,
    over: bool,
    now: Counts,
    seen: VecDeque<(Duration, Counts)>,
    loading_since: Option<(Duration, u64)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    received: u64,
    loaded: u64,
    bytes: u64,
}

/// How far it is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// The mean of what was received and what was loaded.
    pub(super) position: u64,
    /// What there is.
    pub(super) total: u64,
    /// None while no bytes were told.
    pub(super) bytes_per_second: Option<u64>,
    /// In full seconds, never less than it takes at this speed; none while nothing moves.
    pub(super) seconds_left: Option<u64>,
}

impl Course {
    pub(super) fn new(total: u64) -> Self {
        let seen = VecDeque::from([(Duration::ZERO, Counts::default())]);
        Self { total, over: false, now: Counts::default(), seen, loading_since: None }
    }

    /// So many more have come. What comes again, because a file was broken, is not counted beyond the total.
    pub(super) fn received(&mut self, more: u64) {
        self.now.received = self.now.received.saturating_add(more).min(self.total);
    }

    /// So many more are loaded; they must have come before.
    pub(super) fn loaded(&mut self, more: u64) {
        self.now.loaded = self.now.loaded.saturating_add(more).min(self.total);
        self.now.received = self.now.received.max(self.now.loaded);
    }

    /// So many more bytes have come.
    pub(super) fn received_bytes(&mut self, more: u64) {
        self.now.bytes = self.now.bytes.saturating_add(more);
    }

    /// Everything is committed that was loaded.
    pub(super) fn over(&mut self) {
        self.over = true;
    }

    /// How far it is at this moment, which is not before any that was asked about.
    pub(super) fn at(&mut self, moment: Duration) -> Reading {
        self.note(moment);
        let (since, then) = self.seen.front().copied().unwrap_or_default();
        let passed = moment.saturating_sub(since);
        let speed = per_second(self.now.bytes - then.bytes, passed);
        Reading {
            position: self.position(),
            total: self.total,
            bytes_per_second: speed.filter(|_| self.now.bytes > 0).map(|speed| speed as u64),
            seconds_left: self.seconds_left(moment, passed, then.received),
        }
    }

    /// Rounded down, so that it is the total only when both are.
    fn position(&self) -> u64 {
        let position = self.now.received.midpoint(self.now.loaded);
        if self.over { position } else { position.min(self.total.saturating_sub(1)) }
    }

    fn note(&mut self, moment: Duration) {
        if self.now.loaded > 0 && self.loading_since.is_none() {
            self.loading_since = Some((moment, self.now.loaded));
        }
        if self.now.received == 0 && self.now.bytes == 0 {
            // Waiting for the first of it is no speed.
            self.seen.clear();
        }
        self.seen.push_back((moment, self.now));
        while self.seen.get(1).is_some_and(|(at, _)| moment.saturating_sub(*at) >= WINDOW) {
            self.seen.pop_front();
        }
    }

    /// While anything is to come, it takes as long as that takes, for loading goes on beside it; then as loading takes.
    fn seconds_left(&self, moment: Duration, passed: Duration, received_then: u64) -> Option<u64> {
        if self.now.loaded == self.total {
            return self.over.then_some(0);
        }
        let (left, speed) = if self.now.received < self.total {
            (self.total - self.now.received, per_second(self.now.received - received_then, passed)?)
        } else {
            let (since, loaded_then) = self.loading_since?;
            (self.total - self.now.loaded, per_second(self.now.loaded - loaded_then, moment.saturating_sub(since))?)
        };
        (speed > 0.0).then(|| ((left as f64 / speed).ceil() as u64).max(1))
    }
}

/// None before any time has passed.
fn per_second(count: u64, passed: Duration) -> Option<f64> {
    (!passed.is_zero()).then(|| count as f64 / passed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn it_is_whole_only_when_everything_is_committed() {
        let mut course = Course::new(3);
        course.received(3);
        course.loaded(2);
        assert_eq!(course.at(seconds(1)).position, 2);
        course.loaded(1);
        let reading = course.at(seconds(2));
        assert_eq!((reading.position, reading.seconds_left), (2, None), "its transaction is still open");
        course.over();
        let reading = course.at(seconds(2));
        assert_eq!((reading.position, reading.seconds_left), (3, Some(0)));
    }

    #[test]
    fn it_moves_while_rows_come_before_any_is_loaded() {
        let mut course = Course::new(100);
        course.received(30);
        assert_eq!(course.at(seconds(3)).position, 15);
    }

    #[test]
    fn on_a_slow_link_what_is_left_is_what_is_still_to_come() {
        let mut course = Course::new(1000);
        for second in 1..=40 {
            course.received(10);
            course.received_bytes(5_000);
            if second == 20 {
                course.loaded(200);
            }
            course.at(seconds(second));
        }
        let reading = course.at(seconds(40));
        assert_eq!((reading.bytes_per_second, reading.seconds_left), (Some(5_000), Some(60)));
    }

    #[test]
    fn a_link_that_stalls_is_told_and_its_past_is_forgotten() {
        let mut course = Course::new(1000);
        course.received(500);
        course.received_bytes(50_000);
        course.at(seconds(1));
        assert_eq!(course.at(seconds(10)).seconds_left, Some(10));
        for second in 11..=60 {
            course.at(seconds(second));
        }
        let reading = course.at(seconds(60));
        assert_eq!((reading.position, reading.bytes_per_second, reading.seconds_left), (250, Some(0), None));
    }

    #[test]
    fn waiting_for_the_first_of_it_does_not_count() {
        let mut course = Course::new(1000);
        for second in 0..=9 {
            course.at(seconds(second));
        }
        course.received(100);
        assert_eq!(course.at(seconds(10)).seconds_left, Some(9));
    }

    #[test]
    fn what_was_spooled_is_judged_by_its_loading_alone() {
        let mut course = Course::new(1000);
        course.received(1000);
        assert_eq!(course.at(seconds(100)).seconds_left, None);
        course.loaded(200);
        course.at(seconds(101));
        course.loaded(400);
        assert_eq!(course.at(seconds(102)).seconds_left, Some(1));
    }

    #[test]
    fn nothing_to_move_is_done() {
        let mut course = Course::new(0);
        course.over();
        let reading = course.at(Duration::ZERO);
        assert_eq!(reading, Reading { position: 0, total: 0, bytes_per_second: None, seconds_left: Some(0) });
    }

    proptest! {
        #[test]
        fn it_never_goes_back_and_never_runs_ahead(
            total in 0_u64..500,
            steps in prop::collection::vec((0..3_u8, 0_u64..200, 0_u64..5_000), 0..60),
        ) {
            let mut course = Course::new(total);
            let (mut moment, mut before, mut loaded) = (Duration::ZERO, 0, 0);
            for (which, count, millis) in steps {
                match which {
                    0 => course.received(count),
                    1 => course.received_bytes(count),
                    _ => {
                        loaded += count;
                        course.loaded(count);
                    }
                }
                moment += Duration::from_millis(millis);
                let reading = course.at(moment);
                prop_assert!(reading.position >= before);
                prop_assert!(reading.position < total || total == 0);
                prop_assert_ne!(reading.seconds_left, Some(0));
                before = reading.position;
            }
            course.over();
            let reading = course.at(moment);
            prop_assert!(reading.position >= before);
            prop_assert_eq!(reading.position == total, loaded >= total);
            prop_assert_eq!(reading.seconds_left == Some(0), loaded >= total);
        }
    }
}
