//! The operations of OpenAPI documents, from rows of the resource table.

use api::{Resource, Subresource};
use serde_json::{Map, Value, json};

use super::{
    custom,
    schema::{Flavor, Writer},
};

/// A query parameter: name and type.
type Parameter = (&'static str, &'static str);

const LIST: [Parameter; 11] = [
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("pretty", "string"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
];
const WRITE: [Parameter; 4] =
    [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("pretty", "string")];
const PATCH: [Parameter; 5] = [
    ("dryRun", "string"),
    ("fieldManager", "string"),
    ("fieldValidation", "string"),
    ("force", "boolean"),
    ("pretty", "string"),
];
const DELETE: [Parameter; 5] = [
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("orphanDependents", "boolean"),
    ("pretty", "string"),
    ("propagationPolicy", "string"),
];
const READ: [Parameter; 1] = [("pretty", "string")];

const PATCHES: [&str; 5] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+cbor",
];
/// Nobody knows how lists of custom objects merge strategically: kubectl looks here before it tries.
const CUSTOM_PATCHES: [&str; 3] =
    ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
const BODIES: [&str; 1] = ["*/*"];
const ANSWERS: [&str; 3] = ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];

fn parameter(flavor: Flavor, name: &str, kind: &str, place: &str) -> Value {
    let mut value = json!({"name": name, "in": place});
    if place == "path" {
        value["required"] = true.into();
    }
    match flavor {
        Flavor::V2 => value["type"] = kind.into(),
        Flavor::V3 => value["schema"] = json!({"type": kind}),
    }
    if place == "query" || flavor == Flavor::V2 {
        value["uniqueItems"] = true.into();
    }
    value
}

/// Writes the paths of one group and version.
pub struct Paths<'w, 's> {
    flavor: Flavor,
    writer: &'w mut Writer<'s>,
    /// Paths so far.
    pub paths: Map<String, Value>,
    patches: &'static [&'static str],
}

/// One operation.
struct Operation<'o> {
    method: &'static str,
    action: &'static str,
    verb: &'static str,
    query: &'o [Parameter],
    body: Option<Value>,
    answer: Option<Value>,
}

impl<'o> Operation<'o> {
    fn new(
        method: &'static str,
        action: &'static str,
        verb: &'static str,
        query: &'o [Parameter],
        body: Option<Value>,
        answer: &Option<Value>,
    ) -> Self {
        Self { method, action, verb, query, body, answer: answer.clone() }
    }
}

impl<'w, 's> Paths<'w, 's> {
    /// Schemas go to `writer`.
    pub fn new(flavor: Flavor, writer: &'w mut Writer<'s>) -> Self {
        Self { flavor, writer, paths: Map::new(), patches: &PATCHES }
    }

    /// The schema of a row's objects, or of their list.
    fn own(&mut self, row: &Resource, list: bool) -> Option<Value> {
        if api::custom::of(row).is_some() {
            let kind = if list { &row.list_kind } else { &row.kind };
            return Some(self.writer.link(&custom::name(row, kind)));
        }
        if !list {
            return Some(self.writer.reference(row.schema));
        }
        if row.list_kind.is_empty() { None } else { self.kind(&row.group, &row.version, &row.list_kind) }
    }

    fn kind(&mut self, group: &str, version: &str, kind: &str) -> Option<Value> {
        api::kind_schema(group, version, kind).map(|s| self.writer.reference(s.at))
    }

    /// All paths of a resource.
    pub fn resource(&mut self, row: &Resource) {
        self.patches = if api::custom::of(row).is_some() { &CUSTOM_PATCHES } else { &PATCHES };
        let root = match row.group.as_ref() {
            "" => format!("/api/{}", row.version),
            group => format!("/apis/{group}/{}", row.version),
        };
        let space = if row.namespaced { "/namespaces/{namespace}" } else { "" };
        let scoped = format!("{root}{space}/{}", row.plural);
        let own = self.own(row, false);
        let list = self.own(row, true);
        let status = self.kind("", "v1", "Status");
        let options = self.kind("", "v1", "DeleteOptions");
        let patch = self.kind("", "v1", "Patch").or_else(|| Some(json!({"type": "object"})));
        let allowed = |verb: &str, operation: Operation<'static>| row.allows(verb).then_some(operation);
        let collection = [
            allowed("list", Operation::new("get", "list", "list", &LIST, None, &list)),
            allowed("create", Operation::new("post", "post", "create", &WRITE, own.clone(), &own)),
            allowed(
                "deletecollection",
                Operation::new("delete", "deletecollection", "deletecollection", &LIST, options.clone(), &status),
            ),
        ];
        self.path(row, &row.kind, "", &scoped, &collection.into_iter().flatten().collect::<Vec<_>>());
        let item = [
            allowed("get", Operation::new("get", "get", "read", &READ, None, &own)),
            allowed("update", Operation::new("put", "put", "replace", &WRITE, own.clone(), &own)),
            allowed("patch", Operation::new("patch", "patch", "patch", &PATCH, patch, &own)),
            allowed("delete", Operation::new("delete", "delete", "delete", &DELETE, options, &status)),
        ];
        let named = format!("{scoped}/{{name}}");
        self.path(row, &row.kind, "", &named, &item.into_iter().flatten().collect::<Vec<_>>());
        for sub in row.subresources.iter() {
            self.subresource(row, sub, &format!("{named}/{}", sub.name));
        }
        if row.namespaced && row.allows("list") {
            let everywhere = [Operation::new("get", "list", "list", &LIST, None, &list)];
            self.path(row, &row.kind, "ForAllNamespaces", &format!("{root}/{}", row.plural), &everywhere);
        }
    }

