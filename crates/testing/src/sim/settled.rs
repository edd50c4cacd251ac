//! What is missing until the cluster is as it was asked to be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    objects::{controller, holds, is_deleting, is_over, list, number, text, uid},
    world::World,
};

type Objects = BTreeMap<String, Value>;

/// The objects of a kind.
fn all<'a>(objects: &'a Objects, kind: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let prefix = format!("/registry/{kind}/");
    let end = format!("/registry/{kind}0");
    objects.range(prefix..end).map(|(_, object)| object)
}

fn name(object: &Value) -> String {
    format!("{}/{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// Everything that is not as it should be; empty: peace.
pub fn unmet(world: &World) -> Vec<String> {
    let objects = world.objects();
    let mut unmet = Vec::new();
    unmet.extend(
        world
            .judge
            .wanted()
            .into_iter()
            .filter(|key| !objects.contains_key(key))
            .map(|key| format!("{key} is missing")),
    );
    nodes(&objects, world.nodes.len(), &mut unmet);
    namespaces(&objects, &mut unmet);
    deployments(&objects, &mut unmet);
    replica_sets(&objects, &mut unmet);
    stateful_sets(&objects, &mut unmet);
    daemon_sets(&objects, &mut unmet);
    jobs(&objects, &mut unmet);
    pods(&objects, &mut unmet);
    endpoints(&objects, &mut unmet);
    orphans(&objects, &mut unmet);
    machines(&objects, world, &mut unmet);
    unmet
}

fn nodes(objects: &Objects, count: usize, unmet: &mut Vec<String>) {
    let good = |node: &&Value| holds(node, "Ready") && list(node, "/spec/taints").is_empty();
    let ready = all(objects, "core/nodes").filter(good).count();
    if ready != count {
        unmet.push(format!("{ready} of {count} nodes are ready and free of taints"));
    }
}

fn namespaces(objects: &Objects, unmet: &mut Vec<String>) {
    for namespace in all(objects, "core/namespaces") {
        let own = text(namespace, "/metadata/name");
        if is_deleting(namespace) {
            unmet.push(format!("namespace {own} is still going"));
        } else if !objects.contains_key(&format!("/registry/core/serviceaccounts/{own}/default")) {
            unmet.push(format!("namespace {own} has no service account"));
        }
    }
    for key in objects.keys() {
        // `/registry/<group>/<resource>/<namespace>/<name>`
        let parts: Vec<&str> = key.split('/').collect();
        if parts.len() == 6 && !objects.contains_key(&format!("/registry/core/namespaces/{}", parts[4])) {
            unmet.push(format!("{key} has no namespace"));
        }
    }
}

fn observed(object: &Value) -> bool {
    number(object, "/status/observedGeneration") == number(object, "/metadata/generation")
}

/// Counts of the status that must be `wanted`.
fn counts(object: &Value, kind: &str, wanted: i64, fields: &[&str], unmet: &mut Vec<String>) {
    for field in fields {
        let found = number(object, &format!("/status/{field}"));
        if found != wanted {
            unmet.push(format!("{kind} {}: {field} is {found}, not {wanted}", name(object)));
        }
    }
    if !observed(object) {
        unmet.push(format!("{kind} {}: the newest generation was not observed", name(object)));
    }
    if is_deleting(object) {
        unmet.push(format!("{kind} {} is still going", name(object)));
    }
}

fn deployments(objects: &Objects, unmet: &mut Vec<String>) {
    for deployment in all(objects, "apps/deployments") {
        let wanted = number(deployment, "/spec/replicas");
        let fields = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
        counts(deployment, "Deployment", wanted, &fields, unmet);
        let image = text(deployment, "/spec/template/spec/containers/0/image");
        let sets =
            all(objects, "apps/replicasets").filter(|s| controller(s).is_some_and(|(_, of)| of == uid(deployment)));
        for set in sets {
            let own = text(set, "/spec/template/spec/containers/0/image");
            let (replicas, wanted) = (number(set, "/spec/replicas"), if own == image { wanted } else { 0 });
            if replicas != wanted && own != image {
                unmet.push(format!("ReplicaSet {} of an old revision has {replicas} replicas", name(set)));
            }
        }
    }
}

fn replica_sets(objects: &Objects, unmet: &mut Vec<String>) {
    for set in all(objects, "apps/replicasets") {
        let wanted = number(set, "/spec/replicas");
        counts(set, "ReplicaSet", wanted, &["replicas", "readyReplicas", "availableReplicas"], unmet);
        let own = living_of(objects, set).count();
        if i64::try_from(own).ok() != Some(wanted) {
            unmet.push(format!("ReplicaSet {} has {own} pods, not {wanted}", name(set)));
        }
    }
}

/// The pods of a controller that have not ended.
fn living_of<'a>(objects: &'a Objects, owner: &'a Value) -> impl Iterator<Item = &'a Value> {
    all(objects, "core/pods").filter(|p| !is_over(p) && controller(p).is_some_and(|(_, of)| of == uid(owner)))
}

fn stateful_sets(objects: &Objects, unmet: &mut Vec<String>) {
    for set in all(objects, "apps/statefulsets") {
        let wanted = number(set, "/spec/replicas");
        let fields = ["replicas", "readyReplicas", "availableReplicas", "currentReplicas"];
        counts(set, "StatefulSet", wanted, &fields, unmet);
        if text(set, "/status/currentRevision") != text(set, "/status/updateRevision") {
            unmet.push(format!("StatefulSet {} is between two revisions", name(set)));
        }
        let names: BTreeSet<String> = living_of(objects, set).map(name).collect();
        let expected: BTreeSet<String> = (0..wanted).map(|at| format!("{}-{at}", name(set))).collect();
        if names != expected {
            unmet.push(format!("StatefulSet {} has the pods {names:?}", name(set)));
        }
    }
}

fn daemon_sets(objects: &Objects, unmet: &mut Vec<String>) {
    let nodes = i64::try_from(all(objects, "core/nodes").count()).unwrap_or(0);
    for set in all(objects, "apps/daemonsets") {
        let fields = [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberReady",
            "numberAvailable",
        ];
        counts(set, "DaemonSet", nodes, &fields, unmet);
        let on: BTreeSet<&str> = living_of(objects, set).map(|p| text(p, "/spec/nodeName")).collect();
        let count = living_of(objects, set).count();
        if on.len() != count || i64::try_from(count).ok() != Some(nodes) {
            unmet.push(format!("DaemonSet {} has {count} pods on {} of {nodes} nodes", name(set), on.len()));
        }
    }
}

fn jobs(objects: &Objects, unmet: &mut Vec<String>) {
    for job in all(objects, "batch/jobs") {
        let (completions, succeeded) = (number(job, "/spec/completions"), number(job, "/status/succeeded"));
        if !holds(job, "Complete") {
            unmet.push(format!("Job {} is not complete: {succeeded} of {completions}", name(job)));
        } else if succeeded != completions {
            unmet.push(format!("Job {} is complete with {succeeded} of {completions}", name(job)));
        }
        if number(job, "/status/active") != 0 || living_of(objects, job).next().is_some() {
            unmet.push(format!("Job {} has active pods", name(job)));
        }
        for pod in all(objects, "core/pods").filter(|p| controller(p).is_some_and(|(_, of)| of == uid(job))) {
            if !list(pod, "/metadata/finalizers").is_empty() {
                unmet.push(format!("pod {} of a Job is still tracked", name(pod)));
            }
        }
    }
    for cron in all(objects, "batch/cronjobs") {
        if !list(cron, "/status/active").is_empty() {
            unmet.push(format!("CronJob {} has active Jobs", name(cron)));
        }
    }
}

fn pods(objects: &Objects, unmet: &mut Vec<String>) {
    for pod in all(objects, "core/pods") {
        if is_deleting(pod) {
            unmet.push(format!("pod {} is still going", name(pod)));
        } else if !is_over(pod) && !holds(pod, "Ready") {
            unmet.push(format!("pod {} is {} and not ready", name(pod), text(pod, "/status/phase")));
        }
    }
}

/// Ready addresses behind each service are those of the ready pods that it selects.
fn endpoints(objects: &Objects, unmet: &mut Vec<String>) {
    for service in all(objects, "core/services") {
        let app = text(service, "/spec/selector/app");
        if app.is_empty() {
            continue;
        }
        let namespace = text(service, "/metadata/namespace");
        let ready = |p: &&Value| {
            text(p, "/metadata/namespace") == namespace
                && text(p, "/metadata/labels/app") == app
                && !is_over(p)
                && holds(p, "Ready")
        };
        let wanted: BTreeSet<&str> =
            all(objects, "core/pods").filter(ready).map(|p| text(p, "/status/podIP")).collect();
        let of = |slice: &&Value| {
            text(slice, "/metadata/namespace") == namespace
                && slice["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]
        };
        let slices = all(objects, "discovery.k8s.io/endpointslices").filter(of);
        let listed = slices.flat_map(|s| list(s, "/endpoints")).filter(|e| e["conditions"]["ready"] == true);
        let found: BTreeSet<&str> = listed.map(|e| text(e, "/addresses/0")).collect();
        if found != wanted {
            unmet.push(format!("the slices of Service {} have {found:?}, not {wanted:?}", name(service)));
        }
        let key = format!("/registry/core/endpoints/{namespace}/{}", text(service, "/metadata/name"));
        let subsets = objects.get(&key).map(|e| list(e, "/subsets")).unwrap_or_default();
        let found: BTreeSet<&str> =
            subsets.iter().flat_map(|s| list(s, "/addresses")).map(|a| text(a, "/ip")).collect();
        if found != wanted {
            unmet.push(format!("Endpoints {} have {found:?}, not {wanted:?}", name(service)));
        }
    }
}

/// What names an owner that is gone must be gone too.
fn orphans(objects: &Objects, unmet: &mut Vec<String>) {
    let living: BTreeSet<&str> = objects.values().map(uid).collect();
    for (key, object) in objects {
        let owners = list(object, "/metadata/ownerReferences");
        if !owners.is_empty() && !owners.iter().any(|o| living.contains(text(o, "/uid"))) {
            unmet.push(format!("{key} outlives its owner"));
        }
    }
}

/// What runs is what the API says, on every machine.
fn machines(objects: &Objects, world: &World, unmet: &mut Vec<String>) {
    for node in &world.nodes {
        let here = |p: &&Value| text(p, "/spec/nodeName") == node.name && !is_over(p);
        let wanted: BTreeMap<&str, String> =
            all(objects, "core/pods").filter(here).map(|p| (uid(p), name(p))).collect();
        let running = node.runtime.pods();
        for (uid, containers) in &running {
            match wanted.get(uid.as_str()) {
                Some(name) if containers.is_empty() => unmet.push(format!("{name} has no container on {}", node.name)),
                Some(_) => {}
                None => unmet.push(format!("{} runs something of a pod that is not there: {uid}", node.name)),
            }
        }
        for (uid, name) in &wanted {
            if !running.iter().any(|(of, _)| of == uid) {
                unmet.push(format!("{name} does not run on {}", node.name));
            }
        }
        let (used, pods) = (node.network.in_use(), running.len());
        if used != pods {
            unmet.push(format!("{used} addresses are in use on {} by {pods} pods", node.name));
        }
    }
}
