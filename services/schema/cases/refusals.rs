//! Databases to check a registration against, and what the check must say. Data for the integration tests.
//!
//! Each case has a fresh database of its own: run `sql` as a superuser, `check` the file `yaml`, and compare. Roles
//! belong to the whole cluster, so every case makes those it needs by [`ROLES`] first, which may be repeated. To check
//! as somebody who is no superuser, connect as `case_admin`. Nothing of Sojourn is installed.

/// A database, a configuration, and what the check says about them.
pub struct Case {
    /// What it shows.
    pub name: &'static str,
    /// Makes the database, after [`ROLES`] and [`COMMON`].
    pub sql: &'static str,
    /// The entities of `sojourn.yaml`, in YAML's flow style, after [`HEAD`]; or a whole file when it has more.
    pub yaml: &'static str,
    /// One fragment for each problem, in order; nothing when it is accepted.
    pub problems: &'static [&'static str],
}

/// The roles of all cases. The cluster keeps them.
pub const ROLES: &str = "DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY[
      'case_user NOLOGIN', 'case_owner NOLOGIN', 'case_super NOLOGIN SUPERUSER', 'case_bypass NOLOGIN BYPASSRLS',
      'case_login LOGIN', 'case_member NOLOGIN', 'case_indirect NOLOGIN', 'case_middle NOLOGIN', 'case_admin LOGIN'] LOOP
    BEGIN
      EXECUTE 'CREATE ROLE ' || role;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
  BEGIN
    GRANT case_owner TO case_member;
    GRANT case_bypass TO case_middle;
    GRANT case_middle TO case_indirect;
  EXCEPTION WHEN unique_violation THEN NULL;
  END;
END $$;";

/// What most cases build on: a schema and one good table.
pub const COMMON: &str = "
CREATE SCHEMA crm AUTHORIZATION case_owner;
SET ROLE case_owner;
GRANT USAGE ON SCHEMA crm TO PUBLIC;
CREATE TABLE crm.account (id uuid PRIMARY KEY, name text);
ALTER TABLE crm.account ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON crm.account USING (true);
GRANT SELECT ON crm.account TO PUBLIC;
RESET ROLE;
";

/// The head of a configuration; the entities follow in brackets.
pub const HEAD: &str = "dataset: crm\nacting_role: case_user\nschema: crm\nentities: ";

