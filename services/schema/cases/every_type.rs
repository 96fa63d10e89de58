//! A table of every type, and what refers to what, with the metadata it must give. Data for the integration tests.
//!
//! Made like the cases in `refusals.rs`, whose roles and head it needs: run `ROLES`, `COMMON` and [`SQL`] as a
//! superuser, `check` the file made of `HEAD` and [`YAML`], and compare.

/// The tables. What they must become is below.
pub const SQL: &str = r#"
CREATE SCHEMA types; GRANT USAGE ON SCHEMA types TO case_user;
CREATE TYPE types."Mood; x" AS ENUM ('so ''so''', 'Good', 'bad');
ALTER TYPE types."Mood; x" ADD VALUE 'first' BEFORE 'Good';
CREATE TYPE types.pair AS (a int, b text);
CREATE TYPE types.span AS RANGE (subtype = float8);
CREATE DOMAIN types.email AS varchar(254) CHECK (VALUE LIKE '%@%');
CREATE DOMAIN types.must AS types.email NOT NULL;
CREATE DOMAIN types.must_too AS types.must;
CREATE DOMAIN types.mood AS types."Mood; x" DEFAULT 'bad';
CREATE TABLE crm."Every ""Type""" (
  gone int,
  a_bool bool, "An Int2" int2, a_int4 int4, a_int8 int8 NOT NULL DEFAULT 7, a_float4 real, a_float8 double precision,
  a_numeric numeric, a_money14 numeric(14,2), a_thousands numeric(3,-2), a_tiny numeric(3,5),
  a_text text, a_varchar varchar, a_varchar80 varchar(80), a_char char, a_char5 char(5), a_name name, a_byte "char",
  a_date date, a_timestamp timestamp, a_timestamp3 timestamp(3), a_timestamptz timestamptz, a_timestamptz0 timestamptz(0),
  a_time time, a_timetz timetz(2), a_interval interval day to second(3), a_bytea bytea, a_json json, a_jsonb jsonb,
  id uuid DEFAULT gen_random_uuid() PRIMARY KEY, a_uuid uuid,
  a_texts text[], a_numerics numeric(5,1)[], a_inet inet, a_money money, a_xml xml, a_bits bit varying(8), a_bit bit(3),
  a_point point, a_oid oid, a_range int4range, a_ranges int4multirange, a_search tsvector, a_snapshot pg_snapshot,
  a_mood types."Mood; x" DEFAULT 'Good', a_moods types."Mood; x"[], a_mood_domain types.mood, a_pair types.pair,
  a_span types.span, a_email types.email, a_must types.must_too, a_emails types.email[],
  a_always int GENERATED ALWAYS AS IDENTITY, a_computed int GENERATED ALWAYS AS (1 + 1) STORED,
  a_secret text, "order" int
);
ALTER TABLE crm."Every ""Type""" DROP gone;
ALTER TABLE crm."Every ""Type""" ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON crm."Every ""Type""" FOR SELECT TO case_user USING (true);
GRANT SELECT ON crm."Every ""Type""" TO case_user;

CREATE TABLE crm.line (
  number int, id uuid, every uuid REFERENCES crm."Every ""Type""" ON DELETE CASCADE,
  again uuid REFERENCES crm."Every ""Type""" ON DELETE SET NULL, hidden uuid REFERENCES crm."Every ""Type""",
  parent uuid REFERENCES crm.account ON DELETE SET DEFAULT,
  kept uuid REFERENCES crm.account ON DELETE RESTRICT, account_again uuid REFERENCES crm.account,
  CONSTRAINT two_on_one FOREIGN KEY (kept) REFERENCES crm.account,
  PRIMARY KEY (id)
) PARTITION BY HASH (id);
CREATE TABLE crm.line_0 PARTITION OF crm.line FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE crm.line_1 PARTITION OF crm.line FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE crm.line ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON crm.line TO case_user USING (true);
GRANT SELECT (number, id, every, again, parent, kept, account_again, xmin) ON crm.line TO case_user;

CREATE TABLE crm.pairs (a uuid, b uuid, UNIQUE (a, b));
CREATE TABLE crm.note (id uuid PRIMARY KEY, line uuid REFERENCES crm.line, tag text UNIQUE, of text REFERENCES crm.note (tag),
  other uuid, FOREIGN KEY (id, other) REFERENCES crm.pairs (a, b), next uuid REFERENCES crm.note DEFERRABLE);
