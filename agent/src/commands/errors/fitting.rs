//! Which settlements make sense for a refused entry, as commands to copy. Pure. The store has the last word.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;
use sojourn_wire::message::operation::{Side, VerdictKind};

use super::refused::Refused;
use crate::store::EntryCommand;

/// The folder that commands work on when they are not told.
const USUAL_HOME: &str = ".sojourn";

/// Something that can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fitting {
    /// The command line.
    pub command: String,
    /// What it means.
    pub meaning: &'static str,
}

/// What can be done about an entry, what is most often wanted first.
pub(super) fn fitting(entry: &Refused, home: &str) -> Vec<Fitting> {
    let number = entry.number;
    let fit = |words: String, meaning| Fitting { command: format!("sojourn-agent errors {words}{home}"), meaning };
    let retry = || fit(format!("retry {number}"), "send it again as it is, once what was in its way is gone");
    let discard = fit(format!("discard {number}"), "give it up; its row becomes what the server has");
    let fix = || {
        let attribute = entry.attribute.as_deref().unwrap_or("ATTRIBUTE");
        (entry.command != EntryCommand::Delete)
            .then(|| fit(format!("fix {number} --set {attribute}=VALUE"), "send it again with another value"))
    };
    let kind = VerdictKind::from_word(&entry.verdict);
    let mut fits = Vec::new();
    match (kind, entry.waits_for) {
        (VerdictKind::Parked | VerdictKind::Cancelled, Some(first)) => {
            fits.push(fit(format!("show {first}"), "settle that entry first: this one follows by itself"));
        }
        (VerdictKind::Parked | VerdictKind::Cancelled, None) => fits.push(retry()),
        (VerdictKind::Conflict, _) => {
            let (mine, theirs) = sides(entry);
            fits.push(fit(format!("keep-mine {number}"), mine));
            fits.push(fit(format!("take-theirs {number}"), theirs));
            fits.extend(fix());
        }
        (VerdictKind::Duplicate, _) => {
            let same = |code: i32| entry.command == EntryCommand::Create && entry.object_type_code == Some(code);
            let alike: Vec<_> = entry.candidates.iter().filter(|like| same(like.object_type_code)).collect();
            for like in &alike {
                let which = if alike.len() > 1 { format!(" --candidate {}", like.object_id) } else { String::new() };
                fits.push(fit(format!("use-existing {number}{which}"), "take the row that is there in its place"));
            }
            fits.push(fit(format!("create-anyway {number}"), "both rows are wanted"));
            fits.extend(fix());
        }
        _ => {
            fits.extend(fix());
            fits.push(retry());
        }
    }
    fits.push(discard);
    fits
}

/// What it means to keep one's own, and to take the server's.
fn sides(entry: &Refused) -> (&'static str, &'static str) {
    match entry.deleted {
        Some(Side::Theirs) => ("make the row again, with your values", "let the row go"),
        Some(Side::Mine) => ("delete the row all the same", "keep the row as it is on the server"),
        None => ("your values count", "the server's values count; the rest of it is sent"),
    }
}

/// What a command must be told of the device's folder, with a space before it; nothing when it is the usual one.
pub(crate) fn home_option(home: &Path) -> String {
    let text = home.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    let quoted = match text.chars().all(plain) {
        true => Cow::Borrowed(text.as_str()),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    };
    if text == USUAL_HOME { String::new() } else { format!(" --home {quoted}") }
}
