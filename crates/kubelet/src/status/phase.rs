//! The phase of a pod from the states of its containers.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use crate::pods::spec;

#[derive(Default)]
struct Counts {
    pending_init: u32,
    pending_sidecars: u32,
    init_failed_for_good: u32,
    unknown: u32,
    running: u32,
    waiting: u32,
    stopped: u32,
    stopped_for_good: u32,
    succeeded: u32,
}

/// `Pending`, `Running`, `Succeeded` or `Failed`. `ended`: nothing will be started any more. `initialized`: a main
/// container was started in the present sandbox.
pub(crate) fn phase(
    pod: &Pod,
    init: &[ContainerStatus],
    main: &[ContainerStatus],
    ended: bool,
    initialized: bool,
) -> &'static str {
    let mut counts = Counts::default();
    for container in spec::init_containers(pod) {
        let status = init.iter().find(|status| status.name == container.name);
        if spec::is_sidecar(container) {
            count_sidecar(&mut counts, status);
        } else {
            count_init(&mut counts, pod, container, status);
        }
    }
    for container in &spec::spec(pod).containers {
        count_main(&mut counts, pod, container, main.iter().find(|status| status.name == container.name));
    }
    conclude(&counts, ended, initialized)
}

fn conclude(counts: &Counts, ended: bool, initialized: bool) -> &'static str {
    if counts.init_failed_for_good > 0 {
        return "Failed";
    }
    if counts.pending_init > 0 || (counts.pending_sidecars > 0 && !initialized) || counts.waiting > 0 {
        return "Pending";
    }
    if counts.running > 0 && counts.unknown == 0 {
        return "Running";
    }
    if counts.running == 0 && counts.stopped > 0 && counts.unknown == 0 {
        if !ended && counts.stopped != counts.stopped_for_good {
            return "Running";
        }
        return if counts.stopped == counts.succeeded { "Succeeded" } else { "Failed" };
    }
    "Pending"
}

fn exit_code(status: &ContainerStatus) -> Option<i32> {
    status.state.as_ref().and_then(|state| state.terminated.as_ref()).map(|end| end.exit_code)
}

fn last_exit_code(status: &ContainerStatus) -> Option<i32> {
    status.last_state.as_ref().and_then(|state| state.terminated.as_ref()).map(|end| end.exit_code)
}

fn is_running(status: &ContainerStatus) -> bool {
    status.state.as_ref().is_some_and(|state| state.running.is_some())
}

fn is_waiting(status: &ContainerStatus) -> bool {
    status.state.as_ref().is_some_and(|state| state.waiting.is_some())
}

fn count_init(counts: &mut Counts, pod: &Pod, container: &Container, status: Option<&ContainerStatus>) {
    let code = match status {
        Some(status) if is_waiting(status) => last_exit_code(status),
        Some(status) if !is_running(status) => exit_code(status),
        _ => None,
    };
    match code {
        Some(0) if status.is_some_and(is_waiting) => {}
        Some(0) => {}
        Some(code) => {
            if !spec::restarts(pod, container, code) {
                counts.init_failed_for_good += 1;
            } else if status.is_some_and(|status| !is_waiting(status)) {
                // Upstream counts it as neither pending nor running; the main containers keep the pod pending.
            }
        }
        None => counts.pending_init += 1,
    }
}

fn count_sidecar(counts: &mut Counts, status: Option<&ContainerStatus>) {
    let Some(status) = status else {
        counts.unknown += 1;
        return;
    };
    if is_running(status) {
        counts.running += 1;
        if status.started != Some(true) {
            counts.pending_sidecars += 1;
        }
    } else if is_waiting(status) {
        if last_exit_code(status).is_none() {
            counts.pending_sidecars += 1;
            counts.waiting += 1;
        }
    } else if exit_code(status).is_none() {
        counts.pending_sidecars += 1;
        counts.unknown += 1;
    }
}

