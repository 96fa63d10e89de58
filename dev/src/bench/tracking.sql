-- Two tables of the same make, like the CRM's contacts: one will be followed. And where their rows come from.
DO $$ BEGIN CREATE ROLE sojourn_user NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE ROLE bench_owner NOLOGIN;
CREATE SCHEMA bench AUTHORIZATION bench_owner;
GRANT USAGE ON SCHEMA bench TO sojourn_user;

CREATE TABLE bench.untracked (
    id             uuid PRIMARY KEY,
    salutation     varchar(20),
    first_name     text,
    last_name      text NOT NULL,
    job_title      text,
    email          varchar(254),
    phone          varchar(40),
    city           text,
    birth_date     date,
    loyalty_points bigint,
    notes          text,
    account_id     uuid,
    owner_id       uuid NOT NULL,
    modified_on    timestamptz NOT NULL
);
CREATE INDEX ON bench.untracked (owner_id);
CREATE INDEX ON bench.untracked (account_id);

CREATE TABLE bench.tracked (LIKE bench.untracked INCLUDING ALL);
CREATE TABLE bench.source (LIKE bench.untracked);

ALTER TABLE bench.tracked OWNER TO bench_owner;
ALTER TABLE bench.tracked ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON bench.tracked TO sojourn_user;
CREATE POLICY own ON bench.tracked TO sojourn_user
    USING (owner_id = (SELECT nullif(current_setting('sojourn.user_id', true), '')::uuid));
