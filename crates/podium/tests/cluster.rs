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
    a_backup_brings_the_state_back(&machine);
    nothing_is_left(&machine);
    a_backup_makes_a_new_cluster(&machine);
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

fn pid(machine: &Machine) -> u64 {
    let status = machine.podium(&["status", "-o", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    status["pid"].as_u64().unwrap()
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

/// In the running cluster: what came later is gone, the pods have noticed nothing.
fn a_backup_brings_the_state_back(machine: &Machine) {
    let file = machine.dir.path().join("backup");
    let name = file.to_str().unwrap();
    let made = machine.podium(&["backup", name]);
    assert!(made.status.success(), "{}", text(&made));
    let again = machine.podium(&["backup", name]);
    assert!(!again.status.success() && text(&again).contains(name), "{}", text(&again));
    machine.kubectl(&["create", "configmap", "later"]);
    let bad = machine.dir.path().join("bad");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&bad, bytes).unwrap();
    for (args, words) in
        [(vec!["restore", name], "--force"), (vec!["restore", bad.to_str().unwrap(), "--force"], "bad")]
    {
        let refused = machine.podium(&args);
        let said = text(&refused);
        assert!(!refused.status.success() && said.contains(words) && said.contains("othing was changed"), "{said}");
    }
    machine.kubectl(&["get", "configmap", "later"]);
    let containers = || {
        machine.kubectl(&[
            "get",
            "pods",
            "-l",
            "app=demo",
            "-o",
            "jsonpath={.items[*].status.containerStatuses[*].containerID}",
        ])
    };
    let (before, server) = (containers(), pid(machine));
    std::fs::copy(machine.data().join("admin.kubeconfig"), machine.dir.path().join("old.kubeconfig")).unwrap();
    let restored = machine.podium(&["restore", name, "--force"]);
    assert!(restored.status.success() && text(&restored).contains("Restored"), "{}", text(&restored));
    assert_eq!(machine.kubectl(&["get", "configmap", "later", "--ignore-not-found"]), "");
    assert_eq!(pid(machine), server, "the same process");
    machine.kubectl(&["wait", "pods", "-l", "app=demo", "--for=condition=Ready", "--timeout=30s"]);
    assert_eq!(containers(), before, "the containers were left alone");
}

/// In a fresh data directory: the credentials of the old cluster open the new one.
fn a_backup_makes_a_new_cluster(machine: &Machine) {
    let file = machine.dir.path().join("backup");
    let restored = machine.podium(&["restore", file.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", text(&restored));
    // The image of the demo is not in the backup: it comes with --demo.
    let up = machine.podium(&["up", "--detach", "--demo"]);
    assert!(up.status.success(), "{}", text(&up));
    assert_eq!(text(&up).matches("Hello from demo-").count(), 6, "{}", text(&up));
    let mut kubectl = machine.inside(machine.kubectl.to_str().unwrap());
    let old = machine.dir.path().join("old.kubeconfig");
    let name = ok(kubectl.arg("--kubeconfig").arg(old).args([
        "get",
        "namespace",
        "default",
        "-o",
        "jsonpath={.metadata.name}",
    ]));
    assert_eq!(name, "default");
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
