//! Volumes whose content comes from elsewhere: trust bundles, certificates, images.

use std::{fs, path::PathBuf, time::Duration};

use client::Object;
use k8s_openapi::api::{
    certificates::v1::{ClusterTrustBundle, PodCertificateRequest},
    core::v1::{Event, Pod},
};
use serde_json::{Value, json};
use testing::Cluster;

use crate::common::{pod, pod_is, running, status};

/// A pod of the default namespace with a volume, mounted at `/v`.
fn with_volume(name: &str, source: &Value) -> Value {
    let mut wanted = pod(name, "web:1");
    let mut volume = source.clone();
    volume["name"] = json!("v");
    wanted["spec"]["volumes"] = json!([volume]);
    wanted["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
    wanted["spec"]["containers"][0]["name"] = json!(name);
    wanted
}

/// Where the container of such a pod has its volume on the host.
fn place(cluster: &Cluster, name: &str) -> PathBuf {
    let config = cluster.node.runtime.config(name).expect("it started");
    let mount = config.mounts.iter().find(|mount| mount.destination.to_str() == Some("/v")).expect("the mount");
    assert!(mount.read_only);
    mount.source.clone()
}

fn read(cluster: &Cluster, pod: &str, file: &str) -> String {
    fs::read_to_string(place(cluster, pod).join(file)).expect("the file")
}

/// A block with these words of base64.
fn block(words: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{words}\n-----END CERTIFICATE-----\n")
}

/// An event says so.
async fn told(cluster: &Cluster, reason: &str, message: &str) {
    let what = format!("{reason}: {message}");
    let says = |event: &Event| {
        event.reason.as_deref() == Some(reason) && event.message.as_deref().is_some_and(|text| text.contains(message))
    };
    cluster.eventually::<Event>(&what, |events| !events.filter(says).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn trust_bundles_are_waited_for_and_followed() {
    let cluster = Cluster::start(11).await;
    let named = json!({"projected": {"sources": [{"clusterTrustBundle": {"name": "roots", "path": "a/ca.pem"}}]}});
    cluster.create::<Pod>(with_volume("named", &named)).await;
    let missing = "MountVolume.SetUp failed for volume \"v\" : while getting ClusterTrustBundle: \
                   clustertrustbundle.certificates.k8s.io \"roots\" not found";
    told(&cluster, "FailedMount", missing).await;
    let bundle = json!({"metadata": {"name": "roots"}, "spec": {"trustBundle": block("b25l")}});
    cluster.create::<ClusterTrustBundle>(bundle).await;
    cluster.eventually::<Pod>("it runs", |pods| pod_is(pods, "named", running)).await;
    assert_eq!(read(&cluster, "named", "a/ca.pem"), block("b25l"));
    // The next pod runs only after the kubelet has seen the change.
    let patch = json!({"spec": {"trustBundle": block("dHdv")}});
    cluster.admin.merge::<ClusterTrustBundle>("", "roots", &patch).await.unwrap();
    let by_signer = json!({"projected": {"sources": [
        {"clusterTrustBundle": {"signerName": "x.y/z", "labelSelector": {}, "optional": true, "path": "ca.pem"}},
    ]}});
    cluster.create::<Pod>(with_volume("signed", &by_signer)).await;
    cluster.eventually::<Pod>("the second runs", |pods| pod_is(pods, "signed", running)).await;
    assert_eq!(read(&cluster, "signed", "ca.pem"), "");
    assert_eq!(read(&cluster, "named", "a/ca.pem"), block("dHdv"));
}

/// Nobody has answered it.
fn open(request: &PodCertificateRequest) -> bool {
    request.status.as_ref().is_none_or(|status| status.conditions.is_none())
}

/// Signs the only request without a verdict: the certificate is to be renewed after so many seconds.
async fn sign(cluster: &Cluster, chain: &str, seconds: i64) {
    cluster.eventually::<PodCertificateRequest>("a request", |all| all.filter(open).len() == 1).await;
    let request = cluster.informers.get::<PodCertificateRequest>().store().filter(open).remove(0);
    let now = cluster.env.now();
    let at = |seconds: i64| (now + jiff::SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let condition =
        json!({"type": "Issued", "status": "True", "reason": "Test", "message": "", "lastTransitionTime": at(0)});
    let patch = json!({"status": {
        "conditions": [condition], "certificateChain": chain, "notBefore": at(0),
        "beginRefreshAt": at(seconds), "notAfter": at(seconds + 7200),
    }});
    let (namespace, name) = (Object::namespace(&*request), Object::name(&*request));
    cluster
        .admin
        .patch_status::<PodCertificateRequest>(namespace, name, client::PatchKind::Merge, &patch)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn certificates_are_asked_for_and_renewed() {
    let cluster = Cluster::start(12).await;
    let source = json!({
        "signerName": "x.y/z", "keyType": "ECDSAP256", "credentialBundlePath": "both.pem", "keyPath": "key.pem",
        "certificateChainPath": "chain.pem", "maxExpirationSeconds": 7200, "userAnnotations": {"x.y/a": "b"},
    });
    let volume = json!({"projected": {"sources": [{"podCertificate": source}]}});
    let owner = cluster.create::<Pod>(with_volume("web", &volume)).await;
    told(&cluster, "FailedMount", "credential bundle is not issued yet").await;
    let requests = cluster.informers.get::<PodCertificateRequest>();
    sign(&cluster, &format!("words\n{}", block("b25l")), 3600).await;
    let first = requests.store().all().remove(0);
    let spec = &first.spec;
    assert_eq!((spec.pod_name.as_str(), spec.node_name.as_str()), ("web", "node-1"));
    assert_eq!(Some(&spec.pod_uid), owner.metadata.uid.as_ref());
    assert_eq!((spec.signer_name.as_str(), spec.max_expiration_seconds), ("x.y/z", Some(7200)));
    assert_eq!(spec.unverified_user_annotations.as_ref().map(|all| all["x.y/a"].as_str()), Some("b"));
    assert!(
        !spec.node_uid.is_empty() && !spec.service_account_uid.is_empty() && !spec.stub_pkc_s10_request.0.is_empty()
    );
    assert_eq!(first.metadata.owner_references.as_ref().map(|owners| owners[0].uid.clone()), owner.metadata.uid);
    cluster.eventually::<Pod>("it runs", |pods| pod_is(pods, "web", running)).await;
    let key = read(&cluster, "web", "key.pem");
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(read(&cluster, "web", "chain.pem"), block("b25l"));
    assert_eq!(read(&cluster, "web", "both.pem"), format!("{key}{}", block("b25l")));
    // It stays until the signer's time for the renewal has come.
    let begun = cluster.env.now();
    tokio::time::sleep(Duration::from_secs(3590)).await;
    sign(&cluster, &block("dHdv"), 3600).await;
    let waited = cluster.env.now().duration_since(begun).as_secs();
    assert!((3590..=3600 + 300 + 10).contains(&waited), "{waited}");
    assert_eq!(requests.store().len(), 1, "old requests go by themselves");
    // When the third is asked for, the second is in use.
    tokio::time::sleep(Duration::from_secs(3590)).await;
    cluster.eventually::<PodCertificateRequest>("the third", |all| !all.filter(open).is_empty()).await;
    assert_eq!(read(&cluster, "web", "chain.pem"), block("dHdv"));
    assert_ne!(read(&cluster, "web", "key.pem"), key);
    // With the pod its requests go.
    cluster.admin.delete::<Pod>("default", "web", &client::DeleteOptions::default()).await.unwrap();
    cluster.eventually::<PodCertificateRequest>("no requests", |all| all.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_certificate_is_told_and_final() {
    let cluster = Cluster::start(13).await;
    let source = json!({"signerName": "x.y/z", "keyType": "ED25519", "keyPath": "key.pem"});
    let volume = json!({"projected": {"sources": [{"podCertificate": source}]}});
    cluster.create::<Pod>(with_volume("web", &volume)).await;
    cluster.eventually::<PodCertificateRequest>("a request", |all| all.len() == 1).await;
    let request = cluster.informers.get::<PodCertificateRequest>().store().all().remove(0);
    let condition = json!({"type": "Denied", "status": "True", "reason": "No", "message": "never",
        "lastTransitionTime": "2027-01-15T08:00:00Z"});
    let patch = json!({"status": {"conditions": [condition]}});
    let name = Object::name(&*request);
    cluster
        .admin
        .patch_status::<PodCertificateRequest>("default", name, client::PatchKind::Merge, &patch)
        .await
        .unwrap();
    told(
        &cluster,
        "Denied",
        &format!("PodCertificateRequest default/{name} was denied, reason=\"No\", message=\"never\""),
    )
    .await;
    told(&cluster, "FailedMount", "PodCertificateRequest was permanently denied: reason=\"No\" message=\"never\"")
        .await;
    assert_eq!(cluster.informers.get::<PodCertificateRequest>().store().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn images_are_volumes_too() {
    let cluster = Cluster::start(14).await;
    cluster.node.images.missing("data:1");
    let volume = json!({"image": {"reference": "data:1", "pullPolicy": "IfNotPresent"}});
    cluster.create::<Pod>(with_volume("web", &volume)).await;
    let waits = |pod: &Pod| {
        let waiting = status(pod).and_then(|c| c.state.as_ref()?.waiting.as_ref()?.reason.clone());
        matches!(waiting.as_deref(), Some("ErrImagePull" | "ImagePullBackOff"))
    };
    cluster.eventually::<Pod>("the container waits for the volume's image", |pods| pod_is(pods, "web", waits)).await;
    told(&cluster, "Failed", "Failed to pull image \"data:1\"").await;
    assert!(cluster.node.runtime.config("web").is_none());
    cluster.node.images.publish("data:1");
    cluster.eventually::<Pod>("it runs", |pods| pod_is(pods, "web", running)).await;
    assert!(place(&cluster, "web").is_dir());
    let named = place(&cluster, "web");
    cluster.admin.delete::<Pod>("default", "web", &client::DeleteOptions::default()).await.unwrap();
    cluster.eventually::<Pod>("it is gone", |pods| pods.is_empty()).await;
    assert!(!named.exists());
}
