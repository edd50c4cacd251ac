//! The only place that parses paths and query strings.

use http::Method;

use crate::contract::RequestInfo;

/// Turns a path into what it is about, as upstream's `RequestInfoFactory` does.
#[must_use]
pub fn parse(method: &Method, path: &str, query: &Query) -> RequestInfo {
    let mut info = RequestInfo { verb: lower(method), path: path.to_owned(), ..RequestInfo::default() };
    let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(decode_path).collect();
    let mut at = match parts.first().map(String::as_str) {
        Some("api") if parts.len() >= 3 => 1,
        Some("apis") if parts.len() >= 4 => {
            info.group.clone_from(&parts[1]);
            2
        }
        _ => return info,
    };
    info.is_resource = true;
    info.version.clone_from(&parts[at]);
    at += 1;
    let watch_by_path = parts[at] == "watch" && parts.len() > at + 1;
    info.verb = match *method {
        _ if watch_by_path => "watch",
        Method::POST => "create",
        Method::GET | Method::HEAD => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    };
    at += usize::from(watch_by_path);
    if parts[at] == "namespaces"
        && let Some(namespace) = parts.get(at + 1)
    {
        info.namespace.clone_from(namespace);
        let own = parts.get(at + 2).is_some_and(|p| !matches!(p.as_str(), "status" | "finalize"));
        at += if own { 2 } else { 0 };
    }
    let mut rest = parts[at..].iter();
    info.resource = rest.next().cloned().unwrap_or_default();
    info.name = rest.next().cloned().unwrap_or_default();
    info.subresource = rest.next().cloned().unwrap_or_default();
    info.rest = behind(path, &parts, at + 3);
    collection_verb(&mut info, query);
    info
}

/// A request without a name is about the collection.
fn collection_verb(info: &mut RequestInfo, query: &Query) {
    if !info.name.is_empty() {
        return;
    }
    info.verb = match info.verb {
        "get" if query.flag("watch") => "watch",
        "get" => "list",
        "delete" => "deletecollection",
        other => other,
    };
    if matches!(info.verb, "list" | "watch" | "deletecollection")
        && let Some(selector) = query.get("fieldSelector")
    {
        selector.clone_into(&mut info.field_selector);
    }
    if matches!(info.verb, "list" | "watch")
        && let Some(name) = query.get("fieldSelector").and_then(single_name)
    {
        info.name = name;
    }
}

/// The name in a field selector that asks for exactly one name.
fn single_name(selector: &str) -> Option<String> {
    selector.split(',').find_map(|term| {
        let (key, value) = term.split_once('=')?;
        let value = value.strip_prefix('=').unwrap_or(value);
        (key == "metadata.name" && !value.is_empty() && !value.contains(['/', '%', '\\'])).then(|| value.to_owned())
    })
}

/// The raw path behind the part with index `count`, with its leading slash: what is proxied keeps its escapes and its last slash.
fn behind(path: &str, parts: &[String], count: usize) -> String {
    if parts.len() <= count && !path.ends_with('/') {
        return String::new();
    }
    let mut seen = 0;
    let mut inside = false;
    for (i, c) in path.char_indices() {
        match (c, inside) {
            ('/', true) => {
                inside = false;
                seen += 1;
                if seen == count {
                    return path[i..].to_owned();
                }
            }
            ('/', false) => {}
            (_, was) => inside = was || c != '/',
        }
    }
    String::new()
}

fn lower(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        Method::HEAD => "head",
        Method::OPTIONS => "options",
        Method::TRACE => "trace",
        Method::CONNECT => "connect",
        _ => "",
    }
}

