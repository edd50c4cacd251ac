//! What to do about a deployment: which replica sets to make, scale and remove, and what its status then says.

use std::{sync::Arc, time::Duration};

use client::Object;
use jiff::Timestamp;
use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet, ReplicaSetSpec},
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use super::{
    conditions::{self, NEW_AVAILABLE, PAUSED, PROGRESSING, REPLICA_FAILURE, TIMED_OUT},
    rolling,
    sets::{self, HASH_LABEL, age, max_surge, replicas, revision, same_template, wanted},
};

/// A replica set as it is and as it shall be.
#[derive(Debug, Clone)]
pub struct Set {
    /// As it shall be.
    pub now: ReplicaSet,
    /// As it is; `None`: it shall be made.
    pub was: Option<Arc<ReplicaSet>>,
    /// What to say when it is done.
    pub event: Option<String>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make a replica set.
    Create {
        /// The replica set.
        set: Box<ReplicaSet>,
        /// What to say then.
        event: Option<String>,
    },
    /// Change size, annotations or minReadySeconds of one.
    Update {
        /// As it is.
        was: Arc<ReplicaSet>,
        /// As it shall be.
        now: Box<ReplicaSet>,
        /// What to say then.
        event: Option<String>,
    },
    /// Remove one of the history.
    Delete(Arc<ReplicaSet>),
    /// Replace the deployment's template by an old one, or only take the request away.
    Rollback(Box<Deployment>),
    /// Say something.
    Event {
        /// Whether it is a warning.
        warning: bool,
        /// Reason.
        reason: &'static str,
        /// Message.
        message: String,
    },
}

/// All that is to be done now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In this order.
    pub actions: Vec<Action>,
    /// The status to write; `None`: it is right.
    pub status: Option<DeploymentStatus>,
    /// The revision that the deployment shall show; `None`: it is right.
    pub revision: Option<String>,
    /// When to look again.
    pub next: Option<Duration>,
}

/// A deployment in the works.
pub struct Rollout<'a> {
    /// The deployment.
    pub deployment: &'a Deployment,
    /// Its status so far.
    pub status: DeploymentStatus,
    /// The replica set of its template.
    pub newest: Option<Set>,
    /// All others, oldest first.
    pub old: Vec<Set>,
    /// The time.
    pub time: Timestamp,
    revision: Option<String>,
    actions: Vec<Action>,
}

/// Decides. `sets` are the deployment's own; `old_pods_run` says whether pods of other replica sets than the one with this
/// UID (of all, for `None`) have not ended.
pub fn plan(
    deployment: &Deployment,
    own: &[Arc<ReplicaSet>],
    old_pods_run: &dyn Fn(Option<&str>) -> bool,
    time: Timestamp,
) -> Plan {
    let mut rollout = Rollout::new(deployment, own, time);
    if deployment.spec.selector == LabelSelector::default() {
        return rollout.selects_all();
    }
    if deployment.is_deleting() {
        rollout.sync_newest(false);
        return rollout.finish(false);
    }
    rollout.sync_paused();
    let paused = deployment.spec.paused == Some(true);
    if !paused && let Some(target) = deployment.annotation(sets::ROLLBACK_TO).and_then(|r| r.parse::<i64>().ok()) {
        rollout.sync_newest(true);
        return rollout.roll_back(target);
    }
    rollout.sync_newest(false);
    if paused || rollout.is_resized() {
        rolling::resize(&mut rollout);
        if paused {
            rollout.clean_up();
        }
        return rollout.finish(false);
    }
    if sets::is_rolling(deployment) {
        rollout.sync_newest(true);
        if !rolling::scale_up_newest(&mut rollout) && !rolling::scale_down_old(&mut rollout) {
            rollout.clean_up_when_complete();
        }
    } else {
        rollout.recreate(old_pods_run);
    }
    rollout.finish(true)
}

impl<'a> Rollout<'a> {
    fn new(deployment: &'a Deployment, own: &[Arc<ReplicaSet>], time: Timestamp) -> Self {
        let mut own = own.to_vec();
        own.sort_by_key(|s| age(s));
        let is_newest =
            |s: &Arc<ReplicaSet>| s.spec.template.as_ref().is_some_and(|t| same_template(t, &deployment.spec.template));
        let newest = own.iter().position(is_newest).map(|at| own.remove(at));
        let set = |s: Arc<ReplicaSet>| Set { now: (*s).clone(), was: Some(s), event: None };
        Self {
            deployment,
            status: deployment.status.clone().unwrap_or_default(),
            newest: newest.map(set),
            old: own.into_iter().map(set).collect(),
            time,
            revision: None,
            actions: Vec::new(),
        }
    }

