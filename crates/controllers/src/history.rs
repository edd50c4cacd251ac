//! Revisions of the template of a daemon set or stateful set, kept as `ControllerRevision` objects.

use std::{collections::BTreeMap, sync::Arc};

use client::{Client, DeleteOptions, Error, Object};
use k8s_openapi::{
    api::{apps::v1::ControllerRevision, core::v1::PodTemplateSpec},
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, runtime::RawExtension},
};
use serde_json::{Value, json};

use crate::template::{compact, hash_value};

/// The label by which pods name their revision.
pub const REVISION_LABEL: &str = "controller-revision-hash";

/// What a revision keeps: the template as a patch that puts it back.
#[must_use]
pub fn data(template: &PodTemplateSpec) -> Value {
    let mut template = serde_json::to_value(template).unwrap_or(Value::Null);
    if let Some(map) = template.as_object_mut() {
        map.insert("$patch".to_owned(), json!("replace"));
    }
    json!({ "spec": { "template": template } })
}

/// The template that a revision keeps.
#[must_use]
pub fn template(revision: &ControllerRevision) -> Option<PodTemplateSpec> {
    let mut template = revision.data.0.get("spec")?.get("template")?.clone();
    template.as_object_mut()?.remove("$patch");
    serde_json::from_value(template).ok()
}

fn number(revision: &ControllerRevision) -> i64 {
    revision.revision.unwrap_or_default()
}

/// Sorted oldest first.
#[must_use]
pub fn sorted(mut revisions: Vec<Arc<ControllerRevision>>) -> Vec<Arc<ControllerRevision>> {
    revisions.sort_by_key(|r| (number(r), r.created(), r.name().to_owned()));
    revisions
}

/// What the revisions look like against the wanted template.
#[derive(Debug, PartialEq)]
pub enum Current {
    /// This one, with the number that it shall have (its own, or a new highest).
    Known(Arc<ControllerRevision>, i64),
    /// None yet; it shall have this number.
    New(i64),
}

/// Finds the revision of `data`; the newest of equal ones.
#[must_use]
pub fn find(revisions: &[Arc<ControllerRevision>], data: &Value) -> Current {
    let wanted = compact(data.clone());
    let same = |r: &&Arc<ControllerRevision>| compact(r.data.0.clone()) == wanted;
    let found = revisions.iter().filter(same).max_by_key(|r| number(r)).cloned();
    let others = revisions.iter().filter(|r| found.as_ref().is_none_or(|f| f.uid() != r.uid()));
    let next = others.map(|r| number(r)).max().unwrap_or_default() + 1;
    match found {
        Some(revision) => {
            let number = number(&revision).max(next);
            Current::Known(revision, number)
        }
        None => Current::New(next),
    }
}

/// The outcome of [`sync`].
pub enum Synced {
    /// The revision of the wanted template, and its hash.
    Ready(Arc<ControllerRevision>, String),
    /// The name is taken by another: the owner's collision count must grow.
    Collision,
}

/// Makes sure that the wanted template has a revision, and that it is the newest.
pub async fn sync<O: Object>(
    client: &Client,
    owner: &O,
    revisions: &[Arc<ControllerRevision>],
    template: &PodTemplateSpec,
    collisions: Option<i32>,
) -> Result<Synced, Error> {
    let data = data(template);
    let revision = match find(revisions, &data) {
        Current::Known(revision, wanted) if number(&revision) == wanted => revision,
        Current::Known(revision, wanted) => {
            let patch = json!({ "revision": wanted });
            Arc::new(client.merge::<ControllerRevision>(revision.namespace(), revision.name(), &patch).await?)
        }
        Current::New(number) => {
            let fresh = fresh(owner, template, data.clone(), number, collisions);
            match client.create(&fresh).await {
                Ok(created) => Arc::new(created),
                Err(error) if error.is_already_exists() => {
                    let live = client.get::<ControllerRevision>(owner.namespace(), fresh.name()).await?;
                    if !live.is_controlled_by(owner.uid()) || compact(live.data.0.clone()) != compact(data) {
                        return Ok(Synced::Collision);
                    }
                    Arc::new(live)
                }
                Err(error) => return Err(error),
            }
        }
    };
    let hash = revision.label(REVISION_LABEL).unwrap_or_else(|| revision.name()).to_owned();
    Ok(Synced::Ready(revision, hash))
}

fn fresh<O: Object>(
    owner: &O,
    template: &PodTemplateSpec,
    data: Value,
    number: i64,
    collisions: Option<i32>,
) -> ControllerRevision {
    let hash = hash_value(data.clone(), collisions);
    let mut labels: BTreeMap<String, String> =
        template.metadata.as_ref().and_then(|m| m.labels.clone()).unwrap_or_default();
    labels.insert(REVISION_LABEL.to_owned(), hash.clone());
    let name: String = owner.name().chars().take(223).collect();
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{name}-{hash}")),
            namespace: Some(owner.namespace().to_owned()),
            labels: Some(labels),
            annotations: owner.meta().annotations.clone(),
            owner_references: Some(vec![owner.owner_reference()]),
            ..ObjectMeta::default()
        },
        data: RawExtension(data),
        revision: Some(number),
    }
}

/// Deletes the oldest revisions beyond `limit` that nothing uses.
pub async fn clean_up(
    client: &Client,
    revisions: Vec<Arc<ControllerRevision>>,
    limit: i32,
    is_used: impl Fn(&ControllerRevision) -> bool,
) -> Result<(), Error> {
    let unused: Vec<_> = sorted(revisions).into_iter().filter(|r| !is_used(r)).collect();
    let surplus = unused.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
    for revision in unused.into_iter().take(surplus) {
        let options = DeleteOptions::uid(revision.uid());
        match client.delete::<ControllerRevision>(revision.namespace(), revision.name(), &options).await {
            Err(error) if !error.is_not_found() => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
