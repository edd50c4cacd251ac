//! A deployment played through: plans are applied to replica sets in memory whose pods come up one by one.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetStatus};
use serde_json::json;

use super::{
    conditions,
    plan::{Action, Plan, plan},
    sets,
};
use crate::testkit::{at, object};

fn deployment(replicas: i32, image: &str, strategy: serde_json::Value) -> Deployment {
    Deployment::clone(&object::<Deployment>(json!({
        "metadata": { "name": "web", "namespace": "default", "uid": "d", "generation": 1 },
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 1,
            "progressDeadlineSeconds": 60,
            "selector": { "matchLabels": { "app": "web" } },
            "strategy": strategy,
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "c", "image": image }] },
            },
        },
    })))
}

fn rolling(surge: serde_json::Value, missing: serde_json::Value) -> serde_json::Value {
    json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": surge, "maxUnavailable": missing } })
}

struct World {
    deployment: Deployment,
    sets: Vec<ReplicaSet>,
    time: i64,
    events: Vec<String>,
}

impl World {
    fn new(deployment: Deployment) -> Self {
        Self { deployment, sets: Vec::new(), time: 0, events: Vec::new() }
    }

    fn plan(&self) -> Plan {
        let own: Vec<_> = self.sets.iter().cloned().map(Arc::new).collect();
        let old_pods = |newest: Option<&str>| self.sets.iter().any(|s| Some(s.uid()) != newest && sets::actual(s) > 0);
        plan(&self.deployment, &own, &old_pods, at(self.time))
    }

    fn apply(&mut self, plan: Plan) {
        for action in plan.actions {
            match action {
                Action::Create { set, event } => {
                    let mut set = *set;
                    set.metadata.uid = set.metadata.name.clone();
                    set.metadata.creation_timestamp =
                        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(self.time)));
                    self.events.extend(event);
                    self.sets.push(set);
                }
                Action::Update { was, now, event } => {
                    self.events.extend(event);
                    for set in &mut self.sets {
                        if set.uid() == was.uid() {
                            *set = (*now).clone();
                        }
                    }
                }
                Action::Delete(gone) => self.sets.retain(|s| s.uid() != gone.uid()),
                Action::Rollback(changed) => self.deployment = *changed,
                Action::Event { message, .. } => self.events.push(message),
            }
        }
        if let Some(status) = plan.status {
            self.deployment.status = Some(status);
        }
        if let Some(revision) = plan.revision {
            self.deployment.metadata.annotations.get_or_insert_default().insert(sets::REVISION.to_owned(), revision);
        }
    }

    /// Each replica set removes all its surplus pods at once, and one pod of the newest becomes available.
    fn pods_move(&mut self, healthy: bool) {
        for set in &mut self.sets {
            let size = sets::replicas(set);
            let available = sets::available(set).min(size);
            let available = if healthy && available < size { available + 1 } else { available };
            set.status = Some(ReplicaSetStatus {
                replicas: size,
                available_replicas: Some(available),
                ready_replicas: Some(available),
                observed_generation: Some(0),
                terminating_replicas: Some(0),
                ..ReplicaSetStatus::default()
            });
        }
        self.time += 1;
    }

    fn settle(&mut self, mut check: impl FnMut(&Self)) {
        for _ in 0..200 {
            let plan = self.plan();
            let quiet = plan.actions.is_empty() && plan.status.is_none() && plan.revision.is_none();
            self.apply(plan);
            check(self);
            if quiet && self.sets.iter().all(|s| sets::available(s) == sets::replicas(s) && s.status.is_some()) {
                return;
            }
            self.pods_move(true);
            check(self);
        }
        panic!("never settles: {:?}", self.events);
    }

    fn reason(&self) -> String {
        let status = self.deployment.status.clone().unwrap_or_default();
        conditions::get(&status, "Progressing").and_then(|c| c.reason.clone()).unwrap_or_default()
    }

    fn update(&mut self, image: &str) {
        let spec = self.deployment.spec.template.spec.as_mut().expect("a spec");
        spec.containers[0].image = Some(image.to_owned());
        self.deployment.metadata.generation = Some(self.deployment.metadata.generation.unwrap_or_default() + 1);
    }
}

#[test]
fn a_rolling_update_stays_within_its_bounds() {
    let cases = [
        (3, json!(1), json!(0), 4, 3),
        (3, json!(0), json!(1), 3, 2),
        (10, json!("25%"), json!("25%"), 13, 8),
        (1, json!("25%"), json!("25%"), 2, 1),
        (4, json!(0), json!(0), 4, 3),
        (5, json!("100%"), json!(0), 10, 5),
    ];
    for (replicas, surge, missing, most, least) in cases {
        let mut world = World::new(deployment(replicas, "one", rolling(surge.clone(), missing.clone())));
        world.settle(|_| {});
        assert_eq!(world.reason(), "NewReplicaSetAvailable");
        world.update("two");
        world.settle(|w| {
            let total: i32 = w.sets.iter().map(sets::replicas).sum();
            let available: i32 = w.sets.iter().map(|s| sets::available(s).min(sets::replicas(s))).sum();
            assert!(total <= most, "{replicas} {surge} {missing}: {total} pods");
            assert!(available >= least, "{replicas} {surge} {missing}: {available} available");
        });
        let status = world.deployment.status.clone().expect("a status");
        assert_eq!((status.updated_replicas, status.replicas), (Some(replicas), Some(replicas)));
        assert_eq!(world.deployment.annotation(sets::REVISION), Some("2"));
        assert_eq!(world.sets.len(), 2);
    }
}

