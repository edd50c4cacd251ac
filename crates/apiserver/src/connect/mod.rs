//! Requests that go through: to a node's kubelet (logs, exec, attach, port-forward, proxy), to a pod or to a service.

mod location;
mod options;
mod rewrite;
mod tunnel;

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use http::{Method, Response, Uri, header, request::Parts};
use serde_json::Value;

use self::{
    location::{Endpoint, container, log_query, pod_endpoint, service_endpoint, split, stream_query},
    tunnel::{Upgrade, forward},
};
use crate::{
    authn::protocols_without_token,
    body::Body,
    contract::{NodeStream, Operation},
    registry::Call,
    request::Query,
    respond,
    server::ApiServer,
};

/// Is the call one of these?
#[must_use]
pub fn handles(call: &Call) -> bool {
    let sub = call.info.subresource.as_str();
    call.row.group.is_empty()
        && match &*call.row.plural {
            "pods" => matches!(sub, "log" | "exec" | "attach" | "portforward" | "proxy"),
            "nodes" | "services" => sub == "proxy",
            _ => false,
        }
}

/// Opens the way and lets the request through.
///
/// # Errors
/// There is no way, in upstream's words.
pub async fn answer(
    server: &Arc<ApiServer>,
    call: &Call,
    parts: &mut Parts,
    body: Body,
    query: &Query,
) -> Result<Response<Body>, Status> {
    let sub = call.info.subresource.as_str();
    if sub != "log" {
        server.registry.admit(call, Operation::Connect, None, &mut options::options(call, query)).await?;
    }
    if matches!(sub, "exec" | "attach" | "portforward") {
        // A WebSocket is opened with GET, but what it does is a create.
        let mut info = call.info.clone();
        info.verb = "create";
        server.authorize(&call.user, &info)?;
    }
    match (&*call.row.plural, sub) {
        ("pods", "log") => log(server, call, parts, query).await,
        ("pods", "proxy") => {
            let (scheme, name, port) = split(&call.info.name, "pod")?;
            let endpoint = pod_endpoint(&pod(server, call, name)?, scheme, port)?;
            direct(call, parts, body, endpoint).await
        }
        ("pods", _) => stream(server, call, parts, body, query).await,
        ("services", _) => {
            let (scheme, name, port) = split(&call.info.name, "service")?;
            let endpoint = service_endpoint(
                &*server.registry.reader,
                &server.config.random,
                &call.info.namespace,
                name,
                scheme,
                port,
            )?;
            direct(call, parts, body, endpoint).await
        }
        _ => {
            if let Some(redirect) = with_slash(call, parts) {
                return Ok(redirect);
            }
            let (_, name, _) = split(&call.info.name, "node")?;
            let connection = node(server, name).await?;
            let target = rest_target(call, parts);
            let way = way(call, parts, Vec::new());
            let answer = forward(connection, outbound(parts, &target)?, body, Upgrade::take(parts)).await?;
            Ok(rewrite::response(answer, way))
        }
    }
}

/// A browser that asks for `…/proxy` must end in a directory.
fn with_slash(call: &Call, parts: &Parts) -> Option<Response<Body>> {
    let plain = matches!(parts.method, Method::GET | Method::HEAD) && !parts.headers.contains_key(header::UPGRADE);
    if !call.info.rest.is_empty() || !plain {
        return None;
    }
    let query = parts.uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    let mut response = respond::text(301, "");
    let location = format!("{}/{query}", parts.uri.path());
    response.headers_mut().insert(header::LOCATION, location.parse().ok()?);
    Some(response)
}

fn rest_target(call: &Call, parts: &Parts) -> String {
    let path = if call.info.rest.is_empty() { "/" } else { &call.info.rest };
    parts.uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

fn pod(server: &ApiServer, call: &Call, name: &str) -> Result<Value, Status> {
    let found = server.registry.reader.get("", "pods", &call.info.namespace, name);
    found.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| Status::not_found("", "pods", name))
}

/// A connection to a node's kubelet.
async fn node(server: &ApiServer, name: &str) -> Result<Box<dyn NodeStream>, Status> {
    let found = server.registry.reader.get("", "nodes", "", name);
    let node: Value = found
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| Status::not_found("", "nodes", name))?;
    server.nodes.connect(&node).await
}

/// The log as a body, or, where the client asks for a WebSocket, as its messages.
async fn log(server: &ApiServer, call: &Call, parts: &mut Parts, query: &Query) -> Result<Response<Body>, Status> {
    let name = &call.info.name;
    let pod = pod(server, call, name)?;
    let wanted = log_query(query, name)?;
    let container = container(&pod, query.get("container").unwrap_or_default())?;
    let host = pod.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
    if host.is_empty() {
        let mut response = respond::text(204, "");
        response.headers_mut().remove(header::CONTENT_TYPE);
        return Ok(response);
    }
    let connection = node(server, host).await?;
    let namespace = meta::namespace(&pod);
    let target = format!("/containerLogs/{namespace}/{name}/{container}{wanted}");
    let upgrade = Upgrade::take(parts);
    let head = if upgrade.is_some() {
        outbound(parts, &target)?
    } else {
        let request = http::Request::builder().method(Method::GET).uri(target).header(header::HOST, host);
        request.body(()).map_err(Status::internal)?.into_parts().0
    };
    let response = forward(connection, head, Body::Empty, upgrade).await?;
    if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    if (200..=206).contains(&response.status().as_u16()) {
        let mut out = respond::text(200, "");
        out.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
        *out.body_mut() = response.into_body();
        return Ok(out);
    }
    Err(refused(response, name).await)
}

