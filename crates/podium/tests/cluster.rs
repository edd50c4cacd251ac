//! The real thing: the podium binary as root, in a network namespace of its own, with containers, service rules and kubectl.
//!
//! One test, because one cluster at a time holds the ports and the machine; its steps are functions.

mod common;

use common::{Machine, ok, text};

#[test]
fn a_cluster_from_the_first_start_to_the_last_trace() {
    let machine = Machine::new();
    let up = machine.podium(&["up", "--detach", "--demo"]);
    assert!(up.status.success(), "{}", text(&up));
    assert_eq!(text(&up).matches("Hello from demo-").count(), 6, "{}", text(&up));
    kubectl_sees_it(&machine);
    commands_tell_the_truth(&machine);
    containers_start_anew_after_down(&machine);
    nothing_is_left(&machine);
}

fn kubectl_sees_it(machine: &Machine) {
    machine.kubectl(&["wait", "node", "--all", "--for=condition=Ready", "--timeout=30s"]);
    let deployment = machine.kubectl(&["get", "deployment", "demo", "-o", "jsonpath={.status.availableReplicas}"]);
    assert_eq!(deployment, "3");
    let name = machine.kubectl(&["get", "pods", "-l", "app=demo", "-o", "jsonpath={.items[0].metadata.name}"]);
    let bad = machine
        .inside(machine.kubectl.to_str().unwrap())
        .arg("--kubeconfig")
        .arg(machine.data().join("admin.kubeconfig"))
        .args(["exec", &name, "--", "/no/such"])
        .output()
        .unwrap();
    assert!(!bad.status.success() && text(&bad).contains("/no/such"), "{}", text(&bad));
}

fn commands_tell_the_truth(machine: &Machine) {
    let status = machine.podium(&["status", "-o", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["ready"], &status["pods"]), (&true.into(), &3.into()), "{status}");
    assert!(text(&machine.podium(&["image", "list"])).contains("podium.local/demo:1"));
    let missing = machine.podium(&["image", "remove", "no.such/image:1"]);
    assert!(!missing.status.success() && text(&missing).contains("not found"), "{}", text(&missing));
    let again = machine.podium(&["up", "--detach"]);
    assert!(again.status.success() && text(&again).contains("runs already"), "{}", text(&again));
}

fn containers_start_anew_after_down(machine: &Machine) {
    let down = machine.podium(&["down"]);
    assert!(down.status.success(), "{}", text(&down));
    assert!(!machine.podium(&["status"]).status.success());
    let up = machine.podium(&["up", "--detach"]);
    assert!(up.status.success(), "{}", text(&up));
    for condition in ["jsonpath={.status.containerStatuses[0].restartCount}=1", "condition=Ready"] {
        machine.kubectl(&["wait", "pods", "-l", "app=demo", &format!("--for={condition}"), "--timeout=60s"]);
    }
}

fn nothing_is_left(machine: &Machine) {
    let reset = machine.podium(&["reset", "--yes"]);
    assert!(reset.status.success(), "{}", text(&reset));
    assert!(!machine.data().exists());
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(machine.dir.path().to_str().unwrap()), "{mounts}");
    let links = ok(machine.inside("ip").args(["-o", "link"]));
    assert_eq!(links.lines().count(), 3, "loopback and the two ends of the way out: {links}");
    assert_eq!(ok(machine.inside("nft").args(["list", "tables"])), "");
    let again = machine.podium(&["reset", "--yes"]);
    assert!(again.status.success(), "{}", text(&again));
}
