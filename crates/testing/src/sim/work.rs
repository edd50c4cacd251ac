//! What users do, and what goes wrong meanwhile, from the seed.

use std::time::Duration;

use client::{DeleteOptions, Error, Object, PatchKind};
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, StatefulSet},
    batch::v1::{CronJob, Job},
    core::v1::{ConfigMap, Namespace, Node, Pod, Service},
};
use serde_json::{Value, json};

use super::{objects, objects::text, world::World};
use crate::cluster::object;

const NAMESPACES: [&str; 3] = ["default", "team-a", "team-b"];
const NAMES: [&str; 3] = ["web", "shop", "mail"];

/// What goes wrong in a run: some runs have healthy networks, so that what must hold there is tested strictly.
struct Weather {
    calls: u64,
    watches: u64,
    commits: u64,
    restarts: bool,
    nodes: bool,
    clocks: bool,
}

impl Weather {
    fn of(world: &World) -> Self {
        let rate = |most| if world.rng.below(3) == 0 { 0 } else { world.rng.below(most) };
        let (calls, watches, commits) = (rate(60), rate(200), rate(20));
        let is = || world.rng.below(4) > 0;
        Self { calls, watches, commits, restarts: is(), nodes: is(), clocks: is() }
    }
}

/// Works and breaks things for so long; the pauses are `pace` times those of a busy day.
pub async fn until(world: &World, length: Duration, pace: u32) {
    let weather = Weather::of(world);
    let end = tokio::time::Instant::now() + length;
    // A calm start: the first objects exist before the first fault.
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.faults.set(weather.calls, weather.watches, weather.commits);
    if weather.watches > 0 {
        let all_the_time = i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 2);
        (0..world.nodes.len()).for_each(|node| world.blind(node, all_the_time));
    }
    while tokio::time::Instant::now() < end && world.judge.is_content() {
        if world.rng.below(5) == 0 {
            trouble(world, &weather).await;
        } else {
            user(world).await;
        }
        // Mostly in the middle of the work for the last one, sometimes after it.
        let most = [500, 5_000, 30_000, 300_000][usize::try_from(world.rng.below(4)).unwrap_or(0)];
        tokio::time::sleep(Duration::from_millis(world.rng.below(most)) * pace).await;
    }
}

fn pick<'a>(world: &World, from: &[&'a str]) -> &'a str {
    from[usize::try_from(world.rng.below(from.len() as u64)).unwrap_or(0)]
}

fn key<K: Object>(resource: &str, namespace: &str, name: &str) -> String {
    let group = K::API_VERSION.split_once('/').map_or("core", |(group, _)| group);
    if namespace.is_empty() {
        format!("/registry/{group}/{resource}/{name}")
    } else {
        format!("/registry/{group}/{resource}/{namespace}/{name}")
    }
}

async fn create<K: Object>(world: &World, resource: &str, value: Value) {
    let (namespace, name) = (text(&value, "/metadata/namespace").to_owned(), text(&value, "/metadata/name").to_owned());
    let created = world.admin.create(&object::<K>(value)).await;
    world.judge.note(&format!("create {} {namespace}/{name}: {}", K::KIND, said(&created)));
    if created.is_ok() && K::KIND != "Pod" {
        world.judge.want(&key::<K>(resource, &namespace, &name), true);
    }
}

fn said<T>(result: &Result<T, Error>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn delete<K: Object>(world: &World, resource: &str, namespace: &str, name: &str) {
    world.judge.want(&key::<K>(resource, namespace, name), false);
    let policy = pick(world, &["Background", "Background", "Foreground"]);
    let done = world.admin.delete::<K>(namespace, name, &DeleteOptions::default().propagation(policy)).await;
    world.judge.note(&format!("delete {} {namespace}/{name} ({policy}): {}", K::KIND, said(&done)));
}

async fn change<K: Object>(world: &World, namespace: &str, name: &str, patch: Value) {
    let kind = if patch.is_array() { PatchKind::Json } else { PatchKind::Merge };
    let done = world.admin.patch::<K>(namespace, name, kind, &patch).await;
    world.judge.note(&format!("change {} {namespace}/{name} {patch}: {}", K::KIND, said(&done)));
}

fn scale(world: &World) -> Value {
    json!({"spec": {"replicas": world.rng.below(6)}})
}

/// Forward, or back to what was.
fn roll(world: &World) -> Value {
    let image = format!("web:{}", world.rng.below(3));
    json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}])
}

