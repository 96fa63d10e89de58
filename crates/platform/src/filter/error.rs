//! What is wrong with a filter, where, and what to write instead.

use std::fmt;
use std::ops::Range;

use super::limits;

/// A filter that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// What is wrong.
    pub problem: FilterProblem,
    /// Where: characters of the text, counted from 0, the end being one past the last. None when it is the whole text.
    pub place: Option<Range<u32>>,
}

/// What can be wrong with a filter. The words say what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    /// Nothing was written.
    #[error("the filter is empty: write a condition such as city = 'Oslo', or TRUE for every row")]
    Empty,
    /// The text is too long.
    #[error("the filter has {bytes} bytes, and at most {} are allowed: write a shorter condition", limits::BYTES)]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Parentheses or NOTs within each other.
    #[error("this is nested too deeply, at most {} levels are allowed: take parentheses away", limits::DEPTH)]
    TooDeep,
    /// Too many conditions.
    #[error("the filter has more than {} terms: use IN for many values of one attribute", limits::TERMS)]
    TooManyTerms,
    /// One condition that never ends.
    #[error("this condition is too long: join short conditions by AND and OR")]
    TermTooLong,
    /// Too many items of IN.
    #[error("IN has {count} values, and at most {} are allowed: split them by OR", limits::ITEMS)]
    TooManyItems {
        /// How many it has.
        count: usize,
    },
    /// Too many relationships are followed.
    #[error("the filter follows more than {} relationships: read attributes of fewer related entities", limits::LINKS)]
    TooManyLinks,
    /// A path is too long.
    #[error("this path follows {hops} relationships, and at most {} are allowed", limits::HOPS)]
    PathTooLong {
        /// How many it follows.
        hops: usize,
    },
    /// The character U+0000.
    #[error("the character NUL cannot be stored in Postgres: take it away")]
    Nul,
    /// A comment.
    #[error("comments are not allowed in a filter: take it away")]
    Comment,
    /// A second statement.
    #[error("a filter is one condition, not a statement: end before the semicolon")]
    Statement,
    /// `$1`, `?`, `:name`
    #[error("parameters are not allowed: write the value itself")]
    Parameter,
    /// A string in another notation than `'…'`.
    #[error("write a string as '…', with '' for a quote in it")]
    StringNotation,
    /// An operator outside the language.
    #[error("the operator {operator} is not allowed: use =, <>, <, <=, >, >=, IN, BETWEEN, LIKE or IS NULL")]
    Operator {
        /// The operator.
        operator: String,
    },
    /// SQL outside the language.
    #[error("{what} is not allowed in a filter: {instead}")]
    NotAllowed {
        /// What was written.
        what: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
    /// A function outside the language.
    #[error(
        "the function {name} is not allowed: use lower, upper, trim, char_length, length, coalesce, now or \
         current_user_id"
    )]
    Function {
        /// Its name.
        name: String,
    },
    /// A function with other arguments than it has here.
    #[error("write {form}")]
    Arguments {
        /// How it is written.
        form: &'static str,
    },
    /// It cannot be read.
    #[error("this cannot be read{}: write conditions such as city = 'Oslo', joined by AND, OR and NOT", near(.found))]
    Syntax {
        /// What was found there; nothing at the end.
        found: String,
    },
    /// The entity of the filter is not in the metadata.
    #[error("the entity {entity} is not offline: name one of the dataset's entities")]
    UnknownEntity {
        /// Its name.
        entity: String,
    },
    /// No such attribute.
    #[error("{entity} has no attribute {name}{}", meant(.nearest))]
    UnknownAttribute {
        /// The entity.
        entity: String,
        /// What was written.
        name: String,
        /// An attribute with a similar name.
        nearest: Option<String>,
    },
    /// Attributes that differ by upper and lower case.
    #[error("{name} may be {}: write the one that is meant in double quotes", .attributes.join(" or "))]
    AmbiguousAttribute {
        /// What was written.
        name: String,
        /// The attributes.
        attributes: Vec<String>,
    },
    /// A path through what refers to nothing, or through an entity, a table or a schema.
    #[error("{name} is no attribute of {entity} that refers to another entity: {}", before_the_dot(.links))]
    NotALink {
        /// The entity.
        entity: String,
        /// What was written before the dot.
        name: String,
        /// The attributes of the entity that do.
        links: Vec<String>,
    },
    /// A value where a condition is expected.
    #[error("this is no condition: compare it, as in city = 'Oslo', or test it by IS NULL")]
    NotACondition,
    /// A condition where a value is expected.
    #[error("an attribute or a value is expected here: join conditions by AND, OR and NOT")]
    NotAValue,
    /// Neither side is an attribute.
    #[error("neither side is an attribute: compare an attribute with a value, or write TRUE or FALSE")]
    NoAttribute,
    /// NULL is compared.
    #[error("nothing equals NULL: write IS NULL or IS NOT NULL")]
    ComparedWithNull,
    /// A literal of the wrong type.
    #[error("{value} does not fit {of}: write {expected}")]
    WrongLiteral {
        /// The literal, shortened.
        value: String,
        /// What it is compared with.
        of: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A string that is no value of the enum.
    #[error("{value} is no value of {of}: write one of {}", .values.join(", "))]
    NotInEnum {
        /// The string, shortened.
        value: String,
        /// The attribute.
        of: String,
        /// The values, quoted, as many as fit.
        values: Vec<String>,
    },
    /// Two sides that cannot be compared.
    #[error("{left} cannot be compared with {right}: compare what is of one kind")]
    Incomparable {
        /// What the left side holds.
        left: &'static str,
        /// What the right side holds.
        right: &'static str,
    },
    /// A test that the attribute's type does not have.
    #[error("{of} holds {kind}: {instead}")]
    NotForKind {
        /// The attribute.
        of: String,
        /// What it holds.
        kind: &'static str,
        /// What can be asked of it.
        instead: &'static str,
    },
    /// `now()` somewhere else than in a comparison with a point in time.
    #[error("now() is only compared with a date or timestamp attribute: write created_at > now() - interval '7 days'")]
    Clock,
    /// An interval that cannot be read.
    #[error("{value} is no interval: write years, months, weeks, days, hours, minutes or seconds, as in '7 days'")]
    Interval {
        /// The interval, shortened.
        value: String,
    },
    /// An interval out of range.
    #[error("this interval is too long: at most 1,000 years, or 1,000,000 of a unit, are allowed")]
    IntervalTooLong,
    /// A pattern of LIKE that ends with its escape character.
    #[error("the pattern ends with its escape character: write the character after it, or write it twice")]
    PatternEnd,
    /// An escape of LIKE that is longer than a character.
    #[error("ESCAPE is one character, as in '!', or '' for none")]
    Escape,
}

