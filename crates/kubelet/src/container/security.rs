//! The effective security context of a container: its own fields over those of its pod.

use std::path::{Path, PathBuf};

use cri::runtime::{Seccomp, User};
use k8s_openapi::api::core::v1::{Container, Pod, SeccompProfile};

use crate::pods::spec;

/// What the runtime needs to know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Security {
    pub(crate) user: User,
    pub(crate) privileged: bool,
    pub(crate) capabilities_add: Vec<String>,
    pub(crate) capabilities_drop: Vec<String>,
    pub(crate) no_new_privileges: bool,
    pub(crate) read_only_rootfs: bool,
    pub(crate) unmasked_proc: bool,
    pub(crate) seccomp: Seccomp,
}

/// Resolves it, or says (in upstream's words) why the container must not run.
pub(crate) fn resolve(
    pod: &Pod,
    container: &Container,
    image_user: &str,
    seccomp_root: &Path,
) -> Result<Security, String> {
    let own = container.security_context.clone().unwrap_or_default();
    let shared = spec::spec(pod).security_context.clone().unwrap_or_default();
    let run_as_user = own.run_as_user.or(shared.run_as_user);
    if own.run_as_non_root.or(shared.run_as_non_root) == Some(true) {
        verify_non_root(pod, container, run_as_user, image_user)?;
    }
    let id = |value: i64, what: &str| u32::try_from(value).map_err(|_| format!("{what} {value} is out of range"));
    let mut additional_gids = Vec::new();
    for gid in shared.fs_group.iter().chain(shared.supplemental_groups.iter().flatten()) {
        additional_gids.push(id(*gid, "group id")?);
    }
    let names = |list: Option<&Vec<String>>| {
        list.cloned().unwrap_or_default().iter().map(|name| name.trim_start_matches("CAP_").to_owned()).collect()
    };
    let capabilities = own.capabilities.as_ref();
    let privileged = own.privileged == Some(true);
    Ok(Security {
        user: User {
            spec: image_user.to_owned(),
            uid: run_as_user.map(|uid| id(uid, "user id")).transpose()?,
            gid: own.run_as_group.or(shared.run_as_group).map(|gid| id(gid, "group id")).transpose()?,
            additional_gids,
            strict_groups: shared.supplemental_groups_policy.as_deref() == Some("Strict"),
        },
        privileged,
        capabilities_add: names(capabilities.and_then(|capabilities| capabilities.add.as_ref())),
        capabilities_drop: names(capabilities.and_then(|capabilities| capabilities.drop.as_ref())),
        no_new_privileges: own.allow_privilege_escalation == Some(false),
        read_only_rootfs: own.read_only_root_filesystem == Some(true),
        unmasked_proc: own.proc_mount.as_deref() == Some("Unmasked"),
        seccomp: if privileged {
            Seccomp::Unconfined
        } else {
            seccomp(own.seccomp_profile.as_ref().or(shared.seccomp_profile.as_ref()), seccomp_root)?
        },
    })
}

fn seccomp(profile: Option<&SeccompProfile>, root: &Path) -> Result<Seccomp, String> {
    match profile.map(|profile| (profile.type_.as_str(), profile.localhost_profile.as_deref())) {
        None | Some(("Unconfined", _)) => Ok(Seccomp::Unconfined),
        Some(("RuntimeDefault", _)) => Ok(Seccomp::RuntimeDefault),
        Some(("Localhost", Some(file))) if !file.is_empty() => Ok(Seccomp::Localhost(root.join(PathBuf::from(file)))),
        Some(("Localhost", _)) => Err("localhostProfile must be set if seccompProfile type is Localhost.".into()),
        Some((other, _)) => Err(format!("unsupported seccomp profile type {other:?}")),
    }
}

fn verify_non_root(pod: &Pod, container: &Container, run_as_user: Option<i64>, image_user: &str) -> Result<(), String> {
    let place = format!("(pod: {:?}, container: {})", spec::full_name(pod), container.name);
    match run_as_user {
        Some(0) => return Err(format!("container's runAsUser breaks non-root policy {place}")),
        Some(_) => return Ok(()),
        None => {}
    }
    let name = image_user.split(':').next().unwrap_or_default();
    match name.parse::<i64>() {
        Ok(0) => Err(format!("container has runAsNonRoot and image will run as root {place}")),
        Ok(_) => Ok(()),
        Err(_) if name.is_empty() => Err(format!("container has runAsNonRoot and image will run as root {place}")),
        Err(_) => Err(format!(
            "container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root {place}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{PodSecurityContext, PodSpec, SecurityContext};

    use super::*;

    #[test]
    fn non_root() {
        let pod = |user: Option<i64>| Pod {
            spec: Some(PodSpec {
                security_context: Some(PodSecurityContext {
                    run_as_non_root: Some(true),
                    run_as_user: user,
                    fs_group: Some(3000),
                    ..PodSecurityContext::default()
                }),
                ..PodSpec::default()
            }),
            ..Pod::default()
        };
        let container = Container {
            name: "c".into(),
            security_context: Some(SecurityContext {
                allow_privilege_escalation: Some(false),
                ..SecurityContext::default()
            }),
            ..Container::default()
        };
        for (user, image, refused) in [
            (None, "", Some("image will run as root")),
            (None, "0:0", Some("image will run as root")),
            (None, "nginx", Some("non-numeric user (nginx)")),
            (None, "101:102", None),
            (Some(0), "101", Some("runAsUser breaks non-root policy")),
            (Some(5), "root", None),
        ] {
            let result = resolve(&pod(user), &container, image, Path::new("/s"));
            match refused {
                Some(text) => assert!(result.unwrap_err().contains(text)),
                None => {
                    let security = result.unwrap();
                    assert!(security.no_new_privileges && security.user.additional_gids == [3000]);
                }
            }
        }
    }
}
