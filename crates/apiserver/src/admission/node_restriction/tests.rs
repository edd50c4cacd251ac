use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::*;
use crate::{
    authz::{Rule, tests::Objects},
    contract::{Decision, Held, RequestInfo, Rounds, User, Warnings},
};

/// Allows what it names: `verb resource name`.
struct Rights(&'static [&'static str]);

impl Authorizer for Rights {
    fn authorize(&self, _: &User, request: &RequestInfo) -> Decision {
        let asked = format!("{} {} {}", request.verb, request.resource, request.name);
        if self.0.contains(&asked.as_str()) { Decision::Allow } else { Decision::NoOpinion(String::new()) }
    }
    fn rules_for(&self, _: &User, _: &str) -> (Vec<Rule>, Vec<String>) {
        (Vec::new(), Vec::new())
    }
}

/// A request of node `one` in namespace `n`.
struct Case {
    resource: (&'static str, &'static str, &'static str),
    subresource: &'static str,
    operation: Operation,
    name: &'static str,
    rights: &'static [&'static str],
}

fn of(group: &'static str, version: &'static str, plural: &'static str, operation: Operation) -> Case {
    Case { resource: (group, version, plural), subresource: "", operation, name: "", rights: &[] }
}

/// The text of the refusal without its subject; empty: allowed.
fn ask(objects: &Arc<Objects>, case: &Case, object: &Value, old: Option<&Value>) -> String {
    let user = User { name: "system:node:one".into(), groups: vec!["system:nodes".into()], ..User::default() };
    let (group, version, plural) = case.resource;
    let info = RequestInfo {
        is_resource: true,
        namespace: "n".into(),
        name: case.name.into(),
        resource: plural.into(),
        subresource: case.subresource.into(),
        ..RequestInfo::default()
    };
    let held = Held::default();
    let attributes = Attributes {
        info: &info,
        resource: api::find(group, version, plural).expect("a row"),
        stored: api::find(group, version, plural).expect("a row"),
        operation: case.operation,
        user: &user,
        old,
        dry_run: false,
        options: &Value::Null,
        held: &held,
        warnings: &Warnings::default(),
        rounds: &Rounds::default(),
        inner: false,
    };
    let plugin = NodeRestriction::new(objects.clone(), Arc::new(Rights(case.rights)));
    match plugin.check(&attributes, object) {
        Ok(()) => String::new(),
        Err(status) => match status.message.split_once(" is forbidden: ") {
            Some((_, reason)) if status.code == 403 => reason.to_owned(),
            _ => format!("{} {}", status.code, status.message),
        },
    }
}

fn world() -> Arc<Objects> {
    let objects = Arc::new(Objects::default());
    objects.put("", "nodes", json!({"metadata": {"name": "one", "uid": "u1"}}));
    objects
}