impl FilterError {
    pub(super) fn at(problem: FilterProblem, place: Range<u32>) -> Self {
        Self { problem, place: Some(place) }
    }

    pub(super) fn whole(problem: FilterProblem) -> Self {
        Self { problem, place: None }
    }

    /// Two lines for a terminal: the line of the filter's text (a window of it, if it is long), and carets below the
    /// place. Nothing when the place is the whole text.
    #[must_use]
    pub fn pointed_at(&self, text: &str) -> String {
        let Some(place) = &self.place else { return String::new() };
        let characters: Vec<char> = text.chars().collect();
        let (start, end) = (clamp(place.start, &characters), clamp(place.end, &characters));
        let begin = characters[..start].iter().rposition(|c| *c == '\n').map_or(0, |newline| newline + 1);
        let line_end = characters[start..].iter().position(|c| *c == '\n').map_or(characters.len(), |n| start + n);
        let from = begin.max(start.saturating_sub(limits::WINDOW / 2));
        let to = line_end.min(from + limits::WINDOW);
        let shown: String = characters[from..to].iter().map(|c| if c.is_control() { ' ' } else { *c }).collect();
        let carets = end.clamp(start + 1, to.max(start + 1)) - start;
        format!("{shown}\n{}{}", " ".repeat(start - from), "^".repeat(carets))
    }
}

fn clamp(place: u32, characters: &[char]) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX).min(characters.len())
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for FilterError {}

/// A text as it is shown in an error: not all of a long one, and nothing that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    let safe = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let short: String = safe.take(limits::SHOWN).collect();
    if text.chars().nth(limits::SHOWN).is_some() { format!("{short}…") } else { short }
}

fn near(found: &str) -> String {
    if found.is_empty() { ", it ends too early".to_owned() } else { format!(" at {found}") }
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(|| ": see the entity's metadata".to_owned(), |name| format!(": is {name} meant?"))
}

fn before_the_dot(links: &[String]) -> String {
    if links.is_empty() {
        return "it has none, write its attributes without a dot".to_owned();
    }
    format!("before a dot, write one of {}; its own attributes stand without a dot", links.join(", "))
}
