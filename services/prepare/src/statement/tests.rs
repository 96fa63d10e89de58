//! Golden files of every statement.

use sojourn_platform::filter::{Context, Filter};
use uuid::Uuid;

use super::*;
use crate::testing;

#[track_caller]
fn as_reviewed(name: &str, statements: &[Sql]) {
    let all = statements.iter().map(Sql::text).collect::<Vec<_>>().join(";\n\n");
    insta::with_settings!({ snapshot_path => "../../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, all);
    });
}

#[test]
fn the_statements_are_as_reviewed() {
    let published = testing::published();
    let entries = SyncEntryTable::new(7).expect("a name");
    as_reviewed(
        "statements.sql",
        &[
            visible(&published.entities[1], None).sql,
            visible_in_order(&published.entities[1], None).sql,
            entries.lock(),
            entries.with_entries(),
            entries.load(),
            entries.index(),
            entries.merge_deleted(),
            entries.merge_updated(),
            entries.merge_inserted(),
            entries.merge_refused(),
            entries.merge_candidates_deleted(),
            entries.merge_candidates_updated(),
            entries.merge_candidates_inserted(),
            entries.merge_candidates_refused(),
            entries.drop_unknown(),
            entries.pending(),
            entries.post_sync_skipped(),
            entries.post_sync_deletes(),
        ],
    );
}

#[test]
fn the_statements_of_filters_are_as_reviewed() {
    let published = testing::published();
    let (contact, line) = (&published.entities[1], &published.entities[2]);
    let filter = "contact_id.account_id.city = 'Oslo' AND contact_id.due > now() - interval '7 days' \
                  AND seen < now()";
    let filter = Filter::parse(filter, "line", &published.metadata).expect("a good filter");
    let compiled = |first_param| {
        let context =
            Context { first_param, now: "2026-01-02T03:04:05Z".parse().expect("a time"), user_id: Uuid::nil() };
        filter.compile(&published, line, &context).expect("it fits")
    };
    let (first, second) = (compiled(1), compiled(2));
    let mut statements = vec![
        visible(line, Some(&first)).sql,
        visible_in_order(line, Some(&first)).sql,
        visible_ids(line, Some(&first)).sql,
        visible_among(line, Some(&second)).sql,
        visible_among(contact, None).sql,
        preview(line, None, Some(&first)),
    ];
    statements.extend(filter.links().iter().map(|path| referring(&published, line, path).expect("it fits")));
    statements.extend(filter.clock().iter().map(|bound| swept(&published, line, bound).expect("it fits")));
    as_reviewed("filtered.sql", &statements);
}
