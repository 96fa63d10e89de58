//! What is refused, in which words, and where.

use super::{metadata, parse};
use crate::filter::{Filter, FilterError, FilterProblem};

/// A text, the part of it that the error points at, and words of the error.
const REFUSED: &[(&str, &str, &str)] = &[
    // Names.
    ("citty = 'Oslo'", "citty", "contact has no attribute citty: is city meant?"),
    ("xyz = 1", "xyz", "contact has no attribute xyz: see the entity's metadata"),
    ("\"City\" = 'Oslo'", "\"City\"", "is city meant?"),
    ("city = 'a' AND SIZE = 1", "SIZE", "SIZE may be Size or size"),
    (
        "crm.contact.city = 'a'",
        "crm",
        "is no attribute of contact that refers to another entity: before a dot, write one \
      of account_id, owner_id",
    ),
    ("e.city = 'a'", "e", "its own attributes stand without a dot"),
    ("city.name = 'a'", "city", "city is no attribute of contact that refers to another entity"),
    ("account_id.city.name = 'a'", "city", "write one of parent_account_id, owner_id"),
    ("account_id.contacts = 'a'", "contacts", "account has no attribute contacts"),
    (
        "owner_id.manager_id.manager_id.manager_id.manager_id.manager_id.name = 'a'",
        "owner_id.manager_id.manager_id.manager_id.manager_id.manager_id.name",
        "6 relationships, and at most 5",
    ),
    ("account_id.* = 'a'", "*", "the operator * is not allowed"),
    // Types.
    ("age = 'five'", "'five'", "'five' does not fit age: write a number without quotes, as in 42"),
    ("age > '5'", "'5'", "write a number without quotes"),
    ("city = 5", "5", "5 does not fit city: write a string"),
    ("active = 'yes'", "'yes'", "write TRUE or FALSE"),
    ("age = true", "true", "true does not fit age"),
    ("owner_id = '1234'", "'1234'", "write a uuid, as in"),
    ("born > '2024-02-30'", "'2024-02-30'", "write a date, as in '2026-01-31'"),
    ("born > '2024-01-01 10:00'", "'2024-01-01 10:00'", "write a date"),
    ("seen > '2024-01-01 10:00+01'", "'2024-01-01 10:00+01'", "a timestamp without time zone"),
    ("created_at > 'yesterday'", "'yesterday'", "write a timestamp"),
    ("created_at > 'infinity'", "'infinity'", "write a timestamp"),
    ("born = date '2024-13-01'", "'2024-13-01'", "write a date"),
    ("born = timestamp '2024-01-01 10:00'", "'2024-01-01 10:00'", "does not fit born"),
    ("ratio = 1e39", "1e39", "that its type can hold"),
    ("age = 1e1001", "1e1001", "1e1001 does not fit age"),
    ("age = '1.5'::int", "'1.5'", "does not fit this type"),
    ("mood = 'Bad'", "'Bad'", "'Bad' is no value of mood: write one of 'Good', 'so ''so'''"),
    ("mood IN ('Good', 'Worse')", "'Worse'", "is no value of mood"),
    ("mood > 'Good'", "mood", "mood holds a type of its own: compare it by =, <> or IN"),
    ("age = city", "age = city", "an integer cannot be compared with text"),
    ("amount = score", "amount = score", "an exact number cannot be compared with a floating-point number"),
    ("tags = name", "tags = name", "cannot be compared"),
    ("extra = '{}'", "extra", "only IS NULL and IS NOT NULL"),
    ("age LIKE '4%'", "age", "LIKE works on text"),
    ("lower(age) = 'a'", "age", "the function works on text"),
    ("city LIKE 'a\\'", "'a\\'", "ends with its escape character"),
    ("city LIKE 'a!' ESCAPE '!'", "'a!'", "ends with its escape character"),
    ("city LIKE 'a' ESCAPE '!!'", "'!!'", "ESCAPE is one character"),
    ("city LIKE name", "name", "write a value"),
    // Conditions.
    ("city", "city", "this is no condition"),
    ("'Oslo'", "'Oslo'", "this is no condition"),
    ("1 = 1", "1 = 1", "neither side is an attribute"),
    ("city = NULL", "NULL", "write IS NULL or IS NOT NULL"),
    ("city IN ('a', NULL)", "NULL", "write IS NULL"),
    ("(age = 1) = (age = 2)", "age = 1", "an attribute or a value is expected here"),
    ("age + 1 = 2", "age + 1", "arithmetic is not allowed"),
    ("age = -(2)", "2", "arithmetic is not allowed"),
    ("(age, points) = (1, 2)", "age, points", "a row of values is not allowed"),
    ("age = ANY ('{1}')", "age = ANY ('{1}'", "use IN"),
    ("city SIMILAR TO 'a'", "city SIMILAR TO 'a'", "use LIKE or ILIKE"),
    ("city COLLATE \"C\" = 'a'", "city COLLATE \"C\"", "COLLATE is not allowed"),
    ("age::text = '1'", "age", "this cast is not allowed"),
    ("age = '1'::money", "'1'", "this cast is not allowed"),
    // The clock and the user.
    ("city > now()", "now", "now() is only compared with a date or timestamp"),
    ("created_at > current_date", "current_date", "use now()"),
    ("created_at > current_timestamp", "current_timestamp", "use now()"),
    ("created_at - interval '1 day' > now()", "created_at - interval '1 day'", "now() - interval '7 days'"),
    ("created_at > now() - interval '7 moons'", "'7 moons'", "'7 moons' is no interval"),
    ("created_at > now() - interval '2000 years'", "'2000 years'", "too long"),
    ("created_at > interval '1 day'", "'1 day'", "now() is only compared"),
    ("coalesce(born, '2024-01-01') > now()", "now", "now() is only compared"),
    ("city = current_user_id()", "current_user_id", "text cannot be compared with a uuid"),
    ("city = current_user", "current_user", "use current_user_id()"),
    ("created_at > now(3)", "now", "write now()"),
    // Functions.
    ("pg_sleep(10) = 1", "pg_sleep", "the function pg_sleep is not allowed: use lower"),
    ("pg_catalog.lower(city) = 'a'", "pg_catalog.lower", "the function pg_catalog.lower is not allowed"),
    ("count(*) > 1", "*", "the operator * is not allowed"),
    ("max(age) > 1", "max", "the function max is not allowed"),
    ("lower(city, 'a') = 'a'", "lower", "the function with one attribute"),
    ("lower(DISTINCT city) = 'a'", "lower", "the function with one attribute"),
    ("lower(city) OVER () = 'a'", "lower", "an aggregate or window function is not allowed"),
    ("coalesce(city, name) = 'a'", "name", "write a value"),
    ("trim(BOTH 'x' FROM city) = 'a'", "'x' FROM city", "this form of trim"),
    ("extract(year FROM born) = 2024", "born", "EXTRACT is not allowed"),
    // SQL that is no filter.
    ("age IN (SELECT 1)", "SELECT", "a subquery is not allowed"),
    ("EXISTS (SELECT 1)", "EXISTS", "a subquery is not allowed"),
    ("age = (WITH x AS (SELECT 1) TABLE x)", "WITH", "a subquery is not allowed"),
    ("age IN (VALUES (1))", "age IN (VALUES (1)", "a subquery is not allowed"),
    ("CASE WHEN active THEN true END", "CASE", "CASE is not allowed"),
    ("age = 1; DROP TABLE x", ";", "end before the semicolon"),
    ("age = 1 -- all", "-- all", "comments are not allowed"),
    ("age /* all */ = 1", "/* all */", "comments are not allowed"),
    ("age = $1", "$1", "parameters are not allowed"),
    ("age = ?", "?", "parameters are not allowed"),
    ("city = $$a$$", "$$a$$", "write a string as '…'"),
    ("city = E'a'", "E'a'", "write a string as '…'"),
    ("city = U&'a'", "U&'a'", "write a string as '…'"),
    ("city = x'00'", "x'00'", "write a string as '…'"),
    ("city = 'a' 'b'", "'b'", "write a string as '…'"),
    ("city = 'a\0b'", "\0", "NUL cannot be stored"),
    ("city = 'a' || 'b'", "||", "the operator || is not allowed"),
    ("extra ->> 'a' = 'b'", "->>", "the operator ->> is not allowed"),
    ("tags[1] = 'a'", "[", "the operator [ is not allowed"),
    ("tags @> '{a}'", "@>", "the operator @> is not allowed"),
    ("city ~ 'a'", "~", "the operator ~ is not allowed"),
    ("city = 'a", "'", "a string without its end"),
    ("\"city = 'a'", "\"", "a name without its end"),
    ("city = ", "", "it ends too early"),
    ("city = 'a' age = 1", "age", "this cannot be read at age"),
    ("city = 'a')", ")", "this cannot be read at )"),
    ("(city = 'a'", "", "it ends too early"),
    ("city = 'å' AND ünknown = 1", "ünknown", "no attribute ünknown"),
    ("city = '漢🦀'\n AND xyz = 1", "xyz", "no attribute xyz"),
];