    /// All replica sets as they shall be, the newest last.
    #[must_use]
    pub fn all(&self) -> Vec<&ReplicaSet> {
        self.old.iter().chain(&self.newest).map(|s| &s.now).collect()
    }

    /// Wanted pods of all replica sets.
    #[must_use]
    pub fn total(&self) -> i32 {
        self.all().into_iter().map(replicas).sum()
    }

    /// Sets the size of a replica set, says so; whether the size changed. `force` also brings its notes up to date.
    pub fn scale(deployment: &Deployment, set: &mut Set, size: i32, force: bool) -> bool {
        let before = replicas(&set.now);
        if before == size && !force {
            return false;
        }
        sets::set_sizes(set.now.metadata.annotations.get_or_insert_default(), deployment);
        if before == size {
            return false;
        }
        set.now.spec.replicas = Some(size);
        let direction = if before < size { "up" } else { "down" };
        set.event = Some(format!("Scaled {direction} replica set {} from {before} to {size}", Object::name(&set.now)));
        true
    }

    fn selects_all(mut self) -> Plan {
        self.actions.push(Action::Event {
            warning: true,
            reason: "SelectingAll",
            message: "This deployment is selecting all pods. A non-empty selector is required.".to_owned(),
        });
        self.status.observed_generation = self.deployment.metadata.generation;
        let status = self.changed_status();
        if status.is_none() {
            self.actions.clear();
        }
        Plan { actions: self.actions, status, ..Plan::default() }
    }

