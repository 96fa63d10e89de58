//! The indexes by which duplicates are found: their names, and the statements that make and remove them. Pure.
//!
//! A name begins with what tells our indexes from others, then the dataset that needs it, so that a registration knows
//! which of them are its own; then what it is over.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_metadata::replay::ReplayRules;
use sojourn_platform::duplicates::Matching;
use sojourn_platform::entities::Published;
use sojourn_platform::sql::{Ident, InvalidIdent, Sql};

/// What the name of each of our indexes begins with.
pub const PREFIX: &str = "sojourn_duplicate_";

/// An index that a dataset's rules need.
#[derive(Debug, Clone)]
pub struct Needed {
    /// Its name.
    pub name: Ident,
    /// Its table's schema.
    pub schema: Ident,
    /// Its table.
    pub table: Ident,
    /// The columns that are compared as they are.
    pub plain: BTreeSet<String>,
    /// Nothing else is compared.
    pub all_plain: bool,
    keys: Sql,
}

/// An index over columns alone, made by somebody else.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Other {
    /// Its table's schema.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// No two rows have the same.
    pub is_unique: bool,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// What the names of a dataset's indexes begin with.
#[must_use]
pub fn prefix(dataset: &str) -> String {
    format!("{PREFIX}{}_", short_hash(&[dataset]))
}

/// The indexes that rules need, once each.
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn needed(rules: &ReplayRules, metadata: &Published) -> Result<Vec<Needed>, InvalidIdent> {
    let matching = rules.duplicates.iter().filter_map(|rule| Matching::of(rule, metadata));
    let needed = matching.map(|matching| {
        let (other, keys) = (matching.other, matching.index_keys());
        let of = short_hash(&[other.schema.name(), other.table.name(), keys.text()]);
        let plain: BTreeSet<String> = matching.compared_as_they_are().map(|c| c.name.name().to_owned()).collect();
        let all_plain = matching.compared_as_they_are().count() == matching.compared().count();
        let name = Ident::new(&format!("{}{of}", prefix(&metadata.dataset)))?;
        let (schema, table) = (other.schema.clone(), other.table.clone());
        Ok((name.name().to_owned(), Needed { name, schema, table, plain, all_plain, keys }))
    });
    Ok(needed.collect::<Result<BTreeMap<_, _>, _>>()?.into_values().collect())
}

impl Needed {
    /// Whether another index finds the same rows as fast: it is over exactly what is compared, or over some of it and
    /// finds at most one.
    #[must_use]
    pub fn is_served_by(&self, other: &Other) -> bool {
        let ours = |columns: &[String]| columns.iter().all(|column| self.plain.contains(column));
        let leading = other.columns.get(..self.plain.len());
        let all = self.all_plain
            && leading.is_some_and(|leading| leading.iter().collect::<BTreeSet<_>>() == self.plain.iter().collect());
        let here = self.schema.name() == other.schema && self.table.name() == other.table;
        here && (all || other.is_unique && ours(&other.columns))
    }

    /// Makes it. `concurrently` lets others write meanwhile, and is not possible for a table that has partitions.
    #[must_use]
    pub fn create(&self, concurrently: bool) -> Sql {
        let sql = Sql::new("CREATE INDEX ").raw(if concurrently { "CONCURRENTLY " } else { "" });
        let sql = sql.raw("IF NOT EXISTS ").ident(&self.name).raw(" ON ").table(&self.schema, &self.table);
        sql.raw(" (").append(&self.keys).raw(")")
    }
}

/// Removes an index. `concurrently` as for [`Needed::create`].
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn drop(schema: &str, name: &str, concurrently: bool) -> Result<Sql, InvalidIdent> {
    let sql = Sql::new("DROP INDEX ").raw(if concurrently { "CONCURRENTLY " } else { "" });
    Ok(sql.raw("IF EXISTS ").table(&Ident::new(schema)?, &Ident::new(name)?))
}

/// 10 hexadecimal digits.
fn short_hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    hasher.finalize().to_hex()[..10].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(plain: &[&str], all_plain: bool) -> Needed {
        let name = |name: &str| Ident::new(name).expect("a name");
        let plain = plain.iter().map(|&column| column.to_owned()).collect();
        let keys = Sql::new("\"a\"");
        Needed { name: name("i"), schema: name("crm"), table: name("contact"), plain, all_plain, keys }
    }

    fn other(is_unique: bool, columns: &[&str]) -> Other {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Other { schema: "crm".into(), table: "contact".into(), is_unique, columns }
    }

    #[test]
    fn the_statements_say_what_they_do() {
        let index = needed(&["a"], true);
        assert_eq!(
            index.create(true).text(),
            r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "i" ON "crm"."contact" ("a")"#
        );
        assert_eq!(index.create(false).text(), r#"CREATE INDEX IF NOT EXISTS "i" ON "crm"."contact" ("a")"#);
        let dropped = |concurrently| drop("crm", "i", concurrently).expect("names").text().to_owned();
        assert_eq!(dropped(true), r#"DROP INDEX CONCURRENTLY IF EXISTS "crm"."i""#);
        assert_eq!(dropped(false), r#"DROP INDEX IF EXISTS "crm"."i""#);
    }

    #[test]
    fn what_is_there_already_serves() {
        let both = needed(&["a", "b"], true);
        assert!(both.is_served_by(&other(false, &["b", "a", "c"])));
        assert!(both.is_served_by(&other(true, &["b"])));
        assert!(!both.is_served_by(&other(false, &["b"])));
        assert!(!both.is_served_by(&other(true, &["b", "c"])));
        assert!(!both.is_served_by(&Other { table: "lead".into(), ..other(true, &["b"]) }));
        let and_a_name = needed(&["a"], false);
        assert!(!and_a_name.is_served_by(&other(false, &["a"])));
        assert!(and_a_name.is_served_by(&other(true, &["a"])));
        assert!(!needed(&[], false).is_served_by(&other(false, &["a"])));
    }

    #[test]
    fn names_are_short_and_one_datasets_are_alike() {
        let prefix = prefix("a rather long name of a dataset, longer than any");
        assert!(prefix.starts_with(PREFIX) && prefix.len() + 10 < 63, "{prefix}");
        assert_ne!(short_hash(&["a", "bc"]), short_hash(&["ab", "c"]));
    }
}
