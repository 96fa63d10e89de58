//! The streams of tracking that a registration needs: which tables are followed, and by which column.

use sojourn_metadata::Rules;
use sojourn_platform::catalog::Relation;

/// A table whose changes are followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    /// The table's schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column whose values are noted; none notes only that something changed.
    pub key_column: Option<String>,
    /// The table's oid.
    pub relation: i64,
    /// Its rows may change without a statement that names it, so each row must be noted by itself.
    pub each_row: bool,
}

/// The streams that were asked for so far; a stream's position stands for its number until it has one.
#[derive(Debug, Default)]
pub(super) struct Streams(Vec<Stream>);

impl Streams {
    /// The position of the stream of a table, by this column.
    pub(super) fn of(&mut self, relation: &Relation, key_column: Option<&str>) -> i32 {
        let stream = Stream {
            schema: relation.schema.clone(),
            table: relation.name.clone(),
            key_column: key_column.map(ToOwned::to_owned),
            relation: relation.oid,
            each_row: relation.is_changed_unnamed(),
        };
        let position = self.0.iter().position(|known| *known == stream).unwrap_or_else(|| {
            self.0.push(stream);
            self.0.len() - 1
        });
        i32::try_from(position).unwrap_or(i32::MAX)
    }

    /// All of them, by position.
    pub(super) fn into_vec(self) -> Vec<Stream> {
        self.0
    }
}

/// The rules with the numbers of streams in the place of their positions.
pub(super) fn numbered(mut rules: Rules, numbers: &[i32]) -> Rules {
    let number = |position: &mut i32| {
        let found = usize::try_from(*position).ok().and_then(|position| numbers.get(position));
        *position = *found.unwrap_or(position);
    };
    for entity in &mut rules.entities {
        number(&mut entity.stream);
        entity.named.iter_mut().for_each(number);
        entity.whole.iter_mut().for_each(number);
    }
    rules
}