    fn sync_paused(&mut self) {
        let reason = conditions::get(&self.status, PROGRESSING).and_then(|c| c.reason.as_deref());
        if conditions::deadline(self.deployment).is_none() || reason == Some(TIMED_OUT) {
            return;
        }
        let paused = self.deployment.spec.paused == Some(true);
        let (reason, message) = match (paused, reason == Some(PAUSED)) {
            (true, false) => (PAUSED, "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            (true, true) | (false, false) => return,
        };
        let condition = conditions::new(PROGRESSING, "Unknown", reason, message.to_owned(), self.time);
        conditions::set(&mut self.status, condition);
    }

    /// Brings revision and annotations of the newest replica set up to date; makes one if allowed.
    fn sync_newest(&mut self, may_create: bool) {
        let revision = self.old.iter().map(|s| revision(&s.now)).max().unwrap_or_default() + 1;
        let Some(set) = &mut self.newest else {
            if may_create {
                self.create_newest(revision);
            }
            return;
        };
        if set.was.is_none() {
            return;
        }
        let annotations = set.now.metadata.annotations.get_or_insert_default();
        sets::copy_annotations(self.deployment, annotations);
        sets::set_revision(annotations, revision);
        let shown = annotations.get(sets::REVISION).cloned();
        if set.now.spec.min_ready_seconds.unwrap_or_default()
            != self.deployment.spec.min_ready_seconds.unwrap_or_default()
        {
            set.now.spec.min_ready_seconds = self.deployment.spec.min_ready_seconds;
        }
        if conditions::deadline(self.deployment).is_some() && conditions::get(&self.status, PROGRESSING).is_none() {
            let message = format!("Found new replica set \"{}\"", Object::name(&set.now));
            let condition = conditions::new(PROGRESSING, "True", "FoundNewReplicaSet", message, self.time);
            conditions::set(&mut self.status, condition);
        }
        self.show_revision(shown);
    }

    fn show_revision(&mut self, shown: Option<String>) {
        if shown.as_deref() != self.deployment.annotation(sets::REVISION) {
            self.revision = shown;
        }
    }

    fn create_newest(&mut self, revision: i64) {
        let deployment = self.deployment;
        let hash = sets::hash(&deployment.spec.template, self.status.collision_count);
        let mut template = deployment.spec.template.clone();
        let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
        labels.insert(HASH_LABEL.to_owned(), hash.clone());
        let labels = labels.clone();
        let mut selector = deployment.spec.selector.clone();
        selector.match_labels.get_or_insert_default().insert(HASH_LABEL.to_owned(), hash.clone());
        let mut annotations = std::collections::BTreeMap::new();
        sets::copy_annotations(deployment, &mut annotations);
        sets::set_revision(&mut annotations, revision);
        sets::set_sizes(&mut annotations, deployment);
        let mut set = ReplicaSet {
            metadata: ObjectMeta {
                name: Some(sets::set_name(Object::name(deployment), &hash)),
                namespace: deployment.metadata.namespace.clone(),
                labels: Some(labels),
                annotations: Some(annotations),
                owner_references: Some(vec![deployment.owner_reference()]),
                ..ObjectMeta::default()
            },
            spec: ReplicaSetSpec {
                replicas: Some(0),
                min_ready_seconds: deployment.spec.min_ready_seconds,
                selector,
                template: Some(template),
            },
            status: None,
        };
        let size = if sets::is_rolling(deployment) {
            (wanted(deployment) + max_surge(deployment) - self.total()).clamp(0, wanted(deployment).max(0))
        } else {
            wanted(deployment)
        };
        set.spec.replicas = Some(size);
        let name = Object::name(&set).to_owned();
        let event = (size > 0).then(|| format!("Scaled up replica set {name} from 0 to {size}"));
        if conditions::deadline(deployment).is_some() {
            let message = format!("Created new replica set \"{name}\"");
            let condition = conditions::new(PROGRESSING, "True", "NewReplicaSetCreated", message, self.time);
            conditions::set(&mut self.status, condition);
        }
        self.show_revision(Some(revision.to_string()));
        self.newest = Some(Set { now: set, was: None, event });
    }

    fn is_resized(&self) -> bool {
        let active = self.all().into_iter().filter(|s| replicas(s) > 0);
        active.filter_map(|s| sets::noted(s, sets::DESIRED)).any(|noted| noted != wanted(self.deployment))
    }

    fn recreate(&mut self, old_pods_run: &dyn Fn(Option<&str>) -> bool) {
        let mut scaled = false;
        for set in &mut self.old {
            scaled |= Self::scale(self.deployment, set, 0, false);
        }
        if scaled {
            return;
        }
        let uid = self.newest.as_ref().map(|s| Object::uid(&s.now).to_owned());
        if self.old.iter().any(|s| sets::actual(&s.now) > 0) || old_pods_run(uid.as_deref()) {
            return;
        }
        self.sync_newest(true);
        if let Some(set) = &mut self.newest {
            Self::scale(self.deployment, set, wanted(self.deployment), false);
        }
        self.clean_up_when_complete();
    }

    fn clean_up_when_complete(&mut self) {
        let before = self.deployment.status.clone().unwrap_or_default();
        if conditions::is_complete(self.deployment, &before) {
            self.clean_up();
        }
    }

    /// Removes what is beyond the history's limit, oldest revision first.
    fn clean_up(&mut self) {
        let Some(limit) = self.deployment.spec.revision_history_limit.filter(|l| *l != i32::MAX) else {
            return;
        };
        let mut history: Vec<Arc<ReplicaSet>> =
            self.old.iter().filter_map(|s| s.was.clone()).filter(|s| !s.is_deleting()).collect();
        let surplus = history.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        history.sort_by_key(|s| (revision(&**s), age(s)));
        for set in history.into_iter().take(surplus) {
            let observed = set.status.as_ref().and_then(|s| s.observed_generation).unwrap_or_default();
            if sets::actual(&set) == 0 && replicas(&set) == 0 && set.generation() <= observed {
                self.actions.push(Action::Delete(set));
            }
        }
    }

    fn roll_back(mut self, target: i64) -> Plan {
        let all: Vec<Arc<ReplicaSet>> = self.old.iter().chain(&self.newest).filter_map(|s| s.was.clone()).collect();
        let mut revisions: Vec<i64> = all.iter().map(|s| revision(&**s)).collect();
        revisions.sort_unstable();
        let target = if target == 0 { revisions.iter().rev().nth(1).copied().unwrap_or_default() } else { target };
        let mut deployment = self.deployment.clone();
        let name = Object::name(self.deployment);
        let mut say = |warning, reason, message| self.actions.push(Action::Event { warning, reason, message });
        let found = all.iter().find(|s| target > 0 && revision(&***s) == target);
        match found.and_then(|s| s.spec.template.as_ref().map(|t| (s, t))) {
            None if target == 0 => {
                say(true, "DeploymentRollbackRevisionNotFound", "Unable to find last revision.".to_owned());
            }
            None => {
                let message = "Unable to find the revision to rollback to.".to_owned();
                say(true, "DeploymentRollbackRevisionNotFound", message);
            }
            Some((_, template)) if same_template(template, &self.deployment.spec.template) => {
                let message =
                    format!("The rollback revision contains the same template as current deployment \"{name}\"");
                say(true, "DeploymentRollbackTemplateUnchanged", message);
            }
            Some((set, template)) => {
                deployment.spec.template = template.clone();
                let labels = deployment.spec.template.metadata.as_mut().and_then(|m| m.labels.as_mut());
                labels.map(|l| l.remove(HASH_LABEL));
                let annotations = deployment.metadata.annotations.get_or_insert_default();
                annotations.retain(|key, _| sets::is_own_annotation(key));
                let old = set.metadata.annotations.iter().flatten();
                annotations
                    .extend(old.filter(|(k, _)| !sets::is_own_annotation(k)).map(|(k, v)| (k.clone(), v.clone())));
                let message = format!("Rolled back deployment \"{name}\" to revision {target}");
                say(false, "DeploymentRollback", message);
            }
        }
        deployment.metadata.annotations.get_or_insert_default().remove(sets::ROLLBACK_TO);
        let mut actions = self.set_actions();
        actions.push(Action::Rollback(Box::new(deployment)));
        actions.append(&mut self.actions);
        Plan { actions, ..Plan::default() }
    }

    fn set_actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for set in self.newest.iter().chain(&self.old) {
            match &set.was {
                None => {
                    actions.push(Action::Create { set: Box::new(set.now.clone()), event: set.event.clone() });
                }
                Some(was) if **was != set.now => actions.push(Action::Update {
                    was: was.clone(),
                    now: Box::new(set.now.clone()),
                    event: set.event.clone(),
                }),
                Some(_) => {}
            }
        }
        actions
    }