/// A decoded query string; the first value of a key counts, as in Kubernetes' parameter codec.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Decodes `a=b&c=d`.
    #[must_use]
    pub fn parse(raw: Option<&str>) -> Self {
        let pairs = raw
            .unwrap_or_default()
            .split('&')
            .filter(|p| !p.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(key, true), decode(value, true))
            })
            .collect();
        Query { pairs }
    }

    /// The first value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A boolean as Kubernetes reads it: there, and not `0` or `false`.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| !matches!(v.to_ascii_lowercase().as_str(), "0" | "false"))
    }

    /// A boolean that may be absent.
    #[must_use]
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.get(key).map(|_| self.flag(key))
    }
}

fn decode_path(text: &str) -> String {
    decode(text, false)
}

/// Percent decoding; a broken escape stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[i], escape) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
                continue;
            }
            (b'+', _) if plus_is_space => out.push(b' '),
            (other, _) => out.push(other),
        }
        i += 1;
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// Percent encoding for a query value.
#[must_use]
pub fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, uri: &str) -> RequestInfo {
        let (path, query) = uri.split_once('?').map_or((uri, None), |(p, q)| (p, Some(q)));
        parse(&method.parse().expect("method"), path, &Query::parse(query))
    }

    #[test]
    fn paths_become_what_they_are_about() {
        // method, uri, verb, group, version, namespace, resource, name, subresource, rest
        for row in [
            ["GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", "", ""],
            ["GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", "", ""],
            ["GET", "/api/v1/namespaces/a", "get", "", "v1", "a", "namespaces", "a", "", ""],
            ["PUT", "/api/v1/namespaces/a/finalize", "update", "", "v1", "a", "namespaces", "a", "finalize", ""],
            ["POST", "/api/v1/namespaces/a/pods", "create", "", "v1", "a", "pods", "", "", ""],
            ["DELETE", "/api/v1/namespaces/a/pods", "deletecollection", "", "v1", "a", "pods", "", "", ""],
            [
                "PATCH",
                "/apis/apps/v1/namespaces/a/deployments/d/scale",
                "patch",
                "apps",
                "v1",
                "a",
                "deployments",
                "d",
                "scale",
                "",
            ],
            ["GET", "/api/v1/namespaces/a/pods?watch=true", "watch", "", "v1", "a", "pods", "", "", ""],
            ["GET", "/api/v1/pods?watch=0", "list", "", "v1", "", "pods", "", "", ""],
            ["GET", "/api/v1/watch/namespaces/a/pods/p", "watch", "", "v1", "a", "pods", "p", "", ""],
            ["GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dn1", "list", "", "v1", "", "nodes", "n1", "", ""],
            [
                "GET",
                "/api/v1/namespaces/a/pods/p:80/proxy/x/y/",
                "get",
                "",
                "v1",
                "a",
                "pods",
                "p:80",
                "proxy",
                "/x/y/",
            ],
            ["GET", "/api/v1/namespaces/a/pods/p/proxy/", "get", "", "v1", "a", "pods", "p", "proxy", "/"],
            ["GET", "/api/v1/namespaces/a/pods/p/proxy", "get", "", "v1", "a", "pods", "p", "proxy", ""],
            ["GET", "/apis/apps/v1", "get", "", "", "", "", "", "", ""],
            ["GET", "/healthz", "get", "", "", "", "", "", "", ""],
        ] {
            let got = of(row[0], row[1]);
            let got = [
                got.verb,
                &got.group,
                &got.version,
                &got.namespace,
                &got.resource,
                &got.name,
                &got.subresource,
                &got.rest,
            ];
            assert_eq!(got[..], row[2..], "{}", row[1]);
        }
    }

    #[test]
    fn escapes() {
        let query = Query::parse(Some("labelSelector=a+in+(b%2Cc)&x=%zz&x=2&watch"));
        assert_eq!(query.get("labelSelector"), Some("a in (b,c)"));
        assert_eq!(query.all("x").collect::<Vec<_>>(), ["%zz", "2"]);
        assert!(query.flag("watch"));
        assert_eq!(encode("a b/ü"), "a%20b%2F%C3%BC");
    }
}
