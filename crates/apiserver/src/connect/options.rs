//! The options of a connection as an object (`PodExecOptions` …), for admission.

use serde_json::{Map, Value};

use crate::{registry::Call, request::Query};

/// The options of a call.
#[must_use]
pub fn options(call: &Call, query: &Query) -> Value {
    let sub = call.info.subresource.as_str();
    let kind = call.row.subresource(sub).map(|s| s.kind.to_string()).unwrap_or_default();
    let mut object = Map::new();
    object.insert("kind".into(), kind.into());
    object.insert("apiVersion".into(), "v1".into());
    match sub {
        "exec" | "attach" => {
            let shown = |key: &str| query.boolean(key).unwrap_or(sub == "attach");
            for (key, on) in [
                ("stdin", query.flag("stdin")),
                ("stdout", shown("stdout")),
                ("stderr", shown("stderr")),
                ("tty", query.flag("tty")),
            ] {
                if on {
                    object.insert(key.into(), true.into());
                }
            }
            if let Some(container) = query.get("container").filter(|c| !c.is_empty()) {
                object.insert("container".into(), container.into());
            }
            let command: Vec<&str> = query.all("command").collect();
            if sub == "exec" && !command.is_empty() {
                object.insert("command".into(), command.into());
            }
        }
        "portforward" => {
            let ports: Vec<i64> =
                query.all("ports").flat_map(|p| p.split(',')).filter_map(|p| p.parse().ok()).collect();
            if !ports.is_empty() {
                object.insert("ports".into(), ports.into());
            }
        }
        _ => {
            if !call.info.rest.is_empty() {
                object.insert("path".into(), call.info.rest.as_str().into());
            }
        }
    }
    Value::Object(object)
}
