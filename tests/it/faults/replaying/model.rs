//! What the server must make of one subscription's operations, in the plainest way: one after the other, in memory. Pure.

use std::collections::{BTreeMap, HashMap};

use sojourn_wire::message::operation::{Command, FieldValue, Operation, VerdictKind};
use uuid::Uuid;

/// The object type codes of the entities.
pub const PAGE: i32 = 1;
pub const ENTRY: i32 = 2;
pub const LINE: i32 = 3;
/// The longest note that fits.
pub const LONGEST: usize = 12;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub entity: i32,
    pub revision: i64,
    pub note: Option<String>,
    pub page: Option<Uuid>,
}

/// What becomes of an operation: the verdict, and the operation to be settled first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub sequence: u64,
    pub verdict: VerdictKind,
    pub cause: Option<u64>,
}

/// What an operation did to its row: its number, the object, and the revision that it set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    pub sequence: u64,
    pub entity: i32,
    pub object: Uuid,
    pub revision: Option<i64>,
}

/// An operation that was not carried out and is not settled.
#[derive(Debug, Clone)]
struct Open {
    sequence: u64,
    origin: u64,
    object: Uuid,
    creates: bool,
    cause: u64,
}

/// The server, as far as one subscription can tell.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub rows: BTreeMap<Uuid, Row>,
    pub effects: Vec<Effect>,
    pub fates: Vec<Fate>,
    open: Vec<Open>,
    origins: HashMap<u64, u64>,
}

impl Model {
    /// Plays operations back and says what became of each.
    pub fn play(&mut self, operations: &[Operation]) -> Vec<Fate> {
        let mut fates = Vec::with_capacity(operations.len());
        let mut rest = operations;
        while let Some(first) = rest.first() {
            let members = match first.group {
                None => 1,
                group => rest.iter().take_while(|operation| operation.group == group).count(),
            };
            let (unit, others) = rest.split_at(members);
            fates.extend(self.unit(unit));
            rest = others;
        }
        self.fates.extend(&fates);
        fates
    }

    fn unit(&mut self, unit: &[Operation]) -> Vec<Fate> {
        for operation in unit {
            let origin = operation.settles.map_or(operation.sequence, |settled| self.origins[&settled]);
            self.origins.insert(operation.sequence, origin);
            self.open.retain(|open| Some(open.sequence) != operation.settles);
        }
        let fates = match unit.iter().find_map(|operation| self.cause(operation)) {
            Some(cause) => all(unit, VerdictKind::Parked, Some(cause)),
            None => self.try_unit(unit),
        };
        for (operation, fate) in unit.iter().zip(&fates).filter(|(_, fate)| fate.verdict != VerdictKind::Applied) {
            self.open.push(Open {
                sequence: operation.sequence,
                origin: self.origins[&operation.sequence],
                object: operation.object_id,
                creates: operation.command == Command::Create,
                cause: fate.cause.unwrap_or(operation.sequence),
            });
        }
        fates
    }

    /// What an operation must wait for.
    fn cause(&self, operation: &Operation) -> Option<u64> {
        if operation.command == Command::Discard {
            return None;
        }
        let origin = self.origins[&operation.sequence];
        let before = || self.open.iter().filter(|open| open.origin < origin);
        let same = before().filter(|open| open.object == operation.object_id).min_by_key(|open| open.origin);
        let page = page_of(operation);
        let referred = || before().filter(|open| open.creates && Some(open.object) == page).min_by_key(|o| o.origin);
        same.or_else(referred).map(|open| open.cause)
    }

    /// All or nothing. What does not fit the metadata is found before anything is written.
    fn try_unit(&mut self, unit: &[Operation]) -> Vec<Fate> {
        let (rows, effects) = (self.rows.clone(), self.effects.len());
        let unfit = unit.iter().find(|operation| is_unfit(operation));
        let guilty = unfit.or_else(|| unit.iter().find(|operation| self.carry_out(operation).is_none()));
        let Some(guilty) = guilty else { return all(unit, VerdictKind::Applied, None) };
        self.rows = rows;
        self.effects.truncate(effects);
        let mut fates = all(unit, VerdictKind::Cancelled, Some(guilty.sequence));
        let own = fates.iter_mut().find(|fate| fate.sequence == guilty.sequence);
        own.into_iter().for_each(|fate| (fate.verdict, fate.cause) = (VerdictKind::Rejected, None));
        fates
    }

    fn carry_out(&mut self, operation: &Operation) -> Option<()> {
        let (entity, object) = (operation.object_type_code, operation.object_id);
        let mut row = match operation.command {
            Command::Discard => return Some(()),
            Command::Delete => {
                self.rows.get(&object)?;
                if self.rows.values().any(|row| row.page == Some(object)) {
                    return None;
                }
                self.rows.remove(&object);
                self.effects.push(Effect { sequence: operation.sequence, entity, object, revision: None });
                return Some(());
            }
            Command::Create if self.rows.contains_key(&object) => return None,
            Command::Create => Row { entity, revision: -1, note: None, page: None },
            Command::Update => self.rows.get(&object)?.clone(),
            Command::Invoke => return None,
        };
        for (name, value) in &operation.data {
            match (name.as_str(), value) {
                ("revision", FieldValue::Number(number)) => row.revision = number.as_i64()?,
                ("note", FieldValue::Text(note)) => row.note = Some(note.clone()),
                ("page_id", FieldValue::Text(page)) => row.page = page.parse().ok(),
                _ => return None,
            }
        }
        let is_there = row.page.is_none_or(|page| self.rows.contains_key(&page));
        if row.revision < 0 || !is_there {
            return None;
        }
        self.effects.push(Effect { sequence: operation.sequence, entity, object, revision: Some(row.revision) });
        self.rows.insert(object, row);
        Some(())
    }
}

fn all(unit: &[Operation], verdict: VerdictKind, cause: Option<u64>) -> Vec<Fate> {
    unit.iter().map(|operation| Fate { sequence: operation.sequence, verdict, cause }).collect()
}

/// Its note is too long.
fn is_unfit(operation: &Operation) -> bool {
    matches!(operation.data.get("note"), Some(FieldValue::Text(note)) if note.len() > LONGEST)
}

/// The page that an operation's data refers to.
pub fn page_of(operation: &Operation) -> Option<Uuid> {
    match operation.data.get("page_id") {
        Some(FieldValue::Text(page)) => page.parse().ok(),
        _ => None,
    }
}
