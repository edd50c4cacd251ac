//! Everything that the runtime is told about a container, resolved.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io,
    net::IpAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use cri::{
    image::Image,
    runtime::{ContainerConfig, ContainerId, Mount, Propagation},
};
use k8s_openapi::api::core::v1::{Container, Pod, VolumeMount};

use super::{resources, security, user};
use crate::{
    context::Context,
    env::{
        build,
        expand::{expand, expand_all},
        services,
    },
    files::{hosts, resolv},
    images,
    objects::Snapshot,
    pods::{spec, view::annotation},
    volumes::{self, sub_path},
};

const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What it is made from.
pub(crate) struct Inputs<'a> {
    pub(crate) context: &'a Context,
    pub(crate) pod: &'a Pod,
    pub(crate) container: &'a Container,
    pub(crate) image: &'a Image,
    pub(crate) attempt: u32,
    pub(crate) volumes: &'a volumes::Map,
    pub(crate) objects: &'a Snapshot,
    pub(crate) pod_ips: &'a [IpAddr],
    pub(crate) target_pid: Option<ContainerId>,
}

/// Builds it; the error is the text of `CreateContainerConfigError`.
pub(crate) fn build(inputs: &Inputs<'_>) -> Result<ContainerConfig, String> {
    let Inputs { context, pod, container, image, .. } = *inputs;
    let env = environment(inputs)?;
    let security = security::resolve(pod, container, &image.config.user, &context.config.root_dir.join("seccomp"))?;
    let args = arguments(container, image, &env)?;
    let reference = container.image.clone().unwrap_or_default();
    let (name, image_id) = images::names(image, &reference, context.images.normalize(&reference).ok());
    let message_file = termination_log(context, pod, container).map_err(|error| error.to_string())?;
    let log_path = context.config.pod_logs(pod).join(&container.name).join(format!("{}.log", inputs.attempt));
    if let Some(dir) = log_path.parent() {
        fs::create_dir_all(dir).map_err(|error| {
            format!("create container log directory for container {} failed: {error}", container.name)
        })?;
    }
    let mut mounts = volume_mounts(inputs, &env)?;
    own_files(inputs, &message_file, &mut mounts);
    let stop_signal = container
        .lifecycle
        .as_ref()
        .and_then(|hooks| hooks.stop_signal.clone())
        .unwrap_or_else(|| image.config.stop_signal.clone());
    let annotations = annotations(
        inputs,
        &message_file,
        &name,
        &image_id,
        &stop_signal,
        user::identity(&security.user, &image.layers),
    );
    let memory = i64::try_from(context.facts.memory_bytes).unwrap_or(i64::MAX);
    Ok(ContainerConfig {
        id: ContainerId(context.new_id()),
        name: container.name.clone(),
        attempt: inputs.attempt,
        image: reference,
        layers: image.layers.clone(),
        args,
        env: merged(
            &image.config.env,
            &env,
            &hosts::hostname(pod, &context.config.cluster_domain).0,
            container.tty == Some(true),
        ),
        cwd: working_dir(container, image),
        user: security.user,
        mounts,
        devices: Vec::new(),
        privileged: security.privileged,
        capabilities_add: security.capabilities_add,
        capabilities_drop: security.capabilities_drop,
        no_new_privileges: security.no_new_privileges,
        read_only_rootfs: security.read_only_rootfs,
        unmasked_proc: security.unmasked_proc,
        seccomp: security.seccomp,
        target_pid: inputs.target_pid.clone(),
        resources: resources::container_cgroup(pod, container, memory),
        cgroup_name: format!("{}-{}", container.name, inputs.attempt),
        tty: container.tty == Some(true),
        stdin: container.stdin == Some(true),
        stdin_once: container.stdin_once == Some(true),
        log_path,
        stop_signal,
        annotations,
    })
}

fn working_dir(container: &Container, image: &Image) -> String {
    let own = container.working_dir.as_deref().filter(|dir| !dir.is_empty());
    own.or(Some(image.config.working_dir.as_str()).filter(|dir| !dir.is_empty())).unwrap_or("/").to_owned()
}

fn environment(inputs: &Inputs<'_>) -> Result<Vec<(String, String)>, String> {
    let (context, pod) = (inputs.context, inputs.pod);
    let links = spec::spec(pod).enable_service_links != Some(false);
    let all = context.services.store().all();
    let services = services::variables(all.iter().map(AsRef::as_ref), spec::namespace(pod), links);
    build::build(pod, inputs.container, &context.field_facts(inputs.pod_ips), &services, inputs.objects)
}

