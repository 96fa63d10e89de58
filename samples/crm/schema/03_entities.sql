-- What the CRM keeps about its customers: accounts, people, leads and opportunities.
-- Every record has an owner; the owner's business unit owns it too (a trigger in 06_triggers.sql sees to that).
SET LOCAL ROLE crm_owner;

CREATE TYPE crm.industry AS ENUM
    ('agriculture', 'construction', 'education', 'energy', 'finance', 'health', 'logistics', 'public', 'retail', 'other');
CREATE TYPE crm.channel AS ENUM ('any', 'email', 'phone', 'letter', 'fax');
CREATE TYPE crm.lead_source AS ENUM ('web', 'referral', 'trade_fair', 'advertisement', 'cold_call');
CREATE TYPE crm.stage AS ENUM ('prospect', 'qualify', 'propose', 'negotiate', 'won', 'lost');

CREATE TABLE crm.account (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name                    varchar(160) NOT NULL,
    account_number          text,
    industry                crm.industry,
    revenue                 numeric(14, 2),
    credit_limit            numeric,
    employees               integer,
    market_value            bigint,
    rating                  real,
    latitude                double precision,
    longitude               double precision,
    address                 jsonb,
    tags                    text[],
    founded_on              date,
    website                 text,
    description             text,
    is_key_account          boolean NOT NULL DEFAULT false,
    parent_account_id       uuid REFERENCES crm.account ON DELETE SET NULL,
    primary_contact_id      uuid,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_not_its_own_parent CHECK (parent_account_id <> id)
);

CREATE TABLE crm.contact (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    salutation              varchar(20),
    first_name              text,
    last_name               text NOT NULL,
    job_title               text,
    email                   varchar(254),
    phone                   varchar(40),
    city                    text,
    birth_date              date,
    preferred_channel       crm.channel,
    may_be_emailed          boolean,
    languages               text[],
    profile                 jsonb,
    loyalty_points          bigint,
    satisfaction            smallint,
    last_contacted_on       timestamptz,
    notes                   text,
    account_id              uuid REFERENCES crm.account ON DELETE SET NULL,
    manager_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now()
);
-- The cycle: a contact works for an account, whose primary contact is one of its people.
ALTER TABLE crm.account ADD CONSTRAINT account_primary_contact_id_fkey
    FOREIGN KEY (primary_contact_id) REFERENCES crm.contact ON DELETE SET NULL;

CREATE TABLE crm.lead (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL CHECK (subject <> ''),
    company                 varchar(160),
    full_name               text,
    email                   varchar(254),
    source                  crm.lead_source,
    rating                  smallint,
    budget                  numeric,
    score                   double precision,
    web_form                json,
    topics                  text[],
    answered_at             timestamp,
    is_qualified            boolean,
    description             text,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE crm.opportunity (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name                    text NOT NULL,
    stage                   crm.stage NOT NULL DEFAULT 'prospect',
    est_value               numeric(14, 2) CHECK (est_value >= 0),
    est_close               date,
    probability             smallint CHECK (probability BETWEEN 0 AND 100),
    exchange_rate           numeric,
    discount                real,
    terms                   jsonb,
    competitors             text[],
    decided_on              timestamptz,
    description             text,
    account_id              uuid REFERENCES crm.account ON DELETE SET NULL,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX account_parent ON crm.account (parent_account_id) WHERE parent_account_id IS NOT NULL;
CREATE INDEX account_primary_contact ON crm.account (primary_contact_id) WHERE primary_contact_id IS NOT NULL;
CREATE INDEX contact_account ON crm.contact (account_id);
CREATE INDEX contact_manager ON crm.contact (manager_id) WHERE manager_id IS NOT NULL;
CREATE INDEX lead_contact ON crm.lead (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX opportunity_account ON crm.opportunity (account_id);
CREATE INDEX opportunity_contact ON crm.opportunity (contact_id);

RESET ROLE;
