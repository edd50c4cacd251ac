//! Where a request goes: containers, ports, addresses.

use std::net::{IpAddr, SocketAddr};

use apimachinery::{
    field::{FieldError, Path},
    meta,
    status::Status,
};
use serde_json::Value;

use crate::{
    config::Random,
    contract::Reader,
    request::{Query, encode},
};

/// An address to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Address and port.
    pub address: SocketAddr,
    /// Speak TLS.
    pub tls: bool,
}

/// `name`, `name:port`, `scheme:name:port`.
///
/// # Errors
/// Another form.
pub fn split<'a>(id: &'a str, what: &str) -> Result<(&'a str, &'a str, &'a str), Status> {
    let parts: Vec<&str> = id.split(':').collect();
    match parts[..] {
        [name] if !name.is_empty() => Ok(("", name, "")),
        [name, port] if !name.is_empty() => Ok(("", name, port)),
        [scheme @ ("" | "http" | "https"), name, port] if !name.is_empty() => Ok((scheme, name, port)),
        _ => Err(Status::bad_request(format!("invalid {what} request \"{id}\""))),
    }
}

fn names<'a>(pod: &'a Value, lists: &[&str]) -> Vec<&'a str> {
    let one = |list: &&str| pod.pointer(&format!("/spec/{list}")).and_then(Value::as_array).into_iter().flatten();
    lists.iter().flat_map(one).filter_map(|c| c.get("name").and_then(Value::as_str)).collect()
}

/// The container that is meant: the one that is named, or the only one.
///
/// # Errors
/// It is not clear, or there is none of that name.
pub fn container<'a>(pod: &'a Value, asked: &'a str) -> Result<&'a str, Status> {
    let all = names(pod, &["initContainers", "containers", "ephemeralContainers"]);
    let name = meta::name(pod);
    if !asked.is_empty() {
        return if all.contains(&asked) {
            Ok(asked)
        } else {
            Err(Status::bad_request(format!("container {asked} is not valid for pod {name}")))
        };
    }
    match names(pod, &["containers"])[..] {
        [only] => Ok(only),
        [] => Err(Status::bad_request(format!("a container name must be specified for pod {name}"))),
        _ => Err(Status::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            all.join(" ")
        ))),
    }
}

/// The options of a log request for the kubelet, with their `?`.
///
/// # Errors
/// 422: numbers that make no sense.
pub fn log_query(query: &Query, pod: &str) -> Result<String, Status> {
    let mut errors = Vec::new();
    let mut number = |key: &str, least: i64, why: &str| -> Result<Option<i64>, Status> {
        let Some(text) = query.get(key).filter(|t| !t.is_empty()) else { return Ok(None) };
        let n: i64 = text
            .parse()
            .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")))?;
        if n < least {
            errors.push(FieldError::invalid(&Path::new(key), n, why));
        }
        Ok(Some(n))
    };
    let mut pairs = Vec::new();
    let tail = number("tailLines", 0, "must be greater than or equal to 0")?;
    let bytes = number("limitBytes", 1, "must be greater than 0")?;
    let since = number("sinceSeconds", 1, "must be greater than 0")?;
    if since.is_some() && query.get("sinceTime").is_some() {
        errors.push(FieldError::forbidden(
            &Path::new(""),
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ));
    }
    let stream = query.get("stream").unwrap_or("All");
    if !["All", "Stdout", "Stderr"].contains(&stream) {
        errors.push(FieldError::not_supported(&Path::new("stream"), stream, &["All", "Stderr", "Stdout"]));
    } else if stream != "All" && tail.is_some() {
        errors.push(FieldError::forbidden(
            &Path::new(""),
            "`tailLines` and specific `stream` are mutually exclusive for now",
        ));
    }
    if !errors.is_empty() {
        return Err(Status::invalid("", "PodLogOptions", pod, &errors));
    }
    for key in ["follow", "previous", "timestamps"] {
        if query.flag(key) {
            pairs.push(format!("{key}=true"));
        }
    }
    for (key, value) in [("tailLines", tail), ("limitBytes", bytes), ("sinceSeconds", since)] {
        pairs.extend(value.map(|value| format!("{key}={value}")));
    }
    pairs.extend(query.get("sinceTime").map(|time| format!("sinceTime={}", encode(time))));
    pairs.push(format!("stream={stream}"));
    Ok(format!("?{}", pairs.join("&")))
}

