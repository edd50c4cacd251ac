//! The part of the plan for init containers and sidecars.

use super::{
    plan::{Action, Input, Plan, start, unhealthy},
    spec::{self, Role},
    view::Instance,
};
use crate::probes::{Kind, Verdict};

/// How far the initialisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// The main containers may run.
    pub(super) initialized: bool,
    /// An init container failed for good.
    pub(super) failed: bool,
}

/// Walks the init containers in order: each runs to its end (a sidecar until it has started) before the next begins.
pub(super) fn plan(input: &Input<'_>, plan: &mut Plan) -> Progress {
    let containers = spec::init_containers(input.pod);
    let main_began =
        spec::spec(input.pod).containers.iter().any(|container| input.view.latest_active(&container.name).is_some());
    let last_seen = containers.iter().rposition(|container| input.view.latest_active(&container.name).is_some());
    let mut initialized = true;
    for (index, container) in containers.iter().enumerate() {
        let instance = input.view.latest_active(&container.name);
        if spec::is_sidecar(container) {
            // Once the pod was initialised a sidecar is only kept running; it holds nothing up.
            let started = sidecar(input, plan, container, instance, initialized || main_began);
            initialized = initialized && (started || main_began);
            continue;
        }
        // A record may have been removed: what came later proves that this one had succeeded.
        if main_began
            || last_seen.is_some_and(|last| {
                index < last
                    && containers[index + 1..=last].iter().any(|later| input.view.latest_active(&later.name).is_some())
            })
        {
            let failed = instance.and_then(Instance::exit).is_some_and(|exit| exit.code != 0);
            if !failed || main_began {
                continue;
            }
        }
        if !initialized {
            continue;
        }
        match instance.map(|instance| (instance.is_running(), instance.exit())) {
            Some((false, Some(exit))) if exit.code == 0 => {}
            Some((false, Some(exit))) => {
                if !spec::restarts(input.pod, container, exit.code)
                    || (spec::restart_policy(input.pod) == "Never" && container.restart_policy.is_none())
                {
                    return Progress { initialized: false, failed: true };
                }
                initialized = false;
                start(input, plan, container, Role::Init);
            }
            Some((true, _)) => initialized = false,
            Some((false, None)) | None => {
                initialized = false;
                start(input, plan, container, Role::Init);
            }
        }
    }
    Progress { initialized, failed: false }
}

/// Keeps a sidecar running; whether it has started.
fn sidecar(
    input: &Input<'_>,
    plan: &mut Plan,
    container: &k8s_openapi::api::core::v1::Container,
    instance: Option<&Instance>,
    due: bool,
) -> bool {
    match instance {
        Some(instance) if instance.is_running() => {
            if !input.busy.contains_key(&container.name)
                && let Some(stop) = unhealthy(input, container, instance, true)
            {
                plan.actions.push(Action::Stop(stop));
                return false;
            }
            !instance.in_post_start
                && (container.startup_probe.is_none()
                    || (input.probes)(instance.id(), Kind::Startup) == Some(Verdict::Success))
        }
        _ => {
            if due {
                start(input, plan, container, Role::Sidecar);
            }
            false
        }
    }
}
