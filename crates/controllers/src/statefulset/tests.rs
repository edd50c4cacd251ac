//! A stateful set played through.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod};
use serde_json::{Value, json};

use super::{
    identity,
    plan::{Action, Input, plan, status},
};
use crate::testkit::{at, object};

fn set(replicas: i32, extra: Value) -> StatefulSet {
    let mut value = json!({
        "metadata": { "name": "db", "namespace": "n", "uid": "s", "generation": 1 },
        "spec": {
            "replicas": replicas, "serviceName": "db", "selector": { "matchLabels": { "a": "b" } },
            "template": { "metadata": { "labels": { "a": "b" } },
                          "spec": { "containers": [], "volumes": [{ "name": "data", "emptyDir": {} }] } },
            "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": {} }],
        },
    });
    for (key, field) in extra.as_object().expect("a map") {
        value["spec"][key] = field.clone();
    }
    StatefulSet::clone(&object::<StatefulSet>(value))
}

struct World {
    set: StatefulSet,
    pods: Vec<Arc<Pod>>,
    current: String,
    update: String,
    log: Vec<String>,
}

impl World {
    fn new(set: StatefulSet) -> Self {
        Self { set, pods: Vec::new(), current: "r1".into(), update: "r1".into(), log: Vec::new() }
    }

    /// One round: the plan is carried out, then one pod that is not ready becomes so.
    fn step(&mut self) -> bool {
        let input =
            Input { set: &self.set, pods: &self.pods, current: &self.current, update: &self.update, now: at(50) };
        let actions = plan(&input);
        let status = status(&input);
        self.current = status.current_revision.clone().expect("a revision");
        let quiet = actions.is_empty() && self.set.status.as_ref() == Some(&status);
        self.set.status = Some(status);
        for action in actions {
            match action {
                Action::Create { ordinal, updated } => {
                    let revision = if updated { &self.update } else { &self.current };
                    self.log.push(format!("+{ordinal} {revision}"));
                    let mut pod = identity::pod(&self.set, &self.set.spec.template, revision, ordinal);
                    pod.metadata.uid = Some(format!("{ordinal}-{}", self.log.len()));
                    pod.status = serde_json::from_value(json!({ "phase": "Running" })).expect("a status");
                    self.pods.push(Arc::new(pod));
                }
                Action::Delete { pod, .. } => {
                    self.log.push(format!("-{}", identity::ordinal(&self.set, &pod).expect("a number")));
                    self.pods.retain(|p| p.uid() != pod.uid());
                }
            }
        }
        if let Some(pod) = self.pods.iter_mut().find(|p| !crate::pods::is_ready(p)) {
            let ready = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
            Arc::make_mut(pod).status = serde_json::from_value(ready).expect("a status");
            return true;
        }
        !quiet
    }

    fn settle(&mut self) -> String {
        for _ in 0..50 {
            if !self.step() {
                return std::mem::take(&mut self.log).join(" ");
            }
        }
        panic!("never settles: {:?}", self.log);
    }
}

#[test]
fn pods_come_in_order_go_in_reverse_and_are_updated_from_the_end() {
    let mut world = World::new(set(3, json!({})));
    assert_eq!(world.settle(), "+0 r1 +1 r1 +2 r1");
    world.update = "r2".into();
    assert_eq!(world.settle(), "-2 +2 r2 -1 +1 r2 -0 +0 r2");
    assert_eq!(world.current, "r2");
    world.set.spec.replicas = Some(1);
    assert_eq!(world.settle(), "-2 -1");
}

#[test]
fn a_partition_keeps_the_first_pods() {
    let mut world = World::new(set(3, json!({ "updateStrategy": { "rollingUpdate": { "partition": 2 } } })));
    world.settle();
    world.update = "r2".into();
    assert_eq!(world.settle(), "-2 +2 r2");
    world.pods.remove(0);
    assert_eq!(world.settle(), "+0 r1", "a pod below the partition comes back as it was");
    assert_eq!(world.current, "r1");
}

#[test]
fn parallel_sets_do_not_wait_and_ended_pods_are_replaced() {
    let mut world = World::new(set(3, json!({ "podManagementPolicy": "Parallel" })));
    world.step();
    assert_eq!(world.log.join(" "), "+0 r1 +1 r1 +2 r1");
    world.settle();
    Arc::make_mut(&mut world.pods[1]).status = serde_json::from_value(json!({ "phase": "Failed" })).expect("a status");
    assert_eq!(world.settle(), "-1 +1 r1");
    let mut manual = World::new(set(1, json!({ "updateStrategy": { "type": "OnDelete" } })));
    manual.settle();
    manual.update = "r2".into();
    assert_eq!(manual.settle(), "");
}

#[test]
fn names_claims_and_volumes_follow_the_number() {
    let set = set(1, json!({ "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Delete" } }));
    let pod = identity::pod(&set, &set.spec.template, "r1", 4);
    let spec = pod.spec.as_ref().expect("a spec");
    assert_eq!((spec.hostname.as_deref(), spec.subdomain.as_deref()), (Some("db-4"), Some("db")));
    let volumes = spec.volumes.as_ref().expect("volumes");
    assert_eq!(volumes.len(), 1, "the claim takes the place of the volume of its name");
    assert_eq!(volumes[0].persistent_volume_claim.as_ref().map(|c| c.claim_name.as_str()), Some("data-db-4"));
    let claims = identity::claims(&set, 4);
    assert_eq!((claims[0].name(), claims[0].owners().len()), ("data-db-4", 1));
    assert_eq!(identity::ordinal(&set, &pod), Some(4));
    let mut other = pod.clone();
    other.metadata.name = Some("db-x-4".to_owned());
    assert_eq!(identity::ordinal(&set, &other), None);
}
