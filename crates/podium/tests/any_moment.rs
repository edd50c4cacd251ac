//! The server is killed at moments that nobody chose, while pods come and go: in the end everything is as it was asked
//! to be, and nothing is left over of what was begun.

mod common;

use std::{process::Command, time::Duration};

use common::{Machine, apply, end, eventually, get, groups, id, ok, processes, server, started};
use rustix::process::Signal;

const ROUNDS: u64 = 8;
/// A rollout takes about as long.
const LONGEST_MS: u64 = 900;

fn manifest(round: u64) -> String {
    format!(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      volumes: [{{name: v, emptyDir: {{}}}}]
      initContainers: [{{name: first, image: "local/busybox:1", command: [touch, /v/first], volumeMounts: [{{name: v, mountPath: /v}}]}}]
      containers:
      - name: c
        image: local/busybox:1
        env: [{{name: ROUND, value: "{round}"}}]
        command: [sh, -c, "test -e /v/first && exec httpd -f -p 8080"]
        volumeMounts: [{{name: v, mountPath: /v}}]
        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
"#,
        2 + round % 3
    )
}

/// What the pods of the machine have: sandbox processes, links, groups and mounts.
fn holdings(machine: &Machine) -> [usize; 4] {
    let sandboxes = processes(machine).iter().filter(|line| line.contains(" sandbox ")).count();
    let links = ok(machine.inside("ip").args(["-o", "link", "show", "type", "veth"]));
    let in_pods = |path: &&String| {
        path.rsplit('/').next().is_some_and(|name| name.starts_with("pod") && !name.starts_with("podium"))
    };
    // In one hierarchy; the others are alike.
    let groups = groups(machine);
    let names = |root: &str| groups.iter().filter(in_pods).filter(|path| path.starts_with(root)).count();
    let roots = ["/sys/fs/cgroup/memory/", "/sys/fs/cgroup/podium-"];
    let pods = roots.iter().map(|root| names(root)).max().unwrap_or(0);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let shared =
        mounts.lines().filter(|line| line.contains(&format!("/run/podium-{}", id(machine))) && line.contains("/shm "));
    // Two ends of the machine's own way out.
    [sandboxes, links.lines().count() - 2, pods, shared.count()]
}

#[test]
fn the_server_may_die_at_any_moment() {
    let machine = started();
    let mut seed: u64 = 20_261_121;
    for round in 0..ROUNDS {
        apply(&machine, &manifest(round));
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = Duration::from_millis((seed >> 33) % LONGEST_MS);
        // The moment is what is tested: there is nothing to wait for.
        std::thread::sleep(moment);
        end(server(&machine), Signal::KILL);
        machine.must(&["up", "--detach"]);
    }
    machine.kubectl(&["rollout", "status", "deployment/web", "--timeout=90s"]);
    let wanted = usize::try_from(2 + (ROUNDS - 1) % 3).unwrap();
    let pods = || get(&machine, &["pods"])["items"].as_array().unwrap().len();
    eventually("only the pods that were asked for", || pods() == wanted);
    let mut found = [0; 4];
    let what = "each pod has one sandbox, link, group and mount, and nobody else has";
    eventually(what, || {
        found = holdings(&machine);
        found == [wanted; 4]
    });
    for pod in get(&machine, &["pods"])["items"].as_array().unwrap() {
        assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0, "{pod}");
        let round = &pod["spec"]["containers"][0]["env"][0]["value"];
        assert_eq!(round.as_str(), Some(format!("{}", ROUNDS - 1).as_str()), "{pod}");
    }
    let trash = machine.data().join("runtime/trash");
    eventually("what was removed is gone", || std::fs::read_dir(&trash).unwrap().next().is_none());
    machine.must(&["reset", "--yes"]);
    assert_eq!((processes(&machine), groups(&machine)), (Vec::<String>::new(), Vec::<String>::new()));
    let links =
        ok(Command::new("nsenter").arg(format!("--net=/run/netns/{}", machine.namespace)).args(["ip", "-o", "link"]));
    assert_eq!(links.lines().count(), 3, "{links}");
}
