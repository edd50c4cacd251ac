//! Plugins that fill in one thing each.

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use serde_json::{Value, json};

use super::{all, creates, is, refuse, updates};
use crate::{
    contract::{Admission, Attributes, Job, Reader},
    strategies::json::{list, map, text},
};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Pods bear a node that is lost for five minutes.
pub struct DefaultTolerationSeconds;

fn push(object: &mut Value, key: &str, item: Value) {
    let items = map(object, "spec").entry(key).or_insert_with(|| json!([]));
    if !items.is_array() {
        *items = json!([]);
    }
    if let Some(items) = items.as_array_mut() {
        items.push(item);
    }
}

impl Admission for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        if is(attributes, "", "pods") && (creates(attributes) || updates(attributes)) {
            for taint in [NOT_READY, UNREACHABLE] {
                let tolerated = list(object, "/spec/tolerations").iter().any(|t| {
                    matches!(text(t, "/key"), key if key == taint || key.is_empty())
                        && matches!(text(t, "/effect"), "NoExecute" | "")
                });
                if !tolerated {
                    push(
                        object,
                        "tolerations",
                        json!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
                    );
                }
            }
        }
        Box::pin(async { Ok(()) })
    }
}

/// A new node gets no pods before it is ready.
pub struct TaintNodesByCondition;

impl Admission for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        if creates(attributes)
            && is(attributes, "", "nodes")
            && !list(object, "/spec/taints")
                .iter()
                .any(|t| text(t, "/key") == NOT_READY && text(t, "/effect") == "NoSchedule")
        {
            push(object, "taints", json!({"key": NOT_READY, "effect": "NoSchedule"}));
        }
        Box::pin(async { Ok(()) })
    }
}

/// The objects of a kind that an annotation marks as default, the newest first.
fn marked(reader: &dyn Reader, group: &str, resource: &str, annotations: &[&str]) -> Vec<Value> {
    let mut found: Vec<Value> = all(reader, group, resource, "")
        .into_iter()
        .filter(|o| annotations.iter().any(|a| meta::annotation(o, a) == Some("true")))
        .collect();
    found.sort_by(|a, b| {
        text(b, "/metadata/creationTimestamp")
            .cmp(text(a, "/metadata/creationTimestamp"))
            .then_with(|| meta::name(a).cmp(meta::name(b)))
    });
    found
}

/// Claims without a storage class get the default one.
pub struct DefaultStorageClass {
    reader: Arc<dyn Reader>,
}

impl DefaultStorageClass {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }
}

impl Admission for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        if creates(attributes)
            && is(attributes, "", "persistentvolumeclaims")
            && object.pointer("/spec/storageClassName").is_none_or(Value::is_null)
            && meta::annotation(object, "volume.beta.kubernetes.io/storage-class").is_none()
        {
            let classes = marked(
                &*self.reader,
                "storage.k8s.io",
                "storageclasses",
                &["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"],
            );
            if let Some(class) = classes.first() {
                map(object, "spec").insert("storageClassName".into(), meta::name(class).into());
            }
        }
        Box::pin(async { Ok(()) })
    }
}

/// Ingresses without a class get the default one.
pub struct DefaultIngressClass {
    reader: Arc<dyn Reader>,
}

impl DefaultIngressClass {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn admit(&self, attributes: &Attributes<'_>, ingress: &mut Value) -> Result<(), Status> {
        if !creates(attributes) || !is(attributes, "networking.k8s.io", "ingresses") {
            return Ok(());
        }
        if !text(ingress, "/spec/ingressClassName").is_empty()
            || meta::annotation(ingress, "kubernetes.io/ingress.class").is_some()
        {
            return Ok(());
        }
        let classes = marked(
            &*self.reader,
            "networking.k8s.io",
            "ingressclasses",
            &["ingressclass.kubernetes.io/is-default-class"],
        );
        if let Some(class) = classes.first() {
            map(ingress, "spec").insert("ingressClassName".into(), meta::name(class).into());
        }
        Ok(())
    }
}

impl Admission for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let answer = self.admit(attributes, object);
        Box::pin(async { answer })
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let class = text(object, "/spec/ingressClassName");
        let both = creates(attributes)
            && is(attributes, "networking.k8s.io", "ingresses")
            && !class.is_empty()
            && meta::annotation(object, "kubernetes.io/ingress.class").is_some_and(|c| c != class);
        let answer = if both {
            Err(refuse(
                attributes,
                object,
                "can not set both the ingressClassName field and the kubernetes.io/ingress.class annotation to different values",
            ))
        } else {
            Ok(())
        };
        Box::pin(async { answer })
    }
}
