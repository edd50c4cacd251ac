//! Acts on the plan of a pod.

use std::{sync::Arc, time::Duration};

use client::events::Kind as EventKind;
use cri::{
    network::HostPort,
    runtime::{ContainerId, NamespaceMode, SandboxConfig, SandboxId},
};
use k8s_openapi::api::core::v1::{Container, Pod};
use tokio::sync::watch;

use super::{
    backoff::waits,
    kill::{self, Progress},
    message::Message,
    plan::{Action, Busy, Mounts, Stop, backoff_key},
    spec::{self, Role},
    start,
    view::{Instance, Sandbox, annotation},
    worker::Worker,
};
use crate::{
    container::{config, resources},
    context::Context,
    env::build,
    files::hosts,
    images,
    objects::OnChange,
    probes::Kind,
    status,
    volumes::{self, setup},
};

const SANDBOX_DEADLINE: Duration = Duration::from_secs(60);
const SHM_BYTES: u64 = 64 << 20;

impl Worker {
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Mount => self.mount(),
            Action::RunSandbox { attempt, changed } => self.run_sandbox(attempt, changed),
            Action::Start { name, role } => self.start_container(&name, role),
            Action::Stop(stop) => self.stop_container(stop),
            Action::StopSandbox { id } => self.stop_sandbox(id),
            Action::Remove { id } => self.remove_container(&id),
            // The next agent finds the volumes as they are.
            Action::Finish if self.halting => self.done = true,
            Action::Finish => self.tear_down(),
        }
    }

    /// Watches every object that the pod refers to.
    pub(super) fn lease_objects(&mut self) {
        let mut references = volumes::references(&self.pod);
        let ephemeral: Vec<Container> =
            spec::ephemeral_containers(&self.pod).iter().map(spec::ephemeral_as_container).collect();
        for container in
            spec::spec(&self.pod).containers.iter().chain(spec::init_containers(&self.pod)).chain(&ephemeral)
        {
            let (more_maps, more_secrets) = build::references(container);
            references.config_maps.extend(more_maps);
            references.secrets.extend(more_secrets);
        }
        references.secrets.extend(images::secrets::references(&self.pod));
        let mailbox = self.mailbox.clone();
        let tell: OnChange = Arc::new(move || mailbox.push(Message::ObjectsChanged));
        self.volumes.leases = Arc::new(self.context.objects.leases(&self.pod, &references, &tell));
    }

    fn mount(&mut self) {
        if self.volumes.refreshing || self.volumes.retry_at.is_some_and(|at| waits(at, self.context.env.now())) {
            return;
        }
        self.volumes.state = Mounts::Busy;
        self.set_up_volumes();
    }

    fn set_up_volumes(&mut self) {
        self.volumes.refreshing = true;
        self.volumes.stale = false;
        self.volumes.retry_at = None;
        let (context, pod, mailbox) = (self.context.clone(), self.pod.clone(), self.mailbox.clone());
        let (leases, tokens) = (self.volumes.leases.clone(), self.volumes.tokens.clone());
        let certificates = self.volumes.certificates.clone();
        let facts = context.field_facts(self.view.ips());
        tokio::spawn(async move {
            let objects = leases.snapshot().await;
            drop(leases);
            let job = setup::Job { context, pod, objects, tokens, certificates, facts };
            let outcome = setup::set_up(&job).await;
            mailbox.push(Message::Mounted(Box::new(outcome), job.objects));
        });
    }

    /// Mounted volumes follow their objects, their tokens are renewed.
    pub(super) fn renew_volumes(&mut self) {
        let now = self.context.env.now();
        let due = self.volumes.stale
            || self.volumes.refresh_at.is_some_and(|at| at <= now)
            || self.volumes.retry_at.is_some_and(|at| !waits(at, now));
        if due && self.ending.is_none() && !self.volumes.refreshing && self.volumes.state != Mounts::Busy {
            if self.volumes.state == Mounts::None {
                self.volumes.state = Mounts::Busy;
            }
            self.set_up_volumes();
        }
    }

    fn run_sandbox(&mut self, attempt: u32, changed: bool) {
        if changed {
            self.context.pod_event(
                &self.pod,
                EventKind::Normal,
                "SandboxChanged",
                "Pod sandbox changed, it will be killed and re-created.",
            );
        }
        let config = match sandbox_config(&self.context, &self.pod, attempt) {
            Ok(config) => config,
            Err(error) => return self.mailbox.push(Message::SandboxUp(Err(error))),
        };
        self.sandbox_busy = true;
        self.directory.add_sandbox(&config.id, spec::uid(&self.pod));
        let (context, pod, mailbox) = (self.context.clone(), self.pod.clone(), self.mailbox.clone());
        tokio::spawn(async move {
            let result = match tokio::time::timeout(SANDBOX_DEADLINE, make_sandbox(&context, &pod, &config)).await {
                Ok(result) => result,
                Err(_) => Err("context deadline exceeded".to_owned()),
            };
            if result.is_err() {
                let _ = context.runtime.stop_sandbox(&config.id).await;
                let _ = context.network.detach(&config.id).await;
                let _ = context.runtime.remove_sandbox(&config.id).await;
            }
            mailbox.push(Message::SandboxUp(result.map(Box::new)));
        });
    }

    /// How often the container ran before; of a pod that was here before the machine was restarted, what its status and
    /// its logs tell.
    fn attempt(&self, name: &str) -> u32 {
        if let Some(latest) = self.view.latest(name) {
            return latest.restart_count() + 1;
        }
        let logs = self.context.config.pod_logs(&self.pod).join(name);
        let of_file = |name: &str| name.split_once(".log").and_then(|(number, _)| number.parse::<u32>().ok());
        let from_logs = std::fs::read_dir(logs)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| of_file(&entry.file_name().to_string_lossy()))
            .map(|number| number + 1)
            .max();
        from_logs.unwrap_or(0).max(self.restarts.get(name).copied().unwrap_or(0))
    }

    fn start_container(&mut self, name: &str, role: Role) {
        let Some(sandbox) = self.view.active() else { return };
        let Some((_, container)) = spec::find(&self.pod, name) else { return };
        let container = Arc::new(container.into_owned());
        let now = self.context.env.now();
        if let Some(finished) = self.view.latest(name).and_then(Instance::finished_at) {
            self.backoff.next(&backoff_key(&container), finished, now);
        }
        let target_pid = match role {
            Role::Ephemeral => spec::ephemeral_containers(&self.pod)
                .iter()
                .find(|known| known.name == name)
                .and_then(|known| known.target_container_name.as_deref())
                .and_then(|target| {
                    self.view
                        .latest_active(target)
                        .filter(|instance| instance.is_running())
                        .map(|instance| instance.id().clone())
                }),
            Role::Init | Role::Sidecar | Role::Main => None,
        };
        let ips =
            if spec::is_host_network(&self.pod) { self.context.config.node_ips.clone() } else { sandbox.ips.clone() };
        let job = start::Job {
            context: self.context.clone(),
            pod: self.pod.clone(),
            container: container.clone(),
            sandbox: sandbox.id.clone(),
            attempt: self.attempt(name),
            volumes: self.volumes.map.clone(),
            objects: self.volumes.objects.clone(),
            generation: self.volumes.generation,
            pod_ips: ips,
            target_pid,
            mailbox: self.mailbox.clone(),
        };
        let blocks = container.lifecycle.as_ref().is_some_and(|hooks| hooks.post_start.is_some());
        self.busy.insert(name.to_owned(), Busy::Starting { blocks });
        tokio::spawn(start::start(job));
    }

    fn stop_container(&mut self, stop: Stop) {
        let Some(instance) = self.view.by_id(&stop.id) else { return };
        let container = match spec::find(&self.pod, &stop.name) {
            Some((_, container)) => container.into_owned(),
            None => Container { name: stop.name.clone(), ..Container::default() },
        };
        let (sender, progress) = watch::channel(Progress { exited: false, hurry_seconds: None });
        let signal = instance
            .state
            .annotations
            .get(annotation::STOP_SIGNAL)
            .filter(|signal| !signal.is_empty())
            .cloned()
            .unwrap_or_else(|| "SIGTERM".into());
        let name = stop.name.clone();
        self.ends.insert(name.clone(), (stop.id.clone(), sender));
        let job = kill::Job {
            context: self.context.clone(),
            pod: self.pod.clone(),
            container: Arc::new(container),
            sandbox: instance.state.sandbox.clone(),
            stop,
            signal,
            pod_ip: self.view.ips().first().map(ToString::to_string).unwrap_or_default(),
            progress,
            mailbox: self.mailbox.clone(),
        };
        if self.ending.is_none() {
            self.replacing.insert(name.clone());
        }
        self.busy.insert(name, Busy::Stopping);
        tokio::spawn(kill::end(job));
    }

    /// The postStart hook failed: the container has to go.
    pub(super) fn end_after_hook(&mut self, name: &str, id: ContainerId) {
        if self.view.by_id(&id).is_some_and(Instance::is_running) && !self.busy.contains_key(name) {
            let grace_seconds = spec::spec(&self.pod).termination_grace_period_seconds.unwrap_or(30);
            self.stop_container(Stop {
                id,
                name: name.to_owned(),
                message: "FailedPostStartHook".into(),
                grace_seconds,
                run_pre_stop: true,
            });
        }
    }

    /// Does what an agent that was killed had not done yet for the sandbox that it had just started.
    pub(super) fn complete_sandbox(&mut self) {
        let Some(sandbox) = self.view.active().cloned() else { return };
        if sandbox.ips.is_empty() && !sandbox.host_network {
            // Without an address it is of no use.
            return self.stop_sandbox(sandbox.id);
        }
        // The last of them.
        if self.context.config.pod_dir(spec::uid(&self.pod)).join("hostname").exists() {
            return;
        }
        let ips = if sandbox.host_network { &self.context.config.node_ips } else { &sandbox.ips };
        if let Err(error) = config::write_pod_files(&self.context, &self.pod, ips) {
            self.context.say(&format!("write the files of pod {}: {error}", spec::full_name(&self.pod)));
        }
    }

    pub(super) fn stop_sandbox(&mut self, id: SandboxId) {
        if let Some(sandbox) = self.view.sandboxes.iter_mut().find(|sandbox| sandbox.id == id) {
            sandbox.ready = false;
        }
        self.sandbox_busy = true;
        let (context, mailbox) = (self.context.clone(), self.mailbox.clone());
        tokio::spawn(async move {
            let stopped = context.runtime.stop_sandbox(&id).await;
            let detached = context.network.detach(&id).await;
            let result = stopped.and(detached).map_err(|error| error.to_string());
            mailbox.push(Message::SandboxStopped(id, result));
        });
    }

    pub(super) fn on_sandbox_stopped(&mut self, id: &SandboxId, result: Result<(), String>) {
        self.sandbox_busy = false;
        if let Err(error) = result {
            self.context.pod_event(
                &self.pod,
                EventKind::Warning,
                "FailedKillPod",
                &format!("error killing pod: {error}"),
            );
        }
        if let Some(sandbox) = self.view.sandboxes.iter_mut().find(|sandbox| &sandbox.id == id) {
            sandbox.ready = false;
        }
    }

    fn remove_container(&mut self, id: &ContainerId) {
        let Some(at) = self.view.containers.iter().position(|instance| instance.id() == id) else { return };
        let instance = self.view.containers.remove(at);
        let context = self.context.clone();
        tokio::spawn(async move {
            if let Err(error) = context.runtime.remove_container(&instance.state.sandbox, &instance.state.id).await {
                context.say(&format!("remove container {}: {error}", instance.state.name));
            }
            if let Some(file) = instance.state.annotations.get(annotation::MESSAGE_PATH) {
                let _ = std::fs::remove_file(file);
            }
            for file in crate::logs::read::files(&instance.state.log_path) {
                let _ = std::fs::remove_file(file);
            }
        });
    }

    /// Limits that changed in place.
    pub(super) fn resize(&mut self) {
        let capacity = i64::try_from(self.context.facts.memory_bytes).unwrap_or(i64::MAX);
        let mut changed = Vec::new();
        for container in &spec::spec(&self.pod).containers {
            let text = serde_json::to_string(&container.resources).unwrap_or_default();
            let known = self.resources.insert(container.name.clone(), text.clone());
            if known.is_some_and(|known| known != text)
                && let Some(instance) =
                    self.view.latest_active(&container.name).filter(|instance| instance.is_running())
            {
                changed.push((
                    instance.state.sandbox.clone(),
                    instance.id().clone(),
                    resources::container_cgroup(&self.pod, container, capacity),
                ));
            }
        }
        for (sandbox, id, limits) in changed {
            let (context, pod) = (self.context.clone(), self.pod.clone());
            tokio::spawn(async move {
                match context.runtime.update_resources(&sandbox, &id, &limits).await {
                    Ok(()) => context.pod_event(&pod, EventKind::Normal, "ResizeCompleted", "Pod resize completed"),
                    Err(error) => context.pod_event(
                        &pod,
                        EventKind::Warning,
                        "ResizeError",
                        &format!("Pod resize error: {error}"),
                    ),
                }
            });
        }
    }

    /// Computes the status and sends it.
    pub(super) fn report_status(&mut self) {
        if self.gone || self.report.orphaned || self.halting {
            return;
        }
        let now = self.context.env.now();
        let probes = |id: &ContainerId, kind: Kind| self.verdicts.get(&(id.clone(), kind)).copied();
        let status = status::generate(&status::Input {
            pod: &self.pod,
            view: &self.view,
            old: &self.report.current,
            waiting: &self.waiting,
            probes: &probes,
            ended: self.ending.is_some() && self.view.running().next().is_none() && self.busy.is_empty(),
            verdict: self.verdict.as_ref(),
            now,
            host_ips: &self.context.config.node_ips,
            agent_start: self.context.start,
        });
        self.report.current = status;
        self.report.send(&self.context.client, &self.pod, &self.mailbox, now);
    }
}

