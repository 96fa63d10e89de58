//! What the demo's user does offline, in plain SQL; what a colleague does meanwhile; what the server should say to it; and
//! how the user settles what is refused.

use std::fmt::Write as _;
use std::path::Path;

use sojourn_agent::store::Writer;
use sojourn_wire::message::operation::VerdictKind::{
    self, Applied, Cancelled, Conflict, Duplicate, Merged, Parked, Rejected,
};
use uuid::Uuid;

use crate::commands::CommandError;

/// One thing the user does.
#[derive(Debug)]
pub(super) struct Edit {
    /// In words.
    pub(super) what: &'static str,
    /// In SQL.
    sql: String,
    /// What a colleague does to a row on the server before it is played back.
    pub(super) meanwhile: Option<(&'static str, Uuid)>,
    /// The verdict on each of its operations.
    pub(super) expected: &'static [VerdictKind],
    /// How the user settles one of its refused operations, counted from 0; the words after `sojourn-agent errors`.
    settled: Option<(usize, &'static [&'static str])>,
}

/// Everything the user does, in order.
#[derive(Debug)]
pub(super) struct Edits(Vec<Edit>);

/// The rows that it is about.
#[derive(Debug)]
pub(super) struct Rows {
    /// The user.
    pub(super) user: Uuid,
    /// The user's own contacts that have an email.
    pub(super) contacts: [Uuid; 3],
    /// A colleague's contact, shared for reading only.
    pub(super) shared: Uuid,
    /// The id of a contact that is made.
    pub(super) fresh: Uuid,
}

const OTHER_ATTRIBUTE: &str = "UPDATE crm.contact SET notes = 'Prefers to be called' WHERE id = $1";
const SAME_ATTRIBUTE: &str = "UPDATE crm.contact SET city = 'Innsbruck' WHERE id = $1";

impl Edit {
    fn new(what: &'static str, sql: impl Into<String>, expected: &'static [VerdictKind]) -> Edit {
        Edit { what, sql: sql.into(), meanwhile: None, expected, settled: None }
    }

    fn meanwhile(self, statement: &'static str, row: Uuid) -> Edit {
        Edit { meanwhile: Some((statement, row)), ..self }
    }

    fn settled(self, operation: usize, words: &'static [&'static str]) -> Edit {
        Edit { settled: Some((operation, words)), ..self }
    }
}

impl Edits {
    /// The edits of a user.
    pub(super) fn new(rows: &Rows) -> Edits {
        Edits(done(rows).into_iter().chain(refused(rows)).collect())
    }

    /// Each of them.
    pub(super) fn list(&self) -> &[Edit] {
        &self.0
    }

    /// Makes them in the device's database, over a plain connection.
    pub(super) fn make(&self, database: &Path) -> Result<(), CommandError> {
        let mut writer = Writer::open(database)?;
        self.0.iter().try_for_each(|edit| writer.run(&edit.sql))?;
        Ok(())
    }

    /// In words, the edit that each operation belongs to, in order of capture.
    pub(super) fn of_operations(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().flat_map(|edit| edit.expected.iter().map(|_| edit.what))
    }

    /// How refused operations are settled, by their place among these in the order of capture, from 0.
    pub(super) fn settlements(&self) -> impl Iterator<Item = (usize, &'static [&'static str])> {
        let refused = |kind: &&VerdictKind| !matches!(kind, Applied | Merged);
        let firsts = self.0.iter().scan(0, move |next, edit| {
            let first = *next;
            *next += edit.expected.iter().filter(refused).count();
            Some((first, edit))
        });
        firsts.filter_map(|(first, edit)| edit.settled.map(|(operation, words)| (first + operation, words)))
    }
}

/// The columns that say whose a row is, and their values.
fn owner(user: Uuid) -> String {
    format!("'{user}', (SELECT business_unit_id FROM system_user WHERE id = '{user}')")
}

