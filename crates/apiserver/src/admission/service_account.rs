//! ServiceAccount: every pod runs as one, and gets its token as a volume.

use std::{sync::Arc, time::Duration};

use apimachinery::{meta, status::Status};
use serde_json::{Value, json};

use super::{Known, MIRROR, creates, is, refuse};
use crate::{
    config::Random,
    contract::{Admission, Attributes, Job, Reader},
    registry::prepare::generated_name,
    strategies::json::{is_empty, list, map, text},
};

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME: &str = "kube-api-access-";

/// The default account of a new namespace is made by a controller: a pod that comes with the namespace waits for it as
/// long as upstream does.
const PATIENCE: Duration = Duration::from_secs(1);

/// The plugin.
pub struct ServiceAccount {
    reader: Arc<dyn Reader>,
    known: Known<Account>,
    random: Random,
}

/// The volume with token, root certificate and namespace.
fn volume(name: &str) -> Value {
    json!({"name": name, "projected": {"defaultMode": 0o644, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}})
}

/// What counts of an account here.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Account {
    automount_service_account_token: Option<bool>,
    image_pull_secrets: Option<Vec<Value>>,
}

fn automounts(account: &Account, pod: &Value) -> bool {
    let said = meta::at(pod, "/spec/automountServiceAccountToken").and_then(Value::as_bool);
    said.or(account.automount_service_account_token).unwrap_or(true)
}

fn mount(pod: &mut Value, random: &Random) {
    let existing =
        list(pod, "/spec/volumes").iter().map(|v| text(v, "/name")).find(|n| n.starts_with(VOLUME)).map(str::to_owned);
    let name = existing.clone().unwrap_or_else(|| generated_name(random, VOLUME));
    let mut needed = false;
    for key in ["initContainers", "containers"] {
        let Some(Value::Array(containers)) = pod.get_mut("spec").and_then(|s| s.get_mut(key)) else { continue };
        for container in containers.iter_mut().filter(|c| c.is_object()) {
            if list(container, "/volumeMounts").iter().any(|m| text(m, "/mountPath") == MOUNT_PATH) {
                continue;
            }
            needed = true;
            let mounts = meta::ensure_map(container).entry("volumeMounts").or_insert_with(|| json!([]));
            if !mounts.is_array() {
                *mounts = json!([]);
            }
            if let Some(mounts) = mounts.as_array_mut() {
                mounts.push(json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH}));
            }
        }
    }
    if existing.is_none() && needed {
        let volumes = map(pod, "spec").entry("volumes").or_insert_with(|| json!([]));
        if !volumes.is_array() {
            *volumes = json!([]);
        }
        if let Some(volumes) = volumes.as_array_mut() {
            volumes.push(volume(&name));
        }
    }
}

impl ServiceAccount {
    pub fn new(reader: Arc<dyn Reader>, random: Random) -> Self {
        Self { reader, known: Known::from("", "serviceaccounts"), random }
    }

    async fn account(&self, namespace: &str, name: &str) -> Option<Arc<Account>> {
        let find = || self.known.get(&*self.reader, namespace, name);
        if name != "default" {
            return find();
        }
        let appears = async {
            loop {
                let generation = self.reader.generation("", "serviceaccounts");
                if let Some(account) = find() {
                    return account;
                }
                self.reader.changed("", "serviceaccounts", generation).await;
            }
        };
        tokio::time::timeout(PATIENCE, appears).await.ok()
    }

    async fn admit(&self, attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
        if meta::annotation(pod, MIRROR).is_some() {
            return if text(pod, "/spec/serviceAccountName").is_empty() {
                Ok(())
            } else {
                Err(refuse(attributes, pod, "a mirror pod may not reference service accounts"))
            };
        }
        let mut name = text(pod, "/spec/serviceAccountName").to_owned();
        if name.is_empty() {
            name = "default".to_owned();
            let spec = map(pod, "spec");
            spec.insert("serviceAccountName".into(), name.as_str().into());
            spec.insert("serviceAccount".into(), name.as_str().into());
        }
        let namespace = &attributes.info.namespace;
        let Some(account) = self.account(namespace, &name).await else {
            let message =
                format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
            return Err(refuse(attributes, pod, &message));
        };
        if automounts(&account, pod) {
            mount(pod, &self.random);
        }
        let secrets = account.image_pull_secrets.as_deref().unwrap_or_default();
        if is_empty(meta::at(pod, "/spec/imagePullSecrets")) && !secrets.is_empty() {
            map(pod, "spec").insert("imagePullSecrets".into(), secrets.into());
        }
        Ok(())
    }
}

impl Admission for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        Box::pin(async move {
            if creates(attributes) && is(attributes, "", "pods") {
                self.admit(attributes, object).await?;
            }
            Ok(())
        })
    }
}
