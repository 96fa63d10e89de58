//! Runs: like operations that can be written in one statement. Pure.
//!
//! Nothing can tell the rows of a run from rows that were written one by one: they are of different objects, no operation of
//! it waits for another, nothing that fires sees more than one of them, and neither columns that must be unique
//! (`db/runnable.rs`) nor those that duplicate rules compare are updated so.

use std::collections::HashSet;
use std::ops::Range;

use sojourn_wire::message::operation::{Operation, RowCommand};

use crate::pipeline::Prepared;
use crate::refusal::Refusal;
use crate::value::Parameter;

/// How a stretch of operations is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// In one statement.
    Run(Range<usize>),
    /// One by one, all or nothing.
    Unit(Range<usize>),
}

/// The longest run: what a statement's failure costs is doing them again one by one.
const LONGEST: usize = 200;

/// Cuts units ([`crate::groups::units`]) into steps, in order: units of one operation that are alike become runs.
///
/// Alike are creates, or updates, of one entity that set the same attributes to values that travel as text; what a plug-in
/// writes for a named command is of other objects than its own, and compared with nothing. No two are of one object, so that none depends on what another has done to its row.
#[must_use]
pub fn steps(
    operations: &[Operation],
    prepared: &[Result<Prepared<'_>, Refusal>],
    units: Vec<Range<usize>>,
) -> Vec<Step> {
    let mut steps = Vec::with_capacity(units.len());
    let mut run = 0..0;
    let mut objects = HashSet::new();
    for unit in units {
        let first = unit.start;
        let alone = unit.len() == 1 && operations[first].command.on_row().is_some() && is_plain(&prepared[first]);
        let goes_on = alone
            && !run.is_empty()
            && run.len() < LONGEST
            && are_alike(&prepared[run.start], &prepared[first])
            && !objects.contains(&operations[first].object_id);
        if !goes_on {
            end(&mut steps, &run);
            run = first..first;
            objects.clear();
        }
        match alone {
            true => {
                run.end = unit.end;
                objects.insert(operations[first].object_id);
            }
            false => {
                steps.push(Step::Unit(unit.clone()));
                run = unit.end..unit.end;
            }
        }
    }
    end(&mut steps, &run);
    steps
}

fn end(steps: &mut Vec<Step>, run: &Range<usize>) {
    match run.len() {
        0 => {}
        1 => steps.push(Step::Unit(run.clone())),
        _ => steps.push(Step::Run(run.clone())),
    }
}

/// One create or update whose values travel as text.
fn is_plain(prepared: &Result<Prepared<'_>, Refusal>) -> bool {
    let Ok(Prepared { writes, .. }) = prepared else { return false };
    let [write] = writes.as_slice() else { return false };
    let texts = write.values.iter().all(|(_, value)| matches!(value, Parameter::Text(_)));
    texts
        && match write.command {
            RowCommand::Create => true,
            RowCommand::Update => !write.values.is_empty(),
            RowCommand::Delete => false,
        }
}

fn are_alike(one: &Result<Prepared<'_>, Refusal>, other: &Result<Prepared<'_>, Refusal>) -> bool {
    let (Ok(one), Ok(other)) = (one, other) else { return false };
    let (one, other) = (&one.writes[0], &other.writes[0]);
    let columns = |write: &crate::validate::Write<'_>| {
        write.values.iter().map(|(column, _)| column.attribute.id).collect::<Vec<_>>()
    };
    one.command == other.command
        && one.table.object_type_code == other.table.object_type_code
        && columns(one) == columns(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::units;
    use crate::pipeline::{Advice, prepare};
    use crate::testing::{create, metadata, operation, text};
    use proptest::prelude::*;
    use sojourn_metadata::ReplayRules;
    use sojourn_wire::message::operation::{Command, FieldValue};
    use uuid::Uuid;

    fn on(object: u128, command: Command, data: &[(&str, FieldValue)]) -> Operation {
        Operation { object_id: Uuid::from_u128(object), ..operation(command, data) }
    }

    fn cut(operations: &[Operation]) -> Vec<Step> {
        let metadata = metadata();
        let rules = ReplayRules::default();
        let prepared: Vec<_> = operations.iter().map(|o| prepare(&metadata, &rules, o, &Advice::Allow)).collect();
        steps(operations, &prepared, units(operations))
    }

    #[test]
    fn alike_is_what_one_statement_can_write() {
        let notes = |object, group| Operation { group, ..on(object, Command::Update, &[("notes", text("x"))]) };
        let plain = |object| notes(object, None);
        assert_eq!(cut(&[plain(1), plain(2), plain(3)]), [Step::Run(0..3)]);
        assert_eq!(cut(&[plain(1), plain(2), plain(1)]), [Step::Run(0..2), Step::Unit(2..3)], "the same object");
        let score = on(3, Command::Update, &[("score", text("1"))]);
        assert_eq!(cut(&[plain(1), plain(2), score]), [Step::Run(0..2), Step::Unit(2..3)], "another attribute");
        let photo = on(2, Command::Update, &[("photo", FieldValue::Bytes(vec![1]))]);
        assert_eq!(cut(&[plain(1), photo, plain(3)]), [Step::Unit(0..1), Step::Unit(1..2), Step::Unit(2..3)]);
        let group = [plain(1), plain(2), notes(3, Some(1)), notes(4, Some(1)), plain(5), plain(6)];
        assert_eq!(cut(&group), [Step::Run(0..2), Step::Unit(2..4), Step::Run(4..6)]);
        let gone = on(2, Command::Delete, &[]);
        assert_eq!(cut(&[gone.clone(), gone]), [Step::Unit(0..1), Step::Unit(1..2)]);
        let wrong = on(2, Command::Update, &[("nots", text("x"))]);
        assert_eq!(cut(&[plain(1), wrong, plain(3)]), [Step::Unit(0..1), Step::Unit(1..2), Step::Unit(2..3)]);
    }

    #[test]
    fn what_plug_ins_write_is_written_alone() {
        let (metadata, rules) = (metadata(), ReplayRules::default());
        let updates = [1, 2].map(|object| on(object, Command::Update, &[("notes", text("x"))]));
        let prepared: Vec<_> = updates.iter().map(|o| prepare(&metadata, &rules, o, &Advice::Allow)).collect();
        let invoked = updates.clone().map(|update| Operation { command: Command::Invoke, ..update });
        assert_eq!(steps(&updates, &prepared, units(&updates)), [Step::Run(0..2)]);
        assert_eq!(steps(&invoked, &prepared, units(&invoked)), [Step::Unit(0..1), Step::Unit(1..2)]);
    }

    proptest! {
        #[test]
        fn steps_cover_everything_in_order(objects in proptest::collection::vec((0..6u128, 0..3u8, proptest::option::of(0..3u64)), 0..60)) {
            let make = |&(object, kind, group): &(u128, u8, Option<u64>)| {
                let operation = match kind {
                    0 => on(object, Command::Update, &[("notes", text("x"))]),
                    1 => on(object, Command::Delete, &[]),
                    _ => Operation { object_id: Uuid::from_u128(object), ..create(1) },
                };
                Operation { group, ..operation }
            };
            let operations: Vec<Operation> = objects.iter().map(make).collect();
            let steps = cut(&operations);
            let all: Vec<usize> = steps.iter().flat_map(|(Step::Run(range) | Step::Unit(range))| range.clone()).collect();
            prop_assert_eq!(all, (0..operations.len()).collect::<Vec<_>>());
        }
    }
}
