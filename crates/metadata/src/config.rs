//! `sojourn.yaml`: which tables go offline, and as which role users' statements run.

use std::collections::HashSet;

use serde::Deserialize;

/// The file, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A name for this set of entities: one subject token.
    pub dataset: String,
    /// The role that users' statements run as: no login, no BYPASSRLS, owner of nothing.
    #[serde(default = "default_acting_role")]
    pub acting_role: String,
    /// The schema of tables that do not say another.
    #[serde(default = "default_schema")]
    pub schema: String,
    /// The tables.
    pub entities: Vec<EntityConfig>,
}

/// One entity, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityConfig {
    /// Its name, on the device and in messages.
    pub name: String,
    /// Its table, `table` or `schema.table`, where it is not the name in the default schema.
    pub table: Option<String>,
    /// Its object type code; assigned, and kept, where none is given.
    pub type_code: Option<i32>,
    /// `none` says that a table without row-level security is meant to be: every user may read every row.
    #[serde(default)]
    pub rls: Rls,
}

/// Whether a table must have row-level security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rls {
    /// It must.
    #[default]
    Required,
    /// It need not.
    None,
}

/// What is wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not YAML, or not our shape; the words name line and column.
    #[error("sojourn.yaml: {0}")]
    Syntax(String),
    /// A name cannot be used.
    #[error("sojourn.yaml: {what} {name:?} {problem}")]
    Name {
        /// Which name.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two entities claim the same.
    #[error("sojourn.yaml: two entities have the {what} {value}")]
    Twice {
        /// What must be unique.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// Nothing to take offline.
    #[error("sojourn.yaml: `entities:` is empty; name at least one table")]
    Empty,
}

fn default_acting_role() -> String {
    "sojourn_user".to_owned()
}

fn default_schema() -> String {
    "public".to_owned()
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`ConfigError`] names the line and column, or the entity, that is wrong.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = serde_saphyr::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.entities.is_empty() {
            return Err(ConfigError::Empty);
        }
        check_name("dataset", &self.dataset)?;
        let (mut names, mut codes, mut tables) = (HashSet::new(), HashSet::new(), HashSet::new());
        for entity in &self.entities {
            check_name("entity", &entity.name)?;
            // SQLite's names do not mind case.
            if !names.insert(entity.name.to_ascii_lowercase()) {
                return Err(ConfigError::Twice { what: "name", value: entity.name.clone() });
            }
            if !tables.insert(entity.place(self)) {
                return Err(ConfigError::Twice { what: "table", value: entity.place(self).join(".") });
            }
            if let Some(code) = entity.type_code.filter(|code| !codes.insert(*code)) {
                return Err(ConfigError::Twice { what: "type_code", value: code.to_string() });
            }
        }
        Ok(())
    }
}

impl EntityConfig {
    /// The schema and table it stands for.
    #[must_use]
    pub fn place(&self, config: &Config) -> [String; 2] {
        let table = self.table.as_deref().unwrap_or(&self.name);
        match table.split_once('.') {
            Some((schema, table)) => [schema.to_owned(), table.to_owned()],
            None => [config.schema.clone(), table.to_owned()],
        }
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), ConfigError> {
    let refuse = |problem| Err(ConfigError::Name { what, name: name.to_owned(), problem });
    if name.is_empty() || name.len() > 63 {
        return refuse("must have 1 to 63 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return refuse("may only have the characters A-Z a-z 0-9 _");
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("sojourn_") || lower.starts_with("sqlite_") {
        return refuse("begins like the names that the device's own tables have");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "dataset: crm\nentities:\n  - name: account\n";

    #[test]
    fn defaults_are_filled_in() {
        let config = Config::parse(MINIMAL).expect("a good file");
        assert_eq!(config.acting_role, "sojourn_user");
        assert_eq!(config.entities[0].place(&config), ["public", "account"]);
        let elsewhere =
            Config::parse("dataset: crm\nschema: s\nentities: [{name: a, table: t}, {name: b, table: u.v}]");
        let elsewhere = elsewhere.expect("a good file");
        assert_eq!(elsewhere.entities[0].place(&elsewhere), ["s", "t"]);
        assert_eq!(elsewhere.entities[1].place(&elsewhere), ["u", "v"]);
    }

    #[test]
    fn wrong_files_are_refused_with_the_place() {
        let cases = [
            ("dataset: crm\nentities: []", "is empty"),
            ("dataset: crm\nentities:\n  - nam: account", "nam"),
            ("dataset: c.r\nentities: [{name: a}]", "dataset \"c.r\""),
            ("dataset: crm\nentities: [{name: sojourn_x}]", "sojourn_x"),
            ("dataset: crm\nentities: [{name: a}, {name: A}]", "name A"),
            ("dataset: crm\nentities: [{name: a, table: t}, {name: b, table: public.t}]", "table public.t"),
            ("dataset: crm\nentities: [{name: a, type_code: 1}, {name: b, type_code: 1}]", "type_code 1"),
            ("dataset: [", "sojourn.yaml"),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text:?} gave {error:?}");
        }
    }
}
