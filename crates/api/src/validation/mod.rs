//! Validation with upstream's field paths, order and messages. Objects come here in their normal form, with defaults.

mod autoscaling;
mod batch;
mod config;
mod cursor;
mod definition;
mod diff;
mod endpoints;
mod event;
mod labels;
mod meta;
mod network;
mod node;
mod pod;
mod policies;
mod policy;
mod quota;
mod rbac;
mod service;
mod service_ips;
mod signer;
mod storage;
mod storage_claims;
mod webhooks;
mod workloads;

use crate::{Resource, custom};
use apimachinery::field::{FieldError, Path};
use cursor::{At, Report};
use serde_json::Value;

/// What is special about a kind beside its metadata.
struct Rules {
    /// The main resource; with the old object on update.
    main: fn(&Value, Option<&Value>, &mut Report),
    /// The status.
    status: fn(&Value, &Value, &mut Report),
}

fn no_status(_: &Value, _: &Value, _: &mut Report) {}

const fn main(main: fn(&Value, Option<&Value>, &mut Report)) -> Option<Rules> {
    Some(Rules { main, status: no_status })
}

const fn both(main: fn(&Value, Option<&Value>, &mut Report), status: fn(&Value, &Value, &mut Report)) -> Option<Rules> {
    Some(Rules { main, status })
}

fn rules(resource: &Resource) -> Option<Rules> {
    match (&*resource.group, &*resource.kind) {
        ("", "Pod") => both(pod_rules, pod::status::update),
        ("", "Service") => both(service::service, service::status),
        ("", "Namespace") => both(config::namespace, config::namespace_status),
        ("", "Node") => main(node::node),
        ("", "ConfigMap") => main(config::config_map),
        ("", "Secret") => main(config::secret),
        ("", "Endpoints") => main(endpoints::endpoints),
        ("", "LimitRange") => main(quota::limit_range),
        ("", "ResourceQuota") => both(quota::resource_quota, quota::status),
        ("", "PodTemplate") => main(workloads::pod_template),
        ("", "ReplicationController") => both(workloads::replication_controller, workloads::replicas_status),
        ("", "PersistentVolume") => main(storage::volume),
        ("", "PersistentVolumeClaim") => main(storage_claims::claim),
        ("" | "events.k8s.io", "Event") => main(event::event),
        ("apps", "Deployment") => both(workloads::deployment, workloads::replicas_status),
        ("apps", "ReplicaSet") => both(workloads::replica_set, workloads::replicas_status),
        ("apps", "StatefulSet") => both(workloads::stateful_set, workloads::replicas_status),
        ("apps", "DaemonSet") => both(workloads::daemon_set, workloads::daemon_set_status),
        ("apps", "ControllerRevision") => main(workloads::controller_revision),
        ("batch", "Job") => both(batch::job, batch::status),
        ("batch", "CronJob") => main(batch::cron_job),
        ("discovery.k8s.io", "EndpointSlice") => main(endpoints::slice),
        ("coordination.k8s.io", "Lease") => main(config::lease),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => main(rbac::role),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => main(rbac::binding),
        ("storage.k8s.io", "StorageClass") => main(storage::class),
        ("storage.k8s.io", "CSIDriver") => main(storage::csi_driver),
        ("networking.k8s.io", "NetworkPolicy") => main(network::policy),
        ("networking.k8s.io", "Ingress") => both(network::ingress, network::ingress_status),
        ("networking.k8s.io", "IngressClass") => main(network::ingress_class),
        ("networking.k8s.io", "ServiceCIDR") => main(network::service_cidr),
        ("policy", "PodDisruptionBudget") => main(policy::disruption_budget),
        ("scheduling.k8s.io", "PriorityClass") => main(policy::priority_class),
        ("node.k8s.io", "RuntimeClass") => main(policy::runtime_class),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => both(definition::definition, definition::status),
        ("autoscaling", "HorizontalPodAutoscaler") => main(autoscaling::autoscaler),
        ("admissionregistration.k8s.io", kind) => admission_rules(kind),
        _ => None,
    }
}

fn admission_rules(kind: &str) -> Option<Rules> {
    match kind {
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => main(webhooks::configuration),
        "ValidatingAdmissionPolicy" => main(policies::validating),
        "ValidatingAdmissionPolicyBinding" => main(policies::validating_binding),
        "MutatingAdmissionPolicy" => main(policies::mutating),
        "MutatingAdmissionPolicyBinding" => main(policies::mutating_binding),
        _ => None,
    }
}

