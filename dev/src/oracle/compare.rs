//! Comparing the rows of one entity, and what came of comparing them all. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::Serialize;
use sojourn_metadata::Entity;

use super::value::{DeviceValue, is_same};

/// Differences that are kept with their words; all are counted.
const TOLD: usize = 100;

/// What came of comparing a device with what its user may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows that the user may see on the server.
    pub rows: u64,
    /// Values that were compared.
    pub values: u64,
    /// Each entity's counts.
    pub entities: BTreeMap<String, Counts>,
    /// The first hundred differences.
    pub differences: Vec<Difference>,
}

/// One entity's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows that the user may see on the server.
    pub server: u64,
    /// Rows on the device.
    pub device: u64,
    /// Rows that the device lacks.
    pub missing: u64,
    /// Rows that the device should not have.
    pub surplus: u64,
    /// Rows that have another value in some attribute.
    pub different: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The entity.
    pub entity: String,
    /// The row.
    pub object_id: String,
    /// What differs.
    #[serde(flatten)]
    pub what: What,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// The device lacks the row.
    Missing,
    /// The device should not have it.
    Surplus,
    /// A value.
    Value {
        /// The attribute.
        attribute: String,
        /// What Postgres prints.
        server: String,
        /// What SQLite holds.
        device: String,
    },
}

/// What a device holds of one entity.
#[derive(Debug, Default)]
pub struct Held {
    /// Its rows by object id, with the values in the metadata's order.
    pub rows: HashMap<String, Vec<DeviceValue>>,
    /// Objects with operations that wait, or were sent, refused or parked: they are not compared.
    pub unsettled: HashSet<String>,
}

/// The rows of one entity, compared one after the other.
#[derive(Debug)]
pub struct Comparison<'a> {
    entity: &'a Entity,
    /// The device's rows that the server has not named yet.
    unseen: HashMap<String, Vec<DeviceValue>>,
    /// Objects with unsettled operations: theirs is what the user wants, and not what the server has.
    unsettled: HashSet<String>,
    counts: Counts,
    report: &'a mut Report,
}

impl<'a> Comparison<'a> {
    /// Begins with what the device holds of the entity.
    pub fn begin(report: &'a mut Report, entity: &'a Entity, device: Held) -> Self {
        let Held { mut rows, unsettled } = device;
        rows.retain(|id, _| !unsettled.contains(id));
        let counts = Counts { device: rows.len() as u64, ..Counts::default() };
        Comparison { entity, unseen: rows, unsettled, counts, report }
    }

    /// Takes one row of the server: its values as text, in the metadata's order, the object id first.
    pub fn server_row(&mut self, values: &[Option<String>]) {
        let id = values.first().cloned().flatten().unwrap_or_default();
        if self.unsettled.contains(&id) {
            return;
        }
        self.counts.server += 1;
        self.report.rows += 1;
        let Some(device) = self.unseen.remove(&id) else {
            self.counts.missing += 1;
            return self.tell(id, What::Missing);
        };
        let mut differs = false;
        for (index, attribute) in self.entity.attributes.iter().enumerate() {
            let server = values.get(index).and_then(Option::as_deref);
            let device = device.get(index).unwrap_or(&DeviceValue::Null);
            self.report.values += 1;
            if !is_same(attribute, server, device) {
                differs = true;
                let server = server.map_or_else(|| "null".to_owned(), |text| format!("{text:?}"));
                let (attribute, device) = (attribute.name.clone(), device.to_string());
                self.tell(id.clone(), What::Value { attribute, server, device });
            }
        }
        self.counts.different += u64::from(differs);
    }

    /// Ends with the rows that the server has not.
    pub fn end(mut self) {
        let mut surplus: Vec<String> = std::mem::take(&mut self.unseen).into_keys().collect();
        surplus.sort_unstable();
        self.counts.surplus = surplus.len() as u64;
        for id in surplus {
            self.tell(id, What::Surplus);
        }
        self.report.entities.insert(self.entity.name.clone(), self.counts);
    }

    fn tell(&mut self, object_id: String, what: What) {
        if self.report.differences.len() < TOLD {
            self.report.differences.push(Difference { entity: self.entity.name.clone(), object_id, what });
        }
    }
}

