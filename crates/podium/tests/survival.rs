//! Life after death: the server is killed, stopped, replaced, and the machine restarted; what runs does not notice, or
//! comes back.

mod common;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use common::{
    Machine, apply, end, eventually, get, groups, id,
    load::{Load, answers},
    ok, processes, server, started,
};
use rustix::process::{Pid, Signal};

const WORKLOAD: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: local/busybox:1
        command: [sh, -c, "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www"]
        readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1, successThreshold: 2}
        livenessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
        startupProbe: {httpGet: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.7.7, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: edge}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: local/busybox:1
    command: [sh, -c, "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www"]
    ports: [{containerPort: 8080, hostPort: 18080}]
---
apiVersion: v1
kind: Pod
metadata: {name: counter}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: c, image: "local/busybox:1", command: [sh, -c, "i=0; while true; do echo $i; i=$((i+1)); usleep 10000; done"]}
"#;

/// A pod that runs until a file appears on the host, and then ends with code 5.
fn until(file: &std::path::Path) -> String {
    let (dir, name) = (file.parent().unwrap().display(), file.file_name().unwrap().to_string_lossy());
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: until}}, spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 1, \
         volumes: [{{name: v, hostPath: {{path: {dir}}}}}], containers: [{{name: c, image: \"local/busybox:1\", \
         volumeMounts: [{{name: v, mountPath: /v}}], command: [sh, -c, \"until test -e /v/{name}; do usleep 20000; done; \
         echo done > /v/ended; echo last; exit 5\"]}}]}}}}"
    )
}

/// Everything about the running pods that a restart of the server must not change.
fn unchanged(machine: &Machine) -> Vec<String> {
    let mut seen = Vec::new();
    for pod in get(machine, &["pods", "-l", "app=web"])["items"].as_array().unwrap() {
        let container = &pod["status"]["containerStatuses"][0];
        let ready = pod["status"]["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").unwrap();
        seen.push(format!(
            "{} {} {} {} {} {}",
            pod["metadata"]["name"],
            container["containerID"],
            container["restartCount"],
            container["state"],
            ready["status"],
            ready["lastTransitionTime"]
        ));
    }
    for slice in get(machine, &["endpointslices", "-l", "kubernetes.io/service-name=web"])["items"].as_array().unwrap()
    {
        // Written once, when both were ready: it was never emptied.
        seen.push(format!("{} {}", slice["metadata"]["resourceVersion"], slice["endpoints"]));
    }
    seen
}

/// How long the API, DNS and exec take to be back, from the moment that the server is started.
fn back_within(machine: &Machine, what: &str) {
    let begun = Instant::now();
    machine.must(&["up", "--detach"]);
    let up = begun.elapsed();
    machine.kubectl(&["get", "--raw", "/readyz"]);
    let api = begun.elapsed();
    ok(machine.inside("busybox").args(["nslookup", "web.default.svc.cluster.local", "10.96.0.10"]));
    let dns = begun.elapsed();
    assert_eq!(machine.kubectl(&["exec", "counter", "--", "echo", "here"]), "here\n");
    let all = begun.elapsed();
    eprintln!("{what}: up after {up:.0?}, the API answered after {api:.0?}, DNS after {dns:.0?}, exec after {all:.0?}");
    // A debug build on a busy machine; the release build's figure is in docs/service.md.
    assert!(all < Duration::from_secs(10), "{what}: {all:?}");
}

#[test]
fn nobody_notices_the_death_of_the_server() {
    let machine = started();
    let flag = machine.dir.path().join("flag/end");
    std::fs::create_dir(flag.parent().unwrap()).unwrap();
    apply(&machine, &format!("{WORKLOAD}---\n{}\n", until(&flag)));
    machine.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    machine.kubectl(&["wait", "pod", "edge", "counter", "until", "--for=condition=Ready", "--timeout=60s"]);
    let ready = || {
        get(&machine, &["endpointslices", "-l", "kubernetes.io/service-name=web"])["items"][0]["endpoints"]
            .as_array()
            .map_or(0, Vec::len)
    };
    eventually("two endpoints", || ready() == 2);
    let before = unchanged(&machine);
    let mut loads = [Load::start(&machine, "10.96.7.7:80"), Load::start(&machine, "198.18.9.2:18080")];
    for way in ["kill -9", "SIGTERM", "down --keep-pods, and another binary", "kill -9 in the middle of the start"] {
        match way {
            "SIGTERM" => end(server(&machine), Signal::TERM),
            "down --keep-pods, and another binary" => {
                machine.must(&["down", "--keep-pods"]);
                machine.install();
            }
            _ => end(server(&machine), Signal::KILL),
        }
        if way == "kill -9" {
            std::fs::write(&flag, "").unwrap();
            eventually("it ends while the server is away", || flag.with_file_name("ended").exists());
        }
        loads.iter_mut().for_each(|load| load.more(50));
        if way.ends_with("start") {
            die_while_starting(&machine);
        }
        let returned = jiff::Timestamp::now();
        back_within(&machine, way);
        loads.iter_mut().for_each(|load| load.more(50));
        assert_eq!(unchanged(&machine), before, "{way}");
        if way == "kill -9" {
            told_truly(&machine, returned);
        }
    }
    // Probes and controllers had their time: still nothing has changed.
    loads.iter_mut().for_each(|load| load.more(300));
    assert_eq!(unchanged(&machine), before);
    let counts = loads.map(Load::end);
    let log = machine.kubectl(&["logs", "counter"]);
    let numbers: Vec<usize> = log.lines().map(|line| line.parse().unwrap()).collect();
    assert!(numbers.iter().copied().eq(0..numbers.len()) && numbers.len() > 100, "the log has no hole");
    eprintln!("{counts:?} requests, {} lines of log", numbers.len());
    reset(&machine);
}

/// The server is killed again as soon as its API listens: the node is being taken over then.
fn die_while_starting(machine: &Machine) {
    let mut command = machine.inside(machine.program.to_str().unwrap());
    command.arg("up").arg("--data-dir").arg(machine.data()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("the API answers")));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How the pod ended that ended while nobody looked.
fn told_truly(machine: &Machine, returned: jiff::Timestamp) {
    machine.kubectl(&["wait", "pod", "until", "--for=jsonpath={.status.phase}=Failed", "--timeout=30s"]);
    let status = &get(machine, &["pod", "until"])["status"]["containerStatuses"][0];
    let ended = &status["state"]["terminated"];
    assert_eq!(
        (&ended["exitCode"], &ended["reason"], &status["restartCount"]),
        (&5.into(), &"Error".into(), &0.into())
    );
    let finished: jiff::Timestamp = ended["finishedAt"].as_str().unwrap().parse().unwrap();
    assert!(finished <= returned, "{finished} is not before {returned}");
    assert_eq!(machine.kubectl(&["logs", "until"]), "last\n");
}

/// Nothing is left of it on the machine.
fn reset(machine: &Machine) {
    machine.must(&["reset", "--yes"]);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!machine.data().exists() && !mounts.contains(machine.dir.path().to_str().unwrap()), "{mounts}");
    let links = ok(machine.inside("ip").args(["-o", "link"]));
    assert_eq!(links.lines().count(), 3, "loopback and the two ends of the way out: {links}");
    assert_eq!(ok(machine.inside("nft").args(["list", "tables"])), "");
    assert_eq!(processes(machine), Vec::<String>::new());
    assert_eq!(groups(machine), Vec::<String>::new());
}