/// Command and arguments: the container's own over the image's.
fn arguments(container: &Container, image: &Image, env: &[(String, String)]) -> Result<Vec<String>, String> {
    let lookup = |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let expanded =
        |list: Option<&Vec<String>>| list.into_iter().flatten().map(|word| expand(word, &lookup)).collect::<Vec<_>>();
    let (command, args) = (expanded(container.command.as_ref()), expanded(container.args.as_ref()));
    let mut all = if command.is_empty() { image.config.entrypoint.clone() } else { command.clone() };
    if command.is_empty() && args.is_empty() {
        all.extend(image.config.cmd.iter().cloned());
    } else {
        all.extend(args);
    }
    if all.is_empty() { Err("no command specified".into()) } else { Ok(all) }
}

/// The image's variables, then the pod's over them.
fn merged(image: &[String], own: &[(String, String)], hostname: &str, tty: bool) -> Vec<String> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: &str| match out.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => value.clone_into(known),
        None => out.push((name.to_owned(), value.to_owned())),
    };
    let (path, value) = DEFAULT_PATH.split_once('=').unwrap_or_default();
    set(path, value);
    set("HOSTNAME", hostname);
    if tty {
        set("TERM", "xterm");
    }
    for pair in image {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        set(name, value);
    }
    for (name, value) in own {
        set(name, value);
    }
    out.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn volume_mounts(inputs: &Inputs<'_>, env: &[(String, String)]) -> Result<Vec<Mount>, String> {
    let container = inputs.container;
    if container.volume_devices.as_ref().is_some_and(|devices| !devices.is_empty()) {
        return Err("block volumes are not supported by this node yet".into());
    }
    container
        .volume_mounts
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, mount)| one_mount(inputs, env, index, mount))
        .collect()
}

fn one_mount(
    inputs: &Inputs<'_>,
    env: &[(String, String)],
    index: usize,
    mount: &VolumeMount,
) -> Result<Mount, String> {
    let name = &inputs.container.name;
    let volume = inputs
        .volumes
        .get(&mount.name)
        .ok_or_else(|| format!("cannot find volume {:?} to mount into container {name:?}", mount.name))?;
    let lookup = |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let part = match mount.sub_path_expr.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => expand_all(text, &lookup)?,
        None => mount.sub_path.clone().unwrap_or_default(),
    };
    let source = if part.is_empty() {
        volume.path.clone()
    } else {
        sub_path::check(&part)?;
        let pins = inputs.context.config.pod_dir(spec::uid(inputs.pod)).join("volume-subpaths");
        sub_path::prepare(&volume.path, &part, &pins, name, index).map_err(|error| {
            inputs.context.say(&format!("sub path {part:?} of volume {:?}: {error}", mount.name));
            format!("failed to prepare subPath for volumeMount {:?} of container {name:?}", mount.name)
        })?
    };
    let read_only = mount.read_only == Some(true) || volume.read_only;
    Ok(Mount {
        source,
        destination: absolute(&mount.mount_path),
        read_only,
        recursive_read_only: mount.read_only == Some(true)
            && matches!(mount.recursive_read_only.as_deref(), Some("Enabled" | "IfPossible")),
        propagation: match mount.mount_propagation.as_deref() {
            Some("HostToContainer") => Propagation::HostToContainer,
            Some("Bidirectional") => Propagation::Bidirectional,
            _ => Propagation::Private,
        },
    })
}

fn absolute(path: &str) -> PathBuf {
    if path.starts_with('/') { PathBuf::from(path) } else { Path::new("/").join(path) }
}

/// The pod's own files, unless the container mounts something in their place.
fn own_files(inputs: &Inputs<'_>, message_file: &Path, mounts: &mut Vec<Mount>) {
    let dir = inputs.context.config.pod_dir(spec::uid(inputs.pod));
    let message_path = inputs.container.termination_message_path.as_deref().unwrap_or("/dev/termination-log");
    let read_only =
        inputs.container.security_context.as_ref().is_some_and(|own| own.read_only_root_filesystem == Some(true));
    for (source, destination, read_only) in [
        (dir.join("etc-hosts"), absolute("/etc/hosts"), false),
        (dir.join("resolv.conf"), absolute("/etc/resolv.conf"), read_only),
        (dir.join("hostname"), absolute("/etc/hostname"), read_only),
        (message_file.to_owned(), absolute(message_path), false),
    ] {
        if !mounts.iter().any(|mount| mount.destination == destination) {
            mounts.push(Mount {
                source,
                destination,
                read_only,
                recursive_read_only: false,
                propagation: Propagation::Private,
            });
        }
    }
}