/// What the server takes.
fn done(Rows { user, contacts, .. }: &Rows) -> Vec<Edit> {
    let (mine, owner) = (format!("owner_id = '{user}' ORDER BY id LIMIT 1"), owner(*user));
    let create = format!(
        "INSERT INTO contact (first_name, last_name, email, languages, owner_id, owning_business_unit_id)
         VALUES ('Ada', 'Lovelace', 'ada@example.org', '{{en,fr}}', {owner})"
    );
    let update = format!("UPDATE contact SET job_title = 'Met on the train' WHERE id = '{}'", contacts[0]);
    let delete = format!("DELETE FROM phone_call WHERE id = (SELECT id FROM phone_call WHERE {mine})");
    let group = format!(
        "INSERT INTO sojourn_group (marker) VALUES ('start');
         INSERT INTO opportunity (name, est_value, owner_id, owning_business_unit_id)
         VALUES ('Sold between two stations', 1250.50, {owner});
         INSERT INTO task (subject, due_on, owner_id, owning_business_unit_id)
         VALUES ('Send the offer', '2026-12-01', {owner});
         INSERT INTO sojourn_group (marker) VALUES ('stop')"
    );
    let won = format!(
        "INSERT INTO sojourn_command (entity, object_id, name)
         SELECT 'opportunity', id, 'close_as_won' FROM opportunity WHERE {mine}"
    );
    vec![
        Edit::new("create a contact", create, &[Applied]),
        Edit::new("update a contact, of which a colleague changes something else", update, &[Merged])
            .meanwhile(OTHER_ATTRIBUTE, contacts[0]),
        Edit::new("delete a phone call", delete, &[Applied]),
        Edit::new("create an opportunity and a task, as a group: both or none", group, &[Applied, Applied]),
        Edit::new("close an opportunity as won, which a plug-in in Python carries out", won, &[Applied]),
    ]
}

/// What the server refuses, and the user settles.
fn refused(Rows { user, contacts, shared, fresh }: &Rows) -> Vec<Edit> {
    let (other, owner) = (format!("owner_id = '{user}' ORDER BY id LIMIT 1 OFFSET 1"), owner(*user));
    let moved = format!("UPDATE contact SET city = 'Graz' WHERE id = '{}'", contacts[1]);
    let twin = format!(
        "INSERT INTO contact (id, first_name, last_name, email, owner_id, owning_business_unit_id)
         SELECT '{fresh}', 'Met', 'Before', ' ' || upper(email), {owner} FROM contact WHERE id = '{}'",
        contacts[2]
    );
    let retitled = format!("UPDATE contact SET job_title = 'Head of Sales' WHERE id = '{fresh}'");
    let called = format!(
        "INSERT INTO phone_call (subject, contact_id, owner_id, owning_business_unit_id)
         VALUES ('Say hello', '{fresh}', {owner})"
    );
    let group = format!(
        "INSERT INTO sojourn_group (marker) VALUES ('start');
         INSERT INTO task (subject, owner_id, owning_business_unit_id) VALUES ('Pack', {owner});
         INSERT INTO task (subject, percent_complete, owner_id, owning_business_unit_id)
         VALUES ('Unpack', 110, {owner});
         INSERT INTO sojourn_group (marker) VALUES ('stop')"
    );
    let forbidden = format!("UPDATE contact SET notes = 'I may only read this one' WHERE id = '{shared}'");
    let broken =
        format!("UPDATE opportunity SET probability = 150 WHERE id = (SELECT id FROM opportunity WHERE {other})");
    vec![
        Edit::new("update a contact, of which a colleague changes the same", moved, &[Conflict])
            .meanwhile(SAME_ATTRIBUTE, contacts[1])
            .settled(0, &["keep-mine"]),
        Edit::new("create a contact with an email that another has", twin, &[Duplicate]).settled(0, &["use-existing"]),
        Edit::new("update that contact, and note a call to it", format!("{retitled}; {called}"), &[Parked, Parked]),
        Edit::new("create two tasks as a group, one 110 % complete", group, &[Cancelled, Rejected])
            .settled(1, &["fix", "--set", "percent_complete=100"]),
        Edit::new("update a colleague's contact, shared for reading only", forbidden, &[Rejected])
            .settled(0, &["discard", "--yes"]),
        Edit::new("make an opportunity 150 % probable, which a CHECK forbids", broken, &[Rejected])
            .settled(0, &["fix", "--set", "probability=90"]),
    ]
}

/// What the user may try next.
pub(super) fn invitation(database: &Path, home: &Path) -> String {
    let (database, home) = (database.display(), home.display());
    let mut text = "\nThe device is a plain SQLite file. Read and write it with anything:\n\n".to_owned();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  sqlite3 {database} \"SELECT last_name, city FROM contact LIMIT 5\"");
    let _ = writeln!(text, "  sqlite3 {database} \"UPDATE contact SET city = 'Graz' WHERE rowid = 1\"");
    let _ = writeln!(text, "\nThen look at the queue, ask what would become of it, and play it back:\n");
    let _ = writeln!(text, "  cargo agent queue --home {home}");
    let _ = writeln!(text, "  cargo agent sync --dry-run --home {home}");
    let _ = writeln!(text, "  cargo agent sync --home {home}");
    let _ = writeln!(text, "  cargo agent errors --home {home}");
    let _ = write!(text, "\nCtrl-C ends everything and removes it.");
    text
}
