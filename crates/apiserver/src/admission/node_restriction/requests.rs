//! Tokens and certificates: a node asks for those of its pods, and for its own.

use apimachinery::{meta, status::Status};
use serde_json::Value;

use super::{
    super::{MIRROR, certificates::with_request, parsed},
    Asked,
};
use crate::{
    contract::{Decision, Operation, RequestInfo},
    strategies::json::{list, text},
};

impl Asked<'_> {
    /// Whether the node was given a right beyond its pods, by a role.
    fn may(&self, verb: &'static str, resource: &str, name: &str) -> bool {
        let request = RequestInfo {
            verb,
            is_resource: true,
            group: self.attributes.resource.group.to_string(),
            version: self.attributes.resource.version.to_string(),
            resource: resource.to_owned(),
            namespace: self.attributes.info.namespace.clone(),
            name: name.to_owned(),
            ..RequestInfo::default()
        };
        self.authorizer.authorize(self.attributes.user, &request) == Decision::Allow
    }

    fn object(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        parsed(self.reader, group, resource, namespace, name)
    }
}

/// A token of a service account: bound to a pod of the node, for an audience that the pod names.
pub(super) fn token(asked: &Asked<'_>) -> Result<(), Status> {
    if asked.attributes.operation != Operation::Create {
        return Ok(());
    }
    let reference = &asked.object["spec"]["boundObjectRef"];
    if reference["apiVersion"] != "v1" || reference["kind"] != "Pod" || text(reference, "/name").is_empty() {
        return asked.no("node requested token not bound to a pod");
    }
    let uid = text(reference, "/uid");
    if uid.is_empty() {
        return asked.no("node requested token with a pod binding without a uid");
    }
    let name = text(reference, "/name");
    let Some(pod) = asked.object("", "pods", &asked.attributes.info.namespace, name) else {
        return Err(Status::not_found("", "pods", name));
    };
    if meta::uid(&pod) != uid {
        return asked.no(format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        ));
    }
    if text(&pod, "/spec/nodeName") != asked.node {
        return asked.no("node requested token bound to a pod scheduled on a different node");
    }
    audience(asked, &pod)
}

fn audience(asked: &Asked<'_>, pod: &Value) -> Result<(), Status> {
    let wanted = match list(asked.object, "/spec/audiences") {
        [] => "",
        [one] => one.as_str().unwrap_or_default(),
        _ => return asked.no("node may only request 0 or 1 audiences"),
    };
    match names_audience(asked, pod, wanted) {
        Ok(true) => Ok(()),
        Err(error) => asked.no(format!("error validating audience {wanted:?}: {error}")),
        Ok(false) if asked.may("request-serviceaccounts-token-audience", wanted, asked.name()) => Ok(()),
        Ok(false) => asked
            .no(format!("{} is not authorized to request tokens for audience {wanted:?}", asked.attributes.user.name)),
    }
}

/// Volumes of the tree that was, and the CSI drivers that took their place.
const MIGRATED: [(&str, &str); 7] = [
    ("gcePersistentDisk", "pd.csi.storage.gke.io"),
    ("awsElasticBlockStore", "ebs.csi.aws.com"),
    ("cinder", "cinder.csi.openstack.org"),
    ("azureDisk", "disk.csi.azure.com"),
    ("azureFile", "file.csi.azure.com"),
    ("vsphereVolume", "csi.vsphere.vmware.com"),
    ("portworxVolume", "pxd.portworx.com"),
];

/// Whether the pod names the audience: in a projected token, or by a CSI driver that wants tokens for it.
fn names_audience(asked: &Asked<'_>, pod: &Value, audience: &str) -> Result<bool, String> {
    let mut errors = Vec::new();
    for volume in list(pod, "/spec/volumes") {
        let projected = list(volume, "/projected/sources").iter();
        let mut tokens = projected.map(|source| &source["serviceAccountToken"]).filter(|token| !token.is_null());
        if tokens.any(|token| text(token, "/audience") == audience) {
            return Ok(true);
        }
        match driver(asked, pod, volume).and_then(|driver| match driver {
            Some(driver) => wants(asked, &driver, audience),
            None => Ok(false),
        }) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => errors.push(error),
        }
    }
    match errors.as_slice() {
        [] => Ok(false),
        [one] => Err(one.clone()),
        all => Err(format!("[{}]", all.join(", "))),
    }
}

/// The CSI driver of a volume, if it has one.
fn driver(asked: &Asked<'_>, pod: &Value, volume: &Value) -> Result<Option<String>, String> {
    if !volume["ephemeral"]["volumeClaimTemplate"].is_null() {
        return of_claim(asked, &format!("{}-{}", meta::name(pod), text(volume, "/name")));
    }
    match text(volume, "/persistentVolumeClaim/claimName") {
        "" => Ok(of_source(volume)),
        claim => of_claim(asked, claim),
    }
}

fn of_source(source: &Value) -> Option<String> {
    let migrated =
        || MIGRATED.iter().find(|(field, _)| !source[*field].is_null()).map(|(_, driver)| (*driver).to_owned());
    match text(source, "/csi/driver") {
        "" => migrated(),
        driver => Some(driver.to_owned()),
    }
}

fn of_claim(asked: &Asked<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(claim) = asked.object("", "persistentvolumeclaims", &asked.attributes.info.namespace, name) else {
        return Err(format!("persistentvolumeclaim {name:?} not found"));
    };
    let volume = text(&claim, "/spec/volumeName");
    match asked.object("", "persistentvolumes", "", volume) {
        Some(volume) => Ok(of_source(&volume["spec"])),
        None => Err(format!("persistentvolume {volume:?} not found")),
    }
}

