//! `sojourn.yaml`: which tables go offline, and as which role users' statements run.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use crate::replay::ReplayRules;
use crate::rules::FunctionName;

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
    /// Functions that policies call and the catalog cannot look into, with the tables they read: an empty list for one
    /// that reads nothing but the session's settings.
    #[serde(default)]
    pub functions: BTreeMap<FunctionName, Vec<String>>,
    /// A function that says, as the user, whether that user may go offline: the Go Offline privilege.
    pub go_offline: Option<FunctionName>,
    /// A function of a role's name that says, as the user, whether that user has the role.
    pub in_role: Option<FunctionName>,
    /// Whether users may define local data groups at all.
    #[serde(default = "yes")]
    pub users_define: bool,
    /// The tables.
    pub entities: Vec<EntityConfig>,
    /// What happens to the work that comes back.
    #[serde(default)]
    pub replay: ReplayRules,
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
    /// Local data groups that an administrator defines.
    #[serde(default)]
    pub local_data_groups: Vec<GroupConfig>,
    /// Whether users may define local data groups of this entity.
    #[serde(default = "yes")]
    pub users_define: bool,
    /// How a change of a table that the policies read concerns the rows of this entity, where it does not concern them
    /// all.
    #[serde(default)]
    pub depends_on: Vec<Dependency>,
    /// A function of the object type code that gives, as the user and as `jsonb`, everything that the policies take from
    /// other tables: while it gives the same, a change of those tables concerns nothing here.
    pub access_context: Option<FunctionName>,
    /// `false` evaluates everything in every prepare: for policies whose outcome changes without a change of a row.
    #[serde(default = "yes")]
    pub incremental: bool,
}

/// A local data group, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Its name, unique within the entity.
    pub name: String,
    /// The filter, in the language of filters.
    pub filter: String,
    /// The role it is for; everybody, where neither role nor user is given.
    pub role: Option<String>,
    /// The user it is for.
    pub user: Option<uuid::Uuid>,
    /// It holds whatever the user defines.
    #[serde(default)]
    pub enforced: bool,
}

/// How a change of another table concerns rows of an entity, as written: `through` or `object`, not both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The table, `table` or `schema.table`.
    pub table: String,
    /// The attribute of this entity that refers to the table's key: the rows that refer to a changed row are concerned.
    pub through: Option<String>,
    /// The column of the table that holds the ids of the rows concerned.
    pub object: Option<String>,
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
    /// What an entity says cannot be meant.
    #[error("sojourn.yaml: entity {entity}: {problem}")]
    Entity {
        /// The entity.
        entity: String,
        /// What is wrong, and what to write instead.
        problem: String,
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

fn yes() -> bool {
    true
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
            entity.check(self)?;
        }
        Ok(())
    }

    /// The schema and table that a name in the file stands for.
    #[must_use]
    pub fn place_of(&self, table: &str) -> [String; 2] {
        match table.split_once('.') {
            Some((schema, table)) => [schema.to_owned(), table.to_owned()],
            None => [self.schema.clone(), table.to_owned()],
        }
    }
}

impl EntityConfig {
    /// The schema and table it stands for.
    #[must_use]
    pub fn place(&self, config: &Config) -> [String; 2] {
        config.place_of(self.table.as_deref().unwrap_or(&self.name))
    }

    fn check(&self, config: &Config) -> Result<(), ConfigError> {
        let refuse = |problem: String| Err(ConfigError::Entity { entity: self.name.clone(), problem });
        let mut names = HashSet::new();
        for group in &self.local_data_groups {
            let name = &group.name;
            if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
                return refuse(format!("a local data group is named {name:?}: write 1 to 100 printable characters"));
            }
            if !names.insert(name) {
                return refuse(format!("two local data groups are named {name:?}"));
            }
            if group.role.is_some() && group.user.is_some() {
                return refuse(format!("the local data group {name:?} is for a role and for a user: write two groups"));
            }
            if group.role.is_some() && config.in_role.is_none() {
                return refuse(format!(
                    "the local data group {name:?} is for a role; say with `in_role:` which function knows roles"
                ));
            }
        }
        match self.depends_on.iter().find(|dependency| dependency.through.is_some() == dependency.object.is_some()) {
            Some(Dependency { table, .. }) => refuse(format!(
                "depends_on {table}: write either `through:` (the attribute here that refers to it) or `object:` (its \
                 column with the ids of rows here)"
            )),
            None => Ok(()),
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
            ("dataset: crm\ngo_offline: may()\nentities: [{name: a}]", "schema.function"),
            ("dataset: crm\nentities: [{name: a, depends_on: [{table: t}]}]", "through"),
            ("dataset: crm\nentities: [{name: a, local_data_groups: [{name: g, filter: x, role: r}]}]", "in_role"),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text:?} gave {error:?}");
        }
    }
}