async fn make_sandbox(context: &Context, pod: &Pod, config: &SandboxConfig) -> Result<Sandbox, String> {
    let text = |error: cri::Error| error.to_string();
    let pid = context.runtime.run_sandbox(config).await.map_err(text)?;
    let host_network = spec::is_host_network(pod);
    let ips = if host_network {
        Vec::new()
    } else {
        context.network.attach(&config.id, pid, &host_ports(pod)).await.map_err(text)?.ips
    };
    let own = if host_network { &context.config.node_ips } else { &ips };
    for warning in
        config::write_pod_files(context, pod, own).map_err(|error| format!("write the pod's files: {error}"))?
    {
        context.pod_event(pod, EventKind::Warning, "DNSConfigForming", &warning);
    }
    let created_at_ns = i64::try_from(context.env.now().as_nanosecond()).unwrap_or(0);
    Ok(Sandbox { id: config.id.clone(), attempt: config.attempt, ready: true, host_network, ips, created_at_ns, pid })
}

/// Ports of the node that lead to the pod.
pub(crate) fn host_ports(pod: &Pod) -> Vec<HostPort> {
    let sidecars = spec::init_containers(pod).iter().filter(|container| spec::is_sidecar(container));
    spec::spec(pod)
        .containers
        .iter()
        .chain(sidecars)
        .flat_map(|container| container.ports.iter().flatten())
        .filter_map(|port| {
            Some(HostPort {
                protocol: port.protocol.clone().unwrap_or_else(|| "TCP".into()),
                host_ip: port.host_ip.as_deref().and_then(|ip| ip.parse().ok()),
                host_port: port.host_port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)?,
                container_port: u16::try_from(port.container_port).ok()?,
            })
        })
        .collect()
}

