//! The kinds of the resource table that hold objects: what ownership and namespaces are about.

use api::Resource;
use client::Gvr;

/// A kind whose objects are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is served.
    pub gvr: Gvr,
    /// Its kind.
    pub kind: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether all objects of a namespace can be deleted in one call.
    pub collective: bool,
}

fn rank(row: &Resource) -> (bool, bool) {
    (row.group != row.storage.group, !row.preferred)
}

/// Every kept kind once, in the form in which it is stored.
#[must_use]
pub fn kept() -> Vec<Kept> {
    let mut rows: Vec<&Resource> = api::table()
        .iter()
        .filter(|r| r.storage.stored && r.allows("list") && r.allows("watch") && r.allows("delete"))
        .collect();
    rows.sort_by_key(|r| rank(r));
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|r| seen.insert((r.storage.group.to_string(), r.kind.to_string())));
    let kept = |r: &&Resource| Kept {
        gvr: Gvr::new(&r.group, &r.version, &r.plural),
        kind: r.kind.to_string(),
        namespaced: r.namespaced,
        collective: r.allows("deletecollection"),
    };
    rows.iter().map(kept).collect()
}
