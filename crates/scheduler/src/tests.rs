//! Choosing by tables, and the queue's promises.

use std::{sync::Arc, time::Duration};

use client::Key;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    cache::Cache,
    cycle::{FitError, choose},
    plugins::{Cause, PLUGINS},
    pod::PodInfo,
    queue::{Next, Queue},
};

pub(crate) fn node(name: &str, extra: Value) -> Value {
    let mut node = json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}, "spec": {},
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"}}});
    merge(&mut node, extra);
    node
}

pub(crate) fn pod(name: &str, spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": name, "namespace": "d", "uid": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]}});
    merge(&mut pod["spec"], spec);
    pod
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (k, v) in from {
                merge(into.entry(k).or_insert(Value::Null), v);
            }
        }
        (into, from) => *into = from,
    }
}

pub(crate) fn info(pod: Value) -> Arc<PodInfo> {
    Arc::new(PodInfo::new(Arc::new(serde_json::from_value(pod).unwrap())))
}

pub(crate) fn cluster(nodes: Vec<Value>, placed: Vec<(Value, &str)>) -> Cache {
    let mut cache = Cache::default();
    for n in nodes {
        cache.set_node(Arc::new(serde_json::from_value(n).unwrap()));
    }
    for (p, on) in placed {
        cache.set_pod(info(p), on);
    }
    cache
}

pub(crate) fn asks(cpu: &str) -> Value {
    json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}]})
}

pub(crate) fn port(n: i32) -> Value {
    json!({"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": n}]}]})
}

pub(crate) fn apart() -> Value {
    json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}]}}})
}

fn together() -> Value {
    json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}]}}})
}

pub(crate) fn spread() -> Value {
    json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}}]})
}

#[test]
fn filters_choose_and_say_why_not() {
    let two = || vec![node("a", json!({})), node("b", json!({"metadata": {"labels": {"disk": "ssd"}}}))];
    let full = |on| (pod("full", asks("2")), on);
    for (what, nodes, placed, wanted, expected) in [
        ("selector", two(), vec![], json!({"nodeSelector": {"disk": "ssd"}}), Ok("b")),
        (
            "selector, nowhere",
            two(),
            vec![],
            json!({"nodeSelector": {"disk": "hdd"}}),
            Err("2 node(s) didn't match Pod's node affinity/selector"),
        ),
        ("resources", two(), vec![full("a")], asks("1"), Ok("b")),
        (
            "resources, nowhere",
            two(),
            vec![full("a"), (pod("f2", asks("2")), "b")],
            asks("1"),
            Err("2 Insufficient cpu"),
        ),
        ("host port", two(), vec![(pod("p", port(80)), "b")], port(80), Ok("a")),
        (
            "cordoned",
            vec![node("a", json!({"spec": {"unschedulable": true}}))],
            vec![],
            json!({}),
            Err("1 node(s) were unschedulable"),
        ),
        (
            "taint",
            vec![node("a", json!({"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}}))],
            vec![],
            json!({}),
            Err("1 node(s) had untolerated taint(s)"),
        ),
        (
            "taint, tolerated",
            vec![node("a", json!({"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}}))],
            vec![],
            json!({"tolerations": [{"key": "k", "operator": "Exists"}]}),
            Ok("a"),
        ),
        ("apart", two(), vec![(pod("p", json!({})), "a")], apart(), Ok("b")),
        ("others keep away", two(), vec![(pod("p", apart()), "b")], json!({}), Ok("a")),
        ("together", two(), vec![(pod("p", json!({})), "b")], together(), Ok("b")),
        ("spread", two(), vec![(pod("p", json!({})), "a")], spread(), Ok("b")),
        (
            "node affinity",
            two(),
            vec![],
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["ssd"]}]}]}}}}),
            Ok("a"),
        ),
    ] {
        let cache = cluster(nodes, placed);
        match (choose(&info(pod("new", wanted)), &cache, 0, 0), expected) {
            (Ok(node), Ok(name)) => assert_eq!(node.name(), name, "{what}"),
            (Err(error), Err(words)) => {
                assert!(error.message("").contains(words), "{what}: {}", error.message(""));
            }
            (got, want) => panic!("{what}: {:?}, expected {want:?}", got.map(|n| n.name().to_owned())),
        }
    }
}

#[test]
fn the_first_of_a_group_may_go_anywhere_and_the_emptier_node_is_better() {
    let cache = cluster(vec![node("a", json!({})), node("b", json!({}))], vec![(pod("p", asks("1")), "a")]);
    let mut lonely = pod("new", together());
    lonely["metadata"]["namespace"] = json!("elsewhere");
    assert_eq!(choose(&info(lonely), &cache, 0, 0).unwrap().name(), "b");
}

#[test]
fn the_message_is_upstreams() {
    let error = FitError {
        nodes: 3,
        reasons: [("Insufficient cpu".to_owned(), 1), ("node(s) were unschedulable".to_owned(), 2)].into(),
        resolvable: vec![],
        plugins: vec![],
    };
    assert_eq!(
        error.message("not eligible due to preemptionPolicy=Never."),
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: \
         not eligible due to preemptionPolicy=Never."
    );
    assert_eq!(
        choose(&info(pod("p", json!({}))), &Cache::default(), 0, 0).unwrap_err().message(""),
        "no nodes available to schedule pods"
    );
}

