//! Rows as the model has them: every value is text, or nothing.

use std::collections::BTreeMap;

/// An attribute of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    Name,
    Size,
    Note,
    Parent,
    Keeper,
}

/// Values by attribute.
pub type Values = BTreeMap<Attribute, Option<String>>;

impl Attribute {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Name, Self::Size, Self::Note, Self::Parent, Self::Keeper];

    /// Its column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Note => "note",
            Self::Parent => "parent_id",
            Self::Keeper => "keeper",
        }
    }

    /// The attribute of this column.
    pub fn of(column: &str) -> Self {
        *Self::ALL.iter().find(|attribute| attribute.column() == column).expect("an attribute of a thing")
    }
}

/// A row of which nothing is said.
pub fn empty() -> Values {
    Attribute::ALL.iter().map(|attribute| (*attribute, None)).collect()
}

/// A value as SQL.
pub fn literal(attribute: Attribute, value: Option<&String>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(number) if attribute == Attribute::Size => number.clone(),
        Some(text) => format!("'{text}'"),
    }
}