GRANT SELECT ON crm.note, crm.line_0 TO case_user;
"#;

/// The entities of [`SQL`], after `HEAD`. One is a partition that is an entity itself.
pub const YAML: &str = "[{name: note, rls: none}, {name: line, type_code: 9}, {name: account}, \
                                   {name: every, table: 'crm.Every \"Type\"'}, {name: line_0, rls: none}]";

/// The attributes of the entity `every`: name, type, spelling. The object id comes first.
pub const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("id", "Uuid", "uuid"),
    ("a_bool", "Bool", "boolean"),
    ("An Int2", "Int2", "smallint"),
    ("a_int4", "Int4", "integer"),
    ("a_int8", "Int8", "bigint"),
    ("a_float4", "Float4", "real"),
    ("a_float8", "Float8", "double precision"),
    ("a_numeric", "Numeric { precision: None }", "numeric"),
    ("a_money14", "Numeric { precision: Some(14) }", "numeric(14,2)"),
    ("a_thousands", "Numeric { precision: Some(5) }", "numeric(3,-2)"),
    ("a_tiny", "Numeric { precision: Some(3) }", "numeric(3,5)"),
    ("a_text", "Text", "text"),
    ("a_varchar", "Text", "character varying"),
    ("a_varchar80", "Text", "character varying(80)"),
    ("a_char", "Text", "character(1)"),
    ("a_char5", "Text", "character(5)"),
    ("a_name", "Text", "name"),
    ("a_byte", "Other", "\"char\""),
    ("a_date", "Date", "date"),
    ("a_timestamp", "Timestamp", "timestamp without time zone"),
    ("a_timestamp3", "Timestamp", "timestamp(3) without time zone"),
    ("a_timestamptz", "TimestampTz", "timestamp with time zone"),
    ("a_timestamptz0", "TimestampTz", "timestamp(0) with time zone"),
    ("a_time", "Other", "time without time zone"),
    ("a_timetz", "Other", "time(2) with time zone"),
    ("a_interval", "Other", "interval day to second(3)"),
    ("a_bytea", "Bytea", "bytea"),
    ("a_json", "Json", "json"),
    ("a_jsonb", "Jsonb", "jsonb"),
    ("a_uuid", "Uuid", "uuid"),
    ("a_texts", "Other", "text[]"),
    ("a_numerics", "Other", "numeric(5,1)[]"),
    ("a_inet", "Other", "inet"),
    ("a_money", "Other", "money"),
    ("a_xml", "Other", "xml"),
    ("a_bits", "Other", "bit varying(8)"),
    ("a_bit", "Other", "bit(3)"),
    ("a_point", "Other", "point"),
    ("a_oid", "Other", "oid"),
    ("a_range", "Other", "int4range"),
    ("a_ranges", "Other", "int4multirange"),
    ("a_search", "Other", "tsvector"),
    ("a_snapshot", "Other", "pg_snapshot"),
    ("a_mood", "Other", "types.\"Mood; x\""),
    ("a_moods", "Other", "types.\"Mood; x\"[]"),
    ("a_mood_domain", "Other", "types.mood"),
    ("a_pair", "Other", "types.pair"),
    ("a_span", "Other", "types.span"),
    ("a_email", "Other", "types.email"),
    ("a_must", "Other", "types.must_too"),
    ("a_emails", "Other", "types.email[]"),
    ("a_always", "Int4", "integer"),
    ("a_computed", "Int4", "integer"),
    ("a_secret", "Text", "text"),
    ("order", "Int4", "integer"),
];

/// The relationships of [`SQL`]: entity, attribute, target, delete rule.
pub const RELATIONSHIPS: &[(&str, &str, &str, &str)] = &[
    ("line", "every", "every", "Cascade"),
    ("line", "again", "every", "SetNull"),
    ("line", "parent", "account", "SetDefault"),
    ("line", "kept", "account", "Restrict"),
    ("line", "account_again", "account", "Restrict"),
    ("note", "line", "line", "Restrict"),
    ("note", "next", "note", "Restrict"),
    ("line_0", "every", "every", "Cascade"),
    ("line_0", "again", "every", "SetNull"),
    ("line_0", "hidden", "every", "Restrict"),
    ("line_0", "parent", "account", "SetDefault"),
    ("line_0", "kept", "account", "Restrict"),
    ("line_0", "account_again", "account", "Restrict"),
];
