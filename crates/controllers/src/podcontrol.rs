//! Making and deleting pods for an owner, with events about it.

use std::sync::Arc;

use client::{Client, DeleteOptions, Error, Object, Recorder};
use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;

use crate::flight::Flight;

/// Makes and deletes pods, and remembers what the informer does not show yet.
pub struct PodControl {
    client: Client,
    /// Where events go.
    pub recorder: Recorder,
    /// What is under way.
    pub flight: Flight,
}

impl PodControl {
    /// A control.
    #[must_use]
    pub fn new(client: Client, recorder: Recorder) -> Self {
        Self { client, recorder, flight: Flight::default() }
    }

    /// Makes pods. Starts with one and doubles, so that an owner whose pods are refused does not flood the server.
    pub async fn create<O: Object>(&self, owner: &O, pods: Vec<Pod>) -> Result<(), Error> {
        let mut left = pods.as_slice();
        let mut batch = 1;
        while !left.is_empty() {
            let (now, rest) = left.split_at(batch.min(left.len()));
            let results = join_all(now.iter().map(|pod| self.create_one(owner, pod))).await;
            for result in results {
                match result {
                    // The namespace is going: nothing is wrong, and nothing can be made.
                    Err(error) if error.is_namespace_terminating() => return Ok(()),
                    other => other?,
                }
            }
            left = rest;
            batch *= 2;
        }
        Ok(())
    }

    async fn create_one<O: Object>(&self, owner: &O, pod: &Pod) -> Result<(), Error> {
        match self.client.create(pod).await {
            Ok(created) => {
                self.flight.created(owner.uid(), &created);
                self.recorder.normal(owner, "SuccessfulCreate", &format!("Created pod: {}", created.name()));
                Ok(())
            }
            Err(error) => {
                if !error.is_namespace_terminating() {
                    self.recorder.warning(owner, "FailedCreate", &format!("Error creating: {}", error.message()));
                }
                Err(error)
            }
        }
    }

    /// Deletes pods, all at once; what is gone already is fine.
    pub async fn delete<O: Object>(&self, owner: &O, pods: &[Arc<Pod>]) -> Result<(), Error> {
        let results = join_all(pods.iter().map(|pod| self.delete_one(owner, pod))).await;
        results.into_iter().collect()
    }

    async fn delete_one<O: Object>(&self, owner: &O, pod: &Pod) -> Result<(), Error> {
        match self.client.delete::<Pod>(pod.namespace(), pod.name(), &DeleteOptions::uid(pod.uid())).await {
            Ok(()) => {
                self.flight.deleted(owner.uid(), pod.uid());
                self.recorder.normal(owner, "SuccessfulDelete", &format!("Deleted pod: {}", pod.name()));
                Ok(())
            }
            Err(error) if error.is_not_found() || error.is_conflict() => {
                self.flight.deleted(owner.uid(), pod.uid());
                Ok(())
            }
            Err(error) => {
                self.recorder.warning(owner, "FailedDelete", &format!("Error deleting: {}", error.message()));
                Err(error)
            }
        }
    }
}
