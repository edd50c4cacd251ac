use serde_json::{Value, json};

use super::checks::findings;

fn texts(spec: Value, restricted: bool) -> String {
    findings(&json!({"spec": spec}), restricted)
        .into_iter()
        .map(|(reason, detail)| format!("{reason} ({detail})"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn a_plain_pod_is_not_restricted_enough() {
    assert_eq!(texts(json!({"containers": [{"name": "c"}]}), false), "");
    assert_eq!(
        texts(json!({"containers": [{"name": "c"}]}), true),
        "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
    let good = json!({"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{"name": "c", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]});
    assert_eq!(texts(good, true), "");
}

#[test]
fn what_baseline_forbids() {
    let spec = json!({"hostNetwork": true, "hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}], "containers": [
        {"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 443}], "securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}}}, {"name": "b", "securityContext": {"privileged": true}}]});
    assert_eq!(
        texts(spec, false),
        "non-default capabilities (container \"a\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume \"v\"), hostPort (container \"a\" uses hostPorts 443, 80), privileged (containers \"a\", \"b\" must not set securityContext.privileged=true)"
    );
}
