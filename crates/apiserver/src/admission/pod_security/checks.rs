//! What a pod may not have at `baseline` and `restricted`, in upstream's words.

use std::collections::BTreeSet;

use apimachinery::meta;
use serde_json::Value;

use crate::strategies::json::{is_empty, list, number, text};

/// Reason and detail of a violation.
pub type Finding = (String, String);

fn quote<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    items.into_iter().map(|i| format!("\"{}\"", i.as_ref())).collect::<Vec<_>>().join(", ")
}

fn plural<'w>(one: &'w str, many: &'w str, count: usize) -> &'w str {
    if count == 1 { one } else { many }
}

fn containers(names: &[&str]) -> String {
    format!("{} {}", plural("container", "containers", names.len()), quote(names))
}

/// A pod as the checks look at it.
struct Pod<'p> {
    pod: &'p Value,
    all: Vec<&'p Value>,
}

fn name(container: &Value) -> &str {
    text(container, "/name")
}

/// Names of containers whose value at a pointer is there and not allowed, and these values.
fn bad<'p>(all: &[&'p Value], pointer: &str, allowed: impl Fn(&str) -> bool) -> (Vec<&'p str>, BTreeSet<&'p str>) {
    let wrong =
        |c: &&&'p Value| c.pointer(pointer).is_some_and(|v| !v.is_null() && !allowed(v.as_str().unwrap_or_default()));
    let found: Vec<&'p Value> = all.iter().filter(wrong).copied().collect();
    (found.iter().map(|c| name(c)).collect(), found.iter().map(|c| text(c, pointer)).collect())
}

const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
const SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];
const PLAIN_VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
const SELINUX_TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const APPARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

impl<'p> Pod<'p> {
    fn new(pod: &'p Value) -> Self {
        let all = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"]
            .into_iter()
            .flat_map(|p| list(pod, p))
            .collect();
        Self { pod, all }
    }

    /// Who sets a bad value at `securityContext` + `pointer`: the pod, containers; and the values.
    fn setters(&self, pointer: &str, allowed: impl Fn(&str) -> bool + Copy) -> (Vec<String>, BTreeSet<&'p str>) {
        let of_pod = format!("/spec/securityContext{pointer}");
        let (mut setters, mut values) = (Vec::new(), BTreeSet::new());
        if let Some(value) =
            self.pod.pointer(&of_pod).filter(|v| !v.is_null() && !allowed(v.as_str().unwrap_or_default()))
        {
            setters.push("pod".to_owned());
            values.insert(value.as_str().unwrap_or_default());
        }
        let (names, more) = bad(&self.all, &format!("/securityContext{pointer}"), allowed);
        if !names.is_empty() {
            setters.push(containers(&names));
        }
        values.extend(more);
        (setters, values)
    }

