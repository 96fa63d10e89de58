//! Nothing of a filter's text reaches SQL.

use super::{compiled, good};

/// What somebody might write into a string to get out of it.
const HOSTILE: &[&str] = &[
    "'; DROP TABLE crm_contact; --",
    "' OR 1=1 --",
    "\\'; DELETE FROM hostile; --",
    "$$hostile$$",
    "E'\\x27hostile'",
    "U&'\\0027hostile'",
    "\"hostile\"",
    "/* hostile */",
    "$1 $2 $3 hostile",
    "hostile\u{2019} hostile\u{ff07}; hostile",
    "line\none\r\nhostile\t\u{1b}[31m",
    "%hostile_",
    "::regclass hostile",
    "(SELECT pg_sleep(10))",
];

#[test]
fn a_literal_is_a_parameter() {
    let plain =
        compiled(&good("city = 'x' AND lower(name) LIKE 'y' AND tags IN ('z', 'w') AND coalesce(code, 'v') = 'u'"));
    for hostile in HOSTILE {
        let quoted = |mark: &str| format!("'{}{mark}'", hostile.replace('\'', "''"));
        let text = format!(
            "city = {} AND lower(name) LIKE {} AND tags IN ({}, {}) AND coalesce(code, {}) = {}",
            quoted(""),
            quoted("2").replace('\\', "/"),
            quoted("3"),
            quoted("4"),
            quoted("5"),
            quoted("6")
        );
        let compiled = compiled(&good(&text));
        assert_eq!(compiled.condition.text(), plain.condition.text(), "{hostile}");
        assert_eq!(compiled.params.first().map(String::as_str), Some(*hostile));
        assert_eq!(compiled.params.len(), 6);
        assert!(compiled.joins.text().is_empty());
    }
}

#[test]
fn numbers_and_dates_are_parameters_too() {
    let text = "age = 4711 AND born > '2024-01-31' AND created_at > now() - interval '13 days' AND \
                owner_id = 'aaaaaaaa-8b86-d011-b42d-00c04fc964ff' AND score < 47.11e2";
    let compiled = compiled(&good(text));
    for written in ["4711", "2024", "13", "aaaaaaaa", "47.11", "days"] {
        assert!(!compiled.condition.text().contains(written), "{written}: {}", compiled.condition.text());
    }
    assert_eq!(
        compiled.params,
        ["4711", "2024-01-31", "2026-02-28T12:00:00.5", "-13 days", "aaaaaaaa-8b86-d011-b42d-00c04fc964ff", "47.11e2"]
    );
}
