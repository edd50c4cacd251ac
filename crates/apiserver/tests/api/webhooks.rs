//! Admission webhooks, called over TLS.

use std::{convert::Infallible, sync::Arc};

use crate::common::{Cluster, cm};
use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const MAPS: &str = "/api/v1/namespaces/t/configmaps";

/// Webhooks on a port of this machine; what they were asked comes out of the channel.
struct Hooks {
    url: String,
    bundle: String,
    asked: tokio::sync::mpsc::Receiver<(String, Value)>,
}

/// What a path answers.
fn answer(path: &str, review: &Value) -> Value {
    let request = &review["request"];
    let patch = |patch: Value| base64::engine::general_purpose::STANDARD.encode(patch.to_string());
    let patched = |p: Value| json!({"allowed": true, "patchType": "JSONPatch", "patch": patch(p)});
    let mut response = match path {
        "/deny" => json!({"allowed": false, "status": {"code": 403, "message": "because"}, "warnings": ["mind this"]}),
        "/stage1" => patched(json!([{"op": "add", "path": "/data/one", "value": "yes"}])),
        "/stage2" if request["object"]["data"]["one"] == "yes" => {
            patched(json!([{"op": "add", "path": "/data/two", "value": "yes"}]))
        }
        "/wrong" => patched(json!([{"op": "replace", "path": "/data", "value": 5}])),
        _ => json!({"allowed": true}),
    };
    response["uid"] = if path == "/other" { "other".into() } else { request["uid"].clone() };
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}

async fn hooks() -> Hooks {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("key");
    let ca = params.self_signed(&key).expect("ca");
    let issuer = Issuer::new(params, key);
    let leaf = KeyPair::generate().expect("key");
    let params = CertificateParams::new(vec!["127.0.0.1".into()]).expect("params");
    let certificate = params.signed_by(&leaf, &issuer).expect("certificate");
    let key = PrivateKeyDer::try_from(leaf.serialize_der()).expect("key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("tls");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let url = format!("https://{}", listener.local_addr().expect("address"));
    let (sender, asked) = tokio::sync::mpsc::channel(100);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accept");
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let serve = service_fn(|request: Request<hyper::body::Incoming>| {
                    let sender = sender.clone();
                    async move {
                        let path = request.uri().path().to_owned();
                        let body = request.into_body().collect().await.expect("body").to_bytes();
                        let review: Value = serde_json::from_slice(&body).expect("json");
                        if path == "/slow" {
                            std::future::pending::<()>().await;
                        }
                        let answer = answer(&path, &review);
                        sender.try_send((path, review)).expect("room");
                        let answer = Full::new(Bytes::from(answer.to_string()));
                        Ok::<Response<Full<Bytes>>, Infallible>(Response::new(answer))
                    }
                });
                // The client goes away when the test ends.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
            });
        }
    });
    let bundle = base64::engine::general_purpose::STANDARD.encode(ca.pem());
    Hooks { url, bundle, asked }
}

impl Hooks {
    fn hook(&self, name: &str, path: &str, more: Value) -> Value {
        let mut hook = json!({
            "name": format!("{name}.k8s.io"), "sideEffects": "None", "admissionReviewVersions": ["v1", "v1beta1"],
            "clientConfig": {"url": format!("{}{path}", self.url), "caBundle": self.bundle},
            "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps", "pods/attach"]}],
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            hook[key] = value.clone();
        }
        hook
    }

    fn next(&mut self) -> (String, Value) {
        self.asked.try_recv().expect("asked")
    }

    fn paths(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).map(|(path, _)| path).collect()
    }
}

fn configuration(kind: &str, name: &str, hooks: &[Value]) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "webhooks": hooks})
}

async fn configure(cluster: &Cluster, mutating: bool, name: &str, hooks: &[Value]) {
    let (uri, kind) = if mutating {
        (MUTATING, "MutatingWebhookConfiguration")
    } else {
        (VALIDATING, "ValidatingWebhookConfiguration")
    };
    cluster.call("POST", uri, Some(configuration(kind, name, hooks))).await.is(201);
}

