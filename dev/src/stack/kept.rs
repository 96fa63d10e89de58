//! What a stack must know again when it is started anew: the identities of the bus, its port, and the devices.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sojourn_runtime::clock;
use sojourn_wire::{AgentId, Service, SubscriptionId};
use uuid::Uuid;

use super::error::StackError;
use super::folder::{Folder, write_private};
use super::plan::DeviceSpec;

/// The longest beginning that a device's id takes from its name.
const NAME_IN_ID: usize = 40;

/// Everything that is kept, secrets among it.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// The port that devices connect to.
    pub(super) nats_port: Option<u16>,
    /// The seed of who makes the services' streams.
    pub(super) administrator: String,
    /// The seed of who may do everything in the plug-ins' account.
    #[serde(default)]
    pub(super) plugin_administrator: String,
    /// The seed of who makes the stream of events.
    #[serde(default)]
    pub(super) event_administrator: String,
    /// The seeds of the services.
    pub(super) services: Vec<(Service, String)>,
    /// The password of plug-ins.
    #[serde(default = "password")]
    pub(super) plugin_password: String,
    /// The devices.
    pub(super) devices: Vec<KeptDevice>,
}

/// One device.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeptDevice {
    pub(super) user_id: Uuid,
    pub(super) name: String,
    pub(super) agent: AgentId,
    pub(super) subscription: SubscriptionId,
    pub(super) seed: String,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} devices)", self.devices.len())
    }
}

impl Kept {
    /// What the folder has, or new identities.
    pub(super) fn open(folder: &Folder) -> Result<Kept, StackError> {
        let path = file(folder.path());
        if !path.exists() {
            return Kept::new();
        }
        let text = fs::read_to_string(&path).map_err(StackError::file("read", &path))?;
        let kept = serde_json::from_str::<Kept>(&text);
        kept.map_err(|error| StackError::Kept { path, problem: error.to_string() })?.complete()
    }

    /// With what an older stack did not keep yet.
    fn complete(mut self) -> Result<Kept, StackError> {
        for missing in [&mut self.plugin_administrator, &mut self.event_administrator] {
            if missing.is_empty() {
                *missing = seed()?;
            }
        }
        Ok(self)
    }

    fn new() -> Result<Kept, StackError> {
        let services = Service::ALL.into_iter().map(|service| Ok((service, seed()?)));
        let services = services.collect::<Result<_, StackError>>()?;
        Ok(Kept {
            nats_port: None,
            administrator: seed()?,
            plugin_administrator: seed()?,
            event_administrator: seed()?,
            services,
            plugin_password: password(),
            devices: Vec::new(),
        })
    }

    /// Keeps it.
    pub(super) fn save(&self, folder: &Folder) -> Result<(), StackError> {
        let path = file(folder.path());
        let text = serde_json::to_string_pretty(self);
        write_private(
            &path,
            &text.map_err(|error| StackError::Kept { path: path.clone(), problem: error.to_string() })?,
        )
    }

    /// Adds the devices that are wanted and not there: a user who is wanted twice has two.
    pub(super) fn enlist(&mut self, wanted: &[DeviceSpec]) -> Result<(), StackError> {
        let there = self.devices.len();
        let mut taken = vec![false; there];
        for spec in wanted {
            let known = (0..there).find(|index| !taken[*index] && self.devices[*index].user_id == spec.user_id);
            match known {
                Some(index) => taken[index] = true,
                None => self.devices.push(device(spec)?),
            }
        }
        Ok(())
    }

    /// The seed of a service.
    pub(super) fn seed_of(&self, service: Service) -> Result<&str, StackError> {
        let found = self.services.iter().find(|(of, _)| *of == service);
        found.map(|(_, seed)| seed.as_str()).ok_or_else(|| StackError::Key(format!("{} has no seed", service.name())))
    }
}

/// The file in a stack's folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("stack.json")
}

fn seed() -> Result<String, StackError> {
    nkeys::KeyPair::new_user().seed().map_err(|error| StackError::Key(error.to_string()))
}

fn password() -> String {
    clock::fresh_id().simple().to_string()
}

fn device(spec: &DeviceSpec) -> Result<KeptDevice, StackError> {
    let suffix = &clock::fresh_id().simple().to_string()[..12];
    let id = |prefix: &str| format!("{prefix}-{suffix}");
    let token = |error: sojourn_wire::InvalidToken| StackError::Key(error.to_string());
    Ok(KeptDevice {
        user_id: spec.user_id,
        name: spec.name.clone(),
        agent: id(&plain(&spec.name)).parse().map_err(token)?,
        subscription: id("s").parse().map_err(token)?,
        seed: seed()?,
    })
}

/// A name as the beginning of an id.
fn plain(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let words: String = letters.take(NAME_IN_ID).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "device".to_owned() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(user: u128, name: &str) -> DeviceSpec {
        DeviceSpec { user_id: Uuid::from_u128(user), name: name.to_owned() }
    }

    #[test]
    fn a_device_that_is_known_stays_itself() {
        let mut kept = Kept::new().unwrap();
        kept.enlist(&[spec(1, "Ann"), spec(2, "Bob")]).unwrap();
        let before: Vec<AgentId> = kept.devices.iter().map(|device| device.agent.clone()).collect();
        let text = serde_json::to_string(&kept).unwrap();
        let mut kept: Kept = serde_json::from_str(&text).unwrap();
        kept.enlist(&[spec(2, "Bob"), spec(1, "Ann"), spec(1, "Ann")]).unwrap();
        assert_eq!(kept.devices.len(), 3);
        let after: Vec<AgentId> = kept.devices.iter().take(2).map(|device| device.agent.clone()).collect();
        assert_eq!(before, after);
    }

    #[test]
    fn what_an_older_stack_did_not_keep_is_made() {
        let mut older = serde_json::to_value(Kept::new().unwrap()).unwrap();
        for key in ["plugin_administrator", "event_administrator"] {
            older.as_object_mut().unwrap().remove(key).unwrap();
        }
        let seeds = |kept: &Kept| [kept.plugin_administrator.clone(), kept.event_administrator.clone()];
        let kept = serde_json::from_value::<Kept>(older).unwrap().complete().unwrap();
        let made = seeds(&kept);
        assert!(made.iter().all(|seed| seed.starts_with("SU")));
        assert_eq!(seeds(&kept.complete().unwrap()), made);
    }

    #[test]
    fn any_name_begins_an_id() {
        assert_eq!(plain("Zoë O'Hara (laptop)"), "zo-o-hara-laptop");
        assert_eq!(plain("…"), "device");
        assert!(device(&spec(1, &"x".repeat(200))).is_ok());
    }
}
