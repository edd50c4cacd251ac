//! Claims find volumes, and volumes say whose they are. Volumes are made by hand or by provisioners.

pub mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use client::{Change, Client, Error, Informer, Key, Next, Object, Recorder, WorkQueue, run_controller};
use k8s_openapi::api::{
    core::v1::{
        ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus, PersistentVolumeStatus,
    },
    storage::v1::StorageClass,
};

use crate::Context;
use plan::{Action, BOUND, BY_CONTROLLER, Class, PROVISIONER};

const NAME: &str = "persistent-volume-binder";
const EVENTS: &str = "persistentvolume-controller";

struct Controller {
    client: Client,
    recorder: Recorder,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    volumes: Arc<Informer<PersistentVolume>>,
    classes: Arc<Informer<StorageClass>>,
}

/// Runs the controller. One worker: two claims must not get one volume. Volumes have keys without a namespace.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, EVENTS),
        claims: context.informers.get(),
        volumes: context.informers.get(),
        classes: context.informers.get(),
        client,
    });
    let queue = WorkQueue::new();
    let (keys, volumes) = (queue.clone(), controller.volumes.clone());
    controller.claims.on(move |change: &Change<'_, PersistentVolumeClaim>| {
        let Some(claim) = change.object() else {
            return;
        };
        keys.add(claim.key());
        let volume = claim.spec.as_ref().and_then(|s| s.volume_name.as_deref()).unwrap_or_default();
        if volumes.store().get("", volume).is_some() {
            keys.add(Key::new("", volume));
        }
    });
    let (keys, claims) = (queue.clone(), controller.claims.clone());
    controller.volumes.on(move |change: &Change<'_, PersistentVolume>| {
        if let Some(volume) = change.object() {
            keys.add(volume.key());
        }
        let waiting = |c: &PersistentVolumeClaim| c.status.as_ref().and_then(|s| s.phase.as_deref()) != Some("Bound");
        let all = claims.store().filter(|c| waiting(c) || change.is_deleted());
        all.iter().for_each(|c| keys.add(c.key()));
    });
    let (keys, claims) = (queue.clone(), controller.claims.clone());
    controller.classes.on(move |_: &Change<'_, StorageClass>| {
        claims.store().keys().into_iter().for_each(|key| keys.add(key));
    });
    controller.claims.has_synced().await;
    controller.volumes.has_synced().await;
    controller.classes.has_synced().await;
    run_controller(NAME, 1, queue, context.env.clone(), move |key| {
        let controller = controller.clone();
        async move {
            if key.namespace.is_empty() {
                controller.reconcile_volume(&key).await
            } else {
                controller.reconcile_claim(&key).await
            }
        }
    })
    .await;
}

impl Controller {
    async fn reconcile_volume(&self, key: &Key) -> Result<Next, Error> {
        let Some(volume) = self.volumes.store().by_key(key) else {
            return Ok(Next::Done);
        };
        let reference = volume.spec.as_ref().and_then(|s| s.claim_ref.clone()).unwrap_or_default();
        let (namespace, name) = (reference.namespace.unwrap_or_default(), reference.name.unwrap_or_default());
        let mut claim = self.claims.store().get(&namespace, &name);
        if claim.is_none() && !name.is_empty() {
            // A volume must not be released because our picture of its claim is late.
            claim = self.client.find::<PersistentVolumeClaim>(&namespace, &name).await?.map(Arc::new);
        }
        let phase = plan::phase(&volume, claim.as_deref());
        self.set_phase(&volume, phase).await.map(|_| Next::Done)
    }

    async fn set_phase(&self, volume: &PersistentVolume, phase: &str) -> Result<PersistentVolume, Error> {
        let old = volume.status.clone().unwrap_or_default();
        if old.phase.as_deref() == Some(phase) {
            return Ok(volume.clone());
        }
        let status = PersistentVolumeStatus { phase: Some(phase.to_owned()), ..old };
        self.client.update_status(&PersistentVolume { status: Some(status), ..volume.clone() }).await
    }

