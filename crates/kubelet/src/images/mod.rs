//! Images for containers: pull policy, credentials, back-off.

pub(crate) mod secrets;

use std::{collections::HashMap, sync::Arc};

use client::events::Kind;
use cri::image::Image;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, ImageVolumeSource, Pod};
use parking_lot::Mutex;

use crate::{
    context::Context,
    objects::Snapshot,
    pods::{
        backoff::{Backoff, go_duration},
        plan::Waiting,
        spec,
    },
};

/// After a failed pull the container shows the error for a moment, then the back-off.
const SHOW_ERROR: SignedDuration = SignedDuration::from_secs(1);
const GIVE_UP: std::time::Duration = std::time::Duration::from_secs(3600);

/// An image that cannot be had now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    pub(crate) waiting: Waiting,
    pub(crate) retry_at: Timestamp,
}

/// Back-off of pulls by pod and image.
pub(crate) struct Puller {
    backoff: Mutex<Backoff>,
    last_error: Mutex<HashMap<String, String>>,
}

impl Default for Puller {
    fn default() -> Self {
        Self { backoff: Mutex::new(Backoff::standard()), last_error: Mutex::default() }
    }
}

impl Puller {
    /// Forgets a pod.
    pub(crate) fn forget(&self, pod: &Pod) {
        let containers = spec::spec(pod).containers.iter().chain(spec::init_containers(pod));
        let volumes = spec::spec(pod).volumes.iter().flatten().filter_map(|volume| volume.image.as_ref());
        for reference in containers.map(|one| &one.image).chain(volumes.map(|one| &one.reference)) {
            let key = key(pod, reference.as_deref().unwrap_or_default());
            self.backoff.lock().forget(&key);
            self.last_error.lock().remove(&key);
        }
    }
}

fn key(pod: &Pod, image: &str) -> String {
    format!("{}_{image}", spec::uid(pod))
}

/// An image that a pod needs.
pub(crate) struct Wanted<'a> {
    pub(crate) context: &'a Context,
    pub(crate) pod: &'a Pod,
    /// The container that waits for it.
    pub(crate) container: &'a Container,
    /// It is not the container's own, but that of a volume.
    pub(crate) volume: Option<&'a ImageVolumeSource>,
    pub(crate) objects: &'a Snapshot,
}

impl Wanted<'_> {
    fn reference(&self) -> &str {
        self.volume.map_or(&self.container.image, |volume| &volume.reference).as_deref().unwrap_or_default()
    }

    fn policy(&self) -> &str {
        let own = self.volume.map_or(&self.container.image_pull_policy, |volume| &volume.pull_policy);
        own.as_deref().unwrap_or_else(|| default_policy(self.reference()))
    }

    /// An event about the container; what is done for volumes is told of the pod.
    fn say(&self, kind: Kind, reason: &str, message: &str) {
        match self.volume {
            None => self.context.container_event(self.pod, &self.container.name, kind, reason, message),
            Some(_) => self.context.pod_event(self.pod, kind, reason, message),
        }
    }
}

/// The image, pulled if its policy wants it.
pub(crate) async fn ensure(wanted: &Wanted<'_>) -> Result<Arc<Image>, Refused> {
    let result = find(wanted).await;
    if let Err(refused) = &result {
        let text = format!("Error: {}", refused.waiting.reason);
        wanted.context.container_event(wanted.pod, &wanted.container.name, Kind::Warning, "Failed", &text);
    }
    result
}

async fn find(wanted: &Wanted<'_>) -> Result<Arc<Image>, Refused> {
    let Wanted { context, pod, .. } = *wanted;
    let (reference, policy) = (wanted.reference(), wanted.policy());
    if let Err(error) = context.images.normalize(reference) {
        let message = format!("Failed to apply default image tag {reference:?}: {error}");
        wanted.say(Kind::Warning, "InspectFailed", &message);
        return Err(refuse_slowly(context, pod, reference, "InvalidImageName", message));
    }
    let present = if policy == "Always" { None } else { lookup(context, pod, reference).await? };
    if let Some(image) = present {
        wanted.say(
            Kind::Normal,
            "Pulled",
            &format!("Container image {reference:?} already present on machine and can be accessed by the pod"),
        );
        return Ok(image);
    }
    if policy == "Never" {
        let message = format!("Container image {reference:?} is not present with pull policy of Never");
        wanted.say(Kind::Warning, "ErrImageNeverPull", &message);
        return Err(refuse_slowly(context, pod, reference, "ErrImageNeverPull", message));
    }
    pull(wanted).await
}