    fn changed_status(&self) -> Option<DeploymentStatus> {
        let before = self.deployment.status.clone().unwrap_or_default();
        (!conditions::same(&before, &self.status)).then(|| self.status.clone())
    }

    fn finish(mut self, rollout: bool) -> Plan {
        let before = self.status.clone();
        let newest = self.newest.as_ref().map(|s| s.now.clone());
        let all: Vec<ReplicaSet> = self.all().into_iter().cloned().collect();
        let all: Vec<&ReplicaSet> = all.iter().collect();
        self.status = conditions::count(self.deployment, &before, &all, newest.as_ref(), self.time);
        if rollout {
            self.sync_progress(&before);
            match conditions::failure(&all, newest.as_ref()) {
                Some(condition) => conditions::set(&mut self.status, condition),
                None => conditions::remove(&mut self.status, REPLICA_FAILURE),
            }
        }
        let mut actions = self.set_actions();
        let status = self.changed_status();
        let next = if rollout && status.is_none() { self.deadline_left() } else { None };
        actions.append(&mut self.actions);
        Plan { actions, status, revision: self.revision, next }
    }

    fn sync_progress(&mut self, before: &DeploymentStatus) {
        if conditions::deadline(self.deployment).is_none() {
            conditions::remove(&mut self.status, PROGRESSING);
            return;
        }
        let current = conditions::get(before, PROGRESSING).cloned();
        let settled = current.as_ref().is_some_and(|c| c.reason.as_deref() == Some(NEW_AVAILABLE));
        if settled && self.status.replicas == self.status.updated_replicas {
            return;
        }
        let name = match &self.newest {
            Some(set) => format!("ReplicaSet \"{}\"", Object::name(&set.now)),
            None => format!("Deployment \"{}\"", Object::name(self.deployment)),
        };
        if conditions::is_complete(self.deployment, &self.status) {
            let message = format!("{name} has successfully progressed.");
            let condition = conditions::new(PROGRESSING, "True", NEW_AVAILABLE, message, self.time);
            conditions::set(&mut self.status, condition);
        } else if conditions::is_progressing(before, &self.status) {
            let message = format!("{name} is progressing.");
            let mut condition = conditions::new(PROGRESSING, "True", "ReplicaSetUpdated", message, self.time);
            if let Some(current) = current.filter(|c| c.status.as_deref() == Some("True")) {
                condition.last_transition_time = current.last_transition_time;
            }
            // Removed first, so that the time of the last step is always the newest.
            conditions::remove(&mut self.status, PROGRESSING);
            conditions::set(&mut self.status, condition);
        } else if conditions::is_timed_out(self.deployment, &self.status, self.time) {
            let message = format!("{name} has timed out progressing.");
            let condition = conditions::new(PROGRESSING, "False", TIMED_OUT, message, self.time);
            conditions::set(&mut self.status, condition);
        }
    }

    /// How long until the deadline for progress.
    fn deadline_left(&self) -> Option<Duration> {
        let seconds = conditions::deadline(self.deployment)?;
        let condition = conditions::get(&self.status, PROGRESSING)?;
        if conditions::is_complete(self.deployment, &self.status)
            || condition.reason.as_deref() == Some(TIMED_OUT)
            || condition.reason.as_deref() == Some(NEW_AVAILABLE)
        {
            return None;
        }
        let passed = self.time.duration_since(condition.last_update_time.as_ref()?.0).as_secs_f64();
        // Times are kept in whole seconds: a second more, so that the deadline has surely passed.
        Some(Duration::from_secs_f64((f64::from(seconds) - passed).max(0.0) + 1.0))
    }
}
