//! What the policies of an entity lead to: a walk from policy to function, view and table, over the edges that the
//! catalog knows and those that `functions:` declares.

use std::collections::{BTreeSet, HashMap, HashSet};

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::catalog::{Catalog, Function, Object, ObjectKind, Policy};

/// The way from each object to the next.
pub(super) struct Graph<'a> {
    edges: HashMap<Object, Vec<Object>>,
    policies: HashMap<i64, &'a Policy>,
    functions: HashMap<i64, &'a Function>,
    unsteady: HashMap<Object, Vec<&'a str>>,
    declared: HashSet<i64>,
}

/// What was met on the way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// The relations that are read.
    pub(super) relations: BTreeSet<i64>,
    /// The functions that are called.
    pub(super) functions: BTreeSet<i64>,
    /// Functions that nobody can look into and nobody declares, and the entity's policy that leads there.
    pub(super) undeclared: BTreeSet<(String, String)>,
    /// What has another outcome without a change of a row.
    pub(super) unsteady: BTreeSet<String>,
}

impl<'a> Graph<'a> {
    /// The graph of a catalog, with what the file declares of functions.
    pub(super) fn new(wanted: &SojournYaml, catalog: &'a Catalog) -> Self {
        let found = &catalog.dependencies;
        let mut graph = Self {
            edges: HashMap::new(),
            policies: found.policies.iter().map(|policy| (policy.oid, policy)).collect(),
            functions: found.functions.iter().map(|function| (function.oid, function)).collect(),
            unsteady: HashMap::new(),
            declared: HashSet::new(),
        };
        for (from, to) in &found.edges {
            graph.edges.entry(*from).or_default().push(*to);
        }
        for unsteady in &found.unsteady {
            graph.unsteady.entry(unsteady.object).or_default().push(&unsteady.what);
        }
        for (name, tables) in &wanted.functions {
            let of_name = found.functions.iter().filter(|f| f.schema == name.schema() && f.name == name.name());
            for function in of_name {
                graph.declared.insert(function.oid);
                let tables = tables.iter().filter_map(|table| catalog.relation(&wanted.place_of(table)));
                let tables = tables.map(|relation| Object::relation(relation.oid));
                graph.edges.entry(Object::function(function.oid)).or_default().extend(tables);
            }
        }
        graph
    }

    /// Walks from the policies of a table that hold the acting role back, and from tables that are said to matter.
    ///
    /// A table in `through` is followed by its own rules, which know the policies that apply to the acting role: the
    /// walk does not go on with these, but with those that apply to somebody else, as whom a function may read it.
    pub(super) fn reach(&self, table: i64, said: &[i64], through: &BTreeSet<i64>) -> Reach {
        let own = self.next(Object::relation(table)).filter(|next| self.applies(*next));
        let mut queue: Vec<(Object, &str)> = own.map(|next| (next, self.policies[&next.oid].name.as_str())).collect();
        queue.extend(said.iter().map(|oid| (Object::relation(*oid), "depends_on")));
        let (mut seen, mut reach) = (HashSet::new(), Reach::default());
        while let Some((object, policy)) = queue.pop() {
            if !seen.insert(object) {
                continue;
            }
            self.meet(object, policy, &mut reach);
            let stops = object.kind == ObjectKind::Relation && through.contains(&object.oid);
            queue.extend(self.next(object).filter(|next| !(stops && self.applies(*next))).map(|next| (next, policy)));
        }
        reach
    }

    fn meet(&self, object: Object, policy: &str, reach: &mut Reach) {
        let unsteady = self.unsteady.get(&object).into_iter().flatten();
        reach.unsteady.extend(unsteady.map(|what| (*what).to_owned()));
        match object.kind {
            ObjectKind::Relation => drop(reach.relations.insert(object.oid)),
            ObjectKind::Function => {
                reach.functions.insert(object.oid);
                let function = self.functions.get(&object.oid);
                if let Some(f) = function.filter(|f| f.opaque && !self.declared.contains(&f.oid)) {
                    reach.undeclared.insert((policy.to_owned(), format!("{}.{}", f.schema, f.name)));
                }
            }
            ObjectKind::Rule | ObjectKind::Policy | ObjectKind::Operator => {}
        }
    }

    fn next(&self, object: Object) -> impl Iterator<Item = Object> {
        self.edges.get(&object).into_iter().flatten().copied()
    }

    /// Whether it is a policy that applies to the acting role.
    fn applies(&self, object: Object) -> bool {
        object.kind == ObjectKind::Policy && self.policies.get(&object.oid).is_some_and(|policy| policy.applies)
    }
}
