//! Disruption budgets: how many pods an eviction may take.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{Change, Client, Env, Error, HasSynced, Informer, Key, Matcher, Next, Object, Recorder, WorkQueue};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet, StatefulSet},
        core::v1::{Pod, ReplicationController},
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus},
    },
    apimachinery::pkg::apis::meta::v1::OwnerReference,
};

use crate::{Context, flight::Written, loops::Loops, pods};
use plan::plan;

const NAME: &str = "disruption-controller";
const EVENTS: &str = "controllermanager";

struct Controller {
    client: Client,
    env: Env,
    recorder: Recorder,
    budgets: Arc<Informer<PodDisruptionBudget>>,
    pods: Arc<Informer<Pod>>,
    sets: Arc<Informer<ReplicaSet>>,
    deployments: Arc<Informer<Deployment>>,
    stateful: Arc<Informer<StatefulSet>>,
    replication: Arc<Informer<ReplicationController>>,
    written: Written,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, EVENTS),
        env: context.env.clone(),
        budgets: context.informers.get(),
        pods: context.informers.get(),
        sets: context.informers.get(),
        deployments: context.informers.get(),
        stateful: context.informers.get(),
        replication: context.informers.get(),
        written: Written::default(),
        client,
    });
    let queue = WorkQueue::new();
    let (keys, weak) = (queue.clone(), Arc::downgrade(&controller));
    controller.budgets.on(move |change: &Change<'_, PodDisruptionBudget>| {
        if let Some(budget) = change.object() {
            keys.add(budget.key());
            weak.upgrade().filter(|_| change.is_deleted()).into_iter().for_each(|c| c.written.forget(budget.uid()));
        }
    });
    let (keys, budgets) = (queue.clone(), controller.budgets.clone());
    controller.pods.on(move |change: &Change<'_, Pod>| {
        let facts = |p: &Pod| (p.metadata.labels.clone(), pods::is_ready(p), p.is_deleting());
        if let (Some(old), Some(new)) = (change.old, change.new)
            && facts(old) == facts(new)
        {
            return;
        }
        for pod in change.states() {
            for budget in budgets.store().in_namespace(pod.namespace()) {
                if matcher(&budget).matches(pod.metadata.labels.as_ref()) {
                    keys.add(budget.key());
                }
            }
        }
    });
    wake_by(&controller.sets, &controller.budgets, &queue);
    wake_by(&controller.deployments, &controller.budgets, &queue);
    wake_by(&controller.stateful, &controller.budgets, &queue);
    wake_by(&controller.replication, &controller.budgets, &queue);
    let lists: &[&dyn HasSynced] = &[
        &*controller.budgets,
        &*controller.pods,
        &*controller.sets,
        &*controller.deployments,
        &*controller.stateful,
        &*controller.replication,
    ];
    let loops = Loops { name: NAME, workers: 2, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

/// A changed generation may be another size: all budgets of the namespace look again.
fn wake_by<K: Object>(owners: &Informer<K>, budgets: &Arc<Informer<PodDisruptionBudget>>, queue: &WorkQueue<Key>) {
    let (keys, budgets) = (queue.clone(), budgets.clone());
    owners.on(move |change: &Change<'_, K>| {
        let (Some(old), Some(new)) = (change.old, change.new) else {
            return;
        };
        if old.generation() != new.generation() {
            budgets.store().in_namespace(new.namespace()).iter().for_each(|b| keys.add(b.key()));
        }
    });
}

fn matcher(budget: &PodDisruptionBudget) -> Matcher {
    let selector = budget.spec.as_ref().and_then(|s| s.selector.as_ref());
    Matcher::optional(selector).unwrap_or_else(|_| Matcher::nothing())
}

impl Controller {
    /// The size that the owner of a pod wants; of a replica set the deployment's.
    fn scale(&self, owner: &OwnerReference, namespace: &str) -> Option<i32> {
        let is = |uid: &str| uid == owner.uid;
        match owner.kind.as_str() {
            "ReplicaSet" => {
                let set = self.sets.store().get(namespace, &owner.name).filter(|s| is(s.uid()))?;
                let Some(above) = set.controller().filter(|o| o.kind == "Deployment") else {
                    return Some(set.spec.replicas.unwrap_or(1));
                };
                let deployment = self.deployments.store().get(namespace, &above.name)?;
                (deployment.uid() == above.uid).then(|| deployment.spec.replicas.unwrap_or(1))
            }
            "StatefulSet" => {
                let set = self.stateful.store().get(namespace, &owner.name).filter(|s| is(s.uid()))?;
                Some(set.spec.replicas.unwrap_or(1))
            }
            "ReplicationController" => {
                let controller = self.replication.store().get(namespace, &owner.name).filter(|s| is(s.uid()))?;
                Some(controller.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1))
            }
            _ => None,
        }
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(budget) = self.budgets.store().by_key(key).filter(|b| !b.is_deleting()) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*budget) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let matcher = matcher(&budget);
        let mut pods = self.pods.store().in_namespace(&key.namespace);
        pods.retain(|p| matcher.matches(p.metadata.labels.as_ref()));
        if pods.is_empty() {
            self.recorder.normal(&*budget, "NoPods", "No matching pods found");
        }
        let now = self.env.now();
        match plan(&budget, &pods, &|owner, namespace| self.scale(owner, namespace), now) {
            Ok(plan) => {
                if plan.unmanaged {
                    let message = "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.";
                    self.recorder.warning(&*budget, "UnmanagedPods", message);
                }
                for pod in pods.iter().filter(|p| plan.not_deleted.iter().any(|n| n == p.name())) {
                    let message = format!("Pod was expected by PDB {key} to be deleted but it wasn't");
                    self.recorder.warning(&**pod, "NotDeleted", &message);
                }
                self.write(&budget, plan.status).await?;
                let next = plan.next.and_then(|left| Duration::try_from(left).ok());
                Ok(next.map_or(Next::Done, |left| Next::After(left + Duration::from_millis(10))))
            }
            Err(error) => {
                let message = format!("Failed to calculate the number of expected pods: {error}");
                self.recorder.warning(&*budget, "CalculateExpectedPodCountFailed", &message);
                // Better too few evictions than too many.
                let mut status = budget.status.clone().unwrap_or_default();
                status.disruptions_allowed = Some(0);
                plan::set_condition(&mut status, "False", "SyncFailed", &error.to_string(), now);
                self.write(&budget, status).await?;
                Ok(Next::Retry)
            }
        }
    }

    async fn write(&self, budget: &PodDisruptionBudget, status: PodDisruptionBudgetStatus) -> Result<(), Error> {
        if budget.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let changed = PodDisruptionBudget { status: Some(status), ..budget.clone() };
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(|written| self.written.wrote(&written)),
        }
    }
}
