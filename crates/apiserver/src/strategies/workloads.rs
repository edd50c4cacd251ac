//! Jobs, daemon sets, secrets, events: small differences.

use apimachinery::meta;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::json::{map, text};
use crate::contract::{Context, Strategy};

/// Jobs: a selector of their own, from the uid.
pub struct Jobs;

impl Strategy for Jobs {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        if object.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
            return;
        }
        let (name, uid) = (meta::name(object).to_owned(), meta::uid(object).to_owned());
        let spec = map(object, "spec");
        let template = spec.entry("template").or_insert_with(|| Value::Object(Default::default()));
        let labels = meta::ensure_map(map(template, "metadata").entry("labels").or_insert(Value::Null));
        for (key, value) in [
            ("job-name", &name),
            ("batch.kubernetes.io/job-name", &name),
            ("controller-uid", &uid),
            ("batch.kubernetes.io/controller-uid", &uid),
        ] {
            labels.entry(key).or_insert_with(|| value.as_str().into());
        }
        let selector = spec.entry("selector").or_insert(Value::Null);
        let wanted = meta::ensure_map(meta::ensure_map(selector).entry("matchLabels").or_insert(Value::Null));
        wanted.entry("batch.kubernetes.io/controller-uid").or_insert_with(|| uid.into());
    }
}

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Daemon sets: they count changes of the template in an annotation.
pub struct DaemonSets;

impl Strategy for DaemonSets {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        meta::set_annotation(object, TEMPLATE_GENERATION, "1");
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        if !context.subresource.is_empty() {
            return;
        }
        let before: i64 = meta::annotation(old, TEMPLATE_GENERATION).and_then(|t| t.parse().ok()).unwrap_or_default();
        let changed = object.pointer("/spec/template") != old.pointer("/spec/template");
        meta::set_annotation(object, TEMPLATE_GENERATION, (before + i64::from(changed)).to_string());
    }
}

/// Secrets: text becomes data.
pub struct Secrets;

fn text_to_data(object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    let Some(Value::Object(texts)) = fields.remove("stringData") else { return };
    if texts.is_empty() {
        return;
    }
    let data = map(object, "data");
    for (key, value) in texts {
        data.insert(key, STANDARD.encode(value.as_str().unwrap_or_default()).into());
    }
}

impl Strategy for Secrets {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        text_to_data(object);
    }

    fn prepare_update(&self, _context: &Context<'_>, object: &mut Value, old: &Value) {
        text_to_data(object);
        // The type of the first day is kept where an update leaves it out.
        if text(object, "/type").is_empty()
            && let (Some(fields), Some(kind)) = (object.as_object_mut(), old.get("type"))
        {
            fields.insert("type".into(), kind.clone());
        }
    }
}

/// Seconds that an event lives.
const EVENT_TTL: u64 = 3600;

/// Events: they go by themselves.
pub struct Events;

impl Strategy for Events {
    fn ttl_seconds(&self, _object: &Value) -> Option<u64> {
        Some(EVENT_TTL)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::User;

    fn created(strategy: &dyn Strategy, resource: &'static api::Resource, mut object: Value) -> Value {
        let user = User::default();
        strategy.prepare_create(
            &Context { resource, subresource: "", user: &user, now: jiff::Timestamp::UNIX_EPOCH, dry_run: false },
            &mut object,
        );
        object
    }

    #[test]
    fn a_job_selects_its_own_pods() {
        let row = api::find("batch", "v1", "jobs").expect("the row");
        let made =
            created(&Jobs, row, json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {"spec": {}}}}));
        assert_eq!(made["spec"]["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}));
        assert_eq!(
            made["spec"]["template"]["metadata"]["labels"],
            json!({"job-name": "j", "batch.kubernetes.io/job-name": "j", "controller-uid": "u", "batch.kubernetes.io/controller-uid": "u"})
        );
        let manual = json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}, "template": {}}});
        assert_eq!(created(&Jobs, row, manual.clone()), manual);
    }

    #[test]
    fn text_of_a_secret_becomes_data() {
        let row = api::find("", "v1", "secrets").expect("the row");
        let made =
            created(&Secrets, row, json!({"metadata": {"name": "s"}, "data": {"a": "MQ=="}, "stringData": {"b": "2"}}));
        assert_eq!(made, json!({"metadata": {"name": "s"}, "data": {"a": "MQ==", "b": "Mg=="}}));
    }
}
