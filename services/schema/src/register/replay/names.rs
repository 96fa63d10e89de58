//! What rules name, found in the metadata.

use sojourn_metadata::{Attribute, Entity, Metadata};

use super::super::nearest::nearest_name;
use super::{Hint, ReplayProblem};

/// The longest name in a subject, in bytes.
const LONGEST: usize = 63;

pub(super) fn entity<'a>(metadata: &'a Metadata, name: &str) -> Result<&'a Entity, ReplayProblem> {
    metadata.entity(name).ok_or_else(|| {
        let names = metadata.entities.iter().map(|entity| entity.name.as_str());
        ReplayProblem::UnknownEntity { entity: name.to_owned(), hint: meant(name, names) }
    })
}

pub(super) fn attribute<'a>(entity: &'a Entity, name: &str) -> Result<&'a Attribute, ReplayProblem> {
    entity.attribute(name).ok_or_else(|| {
        let names = entity.attributes.iter().map(|attribute| attribute.name.as_str());
        let (entity, attribute) = (entity.name.clone(), name.to_owned());
        ReplayProblem::UnknownAttribute { entity, attribute, hint: meant(name, names) }
    })
}

pub(super) fn meant<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Hint {
    Hint(nearest_name(name, names).map(ToOwned::to_owned))
}

/// A name that stands in a subject.
pub(super) fn token(name: &str, what: &'static str) -> Result<(), ReplayProblem> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let good = !name.is_empty() && name.len() <= LONGEST && name.bytes().all(fits);
    if good { Ok(()) } else { Err(ReplayProblem::BadName { name: name.to_owned(), what }) }
}