#[test]
fn errors_say_what_to_write_and_where() {
    let mut wrong = Vec::new();
    for (text, part, words) in REFUSED {
        let Err(error) = parse(text) else {
            wrong.push(format!("accepted: {text}"));
            continue;
        };
        let pointed = error.place.clone().map(|place| {
            let (start, end) = (place.start as usize, place.end as usize);
            text.chars().skip(start).take(end - start).collect::<String>()
        });
        if !error.to_string().contains(words) || pointed.as_deref() != Some(*part) {
            wrong.push(format!("{text}\n  {error}\n  at {pointed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn refused(text: &str) -> FilterError {
    parse(text).expect_err("it is refused")
}

#[test]
fn what_is_too_large_is_refused() {
    let long = format!("city = '{}'", "x".repeat(16 * 1024));
    assert!(matches!(refused(&long).problem, FilterProblem::TooLong { .. }));
    let terms = |count: usize| vec!["active"; count].join(" OR ");
    assert_eq!(refused(&terms(1_001)).problem, FilterProblem::TooManyTerms);
    assert!(refused(&terms(10_000)).to_string().contains("at most 16384"));
    let items = format!("age IN ({})", vec!["1"; 1_001].join(","));
    assert_eq!(refused(&items).problem, FilterProblem::TooManyItems { count: 1_001 });
    let nested = format!("{}age = 1{}", "(".repeat(65), ")".repeat(65));
    assert_eq!((refused(&nested).problem, refused(&nested).place), (FilterProblem::TooDeep, Some(64..65)));
    let calls = format!("{}city{} = 'a'", "lower(".repeat(2_000), ")".repeat(2_000));
    assert_eq!(refused(&calls).problem, FilterProblem::TooDeep);
    let nots = format!("{} active", "NOT (NOT ".repeat(40)) + &")".repeat(40);
    assert_eq!(refused(&nots).problem, FilterProblem::TooDeep);
    for chain in ["NOT ", "age = ", "- ", "city::text = "] {
        assert_eq!(refused(&chain.repeat(1_000)).problem, FilterProblem::TermTooLong, "{chain}");
    }
    let manager = |hops: usize| format!("account_id.owner_id{}.active", ".manager_id".repeat(hops));
    let parents = |hops: usize| format!("account_id{}.city = 'a'", ".parent_account_id".repeat(hops));
    assert!(parse(&format!("{} AND {}", manager(3), parents(3))).is_ok(), "8 links");
    let nine = format!("{} AND {}", manager(3), parents(4));
    let error = refused(&nine);
    assert_eq!(error.problem, FilterProblem::TooManyLinks);
    assert_eq!(error.place.map(|place| place.start), nine.find("account_id.parent").map(|at| at as u32));
}

#[test]
fn what_is_empty_or_of_no_entity_is_refused() {
    for text in ["", "  \n"] {
        assert_eq!(refused(text), FilterError { problem: FilterProblem::Empty, place: None });
    }
    let error = Filter::parse("TRUE", "nothing", &metadata()).expect_err("no entity");
    assert!(error.to_string().contains("the entity nothing is not offline"));
}

#[test]
fn a_terminal_shows_the_place() {
    let shown = |text: &str| refused(text).pointed_at(text);
    assert_eq!(shown("city = 'a'\n AND\txyz = 1"), " AND xyz = 1\n     ^^^");
    assert_eq!(shown("city = "), "city = \n       ^");
    assert_eq!(shown("age = 'a"), "age = 'a\n      ^");
    let long = format!("{} xyz = 1", "active AND ".repeat(20));
    let lines: Vec<String> = shown(&long).lines().map(str::to_owned).collect();
    assert!(lines[0].chars().count() <= 100 && lines[1].trim() == "^^^", "{lines:?}");
    let at = lines[1].find('^').expect("carets");
    assert_eq!(&lines[0][at..at + 3], "xyz");
    assert_eq!(FilterError { problem: FilterProblem::Empty, place: None }.pointed_at(""), "");
}