fn count_main(counts: &mut Counts, pod: &Pod, container: &Container, status: Option<&ContainerStatus>) {
    let Some(status) = status else {
        counts.unknown += 1;
        return;
    };
    if is_running(status) {
        counts.running += 1;
    } else if let Some(code) = exit_code(status) {
        counts.stopped += 1;
        counts.succeeded += u32::from(code == 0);
        counts.stopped_for_good += u32::from(!spec::restarts(pod, container, code));
    } else if is_waiting(status) {
        match last_exit_code(status) {
            Some(code) => {
                counts.stopped += 1;
                counts.stopped_for_good += u32::from(!spec::restarts(pod, container, code));
            }
            None => counts.waiting += 1,
        }
    } else {
        counts.unknown += 1;
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{
        ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, PodSpec,
    };

    use super::*;

    fn pod(policy: &str, init: &[&str], main: &[&str]) -> Pod {
        let make = |names: &[&str]| {
            names
                .iter()
                .map(|name| Container {
                    name: (*name).into(),
                    restart_policy: name.starts_with("side").then(|| "Always".into()),
                    ..Container::default()
                })
                .collect::<Vec<_>>()
        };
        Pod {
            spec: Some(PodSpec {
                restart_policy: Some(policy.into()),
                init_containers: Some(make(init)),
                containers: make(main),
                ..PodSpec::default()
            }),
            ..Pod::default()
        }
    }

    fn status(name: &str, state: &str) -> ContainerStatus {
        let mut status = ContainerStatus { name: name.into(), ..ContainerStatus::default() };
        let end = |code: &str| {
            Some(ContainerStateTerminated { exit_code: code.parse().unwrap(), ..ContainerStateTerminated::default() })
        };
        match state.split_once(':') {
            Some(("exit", code)) => {
                status.state = Some(ContainerState { terminated: end(code), ..ContainerState::default() })
            }
            Some(("loop", code)) => {
                status.state = Some(ContainerState {
                    waiting: Some(ContainerStateWaiting::default()),
                    ..ContainerState::default()
                });
                status.last_state = Some(ContainerState { terminated: end(code), ..ContainerState::default() });
            }
            _ if state == "run" => {
                status.started = Some(true);
                status.state = Some(ContainerState {
                    running: Some(ContainerStateRunning::default()),
                    ..ContainerState::default()
                });
            }
            _ => {
                status.state = Some(ContainerState {
                    waiting: Some(ContainerStateWaiting::default()),
                    ..ContainerState::default()
                })
            }
        }
        status
    }

    #[test]
    fn phases() {
        for (policy, init, main, ended, expected) in [
            ("Always", vec![], vec![("a", "wait")], false, "Pending"),
            ("Always", vec![], vec![("a", "run")], false, "Running"),
            ("Always", vec![], vec![("a", "run"), ("b", "wait")], false, "Pending"),
            ("Always", vec![], vec![("a", "exit:1")], false, "Running"),
            ("Always", vec![], vec![("a", "loop:1")], false, "Running"),
            ("Always", vec![], vec![("a", "exit:0")], true, "Succeeded"),
            ("Always", vec![], vec![("a", "exit:137")], true, "Failed"),
            ("Never", vec![], vec![("a", "exit:0")], false, "Succeeded"),
            ("Never", vec![], vec![("a", "exit:3")], false, "Failed"),
            ("Never", vec![], vec![("a", "exit:3"), ("b", "run")], false, "Running"),
            ("OnFailure", vec![], vec![("a", "exit:1")], false, "Running"),
            ("OnFailure", vec![], vec![("a", "exit:0")], false, "Succeeded"),
            ("Never", vec![("i", "exit:1")], vec![("a", "wait")], false, "Failed"),
            ("Always", vec![("i", "run")], vec![("a", "wait")], false, "Pending"),
            ("Always", vec![("i", "exit:0")], vec![("a", "run")], false, "Running"),
            ("Never", vec![("side", "run")], vec![("a", "exit:0")], false, "Running"),
            ("Never", vec![("side", "exit:137")], vec![("a", "exit:0")], true, "Succeeded"),
        ] {
            let names = |list: &[(&'static str, &str)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>();
            let statuses =
                |list: &[(&str, &str)]| list.iter().map(|(name, state)| status(name, state)).collect::<Vec<_>>();
            let pod = pod(policy, &names(&init), &names(&main));
            assert_eq!(
                phase(&pod, &statuses(&init), &statuses(&main), ended, false),
                expected,
                "{policy} {init:?} {main:?} {ended}"
            );
        }
    }
}
