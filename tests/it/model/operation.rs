//! What travels between the model's devices and its server.

use uuid::Uuid;

use super::row::Values;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Create,
    Update,
    Delete,
}

/// An operation; one that is given up only says so.
#[derive(Debug, Clone)]
pub struct Operation {
    pub sequence: u64,
    pub settles: Option<u64>,
    pub command: Command,
    pub object: Uuid,
    pub data: Values,
    pub base: Values,
    pub group: Option<usize>,
    pub given_up: bool,
    /// Everything on the server up to here is known to the user, who overrules it.
    pub seen: Option<u64>,
    pub create_anyway: bool,
    /// The server's row brought news while this was unsettled.
    pub overtaken: bool,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    pub word: &'static str,
    /// The sequence of what must be settled first.
    pub cause: Option<u64>,
    /// What the server has, of attributes that both sides changed.
    pub theirs: Values,
    /// The row is gone on the server.
    pub is_gone: bool,
    /// How far the server's history had come.
    pub version: u64,
    /// The rows it looks like.
    pub candidates: Vec<Uuid>,
}

impl Verdict {
    /// Of nothing but a word.
    pub fn of(word: &'static str) -> Self {
        Self { word, ..Self::default() }
    }

    /// It was carried out.
    pub fn is_done(&self) -> bool {
        matches!(self.word, "applied" | "merged")
    }
}
