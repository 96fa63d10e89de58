//! Duplicate rules as SQL. `schema` makes the indexes by which `replay` then finds rows, so both must write the same
//! expressions: they are written here alone. Pure; a golden file in `golden/`.
//!
//! A text is indexed by its hash: an index over the text itself would refuse long ones, and with them the writes of
//! other people. What the hash finds is compared. All expressions are immutable, and name their functions with the
//! schema: a trigger of the user's may have changed the search path.

use std::collections::BTreeMap;

use sojourn_metadata::DataType;
use sojourn_metadata::replay::{Comparison, DuplicateCondition, DuplicateRule};

use crate::entities::{Column, Published, Table};
use crate::sql::Sql;

/// The most candidates that are looked at for one row, before it is asked which of them the user may see.
pub const MOST_CANDIDATES: i64 = 200;

/// A duplicate rule whose names are found in the metadata.
#[derive(Debug, Clone)]
pub struct Matching<'a> {
    /// The rule.
    pub rule: &'a DuplicateRule,
    /// The table whose rows are looked at.
    pub table: &'a Table,
    /// The table that they are compared with.
    pub other: &'a Table,
    pairs: Vec<Pair<'a>>,
}

/// One comparison.
#[derive(Debug, Clone)]
struct Pair<'a> {
    mine: &'a Column,
    theirs: &'a Column,
    by: Comparison,
    characters: i64,
}

/// Whether two values of these attributes can be compared for being the same: each has one form, and a small one.
#[must_use]
pub fn is_comparable(attribute: &sojourn_metadata::Attribute) -> bool {
    match attribute.data_type {
        DataType::Json | DataType::Jsonb | DataType::Bytea => false,
        DataType::Other => !attribute.enum_values.is_empty(),
        _ => true,
    }
}

impl<'a> Matching<'a> {
    /// Finds the names of a rule; none when the metadata lacks one of them, or has it as something else.
    #[must_use]
    pub fn of(rule: &'a DuplicateRule, metadata: &'a Published) -> Option<Self> {
        let (table, other) = (metadata.table(&rule.entity)?, metadata.table(rule.other())?);
        let pair = |condition: &DuplicateCondition| {
            let (mine, theirs) = (table.column(&condition.attribute)?, other.column(condition.other())?);
            let characters = i64::from(condition.characters.unwrap_or_default());
            let fits = is_text(mine) == is_text(theirs) && (is_text(mine) || condition.by == Comparison::Equal);
            fits.then_some(Pair { mine, theirs, by: condition.by, characters })
        };
        let pairs = rule.when.iter().map(pair).collect::<Option<Vec<_>>>()?;
        (!pairs.is_empty()).then_some(Self { rule, table, other, pairs })
    }

    /// The columns of the other table that are compared.
    pub fn compared(&self) -> impl Iterator<Item = &'a Column> {
        self.pairs.iter().map(|pair| pair.theirs)
    }

    /// The columns of the other table that an index over columns alone could serve.
    pub fn compared_as_they_are(&self) -> impl Iterator<Item = &'a Column> {
        self.pairs.iter().filter(|pair| pair.by == Comparison::Equal).map(|pair| pair.theirs)
    }

    /// What an index on the other table must be over, in an order that is the same for every rule of the same
    /// comparisons.
    #[must_use]
    pub fn index_keys(&self) -> Sql {
        let keys = self.pairs.iter().map(|pair| key(Sql::default(), "", pair.theirs, pair));
        let keys: BTreeMap<String, Sql> = keys.map(|key| (key.text().to_owned(), key)).collect();
        Sql::default().list(keys.values(), ", ", Sql::append)
    }

    /// The rows that given rows look like, to be asked as the role that sees every row: pairs of object ids, a given
    /// one and another. `$1` is an array of object ids.
    #[must_use]
    pub fn candidates(&self) -> Sql {
        let (mine, theirs) = (&self.table.key().name, &self.other.key().name);
        let sql = Sql::new("SELECT n.").ident(mine).raw(", o.").ident(theirs).raw("\n  FROM ");
        let sql = sql.table(&self.table.schema, &self.table.table).raw(" n\n CROSS JOIN LATERAL (SELECT o.");
        let sql = sql.ident(theirs).raw("\n          FROM ").table(&self.other.schema, &self.other.table);
        let sql = sql.raw(" o\n         WHERE ").list(&self.pairs, "\n           AND ", alike);
        let sql = sql.raw("\n           AND o.").ident(theirs).raw(" <> n.").ident(mine);
        let sql = sql.raw("\n         LIMIT ").number(MOST_CANDIDATES).raw(") o\n WHERE n.").ident(mine);
        self.pairs
            .iter()
            .filter(|pair| is_text(pair.mine))
            .fold(sql.raw(" = ANY ($1)"), |sql, pair| text(sql.raw("\n   AND "), "n.", pair.mine, pair).raw(" <> ''"))
    }

    /// Which of some rows of the other table the user may see, to be asked as the user: the object id, and what was
    /// compared as text, in the order of [`Self::compared`]. `$1` is an array of object ids.
    #[must_use]
    pub fn visible(&self) -> Sql {
        let key = &self.other.key().name;
        let sql = Sql::new("SELECT o.").ident(key);
        let sql = self.compared().fold(sql, |sql, column| sql.raw(", o.").ident(&column.name).raw("::text"));
        let sql = sql.raw("\n  FROM ").table(&self.other.schema, &self.other.table).raw(" o\n WHERE o.").ident(key);
        sql.raw(" = ANY ($1)\n ORDER BY o.").ident(key)
    }
}

