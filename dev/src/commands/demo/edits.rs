//! What the demo's user does offline, in plain SQL, and what the server should say to it.

use std::fmt::Write as _;
use std::path::Path;

use sojourn_agent::store::Writer;
use sojourn_wire::message::operation::VerdictKind::{self, Applied, Rejected};
use uuid::Uuid;

use crate::commands::CommandError;

/// One thing the user does.
#[derive(Debug)]
pub(super) struct Edit {
    /// In words.
    pub(super) what: &'static str,
    /// In SQL.
    sql: String,
    /// The verdict on each of its operations.
    pub(super) expected: &'static [VerdictKind],
}

/// Everything the user does, in order.
#[derive(Debug)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    /// The edits of this user, one of them on a contact that a colleague shared for reading only.
    pub(super) fn new(user: Uuid, shared: Uuid) -> Edits {
        let mine = format!("owner_id = '{user}' ORDER BY id LIMIT 1");
        let owner = format!("'{user}', (SELECT business_unit_id FROM system_user WHERE id = '{user}')");
        let create = format!(
            "INSERT INTO contact (first_name, last_name, email, languages, owner_id, owning_business_unit_id)
             VALUES ('Ada', 'Lovelace', 'ada@example.org', '{{en,fr}}', {owner})"
        );
        let update = format!(
            "UPDATE contact SET job_title = 'Met on the train' WHERE id = (SELECT id FROM contact WHERE {mine})"
        );
        let delete = format!("DELETE FROM phone_call WHERE id = (SELECT id FROM phone_call WHERE {mine})");
        let group = format!(
            "INSERT INTO sojourn_group (marker) VALUES ('start');
             INSERT INTO opportunity (name, est_value, probability, owner_id, owning_business_unit_id)
             VALUES ('Sold between two stations', 1250.50, 80, {owner});
             INSERT INTO task (subject, due_on, owner_id, owning_business_unit_id)
             VALUES ('Send the offer', '2026-12-01', {owner});
             INSERT INTO sojourn_group (marker) VALUES ('stop')"
        );
        let forbidden = format!("UPDATE contact SET notes = 'I may only read this one' WHERE id = '{shared}'");
        let broken =
            format!("UPDATE opportunity SET probability = 150 WHERE id = (SELECT id FROM opportunity WHERE {mine})");
        let edit = |what, sql, expected| Edit { what, sql, expected };
        Edits(vec![
            edit("create a contact", create, &[Applied]),
            edit("update a contact", update, &[Applied]),
            edit("delete a phone call", delete, &[Applied]),
            edit("create an opportunity and a task, as a group: both or none", group, &[Applied, Applied]),
            edit("update a colleague's contact, shared for reading only", forbidden, &[Rejected]),
            edit("make an opportunity 150 % probable, which a CHECK forbids", broken, &[Rejected]),
        ])
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
}

/// What the user may try next.
pub(super) fn invitation(database: &Path, home: &Path) -> String {
    let (database, home) = (database.display(), home.display());
    let mut text = "\nThe device is a plain SQLite file. Read and write it with anything:\n\n".to_owned();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  sqlite3 {database} \"SELECT last_name, city FROM contact LIMIT 5\"");
    let _ = writeln!(text, "  sqlite3 {database} \"UPDATE contact SET city = 'Graz' WHERE rowid = 1\"");
    let _ = writeln!(text, "\nThen look at the queue and play it back:\n");
    let _ = writeln!(text, "  cargo agent queue --home {home}");
    let _ = writeln!(text, "  cargo agent sync --home {home}");
    let _ = write!(text, "\nCtrl-C ends everything and removes it.");
    text
}
