//! The entities, as the test knows them by itself.

/// Object type code, table.
pub const ENTITIES: &[(i32, &str)] = &[
    (1, "crm.account"),
    (2, "crm.contact"),
    (3, "crm.opportunity"),
    (5, "crm.annotation"),
    (8, "crm.system_user"),
    (112, "crm.incident"),
    (113, "crm.incident_line"),
    (4212, "crm.task"),
    (9001, "extra.project"),
    (9002, "extra.memo"),
    (9003, "extra.visit"),
];

/// The table of an object type code.
pub fn table(code: i32) -> &'static str {
    ENTITIES.iter().find(|(of, _)| *of == code).expect("an entity").1
}

/// A filter in our language, and what it means, in SQL about `e`: `{now}` and `{user}` stand for themselves.
pub struct TestFilter {
    /// The entity.
    pub code: i32,
    /// As users write it.
    pub text: &'static str,
    /// What it means.
    pub sql: &'static str,
}

const fn filter(code: i32, text: &'static str, sql: &'static str) -> TestFilter {
    TestFilter { code, text, sql }
}

const INDUSTRY: &str =
    "(SELECT a.industry FROM crm.account a WHERE a.id = e.account_id) IN ('finance', 'retail', 'energy')";
const GRANDPARENT: &str = "(SELECT p.is_key_account FROM crm.account a JOIN crm.account p ON p.id = a.parent_account_id
    WHERE a.id = e.account_id) OR e.account_id IS NULL";
const OF_OWN_ACCOUNT: &str = "(SELECT a.owner_id FROM crm.account a WHERE a.id = e.account_id) = {user}
    OR NOT (coalesce(e.city, '') = 'Oslo')";
const TWO_LEVELS: &str = "(SELECT a.employees FROM crm.contact c JOIN crm.account a ON a.id = c.account_id
    WHERE c.id = e.contact_id) > 3 OR e.priority = 'high'";
const LINE_TWO_LEVELS: &str = "(SELECT a.is_key_account FROM crm.incident i JOIN crm.account a ON a.id = i.account_id
    WHERE i.id = e.incident_id) IS NOT TRUE";
const LINE_CLOCK: &str =
    "(SELECT i.reported_at FROM crm.incident i WHERE i.id = e.incident_id) > {now} - interval '14 days'";
const MEMO_PROJECT: &str = "(SELECT p.name FROM extra.project p WHERE p.id = e.project_id) LIKE '%1%'";
const VISIT_ACCOUNT: &str = "coalesce((SELECT a.employees FROM crm.account a WHERE a.id = e.account_id), 0) < 4";

/// Filters to choose from.
pub const FILTERS: &[TestFilter] = &[
    filter(1, "is_key_account OR owner_id = current_user_id()", "e.is_key_account OR e.owner_id = {user}"),
    filter(
        1,
        "employees BETWEEN 2 AND 5 OR employees IS NULL",
        "e.employees >= 2 AND e.employees <= 5 OR e.employees IS NULL",
    ),
    filter(1, "created_on > now() - interval '1 month'", "e.created_on > {now} - interval '1 month'"),
    filter(2, "account_id.industry IN ('finance', 'retail', 'energy')", INDUSTRY),
    filter(2, "account_id.parent_account_id.is_key_account OR account_id IS NULL", GRANDPARENT),
    filter(2, "account_id.owner_id = current_user_id() OR NOT coalesce(city, '') = 'Oslo'", OF_OWN_ACCOUNT),
    filter(2, "last_contacted_on >= now() - interval '7 days'", "e.last_contacted_on >= {now} - interval '7 days'"),
    filter(
        2,
        "city IN ('Oslo', 'Rome') OR satisfaction > 3",
        "e.city = 'Oslo' OR e.city = 'Rome' OR e.satisfaction > 3",
    ),
    filter(3, "est_close > now() - interval '1 month'", "e.est_close::timestamptz > {now} - interval '1 month'"),
    filter(3, "probability >= 3 OR decided_on < now()", "e.probability >= 3 OR e.decided_on < {now}"),
    filter(
        3,
        "account_id.name LIKE '%a%' AND contact_id IS NOT NULL",
        "(SELECT a.name FROM crm.account a WHERE a.id = e.account_id) LIKE '%a%' AND e.contact_id IS NOT NULL",
    ),
    filter(5, "created_on > now() - interval '30 days'", "e.created_on > {now} - interval '30 days'"),
    filter(
        112,
        "reported_at BETWEEN now() - interval '7 days' AND now() + interval '1 day'",
        "e.reported_at >= {now} - interval '7 days' AND e.reported_at <= {now} + interval '1 day'",
    ),
    filter(112, "contact_id.account_id.employees > 3 OR priority = 'high'", TWO_LEVELS),
    filter(113, "incident_id.account_id.is_key_account IS NOT TRUE", LINE_TWO_LEVELS),
    filter(113, "incident_id.reported_at > now() - interval '14 days'", LINE_CLOCK),
    filter(113, "quantity > 2", "e.quantity > 2"),
    filter(
        4212,
        "due_on <= now() + interval '3 days'",
        "e.due_on::timestamp <= ({now} AT TIME ZONE 'UTC') + interval '3 days'",
    ),
    filter(
        4212,
        "reminder_at > now() - interval '1 month 1 day'",
        "e.reminder_at > ({now} AT TIME ZONE 'UTC') - interval '1 month 1 day'",
    ),
    filter(4212, "percent_complete < 3 AND NOT priority = 'low'", "e.percent_complete < 3 AND e.priority <> 'low'"),
    filter(9001, "name <> 'open1'", "e.name <> 'open1'"),
    filter(9002, "project_id.name LIKE '%1%'", MEMO_PROJECT),
    filter(9002, "written_at > now() - interval '1 month'", "e.written_at > {now} - interval '1 month'"),
    filter(9003, "coalesce(account_id.employees, 0) < 4", VISIT_ACCOUNT),
    filter(9003, "visited_at < now() - interval '3 days'", "e.visited_at < {now} - interval '3 days'"),
];
