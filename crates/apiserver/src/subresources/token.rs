//! `serviceaccounts/token`: a token for an account, bound to a pod, a secret or a node where that is asked for.

use std::sync::Arc;

use apimachinery::{
    field::{FieldError, Path},
    gvk::api_version,
    meta,
    status::Status,
    time,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    authn::{Claims, Kubernetes, Reference},
    registry::{Call, Outcome, prepare},
    server::ApiServer,
    strategies::json::{list, map, number, text},
};

/// Seconds that a kubelet asks for when nobody said how long: such tokens live longer in truth, so that old clients that never read them again go on.
const KUBELET_SECONDS: i64 = 3607;
const EXTENDED_SECONDS: i64 = 24 * 365 * 3600;
const SHORTEST: i64 = 600;
const DEFAULT: i64 = 3600;

/// Objects that a token is bound to.
#[derive(Default)]
struct Bound {
    pod: Option<Reference>,
    node: Option<Reference>,
    secret: Option<Reference>,
}

fn reference(object: &Value) -> Reference {
    Reference { name: meta::name(object).to_owned(), uid: meta::uid(object).to_owned() }
}

fn bound(server: &ApiServer, call: &Call, request: &Value) -> Result<Bound, Status> {
    let mut bound = Bound::default();
    let Some(asked) = request.pointer("/spec/boundObjectRef").filter(|r| !r.is_null()) else { return Ok(bound) };
    let (version, kind, name) = (text(asked, "/apiVersion"), text(asked, "/kind"), text(asked, "/name"));
    let find = |resource: &str, namespace: &str, name: &str| {
        let bytes = server.registry.reader.get("", resource, namespace, name)?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let namespace = call.info.namespace.as_str();
    let need = |resource: &str, namespace: &str| {
        find(resource, namespace, name).ok_or_else(|| Status::not_found("", resource, name))
    };
    let found = match (version, kind) {
        ("v1" | "", "Pod") => {
            let pod = need("pods", namespace)?;
            let account = &call.info.name;
            if text(&pod, "/spec/serviceAccountName") != account {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name."
                )));
            }
            let node = text(&pod, "/spec/nodeName");
            if !node.is_empty() {
                bound.node = Some(
                    find("nodes", "", node)
                        .map_or_else(|| Reference { name: node.to_owned(), uid: String::new() }, |n| reference(&n)),
                );
            }
            bound.pod = Some(reference(&pod));
            pod
        }
        ("v1" | "", "Node") => {
            let node = need("nodes", "")?;
            bound.node = Some(reference(&node));
            node
        }
        ("v1" | "", "Secret") => {
            let secret = need("secrets", namespace)?;
            bound.secret = Some(reference(&secret));
            secret
        }
        _ => {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            return Err(Status::bad_request(format!(
                "cannot bind token to object of type {}, Kind={kind}",
                api_version_slash(group, version)
            )));
        }
    };
    let uid = text(asked, "/uid");
    if !uid.is_empty() && uid != meta::uid(&found) {
        let message = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Status::conflict("", kind, name, &message));
    }
    Ok(bound)
}

fn api_version_slash(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/{version}") } else { api_version(group, version) }
}

/// The account, and the request made fit to it.
fn prepare_request(server: &ApiServer, call: &Call, request: &mut Value) -> Result<Value, Status> {
    let (name, namespace) = (call.info.name.as_str(), call.info.namespace.as_str());
    let metadata = Path::new("metadata");
    let mismatch = |key: &str, given: &str, what: &str| {
        let error = FieldError::invalid(
            &metadata.child(key),
            given,
            format!("must match the service account {what} if specified"),
        );
        Err(Status::invalid("authentication.k8s.io", "TokenRequest", name, &[error]))
    };
    let (given_name, given_namespace) = (meta::name(request), meta::namespace(request));
    if !given_name.is_empty() && given_name != name {
        return mismatch("name", given_name, "name");
    }
    if !given_namespace.is_empty() && given_namespace != namespace {
        return mismatch("namespace", given_namespace, "namespace");
    }
    let bytes = server.registry.reader.get("", "serviceaccounts", namespace, name).ok_or_else(|| call.not_found())?;
    let account: Value = serde_json::from_slice(&bytes).map_err(Status::internal)?;
    let (given, uid) = (meta::uid(request), meta::uid(&account));
    if !given.is_empty() && given != uid {
        let message =
            format!("the UID in the token request ({given}) does not match the UID of the service account ({uid})");
        return Err(Status::conflict("authentication.k8s.io", "TokenRequest", name, &message));
    }
    let fields = meta::metadata_mut(request);
    fields.insert("name".into(), name.into());
    fields.insert("namespace".into(), namespace.into());
    fields.insert("uid".into(), uid.into());
    fields.insert("creationTimestamp".into(), time::seconds(call.now).into());
    let seconds = request
        .pointer("/spec/expirationSeconds")
        .filter(|s| !s.is_null())
        .map_or(DEFAULT, |_| number(request, "/spec/expirationSeconds"));
    let path = Path::new("spec").child("expirationSeconds");
    let wrong = match seconds {
        s if s < SHORTEST => Some("may not specify a duration less than 10 minutes"),
        s if s > 1 << 32 => Some("may not specify a duration larger than 2^32 seconds"),
        _ => None,
    };
    if let Some(detail) = wrong {
        return Err(Status::invalid(
            "authentication.k8s.io",
            "TokenRequest",
            "",
            &[FieldError::invalid(&path, seconds, detail)],
        ));
    }
    map(request, "spec").insert("expirationSeconds".into(), seconds.into());
    Ok(account)
}

pub fn issue(server: &Arc<ApiServer>, call: &Call, mut request: Value) -> Result<Outcome, Status> {
    let signer =
        server.signer.as_ref().ok_or_else(|| Status::internal("there is no key for service-account tokens"))?;
    let account = prepare_request(server, call, &mut request)?;
    if list(&request, "/spec/audiences").is_empty() {
        map(&mut request, "spec").insert("audiences".into(), json!(signer.audiences()));
    }
    let audiences: Vec<String> =
        list(&request, "/spec/audiences").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let bound = bound(server, call, &request)?;
    let seconds = number(&request, "/spec/expirationSeconds");
    let now = call.now.as_second();
    let own = audiences.iter().all(|a| signer.audiences().contains(a));
    let extended = bound.pod.is_some() && seconds == KUBELET_SECONDS && own;
    let claims = Claims {
        aud: audiences,
        exp: now + if extended { EXTENDED_SECONDS } else { seconds },
        iat: now,
        nbf: now,
        jti: prepare::uid(&server.config.random),
        sub: format!("system:serviceaccount:{}:{}", call.info.namespace, call.info.name),
        kubernetes: Kubernetes {
            namespace: call.info.namespace.clone(),
            serviceaccount: reference(&account),
            pod: bound.pod,
            node: bound.node,
            secret: bound.secret,
            warnafter: extended.then_some(now + seconds),
        },
        ..Claims::default()
    };
    let token = signer.sign(claims).map_err(|e| Status::internal(format!("failed to generate token: {e}")))?;
    let end = call.now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(call.now);
    request["status"] = json!({"token": token, "expirationTimestamp": time::seconds(end)});
    Ok(Outcome::value(201, request))
}