fn pod_rules(new: &Value, old: Option<&Value>, report: &mut Report) {
    match old {
        None => pod::create(new, report),
        Some(old) => pod::update::update(new, old, report),
    }
}

/// What is wrong with a new object. Empty: nothing.
#[must_use]
pub fn create(resource: &Resource, new: &Value) -> Vec<FieldError> {
    let mut report = Report::default();
    if resource.is("", "Binding") {
        return binding(new);
    }
    // Reviews and their like are answered, not kept, and need no name.
    if resource.storage.stored {
        meta::create(resource, new, &mut report);
    }
    if let Some(rules) = rules(resource) {
        (rules.main)(new, None, &mut report);
    }
    if let Some(version) = custom::of(resource) {
        report.errors.extend(custom::create(version, new));
    }
    report.errors
}

/// What is wrong with an update of the main resource.
#[must_use]
pub fn update(resource: &Resource, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut report = Report::default();
    meta::update(resource, new, old, &mut report);
    if let Some(rules) = rules(resource) {
        (rules.main)(new, Some(old), &mut report);
    }
    if let Some(version) = custom::of(resource) {
        report.errors.extend(custom::update(version, new, old));
    }
    report.errors
}

/// What is wrong with an update of the status.
#[must_use]
pub fn status(resource: &Resource, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut report = Report::default();
    meta::update(resource, new, old, &mut report);
    if let Some(rules) = rules(resource) {
        (rules.status)(new, old, &mut report);
    }
    if let Some(version) = custom::of(resource) {
        report.errors.extend(custom::status(version, new, old));
    }
    report.errors
}

/// What is wrong with an update through another subresource that takes the kind itself
/// (`ephemeralcontainers`, `resize`, `finalize`, `approval`); `status` has a function of its own.
#[must_use]
pub fn subresource(resource: &Resource, name: &str, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut report = Report::default();
    meta::update(resource, new, old, &mut report);
    match (&*resource.kind, name) {
        ("Pod", "ephemeralcontainers") => pod::update::ephemeral_containers(new, old, &mut report),
        ("Pod", "resize") => pod::resize::resize(new, old, &mut report),
        ("Namespace", "finalize") => config::namespace_finalizers(new, &mut report),
        _ => {}
    }
    report.errors
}

/// The difference of two values as it stands in refusals: a unified diff of their indented JSON.
#[must_use]
pub fn unified_diff(old: &Value, new: &Value) -> String {
    diff::unified(old, new)
}

/// What is said about a CustomResourceDefinition that is not wrong.
#[must_use]
pub fn definition_warnings(object: &Value) -> Vec<String> {
    definition::warnings(object)
}

/// What is wrong with the metadata of an object inside of another (`path` is where that object is).
pub(crate) fn embedded_metadata(object: &Value, path: &Path) -> Vec<FieldError> {
    let mut report = Report::default();
    meta::embedded(&At::new(&object["metadata"], path.child("metadata")), &mut report);
    report.errors
}

/// What is wrong with a `Binding`.
#[must_use]
pub fn binding(object: &Value) -> Vec<FieldError> {
    let mut report = Report::default();
    let target = At::root(object, "target");
    let (kind, name) = (target.child("kind"), target.child("name"));
    let is_node = matches!(kind.text(), "" | "Node");
    if !is_node {
        report.not_supported(&kind, &["Node", "<empty>"]);
    }
    if name.text().is_empty() {
        report.required(&name, "");
    } else if is_node {
        report.subdomain(&name);
    }
    report.errors
}

/// What is wrong with the name of a signer, `example.com/signer-name`.
#[must_use]
pub fn signer_name(path: &Path, name: &str) -> Vec<FieldError> {
    let mut report = Report::default();
    signer::name(&At::new(&Value::from(name), path.clone()), &mut report);
    report.errors
}

/// What is wrong with a `Scale`.
#[must_use]
pub fn scale(object: &Value) -> Vec<FieldError> {
    let mut report = Report::default();
    let spec = At::root(object, "spec");
    report.nonnegative(&spec.child("replicas"));
    report.errors
}

#[cfg(test)]
mod tests;
