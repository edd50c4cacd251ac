//! Who goes, on which node, and what is said when nobody can.

use std::{collections::BTreeSet, sync::Arc};

use client::Object;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Budget, Verdict, plan};
use crate::{
    cache::Cache,
    cycle::choose,
    pod::PodInfo,
    tests::{apart, asks, cluster, info, node, pod, port, spread},
};

/// A pod that asks for so much CPU, with a priority.
fn ranked(name: &str, priority: i32, cpu: &str) -> Value {
    with(name, priority, asks(cpu))
}

fn with(name: &str, priority: i32, mut spec: Value) -> Value {
    spec["priority"] = json!(priority);
    pod(name, spec)
}

/// The same, running since that second.
fn since(mut pod: Value, second: i64) -> Value {
    pod["status"]["startTime"] = json!(Timestamp::from_second(second).unwrap().to_string());
    pod
}

fn labelled(mut pod: Value, app: &str) -> Value {
    pod["metadata"]["labels"] = json!({ "app": app });
    pod
}

/// A budget over the pods of an app that allows so many disruptions.
fn budget(app: &str, allowed: i32) -> Budget {
    let budget = json!({"metadata": {"name": app, "namespace": "d"}, "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}});
    Budget::new(&serde_json::from_value(budget).unwrap()).unwrap()
}

fn decide(pod: &Arc<PodInfo>, cache: &Cache, budgets: impl Fn() -> Vec<Budget>, offset: u64) -> Verdict {
    let error = choose(pod, cache, 0, 0).map(|node| node.name().to_owned()).unwrap_err();
    plan(pod, cache, &error, budgets, offset, Timestamp::from_second(9_000).unwrap())
}

/// `node: victim victim`, or the message.
fn show(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Preempt(candidate) => {
            let names: Vec<&str> = candidate.victims.iter().map(|v| v.pod.name()).collect();
            format!("{}: {}", candidate.node, names.join(" "))
        }
        Verdict::NotEligible(_) | Verdict::Hopeless(_) => verdict.message().into_owned(),
    }
}

fn one() -> Vec<Value> {
    vec![node("a", json!({}))]
}

fn two() -> Vec<Value> {
    vec![node("a", json!({})), node("b", json!({}))]
}

#[test]
fn victims_of_one_node() {
    let never = |mut spec: Value| {
        spec["preemptionPolicy"] = json!("Never");
        spec
    };
    for (what, placed, wanted, expected) in [
        ("the weaker goes", vec![ranked("low", 1, "1"), ranked("mid", 5, "1")], ranked("new", 9, "1"), "a: low"),
        (
            "the more important come back, while there is room",
            vec![ranked("one", 1, "1"), ranked("two", 2, "500m"), ranked("three", 3, "500m")],
            ranked("new", 9, "1"),
            "a: one",
        ),
        (
            "a more important one goes where the others do not make room",
            vec![ranked("one", 1, "500m"), ranked("two", 2, "1500m")],
            ranked("new", 9, "1"),
            "a: two",
        ),
        (
            "of equals the one that has run longer stays",
            vec![since(ranked("young", 1, "1"), 200), since(ranked("old", 1, "1"), 100)],
            ranked("new", 9, "1"),
            "a: young",
        ),
        (
            "several, the most important first",
            vec![ranked("one", 1, "1"), ranked("two", 2, "1")],
            ranked("new", 9, "2"),
            "a: two one",
        ),
        (
            "equals are left alone",
            vec![ranked("same", 9, "2")],
            ranked("new", 9, "1"),
            "0/1 nodes are available: 1 No preemption victims found for incoming pod.",
        ),
        (
            "the weaker ones are not enough",
            vec![ranked("one", 1, "500m"), ranked("same", 9, "1500m")],
            ranked("new", 9, "1"),
            "0/1 nodes are available: 1 Insufficient cpu.",
        ),
        (
            "more than the node has",
            vec![ranked("one", 1, "1")],
            ranked("new", 9, "3"),
            "0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        ),
        (
            "a pod that never does it",
            vec![ranked("low", 1, "2")],
            with("new", 9, never(asks("1"))),
            "not eligible due to preemptionPolicy=Never.",
        ),
        ("a port", vec![with("low", 1, port(80)), ranked("other", 1, "1")], with("new", 9, port(80)), "a: low"),
        ("one that keeps others away", vec![with("low", 1, apart())], ranked("new", 9, "1"), "a: low"),
        ("others to keep away from", vec![ranked("low", 1, "1")], with("new", 9, apart()), "a: low"),
    ] {
        let cache = cluster(one(), placed.into_iter().map(|p| (p, "a")).collect());
        let verdict = decide(&info(wanted), &cache, Vec::new, 0);
        assert_eq!(show(&verdict), expected, "{what}");
    }
}

#[test]
fn the_node_that_costs_least() {
    let full = |name: &str, priority: i32| ranked(name, priority, "2");
    for (what, placed, expected) in [
        ("the lower highest priority", vec![(full("p", 3), "a"), (full("q", 2), "b")], "b: q"),
        (
            "the lower sum",
            vec![
                (ranked("p", 3, "1"), "a"),
                (ranked("q", 3, "1"), "a"),
                (ranked("r", 3, "1"), "b"),
                (ranked("s", 1, "1"), "b"),
            ],
            "b: r s",
        ),
        ("fewer", vec![(ranked("p", 3, "1"), "a"), (ranked("q", -3, "1"), "a"), (full("r", 3), "b")], "b: r"),
        ("the shorter run", vec![(since(full("p", 3), 100), "a"), (since(full("q", 3), 200), "b")], "b: q"),
        ("no budget exceeded", vec![(labelled(full("p", 1), "kept"), "a"), (full("q", 8), "b")], "b: q"),
        ("a budget that allows it", vec![(labelled(full("p", 1), "spare"), "a"), (full("q", 8), "b")], "a: p"),
    ] {
        let cache = cluster(two(), placed);
        let budgets = || vec![budget("kept", 0), budget("spare", 1)];
        let verdict = decide(&info(ranked("new", 9, "2")), &cache, budgets, 0);
        assert_eq!(show(&verdict), expected, "{what}");
    }
}

#[test]
fn budgets_protect_within_a_node() {
    let member = |name: &str, second| since(labelled(ranked(name, 1, "1"), "kept"), second);
    for (what, placed, allowed, wanted, expected, violations) in [
        (
            "the protected one stays, though it is weaker",
            vec![member("kept", 200), since(ranked("free", 5, "1"), 100)],
            0,
            "1",
            "a: free",
            0,
        ),
        ("one may go", vec![member("old", 100), member("young", 200)], 1, "1", "a: old", 0),
        ("both must", vec![member("old", 100), member("young", 200)], 1, "2", "a: old young", 1),
        ("none may", vec![member("old", 100), member("young", 200)], 0, "1", "a: young", 1),
    ] {
        let cache = cluster(one(), placed.into_iter().map(|p| (p, "a")).collect());
        let verdict = decide(&info(ranked("new", 9, wanted)), &cache, || vec![budget("kept", allowed)], 0);
        assert_eq!(show(&verdict), expected, "{what}");
        let Verdict::Preempt(candidate) = verdict else { panic!("{what}") };
        assert_eq!(candidate.violations, violations, "{what}");
    }
}

#[test]
fn a_disruption_that_is_accounted_for_exceeds_nothing() {
    let raw = json!({"metadata": {"namespace": "d"}, "spec": {"selector": {"matchLabels": {"app": "kept"}}},
        "status": {"disruptionsAllowed": 0, "disruptedPods": {"low": "2026-01-01T00:00:00Z"}}});
    let read = || Budget::new(&serde_json::from_value(raw.clone()).unwrap()).unwrap();
    let cache = cluster(one(), vec![(labelled(ranked("low", 1, "2"), "kept"), "a")]);
    let Verdict::Preempt(candidate) = decide(&info(ranked("new", 9, "1")), &cache, || vec![read()], 0) else {
        panic!()
    };
    assert_eq!(candidate.violations, 0);
    let all = json!({"metadata": {"namespace": "d"}, "spec": {"selector": {}}});
    assert!(Budget::new(&serde_json::from_value(all).unwrap()).is_none(), "upstream takes an empty selector for none");
}

#[test]
fn what_others_are_counts_while_some_go() {
    // Only where both weaker pods go are the pods spread evenly enough; the other node is full of stronger ones.
    let cache = cluster(
        two(),
        vec![(with("p", 1, json!({})), "a"), (with("q", 1, json!({})), "a"), (labelled(ranked("r", 9, "2"), "x"), "b")],
    );
    let mut spec = spread();
    spec["containers"] = asks("1")["containers"].clone();
    assert_eq!(show(&decide(&info(with("new", 5, spec)), &cache, Vec::new, 0)), "a: p q");

    // The zone's other node keeps it away from both, whichever is tried first.
    let mut zonal = apart();
    zonal["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["topologyKey"] =
        json!("zone");
    let zone = |name| node(name, json!({"metadata": {"labels": {"zone": "z"}}}));
    let cache = cluster(
        vec![zone("a"), zone("b")],
        vec![(with("p", 1, zonal.clone()), "a"), (labelled(with("q", 1, zonal), "x"), "b")],
    );
    for offset in [0, 1] {
        assert_eq!(
            show(&decide(&info(ranked("new", 5, "1")), &cache, Vec::new, offset)),
            "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules."
        );
    }
}

#[test]
fn room_that_was_promised_to_stronger_ones_is_not_to_be_had() {
    let mut cache = cluster(one(), vec![(ranked("p", 1, "1"), "a"), (ranked("q", 1, "1"), "a")]);
    let new = info(ranked("new", 5, "1"));
    assert_eq!(show(&decide(&new, &cache, Vec::new, 0)), "a: q", "one is enough");
    cache.nominated.set(info(ranked("stronger", 9, "1")), "a");
    assert_eq!(show(&decide(&new, &cache, Vec::new, 0)), "a: p q", "one for each");
    cache.nominated.set(info(ranked("another", 5, "1")), "a");
    assert_eq!(show(&decide(&new, &cache, Vec::new, 0)), "0/1 nodes are available: 1 Insufficient cpu.");
}

#[test]
fn who_waits_for_its_victims_sends_no_more_away() {
    let ending = |mut pod: Value, reason: &str| {
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        pod["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True", "reason": reason}]);
        pod
    };
    for (what, reason, promised, expected) in [
        (
            "they end there",
            "PreemptionByScheduler",
            Some("a"),
            "not eligible due to a terminating pod on the nominated node.",
        ),
        ("one ends for another reason", "EvictionByEvictionAPI", Some("a"), "b: q"),
        ("it was promised another node", "PreemptionByScheduler", Some("b"), "b: q"),
        ("it was promised one that is no more", "PreemptionByScheduler", Some("c"), "b: q"),
        ("it was promised nothing", "PreemptionByScheduler", None, "b: q"),
    ] {
        let mut cache = cluster(two(), vec![(ending(ranked("p", 2, "2"), reason), "a"), (ranked("q", 1, "2"), "b")]);
        let new = info(ranked("new", 5, "1"));
        if let Some(node) = promised {
            cache.nominated.set(new.clone(), node);
        }
        assert_eq!(show(&decide(&new, &cache, Vec::new, 0)), expected, "{what}");
    }
}

#[test]
fn the_search_begins_anywhere_and_ends_with_enough() {
    let names: Vec<String> = (0..300).map(|i| format!("n{i:03}")).collect();
    let nodes = names.iter().map(|n| node(n, json!({}))).collect();
    let placed = names.iter().map(|n| (ranked(&format!("p-{n}"), 1, "2"), n.as_str())).collect();
    let cache = cluster(nodes, placed);
    let found: BTreeSet<String> =
        [0, 17, 299, 300].map(|offset| show(&decide(&info(ranked("new", 5, "1")), &cache, Vec::new, offset))).into();
    let expected = ["n000: p-n000", "n017: p-n017", "n299: p-n299"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(expected), "of equals the first that is found");
}

#[test]
fn what_is_said_of_a_success() {
    let cache = cluster(one(), vec![(ranked("low", 1, "2"), "a")]);
    let new = info(ranked("new", 5, "1"));
    let error = choose(&new, &cache, 0, 0).unwrap_err();
    let verdict = plan(&new, &cache, &error, Vec::new, 0, Timestamp::UNIX_EPOCH);
    assert_eq!(
        error.message(&verdict.message()),
        "0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement for pod on node a, preempting 1 victims"
    );
}