    fn app_armor(&self) -> Option<Finding> {
        let (mut setters, values) =
            self.setters("/appArmorProfile/type", |t| matches!(t, "RuntimeDefault" | "Localhost"));
        let mut values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        let annotations = meta::annotations(self.pod).into_iter().flatten().filter_map(|(k, v)| Some((k, v.as_str()?)));
        let wrong = |v: &str| !(v.is_empty() || v == "runtime/default" || v.starts_with("localhost/"));
        let forbidden: Vec<String> = annotations
            .filter(|(k, v)| k.starts_with(APPARMOR_ANNOTATION) && wrong(v))
            .map(|(k, v)| format!("{k}={v:?}"))
            .collect();
        if !forbidden.is_empty() {
            setters.push(plural("annotation", "annotations", forbidden.len()).to_owned());
            values.extend(forbidden);
        }
        (!setters.is_empty()).then(|| {
            let reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len());
            (
                reason.to_owned(),
                format!("{} must not set AppArmor profile type to {}", setters.join(" and "), quote(&values)),
            )
        })
    }

    fn capabilities(&self, reason: &str, allowed: &[&str], demand_drop: bool) -> Option<Finding> {
        let mut undropped = Vec::new();
        let (mut adding, mut added) = (Vec::new(), BTreeSet::new());
        for container in &self.all {
            let extra: Vec<&str> = list(container, "/securityContext/capabilities/add")
                .iter()
                .filter_map(Value::as_str)
                .filter(|c| !allowed.contains(c))
                .collect();
            if !extra.is_empty() {
                adding.push(name(container));
                added.extend(extra);
            }
            if demand_drop && !list(container, "/securityContext/capabilities/drop").iter().any(|c| c == "ALL") {
                undropped.push(name(container));
            }
        }
        let mut details = Vec::new();
        if !undropped.is_empty() {
            details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&undropped)));
        }
        if !adding.is_empty() {
            details.push(format!(
                "{} must not include {} in securityContext.capabilities.add",
                containers(&adding),
                quote(added)
            ));
        }
        (!details.is_empty()).then(|| (reason.to_owned(), details.join("; ")))
    }

    fn host_namespaces(&self) -> Option<Finding> {
        let set: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
            .into_iter()
            .filter(|k| self.pod["spec"][*k] == true)
            .map(|k| format!("{k}=true"))
            .collect();
        (!set.is_empty()).then(|| ("host namespaces".to_owned(), set.join(", ")))
    }

    fn volumes(&self, wrong: impl Fn(&Value) -> bool) -> Vec<&'p Value> {
        list(self.pod, "/spec/volumes").iter().filter(|v| wrong(v)).collect()
    }

    fn host_paths(&self) -> Option<Finding> {
        let found: Vec<&str> = self.volumes(|v| !v["hostPath"].is_null()).into_iter().map(name).collect();
        (!found.is_empty()).then(|| {
            ("hostPath volumes".to_owned(), format!("{} {}", plural("volume", "volumes", found.len()), quote(found)))
        })
    }

    fn host_ports(&self) -> Option<Finding> {
        let (mut names, mut ports) = (Vec::new(), BTreeSet::new());
        for container in &self.all {
            let used: Vec<i64> =
                list(container, "/ports").iter().map(|p| number(p, "/hostPort")).filter(|p| *p != 0).collect();
            if !used.is_empty() {
                names.push(name(container));
                ports.extend(used.iter().map(ToString::to_string));
            }
        }
        (!names.is_empty()).then(|| {
            let (uses, what) = (plural("uses", "use", names.len()), plural("hostPort", "hostPorts", ports.len()));
            (
                "hostPort".to_owned(),
                format!("{} {uses} {what} {}", containers(&names), ports.into_iter().collect::<Vec<_>>().join(", ")),
            )
        })
    }

    fn probe_hosts(&self) -> Option<Finding> {
        const HANDLERS: [&str; 5] =
            ["/livenessProbe", "/readinessProbe", "/startupProbe", "/lifecycle/postStart", "/lifecycle/preStop"];
        let (mut names, mut hosts) = (BTreeSet::new(), BTreeSet::new());
        for container in &self.all {
            for handler in HANDLERS {
                for kind in ["httpGet", "tcpSocket"] {
                    let host = text(container, &format!("{handler}/{kind}/host"));
                    if !host.is_empty() {
                        names.insert(name(container));
                        hosts.insert(host);
                    }
                }
            }
        }
        (!names.is_empty()).then(|| {
            let names: Vec<&str> = names.into_iter().collect();
            let (uses, what) = (
                plural("uses", "use", names.len()),
                plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()),
            );
            ("probe or lifecycle host".to_owned(), format!("{} {uses} {what} {}", containers(&names), quote(hosts)))
        })
    }

    fn with(&self, pointer: &str, value: bool) -> Vec<&'p str> {
        self.all.iter().filter(|c| c.pointer(pointer) == Some(&Value::Bool(value))).map(|c| name(c)).collect()
    }

    fn privileged(&self) -> Option<Finding> {
        let names = self.with("/securityContext/privileged", true);
        (!names.is_empty()).then(|| {
            ("privileged".to_owned(), format!("{} must not set securityContext.privileged=true", containers(&names)))
        })
    }

    fn in_user_namespace(&self) -> bool {
        self.pod["spec"]["hostUsers"] == false
    }

    fn proc_mount(&self, restricted: bool) -> Option<Finding> {
        if self.in_user_namespace() && !restricted {
            return None;
        }
        let (names, values) = bad(&self.all, "/securityContext/procMount", |t| t == "Default");
        (!names.is_empty()).then(|| {
            (
                "procMount".to_owned(),
                format!("{} must not set securityContext.procMount to {}", containers(&names), quote(values)),
            )
        })
    }

    fn selinux(&self) -> Option<Finding> {
        let (mut types, mut user, mut role) = (BTreeSet::new(), false, false);
        let mut wrong = |options: Option<&'p Value>| {
            let Some(options) = options.filter(|o| !o.is_null()) else { return false };
            let kind = text(options, "/type");
            let (bad_type, bad_user, bad_role) = (
                !SELINUX_TYPES.contains(&kind),
                !text(options, "/user").is_empty(),
                !text(options, "/role").is_empty(),
            );
            if bad_type {
                types.insert(kind);
            }
            user |= bad_user;
            role |= bad_role;
            bad_type || bad_user || bad_role
        };
        let mut setters = Vec::new();
        if wrong(self.pod.pointer("/spec/securityContext/seLinuxOptions")) {
            setters.push("pod".to_owned());
        }
        let names: Vec<&str> =
            self.all.iter().filter(|c| wrong(c.pointer("/securityContext/seLinuxOptions"))).map(|c| name(c)).collect();
        if !names.is_empty() {
            setters.push(containers(&names));
        }
        let mut data = Vec::new();
        if !types.is_empty() {
            data.push(format!("{} {}", plural("type", "types", types.len()), quote(types)));
        }
        data.extend(user.then(|| "user may not be set".to_owned()));
        data.extend(role.then(|| "role may not be set".to_owned()));
        (!setters.is_empty()).then(|| {
            (
                "seLinuxOptions".to_owned(),
                format!("{} set forbidden securityContext.seLinuxOptions: {}", setters.join(" and "), data.join("; ")),
            )
        })
    }

    fn seccomp(&self, restricted: bool) -> Option<Finding> {
        let (setters, values) = self.setters("/seccompProfile/type", |t| matches!(t, "RuntimeDefault" | "Localhost"));
        if !setters.is_empty() {
            return Some((
                "seccompProfile".to_owned(),
                format!(
                    "{} must not set securityContext.seccompProfile.type to {}",
                    setters.join(" and "),
                    quote(values)
                ),
            ));
        }
        let set = |v: Option<&Value>| !is_empty(v);
        if !restricted || set(self.pod.pointer("/spec/securityContext/seccompProfile/type")) {
            return None;
        }
        let open: Vec<&str> = self
            .all
            .iter()
            .filter(|c| !set(c.pointer("/securityContext/seccompProfile/type")))
            .map(|c| name(c))
            .collect();
        (!open.is_empty()).then(|| {
            (
                "seccompProfile".to_owned(),
                format!(
                    "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
                    containers(&open)
                ),
            )
        })
    }

    fn sysctls(&self) -> Option<Finding> {
        let names = list(self.pod, "/spec/securityContext/sysctls").iter().map(name);
        let forbidden: Vec<&str> = names.filter(|n| !SYSCTLS.contains(n)).collect();
        (!forbidden.is_empty()).then(|| ("forbidden sysctls".to_owned(), forbidden.join(", ")))
    }

    fn windows_host_process(&self) -> Option<Finding> {
        let mut setters = Vec::new();
        if self.pod.pointer("/spec/securityContext/windowsOptions/hostProcess") == Some(&Value::Bool(true)) {
            setters.push("pod".to_owned());
        }
        let names = self.with("/securityContext/windowsOptions/hostProcess", true);
        if !names.is_empty() {
            setters.push(containers(&names));
        }
        (!setters.is_empty()).then(|| {
            (
                "hostProcess".to_owned(),
                format!("{} must not set securityContext.windowsOptions.hostProcess=true", setters.join(" and ")),
            )
        })
    }

    fn escalation(&self) -> Option<Finding> {
        let open: Vec<&str> = self
            .all
            .iter()
            .filter(|c| c.pointer("/securityContext/allowPrivilegeEscalation") != Some(&Value::Bool(false)))
            .map(|c| name(c))
            .collect();
        (!open.is_empty()).then(|| {
            (
                "allowPrivilegeEscalation != false".to_owned(),
                format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&open)),
            )
        })
    }

    fn restricted_volumes(&self) -> Option<Finding> {
        let found = self.volumes(|v| !PLAIN_VOLUMES.iter().any(|k| !v[*k].is_null()));
        let kinds: BTreeSet<&str> = found
            .iter()
            .map(|v| {
                v.as_object().into_iter().flatten().map(|(k, _)| k.as_str()).find(|k| *k != "name").unwrap_or("unknown")
            })
            .collect();
        (!found.is_empty()).then(|| {
            let (uses, what) = (
                plural("uses", "use", found.len()),
                plural("restricted volume type", "restricted volume types", kinds.len()),
            );
            let names = quote(found.iter().map(|v| name(v)));
            (
                "restricted volume types".to_owned(),
                format!("{} {names} {uses} {what} {}", plural("volume", "volumes", found.len()), quote(kinds)),
            )
        })
    }

    fn non_root(&self) -> Option<Finding> {
        if self.in_user_namespace() {
            return None;
        }
        let of_pod = self.pod.pointer("/spec/securityContext/runAsNonRoot");
        let mut setters = Vec::new();
        if of_pod == Some(&Value::Bool(false)) {
            setters.push("pod".to_owned());
        }
        let names = self.with("/securityContext/runAsNonRoot", false);
        if !names.is_empty() {
            setters.push(containers(&names));
        }
        if !setters.is_empty() {
            return Some((
                "runAsNonRoot != true".to_owned(),
                format!("{} must not set securityContext.runAsNonRoot=false", setters.join(" and ")),
            ));
        }
        if of_pod == Some(&Value::Bool(true)) {
            return None;
        }
        let open: Vec<&str> = self
            .all
            .iter()
            .filter(|c| c.pointer("/securityContext/runAsNonRoot").is_none_or(Value::is_null))
            .map(|c| name(c))
            .collect();
        (!open.is_empty()).then(|| {
            (
                "runAsNonRoot != true".to_owned(),
                format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&open)),
            )
        })
    }

    fn root_user(&self) -> Option<Finding> {
        if self.in_user_namespace() {
            return None;
        }
        let zero = |v: Option<&Value>| v.and_then(Value::as_i64) == Some(0);
        let mut setters = Vec::new();
        if zero(self.pod.pointer("/spec/securityContext/runAsUser")) {
            setters.push("pod".to_owned());
        }
        let names: Vec<&str> =
            self.all.iter().filter(|c| zero(c.pointer("/securityContext/runAsUser"))).map(|c| name(c)).collect();
        if !names.is_empty() {
            setters.push(containers(&names));
        }
        (!setters.is_empty())
            .then(|| ("runAsUser=0".to_owned(), format!("{} must not set runAsUser=0", setters.join(" and "))))
    }
}

/// What a pod asks for beyond a level, in upstream's order.
pub fn findings(pod: &Value, restricted: bool) -> Vec<Finding> {
    let windows = text(pod, "/spec/os/name") == "windows";
    let pod = Pod::new(pod);
    let mut all = vec![pod.app_armor()];
    if !restricted {
        all.push(pod.capabilities("non-default capabilities", &DEFAULT_CAPABILITIES, false));
    }
    all.push(pod.host_namespaces());
    if !restricted {
        all.push(pod.host_paths());
    }
    all.extend([pod.host_ports(), pod.probe_hosts(), pod.privileged(), pod.proc_mount(restricted), pod.selinux()]);
    if !restricted {
        all.push(pod.seccomp(false));
    }
    all.extend([pod.sysctls(), pod.windows_host_process()]);
    if restricted {
        if !windows {
            all.extend([pod.escalation(), pod.capabilities("unrestricted capabilities", &["NET_BIND_SERVICE"], true)]);
        }
        all.extend([pod.restricted_volumes(), pod.non_root(), pod.root_user()]);
        if !windows {
            all.push(pod.seccomp(true));
        }
    }
    all.into_iter().flatten().collect()
}
