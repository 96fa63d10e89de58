//! Nothing breaks the reader, and what is accepted says the same again.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{compiled, good, parse};

/// Pieces that garbage is made of.
const PIECES: &[&str] = &[
    "(",
    ")",
    "((((",
    "))))",
    "'",
    "''",
    "\"",
    "$$",
    "$1",
    "--",
    "/*",
    "*/",
    ";",
    ",",
    ".",
    "..",
    "::",
    "[",
    "]",
    "{",
    "}",
    "=",
    "<>",
    "<",
    ">=",
    "+",
    "-",
    "*",
    "||",
    "->>",
    "@>",
    "\\",
    "?",
    ":",
    "&",
    "!",
    "AND",
    "OR",
    "NOT",
    "NOT NOT NOT",
    "IN",
    "IN (",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "ESCAPE",
    "IS",
    "IS NULL",
    "IS NOT",
    "IS TRUE",
    "DISTINCT FROM",
    "NULL",
    "TRUE",
    "SELECT",
    "SELECT 1",
    "EXISTS",
    "CASE",
    "WHEN",
    "END",
    "CAST(",
    "now()",
    "interval",
    "interval '7 days'",
    "date",
    "date '2024-01-01'",
    "timestamp",
    "'2024-01-01'",
    "current_date",
    "current_user_id()",
    "lower(",
    "trim(",
    "coalesce(city, 'a')",
    "extract(year from born)",
    "city",
    "age",
    "active",
    "born",
    "account_id",
    "account_id.city",
    "account_id.owner_id.",
    "\"size\"",
    "size",
    "1",
    "1.5",
    "1e",
    "1e400",
    ".",
    "0x1F",
    "'Oslo'",
    "E'a'",
    "U&'a'",
    "x'0'",
    "ANY",
    "ALL",
    "OVER ()",
    "COLLATE",
    "AT TIME ZONE",
    "ARRAY[",
    "ROW(",
    "\0",
    "\u{feff}",
    "漢",
    "🦀",
    "\u{202e}",
    "\n",
    "\t",
];

fn garbage() -> impl Strategy<Value = String> {
    let piece = prop_oneof![8 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    let between = prop::sample::select(&["", " ", " ", "\n"][..]);
    prop::collection::vec((piece, between), 0..60)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, between)| piece + between).collect())
}

/// The same piece again and again, which is what costs a parser its stack or its time.
fn repeated() -> impl Strategy<Value = String> {
    (prop::collection::vec(prop::sample::select(PIECES), 1..4), 1usize..4_000).prop_map(|(pieces, count)| {
        let piece = pieces.join(" ") + " ";
        piece.repeat(count.min(16_000 / piece.len()))
    })
}

/// A condition of the language.
fn condition() -> impl Strategy<Value = String> {
    let text = prop::sample::select(
        &[
            "city",
            "name",
            "\"Last \"\"Name\"\"\"",
            "account_id.city",
            "lower(code)",
            "coalesce(trim(name), 'x')",
            "account_id.owner_id.name",
        ][..],
    );
    let number =
        prop::sample::select(&["age", "points", "amount", "\"Size\"", "char_length(city)", "coalesce(age, -1)"][..]);
    let time = prop::sample::select(&["born", "seen", "created_at", "account_id.founded"][..]);
    let comparison =
        prop::sample::select(&["=", "<>", "!=", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"][..]);
    let string = any::<String>().prop_map(|s| format!("'{}'", s.replace('\0', "").replace('\'', "''")));
    let pattern = "[a-z%_!' ]{0,8}".prop_map(|s| format!("'{}'", s.replace('\'', "''")));
    let digits =
        prop_oneof![any::<i64>().prop_map(|n| n.to_string()), "-?[0-9]{0,25}\\.[0-9]{1,9}", "[0-9]{1,4}e-?[0-9]{1,2}"];
    let date = (1i32..=9999, 1u32..=12, 1u32..=28).prop_map(|(y, m, d)| format!("'{y:04}-{m:02}-{d:02}'"));
    let offset = prop_oneof![
        Just("now()".to_owned()),
        (
            -999i32..999,
            prop::sample::select(&["days", "months", "hours", "year"][..]),
            prop::sample::select(&["+", "-"][..])
        )
            .prop_map(|(n, unit, sign)| format!("now() {sign} interval '{n} {unit}'"))
    ];
    let not = prop::sample::select(&["", "NOT "][..]);
    let term = prop_oneof![
        (text.clone(), comparison.clone(), string.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (text.clone(), comparison.clone(), text.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (digits.clone(), comparison.clone(), number.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (number, not.clone(), digits.clone(), digits)
            .prop_map(|(a, not, b, c)| format!("{a} {not}BETWEEN {b} AND {c}")),
        (text.clone(), not.clone(), prop::collection::vec(string, 1..5))
            .prop_map(|(a, not, list)| format!("{a} {not}IN ({})", list.join(", "))),
        (text.clone(), not.clone(), prop::sample::select(&["LIKE", "ILIKE"][..]), pattern.clone())
            .prop_map(|(a, not, like, b)| format!("{a} {not}{like} {b}")),
        (time.clone(), comparison.clone(), date).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (time.clone(), comparison.clone(), offset).prop_map(|(a, op, b)| format!("{b} {op} {a}")),
        (time.clone(), comparison, time).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (text, not.clone()).prop_map(|(a, not)| format!("{a} IS {not}NULL")),
        not.prop_map(|not| format!("coalesce(owner_id.active, false) IS {not}TRUE")),
        Just("active".to_owned()),
        Just("owner_id = current_user_id()".to_owned()),
        Just("TRUE".to_owned()),
        Just("FALSE".to_owned()),
    ];
    term.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|of| format!("NOT ({of})")),
            inner.clone().prop_map(|of| format!("({of}) IS NOT FALSE")),
            (prop::collection::vec(inner, 1..4), prop::sample::select(&[" AND ", " OR "][..]))
                .prop_map(|(inner, by)| format!("({})", inner.join(by))),
        ]
    })
}

/// Long for a debug build on a busy machine, and far less than what an exponential parser needs.
const QUICK: Duration = Duration::from_secs(5);

fn survives(text: &str) -> Result<(), TestCaseError> {
    let begin = Instant::now();
    match parse(text) {
        Ok(filter) => drop(compiled(&filter)),
        Err(error) => {
            let length = text.chars().count();
            prop_assert!(!error.to_string().is_empty());
            prop_assert!(error.place.as_ref().is_none_or(|at| at.start <= at.end && at.end as usize <= length));
            prop_assert!(error.pointed_at(text).lines().count() <= 2);
        }
    }
    prop_assert!(begin.elapsed() < QUICK, "{:?} for {text:?}", begin.elapsed());
    Ok(())
}

proptest! {
    #[test]
    fn garbage_is_refused_or_understood(text in garbage()) {
        survives(&text)?;
    }

    #[test]
    fn anything_is_refused_or_understood(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn repetitions_cost_neither_stack_nor_time(text in repeated()) {
        survives(&text)?;
    }

    #[test]
    fn what_is_understood_says_the_same_again(text in condition()) {
        let filter = good(&text);
        let canonical = filter.canonical();
        prop_assert_eq!(&good(&canonical), &filter, "{}", canonical);
        let (one, other) = (compiled(&filter), compiled(&good(&canonical)));
        prop_assert_eq!(one.condition.text(), other.condition.text());
        prop_assert_eq!(&one.params, &other.params);
        prop_assert_eq!(one.joins.text().matches("LEFT JOIN").count(), filter.links().len());
    }
}
