//! Where objects lie in the store: `/registry/<group>/<resource>/<namespace>/<name>`, without the namespace for cluster-wide kinds.

use std::sync::Arc;

/// Everything that the API server stores lies below.
pub const ROOT: &str = "/registry/";

fn group(row: &api::Resource) -> &str {
    if row.storage.group.is_empty() { "core" } else { &row.storage.group }
}

/// Where all objects of a kind lie.
#[must_use]
pub fn prefix(row: &api::Resource) -> String {
    prefix_of(group(row), &row.plural)
}

/// The same, by the names within.
pub(crate) fn prefix_of(group: &str, resource: &str) -> String {
    [ROOT, group, "/", resource, "/"].concat()
}

/// Where the objects of a kind in a namespace lie; empty: all of them.
#[must_use]
pub fn namespace_prefix(row: &api::Resource, namespace: &str) -> String {
    if row.namespaced && !namespace.is_empty() {
        [ROOT, group(row), "/", &row.plural, "/", namespace, "/"].concat()
    } else {
        prefix(row)
    }
}

/// Where one object lies.
#[must_use]
pub fn key(row: &api::Resource, namespace: &str, name: &str) -> Arc<str> {
    if row.namespaced {
        [ROOT, group(row), "/", &row.plural, "/", namespace, "/", name].concat().into()
    } else {
        [ROOT, group(row), "/", &row.plural, "/", name].concat().into()
    }
}

/// Group and resource of a key, and the rest (`namespace/name` or `name`).
#[must_use]
pub fn parse(key: &str) -> Option<(&str, &str, &str)> {
    let (group, rest) = key.strip_prefix(ROOT)?.split_once('/')?;
    let (resource, rest) = rest.split_once('/')?;
    Some((if group == "core" { "" } else { group }, resource, rest))
}