/// The cases.
pub const CASES: &[Case] = &[
    Case { name: "nothing is wrong", sql: "", yaml: "[{name: account}]", problems: &[] },
    Case {
        name: "a name with a mistake",
        sql: "",
        yaml: "[{name: acount}]",
        problems: &["did you mean crm.account? then write `table: crm.account`"],
    },
    Case {
        name: "a name in another schema",
        sql: "",
        yaml: "[{name: account, table: public.account}]",
        problems: &["did you mean crm.account?"],
    },
    Case { name: "a name in upper case", sql: "", yaml: "[{name: Account}]", problems: &["did you mean crm.account?"] },
    Case {
        name: "a name like nothing",
        sql: "",
        yaml: "[{name: invoice}]",
        problems: &["nor one with a similar name"],
    },
    Case {
        name: "things that are no tables",
        sql: "CREATE VIEW crm.v AS SELECT * FROM crm.account;
              CREATE MATERIALIZED VIEW crm.m AS SELECT * FROM crm.account;
              CREATE SEQUENCE crm.s; CREATE TYPE crm.c AS (id uuid); CREATE INDEX i ON crm.account (name);
              CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
              CREATE FOREIGN TABLE crm.f (id uuid) SERVER elsewhere;",
        yaml: "[{name: v}, {name: m}, {name: s}, {name: c}, {name: i}, {name: f}]",
        problems: &[
            "this is a view",
            "this is a materialized view",
            "this is a sequence",
            "this is a composite type",
            "this is an index",
            "this is a foreign table",
        ],
    },
    Case {
        name: "keys that are not one uuid",
        sql: "CREATE DOMAIN crm.key AS uuid;
              CREATE TABLE crm.none (id uuid); CREATE TABLE crm.two (b uuid, a uuid, PRIMARY KEY (a, b));
              CREATE TABLE crm.number (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
              CREATE TABLE crm.words (id varchar(36) PRIMARY KEY); CREATE TABLE crm.domain (id crm.key PRIMARY KEY);
              CREATE TABLE crm.included (id uuid, note text, PRIMARY KEY (id) INCLUDE (note));
              GRANT SELECT ON ALL TABLES IN SCHEMA crm TO case_user;",
        yaml: "[{name: none, rls: none}, {name: two, rls: none}, {name: number, rls: none}, {name: words, rls: none},
                {name: domain, rls: none}, {name: included, rls: none}]",
        problems: &[
            "crm.none): the table has no primary key",
            "has 2 columns (a, b)",
            "\"id\" has the type bigint",
            "\"id\" has the type character varying(36)",
            "\"id\" has the type crm.key",
        ],
    },
    Case {
        name: "row-level security is off",
        sql: "ALTER TABLE crm.account DISABLE ROW LEVEL SECURITY;",
        yaml: "[{name: account}]",
        problems: &["ALTER TABLE \"crm\".\"account\" ENABLE ROW LEVEL SECURITY"],
    },
    Case {
        name: "row-level security is off and meant to be",
        sql: "ALTER TABLE crm.account DISABLE ROW LEVEL SECURITY;",
        yaml: "[{name: account, rls: none}]",
        problems: &[],
    },
    Case {
        name: "no such role",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_nobody\nschema: crm\nentities: [{name: account}]",
        problems: &["CREATE ROLE \"case_nobody\" NOLOGIN"],
    },
    Case {
        name: "a superuser",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_super\nschema: crm\nentities: [{name: account}]",
        problems: &["is a superuser"],
    },
    Case {
        name: "BYPASSRLS",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_bypass\nschema: crm\nentities: [{name: account}]",
        problems: &["has BYPASSRLS"],
    },
    Case {
        name: "a member of a member of a role with BYPASSRLS",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_indirect\nschema: crm\nentities: [{name: account}]",
        problems: &["a member of \"case_bypass\""],
    },
    Case {
        name: "the owner",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_owner\nschema: crm\nentities: [{name: account}]",
        problems: &["belongs to the acting role \"case_owner\""],
    },
    Case {
        name: "the owner, with row-level security forced upon it",
        sql: "ALTER TABLE crm.account FORCE ROW LEVEL SECURITY;",
        yaml: "dataset: crm\nacting_role: case_owner\nschema: crm\nentities: [{name: account}]",
        problems: &["belongs to the acting role \"case_owner\""],
    },
    Case {
        name: "a member of the owner",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_member\nschema: crm\nentities: [{name: account}]",
        problems: &["belongs to \"case_owner\", of which the acting role \"case_member\" is a member"],
    },
    Case {
        name: "a role that can log in is only a warning",
        sql: "",
        yaml: "dataset: crm\nacting_role: case_login\nschema: crm\nentities: [{name: account}]",
        problems: &[],
    },
    Case {
        name: "no policy at all is only a warning",
        sql: "DROP POLICY everybody ON crm.account;",
        yaml: "[{name: account}]",
        problems: &[],
    },
    Case {
        name: "no privilege",
        sql: "REVOKE SELECT ON crm.account FROM PUBLIC; REVOKE USAGE ON SCHEMA crm FROM PUBLIC;",
        yaml: "[{name: account}]",
        problems: &[
            "GRANT USAGE ON SCHEMA \"crm\" TO \"case_user\"",
            "GRANT SELECT ON \"crm\".\"account\" TO \"case_user\"",
        ],
    },
    Case {
        name: "columns without the object id and the version",
        sql: "REVOKE SELECT ON crm.account FROM PUBLIC; GRANT SELECT (name) ON crm.account TO case_user;",
        yaml: "[{name: account}]",
        problems: &[
            "GRANT SELECT (\"id\") ON \"crm\".\"account\"",
            "GRANT SELECT (xmin) ON \"crm\".\"account\" TO \"case_user\"",
        ],
    },
    Case {
        name: "columns with the object id and the version",
        sql: "REVOKE SELECT ON crm.account FROM PUBLIC; GRANT SELECT (id, xmin) ON crm.account TO case_user;",
        yaml: "[{name: account}]",
        problems: &[],
    },
    Case {
        name: "a type in a schema out of reach",
        sql: "CREATE SCHEMA types; CREATE TYPE types.mood AS ENUM ('good', 'bad');
              ALTER TABLE crm.account ADD first types.mood, ADD more types.mood[];",
        yaml: "[{name: account}]",
        problems: &["the type of account.first is; GRANT USAGE ON SCHEMA \"types\" TO \"case_user\""],
    },
    Case {
        name: "names that only Postgres tells apart",
        sql: "ALTER TABLE crm.account ADD \"Name\" text;",
        yaml: "[{name: account}]",
        problems: &["\"name\" and \"Name\" differ only in case"],
    },
    Case {
        name: "names that only Postgres tells apart, one withheld",
        sql: "ALTER TABLE crm.account ADD \"Name\" text; REVOKE SELECT ON crm.account FROM PUBLIC;
              GRANT SELECT (id, name, xmin) ON crm.account TO case_user;",
        yaml: "[{name: account}]",
        problems: &[],
    },
    Case {
        name: "a control character in a name",
        sql: "ALTER TABLE crm.account ADD \"two\nlines\" text;",
        yaml: "[{name: account}]",
        problems: &["has a control character"],
    },
    Case {
        name: "everything at once",
        sql: "CREATE TABLE crm.\"order\" (id int PRIMARY KEY); CREATE VIEW crm.v AS SELECT 1;",
        yaml: "dataset: crm\nacting_role: case_bypass\nschema: crm
entities: [{name: account, type_code: -1}, {name: order}, {name: v}, {name: acount}]",
        problems: &[
            "has BYPASSRLS",
            "type_code -1",
            "entity order (crm.order): the primary key \"id\" has the type integer",
            "ALTER TABLE \"crm\".\"order\" ENABLE",
            "may not read the table; GRANT SELECT ON \"crm\".\"order\" TO \"case_bypass\"",
            "entity v (crm.v): this is a view",
            "did you mean crm.account?",
        ],
    },
];