/// Kubernetes' rule: `latest` is always pulled.
fn default_policy(reference: &str) -> &'static str {
    let name = reference.rsplit('/').next().unwrap_or_default();
    let tagged = name.contains('@') || name.contains(':') && !name.ends_with(":latest");
    if tagged { "IfNotPresent" } else { "Always" }
}

async fn lookup(context: &Context, pod: &Pod, reference: &str) -> Result<Option<Arc<Image>>, Refused> {
    match context.images.get(reference).await {
        Ok(found) => Ok(found),
        Err(error) => Err(refuse_slowly(
            context,
            pod,
            reference,
            "ImageInspectError",
            format!("Failed to inspect image {reference:?}: {error}"),
        )),
    }
}

/// Nothing but time (or an import) can help: tried again with growing delays.
fn refuse_slowly(context: &Context, pod: &Pod, reference: &str, reason: &str, message: String) -> Refused {
    let now = context.env.now();
    let key = key(pod, reference);
    let mut backoff = context.puller.backoff.lock();
    backoff.next(&key, now, now);
    Refused { waiting: Waiting { reason: reason.into(), message }, retry_at: now + backoff.delay(&key) }
}

async fn pull(wanted: &Wanted<'_>) -> Result<Arc<Image>, Refused> {
    let Wanted { context, pod, objects, .. } = *wanted;
    let reference = wanted.reference();
    let key = key(pod, reference);
    let begun = context.env.now();
    let waits = context.puller.backoff.lock().waits_since_update(&key, begun);
    if let Some(until) = waits {
        let text = format!("Back-off pulling image {reference:?}");
        wanted.say(Kind::Normal, "BackOff", &text);
        let last = context.puller.last_error.lock().get(&key).cloned();
        let message = last.map_or(text.clone(), |last| format!("{text}: {last}"));
        return Err(Refused { waiting: Waiting { reason: "ImagePullBackOff".into(), message }, retry_at: until });
    }
    context.puller.last_error.lock().remove(&key);
    wanted.say(Kind::Normal, "Pulling", &format!("Pulling image {reference:?}"));
    let full = context.images.normalize(reference).unwrap_or_else(|_| reference.to_owned());
    let credentials = secrets::credentials(pod, objects, &full);
    let answer = tokio::time::timeout(GIVE_UP, context.images.pull(reference, &credentials, &|_| {})).await;
    let now = context.env.now();
    let error = match answer {
        Ok(Ok(image)) => {
            let took = go_duration(SignedDuration::from_millis(
                i64::try_from(now.duration_since(begun).as_millis()).unwrap_or(0),
            ));
            wanted.say(
                Kind::Normal,
                "Pulled",
                &format!(
                    "Successfully pulled image {reference:?} in {took} ({took} including waiting). Image size: {} bytes.",
                    image.size_bytes
                ),
            );
            context.puller.backoff.lock().forget(&key);
            context.keeper.poke();
            return Ok(image);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the pull did not end within an hour".to_owned(),
    };
    wanted.say(Kind::Warning, "Failed", &format!("Failed to pull image {reference:?}: {error}"));
    let missing = secrets::missing(pod, objects);
    if !missing.is_empty() {
        let text = format!(
            "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
            missing.join(", ")
        );
        context.pod_event(pod, Kind::Warning, "FailedToRetrieveImagePullSecret", &text);
    }
    context.puller.backoff.lock().next(&key, now, now);
    context.puller.last_error.lock().insert(key, format!("ErrImagePull: {error}"));
    Err(Refused { waiting: Waiting { reason: "ErrImagePull".into(), message: error }, retry_at: now + SHOW_ERROR })
}

/// How the status names an image: its first tag, and its first digest or id.
pub(crate) fn names(image: &Image, reference: &str, normalized: Option<String>) -> (String, String) {
    let name = normalized
        .filter(|full| image.tags.contains(full))
        .or_else(|| image.tags.first().cloned())
        .or_else(|| image.digests.first().cloned())
        .unwrap_or_else(|| reference.to_owned());
    let repository = name.rsplit_once(':').map_or(name.as_str(), |(repository, _)| repository);
    let id = image
        .digests
        .iter()
        .find(|digest| digest.starts_with(&format!("{repository}@")))
        .or(image.digests.first())
        .unwrap_or(&image.id);
    (name.clone(), id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_by_tag() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1", "IfNotPresent"),
            ("r:5000/nginx", "Always"),
            ("nginx@sha256:00", "IfNotPresent"),
        ] {
            assert_eq!(default_policy(image), policy, "{image}");
        }
    }
}
