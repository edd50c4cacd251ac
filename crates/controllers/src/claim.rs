//! Which objects belong to an owner: by reference and selector, with adoption of orphans and release of strangers.

use std::sync::Arc;

use client::{Client, Error, Matcher, Object};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::json;

/// The outcome of [`plan`].
#[derive(Debug)]
pub struct Claim<K> {
    /// Belong to the owner already.
    pub owned: Vec<Arc<K>>,
    /// Match and belong to nobody.
    pub adopt: Vec<Arc<K>>,
    /// Belong to the owner but do not match any more.
    pub release: Vec<Arc<K>>,
}

/// Sorts candidates. An owner that is being deleted neither adopts nor releases.
#[must_use]
pub fn plan<O: Object, K: Object>(owner: &O, matcher: &Matcher, candidates: Vec<Arc<K>>) -> Claim<K> {
    let mut claim = Claim { owned: Vec::new(), adopt: Vec::new(), release: Vec::new() };
    for object in candidates {
        if object.namespace() != owner.namespace() {
            continue;
        }
        let matches = matcher.matches(object.meta().labels.as_ref());
        match object.controller() {
            Some(reference) if reference.uid == owner.uid() && matches => claim.owned.push(object),
            Some(reference) if reference.uid == owner.uid() && !owner.is_deleting() => claim.release.push(object),
            Some(_) => {}
            None if matches && !owner.is_deleting() && !object.is_deleting() => claim.adopt.push(object),
            None => {}
        }
    }
    claim
}

/// Carries a claim out; all objects that belong to the owner afterwards.
pub async fn apply<O: Object, K: Object>(client: &Client, owner: &O, claim: Claim<K>) -> Result<Vec<Arc<K>>, Error> {
    let mut owned = claim.owned;
    for object in claim.release {
        let left: Vec<&OwnerReference> = object.owners().iter().filter(|o| o.uid != owner.uid()).collect();
        match set_owners(client, &*object, &left).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() || error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    if claim.adopt.is_empty() || !may_adopt(client, owner).await? {
        return Ok(owned);
    }
    let own = owner.owner_reference();
    for object in claim.adopt {
        let owners: Vec<&OwnerReference> = object.owners().iter().chain([&own]).collect();
        match set_owners(client, &*object, &owners).await {
            Ok(adopted) => owned.push(Arc::new(adopted)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(owned)
}

/// Asks the server itself: an owner that was just deleted must not take orphans with it.
async fn may_adopt<O: Object>(client: &Client, owner: &O) -> Result<bool, Error> {
    let fresh = client.find::<O>(owner.namespace(), owner.name()).await?;
    Ok(fresh.is_some_and(|o| o.uid() == owner.uid() && !o.is_deleting()))
}

async fn set_owners<K: Object>(client: &Client, object: &K, owners: &[&OwnerReference]) -> Result<K, Error> {
    let patch = json!({ "metadata": {
        "uid": object.uid(),
        "resourceVersion": object.version(),
        "ownerReferences": if owners.is_empty() { json!(null) } else { json!(owners) },
    }});
    client.merge::<K>(object.namespace(), object.name(), &patch).await
}