/// The options of exec and attach for the kubelet, with their `?`.
#[must_use]
pub fn stream_query(query: &Query, exec: bool) -> String {
    let mut pairs = Vec::new();
    let tty = query.flag("tty");
    // Upstream's defaults: attach shows output unless told otherwise; exec's options say what they want.
    let shown = |key: &str| query.boolean(key).unwrap_or(!exec);
    for (on, key) in
        [(query.flag("stdin"), "input"), (shown("stdout"), "output"), (shown("stderr") && !tty, "error"), (tty, "tty")]
    {
        if on {
            pairs.push(format!("{key}=1"));
        }
    }
    if exec {
        pairs.extend(query.all("command").map(|word| format!("command={}", encode(word))));
    }
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn allowed(text: &str) -> Result<IpAddr, Status> {
    let refused = || Status::bad_request("address not allowed");
    let ip: IpAddr = text.parse().map_err(|_| refused())?;
    let link_local = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if ip.is_loopback() || ip.is_multicast() || ip.is_unspecified() || link_local { Err(refused()) } else { Ok(ip) }
}

fn port_number(port: &str, tls: bool) -> Result<u16, Status> {
    if port.is_empty() {
        return Ok(if tls { 443 } else { 80 });
    }
    port.parse().map_err(|_| Status::bad_request(format!("invalid port \"{port}\"")))
}

/// The address of a pod.
///
/// # Errors
/// It has none that may be dialled.
pub fn pod_endpoint(pod: &Value, scheme: &str, port: &str) -> Result<Endpoint, Status> {
    let tls = scheme == "https";
    let first = pod
        .pointer("/spec/containers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find_map(|c| c.pointer("/ports/0/containerPort").and_then(Value::as_u64))
        .map(|p| p.to_string())
        .unwrap_or_default();
    let port = port_number(if port.is_empty() { &first } else { port }, tls)?;
    let ip = pod
        .pointer("/status/podIPs/0/ip")
        .or_else(|| pod.pointer("/status/podIP"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(Endpoint { address: SocketAddr::new(allowed(ip)?, port), tls })
}

/// One of the ready addresses behind a service.
///
/// # Errors
/// There is no such service, port, or address.
pub fn service_endpoint(
    reader: &dyn Reader,
    random: &Random,
    namespace: &str,
    name: &str,
    scheme: &str,
    port: &str,
) -> Result<Endpoint, Status> {
    let service: Value = reader
        .get("", "services", namespace, name)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| Status::not_found("", "services", name))?;
    let ports = service.pointer("/spec/ports").and_then(Value::as_array).cloned().unwrap_or_default();
    let fits = |p: &&Value| {
        let number = p.get("port").and_then(Value::as_u64).map(|n| n.to_string());
        p.get("name").and_then(Value::as_str) == Some(port) || number.as_deref() == Some(port)
    };
    let chosen = if port.is_empty() && ports.len() == 1 { ports.first() } else { ports.iter().find(fits) };
    let chosen = chosen
        .ok_or_else(|| Status::unavailable(format!("no service port \"{port}\" found for service \"{name}\"")))?;
    let port_name = chosen.get("name").and_then(Value::as_str).unwrap_or_default();
    let tls = scheme == "https";
    let mut found = Vec::new();
    for bytes in reader.list("discovery.k8s.io", "endpointslices", namespace) {
        let Ok(slice) = serde_json::from_slice::<Value>(&bytes) else { continue };
        if meta::label(&slice, "kubernetes.io/service-name") == Some(name) {
            addresses(&slice, port_name, &mut found);
        }
    }
    if found.is_empty() {
        return Err(Status::unavailable(format!("no endpoints available for service \"{name}\"")));
    }
    let mut byte = [0u8; 4];
    random(&mut byte);
    let index = u32::from_be_bytes(byte) as usize % found.len();
    let (ip, port) = &found[index];
    Ok(Endpoint { address: SocketAddr::new(allowed(ip)?, *port), tls })
}

fn addresses(slice: &Value, port_name: &str, found: &mut Vec<(String, u16)>) {
    let list = |key: &str| slice.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let port = list("ports")
        .iter()
        .find(|p| p.get("name").and_then(Value::as_str).unwrap_or_default() == port_name)
        .and_then(|p| p.get("port").and_then(Value::as_u64))
        .and_then(|p| u16::try_from(p).ok());
    let Some(port) = port else { return };
    for endpoint in list("endpoints") {
        if endpoint.pointer("/conditions/ready").and_then(Value::as_bool).unwrap_or(true) {
            let all = endpoint.get("addresses").and_then(Value::as_array).cloned().unwrap_or_default();
            found.extend(all.iter().filter_map(Value::as_str).map(|ip| (ip.to_owned(), port)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn which_container() {
        let pod = |names: &[&str]| {
            json!({"metadata": {"name": "p"}, "spec": {"initContainers": [{"name": "i"}],
                "containers": names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>()}})
        };
        assert_eq!(container(&pod(&["a"]), "").expect("one"), "a");
        assert_eq!(container(&pod(&["a", "b"]), "i").expect("named"), "i");
        let text = |pod: Value, asked: &str| container(&pod, asked).expect_err("error").message;
        assert_eq!(text(pod(&["a", "b"]), ""), "a container name must be specified for pod p, choose one of: [i a b]");
        assert_eq!(text(pod(&["a"]), "x"), "container x is not valid for pod p");
    }

    #[test]
    fn queries_for_the_kubelet() {
        let q = |text: &str| Query::parse(Some(text));
        assert_eq!(
            stream_query(&q("command=sh&command=-c&stdin=true&stdout=true&stderr=true&tty=true"), true),
            "?input=1&output=1&tty=1&command=sh&command=-c"
        );
        assert_eq!(
            log_query(&q("follow=true&tailLines=5&container=c"), "p").expect("ok"),
            "?follow=true&tailLines=5&stream=All"
        );
        assert_eq!(log_query(&q("tailLines=-1"), "p").expect_err("negative").code, 422);
    }
}