fn wants(asked: &Asked<'_>, driver: &str, audience: &str) -> Result<bool, String> {
    match asked.object("storage.k8s.io", "csidrivers", "", driver) {
        Some(known) => Ok(list(&known, "/spec/tokenRequests").iter().any(|token| text(token, "/audience") == audience)),
        None => Err(format!("csidriver.storage.k8s.io {driver:?} not found")),
    }
}

/// A certificate for a kubelet carries the name of the node that asks.
pub(super) fn certificate(asked: &Asked<'_>) -> Result<(), Status> {
    let signer = text(asked.object, "/spec/signerName");
    let kubelets = matches!(signer, "kubernetes.io/kubelet-serving" | "kubernetes.io/kube-apiserver-client-kubelet");
    let created = asked.attributes.operation == Operation::Create && asked.attributes.info.subresource.is_empty();
    if !kubelets || !created {
        return Ok(());
    }
    let own = format!("system:node:{}", asked.node);
    // Of several the last counts, as in Go.
    let named = with_request(asked.object, |request| {
        let names = request.certification_request_info.subject.iter_common_name();
        names.last().and_then(|name| name.as_str().ok()).map(str::to_owned).unwrap_or_default()
    });
    match named {
        Err(error) => asked.no(format!("unable to parse csr: {error}")),
        Ok(name) if name != own => asked.no(format!("can only create a node CSR with CN={own}")),
        Ok(_) => Ok(()),
    }
}

/// A certificate for a pod: everything it says of the pod must be true, and the pod must want it.
pub(super) fn pod_certificate(asked: &Asked<'_>, subresource: &str) -> Result<(), Status> {
    if asked.attributes.operation != Operation::Create {
        return asked.no(format!("unexpected operation {}", super::verb(asked.attributes.operation)));
    }
    if !subresource.is_empty() {
        return asked.no(format!("unexpected subresource {subresource}"));
    }
    let said = |field: &str| text(asked.object, &format!("/spec/{field}"));
    let (node, namespace) = (said("nodeName"), asked.attributes.info.namespace.as_str());
    if node != asked.node {
        let requesting = asked.node;
        return asked.no(format!(
            "PodCertificateRequest.Spec.NodeName={node:?}, which is not the requesting node {requesting:?}"
        ));
    }
    let name = format!("{namespace}/{}", said("podName"));
    let about = format!("PodCertificateRequest for pod {name:?}");
    // Not forbidden but failed: the reader may lag behind, and the kubelet tries again.
    let later = |message: String| Err(Status::failure(500, "", message));
    let missing = |what: &str, name: &str, resource: &str, short: &str| {
        let message = "named in the PodCertificateRequest";
        later(format!("while retrieving {what} {name:?} {message}: {resource} {short:?} not found"))
    };
    let Some(known) = asked.object("", "nodes", "", node) else { return missing("node", node, "node", node) };
    if meta::uid(&known) != said("nodeUID") {
        let (uid, running) = (said("nodeUID"), meta::uid(&known));
        return later(format!("{about} names node UID {uid:?}, inconsistent with the running node ({running:?})"));
    }
    let Some(pod) = asked.object("", "pods", namespace, said("podName")) else {
        return missing("pod", &name, "pod", said("podName"));
    };
    if meta::uid(&pod) != said("podUID") {
        let (uid, running) = (said("podUID"), meta::uid(&pod));
        return later(format!("{about} contains pod UID ({uid:?}) which differs from running pod {running:?}"));
    }
    if text(&pod, "/spec/nodeName") != node {
        return asked.no(format!("pod {name:?} is not running on node {node:?} named in the PodCertificateRequest"));
    }
    if meta::annotation(&pod, MIRROR).is_some() {
        return asked.no(format!("pod {name:?} is a mirror pod"));
    }
    let (account, uses) = (said("serviceAccountName"), text(&pod, "/spec/serviceAccountName"));
    if account != uses {
        return asked
            .no(format!("{about} contains serviceAccountName ({account:?}) that differs from running pod ({uses:?})"));
    }
    let Some(known) = asked.object("", "serviceaccounts", namespace, account) else {
        return missing("service account", &format!("{namespace}/{account}"), "serviceaccount", account);
    };
    if meta::uid(&known) != said("serviceAccountUID") {
        let (uid, running) = (said("serviceAccountUID"), meta::uid(&known));
        return later(format!(
            "{about} names service account UID {uid:?}, which differs from the running service account ({running:?})"
        ));
    }
    signer(asked, &pod, &name)
}

fn signer(asked: &Asked<'_>, pod: &Value, name: &str) -> Result<(), Status> {
    let signer = text(asked.object, "/spec/signerName");
    let mut sources = list(pod, "/spec/volumes").iter().flat_map(|volume| list(volume, "/projected/sources"));
    if sources.any(|source| text(source, "/podCertificate/signerName") == signer) {
        return Ok(());
    }
    // Rules of roles cannot name resources with slashes.
    let resource = signer.replace('/', ":");
    let account = text(asked.object, "/spec/serviceAccountName");
    if asked.may("request-serviceaccounts-podcertificate-signer", &resource, account) {
        return Ok(());
    }
    asked.no(format!("pod {name:?} does not mount a podCertificate projected volume for signer {signer:?}"))
}
