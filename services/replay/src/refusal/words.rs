//! The words for a refusal: what the database said, made into what a user can act on. Pure.
//!
//! Postgres names codes, tables, columns and constraints in fields of their own, whatever its language is set to, so
//! the words are made from those and never from parsing a message. A message written by the developer of the database
//! (`RAISE EXCEPTION` in a trigger) is meant for the user and is passed on as it is.

use sojourn_platform::entities::{Published, Table};
use sojourn_wire::message::operation::RowCommand;

use super::Refusal;

/// What the database said about one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The SQLSTATE, five characters.
    pub code: String,
    /// The message, in the server's language.
    pub message: String,
    /// The schema and name of the table it is about.
    pub table: Option<(String, String)>,
    /// The column it is about.
    pub column: Option<String>,
    /// The constraint or index that was broken.
    pub constraint: Option<String>,
    /// The message is the developer's (`RAISE`), not Postgres'.
    pub raised: bool,
    /// It happened inside a trigger or function, not in our statement itself.
    pub nested: bool,
}

impl Failure {
    /// Whether a value may be to blame, of which Postgres tells neither column nor table: it cannot be read, is too
    /// long or out of range, or is against the rule of a domain.
    #[must_use]
    pub fn is_about_a_value(&self) -> bool {
        self.column.is_none() && (self.code.starts_with("22") || (self.code == "23514" && self.table.is_none()))
    }

    /// Whether Postgres names this table as the one it is about.
    #[must_use]
    pub fn is_about(&self, table: &Table) -> bool {
        self.table.as_ref().is_some_and(|(schema, name)| table.schema.name() == schema && table.table.name() == name)
    }
}

/// What the catalog says about a broken constraint or index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Its columns; none for an expression.
    pub columns: Vec<Option<String>>,
    /// The table it refers to, of a foreign key.
    pub target: Option<(String, String)>,
}

/// What was being done.
#[derive(Debug, Clone, Copy)]
pub struct Attempted<'a> {
    /// The metadata in force.
    pub metadata: &'a Published,
    /// The entity's table.
    pub table: &'a Table,
    /// The command.
    pub command: RowCommand,
}

