//! Schemas of custom resources as they are published.

use api::{Resource, custom::Version};
use serde_json::{Map, Value, json};

use super::schema::{Flavor, OBJECT_META, Writer};

const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const ABOUT_METADATA: &str = "Standard object's metadata: names, labels, owners.";
const ABOUT_VERSION: &str = "APIVersion defines the group and version in whose form the object is written.";
const ABOUT_KIND: &str = "Kind is the type of the object, in CamelCase.";

/// The name of a definition: `com.example.v1.Foo`.
pub fn name(row: &Resource, kind: &str) -> String {
    let reversed: Vec<&str> = row.group.split('.').rev().collect();
    format!("{}.{}.{kind}", reversed.join("."), row.version)
}

/// The definitions of a row's objects and of their list.
pub fn schemas(row: &Resource, version: &Version, flavor: Flavor, writer: &mut Writer<'_>) -> [(String, Value); 2] {
    let make = Make { flavor, object_meta: writer.named(OBJECT_META) };
    let kinds = |kind: &str| json!([{"group": row.group, "kind": kind, "version": row.version}]);
    let mut own = make.root(&version.source);
    own["x-kubernetes-group-version-kind"] = kinds(&row.kind);
    let fields: Vec<Value> =
        row.selectable_fields.iter().filter(|f| !f.starts_with("metadata.")).map(|f| json!({"fieldPath": f})).collect();
    let mut list = json!({
        "type": "object",
        "description": format!("{} is a list of {}", row.list_kind, row.kind),
        "required": ["items"],
        "properties": {
            "apiVersion": make.text(ABOUT_VERSION), "kind": make.text(ABOUT_KIND),
            "items": {"type": "array", "description": format!("List of {}.", row.plural), "items": writer.link(&name(row, &row.kind))},
            "metadata": make.reference(writer.named(LIST_META), "Standard list metadata."),
        },
    });
    list["x-kubernetes-group-version-kind"] = kinds(&row.list_kind);
    if !fields.is_empty() {
        own["x-kubernetes-selectable-fields"] = fields.clone().into();
        list["x-kubernetes-selectable-fields"] = fields.into();
    }
    [(name(row, &row.kind), own), (name(row, &row.list_kind), list)]
}

struct Make {
    flavor: Flavor,
    object_meta: Value,
}

fn is_on(schema: &Value, flag: &str) -> bool {
    schema[flag] == true
}

impl Make {
    fn text(&self, about: &str) -> Value {
        json!({"type": "string", "description": about})
    }

    /// A reference with words: in version 3 nothing may stand beside a reference.
    fn reference(&self, link: Value, about: &str) -> Value {
        match self.flavor {
            Flavor::V2 => {
                let mut link = link;
                link["description"] = about.into();
                link
            }
            Flavor::V3 => json!({"allOf": [link], "description": about}),
        }
    }

    fn root(&self, source: &Value) -> Value {
        let open = is_on(source, "x-kubernetes-preserve-unknown-fields") && self.flavor == Flavor::V2;
        if source.is_null() || open {
            // kubectl would refuse every other field if some were named.
            return json!({"type": "object"});
        }
        let mut schema = self.schema(source);
        self.resource(&mut schema);
        schema
    }

    /// The fields that every object has.
    fn resource(&self, schema: &mut Value) {
        let properties = &mut schema["properties"];
        if !properties.is_object() {
            *properties = json!({});
        }
        properties["apiVersion"] = self.text(ABOUT_VERSION);
        properties["kind"] = self.text(ABOUT_KIND);
        properties["metadata"] = self.reference(self.object_meta.clone(), ABOUT_METADATA);
    }