fn sandbox_config(context: &Context, pod: &Pod, attempt: u32) -> Result<SandboxConfig, String> {
    let spec = spec::spec(pod);
    let log_dir = context.config.pod_logs(pod);
    std::fs::create_dir_all(&log_dir).map_err(|error| format!("make {}: {error}", log_dir.display()))?;
    let host = |is: Option<bool>| if is == Some(true) { NamespaceMode::Host } else { NamespaceMode::Pod };
    Ok(SandboxConfig {
        id: SandboxId(context.new_id()),
        pod_uid: spec::uid(pod).to_owned(),
        pod_name: spec::name(pod).to_owned(),
        pod_namespace: spec::namespace(pod).to_owned(),
        attempt,
        hostname: hosts::uts_name(pod, &context.config.cluster_domain)?,
        network: host(spec.host_network),
        pid: match (spec.host_pid, spec.share_process_namespace) {
            (Some(true), _) => NamespaceMode::Host,
            (_, Some(true)) => NamespaceMode::Pod,
            _ => NamespaceMode::Container,
        },
        ipc: host(spec.host_ipc),
        sysctls: spec
            .security_context
            .iter()
            .flat_map(|own| own.sysctls.iter().flatten())
            .map(|sysctl| (sysctl.name.clone(), sysctl.value.clone()))
            .collect(),
        cgroup: resources::cgroup_path(pod),
        resources: resources::pod_cgroup(pod, context.config.pod_pids_limit),
        log_dir,
        shm_bytes: SHM_BYTES,
    })
}
