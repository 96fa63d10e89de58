//! Stories in which something went wrong once, in as few steps as it takes.

use super::real::Real;
use super::row::Attribute::{Note, Size};
use super::story::{Choice, Edit, Pick, Step};
use super::telling::Telling;
use crate::support::run;

/// How often which verdict comes.
type Expected = &'static [(&'static str, u64)];

/// The numbers by which a conflict's ways are chosen.
const KEEP_MINE: Pick = 0;
const DISCARD: Pick = 16;

fn note(value: Pick) -> Edit {
    Edit::Update(0, vec![(Note, value)])
}

fn size(value: Pick) -> Edit {
    Edit::Update(0, vec![(Size, value)])
}

fn settle(entry: Pick, way: Pick) -> Step {
    Step::Settle(0, Choice { entry, way, values: Vec::new() })
}

/// All of them are about the first row.
fn stories() -> Vec<(Vec<Step>, Expected)> {
    let (write, group) = (|edits| Step::Write(0, edits), |edits| Step::Group(0, edits));
    let sync = || Step::Sync(0);
    vec![
        // What is done to a row that the server has no more is a conflict, though the device knew when it was done.
        (
            vec![
                write(vec![note(1)]),
                Step::Elsewhere(Edit::Delete(0)),
                sync(),
                write(vec![size(1)]),
                settle(0, DISCARD),
                sync(),
            ],
            &[("conflict", 2)],
        ),
        // One's own update is no reason to delete what somebody else has changed, unseen.
        (
            vec![write(vec![note(1)]), Step::Elsewhere(size(1)), write(vec![Edit::Delete(0)]), sync()],
            &[("merged", 1), ("conflict", 1)],
        ),
        // Whoever keeps their own in a group overrules what they saw, though the group has written the row before.
        (
            vec![group(vec![note(1), size(2)]), Step::Elsewhere(size(1)), sync(), settle(1, KEEP_MINE), sync()],
            &[("conflict", 1), ("cancelled", 1), ("merged", 2)],
        ),
    ]
}

#[test]
fn what_went_wrong_once() {
    run(async {
        let mut real = Real::start().await;
        for (number, (steps, expected)) in (1..).zip(stories()) {
            let mut telling = Telling::begin(&mut real, number).await.expect("it begins");
            for step in &steps {
                let told = telling.step(step).await;
                told.unwrap_or_else(|wrong| panic!("{}\n{wrong}", telling.log.join("\n")));
            }
            for (word, count) in expected {
                assert_eq!(telling.words.get(*word), Some(count), "{word}: {}", telling.log.join("\n"));
            }
            telling.end().await.expect("it ends");
            real.clear().await;
        }
        real.world.stop().await;
    });
}