    fn subresource(&mut self, row: &Resource, sub: &Subresource, path: &str) {
        let (group, version) =
            if sub.version.is_empty() { (&row.group, &row.version) } else { (&sub.group, &sub.version) };
        let own = if sub.kind == row.kind { self.own(row, false) } else { self.kind(group, version, &sub.kind) };
        let mut operations = Vec::new();
        for verb in sub.verbs.iter() {
            let (method, action, verb, query, body): (_, _, _, &[Parameter], _) = match verb.as_ref() {
                "get" => ("get", "get", "read", &READ, None),
                "create" => ("post", "post", "create", &WRITE, own.clone()),
                "update" => ("put", "put", "replace", &WRITE, own.clone()),
                "patch" => ("patch", "patch", "patch", &PATCH, Some(json!({"type": "object"}))),
                "delete" => ("delete", "delete", "delete", &READ, None),
                _ => continue,
            };
            operations.push(Operation { method, action, verb, query, body, answer: own.clone() });
        }
        let mut camel = sub.name.to_string();
        if let Some(first) = camel.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        self.write(path, &operations, (group, version, &sub.kind), &format!("{}{camel}", operation_kind(row)));
    }

    fn path(&mut self, row: &Resource, kind: &str, suffix: &str, path: &str, operations: &[Operation<'_>]) {
        self.write(path, operations, (&row.group, &row.version, kind), &format!("{}{suffix}", operation_kind(row)));
    }

    fn write(
        &mut self,
        path: &str,
        operations: &[Operation<'_>],
        (group, version, kind): (&str, &str, &str),
        id: &str,
    ) {
        if operations.is_empty() {
            return;
        }
        let flavor = self.flavor;
        let mut item = Map::new();
        for operation in operations {
            let mut out = json!({
                "operationId": format!("{}{id}", operation.verb),
                "x-kubernetes-action": operation.action,
                "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
            });
            let mut parameters: Vec<Value> =
                operation.query.iter().map(|(name, kind)| parameter(flavor, name, kind, "query")).collect();
            if let Some(body) = &operation.body {
                let media: &[&str] = if operation.method == "patch" { self.patches } else { &BODIES };
                match flavor {
                    Flavor::V2 => {
                        out["consumes"] = media.iter().copied().collect();
                        parameters.push(json!({"name": "body", "in": "body", "required": true, "schema": body}));
                    }
                    Flavor::V3 => {
                        out["requestBody"] =
                            json!({"content": content(media, body), "required": operation.method != "delete"})
                    }
                }
            }
            out["parameters"] = parameters.into();
            let answer = operation.answer.clone().unwrap_or_else(|| json!({"type": "string"}));
            let ok = match flavor {
                Flavor::V2 => {
                    out["produces"] = ANSWERS.iter().copied().collect();
                    json!({"description": "OK", "schema": answer})
                }
                Flavor::V3 => json!({"description": "OK", "content": content(&ANSWERS, &answer)}),
            };
            out["responses"] = json!({"200": ok, "401": {"description": "Unauthorized"}});
            item.insert(operation.method.into(), out);
        }
        let placed = ["name", "namespace"]
            .into_iter()
            .filter(|p| path.contains(&format!("{{{p}}}")))
            .map(|p| parameter(flavor, p, "string", "path"));
        let placed: Vec<Value> = placed.collect();
        if !placed.is_empty() {
            item.insert("parameters".into(), placed.into());
        }
        self.paths.insert(path.to_owned(), Value::Object(item));
    }
}

/// `CoreV1NamespacedPod`.
fn operation_kind(row: &Resource) -> String {
    let upper = |s: &str| {
        let mut s = s.to_owned();
        if let Some(first) = s.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        s
    };
    let group: String = if row.group.is_empty() {
        "Core".to_owned()
    } else {
        row.group.trim_end_matches(".k8s.io").split('.').map(upper).collect()
    };
    format!("{group}{}{}{}", upper(&row.version), if row.namespaced { "Namespaced" } else { "" }, row.kind)
}

fn content(media: &[&str], schema: &Value) -> Value {
    media.iter().map(|m| ((*m).to_owned(), json!({"schema": schema}))).collect::<Map<String, Value>>().into()
}
