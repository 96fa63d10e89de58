//! The accounts of a story: what the tables hold, what their triggers saw, and what is stored of each operation, against what
//! the rules come to.

use std::collections::BTreeMap;

use sojourn_wire::message::operation::{Verdict, VerdictKind};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use super::device::Device;
use super::model::{ENTRY, Effect, LINE, PAGE, Row};

/// A row as it is read: id, entity, revision, note, and page.
type Read = (Uuid, i32, i32, Option<String>, Option<Uuid>);

/// Everything that was not as it should be.
pub async fn audit(admin: &PgPool, devices: &[Device]) -> Vec<String> {
    let mut wrong = rows(admin, devices).await;
    for device in devices {
        wrong.extend(effects(admin, device).await);
        wrong.extend(verdicts(admin, device).await);
    }
    wrong
}

/// The tables hold what one gets by doing everything once, in order.
async fn rows(admin: &PgPool, devices: &[Device]) -> Vec<String> {
    let read: Vec<Read> = sqlx::query_as(
        "SELECT id, 1, revision, note, NULL::uuid FROM book.page
         UNION ALL SELECT id, 2, revision, note, NULL FROM book.entry
         UNION ALL SELECT id, 3, revision, NULL, page_id FROM book.line",
    )
    .fetch_all(admin)
    .await
    .expect("the tables");
    let row = |(id, entity, revision, note, page)| (id, Row { entity, revision: i64::from(revision), note, page });
    let mut held: BTreeMap<Uuid, Row> = read.into_iter().map(row).collect();
    let mut wrong = Vec::new();
    for (id, row) in devices.iter().flat_map(|device| &device.model.rows) {
        match held.remove(id) {
            Some(held) if held == *row => {}
            held => wrong.push(format!("{id} should be {row:?}, and is {held:?}")),
        }
    }
    wrong.extend(held.into_iter().map(|(id, row)| format!("{id} should not be there, and is {row:?}")));
    wrong
}

/// Each operation had its effect once, under its own name, and in order: of everything where rows are written one by one, of
/// each object where they are written in runs.
async fn effects(admin: &PgPool, device: &Device) -> Vec<String> {
    let noted: Vec<(i64, String, Uuid, Option<i32>)> = sqlx::query_as(
        "SELECT split_part(operation, ':', 2)::bigint, entity, object_id, revision FROM book.effect
          WHERE split_part(operation, ':', 1) = $1 ORDER BY number",
    )
    .bind(device.subscription.as_str())
    .fetch_all(admin)
    .await
    .expect("the effects");
    let effect = |(sequence, entity, object, revision): (i64, String, Uuid, Option<i32>)| Effect {
        sequence: sequence.unsigned_abs(),
        entity: if entity == "page" {
            PAGE
        } else if entity == "entry" {
            ENTRY
        } else {
            LINE
        },
        object,
        revision: revision.map(i64::from),
    };
    let noted: Vec<Effect> = noted.into_iter().map(effect).collect();
    let expected = &device.model.effects;
    let of = |effects: &[Effect], entity| effects.iter().filter(|e| e.entity == entity).cloned().collect::<Vec<_>>();
    let by_object = |effects: &[Effect]| {
        let mut sorted = effects.to_vec();
        sorted.sort_by_key(|effect| effect.object);
        sorted
    };
    let one_by_one = first_difference(&of(&noted, ENTRY), &of(expected, ENTRY));
    let each = first_difference(&by_object(&noted), &by_object(expected));
    one_by_one.or(each).map(|words| format!("{}: {words}", device.subscription)).into_iter().collect()
}

fn first_difference(noted: &[Effect], expected: &[Effect]) -> Option<String> {
    let place = noted.iter().zip(expected).position(|(noted, expected)| noted != expected);
    if place.is_none() && noted.len() == expected.len() {
        return None;
    }
    let place = place.unwrap_or(noted.len().min(expected.len()));
    Some(format!("effect {place} should be {:?}, and is {:?}", expected.get(place), noted.get(place)))
}

/// Each operation has one stored verdict: the one that was answered.
async fn verdicts(admin: &PgPool, device: &Device) -> Vec<String> {
    type Stored = (i64, String, Option<String>, Option<String>, String, Option<i64>, Option<Json<Verdict>>);
    let stored: Vec<Stored> = sqlx::query_as(
        "SELECT sequence, verdict, reason, attribute, trace_id, cause, detail FROM sojourn.operation
          WHERE subscription_id = $1 ORDER BY sequence",
    )
    .bind(device.subscription.as_str())
    .fetch_all(admin)
    .await
    .expect("the verdicts");
    let mut wrong = Vec::new();
    if stored.len() != device.answers.len() {
        let (stored, answers) = (stored.len(), device.answers.len());
        wrong.push(format!("{}: {stored} verdicts are stored of {answers} operations", device.subscription));
    }
    for (stored, answer) in stored.into_iter().zip(&device.answers) {
        let (sequence, kind, reason, attribute, trace_id, cause, detail) = stored;
        let verdict = Verdict {
            reason,
            attribute,
            cause: cause.map(i64::unsigned_abs),
            rule: answer.rule.clone(),
            ..Verdict::new(sequence.unsigned_abs(), VerdictKind::from_word(&kind), &trace_id)
        };
        let is_whole = detail.is_none_or(|Json(detail)| detail == *answer);
        if verdict != *answer || !is_whole {
            wrong.push(format!("{}: answered {answer:?}, and stored {verdict:?}", device.subscription));
        }
    }
    wrong
}
