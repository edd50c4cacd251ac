//! Starts a container: image, configuration, process, postStart hook.

use std::{net::IpAddr, sync::Arc, time::Duration};

use client::events::Kind;
use cri::{
    image::Image,
    runtime::{ContainerConfig, ContainerId, ContainerPhase, ContainerState, Exit, SandboxId},
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, ImageVolumeSource, Pod, Volume};

use super::{
    hooks,
    message::{Mailbox, Message},
    plan::Waiting,
    spec,
    view::Instance,
};
use crate::{container::config, context::Context, images, objects::Snapshot, probes::run::Place, volumes};

/// Creating and starting a process takes milliseconds; a minute means that the host is in trouble.
const START_DEADLINE: Duration = Duration::from_secs(120);
const CONFIG_RETRY: SignedDuration = SignedDuration::from_secs(10);

/// A start that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failed {
    pub(crate) waiting: Waiting,
    /// Tried again at this time (or when an object changes); `None`: by the rules for ended containers.
    pub(crate) retry_at: Option<Timestamp>,
    /// The record of a process that never ran.
    pub(crate) instance: Option<Instance>,
    /// It runs, but its hook failed: to be ended.
    pub(crate) kill: Option<ContainerId>,
    /// The pod's objects may help: tried again when they change.
    pub(crate) waits_for_objects: bool,
    /// Which reading of the objects it was tried with.
    pub(crate) generation: u64,
}

/// Everything that a start needs.
pub(crate) struct Job {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) container: Arc<Container>,
    pub(crate) sandbox: SandboxId,
    pub(crate) attempt: u32,
    pub(crate) volumes: Arc<volumes::Map>,
    pub(crate) objects: Snapshot,
    pub(crate) generation: u64,
    pub(crate) pod_ips: Vec<IpAddr>,
    pub(crate) target_pid: Option<ContainerId>,
    pub(crate) mailbox: Arc<Mailbox>,
}

impl Job {
    fn event(&self, kind: Kind, reason: &str, message: &str) {
        self.context.container_event(&self.pod, &self.container.name, kind, reason, message);
    }

    fn failed(&self, reason: &str, message: String) -> Failed {
        Failed {
            waiting: Waiting { reason: reason.into(), message },
            retry_at: None,
            instance: None,
            kill: None,
            waits_for_objects: false,
            generation: self.generation,
        }
    }
}

/// Does it and tells the worker.
pub(crate) async fn start(job: Job) {
    let result = all(&job).await;
    job.mailbox.push(Message::Started(job.container.name.clone(), result.map(Box::new).map_err(Box::new)));
}

async fn all(job: &Job) -> Result<Instance, Failed> {
    let volumes = image_volumes(job).await?;
    let image = ensure(job, None).await?;
    let config = config::build(&config::Inputs {
        context: &job.context,
        pod: &job.pod,
        container: &job.container,
        image: &image,
        attempt: job.attempt,
        volumes: &volumes,
        objects: &job.objects,
        pod_ips: &job.pod_ips,
        target_pid: job.target_pid.clone(),
    })
    .map_err(|message| {
        job.event(Kind::Warning, "Failed", &format!("Error: {message}"));
        let retry_at = Some(job.context.env.now() + CONFIG_RETRY);
        let reason =
            if message == "no command specified" { "CreateContainerError" } else { "CreateContainerConfigError" };
        Failed { retry_at, waits_for_objects: true, ..job.failed(reason, message) }
    })?;
    let state = process(job, &config).await?;
    let mut instance = Instance::new(state);
    let Some(hook) = job.container.lifecycle.as_ref().and_then(|hooks| hooks.post_start.as_ref()) else {
        return Ok(instance);
    };
    instance.in_post_start = true;
    job.mailbox.push(Message::Running(Box::new(instance.clone())));
    let place = Place {
        runtime: job.context.runtime.clone(),
        sandbox: job.sandbox.clone(),
        id: config.id.clone(),
        container: job.container.clone(),
        pod_ip: job.pod_ips.first().map(ToString::to_string).unwrap_or_default(),
    };
    if let Err(message) = hooks::run(&place, &job.pod, hook).await {
        job.event(Kind::Warning, "FailedPostStartHook", "PostStartHook failed");
        instance.in_post_start = false;
        return Err(Failed {
            instance: Some(instance),
            kill: Some(config.id.clone()),
            ..job.failed("PostStartHookError", message)
        });
    }
    instance.in_post_start = false;
    Ok(instance)
}

