//! RuntimeClass: overhead and scheduling rules of a pod's runtime.

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use serde_json::Value;

use super::{creates, is, parsed, refuse};
use crate::{
    contract::{Admission, Attributes, Job, Reader},
    strategies::json::{is_empty, list, map, text},
};

/// The plugin.
pub struct RuntimeClass {
    reader: Arc<dyn Reader>,
}

impl RuntimeClass {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn class(&self, attributes: &Attributes<'_>, pod: &Value) -> Result<Option<Value>, Status> {
        let name = text(pod, "/spec/runtimeClassName");
        if name.is_empty() {
            return Ok(None);
        }
        let class = parsed(&*self.reader, "node.k8s.io", "runtimeclasses", "", name);
        class
            .map(Some)
            .ok_or_else(|| refuse(attributes, pod, &format!("pod rejected: RuntimeClass {name:?} not found")))
    }

    fn admit(&self, attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
        let Some(class) = self.class(attributes, pod)? else { return Ok(()) };
        let overhead = meta::at(&class, "/overhead/podFixed").filter(|o| !is_empty(Some(o)));
        let own = meta::at(pod, "/spec/overhead").filter(|o| !is_empty(Some(o)));
        match (overhead, own) {
            (Some(overhead), Some(own)) if overhead != own => {
                return Err(refuse(
                    attributes,
                    pod,
                    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
                ));
            }
            (Some(overhead), None) => drop(map(pod, "spec").insert("overhead".into(), overhead.clone())),
            _ => {}
        }
        for (key, value) in
            meta::at(&class, "/scheduling/nodeSelector").and_then(Value::as_object).into_iter().flatten()
        {
            let own = pod["spec"]["nodeSelector"].get(key).cloned();
            if let Some(own) = own.filter(|own| own != value) {
                let shown = |v: &Value| v.as_str().unwrap_or_default().to_owned();
                let message = format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; pod.spec.nodeSelector[{key}] = {}",
                    shown(value),
                    shown(&own)
                );
                return Err(refuse(attributes, pod, &message));
            }
            let selector = map(pod, "spec").entry("nodeSelector").or_insert(Value::Null);
            meta::ensure_map(selector).insert(key.clone(), value.clone());
        }
        let mut tolerations = list(pod, "/spec/tolerations").to_vec();
        let new: Vec<Value> =
            list(&class, "/scheduling/tolerations").iter().filter(|t| !tolerations.contains(t)).cloned().collect();
        if !new.is_empty() {
            tolerations.extend(new);
            map(pod, "spec").insert("tolerations".into(), tolerations.into());
        }
        Ok(())
    }
}

impl Admission for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let answer =
            if creates(attributes) && is(attributes, "", "pods") { self.admit(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let without = creates(attributes)
            && is(attributes, "", "pods")
            && text(object, "/spec/runtimeClassName").is_empty()
            && !is_empty(meta::at(object, "/spec/overhead"));
        let answer = if without {
            Err(refuse(
                attributes,
                object,
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            ))
        } else {
            Ok(())
        };
        Box::pin(async { answer })
    }
}