#[test]
fn mirror_pods_refer_to_nothing() {
    let objects = world();
    let owner = json!({"apiVersion": "v1", "kind": "Node", "name": "one", "uid": "u1", "controller": true});
    let pod = |spec: Value, owners: Value| {
        let mut spec = spec;
        spec["nodeName"] = "one".into();
        json!({"metadata": {"name": "p", "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": owners}, "spec": spec})
    };
    let create = |pod: &Value| ask(&objects, &of("", "v1", "pods", Operation::Create), pod, None);
    let with = |key: &str, value: Value| {
        let mut changed = owner.clone();
        changed[key] = value;
        json!([changed])
    };
    for (owners, expected) in [
        (json!([owner]), ""),
        (json!([]), "node \"one\" can only create pods with an owner reference set to itself"),
        (json!([owner, owner]), "node \"one\" can only create pods with a single owner reference set to itself"),
        (
            with("controller", json!(false)),
            "node \"one\" can only create pods with a controller owner reference set to itself",
        ),
        (with("blockOwnerDeletion", json!(true)), "node \"one\" must not set blockOwnerDeletion on an owner reference"),
        (with("uid", json!("u2")), "node one UID mismatch: expected u2 got u1"),
        (with("name", json!("two")), "node \"one\" can only create pods with an owner reference set to itself"),
    ] {
        assert_eq!(create(&pod(json!({}), owners.clone())), expected, "{owners}");
    }
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = "v".into();
        json!({"volumes": [volume]})
    };
    let projected = |source: Value| volume(json!({"projected": {"sources": [source]}}));
    for (spec, expected) in [
        (volume(json!({"hostPath": {"path": "/"}})), ""),
        (projected(json!({"downwardAPI": {}})), ""),
        (json!({"serviceAccountName": "a"}), "serviceaccounts"),
        (json!({"imagePullSecrets": [{"name": "s"}]}), "secrets"),
        (json!({"initContainers": [{"envFrom": [{"secretRef": {"name": "s"}}]}]}), "secrets"),
        (
            json!({"containers": [{"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]}),
            "secrets",
        ),
        (json!({"ephemeralContainers": [{"envFrom": [{"configMapRef": {"name": "c"}}]}]}), "configmaps"),
        (volume(json!({"secret": {"secretName": "s"}})), "secrets"),
        (volume(json!({"iscsi": {"secretRef": {"name": "s"}}})), "secrets"),
        (volume(json!({"csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}})), "secrets"),
        (projected(json!({"configMap": {"name": "c"}})), "configmaps"),
        (json!({"resourceClaims": [{"name": "r"}]}), "resourceclaims"),
        (volume(json!({"persistentVolumeClaim": {"claimName": "c"}})), "persistentvolumeclaims"),
        (volume(json!({"ephemeral": {}})), "persistentvolumeclaims (via ephemeral volumes)"),
        (volume(json!({"csi": {"driver": "d"}})), "csidrivers (via CSI volumes)"),
        (volume(json!({"glusterfs": {}})), "endpoints (via glusterFS volumes)"),
        (projected(json!({"serviceAccountToken": {"path": "t"}})), "serviceaccounts (via projected volumes)"),
        (projected(json!({"clusterTrustBundle": {"name": "b"}})), "clustertrustbundles"),
        (projected(json!({"podCertificate": {}})), "podcertificates"),
    ] {
        let full = if expected.is_empty() {
            String::new()
        } else {
            format!("node \"one\" can not create pods that reference {expected}")
        };
        assert_eq!(create(&pod(spec.clone(), json!([owner]))), full, "{spec}");
    }
    let unknown = "error checking mirror pod for API references: unknown volume type for volume  \"v\"";
    assert_eq!(create(&pod(volume(json!({})), json!([owner]))), unknown);
}

#[test]
fn a_status_says_what_its_writer_knows() {
    let objects = world();
    let case = |plural| Case { subresource: "status", name: "p", ..of("", "v1", plural, Operation::Update) };
    let old = json!({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"nodeName": "one"}, "status": {"resourceClaimStatuses": [{"name": "r", "resourceClaimName": "c"}]}});
    let pod = |path: &str, value: Value| {
        let mut new = old.clone();
        let (parent, field) = path.rsplit_once('/').expect("a path");
        new.pointer_mut(parent).expect("a parent")[field] = value;
        ask(&objects, &case("pods"), &new, Some(&old))
    };
    for (path, value, expected) in [
        ("/status/phase", json!("Running"), ""),
        ("/status/nodeAllocatableResourceClaimStatuses", json!([]), ""),
        ("/metadata/labels", json!({}), "cannot update labels through pod status"),
        ("/status/resourceClaimStatuses", json!([]), "cannot update resource claim statues"),
        (
            "/status/extendedResourceClaimStatus",
            json!({"resourceClaimName": "x"}),
            "cannot update extended resource claim status",
        ),
        (
            "/status/nodeAllocatableResourceClaimStatuses",
            json!([{"resourceClaimName": "x"}]),
            "cannot update node allocatable resource claim statuses",
        ),
    ] {
        let full = if expected.is_empty() { String::new() } else { format!("node \"one\" {expected}") };
        assert_eq!(pod(path, value), full, "{path}");
    }
    let claim = json!({"metadata": {"name": "p", "resourceVersion": "1"}, "spec": {"volumeName": "v"}, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
    let mut grown = claim.clone();
    grown["metadata"]["resourceVersion"] = "".into();
    grown["status"] = json!({"phase": "Bound", "capacity": {"storage": "2Gi"}, "allocatedResources": {"storage": "2Gi"}, "conditions": [{"type": "Resizing"}], "allocatedResourceStatuses": {"storage": "x"}});
    assert_eq!(ask(&objects, &case("persistentvolumeclaims"), &grown, Some(&claim)), "");
    for (path, value) in [("/status/phase", json!("Lost")), ("/metadata/finalizers", json!(["x"]))] {
        let mut changed = claim.clone();
        let (parent, field) = path.rsplit_once('/').expect("a path");
        changed.pointer_mut(parent).expect("a parent")[field] = value;
        let said = ask(&objects, &case("persistentvolumeclaims"), &changed, Some(&claim));
        assert!(
            said.starts_with(
                "node \"one\" is not allowed to update fields other than status.quantity and status.conditions: "
            ),
            "{path}: {said}"
        );
    }
    let spec = Case { subresource: "", ..case("persistentvolumeclaims") };
    assert_eq!(ask(&objects, &spec, &claim, Some(&claim)), "may only update PVC status");
}

#[test]
fn tokens_are_for_audiences_that_the_pod_names() {
    let objects = world();
    let token = |audience: &str| json!({"projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": audience}}]}});
    let mut named = [
        token("vault"),
        json!({"name": "c", "csi": {"driver": "d"}}),
        json!({"name": "e", "persistentVolumeClaim": {"claimName": "ebs"}}),
    ];
    named[0]["name"] = "t".into();
    objects.put(
        "",
        "pods",
        json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"nodeName": "one", "volumes": named}}),
    );
    objects.put(
        "storage.k8s.io",
        "csidrivers",
        json!({"metadata": {"name": "d"}, "spec": {"tokenRequests": [{"audience": "inline"}]}}),
    );
    let request = |audiences: Value| json!({"metadata": {}, "spec": {"audiences": audiences, "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}}});
    let case = |rights| Case {
        subresource: "token",
        name: "sa",
        rights,
        ..of("", "v1", "serviceaccounts", Operation::Create)
    };
    let asked = |audiences: Value| ask(&objects, &case(&[]), &request(audiences), None);
    assert_eq!(asked(json!(["vault"])), "");
    assert_eq!(asked(json!(["inline"])), "");
    assert_eq!(asked(json!(["a", "b"])), "node may only request 0 or 1 audiences");
    assert_eq!(asked(json!(["x"])), "error validating audience \"x\": persistentvolumeclaim \"ebs\" not found");
    objects.put(
        "",
        "persistentvolumeclaims",
        json!({"metadata": {"name": "ebs", "namespace": "n"}, "spec": {"volumeName": "v"}}),
    );
    objects.put(
        "",
        "persistentvolumes",
        json!({"metadata": {"name": "v"}, "spec": {"awsElasticBlockStore": {"volumeID": "x"}}}),
    );
    objects.put(
        "storage.k8s.io",
        "csidrivers",
        json!({"metadata": {"name": "ebs.csi.aws.com"}, "spec": {"tokenRequests": [{"audience": "sts"}]}}),
    );
    assert_eq!(asked(json!(["sts"])), "");
    assert_eq!(asked(json!(["x"])), "system:node:one is not authorized to request tokens for audience \"x\"");
    assert_eq!(asked(json!([])), "system:node:one is not authorized to request tokens for audience \"\"");
    let given = case(&["request-serviceaccounts-token-audience x sa"]);
    assert_eq!(ask(&objects, &given, &request(json!(["x"])), None), "");
}

#[test]
fn certificates_carry_the_name_of_who_asks() {
    let csr = |signer: &str, name: &str| {
        let mut wanted = rcgen::CertificateParams::default();
        wanted.distinguished_name = rcgen::DistinguishedName::new();
        wanted.distinguished_name.push(rcgen::DnType::CommonName, name);
        let pem = wanted.serialize_request(&rcgen::KeyPair::generate().expect("a key")).expect("signed").pem();
        json!({"metadata": {"name": "c"}, "spec": {"signerName": signer, "request": STANDARD.encode(pem.expect("PEM"))}})
    };
    let asked = |object: &Value| {
        ask(&world(), &of("certificates.k8s.io", "v1", "certificatesigningrequests", Operation::Create), object, None)
    };
    for signer in ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"] {
        assert_eq!(asked(&csr(signer, "system:node:one")), "");
        assert_eq!(asked(&csr(signer, "system:node:two")), "can only create a node CSR with CN=system:node:one");
    }
    assert_eq!(asked(&csr("example.com/other", "x")), "");
    let broken =
        json!({"metadata": {"name": "c"}, "spec": {"signerName": "kubernetes.io/kubelet-serving", "request": "eA=="}});
    assert_eq!(asked(&broken), "unable to parse csr: PEM block type must be CERTIFICATE REQUEST");
}

#[test]
fn certificates_of_pods_are_for_pods_that_run_here_and_want_them() {
    let objects = world();
    let pod = |name: &str, node: &str, more: Value| {
        objects.put("", "pods", json!({"metadata": {"name": name, "namespace": "n", "uid": "u", "annotations": more},
            "spec": {"nodeName": node, "serviceAccountName": "sa", "volumes": [{"name": "v", "projected": {"sources": [{"podCertificate": {"signerName": "e.com/s"}}]}}]}}));
    };
    pod("p", "one", json!({}));
    pod("mirror", "one", json!({"kubernetes.io/config.mirror": "x"}));
    pod("away", "two", json!({}));
    objects.put("", "serviceaccounts", json!({"metadata": {"name": "sa", "namespace": "n", "uid": "s"}}));
    let good = json!({"metadata": {"name": "r"}, "spec": {"nodeName": "one", "nodeUID": "u1", "podName": "p", "podUID": "u", "serviceAccountName": "sa", "serviceAccountUID": "s", "signerName": "e.com/s"}});
    let case = |rights| Case { rights, ..of("certificates.k8s.io", "v1", "podcertificaterequests", Operation::Create) };
    let with = |field: &str, value: &str| {
        let mut changed = good.clone();
        changed["spec"][field] = value.into();
        changed
    };
    for (field, value, expected) in [
        ("nodeName", "one", ""),
        ("nodeName", "two", "PodCertificateRequest.Spec.NodeName=\"two\", which is not the requesting node \"one\""),
        (
            "nodeUID",
            "x",
            "500 PodCertificateRequest for pod \"n/p\" names node UID \"x\", inconsistent with the running node (\"u1\")",
        ),
        ("podName", "x", "500 while retrieving pod \"n/x\" named in the PodCertificateRequest: pod \"x\" not found"),
        (
            "podUID",
            "x",
            "500 PodCertificateRequest for pod \"n/p\" contains pod UID (\"x\") which differs from running pod \"u\"",
        ),
        ("podName", "away", "pod \"n/away\" is not running on node \"one\" named in the PodCertificateRequest"),
        ("podName", "mirror", "pod \"n/mirror\" is a mirror pod"),
        (
            "serviceAccountName",
            "x",
            "PodCertificateRequest for pod \"n/p\" contains serviceAccountName (\"x\") that differs from running pod (\"sa\")",
        ),
        (
            "serviceAccountUID",
            "x",
            "500 PodCertificateRequest for pod \"n/p\" names service account UID \"x\", which differs from the running service account (\"s\")",
        ),
        (
            "signerName",
            "e.com/x",
            "pod \"n/p\" does not mount a podCertificate projected volume for signer \"e.com/x\"",
        ),
    ] {
        assert_eq!(ask(&objects, &case(&[]), &with(field, value), None), expected, "{field} {value}");
    }
    let given = case(&["request-serviceaccounts-podcertificate-signer e.com:x sa"]);
    assert_eq!(ask(&objects, &given, &with("signerName", "e.com/x"), None), "");
    let update = Case { operation: Operation::Update, ..case(&[]) };
    assert_eq!(ask(&objects, &update, &good, Some(&good)), "unexpected operation UPDATE");
}

#[test]
fn what_has_a_nodes_name_is_that_nodes() {
    let objects = world();
    let slice = |node: &str| json!({"metadata": {"name": "s"}, "spec": {"nodeName": node}});
    let slices = |operation| of("resource.k8s.io", "v1", "resourceslices", operation);
    assert_eq!(ask(&objects, &slices(Operation::Create), &slice("one"), None), "");
    let other = "ResourceSlice with the same NodeName as the requesting node";
    assert_eq!(ask(&objects, &slices(Operation::Create), &slice("two"), None), format!("can only create {other}"));
    assert_eq!(ask(&objects, &slices(Operation::Delete), &Value::Null, Some(&slice("one"))), "");
    let said = ask(&objects, &slices(Operation::Delete), &Value::Null, Some(&slice("two")));
    assert_eq!(said, format!("can only delete {other}"));
    let node = |label: &str| json!({"metadata": {"name": "one", "labels": {label: ""}}, "spec": {}});
    let nodes = of("", "v1", "nodes", Operation::Create);
    assert_eq!(ask(&objects, &nodes, &node("topology.kubernetes.io/zone"), None), "");
    assert_eq!(
        ask(&objects, &nodes, &node("failure-domain.kubernetes.io/zone"), None),
        "node \"one\" is not allowed to set the following labels: failure-domain.kubernetes.io/zone"
    );
    let mut configured = node("x");
    configured["spec"]["configSource"] = json!({"configMap": {}});
    let refused =
        ask(&objects, &Case { operation: Operation::Update, name: "one", ..nodes }, &configured, Some(&node("x")));
    assert_eq!(refused, "node \"one\" is not allowed to update configSource to a new non-nil configSource");
    let driver =
        Case { subresource: "status", name: "one", ..of("storage.k8s.io", "v1", "csinodes", Operation::Update) };
    assert_eq!(ask(&objects, &driver, &Value::Null, None), "CSIVolumeHealth feature gate is disabled");
}
