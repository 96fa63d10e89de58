//! Looking for duplicates of rows that were just written, in the transaction of their writes.
//!
//! Postgres uses no index for our expressions under row-level security, so candidates are found by the role that sees
//! every row, and only those count which the user may see. The transaction acts as the user before and after.

use sojourn_metadata::replay::ReplayRules;
use sojourn_platform::acting::{SCAN_ROLE, become_role, become_user, check_user};
use sojourn_platform::duplicates::Matching;
use sojourn_platform::entities::Published;
use sojourn_platform::{Identity, PlatformError};
use sojourn_wire::message::operation::{Candidate, FieldValue};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row as _, Transaction};
use uuid::Uuid;

use crate::duplicates::{Found, Pairs, Written, looked_at};

/// A rule that looks at some of the rows, and what was found by it.
struct Search<'a> {
    matching: Matching<'a>,
    /// Positions of the rows that it looks at.
    rows: Vec<usize>,
    pairs: Pairs,
}

/// The written rows that are taken for duplicates, by their positions, each with the first rule that says so and rows
/// that the user may see. Asks nothing when no rule looks at any of the rows.
///
/// The transaction must act as the user, which is checked, and does so again afterwards. After an error it must be rolled back to a
/// savepoint that was made while it acted as the user.
///
/// # Errors
/// [`PlatformError`] when the database fails, or the transaction does not act as it should.
pub async fn duplicates_of(
    tx: &mut Transaction<'_, Postgres>,
    metadata: &Published,
    rules: &ReplayRules,
    written: &[Written<'_>],
    identity: &Identity,
) -> Result<Vec<(usize, Found)>, PlatformError> {
    let mut searches = searches(metadata, rules, written);
    if searches.is_empty() {
        return Ok(Vec::new());
    }
    check_user(tx, identity).await?;
    become_role(tx, SCAN_ROLE).await?;
    for search in &mut searches {
        let found = pairs_found(tx, search, written).await?;
        search.pairs = Pairs::new(&found, written, &search.matching.other.entity);
    }
    become_user(tx, identity).await?;
    let mut duplicates: Vec<(usize, Found)> = Vec::new();
    for search in &searches {
        let visible = visible(tx, search).await?;
        for &position in &search.rows {
            let candidates = search.pairs.of(written[position].object_id, &visible);
            let is_known = duplicates.iter().any(|(known, _)| *known == position);
            if !candidates.is_empty() && !is_known {
                duplicates.push((position, Found { rule: search.matching.rule.name.clone(), candidates }));
            }
        }
    }
    duplicates.sort_by_key(|(position, _)| *position);
    Ok(duplicates)
}

fn searches<'a>(metadata: &'a Published, rules: &'a ReplayRules, written: &[Written<'_>]) -> Vec<Search<'a>> {
    let concerned = rules.duplicates.iter().map(|rule| (rule, looked_at(rule, written)));
    let concerned = concerned.filter(|(_, rows)| !rows.is_empty());
    let searches = concerned.filter_map(|(rule, rows)| {
        let matching = Matching::of(rule, metadata);
        if matching.is_none() {
            let (dataset, version) = (&metadata.dataset, metadata.version);
            tracing::error!(
                rule = rule.name,
                "the duplicate rule {} of {dataset} compares what its metadata version {version} does not have, and \
                 finds nothing: start the schema service again",
                rule.name
            );
        }
        Some(Search { matching: matching?, rows, pairs: Pairs::default() })
    });
    searches.collect()
}

/// Pairs of a written row and another, whoever may see that.
async fn pairs_found(
    tx: &mut Transaction<'_, Postgres>,
    search: &Search<'_>,
    written: &[Written<'_>],
) -> Result<Vec<(Uuid, Uuid)>, PlatformError> {
    let rows: Vec<Uuid> = search.rows.iter().map(|&position| written[position].object_id).collect();
    sqlx::query_as(search.matching.candidates().into_sqlx())
        .bind(rows)
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("looking for duplicates"))
}

/// Those of the candidates that the user may see, in the order of their ids.
async fn visible(tx: &mut Transaction<'_, Postgres>, search: &Search<'_>) -> Result<Vec<Candidate>, PlatformError> {
    let candidates = search.pairs.candidates();
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(search.matching.visible().into_sqlx())
        .bind(candidates)
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("asking which duplicates the user may see"))?;
    let candidates = rows.iter().map(|row| candidate(row, &search.matching));
    candidates.collect::<Result<_, _>>().map_err(PlatformError::doing("reading duplicates"))
}

fn candidate(row: &PgRow, matching: &Matching<'_>) -> Result<Candidate, sqlx::Error> {
    let values = (1..).zip(matching.compared()).map(|(place, column)| {
        let text: Option<String> = row.try_get(place)?;
        Ok((column.name.name().to_owned(), text.map_or(FieldValue::Null, FieldValue::Text)))
    });
    Ok(Candidate {
        object_type_code: matching.other.object_type_code,
        object_id: row.try_get(0)?,
        values: values.collect::<Result<_, sqlx::Error>>()?,
    })
}
