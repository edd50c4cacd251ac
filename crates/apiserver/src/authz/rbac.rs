//! RBAC: roles and bindings in parsed form, kept up with the store, and the decisions from them.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, de::DeserializeOwned};

use super::rule::Rule;
use crate::contract::{Decision, Reader, RequestInfo, User};

const GROUP: &str = "rbac.authorization.k8s.io";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: String,
    namespace: String,
}

impl Meta {
    fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.name.clone())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Role {
    metadata: Meta,
    rules: Option<Vec<Rule>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

/// What a binding points to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Binding {
    metadata: Meta,
    subjects: Option<Vec<Subject>>,
    role_ref: RoleRef,
}

/// Parsed objects of one kind; an object whose bytes are still the same is not parsed again.
struct Parsed<T> {
    resource: &'static str,
    generation: u64,
    known: HashMap<Bytes, Arc<T>>,
}

impl<T: DeserializeOwned> Parsed<T> {
    fn new(resource: &'static str) -> Self {
        Self { resource, generation: u64::MAX, known: HashMap::new() }
    }

    /// Catches up; true when something changed.
    fn refresh(&mut self, reader: &dyn Reader) -> bool {
        let generation = reader.generation(GROUP, self.resource);
        if generation == self.generation {
            return false;
        }
        let mut old = std::mem::take(&mut self.known);
        for bytes in reader.list(GROUP, self.resource, "") {
            let parsed = match old.remove(&bytes) {
                Some(parsed) => parsed,
                None => match serde_json::from_slice::<T>(&bytes) {
                    Ok(parsed) => Arc::new(parsed),
                    Err(_) => continue,
                },
            };
            self.known.insert(bytes, parsed);
        }
        self.generation = generation;
        true
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.known.values()
    }
}

/// Which roles a subject has.
#[derive(Default)]
struct Grants {
    users: HashMap<String, Vec<RoleRef>>,
    groups: HashMap<String, Vec<RoleRef>>,
}

impl Grants {
    fn add(&mut self, binding: &Binding) {
        for subject in binding.subjects.iter().flatten() {
            let (map, key) = match subject.kind.as_str() {
                "User" => (&mut self.users, subject.name.clone()),
                "Group" => (&mut self.groups, subject.name.clone()),
                "ServiceAccount" => {
                    let namespace =
                        if subject.namespace.is_empty() { &binding.metadata.namespace } else { &subject.namespace };
                    if namespace.is_empty() {
                        continue;
                    }
                    (&mut self.users, format!("system:serviceaccount:{namespace}:{}", subject.name))
                }
                _ => continue,
            };
            map.entry(key).or_default().push(binding.role_ref.clone());
        }
    }

    fn of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a RoleRef> {
        self.users.get(&user.name).into_iter().chain(user.groups.iter().filter_map(|g| self.groups.get(g))).flatten()
    }
}

/// Everything, ready to be asked.
#[derive(Default)]
struct Index {
    cluster_roles: HashMap<String, Arc<Role>>,
    roles: HashMap<(String, String), Arc<Role>>,
    cluster: Grants,
    namespaces: HashMap<String, Grants>,
}

impl Index {
    fn resolve(&self, reference: &RoleRef, namespace: &str) -> Result<&[Rule], String> {
        let role = match reference.kind.as_str() {
            "ClusterRole" => self
                .cluster_roles
                .get(&reference.name)
                .ok_or_else(|| format!("clusterrole.rbac.authorization.k8s.io {:?} not found", reference.name)),
            "Role" => self
                .roles
                .get(&(namespace.to_owned(), reference.name.clone()))
                .ok_or_else(|| format!("role.rbac.authorization.k8s.io {:?} not found", reference.name)),
            other => Err(format!("unsupported role reference kind: {other:?}")),
        }?;
        Ok(role.rules.as_deref().unwrap_or_default())
    }

    /// Calls `visit` with each rule that the user has in a namespace (empty: the cluster only) until it answers true; errors are collected.
    fn visit(&self, user: &User, namespace: &str, visit: &mut dyn FnMut(&Rule) -> bool) -> Vec<String> {
        let local = self.namespaces.get(namespace).filter(|_| !namespace.is_empty());
        let references = self
            .cluster
            .of(user)
            .map(|r| (r, ""))
            .chain(local.into_iter().flat_map(|grants| grants.of(user).map(|r| (r, namespace))));
        let mut errors = Vec::new();
        for (reference, within) in references {
            match self.resolve(reference, within) {
                Ok(rules) => {
                    if rules.iter().any(&mut *visit) {
                        return Vec::new();
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        errors
    }
}

struct State {
    cluster_roles: Parsed<Role>,
    roles: Parsed<Role>,
    cluster_bindings: Parsed<Binding>,
    bindings: Parsed<Binding>,
    index: Arc<Index>,
}

/// The RBAC authorizer.
pub struct Rbac {
    reader: Arc<dyn Reader>,
    state: Mutex<State>,
}

impl Rbac {
    /// Reads roles and bindings from `reader` when they are first needed, and again whenever they change.
    #[must_use]
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        let state = State {
            cluster_roles: Parsed::new("clusterroles"),
            roles: Parsed::new("roles"),
            cluster_bindings: Parsed::new("clusterrolebindings"),
            bindings: Parsed::new("rolebindings"),
            index: Arc::default(),
        };
        Self { reader, state: Mutex::new(state) }
    }

    fn index(&self) -> Arc<Index> {
        let mut state = self.state.lock();
        let reader = &*self.reader;
        // All four are asked: `|` does not stop at the first that changed.
        let changed = state.cluster_roles.refresh(reader)
            | state.roles.refresh(reader)
            | state.cluster_bindings.refresh(reader)
            | state.bindings.refresh(reader);
        if changed {
            let mut index = Index {
                cluster_roles: state.cluster_roles.iter().map(|r| (r.metadata.name.clone(), r.clone())).collect(),
                roles: state.roles.iter().map(|r| (r.metadata.key(), r.clone())).collect(),
                ..Index::default()
            };
            state.cluster_bindings.iter().for_each(|b| index.cluster.add(b));
            state
                .bindings
                .iter()
                .for_each(|b| index.namespaces.entry(b.metadata.namespace.clone()).or_default().add(b));
            state.index = Arc::new(index);
        }
        state.index.clone()
    }

    /// The decision.
    #[must_use]
    pub fn authorize(&self, user: &User, request: &RequestInfo) -> Decision {
        let mut allowed = false;
        let errors = self.index().visit(user, &request.namespace, &mut |rule| {
            allowed = rule.allows(request);
            allowed
        });
        if allowed {
            return Decision::Allow;
        }
        Decision::NoOpinion(match errors.as_slice() {
            [] => String::new(),
            [one] => format!("RBAC: {one}"),
            many => format!("RBAC: [{}]", many.join(", ")),
        })
    }

    /// All rules of a user in a namespace, and what could not be resolved.
    #[must_use]
    pub fn rules_for(&self, user: &User, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let mut rules = Vec::new();
        let errors = self.index().visit(user, namespace, &mut |rule| {
            rules.push(rule.clone());
            false
        });
        (rules, errors)
    }

    /// The rules of a role that a binding in `namespace` (empty: a cluster binding) points to.
    ///
    /// # Errors
    /// The role is not there.
    pub fn role_rules(&self, reference: &RoleRef, namespace: &str) -> Result<Vec<Rule>, String> {
        self.index().resolve(reference, namespace).map(<[Rule]>::to_vec)
    }
}
