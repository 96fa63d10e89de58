//! The order in which entities are loaded: what is referred to comes before what refers to it.

use std::collections::HashMap;

use crate::model::Entity;

/// Sorts entities so that targets of relationships come first, as far as circles allow; otherwise the given order
/// stays. Deletes go the other way round.
#[must_use]
pub fn load_order(entities: Vec<Entity>) -> Vec<Entity> {
    let index: HashMap<&str, usize> = entities.iter().enumerate().map(|(i, e)| (e.name.as_str(), i)).collect();
    let targets: Vec<Vec<usize>> = entities
        .iter()
        .map(|e| e.relationships.iter().filter_map(|r| index.get(r.target.as_str()).copied()).collect())
        .collect();
    let mut order = Vec::with_capacity(entities.len());
    let mut seen = vec![false; entities.len()];
    (0..entities.len()).for_each(|start| visit(start, &targets, &mut seen, &mut order));
    let mut slots: Vec<Option<Entity>> = entities.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| slots[i].take()).collect()
}

/// Depth first, without recursion: a chain of relationships may be longer than the stack.
fn visit(start: usize, targets: &[Vec<usize>], seen: &mut [bool], order: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    let mut path = vec![(start, 0)];
    while let Some((entity, next)) = path.pop() {
        let Some(&target) = targets[entity].get(next) else {
            order.push(entity);
            continue;
        };
        path.push((entity, next + 1));
        if !std::mem::replace(&mut seen[target], true) {
            path.push((target, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OnDelete, Relationship};
    use proptest::prelude::*;

    fn entity(name: &str, targets: &[&str]) -> Entity {
        let relationship = |t: &&str| Relationship {
            attribute: format!("{t}_id"),
            target: (*t).into(),
            on_delete: OnDelete::Restrict,
        };
        Entity {
            name: name.into(),
            object_type_code: 1,
            schema: "public".into(),
            table: name.into(),
            attributes: vec![],
            relationships: targets.iter().map(relationship).collect(),
            commands: vec![],
        }
    }

    fn names(entities: Vec<Entity>) -> Vec<String> {
        load_order(entities).into_iter().map(|e| e.name).collect()
    }

    #[test]
    fn targets_come_first_and_circles_end() {
        assert_eq!(
            names(vec![entity("line", &["case"]), entity("case", &["account"]), entity("account", &[])]),
            ["account", "case", "line"]
        );
        assert_eq!(names(vec![entity("a", &["b", "a"]), entity("b", &["a"])]), ["b", "a"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_circle_means_no_forward_reference(
            edges in proptest::collection::vec((0..12usize, 0..12usize), 0..40)
        ) {
            let acyclic: Vec<_> = edges.iter().filter(|(from, to)| from > to).collect();
            let name = |i: usize| format!("e{i}");
            let entities: Vec<_> = (0..12).map(|i| {
                let targets: Vec<String> = acyclic.iter().filter(|(f, _)| *f == i).map(|(_, t)| name(*t)).collect();
                entity(&name(i), &targets.iter().map(String::as_str).collect::<Vec<_>>())
            }).rev().collect();
            let order = names(entities);
            prop_assert_eq!(order.len(), 12);
            let place = |i: usize| order.iter().position(|n| *n == name(i)).expect("there");
            for (from, to) in acyclic {
                prop_assert!(place(*to) < place(*from));
            }
        }
    }
}
