-- What was done with customers (six kinds of activity), what they complained about (incidents and their lines),
-- and notes with attachments. An activity may regard a record of any type, so that reference is no foreign key.
SET LOCAL ROLE crm_owner;

CREATE TYPE crm.priority AS ENUM ('low', 'normal', 'high');

CREATE TABLE crm.task (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL,
    description             text,
    priority                crm.priority NOT NULL DEFAULT 'normal',
    due_on                  date,
    reminder_at             timestamp,
    percent_complete        smallint NOT NULL DEFAULT 0 CHECK (percent_complete BETWEEN 0 AND 100),
    checklist               jsonb,
    regarding_type_code     integer,
    regarding_id            uuid,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT task_regarding_whole CHECK ((regarding_type_code IS NULL) = (regarding_id IS NULL))
);

CREATE TABLE crm.phone_call (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL,
    description             text,
    priority                crm.priority NOT NULL DEFAULT 'normal',
    phone_number            varchar(40),
    is_outgoing             boolean NOT NULL DEFAULT true,
    called_on               timestamptz,
    duration_seconds        integer CHECK (duration_seconds >= 0),
    cost                    numeric,
    regarding_type_code     integer,
    regarding_id            uuid,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT phone_call_regarding_whole CHECK ((regarding_type_code IS NULL) = (regarding_id IS NULL))
);

CREATE TABLE crm.appointment (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL,
    description             text,
    location                text,
    starts_at               timestamptz NOT NULL,
    ends_at                 timestamptz NOT NULL,
    is_all_day              boolean NOT NULL DEFAULT false,
    attendees               text[],
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT appointment_ends_after_start CHECK (ends_at >= starts_at)
);

CREATE TABLE crm.letter (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL,
    body                    text,
    postal_address          text,
    sent_on                 date,
    postage                 numeric(14, 2),
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE crm.fax (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL,
    fax_number              varchar(40),
    pages                   smallint NOT NULL DEFAULT 1 CHECK (pages > 0),
    received_at             timestamp,
    line_quality            real,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE crm.email (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text NOT NULL,
    sender                  varchar(254),
    recipients              text[] NOT NULL DEFAULT '{}',
    headers                 json,
    body                    text,
    size_bytes              bigint,
    sent_at                 timestamptz,
    regarding_type_code     integer,
    regarding_id            uuid,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT email_regarding_whole CHECK ((regarding_type_code IS NULL) = (regarding_id IS NULL))
);

CREATE TABLE crm.incident (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_number           text UNIQUE,
    title                   varchar(200) NOT NULL,
    priority                crm.priority NOT NULL DEFAULT 'normal',
    severity                smallint,
    description             text,
    reported_at             timestamptz,
    answer_due              timestamp,
    hours_spent             double precision,
    resolution              jsonb,
    account_id              uuid REFERENCES crm.account ON DELETE SET NULL,
    contact_id              uuid REFERENCES crm.contact ON DELETE SET NULL,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now()
);
-- Its default for ticket_number is a trigger, so that a device sends a case without one and gets it back with one.
CREATE SEQUENCE crm.incident_ticket OWNED BY crm.incident.ticket_number;

-- The lines of a case have no owner: whoever sees the case sees its lines.
CREATE TABLE crm.incident_line (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    incident_id    uuid NOT NULL REFERENCES crm.incident ON DELETE CASCADE,
    position       integer NOT NULL CHECK (position > 0),
    product        varchar(100) NOT NULL,
    quantity       numeric(20, 9) NOT NULL DEFAULT 1 CHECK (quantity > 0),
    unit_price     numeric(14, 2) NOT NULL CHECK (unit_price >= 0),
    tax_rate       numeric,
    warranty_until date,
    serial_numbers text[],
    created_on     timestamptz NOT NULL DEFAULT now(),
    modified_on    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT incident_line_position_once UNIQUE (incident_id, position)
);

CREATE TABLE crm.annotation (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject                 text,
    note_text               text,
    file_name               varchar(255),
    mime_type               varchar(100),
    body                    bytea,
    account_id              uuid REFERENCES crm.account ON DELETE CASCADE,
    contact_id              uuid REFERENCES crm.contact ON DELETE CASCADE,
    opportunity_id          uuid REFERENCES crm.opportunity ON DELETE CASCADE,
    incident_id             uuid REFERENCES crm.incident ON DELETE CASCADE,
    owner_id                uuid NOT NULL REFERENCES crm.system_user,
    owning_business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    state_code              smallint NOT NULL DEFAULT 0,
    created_on              timestamptz NOT NULL DEFAULT now(),
    modified_on             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT annotation_of_one_record CHECK (num_nonnulls(account_id, contact_id, opportunity_id, incident_id) <= 1)
);

CREATE INDEX task_contact ON crm.task (contact_id);
CREATE INDEX phone_call_contact ON crm.phone_call (contact_id);
CREATE INDEX appointment_contact ON crm.appointment (contact_id);
CREATE INDEX letter_contact ON crm.letter (contact_id);
CREATE INDEX fax_contact ON crm.fax (contact_id);
CREATE INDEX email_contact ON crm.email (contact_id);
CREATE INDEX incident_account ON crm.incident (account_id);
CREATE INDEX incident_contact ON crm.incident (contact_id);
CREATE INDEX annotation_account ON crm.annotation (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX annotation_contact ON crm.annotation (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX annotation_opportunity ON crm.annotation (opportunity_id) WHERE opportunity_id IS NOT NULL;
CREATE INDEX annotation_incident ON crm.annotation (incident_id) WHERE incident_id IS NOT NULL;

RESET ROLE;
