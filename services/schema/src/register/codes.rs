//! Object type codes. Devices, sync entries and queued operations know an entity by its code, so it keeps it for life,
//! and nobody else gets it afterwards.

use std::collections::HashSet;

use sojourn_metadata::Config as SojournYaml;
use sojourn_metadata::config::EntityConfig;

use super::problem::Problem;

/// The first code for entities that ask for none; those below are for the configuration to give.
const FIRST: i32 = 10_000;

/// A code that was given before, to an entity of any dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCode {
    /// The code.
    pub code: i32,
    /// The dataset of its entity.
    pub dataset: String,
    /// The entity it belongs to.
    pub entity: String,
}

/// The code of every wanted entity, in their order, and what is wrong with those that were asked for.
pub(super) fn assign(wanted: &SojournYaml, known: &[KnownCode]) -> (Vec<i32>, Vec<Problem>) {
    let kept = |entity: &EntityConfig| {
        known.iter().find(|k| k.dataset == wanted.dataset && k.entity == entity.name).map(|k| k.code)
    };
    let asked = wanted.entities.iter().filter_map(|entity| entity.type_code);
    let mut taken: HashSet<i32> = asked.chain(known.iter().map(|k| k.code)).collect();
    let mut next = FIRST;
    let codes = wanted.entities.iter().map(|entity| {
        entity.type_code.or_else(|| kept(entity)).unwrap_or_else(|| {
            while !taken.insert(next) {
                next += 1;
            }
            next
        })
    });
    let codes = codes.collect();
    let problems = wanted.entities.iter().filter_map(|entity| problem(wanted, entity, kept(entity), known));
    (codes, problems.collect())
}

fn problem(wanted: &SojournYaml, entity: &EntityConfig, kept: Option<i32>, known: &[KnownCode]) -> Option<Problem> {
    let (name, code) = (entity.name.clone(), entity.type_code?);
    if let Some(kept) = kept {
        return (kept != code).then_some(Problem::CodeChanged { entity: name, code, kept });
    }
    if code < 1 {
        return Some(Problem::CodeNotPositive { entity: name, code });
    }
    let owner = known.iter().find(|k| k.code == code && (&k.dataset, &k.entity) != (&wanted.dataset, &entity.name))?;
    let (owner, dataset) = (owner.entity.clone(), owner.dataset.clone());
    Some(Problem::CodeTaken { entity: name, code, owner, dataset })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(entities: &str) -> SojournYaml {
        SojournYaml::parse(&format!("dataset: crm\nentities: [{entities}]")).expect("a good file")
    }

    fn known(code: i32, dataset: &str, entity: &str) -> KnownCode {
        KnownCode { code, dataset: dataset.into(), entity: entity.into() }
    }

    #[test]
    fn codes_are_given_kept_or_assigned() {
        let known = [known(10_000, "crm", "b"), known(10_001, "hr", "b"), known(10_003, "crm", "gone")];
        let (codes, problems) = assign(&wanted("{name: a, type_code: 7}, {name: b}, {name: c}, {name: d}"), &known);
        assert_eq!((codes, problems), (vec![7, 10_000, 10_002, 10_004], vec![]));
    }

    #[test]
    fn a_code_somebody_asks_for_is_not_assigned_to_another() {
        let (codes, problems) = assign(&wanted("{name: a}, {name: b, type_code: 10000}"), &[]);
        assert_eq!((codes, problems), (vec![10_001, 10_000], vec![]));
    }

    #[test]
    fn a_code_is_kept_for_life_and_after() {
        let known = [known(1, "crm", "account"), known(2, "hr", "person"), known(3, "crm", "gone")];
        let entities = "{name: account, type_code: 5}, {name: x, type_code: 2}, {name: y, type_code: 3}, \
                        {name: z, type_code: 0}";
        let (_, problems) = assign(&wanted(entities), &known);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected =
            ["write `type_code: 1` instead of 5", "\"person\" of the dataset \"hr\"", "\"gone\"", "positive"];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{told}");
        }
    }
}