#[tokio::test]
async fn a_validating_webhook_refuses_and_warns() {
    let (cluster, mut hooks) = (Cluster::start().await, hooks().await);
    configure(&cluster, false, "v", &[hooks.hook("deny", "/deny", Value::Null)]).await;
    let refused = cluster.call("POST", MAPS, Some(cm("a", json!({"k": "v"})))).await;
    assert_eq!(
        (refused.code, refused.message().as_str()),
        (403, "admission webhook \"deny.k8s.io\" denied the request: because")
    );
    assert!(refused.headers.get("warning").is_some_and(|w| w.to_str().expect("text").contains("mind this")));
    let (_, review) = hooks.next();
    let request = &review["request"];
    assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(
        (&request["operation"], &request["namespace"], &request["name"], &request["dryRun"], &request["oldObject"]),
        (&json!("CREATE"), &json!("t"), &json!("a"), &json!(false), &Value::Null)
    );
    assert_eq!(request["kind"], json!({"group": "", "version": "v1", "kind": "ConfigMap"}));
    assert_eq!(request["requestResource"], json!({"group": "", "version": "v1", "resource": "configmaps"}));
    assert_eq!(
        (&request["userInfo"]["username"], &request["options"]["kind"]),
        (&json!("admin"), &json!("CreateOptions"))
    );
    assert_eq!((&request["object"]["kind"], &request["object"]["data"]["k"]), (&json!("ConfigMap"), &json!("v")));
    // It cannot stand in the way of its own removal.
    configure(
        &cluster,
        false,
        "all",
        &[hooks.hook(
            "all",
            "/deny",
            json!({"rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}]}),
        )],
    )
    .await;
    cluster.call("DELETE", &format!("{VALIDATING}/all"), None).await.is(200);
    cluster.call("DELETE", &format!("{VALIDATING}/v"), None).await.is(200);
    cluster.call("POST", MAPS, Some(cm("a", json!({})))).await.is(201);
}

#[tokio::test]
async fn mutating_webhooks_run_by_name_and_again() {
    let (cluster, mut hooks) = (Cluster::start().await, hooks().await);
    let again = json!({"reinvocationPolicy": "IfNeeded"});
    configure(&cluster, true, "b", &[hooks.hook("one", "/stage1", Value::Null)]).await;
    configure(&cluster, true, "a", &[hooks.hook("two", "/stage2", again)]).await;
    let made = cluster.call("POST", MAPS, Some(cm("a", json!({"k": "v"})))).await.is(201);
    assert_eq!(made["data"], json!({"k": "v", "one": "yes", "two": "yes"}));
    assert_eq!(hooks.paths(), ["/stage2", "/stage1", "/stage2"]);
    cluster.call("DELETE", &format!("{MUTATING}/a"), None).await.is(200);
    cluster.call("DELETE", &format!("{MUTATING}/b"), None).await.is(200);
    configure(&cluster, true, "wrong", &[hooks.hook("wrong", "/wrong", Value::Null)]).await;
    assert_eq!(cluster.call("POST", MAPS, Some(cm("b", json!({"k": "v"})))).await.code, 500);
}

#[tokio::test]
async fn who_is_asked() {
    let (cluster, mut hooks) = (Cluster::start().await, hooks().await);
    let conditions = json!({
        "matchConditions": [{"name": "skip", "expression": "object.metadata.name != 'skip-me'"}],
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}],
    });
    let labelled = json!({"objectSelector": {"matchLabels": {"ask": "yes"}}});
    let elsewhere = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}});
    let effects = json!({"rules": [{"operations": ["CREATE"], "apiGroups": ["events.k8s.io"], "apiVersions": ["v1"], "resources": ["events"]}]});
    configure(
        &cluster,
        false,
        "v",
        &[
            hooks.hook("conditions", "/conditions", conditions),
            hooks.hook("labels", "/labels", labelled),
            hooks.hook("elsewhere", "/elsewhere", elsewhere),
            hooks.hook("events", "/events", effects),
        ],
    )
    .await;
    cluster.call("POST", MAPS, Some(cm("skip-me", json!({})))).await.is(201);
    assert!(hooks.paths().is_empty());
    let mut map = cm("a", json!({}));
    map["metadata"]["labels"] = json!({"ask": "yes"});
    cluster.call("POST", MAPS, Some(map)).await.is(201);
    let mut paths = hooks.paths();
    paths.sort();
    assert_eq!(paths, ["/conditions", "/labels"]);
    // The same events under another group.
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "t"}, "involvedObject": {"namespace": "t"}, "message": "m"});
    cluster.call("POST", "/api/v1/namespaces/t/events", Some(event)).await.is(201);
    let (path, review) = hooks.next();
    assert_eq!((path.as_str(), &review["request"]["kind"]["group"]), ("/events", &json!("events.k8s.io")));
    assert_eq!(
        (&review["request"]["requestKind"]["group"], &review["request"]["object"]["note"]),
        (&json!(""), &json!("m"))
    );
    cluster
        .call(
            "DELETE",
            &format!("{MAPS}/a"),
            Some(json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})),
        )
        .await
        .is(200);
    let (_, review) = hooks.next();
    let request = &review["request"];
    assert_eq!(
        (&request["operation"], &request["object"], &request["oldObject"]["metadata"]["name"]),
        (&json!("DELETE"), &Value::Null, &json!("a"))
    );
    assert_eq!(request["options"]["gracePeriodSeconds"], json!(0));
}

