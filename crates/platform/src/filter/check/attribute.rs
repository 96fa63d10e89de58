//! Names: attributes, and the N:1 paths before them.

use std::ops::Range;

use sojourn_metadata::{Attribute, Entity};
use sqlparser::ast::Ident;

use super::{Checked, Checker, Typed};
use crate::filter::error::{FilterError, FilterProblem, shown};
use crate::filter::kind::Kind;
use crate::filter::limits;
use crate::filter::tree::{AttributeAt, Hop, Operand, Path};

impl<'m> Checker<'m> {
    /// The attribute that names lead to: all but the last refer to other entities.
    pub(super) fn attribute(&mut self, names: &[Ident]) -> Checked<Typed<'m>> {
        let place = self.place_of(names);
        let Some((last, before)) = names.split_last() else {
            return Err(FilterError::at(FilterProblem::NotAValue, place));
        };
        if before.len() > limits::HOPS {
            return Err(FilterError::at(FilterProblem::PathTooLong { hops: before.len() }, place));
        }
        let (mut entity, mut path) = (self.entity, Path::new());
        for name in before {
            let (hop, target) = self.hop(entity, name)?;
            path.push(hop);
            self.links.insert(path.clone());
            entity = target;
        }
        if self.links.len() > limits::LINKS {
            return Err(FilterError::at(FilterProblem::TooManyLinks, place));
        }
        let attribute = self.found(entity, last)?;
        let at = AttributeAt { path, name: attribute.name.clone(), data_type: attribute.data_type };
        Ok(Typed { operand: Operand::Attribute(at), kind: Kind::of(attribute.data_type), attribute, place })
    }

    fn place_of(&self, names: &[Ident]) -> Range<u32> {
        let places = || names.iter().map(|name| self.source.place(name.span));
        let start = places().map(|place| place.start).min().unwrap_or_default();
        start..places().map(|place| place.end).max().unwrap_or_default()
    }

    /// The step that a name before a dot makes.
    fn hop(&self, entity: &'m Entity, name: &Ident) -> Checked<(Hop, &'m Entity)> {
        let attribute = match self.found(entity, name) {
            Ok(attribute) => Some(attribute),
            Err(FilterError { problem: FilterProblem::UnknownAttribute { .. }, .. }) => None,
            Err(other) => return Err(other),
        };
        let step = attribute.and_then(|attribute| self.target(entity, &attribute.name));
        step.ok_or_else(|| {
            let all = entity.attributes.iter().map(|attribute| &attribute.name);
            let links = all.filter(|name| self.target(entity, name).is_some()).cloned().collect();
            let problem = FilterProblem::NotALink { entity: entity.name.clone(), name: shown(&name.value), links };
            FilterError::at(problem, self.source.place(name.span))
        })
    }

    fn target(&self, entity: &'m Entity, attribute: &str) -> Option<(Hop, &'m Entity)> {
        let of_attribute = entity.relationships.iter().find(|relationship| relationship.attribute == attribute);
        let target = self.metadata.entity(&of_attribute?.target)?;
        Some((Hop { attribute: attribute.to_owned(), target: target.name.clone() }, target))
    }

    /// The attribute of a name: exactly, when it is quoted; in any case, when only one fits.
    fn found(&self, entity: &'m Entity, name: &Ident) -> Checked<&'m Attribute> {
        let refuse = |problem| Err(FilterError::at(problem, self.source.place(name.span)));
        match name.quote_style {
            Some('"') => {
                let exact = entity.attribute(&name.value);
                return exact.map_or_else(|| refuse(unknown(entity, &name.value)), Ok);
            }
            Some(_) => return refuse(FilterProblem::StringNotation),
            None => {}
        }
        let wanted = name.value.to_lowercase();
        let fits: Vec<&Attribute> = entity.attributes.iter().filter(|a| a.name.to_lowercase() == wanted).collect();
        match fits.as_slice() {
            [one] => Ok(one),
            [] => refuse(unknown(entity, &name.value)),
            many => {
                let attributes = many.iter().map(|attribute| attribute.name.clone()).collect();
                refuse(FilterProblem::AmbiguousAttribute { name: shown(&name.value), attributes })
            }
        }
    }
}

fn unknown(entity: &Entity, name: &str) -> FilterProblem {
    let wanted = shown(name);
    let far = wanted.chars().count() / 2;
    let lower = wanted.to_lowercase();
    let distance = |attribute: &&Attribute| strsim::damerau_levenshtein(&lower, &attribute.name.to_lowercase());
    let nearest = entity.attributes.iter().min_by_key(distance).filter(|nearest| distance(nearest) <= far);
    let nearest = nearest.map(|attribute| attribute.name.clone());
    FilterProblem::UnknownAttribute { entity: entity.name.clone(), name: wanted, nearest }
}