    fn class(&self, claim: &PersistentVolumeClaim) -> Option<Class> {
        let name = claim.spec.as_ref()?.storage_class_name.as_deref().filter(|n| !n.is_empty())?;
        let class = self.classes.store().get("", name)?;
        let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
        Some(Class { provisioner: class.provisioner.clone(), waits })
    }

    async fn reconcile_claim(&self, key: &Key) -> Result<Next, Error> {
        let Some(claim) = self.claims.store().by_key(key).filter(|c| !c.is_deleting()) else {
            return Ok(Next::Done);
        };
        match plan::plan(&claim, &self.volumes.store().all(), self.class(&claim).as_ref()) {
            None => {}
            Some(Action::Bind(volume)) => self.bind(&claim, &volume).await?,
            Some(Action::Lost(reason, message)) => {
                self.recorder.warning(&*claim, reason, message);
                let old = claim.status.clone().unwrap_or_default();
                self.set_status(&claim, PersistentVolumeClaimStatus { phase: Some("Lost".to_owned()), ..old }).await?;
            }
            Some(Action::Wait { reason, message, provisioner }) => {
                match reason {
                    "ProvisioningFailed" => self.recorder.warning(&*claim, reason, &message),
                    _ => self.recorder.normal(&*claim, reason, &message),
                }
                self.note_provisioner(&claim, provisioner).await?;
            }
        }
        Ok(Next::Done)
    }

    async fn note_provisioner(&self, claim: &PersistentVolumeClaim, name: Option<String>) -> Result<(), Error> {
        let Some(name) = name.filter(|n| claim.annotation(PROVISIONER) != Some(n)) else {
            return Ok(());
        };
        let mut changed = claim.clone();
        changed.metadata.annotations.get_or_insert_default().insert(PROVISIONER.to_owned(), name);
        self.client.update(&changed).await.map(drop)
    }

    async fn set_status(
        &self,
        claim: &PersistentVolumeClaim,
        status: PersistentVolumeClaimStatus,
    ) -> Result<(), Error> {
        if claim.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let changed = PersistentVolumeClaim { status: Some(status), ..claim.clone() };
        self.client.update_status(&changed).await.map(drop)
    }

    /// Volume first, so that no other claim takes it; each step can be repeated.
    async fn bind(&self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Result<(), Error> {
        let mut volume = volume.clone();
        let spec = volume.spec.get_or_insert_default();
        let had = spec.claim_ref.clone();
        if had.as_ref().and_then(|r| r.uid.as_deref()) != Some(claim.uid()) {
            spec.claim_ref = Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                namespace: Some(claim.namespace().to_owned()),
                name: Some(claim.name().to_owned()),
                uid: Some(claim.uid().to_owned()),
                resource_version: Some(claim.version().to_owned()),
                ..ObjectReference::default()
            });
            if had.is_none() {
                let annotations = volume.metadata.annotations.get_or_insert_default();
                annotations.insert(BY_CONTROLLER.to_owned(), "yes".to_owned());
            }
            volume = self.client.update(&volume).await?;
        }
        let volume = self.set_phase(&volume, "Bound").await?;
        let mut claim = claim.clone();
        let wanted = claim.spec.get_or_insert_default();
        let named = wanted.volume_name.as_deref() == Some(volume.name());
        if !named || claim.annotation(BOUND).is_none() {
            let annotations = claim.metadata.annotations.get_or_insert_default();
            annotations.insert(BOUND.to_owned(), "yes".to_owned());
            if !named {
                annotations.insert(BY_CONTROLLER.to_owned(), "yes".to_owned());
            }
            claim.spec.get_or_insert_default().volume_name = Some(volume.name().to_owned());
            claim = self.client.update(&claim).await?;
        }
        let spec = volume.spec.clone().unwrap_or_default();
        let status = PersistentVolumeClaimStatus {
            phase: Some("Bound".to_owned()),
            access_modes: spec.access_modes,
            capacity: spec.capacity,
            ..claim.status.clone().unwrap_or_default()
        };
        self.set_status(&claim, status).await
    }
}