/// As after a loss of power: processes, groups, mounts and network are gone, the disk is there.
fn lose_power(machine: &Machine) {
    end(server(machine), Signal::KILL);
    eventually("everything is dead", || {
        for group in groups(machine) {
            let pids = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap_or_default();
            for pid in pids.lines().filter_map(|pid| Pid::from_raw(pid.parse().unwrap())) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
            let _ = std::fs::remove_dir(group);
        }
        groups(machine).is_empty()
    });
    let run = format!("/run/podium-{}", id(machine));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    for point in points.filter(|at| at.starts_with(&run) || at.starts_with(machine.data().to_str().unwrap())) {
        let _ = Command::new("umount").args(["-l", point]).output();
    }
    std::fs::remove_dir_all(run).unwrap();
    ok(Command::new("ip").args(["netns", "del", &machine.namespace]));
    machine.connect();
}

#[test]
fn pods_come_back_after_a_restart_of_the_machine() {
    let machine = started();
    let once = "{apiVersion: v1, kind: Pod, metadata: {name: once}, spec: {restartPolicy: Never, containers: [{name: c, image: \"local/busybox:1\", command: [sh, -c, exit 0]}]}}";
    let never = "{apiVersion: v1, kind: Pod, metadata: {name: never}, spec: {restartPolicy: Never, containers: [{name: c, image: \"local/busybox:1\", command: [sleep, \"10000\"]}]}}";
    apply(&machine, &format!("{WORKLOAD}---\n{once}\n---\n{never}\n"));
    machine.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    machine.kubectl(&["wait", "pod", "edge", "counter", "never", "--for=condition=Ready", "--timeout=60s"]);
    machine.kubectl(&["wait", "pod", "once", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"]);
    let names = |machine: &Machine| machine.kubectl(&["get", "pods", "-o", "name"]);
    let before = names(&machine);
    lose_power(&machine);
    machine.must(&["up", "--detach"]);
    for condition in ["jsonpath={.status.containerStatuses[0].restartCount}=1", "condition=Ready"] {
        machine.kubectl(&["wait", "pods", "-l", "app=web", &format!("--for={condition}"), "--timeout=60s"]);
        machine.kubectl(&["wait", "pods", "edge", "counter", &format!("--for={condition}"), "--timeout=60s"]);
    }
    machine.kubectl(&["wait", "pod", "never", "--for=jsonpath={.status.phase}=Failed", "--timeout=60s"]);
    assert_eq!(names(&machine), before, "the same pods");
    let once = get(&machine, &["pod", "once"]);
    assert_eq!(
        (&once["status"]["phase"], &once["status"]["containerStatuses"][0]["restartCount"]),
        (&"Succeeded".into(), &0.into())
    );
    let counter = &get(&machine, &["pod", "counter"])["status"]["containerStatuses"][0];
    let last = &counter["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["reason"]), (&255.into(), &"Unknown".into()), "{counter}");
    for address in ["10.96.7.7:80", "198.18.9.2:18080"] {
        eventually(address, || answers(&machine, address));
    }
    reset(&machine);
}

#[test]
fn down_gives_each_pod_its_own_time() {
    let machine = started();
    let out = machine.dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let pod = |name: &str, grace: u32, more: &str, script: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: {grace}, \
             volumes: [{{name: v, hostPath: {{path: {}}}}}], containers: [{{name: c, image: \"local/busybox:1\", {more}\
             volumeMounts: [{{name: v, mountPath: /v}}], command: [sh, -c, \"{script}\"]}}]}}}}",
            out.display()
        )
    };
    let hook = "lifecycle: {preStop: {exec: {command: [touch, /v/hook]}}}, ";
    let pods = [
        pod(
            "polite",
            120,
            hook,
            "trap 'sleep 1; touch /v/polite; exit 3' TERM; touch /v/up; while true; do usleep 50000; done",
        ),
        pod("stubborn", 3, "", "trap '' TERM; touch /v/up2; while true; do usleep 50000; done"),
    ];
    apply(&machine, &pods.join("\n---\n"));
    machine.kubectl(&["wait", "pod", "polite", "stubborn", "--for=condition=Ready", "--timeout=60s"]);
    eventually("both listen to signals", || out.join("up").exists() && out.join("up2").exists());
    let begun = Instant::now();
    let said = machine.must(&["down"]);
    let took = begun.elapsed();
    assert!(said.contains("2 pods end, within 140 s"), "{said}");
    assert!(out.join("hook").exists() && out.join("polite").exists(), "its hook ran, and it ended by itself");
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(30), "{took:?}");
    assert_eq!(processes(&machine), Vec::<String>::new());
    for count in 1..=3 {
        machine.must(&["up", "--detach"]);
        for condition in [&format!("jsonpath={{.status.containerStatuses[0].restartCount}}={count}"), "condition=Ready"]
        {
            machine.kubectl(&["wait", "pods", "polite", "stubborn", &format!("--for={condition}"), "--timeout=60s"]);
        }
        if count < 3 {
            machine.must(&["down"]);
        }
    }
    let events = machine.kubectl(&["get", "events", "--field-selector", "reason=BackOff", "-o", "name"]);
    assert_eq!(events, "", "to be ended is no failure that a restart has to wait for");
    let code = |name: &str| {
        get(&machine, &["pod", name])["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"].clone()
    };
    assert_eq!((code("polite"), code("stubborn")), (3.into(), 137.into()));
    reset(&machine);
}