async fn user(world: &World) {
    let (namespace, name) = (pick(world, &NAMESPACES), pick(world, &NAMES));
    let rng = &world.rng;
    match rng.below(24) {
        0..=2 => {
            let value = objects::deployment(namespace, name, rng.below(5), "web:0", rng.below(2) == 0);
            create::<Deployment>(world, "deployments", value).await;
        }
        3 => delete::<Deployment>(world, "deployments", namespace, name).await,
        4 | 5 => change::<Deployment>(world, namespace, name, scale(world)).await,
        6 => change::<Deployment>(world, namespace, name, roll(world)).await,
        7 => {
            let value = objects::stateful_set(namespace, name, rng.below(4), "web:0", rng.below(2) == 0);
            create::<StatefulSet>(world, "statefulsets", value).await;
        }
        8 if rng.below(2) == 0 => delete::<StatefulSet>(world, "statefulsets", namespace, name).await,
        8 => change::<StatefulSet>(world, namespace, name, roll(world)).await,
        9 => change::<StatefulSet>(world, namespace, name, scale(world)).await,
        10 => create::<DaemonSet>(world, "daemonsets", objects::daemon_set(namespace, name, "web:0")).await,
        11 if rng.below(3) == 0 => delete::<DaemonSet>(world, "daemonsets", namespace, name).await,
        11 => change::<DaemonSet>(world, namespace, name, roll(world)).await,
        12 | 13 => {
            let (completions, parallelism) = (1 + rng.below(5), 1 + rng.below(3));
            let spec = objects::job_spec(name, completions, parallelism, rng.below(2) == 0, rng.below(2) == 0);
            create::<Job>(world, "jobs", objects::job(namespace, name, spec)).await;
        }
        14 => delete::<Job>(world, "jobs", namespace, name).await,
        15 => {
            let policy = pick(world, &["Allow", "Forbid", "Replace"]);
            create::<CronJob>(world, "cronjobs", objects::cron_job(namespace, name, 1 + rng.below(20), policy)).await;
        }
        16 => delete::<CronJob>(world, "cronjobs", namespace, name).await,
        17 => create::<Service>(world, "services", objects::service(namespace, name, pick(world, &NAMES))).await,
        18 => delete::<Service>(world, "services", namespace, name).await,
        19 => {
            create::<Namespace>(world, "namespaces", json!({"metadata": {"name": pick(world, &NAMESPACES[1..])}})).await
        }
        20 => namespace_or_map(world, namespace, name).await,
        21 => create::<Pod>(world, "pods", objects::pod(namespace, &format!("single-{name}"), "web:0")).await,
        _ => delete_pod(world).await,
    }
}

async fn namespace_or_map(world: &World, namespace: &str, name: &str) {
    match world.rng.below(4) {
        0 => delete::<Namespace>(world, "namespaces", "", pick(world, &NAMESPACES[1..])).await,
        1 => delete::<ConfigMap>(world, "configmaps", namespace, name).await,
        _ => create::<ConfigMap>(world, "configmaps", json!({"metadata": objects::meta(namespace, name)})).await,
    }
}

async fn delete_pod(world: &World) {
    let all = world.objects();
    let pods: Vec<&Value> =
        all.iter().filter(|(key, _)| key.starts_with("/registry/core/pods/")).map(|(_, p)| p).collect();
    if pods.is_empty() {
        return;
    }
    let pod = pods[usize::try_from(world.rng.below(pods.len() as u64)).unwrap_or(0)];
    let (namespace, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
    let options = match world.rng.below(4) {
        0 => {
            world.judge.force(objects::uid(pod));
            DeleteOptions::uid(objects::uid(pod)).grace(0)
        }
        1 => DeleteOptions::uid(objects::uid(pod)).grace(3),
        _ => DeleteOptions::uid(objects::uid(pod)),
    };
    let done = world.admin.delete::<Pod>(namespace, name, &options).await;
    world.judge.note(&format!("delete Pod {namespace}/{name}: {}", said(&done)));
}

async fn trouble(world: &World, weather: &Weather) {
    let at = usize::try_from(world.rng.below(world.nodes.len() as u64)).unwrap_or(0);
    let node = &world.nodes[at];
    let pause = Duration::from_millis(world.rng.below(if world.rng.below(3) == 0 { 900_000 } else { 20_000 }));
    let millis = i64::try_from(pause.as_millis()).unwrap_or(0);
    let say = |what: &str| world.judge.note(&format!("{what}, {pause:?}"));
    match world.rng.below(10) {
        0 if weather.restarts => {
            say("the API server restarts");
            (0..world.nodes.len()).for_each(|node| world.blind(node, millis));
            world.stop_server();
            tokio::time::sleep(pause / 10).await;
            world.start_server().await;
        }
        1 if weather.restarts => {
            say("the controllers restart");
            world.stop_controllers();
            tokio::time::sleep(pause).await;
            world.start_controllers();
        }
        2 if weather.restarts => {
            say("the scheduler restarts");
            world.stop_scheduler();
            tokio::time::sleep(pause).await;
            world.start_scheduler();
        }
        3 | 4 if weather.restarts => {
            say(&format!("the kubelet of {} restarts", node.name));
            node.stop();
            tokio::time::sleep(pause).await;
            world.start_kubelet(at);
        }
        5 if weather.nodes => {
            say(&format!("{} is cut off", node.name));
            world.blind(at, millis);
            node.cut.set(true);
            tokio::time::sleep(pause).await;
            node.cut.set(false);
            world.judge.note(&format!("{} is joined again", node.name));
        }
        6 if weather.nodes => {
            say(&format!("{} loses power", node.name));
            node.lose_power();
            world.judge.lost_power(&node.name);
            tokio::time::sleep(pause).await;
            world.start_kubelet(at);
        }
        7 if weather.nodes => node_object(world, &node.name).await,
        8 if weather.clocks => {
            let jump = i64::try_from(world.rng.below(1_200_000)).unwrap_or(0) - 600_000;
            say(&format!("the clock of {} is off by {jump} ms", node.name));
            node.clock.jump_to(jump);
        }
        _ => {
            world.judge.note("the store cuts its watches");
            world.cut_store_watches();
        }
    }
}

async fn node_object(world: &World, name: &str) {
    match world.rng.below(3) {
        0 => {
            let done = world.admin.delete::<Node>("", name, &DeleteOptions::default()).await;
            world.judge.note(&format!("delete Node {name}: {}", said(&done)));
        }
        1 => change::<Node>(world, "", name, json!({"spec": {"unschedulable": true}})).await,
        _ => change::<Node>(world, "", name, json!({"spec": {"unschedulable": null}})).await,
    }
}
