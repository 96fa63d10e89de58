//! What policies lead to: the objects that their expressions refer to, and those that these refer to in turn.
//!
//! A view and a function with an SQL-standard body are looked into. A function in any other language is the end of the
//! way: nobody can see from outside what it reads.

mod read;

pub(super) use read::read;

use sqlx::FromRow;

/// An object of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its oid.
    pub oid: i64,
}

/// The kinds of objects on the way from a policy to the tables it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A table, a view, or what else has rows.
    Relation,
    /// A view's query.
    Rule,
    /// A policy for reading.
    Policy,
    /// A function.
    Function,
    /// An operator.
    Operator,
}

/// All that is led to from some relations. Postgres' own objects are left out, for they are what they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependencies {
    /// Which object refers to which. A relation refers to its policies while its row-level security is on; what an
    /// expression refers to as a relation is read by it.
    pub edges: Vec<(Object, Object)>,
    /// The policies among them.
    pub policies: Vec<Policy>,
    /// The functions among them.
    pub functions: Vec<Function>,
    /// What in them has another outcome without a change of a row.
    pub unsteady: Vec<Unsteady>,
}

/// A policy that decides which rows are read.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Policy {
    /// Its oid.
    pub oid: i64,
    /// Its name.
    pub name: String,
    /// Its table.
    pub relation: i64,
    /// It applies to the acting role.
    pub applies: bool,
}

/// A function that an expression calls.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Function {
    /// Its oid.
    pub oid: i64,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The catalog does not know what it reads.
    pub opaque: bool,
}

/// Something in an expression whose outcome changes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsteady {
    /// The policy, function or rule it stands in.
    pub object: Object,
    /// What it is, in words.
    pub what: String,
}

impl Object {
    /// A relation.
    #[must_use]
    pub fn relation(oid: i64) -> Self {
        Self { kind: ObjectKind::Relation, oid }
    }

    /// A policy.
    #[must_use]
    pub fn policy(oid: i64) -> Self {
        Self { kind: ObjectKind::Policy, oid }
    }

    /// A function.
    #[must_use]
    pub fn function(oid: i64) -> Self {
        Self { kind: ObjectKind::Function, oid }
    }
}

impl From<String> for ObjectKind {
    fn from(class: String) -> Self {
        match class.as_str() {
            "pg_rewrite" => Self::Rule,
            "pg_policy" => Self::Policy,
            "pg_proc" => Self::Function,
            "pg_operator" => Self::Operator,
            _ => Self::Relation,
        }
    }
}
