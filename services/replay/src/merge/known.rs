//! What is known of a row's history: what the device has seen, and what its own operations have left.

use sojourn_wire::message::operation::Operation;

/// What is known of the row's history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The version that the device has confirmed to hold.
    pub device: Option<u32>,
    /// The version that the row had when this transaction locked it: nobody else can have written it since.
    pub locked: Option<u32>,
    /// What the subscription's own last operation left.
    pub own: Option<Own>,
    /// What operations of this transaction have left: nobody else can have written the row since the first of them.
    pub here: Option<Left>,
}

/// What the subscription's own last operation left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The version of the row.
    pub version: u32,
    /// What it left.
    pub left: Left,
}

/// What operations have left of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// They have created it, and nobody else has written it since: what the server filled is theirs too.
    pub whole: bool,
    /// The attributes they have set, since somebody else wrote the row last.
    pub attributes: Vec<String>,
    /// Somebody else's change lies beneath that the device has not seen.
    pub unseen: bool,
    /// The version that the row had before the unit at work, which is what somebody else can know.
    pub before: Option<u32>,
}

impl Known {
    /// What the subscription's own operations have left of the row, if nobody else has written it since.
    fn left(&self, version: u32) -> Option<&Left> {
        let own = self.own.as_ref().filter(|own| own.version == version).map(|own| &own.left);
        self.here.as_ref().or(own)
    }

    /// Somebody else has changed the row since the device saw it, as far as can be told.
    pub(super) fn is_changed(&self, operation: &Operation, version: u32) -> bool {
        // Since then triggers may have touched it, which is the user's own doing.
        let version = self.locked.filter(|_| self.here.is_none()).unwrap_or(version);
        // What overtook the operation may have been the echo of the device's own.
        let own = self.left(version).is_some_and(|left| !left.unseen);
        !own && (operation.overtaken || self.device != Some(version))
    }

    /// The attribute holds what the subscription's own operation made of it.
    pub(super) fn is_own(&self, attribute: &str, version: u32) -> bool {
        self.left(version).is_some_and(|left| left.whole || left.attributes.iter().any(|name| name == attribute))
    }

    /// The server itself knows that the device has had the row.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.device.is_some() || self.own.is_some() || self.here.is_some()
    }

    /// The device has had the row, or says so.
    #[must_use]
    pub fn was_there(&self, operation: &Operation) -> bool {
        operation.overtaken || self.is_recorded()
    }

    /// The version that somebody else can know.
    pub(super) fn told(&self, version: u32) -> u32 {
        self.here.as_ref().and_then(|here| here.before).unwrap_or(version)
    }

    /// What is left of a new row.
    #[must_use]
    pub fn created(&self, names: impl Iterator<Item = String>) -> Left {
        Left { whole: true, unseen: false, ..self.after(names, None) }
    }

    /// What is left by a write of these attributes; `looked` says of which version the row was, and whether somebody else
    /// has changed it. Of a row that was not looked at, anything may lie beneath.
    #[must_use]
    pub fn after(&self, names: impl Iterator<Item = String>, looked: Option<(u32, bool)>) -> Left {
        let left = match looked {
            Some((version, _)) => self.left(version),
            None => self.here.as_ref(),
        };
        let mut attributes: Vec<String> =
            left.into_iter().flat_map(|left| left.attributes.clone()).chain(names).collect();
        attributes.sort_unstable();
        attributes.dedup();
        let unseen = match looked {
            Some((_, changed)) => changed,
            None => left.is_none_or(|left| left.unseen),
        };
        let before = left.and_then(|left| left.before).or(looked.map(|(version, _)| version));
        let whole = left.is_some_and(|left| left.whole);
        Left { whole, attributes, unseen, before }
    }
}
