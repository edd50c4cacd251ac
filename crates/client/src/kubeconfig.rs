//! Kubeconfig files: read what a client needs, and merge a context without losing anything else.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Why a kubeconfig cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KubeconfigError {
    /// Not YAML.
    #[error("the kubeconfig is not valid YAML: {0}")]
    Yaml(String),
    /// Not what a kubeconfig looks like.
    #[error("the kubeconfig's {0} is not {1}")]
    Shape(&'static str, &'static str),
    /// Something that it names is not in it.
    #[error("the kubeconfig has no {kind} named {name:?}")]
    Missing {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Data that is no base64.
    #[error("the kubeconfig's {0} is not base64")]
    Base64(&'static str),
    /// It cannot be written as YAML.
    #[error("cannot write the kubeconfig: {0}")]
    Write(String),
}

/// An entry to merge: the same name for cluster, user and context.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name of cluster, user and context.
    pub name: String,
    /// `https://host:port`.
    pub server: String,
    /// PEM of the authority.
    pub ca: Vec<u8>,
    /// How the user proves itself.
    pub credentials: Credentials,
}

/// How a user proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A client certificate: chain and key as PEM.
    Certificate {
        /// The chain.
        certificate: Vec<u8>,
        /// The key.
        key: Vec<u8>,
    },
    /// A bearer token.
    Token(String),
    /// Nobody.
    None,
}

/// Where a context leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `https://host:port`.
    pub server: String,
    /// PEM of the authority; empty: the system's.
    pub ca: Vec<u8>,
    /// Name that the server's certificate must have, when not the host's.
    pub tls_server_name: Option<String>,
    /// Namespace of the context.
    pub namespace: Option<String>,
    /// How to prove oneself.
    pub credentials: Credentials,
    /// Paths that the file names instead of data: the caller reads them (`certificate-authority`, `client-certificate`,
    /// `client-key`, `tokenFile`).
    pub files: Vec<(&'static str, String)>,
}

fn parse(text: &str) -> Result<Map<String, Value>, KubeconfigError> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_saphyr::from_str::<Value>(text).map_err(|e| KubeconfigError::Yaml(e.to_string()))? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(KubeconfigError::Shape("document", "a mapping")),
    }
}

fn list<'a>(config: &'a mut Map<String, Value>, key: &'static str) -> Result<&'a mut Vec<Value>, KubeconfigError> {
    let entry = config.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if entry.is_null() {
        *entry = Value::Array(Vec::new());
    }
    entry.as_array_mut().ok_or(KubeconfigError::Shape(key, "a list"))
}

fn put(
    config: &mut Map<String, Value>,
    lists: &'static str,
    inner: &str,
    name: &str,
    value: Value,
) -> Result<(), KubeconfigError> {
    let entries = list(config, lists)?;
    let entry = json!({ "name": name, inner: value });
    match entries.iter_mut().find(|e| e["name"] == name) {
        Some(old) => *old = entry,
        None => entries.push(entry),
    }
    Ok(())
}

/// The text of a kubeconfig with `entry` added or replaced, and everything else as it was; the entry becomes current.
pub fn merge(text: &str, entry: &Entry) -> Result<String, KubeconfigError> {
    let mut config = parse(text)?;
    config.insert("apiVersion".to_owned(), json!("v1"));
    config.insert("kind".to_owned(), json!("Config"));
    let mut cluster = json!({ "server": entry.server });
    if !entry.ca.is_empty() {
        cluster["certificate-authority-data"] = json!(STANDARD.encode(&entry.ca));
    }
    let user = match &entry.credentials {
        Credentials::Certificate { certificate, key } => json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        }),
        Credentials::Token(token) => json!({ "token": token }),
        Credentials::None => json!({}),
    };
    put(&mut config, "clusters", "cluster", &entry.name, cluster)?;
    put(&mut config, "users", "user", &entry.name, user)?;
    // A namespace that somebody chose for the context stays.
    let mut context = json!({ "cluster": entry.name, "user": entry.name });
    let known = list(&mut config, "contexts")?.iter().find(|c| c["name"] == entry.name.as_str());
    if let Some(namespace) = known.and_then(|c| c["context"]["namespace"].as_str()) {
        context["namespace"] = json!(namespace);
    }
    put(&mut config, "contexts", "context", &entry.name, context)?;
    config.insert("current-context".to_owned(), json!(entry.name));
    write(&config)
}

/// The text of a kubeconfig without cluster, user and context `name`; `None` when it had nothing of that name.
pub fn remove(text: &str, name: &str) -> Result<Option<String>, KubeconfigError> {
    let mut config = parse(text)?;
    let mut changed = false;
    for key in ["clusters", "users", "contexts"] {
        if !config.contains_key(key) {
            continue;
        }
        let entries = list(&mut config, key)?;
        let before = entries.len();
        entries.retain(|e| e["name"] != name);
        changed |= entries.len() != before;
    }
    if config.get("current-context").is_some_and(|c| c == name) {
        config.insert("current-context".to_owned(), json!(""));
        changed = true;
    }
    if changed { write(&config).map(Some) } else { Ok(None) }
}

fn write(config: &Map<String, Value>) -> Result<String, KubeconfigError> {
    serde_saphyr::to_string(config).map_err(|e| KubeconfigError::Write(e.to_string()))
}

fn named<'a>(
    config: &'a Map<String, Value>,
    lists: &str,
    kind: &'static str,
    name: &str,
) -> Result<&'a Value, KubeconfigError> {
    config
        .get(lists)
        .and_then(Value::as_array)
        .and_then(|entries| entries.iter().find(|e| e["name"] == name))
        .map(|entry| &entry[kind])
        .ok_or_else(|| KubeconfigError::Missing { kind, name: name.to_owned() })
}

fn data(value: &Value, key: &'static str) -> Result<Vec<u8>, KubeconfigError> {
    let text = value[key].as_str().unwrap_or_default();
    STANDARD.decode(text).map_err(|_| KubeconfigError::Base64(key))
}

/// Where a context (the current one when `None`) leads to.
pub fn target(text: &str, context: Option<&str>) -> Result<Target, KubeconfigError> {
    let config = parse(text)?;
    let current = config.get("current-context").and_then(Value::as_str).unwrap_or_default();
    let context = named(&config, "contexts", "context", context.unwrap_or(current))?;
    let cluster = named(&config, "clusters", "cluster", context["cluster"].as_str().unwrap_or_default())?;
    let user = named(&config, "users", "user", context["user"].as_str().unwrap_or_default())?;
    let certificate = data(user, "client-certificate-data")?;
    let credentials = if !certificate.is_empty() {
        Credentials::Certificate { certificate, key: data(user, "client-key-data")? }
    } else if let Some(token) = user["token"].as_str() {
        Credentials::Token(token.to_owned())
    } else {
        Credentials::None
    };
    let mut files = Vec::new();
    for (from, key) in
        [(cluster, "certificate-authority"), (user, "client-certificate"), (user, "client-key"), (user, "tokenFile")]
    {
        if let Some(path) = from[key].as_str() {
            files.push((key, path.to_owned()));
        }
    }
    Ok(Target {
        server: cluster["server"].as_str().unwrap_or_default().to_owned(),
        ca: data(cluster, "certificate-authority-data")?,
        tls_server_name: cluster["tls-server-name"].as_str().map(str::to_owned),
        namespace: context["namespace"].as_str().map(str::to_owned),
        credentials,
        files,
    })
}
