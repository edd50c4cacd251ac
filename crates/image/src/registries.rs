//! `registries.yaml`, in the form that k3s users know: mirrors, credentials and TLS by registry.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cri::image::Credentials;
use serde::Deserialize;

use crate::reference::Reference;

/// The whole file; the default is empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registries {
    /// By registry (`docker.io`, or `*` for all).
    pub mirrors: BTreeMap<String, Mirror>,
    /// By host (with port) of an endpoint.
    pub configs: BTreeMap<String, Config>,
    /// Credentials by host: the old form.
    pub auths: BTreeMap<String, Auth>,
}

/// Where a registry's images are fetched instead.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mirror {
    /// Tried in order, then the registry itself.
    pub endpoint: Vec<String>,
    /// Pattern → replacement for the repository's path: a literal prefix with `^`, `(.*)` at the end kept as `$1`.
    pub rewrite: BTreeMap<String, String>,
}

/// How to talk to a host.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Credentials.
    pub auth: Option<Auth>,
    /// TLS.
    pub tls: Option<Tls>,
}

/// Credentials.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// `base64(user:password)`.
    pub auth: String,
    /// Token instead of a password.
    pub identity_token: String,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("username", &self.username).finish_non_exhaustive()
    }
}

/// TLS of a host.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM of its authority.
    pub ca_file: Option<PathBuf>,
    /// PEM of our certificate.
    pub cert_file: Option<PathBuf>,
    /// PEM of our key.
    pub key_file: Option<PathBuf>,
    /// Do not check its certificate.
    pub insecure_skip_verify: bool,
}

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no YAML of this form.
    #[error("{} is no registries.yaml: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An endpoint is no URL.
    #[error("{}: the endpoint {endpoint:?} of {registry} is no http:// or https:// URL", path.display())]
    Endpoint {
        /// The file.
        path: PathBuf,
        /// The registry.
        registry: String,
        /// The endpoint.
        endpoint: String,
    },
}

impl Registries {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Where it cannot be read, is of another form, or names an endpoint that is no URL.
    pub fn read(path: &Path) -> Result<Self, RegistriesError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| RegistriesError::Read { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, RegistriesError> {
        if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let form = |reason: String| RegistriesError::Form { path: path.into(), reason };
        let all: Self = serde_saphyr::from_str(text).map_err(|e| form(e.to_string()))?;
        for (registry, mirror) in &all.mirrors {
            for endpoint in &mirror.endpoint {
                if Endpoint::parse(endpoint).is_none() {
                    return Err(RegistriesError::Endpoint {
                        path: path.into(),
                        registry: registry.clone(),
                        endpoint: endpoint.clone(),
                    });
                }
            }
        }
        Ok(all)
    }

    /// Where to ask for an image, in order.
    #[must_use]
    pub fn endpoints(&self, reference: &Reference) -> Vec<Endpoint> {
        let mirror = self.mirrors.get(&reference.registry).or_else(|| self.mirrors.get("*"));
        let mut found: Vec<Endpoint> = Vec::new();
        for text in mirror.iter().flat_map(|m| &m.endpoint) {
            if let Some(mut endpoint) = Endpoint::parse(text) {
                endpoint.repository = rewrite(mirror.map(|m| &m.rewrite), &reference.repository);
                endpoint.mirror_of = Some(reference.registry.clone());
                found.push(endpoint);
            }
        }
        let own = Endpoint::of_registry(reference);
        if !found.iter().any(|e| e.host == own.host && e.tls == own.tls) {
            found.push(own);
        }
        found
    }

    /// Credentials of a host.
    #[must_use]
    pub fn credentials(&self, host: &str) -> Option<Credentials> {
        let aliases: &[&str] = if host == "registry-1.docker.io" {
            &["registry-1.docker.io", "docker.io", "index.docker.io"]
        } else {
            &[]
        };
        let names = std::iter::once(host).chain(aliases.iter().copied());
        let auth = names
            .clone()
            .find_map(|n| self.configs.get(n)?.auth.as_ref())
            .or_else(|| names.clone().find_map(|n| self.auths.get(n)))?;
        let mut credentials = Credentials {
            username: auth.username.clone(),
            password: auth.password.clone(),
            identity_token: auth.identity_token.clone(),
            ..Credentials::default()
        };
        if !auth.auth.is_empty() {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.decode(&auth.auth).ok()?;
            let text = String::from_utf8(text).ok()?;
            let (user, password) = text.split_once(':')?;
            (credentials.username, credentials.password) = (user.to_owned(), password.to_owned());
        }
        Some(credentials)
    }

    /// TLS of a host.
    #[must_use]
    pub fn tls(&self, host: &str) -> Option<&Tls> {
        self.configs.get(host).or_else(|| self.configs.get("*"))?.tls.as_ref()
    }
}

fn rewrite(rules: Option<&BTreeMap<String, String>>, repository: &str) -> String {
    for (pattern, replacement) in rules.into_iter().flatten() {
        let plain = pattern.trim_start_matches('^').trim_end_matches('$');
        let (prefix, open) = plain.strip_suffix("(.*)").map_or((plain, false), |p| (p, true));
        if let Some(rest) = repository.strip_prefix(prefix)
            && (open || rest.is_empty() || !pattern.ends_with('$'))
        {
            return if open { replacement.replace("$1", rest) } else { format!("{replacement}{rest}") };
        }
    }
    repository.to_owned()
}

/// A place that speaks the distribution API.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// HTTPS, or plain HTTP.
    pub tls: bool,
    /// Host, with port where it is not the usual one.
    pub host: String,
    /// Path before the repository: `/v2`.
    pub base: String,
    /// The repository there.
    pub repository: String,
    /// The registry that it stands for.
    pub mirror_of: Option<String>,
}

