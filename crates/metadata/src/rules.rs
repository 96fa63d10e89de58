//! The rules of a dataset: what decides, beside the rows and their policies, which rows a user's device holds, and how
//! a change on the server is followed to the rows it concerns. `schema` stores them; `prepare` obeys them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rules of one dataset, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The rules of each entity, in load order.
    pub entities: Vec<EntityRules>,
    /// A function without arguments that says, as the user, whether that user may go offline. None: everybody may.
    #[serde(default)]
    pub go_offline: Option<FunctionName>,
    /// A function of a role's name that says, as the user, whether that user has the role.
    #[serde(default)]
    pub in_role: Option<FunctionName>,
    /// Users may define local data groups.
    pub users_define: bool,
    /// What must not change unnoticed.
    pub watched: Watched,
}

/// The objects of the catalog that decide who sees what. When one of them is not what it was, everything is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watched {
    /// The oids of all tables and views that policies lead to, the entities' own among them.
    pub relations: Vec<u32>,
    /// The oids of the functions that policies call.
    pub functions: Vec<u32>,
}

/// The rules of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityRules {
    /// The entity.
    pub object_type_code: i32,
    /// The stream of tracking that has its own changed rows, by object id.
    pub stream: i32,
    /// Streams that name rows of this entity by object id: a share, for instance.
    #[serde(default)]
    pub named: Vec<i32>,
    /// N:1 relationships that its policies follow: a change of the target concerns the rows that refer to it.
    #[serde(default)]
    pub through: Vec<Through>,
    /// Streams of tables of which any change may concern any row.
    #[serde(default)]
    pub whole: Vec<i32>,
    /// A function of the object type code that gives, as the user and as `jsonb`, everything that `whole` decides. While
    /// it gives the same, a change of those tables concerns nothing here.
    #[serde(default)]
    pub access_context: Option<FunctionName>,
    /// Why changes cannot be followed, so that every prepare evaluates everything; none when they can.
    #[serde(default)]
    pub always_full: Option<String>,
    /// Users may define local data groups of this entity.
    pub users_define: bool,
    /// The local data groups that `sojourn.yaml` defines.
    #[serde(default)]
    pub groups: Vec<GroupRule>,
}

/// An N:1 relationship that a policy follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Through {
    /// The attribute that refers.
    pub attribute: String,
    /// The object type code of the entity it refers to.
    pub target: i32,
}

/// A local data group that an administrator has defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRule {
    /// Its name, unique within the entity.
    pub name: String,
    /// The filter, in our language.
    pub filter: String,
    /// Whom it is for.
    pub audience: Audience,
    /// It holds whatever the user defines; otherwise it is the default of a user who defines nothing for the entity.
    pub enforced: bool,
}

/// Whom a local data group is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody.
    Everyone,
    /// Users of this role, as `in_role` says.
    Role(String),
    /// One user, by id.
    User(uuid::Uuid),
}

/// A function's name: `schema.function`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FunctionName {
    schema: String,
    name: String,
}

/// A text that names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a function: write schema.function, without arguments")]
pub struct InvalidFunctionName(String);

impl FunctionName {
    /// The function's schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The function's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl TryFrom<String> for FunctionName {
    type Error = InvalidFunctionName;

    fn try_from(text: String) -> Result<Self, InvalidFunctionName> {
        let part = |part: &str| !part.is_empty() && part.len() <= 63 && !part.contains(['.', '(', ')', '\0', ' ']);
        match text.split_once('.') {
            Some((schema, name)) if part(schema) && part(name) => {
                Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
            }
            _ => Err(InvalidFunctionName(text)),
        }
    }
}

impl From<FunctionName> for String {
    fn from(name: FunctionName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Role(role) => write!(f, "role {role}"),
            Self::User(user) => write!(f, "user {user}"),
        }
    }
}

impl Rules {
    /// The rules of an entity.
    #[must_use]
    pub fn entity(&self, object_type_code: i32) -> Option<&EntityRules> {
        self.entities.iter().find(|entity| entity.object_type_code == object_type_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_with_their_schema() {
        let name = |text: &str| FunctionName::try_from(text.to_owned());
        assert_eq!(name("auth.uid").expect("a name").to_string(), "auth.uid");
        for bad in ["uid", "auth.", ".uid", "a.b.c", "auth.uid()", "a.b; DROP", ""] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