    fn schema(&self, source: &Value) -> Value {
        let Some(map) = source.as_object() else { return source.clone() };
        let mut out = map.clone();
        for key in ["items", "additionalProperties"] {
            if let Some(below) = map.get(key) {
                out.insert(key.into(), self.schema(below));
            }
        }
        if let Some(Value::Object(fields)) = map.get("properties") {
            let made: Map<String, Value> = fields.iter().map(|(k, v)| (k.clone(), self.schema(v))).collect();
            out.insert("properties".into(), made.into());
        }
        if is_on(source, "x-kubernetes-int-or-string") {
            either(&mut out);
        }
        if self.flavor == Flavor::V2 {
            for_old_clients(&mut out, source);
        }
        let mut out = Value::Object(out);
        let open = is_on(source, "x-kubernetes-preserve-unknown-fields") && self.flavor == Flavor::V2;
        if is_on(source, "x-kubernetes-embedded-resource") && !open {
            self.resource(&mut out);
            let mut required: Vec<Value> = source["required"].as_array().cloned().unwrap_or_default();
            for name in ["kind", "apiVersion"] {
                if !required.iter().any(|r| r == name) {
                    required.push(name.into());
                }
            }
            out["required"] = required.into();
        }
        out
    }
}

/// A value that is a number or a text says so by alternatives.
fn either(out: &mut Map<String, Value>) {
    let alternatives = json!([{"type": "integer"}, {"type": "string"}]);
    let known = out.get("anyOf") == Some(&alternatives)
        || out.get("allOf").and_then(|all| all.get(0)).is_some_and(|first| first["anyOf"] == alternatives);
    if known {
        return;
    }
    match out.get_mut("anyOf") {
        None => drop(out.insert("anyOf".into(), alternatives)),
        Some(_) => {
            let mut all = vec![json!({"anyOf": alternatives})];
            all.extend(out.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default());
            out.insert("allOf".into(), all.into());
        }
    }
}

/// Version 2 has no alternatives and no null, and kubectl takes fields beside open ones for all that there are.
fn for_old_clients(out: &mut Map<String, Value>, source: &Value) {
    for key in ["allOf", "anyOf", "oneOf", "not"] {
        out.remove(key);
    }
    let nullable = is_on(source, "nullable");
    let open = is_on(source, "x-kubernetes-preserve-unknown-fields");
    if nullable {
        out.remove("type");
        out.remove("nullable");
    }
    if nullable || open {
        out.remove("items");
        out.remove("properties");
    }
    let kind = out.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind == "array" && !out.contains_key("items") || open && kind == "object" {
        out.remove("type");
    }
    let Some(Value::Array(required)) = out.get_mut("required") else { return };
    if is_on(&source["additionalProperties"], "nullable") {
        required.clear();
    }
    required.retain(|name| !is_on(&source["properties"][name.as_str().unwrap_or_default()], "nullable"));
    if required.is_empty() {
        out.remove("required");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_old_clients_cannot_read_is_left_out() {
        let make = |flavor| Make { flavor, object_meta: json!({"$ref": "#/x"}) };
        let source = json!({"type": "object", "properties": {
            "n": {"type": "object", "nullable": true, "properties": {"a": {"type": "string"}}},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "port": {"x-kubernetes-int-or-string": true},
            "pod": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"x": {"type": "string"}}}},
            "required": ["n", "open"], "oneOf": [{"required": ["n"]}]});
        let two = make(Flavor::V2).root(&source);
        assert_eq!(two["properties"]["n"], json!({}));
        assert_eq!(two["properties"]["open"], json!({"x-kubernetes-preserve-unknown-fields": true}));
        assert_eq!(two["properties"]["port"], json!({"x-kubernetes-int-or-string": true}));
        assert_eq!((&two["required"], two.get("oneOf")), (&json!(["open"]), None));
        let three = make(Flavor::V3).root(&source);
        assert_eq!(three["properties"]["port"]["anyOf"], json!([{"type": "integer"}, {"type": "string"}]));
        assert_eq!(three["properties"]["pod"]["required"], json!(["kind", "apiVersion"]));
        assert_eq!(three["properties"]["pod"]["properties"]["metadata"]["allOf"], json!([{"$ref": "#/x"}]));
        assert_eq!(three["properties"]["metadata"]["description"], ABOUT_METADATA);
        let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "string"}}});
        assert_eq!(make(Flavor::V2).root(&open), json!({"type": "object"}));
    }
}
