//! What can be wrong with a registration. Every problem names the thing and its place, and ends with the next step.

use std::fmt;

use super::replay::ReplayProblem;

/// An entity and its table, for a problem's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The entity.
    pub entity: String,
    /// The schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entity {} ({}.{})", self.entity, self.schema, self.table)
    }
}

impl At {
    /// The table's name as SQL.
    fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.table))
    }
}

/// A name as SQL. Always quoted: `order`, `user` and `case` are good names for tables of a CRM.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why a configuration cannot be registered with this database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "a field is the thing of its name; `at` the entity and `role` the acting role")]
pub enum Problem {
    /// No role has the acting role's name.
    #[error("the acting role {role:?} does not exist; make it (CREATE ROLE {} NOLOGIN) and grant it what users may do, \
             or name another with `acting_role:`", quoted(.role))]
    RoleMissing { role: String },
    /// Policies do not hold superusers back.
    #[error("the acting role {role:?} is a superuser, whom row-level security does not hold back; name another with \
             `acting_role:`, or ALTER ROLE {} NOSUPERUSER", quoted(.role))]
    RoleIsSuperuser { role: String },
    /// Policies do not hold it back.
    #[error("the acting role {role:?} has BYPASSRLS, so row-level security does not hold it back; \
             ALTER ROLE {} NOBYPASSRLS, or name another with `acting_role:`", quoted(.role))]
    RoleBypassesRls { role: String },
    /// Code that runs as the user could become a role that sees everything.
    #[error("the acting role {role:?} is a member of {stronger:?}, which sees more than any user may; \
             REVOKE {} FROM {}, or name another with `acting_role:`", quoted(.stronger), quoted(.role))]
    RoleIsMember { role: String, stronger: String },
    /// Sojourn's own roles are not for users.
    #[error(
        "the acting role {role:?} is one of Sojourn's own, which see what no user may; name the role of your users \
             with `acting_role:`"
    )]
    RoleReserved { role: String },
    /// Something its statements name is out of its reach.
    #[error("the acting role {role:?} may not use the schema {schema:?}, where {holds} is; \
             GRANT USAGE ON SCHEMA {} TO {}", quoted(.schema), quoted(.role))]
    SchemaUsage { role: String, schema: String, holds: String },
    /// There is no such table.
    #[error("{at}: there is no such table; did you mean {nearest}? then write `table: {nearest}`")]
    NearlyUnknownTable { at: At, nearest: String },
    /// There is no such table, nor anything like it.
    #[error(
        "{at}: there is no such table, nor one with a similar name; write `table: schema.table`, or make the table"
    )]
    UnknownTable { at: At },
    /// Only tables have rows of their own.
    #[error("{at}: this is {kind}, and only tables can go offline; name the table beneath it with `table:`")]
    NotATable { at: At, kind: &'static str },
    /// A row needs one id.
    #[error("{at}: the table has no primary key; make its uuid column one, or add one: \
             ALTER TABLE {} ADD id uuid PRIMARY KEY DEFAULT gen_random_uuid()", .at.sql())]
    NoPrimaryKey { at: At },
    /// A row needs one id.
    #[error("{at}: the primary key has {} columns ({}); make one column of type uuid the primary key, and the others \
             UNIQUE", .columns.len(), .columns.join(", "))]
    CompositeKey { at: At, columns: Vec<String> },
    /// Devices make ids, and only uuids never collide.
    #[error(
        "{at}: the primary key {column:?} has the type {sql_type}, and devices can only make ids of type uuid; \
             make a uuid column the primary key, and keep {column:?} UNIQUE"
    )]
    KeyNotUuid { at: At, column: String, sql_type: String },
    /// Every user would see every row.
    #[error("{at}: row-level security is off, so every user reads every row; ALTER TABLE {} ENABLE ROW LEVEL SECURITY \
             and write policies, or say `rls: none` if that is meant", .at.sql())]
    RlsOff { at: At },
    /// Policies do not hold owners back.
    #[error("{at}: the table belongs to the acting role {role:?}, and row-level security does not hold owners back; \
             ALTER TABLE {} OWNER TO another role", .at.sql())]
    RoleOwns { at: At, role: String },
    /// Policies do not hold members of the owner back.
    #[error("{at}: the table belongs to {owner:?}, of which the acting role {role:?} is a member, and row-level \
             security does not hold owners back; REVOKE {} FROM {}", quoted(.owner), quoted(.role))]
    RoleIsOwnersMember { at: At, role: String, owner: String },
    /// Nothing of it can be read.
    #[error("{at}: the acting role {role:?} may not read the table; GRANT SELECT ON {} TO {}", .at.sql(), quoted(.role))]
    NoSelect { at: At, role: String },
    /// The object id is how rows are told apart.
    #[error("{at}: the acting role {role:?} may not read the object id {column:?}; \
             GRANT SELECT ({}) ON {} TO {}", quoted(.column), .at.sql(), quoted(.role))]
    KeyUnreadable { at: At, role: String, column: String },
    /// The version of a row is its xmin.
    #[error("{at}: the acting role {role:?} may not read xmin, the version of a row, because it may only read some \
             columns; GRANT SELECT (xmin) ON {} TO {}", .at.sql(), quoted(.role))]
    VersionUnreadable { at: At, role: String },
    /// The names of SQLite do not mind case.
    #[error(
        "{at}: the columns {first:?} and {second:?} differ only in case, and SQLite on the device takes them for \
             one; rename one of them, or withhold it from the acting role"
    )]
    SameButForCase { at: At, first: String, second: String },
    /// No place in SQLite, or none that can be typed.
    #[error(
        "{at}: the column {name:?} has a control character in its name, which the device's tables cannot have; \
             rename it, or withhold it from the acting role"
    )]
    AttributeName { at: At, name: String },
    /// It cannot be cast to.
    #[error(
        "{at}: the type of the column {column:?} is spelled {sql_type}, which cannot be written into a cast; give \
             it a domain over that type, or withhold the column from the acting role"
    )]
    TypeSpelling { at: At, column: String, sql_type: String },
    /// More than a table can have.
    #[error("{at}: {count} columns are more than the {most} an entity may have; withhold some from the acting role")]
    TooManyAttributes { at: At, count: usize, most: usize },
    /// Codes are positive.
    #[error("entity {entity}: type_code {code} is not a positive number; choose one from 1, or leave `type_code:` out")]
    CodeNotPositive { entity: String, code: i32 },
    /// A code is kept for life.
    #[error(
        "entity {entity}: it has had the type_code {kept} since it was first registered, and devices know it by \
             that; write `type_code: {kept}` instead of {code}, or leave `type_code:` out"
    )]
    CodeChanged { entity: String, code: i32, kept: i32 },
    /// A code belongs to one entity, even after that is gone.
    #[error(
        "entity {entity}: the type_code {code} belongs to the entity {owner:?} of the dataset {dataset:?} since that \
             was registered; choose another, or leave `type_code:` out"
    )]
    CodeTaken { entity: String, code: i32, owner: String, dataset: String },
    /// Nobody could know which changes concern the entity.
    #[error(
        "{at}: the policy {policy:?} calls {function}, and the catalog does not tell which tables that reads; write \
             `functions: {{{function}: [its tables]}}` (`[]` for one that reads none), or give it an SQL-standard body"
    )]
    UndeclaredFunction { at: At, policy: String, function: String },
    /// A declaration must lead somewhere.
    #[error("functions: {function}: there is no table {table}; write `schema.table`, or leave it out")]
    FunctionReadsNoTable { function: String, table: String },
    /// A dependency must lead somewhere.
    #[error("{at}: depends_on: there is no table {table}; write `table: schema.table`, or leave it out")]
    DependsOnNoTable { at: At, table: String },
    /// Rows are found through relationships alone.
    #[error(
        "{at}: depends_on {table}: {attribute:?} is no attribute that refers to the object id of that table as an \
             entity; those that refer to entities: {possible}"
    )]
    NotThrough { at: At, table: String, attribute: String, possible: String },
    /// Rows are named by their ids.
    #[error("{at}: depends_on {table}: `object: {column}` must be a column of type uuid, and {found}; name the column \
             that holds the ids of rows of {}", .at.entity)]
    NotObject { at: At, table: String, column: String, found: String },
    /// What is called must be there.
    #[error("{setting}: needs a function {function} that gives {returns}: {found}")]
    NoSuchFunction { setting: String, function: String, returns: &'static str, found: String },
    /// What is called must be callable.
    #[error("{setting}: the acting role {role:?} may not call the function; GRANT EXECUTE ON FUNCTION {}.{}({arguments}) \
             TO {}", quoted(.schema), quoted(.name), quoted(.role))]
    MayNotExecute { setting: String, role: String, schema: String, name: String, arguments: &'static str },
    /// Nobody could evaluate it.
    #[error("entity {entity}: the local data group {group:?}: {problem}")]
    Filter { entity: String, group: String, problem: String },
    /// Nobody could obey it.
    #[error("replay: {place}: {problem}")]
    Replay { place: String, problem: ReplayProblem },
    /// It must fit into one message.
    #[error(
        "the metadata of all entities has {bytes} bytes, and {most} is the most that can be published; register \
             fewer entities, or withhold columns from the acting role"
    )]
    TooLarge { bytes: usize, most: usize },
}

/// What is allowed, but rarely meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "a field is the thing of its name")]
pub enum Warning {
    /// Whoever has its password is past the services.
    #[error("the acting role {role:?} can log in: who does is not one of your users until they say so themselves; \
             ALTER ROLE {} NOLOGIN unless you need it", quoted(.role))]
    RoleCanLogin { role: String },
    /// Nobody would see anything.
    #[error("{at}: row-level security is on, but no policy lets the acting role {role:?} read rows, so devices get \
             none; CREATE POLICY … ON {} FOR SELECT TO {} …", .at.sql(), quoted(.role))]
    NoReadPolicy { at: At, role: String },
    /// It is right, and slow.
    #[error("{at}: every sync evaluates every row, because {reason}; say `incremental: false` if that is meant")]
    AlwaysFull { at: At, reason: String },
    /// Probably a mistake in the name.
    #[error("functions: there is no function {function}; what calls another one is not declared by that")]
    UnknownFunction { function: String },
}
