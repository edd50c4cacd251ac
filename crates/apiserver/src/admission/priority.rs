//! Priority: a pod's class becomes a number.

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use serde_json::Value;

use super::{Derived, creates, is, parsed, refuse, updates};
use crate::{
    contract::{Admission, Attributes, Job, Reader},
    strategies::json::{map, number, text},
};

const GROUP: &str = "scheduling.k8s.io";

/// The plugin.
pub struct Priority {
    reader: Arc<dyn Reader>,
    default: Derived<Option<Value>>,
}

impl Priority {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader, default: Derived::from(GROUP, "priorityclasses") }
    }

    /// The class for pods that name none: of several the one with the lowest value.
    fn default_class(&self) -> Option<Value> {
        self.default.get(&*self.reader, |classes| {
            classes.into_iter().filter(|c| c["globalDefault"] == true).min_by_key(|c| number(c, "/value"))
        })
    }

    fn pod(&self, attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
        if let (true, Some(old)) = (updates(attributes), attributes.old) {
            // A class does not change any more; what an update leaves out, stays.
            if meta::at(pod, "/spec/priority").is_none_or(Value::is_null)
                && let Some(priority) = meta::at(old, "/spec/priority")
            {
                map(pod, "spec").insert("priority".into(), priority.clone());
            }
            if meta::at(pod, "/spec/preemptionPolicy").is_none_or(Value::is_null)
                && let Some(policy) = meta::at(old, "/spec/preemptionPolicy")
            {
                map(pod, "spec").insert("preemptionPolicy".into(), policy.clone());
            }
            return Ok(());
        }
        let name = text(pod, "/spec/priorityClassName").to_owned();
        let class = if name.is_empty() {
            let class = self.default_class();
            if let Some(class) = &class {
                map(pod, "spec").insert("priorityClassName".into(), meta::name(class).into());
            }
            class
        } else {
            let class = parsed(&*self.reader, GROUP, "priorityclasses", "", &name);
            Some(
                class
                    .ok_or_else(|| refuse(attributes, pod, &format!("no PriorityClass with name {name} was found")))?,
            )
        };
        let value = class.as_ref().map_or(0, |c| number(c, "/value"));
        let policy = class
            .as_ref()
            .map(|c| text(c, "/preemptionPolicy"))
            .filter(|p| !p.is_empty())
            .unwrap_or("PreemptLowerPriority");
        if let Some(given) = meta::at(pod, "/spec/priority").and_then(Value::as_i64)
            && given != value
        {
            let message = format!(
                "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
            );
            return Err(refuse(attributes, pod, &message));
        }
        let given = text(pod, "/spec/preemptionPolicy");
        if !given.is_empty() && given != policy {
            let message = format!(
                "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
            );
            return Err(refuse(attributes, pod, &message));
        }
        let spec = map(pod, "spec");
        spec.insert("priority".into(), value.into());
        spec.insert("preemptionPolicy".into(), policy.into());
        Ok(())
    }

    fn class(&self, attributes: &Attributes<'_>, class: &Value) -> Result<(), Status> {
        if class["globalDefault"] != true {
            return Ok(());
        }
        match self.default_class() {
            Some(other) if meta::name(&other) != meta::name(class) => {
                let message = format!(
                    "PriorityClass {} is already marked as default. Only one default can exist",
                    meta::name(&other)
                );
                Err(refuse(attributes, class, &message))
            }
            _ => Ok(()),
        }
    }
}

impl Admission for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let applies = is(attributes, "", "pods") && (creates(attributes) || updates(attributes));
        let answer = if applies { self.pod(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let applies = is(attributes, GROUP, "priorityclasses") && (creates(attributes) || updates(attributes));
        let answer = if applies { self.class(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }
}