async fn ensure(job: &Job, volume: Option<&ImageVolumeSource>) -> Result<Arc<Image>, Failed> {
    let (context, pod, container) = (job.context.as_ref(), job.pod.as_ref(), job.container.as_ref());
    let wanted = images::Wanted { context, pod, container, volume, objects: &job.objects };
    images::ensure(&wanted).await.map_err(|refused| Failed {
        retry_at: Some(refused.retry_at),
        ..job.failed(&refused.waiting.reason, refused.waiting.message.clone())
    })
}

/// The pod's volumes with those images that the container mounts.
async fn image_volumes(job: &Job) -> Result<Arc<volumes::Map>, Failed> {
    let mut map = job.volumes.clone();
    let mounted =
        |volume: &&Volume| job.container.volume_mounts.iter().flatten().any(|mount| mount.name == volume.name);
    for volume in spec::spec(&job.pod).volumes.iter().flatten().filter(mounted) {
        let Some(source) = &volume.image else { continue };
        let image = ensure(job, Some(source)).await?;
        let (pod_dir, name) = (job.context.config.pod_dir(spec::uid(&job.pod)), volume.name.clone());
        let mount = move || volumes::image::mount(&pod_dir, &name, &image.id, &image.layers);
        let done = job.context.env.blocking(mount).await;
        let path =
            done.unwrap_or_else(|| Err(std::io::Error::other("the kubelet is being stopped"))).map_err(|error| {
                let message = format!("failed to mount image volume {:?}: {error}", volume.name);
                job.event(Kind::Warning, "Failed", &format!("Error: {message}"));
                let retry_at = Some(job.context.env.now() + CONFIG_RETRY);
                Failed { retry_at, ..job.failed("CreateContainerError", message) }
            })?;
        Arc::make_mut(&mut map).insert(volume.name.clone(), volumes::Mounted { path, read_only: true });
    }
    Ok(map)
}

async fn process(job: &Job, config: &ContainerConfig) -> Result<ContainerState, Failed> {
    let begun = job.context.env.now();
    let answer = tokio::time::timeout(START_DEADLINE, job.context.runtime.start_container(&job.sandbox, config)).await;
    match answer {
        Ok(Ok(state)) => {
            job.event(Kind::Normal, "Created", "Container created");
            job.event(Kind::Normal, "Started", "Container started");
            Ok(state)
        }
        Ok(Err(cri::Error::Start { message, exit_code })) => {
            job.event(Kind::Normal, "Created", "Container created");
            job.event(Kind::Warning, "Failed", &format!("Error: {message}"));
            let instance = never_ran(job, config, &message, exit_code, begun);
            Err(Failed { instance: Some(instance), ..job.failed("RunContainerError", message) })
        }
        Ok(Err(error)) => {
            let message = error.to_string();
            job.event(Kind::Warning, "Failed", &format!("Error: {message}"));
            Err(Failed {
                retry_at: Some(job.context.env.now() + CONFIG_RETRY),
                ..job.failed("CreateContainerError", message)
            })
        }
        Err(_) => {
            let message = "context deadline exceeded".to_owned();
            job.event(Kind::Warning, "Failed", &format!("Error: {message}"));
            Err(Failed {
                retry_at: Some(job.context.env.now() + CONFIG_RETRY),
                ..job.failed("CreateContainerError", message)
            })
        }
    }
}

/// The record of a start that failed.
fn never_ran(job: &Job, config: &ContainerConfig, message: &str, code: i32, begun: Timestamp) -> Instance {
    let nanoseconds = |time: Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or(0);
    let state = ContainerState {
        id: config.id.clone(),
        sandbox: job.sandbox.clone(),
        name: config.name.clone(),
        attempt: config.attempt,
        image: config.image.clone(),
        created_at_ns: nanoseconds(begun),
        phase: ContainerPhase::Exited(Exit {
            started_at_ns: 0,
            finished_at_ns: nanoseconds(job.context.env.now()),
            code,
            signal: 0,
            oom_killed: false,
            unknown: false,
        }),
        annotations: config.annotations.clone(),
        log_path: config.log_path.clone(),
    };
    Instance { state, message: message.to_owned(), start_failed: true, in_post_start: false }
}