fn is_text(column: &Column) -> bool {
    column.attribute.data_type == DataType::Text
}

/// Two values are alike.
fn alike(sql: Sql, pair: &Pair<'_>) -> Sql {
    let sql = key(key(sql, "o.", pair.theirs, pair).raw(" = "), "n.", pair.mine, pair);
    if !is_text(pair.theirs) {
        return sql;
    }
    // Two columns may have two collations, and Postgres would not choose: it is told. By the default one, an index
    // over the column serves too.
    let sql = text(sql.raw("\n           AND "), "o.", pair.theirs, pair);
    let sql = text(sql.raw(" = "), "n.", pair.mine, pair);
    sql.raw(if pair.by == Comparison::Equal { " COLLATE pg_catalog.\"default\"" } else { " COLLATE \"C\"" })
}

/// What is indexed.
fn key(sql: Sql, of: &'static str, column: &Column, pair: &Pair<'_>) -> Sql {
    if is_text(column) {
        text(sql.raw("pg_catalog.hashtextextended("), of, column, pair).raw(" COLLATE \"C\", 0)")
    } else {
        sql.raw(of).ident(&column.name)
    }
}

/// The text that is compared.
fn text(sql: Sql, of: &'static str, column: &Column, pair: &Pair<'_>) -> Sql {
    let plain = |sql: Sql| sql.raw(of).ident(&column.name).raw("::text");
    match pair.by {
        Comparison::Equal => plain(sql),
        Comparison::IgnoringCaseAndSpaces => {
            plain(sql.raw("pg_catalog.lower(pg_catalog.translate(")).raw(", E' \\t\\n\\r', ''))")
        }
        Comparison::First => {
            plain(sql.raw("pg_catalog.lower(pg_catalog.left(")).raw(", ").number(pair.characters).raw("))")
        }
    }
}

#[cfg(test)]
mod tests {
    use sojourn_metadata::{Attribute, Entity, Metadata};

    use super::*;

    fn attribute(id: u32, name: &str, data_type: DataType) -> Attribute {
        Attribute {
            id,
            name: name.into(),
            data_type,
            sql_type: if data_type == DataType::Text { "text".into() } else { "uuid".into() },
            required: false,
            has_default: false,
            generated: false,
            max_length: None,
            enum_values: vec![],
        }
    }

    fn metadata() -> Published {
        let entity = |code, name: &str, attributes: &[(&str, DataType)]| Entity {
            name: name.into(),
            object_type_code: code,
            schema: "crm".into(),
            table: name.into(),
            attributes: (1..).zip(attributes).map(|(id, (name, kind))| attribute(id, name, *kind)).collect(),
            relationships: vec![],
            commands: vec![],
        };
        let entities = vec![
            entity(2, "contact", &[("id", DataType::Uuid), ("e\"mail", DataType::Text), ("boss", DataType::Uuid)]),
            entity(4, "lead", &[("id", DataType::Uuid), ("full_name", DataType::Text), ("boss", DataType::Uuid)]),
        ];
        let metadata = Metadata { dataset: "crm".into(), acting_role: "users".into(), entities };
        Published::new(1, metadata).expect("good names")
    }

    fn condition(attribute: &str, by: Comparison) -> DuplicateCondition {
        let characters = (by == Comparison::First).then_some(4);
        DuplicateCondition { attribute: attribute.into(), with: None, by, characters }
    }

    fn rule(matches: Option<&str>, when: Vec<DuplicateCondition>) -> DuplicateRule {
        DuplicateRule { name: "r".into(), entity: "contact".into(), matches: matches.map(Into::into), when }
    }

    #[test]
    fn the_statements_are_as_reviewed() {
        use Comparison::{Equal, First, IgnoringCaseAndSpaces};
        let metadata = metadata();
        let across = DuplicateCondition { with: Some("full_name".into()), ..condition("e\"mail", First) };
        let rules = [
            rule(None, vec![condition("e\"mail", IgnoringCaseAndSpaces)]),
            rule(None, vec![condition("e\"mail", Equal), condition("boss", Equal)]),
            rule(Some("lead"), vec![across, condition("boss", Equal)]),
        ];
        let told = rules.iter().map(|rule| {
            let matching = Matching::of(rule, &metadata).expect("good names");
            let index = format!("INDEX ({})", matching.index_keys().text());
            [index, matching.candidates().text().to_owned(), matching.visible().text().to_owned()].join(";\n")
        });
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("duplicates.sql", told.collect::<Vec<_>>().join(";\n\n"));
        });
    }

    #[test]
    fn the_order_of_conditions_makes_no_other_index() {
        let metadata = metadata();
        let [mail, boss] = [condition("e\"mail", Comparison::Equal), condition("boss", Comparison::Equal)];
        let keys = |when| {
            let rule = rule(None, when);
            Matching::of(&rule, &metadata).map(|matching| matching.index_keys().text().to_owned())
        };
        let one = keys(vec![mail.clone(), boss.clone()]);
        assert!(one.is_some());
        assert_eq!(one, keys(vec![boss.clone(), mail.clone(), boss]));
        assert_ne!(one, keys(vec![mail]));
    }

    #[test]
    fn a_rule_about_what_is_not_there_matches_nothing() {
        let metadata = metadata();
        let gone = rule(None, vec![condition("phone", Comparison::Equal)]);
        assert!(Matching::of(&gone, &metadata).is_none());
        assert!(Matching::of(&rule(Some("account"), vec![condition("boss", Comparison::Equal)]), &metadata).is_none());
        assert!(Matching::of(&rule(None, vec![]), &metadata).is_none());
    }
}