/// What a kubelet says when it has no logs.
async fn refused(response: Response<Body>, name: &str) -> Status {
    const SHOWN: usize = 64 * 1024;
    let code = response.status().as_u16();
    let body = response.into_body().collect(SHOWN).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body).trim_end().to_owned();
    match code {
        400 => Status::bad_request(text),
        500 => Status::internal(text),
        404 => {
            let mut status = Status::not_found("", "pods/log", name);
            status.message = format!("the server could not find the requested resource ( pods/log {name})");
            if let Some(details) = &mut status.details {
                details.causes = vec![apimachinery::status::Cause {
                    reason: "UnexpectedServerResponse".into(),
                    message: text,
                    field: String::new(),
                }];
            }
            status
        }
        code => Status::failure(code, "", text),
    }
}

/// Exec, attach, port-forward: the connection changes its protocol, and bytes go both ways.
async fn stream(
    server: &ApiServer,
    call: &Call,
    parts: &mut Parts,
    body: Body,
    query: &Query,
) -> Result<Response<Body>, Status> {
    let name = &call.info.name;
    let pod = pod(server, call, name)?;
    let sub = call.info.subresource.as_str();
    let target = if sub == "portforward" {
        let ports: Vec<&str> = query.all("ports").collect();
        let query = if ports.is_empty() { String::new() } else { format!("?port={}", ports.join(",")) };
        format!("/portForward/{}/{name}{query}", call.info.namespace)
    } else {
        let container = container(&pod, query.get("container").unwrap_or_default())?;
        format!("/{sub}/{}/{name}/{container}{}", call.info.namespace, stream_query(query, sub == "exec"))
    };
    let host = pod.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
    if host.is_empty() {
        return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
    }
    let upgrade = Upgrade::take(parts).ok_or_else(|| Status::bad_request("Upgrade request required"))?;
    let connection = node(server, host).await?;
    forward(connection, outbound(parts, &target)?, body, Some(upgrade)).await
}

/// To a pod's address, from this host.
async fn direct(call: &Call, parts: &mut Parts, body: Body, endpoint: Endpoint) -> Result<Response<Body>, Status> {
    if let Some(redirect) = with_slash(call, parts) {
        return Ok(redirect);
    }
    let connection = tunnel::dial(&endpoint).await?;
    let target = rest_target(call, parts);
    let mut request = outbound(parts, &target)?;
    let host = endpoint.address.to_string();
    request.headers.insert(header::HOST, host.parse().map_err(Status::internal)?);
    let way = way(call, parts, vec![host]);
    let answer = forward(connection, request, body, Upgrade::take(parts)).await?;
    Ok(rewrite::response(answer, way))
}

/// Where the answer seems to come from, and where the client sees it.
fn way(call: &Call, parts: &Parts, mut hosts: Vec<String>) -> rewrite::Way {
    let asked = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    hosts.extend(asked.or(parts.uri.authority().map(http::uri::Authority::as_str)).map(ToOwned::to_owned));
    // `/api/v1/namespaces/n/pods/p/proxy` or `/api/v1/nodes/n/proxy`.
    let segments = if call.row.namespaced { 8 } else { 6 };
    let prefix = parts.uri.path().split('/').take(segments).collect::<Vec<_>>().join("/");
    rewrite::Way { prefix, hosts }
}

/// The head of the request that goes on: without credentials, which are for this server only.
fn outbound(parts: &Parts, target: &str) -> Result<Parts, Status> {
    let uri: Uri = target.parse().map_err(|_| Status::bad_request(format!("invalid path {target:?}")))?;
    let (mut out, ()) = http::Request::new(()).into_parts();
    out.method = parts.method.clone();
    out.uri = uri;
    for (name, value) in &parts.headers {
        let text = name.as_str();
        let ours = *name == header::AUTHORIZATION || text.starts_with("impersonate-") || text.starts_with("x-remote-");
        if ours || *name == header::HOST {
            continue;
        }
        if *name == header::SEC_WEBSOCKET_PROTOCOL {
            let rest = protocols_without_token(value.to_str().unwrap_or_default());
            if let Some(rest) = http::HeaderValue::from_str(&rest).ok().filter(|rest| !rest.is_empty()) {
                out.headers.append(name.clone(), rest);
            }
            continue;
        }
        out.headers.append(name.clone(), value.clone());
    }
    let host = parts.headers.get(header::HOST).cloned();
    out.headers.insert(header::HOST, host.unwrap_or_else(|| http::HeaderValue::from_static("node")));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_go_on() {
        let (parts, ()) = http::Request::builder()
            .uri("/api/v1/namespaces/n/pods/p/proxy/x")
            .header("host", "api")
            .header("authorization", "Bearer secret")
            .header("impersonate-user", "somebody")
            .header("x-remote-user", "somebody")
            .header("sec-websocket-protocol", "chat, base64url.bearer.authorization.k8s.io.c2VjcmV0")
            .header("sec-websocket-protocol", "base64url.bearer.authorization.k8s.io.c2VjcmV0")
            .header("x-other", "1")
            .body(())
            .unwrap()
            .into_parts();
        let out = outbound(&parts, "/x").unwrap();
        let left: Vec<_> =
            out.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        assert_eq!(left, ["sec-websocket-protocol: chat", "x-other: 1", "host: api"]);
    }
}