#[tokio::test]
async fn what_a_failed_call_means() {
    let (cluster, hooks) = (Cluster::start().await, hooks().await);
    let mut refused = Vec::new();
    for (path, more) in [
        ("/other", Value::Null),
        ("/slow", json!({"timeoutSeconds": 1})),
        ("/untrusted", json!({"clientConfig": {"url": format!("{}/untrusted", hooks.url)}})),
        ("/nobody", json!({"clientConfig": {"url": "https://127.0.0.1:1/nobody", "caBundle": hooks.bundle}})),
        ("/service", json!({"clientConfig": {"service": {"namespace": "t", "name": "s"}, "caBundle": hooks.bundle}})),
    ] {
        configure(&cluster, false, "v", &[hooks.hook("x", path, more.clone())]).await;
        let answer = cluster.call("POST", MAPS, Some(cm("a", json!({})))).await;
        assert_eq!(answer.code, 500, "{path}");
        refused.push(answer.message().replace(&hooks.url, "URL"));
        cluster.call("DELETE", &format!("{VALIDATING}/v"), None).await.is(200);
        let mut ignores = more;
        ignores["failurePolicy"] = "Ignore".into();
        configure(&cluster, false, "v", &[hooks.hook("x", path, ignores)]).await;
        cluster.call("POST", &format!("{MAPS}?dryRun=All"), Some(cm("a", json!({})))).await.is(201);
        cluster.call("DELETE", &format!("{VALIDATING}/v"), None).await.is(200);
    }
    let failed = "Internal error occurred: failed calling webhook \"x.k8s.io\": ";
    assert!(
        refused[0].starts_with(&format!("{failed}received invalid webhook response: expected response.uid=")),
        "{refused:?}"
    );
    assert_eq!(
        refused[1],
        format!("{failed}failed to call webhook: Post \"URL/slow?timeout=1s\": context deadline exceeded")
    );
    assert!(refused[2].contains("tls: failed to verify certificate"), "{refused:?}");
    assert!(refused[3].contains("dial tcp 127.0.0.1:1: connect: connection refused"), "{refused:?}");
    assert_eq!(
        refused[4],
        format!("{failed}failed to call webhook: Post \"https://s.t.svc:443/?timeout=10s\": service \"s\" not found")
    );
    configure(&cluster, false, "v", &[hooks.hook("x", "/x", json!({"sideEffects": "NoneOnDryRun"}))]).await;
    cluster.call("POST", &format!("{MAPS}?dryRun=All"), Some(cm("a", json!({})))).await.is(201);
}

#[tokio::test]
async fn an_attachment_is_asked_about() {
    let (cluster, mut hooks) = (Cluster::start().await, hooks().await);
    configure(&cluster, false, "v", &[hooks.hook("x", "/deny", Value::Null)]).await;
    let uri = "/api/v1/namespaces/t/pods/p/attach?container=c&stdin=true&stdout=true";
    let refused = cluster.call("POST", uri, None).await;
    assert_eq!(refused.code, 403);
    let (_, review) = hooks.next();
    let request = &review["request"];
    assert_eq!(
        (&request["operation"], &request["subResource"], &request["name"]),
        (&json!("CONNECT"), &json!("attach"), &json!("p"))
    );
    assert_eq!(request["kind"]["kind"], "PodAttachOptions");
    assert_eq!((&request["object"]["container"], &request["object"]["stdin"]), (&json!("c"), &json!(true)));
}

#[tokio::test]
async fn configurations_are_validated() {
    let cluster = Cluster::start().await;
    let base = json!({"name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {"url": "https://h/p"}});
    let with = |key: &str, value: Value| {
        let mut hook = base.clone();
        hook[key] = value;
        configuration("ValidatingWebhookConfiguration", "v", &[hook])
    };
    for (key, value, wanted) in [
        (
            "name",
            json!("short"),
            "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots",
        ),
        (
            "sideEffects",
            json!("Some"),
            "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
        ),
        (
            "timeoutSeconds",
            json!(31),
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ),
        ("admissionReviewVersions", json!(["v2"]), "must include at least one of v1, v1beta1"),
        (
            "clientConfig",
            json!({}),
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
        ),
        (
            "clientConfig",
            json!({"url": "http://h"}),
            "'https' is the only allowed URL scheme; desired format: https://host[/path]",
        ),
        (
            "clientConfig",
            json!({"service": {"name": "n", "namespace": "s", "path": "/a//b"}}),
            "segment[1] may not be empty",
        ),
        (
            "rules",
            json!([{"operations": ["*", "CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]),
            "if '*' is present, must not specify other operations",
        ),
        ("matchConditions", json!([{"name": "x", "expression": "... [] bad expression"}]), "compilation failed"),
        (
            "matchConditions",
            json!([{"name": "x", "expression": "object.metadata.name"}]),
            "must evaluate to bool but got dyn",
        ),
    ] {
        let answer = cluster.call("POST", VALIDATING, Some(with(key, value))).await;
        assert_eq!(answer.code, 422, "{key}");
        assert!(answer.message().contains(wanted), "{}", answer.message());
    }
    let made = cluster
        .call("POST", VALIDATING, Some(configuration("ValidatingWebhookConfiguration", "v", &[base])))
        .await
        .is(201);
    let hook = &made["webhooks"][0];
    assert_eq!(
        (&hook["failurePolicy"], &hook["matchPolicy"], &hook["timeoutSeconds"], &hook["namespaceSelector"]),
        (&json!("Fail"), &json!("Equivalent"), &json!(10), &json!({}))
    );
}