#[test]
fn going_back_reuses_the_replica_set_and_the_history_is_bounded() {
    let mut world = World::new(deployment(2, "one", rolling(json!(1), json!(0))));
    world.settle(|_| {});
    let first = world.sets[0].uid().to_owned();
    world.update("two");
    world.settle(|_| {});
    world.update("one");
    world.settle(|_| {});
    let back = world.sets.iter().find(|s| s.uid() == first).expect("the first replica set");
    assert_eq!((sets::replicas(back), back.annotation(sets::REVISION)), (2, Some("3")));
    assert_eq!(back.annotation(sets::REVISION_HISTORY), Some("1"));
    for image in ["three", "four"] {
        world.update(image);
        world.settle(|_| {});
    }
    assert_eq!(world.sets.len(), 2, "one of the history and the newest");
}

#[test]
fn a_stuck_update_times_out_and_keeps_the_old_pods() {
    let mut world = World::new(deployment(3, "one", rolling(json!(1), json!(0))));
    world.settle(|_| {});
    world.update("broken");
    for _ in 0..4 {
        let plan = world.plan();
        world.apply(plan);
        let available: Vec<i32> = world.sets.iter().map(sets::available).collect();
        world.pods_move(false);
        assert_eq!(available.first(), Some(&3));
    }
    let plan = world.plan();
    assert!(plan.next.is_some(), "it looks again at the deadline");
    world.time += 62;
    let plan = world.plan();
    world.apply(plan);
    assert_eq!(world.reason(), "ProgressDeadlineExceeded");
    assert_eq!(world.plan(), Plan::default(), "and then rests");
}

#[test]
fn recreate_waits_for_the_old_pods() {
    let mut world = World::new(deployment(2, "one", json!({ "type": "Recreate" })));
    world.settle(|_| {});
    world.update("two");
    world.settle(|w| {
        let alive = w.sets.iter().filter(|s| sets::actual(s) > 0 || sets::replicas(s) > 0).count();
        assert!(alive <= 1 || w.sets.iter().filter(|s| sets::replicas(s) > 0).count() <= 1);
        if w.sets.len() == 2 {
            assert_eq!(sets::actual(&w.sets[0]), 0, "the old pods are gone before the new set is made");
        }
    });
    assert_eq!(sets::replicas(&world.sets[1]), 2);
}

#[test]
fn pausing_holds_a_new_template_but_not_a_resize() {
    let mut world = World::new(deployment(2, "one", rolling(json!(1), json!(0))));
    world.settle(|_| {});
    world.deployment.spec.paused = Some(true);
    world.update("two");
    world.deployment.spec.replicas = Some(5);
    world.settle(|_| {});
    assert_eq!((world.sets.len(), sets::replicas(&world.sets[0])), (1, 5));
    assert_eq!(world.reason(), "DeploymentPaused");
    assert_eq!(world.deployment.status.as_ref().and_then(|s| s.observed_generation), Some(2));
    world.deployment.spec.paused = Some(false);
    world.settle(|_| {});
    assert_eq!((world.sets.len(), world.reason().as_str()), (2, "NewReplicaSetAvailable"));
}

#[test]
fn a_resize_in_the_middle_of_an_update_is_shared() {
    let mut world = World::new(deployment(10, "one", rolling(json!(3), json!(2))));
    world.settle(|_| {});
    world.update("two");
    for _ in 0..2 {
        let plan = world.plan();
        world.apply(plan);
        world.pods_move(false);
    }
    let before: Vec<i32> = world.sets.iter().map(sets::replicas).collect();
    assert_eq!(before, [8, 5]);
    world.deployment.spec.replicas = Some(15);
    let plan = world.plan();
    world.apply(plan);
    let after: Vec<i32> = world.sets.iter().map(sets::replicas).collect();
    assert_eq!(after, [11, 7], "18 pods in the old proportion");
}

#[test]
fn a_legacy_rollback_request_restores_the_template() {
    let mut world = World::new(deployment(1, "one", rolling(json!(1), json!(0))));
    world.settle(|_| {});
    world.update("two");
    world.settle(|_| {});
    world.deployment.metadata.annotations.get_or_insert_default().insert(sets::ROLLBACK_TO.to_owned(), "0".to_owned());
    let plan = world.plan();
    world.apply(plan);
    assert_eq!(
        world.deployment.spec.template.spec.as_ref().and_then(|s| s.containers[0].image.as_deref()),
        Some("one")
    );
    assert_eq!(world.deployment.annotation(sets::ROLLBACK_TO), None);
    assert!(world.events.iter().any(|e| e == "Rolled back deployment \"web\" to revision 1"), "{:?}", world.events);
}

#[test]
fn empty_and_absent_are_the_same_template() {
    let mut a = deployment(1, "one", json!({})).spec.template;
    let b = a.clone();
    a.spec.as_mut().expect("a spec").volumes = Some(Vec::new());
    assert!(sets::same_template(&a, &b));
    assert_eq!(sets::hash(&a, None), sets::hash(&b, None));
    assert_ne!(sets::hash(&a, None), sets::hash(&b, Some(1)));
}
