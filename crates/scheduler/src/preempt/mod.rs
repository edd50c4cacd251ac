//! Preemption: pods of lower priority go so that one of higher priority gets room.
//!
//! [`plan`] decides within the cycle; sending the victims away goes on beside it, and the pod is not tried again meanwhile.

pub mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use client::{Client, DeleteOptions, Env, Error, Object, PatchKind, Recorder, events};
use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

pub use plan::{Budget, Candidate, Verdict, plan};

use crate::{pod::PodInfo, run::NAME, write};

/// Victims told to go at the same time.
const AT_ONCE: usize = 16;

/// Who writes.
pub(crate) struct Hand<'a> {
    pub(crate) client: &'a Client,
    pub(crate) events: &'a Recorder,
    pub(crate) env: &'a Env,
}

impl Hand<'_> {
    /// Takes the node's promise from `displaced`, then sends the victims away; whether all of them go. Those that end
    /// already are left alone.
    pub(crate) async fn preempt(&self, pod: &Pod, candidate: &Candidate, displaced: &[Arc<PodInfo>]) -> bool {
        for other in displaced {
            if let Err(error) = write::nominate(self.client, &other.pod, "").await
                && !error.is_not_found()
            {
                self.env.say(&format!("scheduler: the nomination of {}: {error}", other.pod.name()));
            }
        }
        let mut gone = Vec::new();
        for victim in candidate.victims.iter().filter(|v| v.pod.metadata.deletion_timestamp.is_none()) {
            gone.push(self.evict(&victim.pod, pod, &candidate.node));
        }
        let results: Vec<bool> = stream::iter(gone).buffer_unordered(AT_ONCE).collect().await;
        results.into_iter().all(|goes| goes)
    }

    async fn evict(&self, victim: &Pod, preemptor: &Pod, node: &str) -> bool {
        match self.try_to_evict(victim, preemptor, node).await {
            Ok(()) => true,
            Err(error) if error.is_not_found() => true,
            Err(error) => {
                let (name, of) = (victim.name(), preemptor.name());
                self.env.say(&format!("scheduler: preempting {name} for {of}: {error}"));
                false
            }
        }
    }

    /// First says on the victim why it goes, then deletes it with the grace that it has.
    async fn try_to_evict(&self, victim: &Pod, preemptor: &Pod, node: &str) -> Result<(), Error> {
        let scheduler = preemptor.spec.as_ref().and_then(|s| s.scheduler_name.as_deref()).unwrap_or(NAME);
        let message = format!("{scheduler}: preempting to accommodate a higher priority pod");
        let what = (plan::DISRUPTION_TARGET, "True", plan::BY_SCHEDULER, message.as_str());
        if let Some(condition) = write::condition(victim, what, self.env.now()) {
            let patch = json!({"metadata": {"uid": victim.uid()}, "status": {"conditions": [condition]}});
            self.client.patch_status::<Pod>(victim.namespace(), victim.name(), PatchKind::Strategic, &patch).await?;
        }
        self.client.delete::<Pod>(victim.namespace(), victim.name(), &DeleteOptions::uid(victim.uid())).await?;
        self.events.note(events::Note {
            regarding: events::reference(victim),
            related: Some(events::reference(preemptor)),
            kind: events::Kind::Normal,
            reason: "Preempted".to_owned(),
            action: "Preempting".to_owned(),
            note: format!("Preempted by pod {} on node {node}", preemptor.uid()),
        });
        Ok(())
    }
}