#[test]
fn an_assumed_pod_holds_its_room_until_forgotten() {
    let mut cache = cluster(vec![node("a", json!({}))], vec![]);
    cache.assume(info(pod("one", asks("2"))), "a");
    assert!(choose(&info(pod("two", asks("1"))), &cache, 0, 0).is_err());
    cache.forget("one");
    assert!(choose(&info(pod("two", asks("1"))), &cache, 0, 0).is_ok());
    cache.set_pod(info(pod("one", asks("2"))), "a");
    cache.forget("one");
    assert!(choose(&info(pod("two", asks("1"))), &cache, 0, 0).is_err(), "what is there for sure is not forgotten");
}

fn plugin(name: &str) -> Vec<usize> {
    vec![PLUGINS.iter().position(|p| p.name == name).unwrap()]
}

#[test]
fn the_queue_orders_by_priority_then_arrival_and_wakes_for_a_reason() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let key = |n: &str| Key::new("d", n);
    queue.put(key("low"), "1", 0, now);
    queue.put(key("second"), "2", 0, now);
    queue.put(key("high"), "3", 9, now);
    assert_eq!(queue.next(now), Next::Pod(key("high")));
    assert_eq!(queue.next(now), Next::Pod(key("low")));
    assert_eq!(queue.next(now), Next::Pod(key("second")));
    queue.remove(&key("second"));
    queue.remove(&key("high"));
    queue.put_aside(&key("low"), plugin("NodeAffinity"), now);
    queue.wake(Cause::PodGone, now);
    assert!(
        matches!(queue.next(now), Next::Wait(at) if at > now + Duration::from_secs(200)),
        "a pod that went away is no help"
    );
    queue.wake(Cause::NodeLabels, now);
    let later = now + Duration::from_secs(1);
    assert_eq!(queue.next(now), Next::Wait(later), "after its back-off");
    assert_eq!(queue.next(later), Next::Pod(key("low")));
}

#[test]
fn what_happens_during_an_attempt_is_not_missed() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let key = Key::new("d", "p");
    queue.put(key.clone(), "1", 0, now);
    assert_eq!(queue.next(now), Next::Pod(key.clone()));
    queue.wake(Cause::NodeAdded, now);
    queue.put_aside(&key, plugin("NodeResourcesFit"), now);
    let soon = now + Duration::from_secs(1);
    assert_eq!(queue.next(soon), Next::Pod(key));
}

#[test]
fn a_pod_for_which_others_are_sent_away_is_not_tried_meanwhile() {
    let now = Instant::now();
    let soon = now + Duration::from_secs(1);
    for (what, causes, failed, expected) in [
        ("nothing happened", vec![], false, false),
        ("the victims went while they were being told", vec![Cause::PodGone], false, true),
        ("what does not help", vec![Cause::NodeLabels], false, false),
        ("the victims could not be told", vec![], true, true),
    ] {
        let (mut queue, key) = (Queue::default(), Key::new("d", "p"));
        queue.put(key.clone(), "1", 0, now);
        assert_eq!(queue.next(now), Next::Pod(key.clone()));
        queue.put_aside(&key, plugin("NodeResourcesFit"), now);
        queue.hold(&key);
        for cause in causes {
            queue.wake(cause, now);
        }
        assert_eq!(queue.next(soon), Next::Idle, "{what}: held");
        queue.release(&key, "1", failed, now);
        assert_eq!(queue.next(soon) == Next::Pod(key.clone()), expected, "{what}");
        if !expected {
            queue.wake(Cause::PodGone, soon);
            assert_eq!(queue.next(soon), Next::Pod(key), "{what}: later");
        }
    }
}

#[test]
fn promised_room_is_kept_for_those_who_go_first() {
    let ranked = |name: &str, priority: i32| {
        let mut spec = asks("1");
        spec["priority"] = json!(priority);
        info(pod(name, spec))
    };
    let mut cache = cluster(vec![node("a", json!({})), node("b", json!({}))], vec![(pod("full", asks("2")), "b")]);
    cache.nominated.set(ranked("first", 5), "a");
    cache.nominated.set(ranked("second", 5), "a");
    for (name, priority, expected) in
        [("third", 5, None), ("first", 5, Some("a")), ("stronger", 6, Some("a")), ("weaker", 4, None)]
    {
        let got = choose(&ranked(name, priority), &cache, 0, 0).map(|n| n.name().to_owned()).ok();
        assert_eq!(got.as_deref(), expected, "{name}");
    }
    cache.assume(ranked("first", 5), "a");
    assert!(choose(&ranked("third", 5), &cache, 0, 0).is_err(), "it takes what it was promised, once");
    cache.nominated.remove("second");
    assert!(choose(&ranked("third", 5), &cache, 0, 0).is_ok());
}

#[test]
fn the_promised_node_is_tried_first() {
    let mut cache = cluster(vec![node("a", json!({})), node("b", json!({}))], vec![(pod("p", asks("1")), "b")]);
    let new = info(pod("new", asks("1")));
    assert_eq!(choose(&new, &cache, 0, 0).unwrap().name(), "a", "the emptier one");
    cache.nominated.set(new.clone(), "b");
    assert_eq!(choose(&new, &cache, 0, 0).unwrap().name(), "b");
}

#[test]
fn news_of_an_old_pod_do_not_touch_the_new_one_of_its_name() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let key = Key::new("d", "web-0");
    queue.put(key.clone(), "old", 0, now);
    assert_eq!(queue.next(now), Next::Pod(key.clone()));
    // While the old one is being bound it is deleted, and its StatefulSet makes another one.
    queue.remove(&key);
    queue.put(key.clone(), "new", 0, now);
    queue.placed(&key, "old");
    queue.retry(&key, "old", now);
    assert_eq!(queue.next(now), Next::Pod(key.clone()), "the new one still wants a node");
    queue.placed(&key, "new");
    assert_eq!(queue.next(now), Next::Idle);
}
