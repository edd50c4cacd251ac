//! Pure questions about a pod's specification.

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, Pod, PodSpec};

/// Which list of the specification a container stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// `initContainers`, runs to completion.
    Init,
    /// `initContainers` with `restartPolicy: Always`.
    Sidecar,
    /// `containers`.
    Main,
    /// `ephemeralContainers`.
    Ephemeral,
}

static EMPTY: std::sync::LazyLock<PodSpec> = std::sync::LazyLock::new(PodSpec::default);

/// The specification; an empty one where it is missing.
pub(crate) fn spec(pod: &Pod) -> &PodSpec {
    pod.spec.as_ref().unwrap_or(&EMPTY)
}

pub(crate) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

pub(crate) fn namespace(pod: &Pod) -> &str {
    pod.metadata.namespace.as_deref().unwrap_or_default()
}

pub(crate) fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}

/// `name_namespace(uid)`, as messages name a pod.
pub(crate) fn full_name(pod: &Pod) -> String {
    format!("{}_{}({})", name(pod), namespace(pod), uid(pod))
}

pub(crate) fn init_containers(pod: &Pod) -> &[Container] {
    spec(pod).init_containers.as_deref().unwrap_or_default()
}

pub(crate) fn ephemeral_containers(pod: &Pod) -> &[EphemeralContainer] {
    spec(pod).ephemeral_containers.as_deref().unwrap_or_default()
}

pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

pub(crate) fn is_host_network(pod: &Pod) -> bool {
    spec(pod).host_network == Some(true)
}

pub(crate) fn restart_policy(pod: &Pod) -> &str {
    spec(pod).restart_policy.as_deref().unwrap_or("Always")
}

pub(crate) fn is_terminal_phase(phase: Option<&str>) -> bool {
    matches!(phase, Some("Succeeded" | "Failed"))
}

pub(crate) fn phase(pod: &Pod) -> Option<&str> {
    pod.status.as_ref().and_then(|status| status.phase.as_deref())
}

pub(crate) fn is_deleted(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// A container and its place.
pub(crate) fn find<'a>(pod: &'a Pod, name: &str) -> Option<(Role, std::borrow::Cow<'a, Container>)> {
    use std::borrow::Cow;
    if let Some(found) = spec(pod).containers.iter().find(|container| container.name == name) {
        return Some((Role::Main, Cow::Borrowed(found)));
    }
    if let Some(found) = init_containers(pod).iter().find(|container| container.name == name) {
        return Some((if is_sidecar(found) { Role::Sidecar } else { Role::Init }, Cow::Borrowed(found)));
    }
    let found = ephemeral_containers(pod).iter().find(|container| container.name == name)?;
    Some((Role::Ephemeral, Cow::Owned(ephemeral_as_container(found))))
}

/// An ephemeral container in the form of the others.
pub(crate) fn ephemeral_as_container(from: &EphemeralContainer) -> Container {
    Container {
        args: from.args.clone(),
        command: from.command.clone(),
        env: from.env.clone(),
        env_from: from.env_from.clone(),
        image: from.image.clone(),
        image_pull_policy: from.image_pull_policy.clone(),
        name: from.name.clone(),
        security_context: from.security_context.clone(),
        stdin: from.stdin,
        stdin_once: from.stdin_once,
        termination_message_path: from.termination_message_path.clone(),
        termination_message_policy: from.termination_message_policy.clone(),
        tty: from.tty,
        volume_mounts: from.volume_mounts.clone(),
        working_dir: from.working_dir.clone(),
        ..Container::default()
    }
}

/// The path by which events name a container.
pub(crate) fn field_path(pod: &Pod, container: &str) -> String {
    match find(pod, container) {
        Some((Role::Main, _)) => format!("spec.containers{{{container}}}"),
        Some((Role::Init | Role::Sidecar, _)) => format!("spec.initContainers{{{container}}}"),
        Some((Role::Ephemeral, _)) => format!("spec.ephemeralContainers{{{container}}}"),
        None => String::new(),
    }
}

/// Whether an ended container is to run again, by its own policy and rules, or else by the pod's.
pub(crate) fn restarts(pod: &Pod, container: &Container, exit_code: i32) -> bool {
    if let Some(policy) = container.restart_policy.as_deref() {
        if let Some(rule) = matching_rule(container, exit_code)
            && matches!(rule, "Restart" | "RestartAllContainers")
        {
            return true;
        }
        match policy {
            "Always" => return true,
            "OnFailure" => return exit_code != 0,
            "Never" => return false,
            _ => {}
        }
    }
    match restart_policy(pod) {
        "OnFailure" => exit_code != 0,
        "Never" => false,
        _ => true,
    }
}

fn matching_rule(container: &Container, exit_code: i32) -> Option<&str> {
    container.restart_policy_rules.iter().flatten().find_map(|rule| {
        let codes = rule.exit_codes.as_ref()?;
        let listed = codes.values.iter().flatten().any(|value| *value == exit_code);
        let matches = match codes.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            _ => false,
        };
        matches.then_some(rule.action.as_str())
    })
}

/// Whether a running container that was killed for a failed probe starts again.
pub(crate) fn restarts_after_probe(pod: &Pod, container: &Container) -> bool {
    match container.restart_policy.as_deref() {
        Some(policy) => policy != "Never",
        None => restart_policy(pod) != "Never",
    }
}

/// A hash of what makes a container another one when it changes (only the image can).
pub(crate) fn container_hash(container: &Container) -> String {
    let text = serde_json::json!({"name": container.name, "image": container.image}).to_string();
    let mut hash: u32 = 0x811c_9dc5;
    for byte in text.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    format!("{hash:x}")
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{ContainerRestartRule, ContainerRestartRuleOnExitCodes};

    use super::*;

    #[test]
    fn restart_policies() {
        let pod = |policy: &str| Pod {
            spec: Some(PodSpec { restart_policy: Some(policy.into()), ..PodSpec::default() }),
            ..Pod::default()
        };
        let own = |policy: Option<&str>| Container { restart_policy: policy.map(Into::into), ..Container::default() };
        for (pod_policy, container_policy, code, expected) in [
            ("Always", None, 0, true),
            ("OnFailure", None, 0, false),
            ("OnFailure", None, 1, true),
            ("Never", None, 1, false),
            ("Never", Some("Always"), 0, true),
            ("Always", Some("Never"), 1, false),
            ("Never", Some("OnFailure"), 3, true),
        ] {
            assert_eq!(
                restarts(&pod(pod_policy), &own(container_policy), code),
                expected,
                "{pod_policy} {container_policy:?} {code}"
            );
        }
        let mut ruled = own(Some("Never"));
        ruled.restart_policy_rules = Some(vec![ContainerRestartRule {
            action: "Restart".into(),
            exit_codes: Some(ContainerRestartRuleOnExitCodes { operator: "In".into(), values: Some(vec![42]) }),
        }]);
        assert!(restarts(&pod("Never"), &ruled, 42) && !restarts(&pod("Never"), &ruled, 41));
    }
}