fn annotations(
    inputs: &Inputs<'_>,
    message_file: &Path,
    image: &str,
    image_id: &str,
    stop_signal: &str,
    identity: Option<k8s_openapi::api::core::v1::ContainerUser>,
) -> BTreeMap<String, String> {
    let grace = spec::spec(inputs.pod).termination_grace_period_seconds.unwrap_or(30);
    let mut out: BTreeMap<String, String> = [
        (annotation::HASH, spec::container_hash(inputs.container)),
        (annotation::RESTART_COUNT, inputs.attempt.to_string()),
        (annotation::MESSAGE_PATH, message_file.to_string_lossy().into_owned()),
        (
            annotation::MESSAGE_POLICY,
            inputs.container.termination_message_policy.clone().unwrap_or_else(|| "File".into()),
        ),
        (annotation::GRACE, grace.to_string()),
        (annotation::IMAGE_NAME, image.to_owned()),
        (annotation::IMAGE_ID, image_id.to_owned()),
        (annotation::STOP_SIGNAL, stop_signal.to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    if let Some(text) = identity.and_then(|identity| serde_json::to_string(&identity).ok()) {
        out.insert(annotation::USER.to_owned(), text);
    }
    out
}

/// An empty file that everybody may write.
fn termination_log(context: &Context, pod: &Pod, container: &Container) -> io::Result<PathBuf> {
    let dir = context.config.pod_dir(spec::uid(pod)).join("containers").join(&container.name);
    fs::create_dir_all(&dir)?;
    let file = dir.join(format!("{:08x}", context.env.rng.next() as u32));
    fs::write(&file, b"")?;
    fs::set_permissions(&file, Permissions::from_mode(0o666))?;
    Ok(file)
}

/// Writes hosts, resolver configuration and host name of a pod; what must be told in an event.
pub(crate) fn write_pod_files(context: &Context, pod: &Pod, ips: &[IpAddr]) -> io::Result<Vec<String>> {
    let dir = context.config.pod_dir(spec::uid(pod));
    fs::create_dir_all(&dir)?;
    let (host, domain) = hosts::hostname(pod, &context.config.cluster_domain);
    let aliases = spec::spec(pod).host_aliases.as_deref().unwrap_or_default();
    let text = if spec::is_host_network(pod) {
        hosts::from_host(&fs::read_to_string("/etc/hosts").unwrap_or_default(), aliases)
    } else {
        hosts::managed(ips, &host, &domain, aliases)
    };
    let (resolver, warnings) =
        resolv::for_pod(pod, &context.resolver, &context.config.cluster_dns, &context.config.cluster_domain);
    let uts = hosts::uts_name(pod, &context.config.cluster_domain).unwrap_or(host);
    for (name, text) in [("etc-hosts", text), ("resolv.conf", resolver.to_string()), ("hostname", format!("{uts}\n"))] {
        let file = dir.join(name);
        // Written in place: containers that run have the file itself mounted.
        if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            fs::write(&file, text)?;
            fs::set_permissions(&file, Permissions::from_mode(0o644))?;
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use cri::image::ImageConfig;

    use super::*;

    #[test]
    fn commands_and_variables() {
        let image = |entrypoint: &[&str], cmd: &[&str]| Image {
            id: String::new(),
            tags: vec![],
            digests: vec![],
            size_bytes: 0,
            layers: vec![],
            config: ImageConfig {
                entrypoint: entrypoint.iter().map(|s| (*s).into()).collect(),
                cmd: cmd.iter().map(|s| (*s).into()).collect(),
                ..ImageConfig::default()
            },
        };
        let container = |command: &[&str], args: &[&str]| Container {
            command: Some(command.iter().map(|s| (*s).into()).collect()),
            args: Some(args.iter().map(|s| (*s).into()).collect()),
            ..Container::default()
        };
        let env = [("A".to_owned(), "1".to_owned())];
        for (command, args, expected) in [
            (vec![], vec![], Ok(vec!["e", "c"])),
            (vec!["x"], vec![], Ok(vec!["x"])),
            (vec![], vec!["$(A)"], Ok(vec!["e", "1"])),
            (vec!["x"], vec!["y"], Ok(vec!["x", "y"])),
        ] as [(Vec<&str>, Vec<&str>, Result<Vec<&str>, String>); 4]
        {
            let got = arguments(&container(&command, &args), &image(&["e"], &["c"]), &env);
            assert_eq!(got, expected.map(|list| list.into_iter().map(ToOwned::to_owned).collect()));
        }
        assert!(arguments(&container(&[], &[]), &image(&[], &[]), &env).is_err());
        let all = merged(&["PATH=/x".into(), "B=2".into()], &[("B".into(), "3".into())], "h", false);
        assert_eq!(all, ["PATH=/x", "HOSTNAME=h", "B=3"]);
    }
}
