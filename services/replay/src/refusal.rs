//! Why an operation is not carried out: in words, and with what the user needs to settle it. Pure.

mod words;

use sojourn_wire::message::operation::{Candidate, Conflict, Side, Verdict, VerdictKind};

pub use words::{Attempted, Failure, Rule};

/// The longest reason, in characters.
const LONGEST: usize = 500;

/// Why an operation is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// In words for the user.
    pub reason: String,
    /// The attribute that is to blame, where one is.
    pub attribute: Option<String>,
    /// The rule of the server that says so, where it has a name.
    pub rule: Option<String>,
    /// What kind of refusal it is, and what the user needs to settle it.
    pub kind: Kind,
}

/// What kind of refusal it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The server's rules refuse it.
    Rejected,
    /// It waits until the operation of this sequence is settled.
    Parked(u64),
    /// Somebody else has changed the same.
    Conflict(Box<Clash>),
    /// It looks like rows that are there already: those that the user may see, a few of them.
    Duplicate(Vec<Candidate>),
}

/// What clashes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clash {
    /// The attributes that both sides have changed.
    pub conflicts: Vec<Conflict>,
    /// The side that has deleted the row.
    pub deleted: Option<Side>,
    /// The version of the server's row, as long as there is one.
    pub version: Option<u32>,
}

impl Refusal {
    /// A refusal that blames no attribute. The words lose what cannot be stored, and their end when they are too long.
    #[must_use]
    pub fn new(reason: &str) -> Self {
        Self { reason: tidy(reason), attribute: None, rule: None, kind: Kind::Rejected }
    }

    /// The operation waits for the one of this sequence.
    #[must_use]
    pub fn parked(cause: u64) -> Self {
        Self { kind: Kind::Parked(cause), ..Self::new("this waits until the operation on which it builds is settled") }
    }

    /// The same, with an attribute to blame.
    #[must_use]
    pub fn of_attribute(self, attribute: &str) -> Self {
        Self { attribute: Some(tidy(attribute)), ..self }
    }

    /// The same, by a rule of this name.
    #[must_use]
    pub fn by_rule(self, rule: &str) -> Self {
        Self { rule: Some(tidy(rule)), ..self }
    }

    /// The verdict on the refused operation itself.
    #[must_use]
    pub fn verdict(&self, sequence: u64, trace_id: &str) -> Verdict {
        let kind = match &self.kind {
            Kind::Rejected => VerdictKind::Rejected,
            Kind::Parked(_) => VerdictKind::Parked,
            Kind::Conflict(_) => VerdictKind::Conflict,
            Kind::Duplicate(_) => VerdictKind::Duplicate,
        };
        let said = Verdict {
            reason: Some(self.reason.clone()),
            attribute: self.attribute.clone(),
            rule: self.rule.clone(),
            ..Verdict::new(sequence, kind, trace_id)
        };
        match self.kind.clone() {
            Kind::Rejected => said,
            Kind::Parked(cause) => Verdict { cause: Some(cause), ..said },
            Kind::Duplicate(candidates) => Verdict { candidates, ..said },
            Kind::Conflict(clash) => {
                Verdict { conflicts: clash.conflicts, deleted: clash.deleted, version: clash.version, ..said }
            }
        }
    }

    /// A refusal that blames an attribute.
    #[must_use]
    pub fn of(attribute: &str, reason: &str) -> Self {
        Self::new(reason).of_attribute(attribute)
    }
}

/// Text that came from outside, as it may be stored and shown.
#[must_use]
pub fn tidy(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(LONGEST).collect()
}
