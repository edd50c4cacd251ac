//! Cells of a Table, as upstream's printers fill them: all columns, also those that only `-o wide` shows.

mod cluster;
mod custom;
mod network;
mod pod;
mod policy;
mod storage;
mod workloads;

use crate::Resource;
use crate::access::text;
use apimachinery::selector::labels::Selector;
use apimachinery::time;
use jiff::Timestamp;
use serde_json::Value;

/// How long ago `at` was, for humans.
#[must_use]
pub fn human(at: Timestamp, now: Timestamp) -> String {
    apimachinery::duration::human(now.duration_since(at))
}

/// What a printer sees.
#[derive(Clone, Copy)]
struct Of<'a> {
    object: &'a Value,
    now: Timestamp,
}

impl<'a> Of<'a> {
    fn name(self) -> Value {
        self.object["metadata"]["name"].clone()
    }

    fn spec(self) -> &'a Value {
        &self.object["spec"]
    }

    fn status(self) -> &'a Value {
        &self.object["status"]
    }

    fn age(self) -> Value {
        self.since(&self.object["metadata"]["creationTimestamp"]).into()
    }

    /// How long ago a time was.
    fn since(self, at: &Value) -> String {
        time::parse(text(at)).map_or_else(|| "<unknown>".into(), |at| human(at, self.now))
    }

    fn is_being_deleted(self) -> bool {
        self.object["metadata"]["deletionTimestamp"].is_string()
    }
}

/// The cells of one object, one per column of its row in the table.
#[must_use]
pub fn row(resource: &Resource, object: &Value, now: Timestamp) -> Vec<Value> {
    if let Some(version) = crate::custom::of(resource) {
        return custom::custom_row(&version.columns, object, now);
    }
    let of = Of { object, now };
    let printer = match &*resource.group {
        "" => cluster::core(&resource.kind)
            .or_else(|| network::find(&resource.kind))
            .or_else(|| workloads::find(&resource.kind))
            .or_else(|| storage::find(&resource.kind)),
        "apps" | "batch" | "autoscaling" | "policy" => workloads::find(&resource.kind),
        "networking.k8s.io" | "discovery.k8s.io" => network::find(&resource.kind),
        "storage.k8s.io" | "resource.k8s.io" | "storagemigration.k8s.io" => storage::find(&resource.kind),
        "events.k8s.io" | "coordination.k8s.io" | "node.k8s.io" | "scheduling.k8s.io" => cluster::core(&resource.kind),
        _ => policy::find(&resource.kind),
    };
    let printer = printer.or_else(|| policy::find(&resource.kind));
    printer.map_or_else(|| plain(of), |print| print(of))
}

/// Name and creation time: what upstream prints for kinds without a printer.
fn plain(of: Of<'_>) -> Vec<Value> {
    vec![of.name(), of.object["metadata"]["creationTimestamp"].clone()]
}

/// A printer.
type Printer = fn(Of<'_>) -> Vec<Value>;

/// `a,b + 2 more...`, or the word for none.
fn some(list: &[String], total: usize, max: usize, none: &str) -> String {
    if list.is_empty() {
        return none.to_owned();
    }
    let shown = list.iter().take(max).cloned().collect::<Vec<_>>().join(",");
    match total.checked_sub(max) {
        Some(more) if more > 0 => format!("{shown} + {more} more..."),
        _ if shown.is_empty() => none.to_owned(),
        _ => shown,
    }
}

/// The text, or a word where it is empty.
fn or<'v>(value: &'v Value, word: &'v str) -> &'v str {
    Some(text(value)).filter(|t| !t.is_empty()).unwrap_or(word)
}

/// `a=b,c=d`, or `<none>`.
fn labels(map: &Value) -> String {
    let pairs: Vec<String> = crate::access::entries(map).map(|(k, v)| format!("{k}={}", text(v))).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

/// A label selector as text; `none` where it selects by nothing, `broken` where it cannot be understood.
fn selector(value: &Value, none: &str, broken: &str) -> String {
    match Selector::from_label_selector(value).map(|s| s.to_string()) {
        Ok(text) if text.is_empty() => none.to_owned(),
        Ok(text) => text,
        Err(_) => broken.to_owned(),
    }
}

/// Names and images of containers.
fn containers(template: &Value) -> [Value; 2] {
    let list = crate::access::items(&template["spec"]["containers"]);
    let join = |field: &str| list.iter().map(|c| text(&c[field])).collect::<Vec<_>>().join(",");
    [join("name").into(), join("image").into()]
}

#[cfg(test)]
mod tests;
