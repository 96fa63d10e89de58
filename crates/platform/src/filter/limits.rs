//! How large a filter may be.

/// Bytes of its text.
pub(super) const BYTES: usize = 16 * 1024;
/// Parentheses within each other.
pub(super) const DEPTH: usize = 64;
/// What the parser may nest: parentheses, and the operators between them.
pub(super) const RECURSION: usize = 4 * DEPTH;
/// Conditions joined by AND and OR.
pub(super) const TERMS: usize = 1_000;
/// Tokens of one condition, without what stands in parentheses: two paths of five hops have 23.
pub(super) const TERM_TOKENS: usize = 40;
/// Values of one IN.
pub(super) const ITEMS: usize = 1_000;
/// Distinct prefixes of N:1 paths: each is a join.
pub(super) const LINKS: usize = 8;
/// N:1 relationships of one path.
pub(super) const HOPS: usize = 5;
/// What Postgres can be handed with one statement is 65,535; the statement has parameters of its own.
pub(super) const PARAMETERS: usize = 60_000;
/// Characters of a literal or name that an error repeats.
pub(super) const SHOWN: usize = 40;
/// Characters of a line that an error shows.
pub(super) const WINDOW: usize = 100;
