//! Security contexts of pods and containers.

use super::Pod;
use crate::validation::cursor::{At, Report};
use std::collections::BTreeSet;

pub(super) fn of_pod(spec: &At<'_>, report: &mut Report) {
    let at = spec.child("securityContext");
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        report.id(&at.child(field));
    }
    at.child("supplementalGroups").items().for_each(|g| report.id(&g));
    sysctls(spec, &at.child("sysctls"), report);
    report.maybe_one_of(&at.child("fsGroupChangePolicy"), &["Always", "OnRootMismatch"]);
    seccomp(&at.child("seccompProfile"), report);
    app_armor(&at.child("appArmorProfile"), report);
    report.maybe_one_of(&at.child("supplementalGroupsPolicy"), &["Merge", "Strict"]);
    report.maybe_one_of(&at.child("seLinuxChangePolicy"), &["MountOption", "Recursive"]);
    let share = spec.child("shareProcessNamespace");
    if spec.flag("hostPID") && spec.flag("shareProcessNamespace") {
        report.invalid(&share, "ShareProcessNamespace and HostPID cannot both be enabled");
    }
}

pub(super) fn of_container(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    report.id(&at.child("runAsUser"));
    report.id(&at.child("runAsGroup"));
    let proc = at.child("procMount");
    report.maybe_one_of(&proc, &["Default", "Unmasked"]);
    if pod.host_users && proc.text() == "Unmasked" {
        report.invalid(&proc, "`hostUsers` must be false to use `Unmasked`");
    }
    seccomp(&at.child("seccompProfile"), report);
    if at.field("allowPrivilegeEscalation").as_bool() == Some(false) {
        if at.flag("privileged") {
            report.invalid(at, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }
        if at.down(&["capabilities", "add"]).items().any(|c| c.text() == "CAP_SYS_ADMIN") {
            report.invalid(at, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }
    app_armor(&at.child("appArmorProfile"), report);
}

fn seccomp(at: &At<'_>, report: &mut Report) {
    if at.is_absent() {
        return;
    }
    let (kind, local) = (at.child("type"), at.child("localhostProfile"));
    if kind.text().is_empty() {
        report.required(&kind, "type is required when seccompProfile is set");
    } else if !["Localhost", "RuntimeDefault", "Unconfined"].contains(&kind.text()) {
        report.not_supported(&kind, &["Localhost", "RuntimeDefault", "Unconfined"]);
    }
    if kind.text() == "Localhost" {
        if local.is_absent() {
            report.required(&local, "must be set when seccomp type is Localhost");
        } else {
            super::volume::local_descending(&local, report);
        }
    } else if !local.is_absent() {
        report.invalid_value(&local, at.value.clone(), "can only be set when seccomp type is Localhost");
    }
}

fn app_armor(at: &At<'_>, report: &mut Report) {
    if at.is_absent() {
        return;
    }
    let (kind, local) = (at.child("type"), at.child("localhostProfile"));
    match kind.text() {
        "Localhost" if local.text().is_empty() => {
            report.required(&local, "must be set when AppArmor type is Localhost")
        }
        "Localhost" => {
            if local.text().trim() != local.text() {
                report.invalid(&local, "must not be padded with whitespace");
            }
            if local.text().len() > 4095 {
                report.too_long(&local, 4095);
            }
        }
        "RuntimeDefault" | "Unconfined" if !local.is_absent() => {
            report.invalid(&local, "can only be set when AppArmor type is Localhost")
        }
        "RuntimeDefault" | "Unconfined" => {}
        "" => report.required(&kind, "type is required when appArmorProfile is set"),
        _ => report.not_supported(&kind, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
}

const SYSCTL: &str = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

fn is_sysctl(name: &str) -> bool {
    let sound = |part: &str| {
        let b = part.as_bytes();
        let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(b.first())
            && edge(b.last())
            && b.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-' || *c == b'_')
    };
    name.len() <= 253 && name.split(['.', '/']).all(sound)
}

fn sysctls(spec: &At<'_>, at: &At<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for sysctl in at.items() {
        let name = sysctl.child("name");
        if name.text().is_empty() {
            report.required(&name, "");
        } else if !is_sysctl(name.text()) {
            report.invalid(&name, format!("must have at most 253 characters and match regex {SYSCTL}"));
        } else if !seen.insert(name.text()) {
            report.duplicate(&name, name.text());
        }
        let plain = name.text().replace('/', ".");
        let ipc = ["kernel.sem", "kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|p| plain.starts_with(p));
        if spec.flag("hostNetwork") && plain.starts_with("net.") {
            report.invalid(&name, "may not be specified when 'hostNetwork' is true");
        } else if spec.flag("hostIPC") && ipc {
            report.invalid(&name, "may not be specified when 'hostIPC' is true");
        }
    }
}