impl Attempted<'_> {
    /// The words for a failure. `rule` is the constraint that [`Failure::constraint`] names.
    #[must_use]
    pub fn refusal(&self, failure: &Failure, rule: Option<&Rule>) -> Refusal {
        let attribute = self.attribute(failure, rule);
        let reason =
            if failure.raised { failure.message.clone() } else { self.words(failure, rule, attribute.as_deref()) };
        let refusal = match attribute {
            Some(attribute) => Refusal::of(&attribute, &reason),
            None => Refusal::new(&reason),
        };
        match &failure.constraint {
            Some(name) => refusal.by_rule(name),
            None => refusal,
        }
    }

    /// The words for an update or delete that met no row, and for a row that a rule of the server swallowed.
    #[must_use]
    pub fn nothing_done(&self) -> Refusal {
        let entity = self.entity();
        Refusal::new(&match self.command {
            RowCommand::Create => format!("the server's rules did not take this {entity}, and gave no reason"),
            RowCommand::Update => format!("this {entity} was not found, or you may not change it"),
            RowCommand::Delete => format!("this {entity} was not found, or you may not delete it"),
        })
    }

    fn words(&self, failure: &Failure, rule: Option<&Rule>, attribute: Option<&str>) -> String {
        let (entity, named) = (self.entity(), named(failure));
        let what = &attribute.map_or_else(|| entity.to_owned(), |attribute| format!("{attribute} of {entity}"));
        match failure.code.as_str() {
            "23502" => match &failure.column {
                Some(column) => format!("{column} of {} must have a value", self.entity_of(failure.table.as_ref())),
                None => format!("{what} must have a value"),
            },
            "23503" => self.reference(failure, rule, what),
            "23505" if self.is_key(rule) => format!("a {entity} with this id is there already"),
            "23505" => match rule.and_then(columns) {
                Some(columns) => format!("another {entity} has the same {columns}{named}"),
                None => format!("another {} is the same{named}", self.entity_of(failure.table.as_ref())),
            },
            "23514" | "44000" => format!("{what} is against a rule of the server{named}"),
            "23P01" => format!("{what} overlaps with another {entity}{named}"),
            "42501" if !failure.nested => match self.command {
                RowCommand::Create => format!("you may not create this {entity}"),
                RowCommand::Update => format!("you may not change this {entity} in this way"),
                RowCommand::Delete => format!("you may not delete this {entity}"),
            },
            "428C9" => format!("{what} gets its value from the server and cannot be written"),
            code if code.starts_with("22") => self.value(failure, attribute),
            code if code.starts_with("42") && !failure.nested => format!(
                "this {entity} no longer fits the server's tables; synchronise and try again ({})",
                failure.message
            ),
            code => format!("a rule of the server failed on this {entity}{named} ({code}: {})", failure.message),
        }
    }

    /// A value that Postgres cannot make into the attribute's type.
    fn value(&self, failure: &Failure, attribute: Option<&str>) -> String {
        let Some(column) = attribute.and_then(|name| self.table.column(name)) else {
            return format!("a value of {} cannot be stored ({}: {})", self.entity(), failure.code, failure.message);
        };
        let what = format!("{} of {}", column.attribute.name, self.entity());
        match failure.code.as_str() {
            "22001" => format!("{what} is too long for {}", column.attribute.sql_type),
            "22003" => format!("{what} is out of the range of {}", column.attribute.sql_type),
            _ => format!("{what} does not fit its type, {}", column.attribute.sql_type),
        }
    }

    /// A broken foreign key: seen from the row that refers, or from the row that is referred to.
    fn reference(&self, failure: &Failure, rule: Option<&Rule>, what: &str) -> String {
        let named = named(failure);
        let elsewhere = failure.table.is_some() && !failure.is_about(self.table);
        if self.command == RowCommand::Delete || (self.command == RowCommand::Update && elsewhere && !failure.nested) {
            let user = self.entity_of(failure.table.as_ref());
            return format!("this {} is still used by {user}{named}", self.entity());
        }
        let target = rule.and_then(|rule| rule.target.as_ref());
        let target =
            target.map_or_else(|| "something".to_owned(), |table| format!("a row of {}", self.entity_of(Some(table))));
        format!("{what} refers to {target} that is not on the server{named}")
    }

    /// The attribute to blame, if it is one of this entity.
    fn attribute(&self, failure: &Failure, rule: Option<&Rule>) -> Option<String> {
        let own = match &failure.table {
            Some(_) => failure.is_about(self.table) || !failure.nested,
            None => true,
        };
        let used_elsewhere = failure.code == "23503" && self.command == RowCommand::Delete;
        if !own || used_elsewhere {
            return None;
        }
        let single = || match rule.map(|rule| rule.columns.as_slice()) {
            Some([Some(column)]) => Some(column.clone()),
            _ => None,
        };
        let column = failure.column.clone().or_else(single)?;
        self.table.column(&column).map(|column| column.attribute.name.clone())
    }

    fn is_key(&self, rule: Option<&Rule>) -> bool {
        let key = self.table.key().name.name();
        rule.is_some_and(|rule| matches!(rule.columns.as_slice(), [Some(column)] if column == key))
    }

    fn entity(&self) -> &str {
        &self.table.entity
    }

    /// The entity of a table, or the table's own name where it is none.
    fn entity_of(&self, table: Option<&(String, String)>) -> String {
        let Some((schema, name)) = table else { return self.entity().to_owned() };
        let mut entities = self.metadata.entities.iter();
        let entity = entities.find(|entity| entity.schema.name() == schema && entity.table.name() == name);
        entity.map_or_else(|| name.clone(), |entity| entity.entity.clone())
    }
}

fn named(failure: &Failure) -> String {
    failure.constraint.as_ref().map_or_else(String::new, |name| format!(" (rule {name})"))
}

/// The columns of a rule in words, if all of them are plain columns.
fn columns(rule: &Rule) -> Option<String> {
    let columns: Vec<&str> = rule.columns.iter().map(Option::as_deref).collect::<Option<_>>()?;
    match columns.split_last()? {
        (last, []) => Some((*last).to_owned()),
        (last, first) => Some(format!("{} and {last}", first.join(", "))),
    }
}

#[cfg(test)]
mod tests;
