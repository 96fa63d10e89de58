//! Progress told as lines is truthful: it never goes back, never runs ahead, and what it says of the time left comes so.

use crate::support::{World, WorldPlan, run};

/// A slow link: a few seconds for the rows of one salesman.
const BYTES_PER_SECOND: u64 = 16_000;
/// How many times as much, or as little, may be said: batches come in pieces, and the protocol takes its part.
const ABOUT: f64 = 2.5;
/// Seconds by which the time left may be wrong besides.
const ROUGHLY: f64 = 2.0;
/// From so many hundredths on, what is said of the time left must come so.
const KNOWN: u64 = 20;

async fn world() -> World {
    WorldPlan::of(&[|people| people.sales[0].id]).with(|plan| plan.batch_rows(50)).start().await
}

/// What a line says: `moving data: 12,000 of 100,000 rows (12%), 93 KB/s, 80 s left`.
#[derive(Debug, PartialEq)]
struct Line {
    position: u64,
    total: u64,
    percent: u64,
    bytes_per_second: Option<u64>,
    seconds_left: Option<u64>,
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        let mut pieces = line.strip_prefix("moving data: ")?.split(", ");
        let (counts, percent) = pieces.next()?.strip_suffix("%)")?.split_once(" rows (")?;
        let (position, total) = counts.split_once(" of ")?;
        let number = |text: &str| text.replace(',', "").parse::<u64>().ok();
        let mut said = Self {
            position: number(position)?,
            total: number(total)?,
            percent: number(percent)?,
            bytes_per_second: None,
            seconds_left: None,
        };
        for piece in pieces {
            match piece.split_once(' ')? {
                (count, "s left") => said.seconds_left = Some(number(count)?),
                (count, "B/s") => said.bytes_per_second = Some(number(count)?),
                (count, "KB/s") => said.bytes_per_second = Some(number(count)? * 1_000),
                (_, other) => panic!("{other:?} is a unit that is too large here: {line}"),
            }
        }
        Some(said)
    }
}

/// Every line about moving data; all must be understood.
#[track_caller]
fn lines(talk: &str) -> Vec<Line> {
    let about = talk.lines().filter(|line| line.starts_with("moving data:"));
    about.map(|line| Line::read(line).unwrap_or_else(|| panic!("what does it say? {line}"))).collect()
}

#[test]
fn nothing_is_told_to_whoever_is_no_terminal_unless_asked() {
    run(async {
        let world = world().await;
        let device = &world.devices[0];
        device.init().await;
        let ran = device.run(&["go-offline", "--progress", "lines"]).await;
        let rows = ran.answer["data"]["rows"].as_u64().expect("rows");
        let told = lines(&ran.talk);
        assert_eq!(told.first().map(|line| (line.position, line.total)), Some((0, rows)), "{}", ran.talk);
        assert_eq!(told.last().map(|line| (line.position, line.percent)), Some((rows, 100)), "{}", ran.talk);
        assert_eq!(device.run(&["sync"]).await.talk, "");
        assert_eq!(device.run(&["sync", "--progress", "none"]).await.talk, "");
        world.stop().await;
    });
}

#[test]
fn on_a_slow_link_lines_say_how_far_it_is_and_how_long_it_takes() {
    run(async {
        let mut world = world().await;
        let link = world.stack.link(0).await.expect("a link");
        link.credentials().clone_into(&mut world.devices[0].credentials);
        let device = &world.devices[0];
        device.init().await;
        link.throttle(BYTES_PER_SECOND);
        let ran = device.run(&["go-offline", "--progress", "lines"]).await;
        link.heal();
        let rows = ran.answer["data"]["rows"].as_u64().expect("rows");
        let told = lines(&ran.talk);
        assert!(told.len() >= 4, "a line a second: {}", ran.talk);
        assert!(told.is_sorted_by_key(|line| line.position), "it never goes back: {}", ran.talk);
        let (last, before) = told.split_last().expect("lines");
        assert_eq!((last.position, last.total, last.seconds_left), (rows, rows, Some(0)), "{}", ran.talk);
        for (second, line) in before.iter().enumerate() {
            assert!(line.position < rows && line.percent == line.position * 100 / rows, "{line:?}");
            let remaining = (before.len() - second) as f64;
            assert_about(line.seconds_left.filter(|_| line.percent >= KNOWN), remaining, &ran.talk);
            assert!(line.bytes_per_second.unwrap_or(0) <= BYTES_PER_SECOND * 5 / 4, "{line:?} is more than passes");
        }
        world.stop().await;
    });
}

/// Asserts that what is said, if it is, is about what is so.
#[track_caller]
fn assert_about(said: Option<u64>, is: f64, talk: &str) {
    let Some(said) = said.map(|said| said as f64) else { return };
    assert!(said <= is * ABOUT + ROUGHLY && said + ROUGHLY >= is / ABOUT, "{said} is said, {is} is so:\n{talk}");
}
