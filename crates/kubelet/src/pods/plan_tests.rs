//! What is done in which state: a table.

use std::{collections::BTreeMap, path::PathBuf};

use cri::runtime::{ContainerId, ContainerPhase, ContainerState, Exit, SandboxId};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Probe};

use super::{
    backoff::Backoff,
    plan::{Action, Busy, Ending, Input, Mounts, Plan, plan},
    view::{Instance, Sandbox, View},
};
use crate::probes::{Kind, Verdict};

struct Case {
    pod: Pod,
    view: View,
    busy: BTreeMap<String, Busy>,
    mounts: Mounts,
    ending: Option<Ending>,
    backoff: Backoff,
    failing: Option<(&'static str, Kind)>,
    now: i64,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A pod; names that begin with `side` are sidecars.
fn case(policy: &str, init: &[&str], main: &[&str]) -> Case {
    let make = |name: &&str| Container {
        name: (*name).into(),
        image: Some("i".into()),
        restart_policy: name.starts_with("side").then(|| "Always".into()),
        ..Container::default()
    };
    let spec = PodSpec {
        restart_policy: Some(policy.into()),
        init_containers: Some(init.iter().map(make).collect()),
        containers: main.iter().map(make).collect(),
        ..PodSpec::default()
    };
    Case {
        pod: Pod { spec: Some(spec), ..Pod::default() },
        view: View::default(),
        busy: BTreeMap::new(),
        mounts: Mounts::Ready,
        ending: None,
        backoff: Backoff::standard(),
        failing: None,
        now: 100,
    }
}

impl Case {
    fn sandbox(mut self, ready: bool) -> Self {
        let attempt = u32::try_from(self.view.sandboxes.len()).unwrap();
        let id = SandboxId(format!("s{attempt}").into());
        let sandbox = Sandbox { id, attempt, ready, host_network: false, ips: vec![], created_at_ns: 0, pid: 1 };
        self.view.sandboxes.insert(0, sandbox);
        self
    }

    /// A container in the newest sandbox: `None` runs, otherwise its exit code.
    fn container(mut self, name: &str, code: Option<i32>) -> Self {
        let exit = |code| Exit {
            started_at_ns: 0,
            finished_at_ns: 90_000_000_000,
            code,
            signal: 0,
            oom_killed: false,
            unknown: false,
        };
        let phase = code
            .map_or(ContainerPhase::Running { started_at_ns: 0, pid: 2 }, |code| ContainerPhase::Exited(exit(code)));
        let count = self.view.containers.len();
        let state = ContainerState {
            id: ContainerId(format!("{name}{count}").into()),
            sandbox: self.view.sandboxes[0].id.clone(),
            name: name.into(),
            attempt: 0,
            image: "i".into(),
            created_at_ns: 0,
            phase,
            annotations: BTreeMap::new(),
            log_path: PathBuf::new(),
        };
        self.view.containers.insert(0, Instance::new(state));
        self
    }

    fn busy(mut self, name: &str, busy: Busy) -> Self {
        self.busy.insert(name.into(), busy);
        self
    }

    fn ending(mut self, grace_seconds: i64) -> Self {
        self.ending = Some(Ending { since: at(self.now), grace_seconds });
        self
    }

    fn fails(mut self, name: &'static str, kind: Kind) -> Self {
        self.failing = Some((name, kind));
        for container in &mut self.pod.spec.as_mut().unwrap().containers {
            container.liveness_probe = (kind == Kind::Liveness).then(Probe::default);
        }
        self
    }

    fn plan(&self) -> Plan {
        let probes = |id: &ContainerId, kind: Kind| {
            let (name, failing) = self.failing?;
            (id.0.starts_with(name) && kind == failing).then_some(Verdict::Failure)
        };
        plan(&Input {
            pod: &self.pod,
            view: &self.view,
            now: at(self.now),
            busy: &self.busy,
            sandbox_busy: false,
            mounts: self.mounts,
            retry_at: &BTreeMap::new(),
            sandbox_retry_at: None,
            backoff: &self.backoff,
            probes: &probes,
            ending: self.ending.as_ref(),
            finished: false,
        })
    }

    /// The plan in short: `start a`, `stop a`, `sandbox`, `over`…
    fn short(&self) -> String {
        let plan = self.plan();
        let mut words: Vec<String> = plan
            .actions
            .iter()
            .map(|action| match action {
                Action::Mount => "mount".into(),
                Action::RunSandbox { attempt, .. } => format!("sandbox {attempt}"),
                Action::Start { name, .. } => format!("start {name}"),
                Action::Stop(stop) => format!("stop {} {}", stop.name, stop.grace_seconds),
                Action::StopSandbox { id } => format!("end {}", id.0),
                Action::Remove { id } => format!("remove {}", id.0),
                Action::Finish => "finish".into(),
            })
            .collect();
        words.extend(plan.backing_off.iter().map(|(name, _)| format!("wait {name}")));
        if plan.over {
            words.push("over".into());
        }
        words.join(", ")
    }
}

#[test]
fn beginnings() {
    let mut new = case("Always", &[], &["a", "b"]);
    new.mounts = Mounts::None;
    assert_eq!(new.short(), "mount, sandbox 0", "volumes and sandbox at the same time");
    let mut unmounted = case("Always", &[], &["a"]).sandbox(true);
    unmounted.mounts = Mounts::Busy;
    for (case, expected) in [
        (unmounted, ""),
        (case("Always", &[], &["a", "b"]).sandbox(true), "start a, start b"),
        (case("Always", &[], &["a", "b"]).sandbox(true).busy("a", Busy::Starting { blocks: false }), "start b"),
        (case("Always", &[], &["a", "b"]).sandbox(true).busy("a", Busy::Starting { blocks: true }), ""),
        (case("Always", &[], &["a"]).sandbox(true).container("a", None), ""),
    ] {
        assert_eq!(case.short(), expected);
    }
}

#[test]
fn init_containers_and_sidecars() {
    let new = || case("Always", &["i", "side", "j"], &["a"]).sandbox(true);
    for (case, expected) in [
        (new(), "start i"),
        (new().container("i", None), ""),
        (new().container("i", Some(0)), "start side"),
        (new().container("i", Some(0)).container("side", None), "start j"),
        (new().container("i", Some(0)).container("side", None).container("j", Some(0)), "start a"),
        (new().container("i", Some(1)), "start i"),
        (case("Never", &["i"], &["a"]).sandbox(true).container("i", Some(1)), "over"),
        (case("Never", &["side"], &["a"]).sandbox(true).container("side", Some(1)).container("a", None), "start side"),
        (case("Never", &["side"], &["a"]).sandbox(true).container("side", None).container("a", Some(0)), "over"),
    ] {
        assert_eq!(case.short(), expected);
    }
}

#[test]
fn restarts() {
    let ended = |policy: &str, code: i32| case(policy, &[], &["a"]).sandbox(true).container("a", Some(code));
    let mut waiting = ended("Always", 1);
    waiting.backoff.next("a/x", at(80), at(80));
    let key = super::plan::backoff_key(&waiting.pod.spec.as_ref().unwrap().containers[0]);
    waiting.backoff.next(&key, at(85), at(85));
    waiting.now = 95;
    assert_eq!(waiting.short(), "wait a");
    let plan = waiting.plan();
    assert_eq!(plan.wake_at, Some(at(90) + SignedDuration::from_secs(10)));
    assert!(plan.backing_off[0].1.message.starts_with("back-off 10s restarting failed container=a pod="));
    for (case, expected) in [
        (ended("Always", 0), "start a"),
        (ended("OnFailure", 0), "over"),
        (ended("OnFailure", 2), "start a"),
        (ended("Never", 2), "over"),
        (case("Never", &[], &["a", "b"]).sandbox(true).container("a", Some(1)).container("b", None), ""),
        (case("Always", &[], &["a"]).sandbox(false).container("a", Some(255)), "sandbox 1"),
        (case("Never", &[], &["a"]).sandbox(false).container("a", Some(255)), "over"),
        (case("Always", &[], &["a"]).sandbox(true).container("a", None).fails("a", Kind::Liveness), "stop a 2"),
    ] {
        assert_eq!(case.short(), expected);
    }
}

#[test]
fn endings() {
    let running = || case("Always", &["side"], &["a"]).sandbox(true).container("side", None).container("a", None);
    let mut late =
        case("Always", &["side"], &["a"]).sandbox(true).container("side", None).container("a", None).ending(5);
    late.now += 6;
    for (case, expected) in [
        (running().ending(30), "stop a 30"),
        (running().ending(30).busy("a", Busy::Stopping), ""),
        (
            case("Always", &["side"], &["a"]).sandbox(true).container("side", None).container("a", Some(0)).ending(30),
            "stop side 30",
        ),
        (late, "stop a 5, stop side 0"),
        (case("Always", &[], &["a"]).sandbox(true).container("a", Some(0)).ending(30), "end s0"),
        (case("Always", &[], &["a"]).sandbox(false).container("a", Some(0)).ending(30), "finish"),
        (case("Always", &[], &["a"]).ending(0), "finish"),
        (case("Always", &[], &["a"]).sandbox(true).busy("a", Busy::Starting { blocks: false }).ending(0), ""),
    ] {
        assert_eq!(case.short(), expected);
    }
}