impl Report {
    /// Whether the device has exactly what its user may see.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        self.entities.values().all(|counts| counts.missing + counts.surplus + counts.different == 0)
    }

    /// Rows that are not the same on both sides.
    #[must_use]
    pub fn different_rows(&self) -> u64 {
        self.entities.values().map(|counts| counts.missing + counts.surplus + counts.different).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, values, entities) = (self.rows, self.values, self.entities.len());
        write!(f, "{rows} rows with {values} values of {entities} entities compared: ")?;
        match self.different_rows() {
            0 => f.write_str("the same on both sides"),
            rows => write!(f, "{rows} rows differ"),
        }?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.entity, self.object_id)?;
        match &self.what {
            What::Missing => f.write_str(" is not on the device"),
            What::Surplus => f.write_str(" is on the device, and the user may not see it on the server"),
            What::Value { attribute, server, device } => {
                write!(f, ".{attribute}: the server has {server}, the device {device}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_metadata::{Attribute, DataType};

    fn entity() -> Entity {
        let attribute = |id, name: &str, data_type| Attribute {
            id,
            name: name.into(),
            data_type,
            sql_type: "x".into(),
            required: false,
            has_default: false,
            generated: false,
            max_length: None,
            enum_values: vec![],
        };
        let attributes = vec![attribute(1, "id", DataType::Uuid), attribute(2, "age", DataType::Int4)];
        let name = || "person".to_owned();
        Entity {
            name: name(),
            object_type_code: 1,
            schema: "s".into(),
            table: name(),
            attributes,
            relationships: vec![],
            commands: vec![],
        }
    }

    fn compare(device: &[(&str, i64)], server: &[(&str, i64)]) -> Report {
        let (mut report, entity) = (Report::default(), entity());
        let row = |(id, age): &(&str, i64)| {
            ((*id).to_owned(), vec![DeviceValue::Text((*id).to_owned()), DeviceValue::Integer(*age)])
        };
        let held = Held { rows: device.iter().map(row).collect(), unsettled: HashSet::from(["unsettled".to_owned()]) };
        let mut comparison = Comparison::begin(&mut report, &entity, held);
        server.iter().for_each(|(id, age)| comparison.server_row(&[Some((*id).to_owned()), Some(age.to_string())]));
        comparison.end();
        report
    }

    #[test]
    fn the_same_rows_converge() {
        let report = compare(&[("a", 1), ("b", 2)], &[("b", 2), ("a", 1)]);
        assert!(report.is_converged(), "{report}");
        assert_eq!((report.rows, report.values), (2, 4));
        assert_eq!(report.to_string(), "2 rows with 4 values of 1 entities compared: the same on both sides");
    }

    #[test]
    fn each_kind_of_difference_is_counted_and_told() {
        let report = compare(&[("a", 1), ("b", 2)], &[("b", 3), ("c", 4)]);
        let counts = Counts { server: 2, device: 2, missing: 1, surplus: 1, different: 1 };
        assert_eq!(report.entities["person"], counts);
        let told: Vec<String> = report.differences.iter().map(Difference::to_string).collect();
        assert_eq!(
            told,
            [
                "person b.age: the server has \"3\", the device integer 2",
                "person c is not on the device",
                "person a is on the device, and the user may not see it on the server",
            ]
        );
    }

    #[test]
    fn what_is_unsettled_is_not_compared() {
        for (device, server) in [(vec![("unsettled", 1)], vec![]), (vec![], vec![("unsettled", 1)])] {
            let report = compare(&device, &server);
            assert!(report.is_converged() && report.rows == 0, "{report}");
        }
    }

    #[test]
    fn many_differences_are_all_counted() {
        let ids: Vec<String> = (0..300).map(|n| format!("{n:03}")).collect();
        let rows: Vec<(&str, i64)> = ids.iter().map(|id| (id.as_str(), 1)).collect();
        let report = compare(&rows, &[]);
        assert_eq!((report.different_rows(), report.differences.len()), (300, TOLD));
        assert!(!report.is_converged());
    }
}