impl Endpoint {
    fn parse(url: &str) -> Option<Self> {
        let (tls, rest) = match url.split_once("://")? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return None,
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let base = if path.is_empty() { "/v2".to_owned() } else { format!("/{path}") };
        (!host.is_empty()).then(|| Self {
            tls,
            host: host.to_owned(),
            base,
            repository: String::new(),
            mirror_of: None,
        })
    }

    /// The registry itself: HTTPS, but plain HTTP on loopback.
    fn of_registry(reference: &Reference) -> Self {
        let host = if reference.registry == "docker.io" { "registry-1.docker.io" } else { &reference.registry };
        let name = host.rsplit_once(':').map_or(host, |(n, _)| n);
        let loopback = name == "localhost" || name.starts_with("127.") || name == "[::1]";
        Self {
            tls: !loopback,
            host: host.to_owned(),
            base: "/v2".to_owned(),
            repository: reference.repository.clone(),
            mirror_of: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
mirrors:
  docker.io:
    endpoint: ["http://127.0.0.1:5001", "https://mirror.example/cache/v2"]
    rewrite: {"^library/(.*)": "dockerhub/$1"}
configs:
  "mirror.example":
    auth: {auth: bWU6c2VjcmV0}
    tls: {insecure_skip_verify: true}
"#;

    #[test]
    fn mirrors_come_first_then_the_registry() {
        let all = Registries::parse(FILE, Path::new("f")).unwrap();
        let found = all.endpoints(&Reference::parse("nginx").unwrap());
        let short: Vec<_> = found.iter().map(|e| format!("{} {}{}/{}", e.tls, e.host, e.base, e.repository)).collect();
        assert_eq!(
            short,
            [
                "false 127.0.0.1:5001/v2/dockerhub/nginx",
                "true mirror.example/cache/v2/dockerhub/nginx",
                "true registry-1.docker.io/v2/library/nginx"
            ]
        );
        let own = Registries::default().endpoints(&Reference::parse("localhost:5000/a").unwrap());
        assert!(own.len() == 1 && !own[0].tls);
        let credentials = all.credentials("mirror.example").unwrap();
        assert_eq!((credentials.username.as_str(), credentials.password.as_str()), ("me", "secret"));
        assert!(all.tls("mirror.example").unwrap().insecure_skip_verify);
        assert!(!format!("{all:?}").contains("secret") && !format!("{all:?}").contains("bWU6"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("mirrors: [", "f is no registries.yaml"),
            ("mirorrs: {}", "mirorrs"),
            ("mirrors: {a: {endpoint: [x]}}", "\"x\""),
        ] {
            let error = Registries::parse(text, Path::new("f")).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(Registries::read(Path::new("/no/such/file")).unwrap_err().to_string().contains("/no/such/file"));
        assert_eq!(Registries::parse("# nothing\n", Path::new("f")).unwrap(), Registries::default());
    }
}
