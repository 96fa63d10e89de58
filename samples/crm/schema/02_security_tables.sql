-- Who is who and who may do what: users, the tree of business units, teams, roles and their privileges, shares.
-- Users, business units and teams are synchronised as read-only entities; the other tables stay on the server.
CREATE SCHEMA crm AUTHORIZATION crm_owner;
SET LOCAL ROLE crm_owner;

CREATE TYPE crm.operation AS ENUM ('read', 'create', 'write', 'delete', 'assign');
-- How far a privilege reaches, from nothing to everything; the order of the values is the order of power.
CREATE TYPE crm.access_depth AS ENUM
    ('none', 'user', 'business_unit', 'business_unit_and_children', 'organisation');

CREATE TABLE crm.business_unit (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        varchar(160) NOT NULL,
    parent_id   uuid REFERENCES crm.business_unit,
    cost_centre text,
    created_on  timestamptz NOT NULL DEFAULT now(),
    modified_on timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX business_unit_parent ON crm.business_unit (parent_id);
CREATE UNIQUE INDEX business_unit_one_root ON crm.business_unit ((parent_id IS NULL)) WHERE parent_id IS NULL;

CREATE TABLE crm.system_user (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    full_name        text NOT NULL,
    email            varchar(254) NOT NULL UNIQUE,
    job_title        text,
    business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    is_disabled      boolean NOT NULL DEFAULT false,
    created_on       timestamptz NOT NULL DEFAULT now(),
    modified_on      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX system_user_business_unit ON crm.system_user (business_unit_id);

CREATE TABLE crm.team (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name             varchar(160) NOT NULL,
    purpose          text,
    business_unit_id uuid NOT NULL REFERENCES crm.business_unit,
    created_on       timestamptz NOT NULL DEFAULT now(),
    modified_on      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX team_business_unit ON crm.team (business_unit_id);

CREATE TABLE crm.team_member (
    user_id uuid NOT NULL REFERENCES crm.system_user ON DELETE CASCADE,
    team_id uuid NOT NULL REFERENCES crm.team ON DELETE CASCADE,
    PRIMARY KEY (user_id, team_id)
);
CREATE INDEX team_member_team ON crm.team_member (team_id);

CREATE TABLE crm.role (
    id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE
);

CREATE TABLE crm.user_role (
    user_id uuid NOT NULL REFERENCES crm.system_user ON DELETE CASCADE,
    role_id uuid NOT NULL REFERENCES crm.role ON DELETE CASCADE,
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_role_role ON crm.user_role (role_id);

CREATE TABLE crm.role_privilege (
    role_id          uuid NOT NULL REFERENCES crm.role ON DELETE CASCADE,
    object_type_code integer NOT NULL,
    operation        crm.operation NOT NULL,
    depth            crm.access_depth NOT NULL,
    PRIMARY KEY (role_id, object_type_code, operation)
);

-- Users from whom the Go Offline privilege was taken.
CREATE TABLE crm.office_worker (
    user_id uuid PRIMARY KEY REFERENCES crm.system_user ON DELETE CASCADE
);

-- One record opened to one user or team. A share always lets its principal read; writing and deleting are extra.
CREATE TABLE crm.share (
    principal_id     uuid NOT NULL,
    object_type_code integer NOT NULL,
    object_id        uuid NOT NULL,
    may_write        boolean NOT NULL DEFAULT false,
    may_delete       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (principal_id, object_type_code, object_id)
);
CREATE INDEX share_object ON crm.share (object_id);

RESET ROLE;
