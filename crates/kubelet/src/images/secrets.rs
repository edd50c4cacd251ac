//! Credentials from pull secrets, chosen by registry and path.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cri::image::Credentials;
use k8s_openapi::api::core::v1::{Pod, Secret};
use serde_json::Value;

use crate::{env::build::Objects, objects::Snapshot, pods::spec};

fn names(pod: &Pod) -> impl Iterator<Item = &str> {
    spec::spec(pod)
        .image_pull_secrets
        .iter()
        .flatten()
        .map(|reference| reference.name.as_str())
        .filter(|name| !name.is_empty())
}

/// Names of the pull secrets of a pod.
pub(crate) fn references(pod: &Pod) -> Vec<String> {
    names(pod).map(ToOwned::to_owned).collect()
}

/// Pull secrets that are not there.
pub(crate) fn missing(pod: &Pod, objects: &Snapshot) -> Vec<String> {
    names(pod).filter(|name| objects.secret(name).is_err()).map(ToOwned::to_owned).collect()
}

/// What to try for an image, the most specific first.
pub(crate) fn credentials(pod: &Pod, objects: &Snapshot, image: &str) -> Vec<Credentials> {
    let mut found: Vec<(String, Credentials)> = names(pod)
        .filter_map(|name| objects.secret(name).ok())
        .flat_map(|secret| of_secret(&secret))
        .filter(|(place, _)| applies(place, image))
        .collect();
    found.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
    found.into_iter().map(|(_, credentials)| credentials).collect()
}

fn of_secret(secret: &Secret) -> Vec<(String, Credentials)> {
    let read = |key: &str| {
        secret
            .data
            .as_ref()
            .and_then(|data| data.get(key))
            .and_then(|data| serde_json::from_slice::<Value>(&data.0).ok())
    };
    let entries = match secret.type_.as_deref() {
        Some("kubernetes.io/dockerconfigjson") => {
            read(".dockerconfigjson").and_then(|mut value| value.get_mut("auths").map(Value::take))
        }
        Some("kubernetes.io/dockercfg") => read(".dockercfg"),
        _ => None,
    };
    let Some(Value::Object(entries)) = entries else { return Vec::new() };
    entries.into_iter().map(|(place, entry)| (place, of_entry(&entry))).collect()
}

fn of_entry(entry: &Value) -> Credentials {
    let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let mut out = Credentials {
        username: text("username"),
        password: text("password"),
        identity_token: text("identitytoken"),
        registry_token: text("registrytoken"),
    };
    let decoded = STANDARD.decode(text("auth").trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((user, password)) = decoded.as_deref().and_then(|pair| pair.trim_end_matches('\0').split_once(':')) {
        user.clone_into(&mut out.username);
        password.clone_into(&mut out.password);
    }
    out
}

/// `registry/path` of an entry, without scheme and the API's version.
fn place(text: &str) -> (&str, &str) {
    let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let path = path.trim_end_matches('/');
    let path = if path == "v1" || path == "v2" { "" } else { path };
    let host = if host == "index.docker.io" || host == "registry-1.docker.io" { "docker.io" } else { host };
    (host, path)
}

fn applies(entry: &str, image: &str) -> bool {
    let ((host, path), (image_host, image_path)) = (place(entry), image.split_once('/').unwrap_or((image, "")));
    let (labels, image_labels): (Vec<_>, Vec<_>) = (host.split('.').collect(), image_host.split('.').collect());
    labels.len() == image_labels.len()
        && labels.iter().zip(&image_labels).all(|(pattern, label)| glob(pattern, label))
        && image_path.starts_with(path)
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text
            .strip_prefix(head)
            .is_some_and(|tail| (0..=tail.len()).any(|at| tail.is_char_boundary(at) && glob(rest, &tail[at..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        for (entry, image, expected) in [
            ("https://index.docker.io/v1/", "docker.io/library/nginx:1", true),
            ("registry.example:5000", "registry.example:5000/a/b:1", true),
            ("registry.example:5000/a", "registry.example:5000/a/b:1", true),
            ("registry.example:5000/x", "registry.example:5000/a/b:1", false),
            ("*.example", "registry.example/a", true),
            ("*.example", "a.b.example/a", false),
        ] {
            assert_eq!(applies(entry, image), expected, "{entry} {image}");
        }
        let entry = of_entry(&serde_json::json!({"auth": STANDARD.encode("me:p:w")}));
        assert_eq!((entry.username.as_str(), entry.password.as_str()), ("me", "p:w"));
    }
}
