//! `paths`: operations with what they take and give.

use super::schemas::Schemas;
use crate::resource::{Resource, Subresource};
use serde_json::{Map, Value, json};

/// One operation to write: which verb, on which path.
struct Operation<'r> {
    row: &'r Resource,
    /// `list`, `post`, `get`, `put`, `patch`, `delete`, `deletecollection`, `connect`.
    action: &'static str,
    kind: Value,
    id: String,
    parameters: Vec<Value>,
}

/// Adds the paths of a resource.
pub(super) fn of_resource<'a>(row: &'a Resource, schemas: &mut Schemas<'a>, paths: &mut Map<String, Value>) {
    let base = if row.group.is_empty() {
        format!("/api/{}", row.version)
    } else {
        format!("/apis/{}/{}", row.group, row.version)
    };
    let scope = if row.namespaced { "/namespaces/{namespace}" } else { "" };
    let all = format!("{base}{scope}/{}", row.plural);
    let mut collection = Map::new();
    for (verb, method, action) in
        [("list", "get", "list"), ("create", "post", "post"), ("deletecollection", "delete", "deletecollection")]
    {
        if row.allows(verb) {
            collection.insert(method.into(), operation(row, action, None, false, schemas));
        }
    }
    add(paths, &all, collection, row.namespaced, false);
    let mut one = Map::new();
    for (verb, method, action) in
        [("get", "get", "get"), ("update", "put", "put"), ("patch", "patch", "patch"), ("delete", "delete", "delete")]
    {
        if row.allows(verb) {
            one.insert(method.into(), operation(row, action, None, false, schemas));
        }
    }
    add(paths, &format!("{all}/{{name}}"), one, row.namespaced, true);
    if row.namespaced && row.allows("list") {
        let mut everywhere = Map::new();
        everywhere.insert("get".into(), operation(row, "list", None, true, schemas));
        add(paths, &format!("{base}/{}", row.plural), everywhere, false, false);
    }
    for sub in row.subresources.iter() {
        let mut operations = Map::new();
        for verb in sub.verbs.iter() {
            let connects = matches!(&*sub.name, "attach" | "exec" | "portforward" | "proxy");
            let (method, action) = match (&**verb, connects) {
                ("get", true) => ("get", "connect"),
                ("create", true) => ("post", "connect"),
                ("update", true) => ("put", "connect"),
                ("patch", true) => ("patch", "connect"),
                ("delete", true) => ("delete", "connect"),
                ("get", false) => ("get", "get"),
                ("update", false) => ("put", "put"),
                ("patch", false) => ("patch", "patch"),
                ("create", false) => ("post", "post"),
                _ => continue,
            };
            operations.insert(method.into(), operation(row, action, Some(sub), false, schemas));
        }
        add(paths, &format!("{all}/{{name}}/{}", sub.name), operations, row.namespaced, true);
    }
}

fn add(paths: &mut Map<String, Value>, path: &str, mut operations: Map<String, Value>, namespaced: bool, named: bool) {
    if operations.is_empty() {
        return;
    }
    let in_path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}});
    let mut parameters = Vec::new();
    if named {
        parameters.push(in_path("name"));
    }
    if namespaced {
        parameters.push(in_path("namespace"));
    }
    parameters.push(query("pretty", "string"));
    operations.insert("parameters".into(), parameters.into());
    paths.insert(path.to_owned(), operations.into());
}

fn query(name: &str, kind: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
}

fn parameters(action: &str) -> Vec<Value> {
    let names: &[(&str, &str)] = match action {
        "list" => &[
            ("allowWatchBookmarks", "boolean"),
            ("continue", "string"),
            ("fieldSelector", "string"),
            ("labelSelector", "string"),
            ("limit", "integer"),
            ("resourceVersion", "string"),
            ("resourceVersionMatch", "string"),
            ("sendInitialEvents", "boolean"),
            ("timeoutSeconds", "integer"),
            ("watch", "boolean"),
        ],
        "post" | "put" => &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")],
        "patch" => {
            &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")]
        }
        "delete" => &[
            ("dryRun", "string"),
            ("gracePeriodSeconds", "integer"),
            ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
            ("orphanDependents", "boolean"),
            ("propagationPolicy", "string"),
        ],
        "deletecollection" => &[
            ("continue", "string"),
            ("dryRun", "string"),
            ("fieldSelector", "string"),
            ("gracePeriodSeconds", "integer"),
            ("labelSelector", "string"),
            ("limit", "integer"),
            ("orphanDependents", "boolean"),
            ("propagationPolicy", "string"),
            ("resourceVersion", "string"),
            ("resourceVersionMatch", "string"),
            ("sendInitialEvents", "boolean"),
            ("timeoutSeconds", "integer"),
        ],
        _ => &[],
    };
    names.iter().map(|(name, kind)| query(name, kind)).collect()
}

/// `rbac.authorization.k8s.io` → `RbacAuthorization`.
fn camel(group: &str) -> String {
    let plain = group.strip_suffix(".k8s.io").unwrap_or(group);
    let plain = if plain.is_empty() { "core" } else { plain };
    plain.split(['.', '-']).map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

fn id(row: &Resource, action: &str, sub: Option<&Subresource>, everywhere: bool) -> String {
    let verb = match action {
        "post" => "create",
        "get" => "read",
        "put" => "replace",
        "deletecollection" => "delete",
        other => other,
    };
    let collection = if action == "deletecollection" { "Collection" } else { "" };
    let scope = if row.namespaced && !everywhere { "Namespaced" } else { "" };
    let tail = if everywhere { "ForAllNamespaces".into() } else { sub.map(|s| capital(&s.name)).unwrap_or_default() };
    format!("{verb}{}{}{collection}{scope}{}{tail}", camel(&row.group), capital(&row.version), row.kind)
}

fn operation<'a>(
    row: &'a Resource,
    action: &'static str,
    sub: Option<&'a Subresource>,
    everywhere: bool,
    schemas: &mut Schemas<'a>,
) -> Value {
    let kind = sub.map_or_else(
        || json!({"group": row.group, "version": row.version, "kind": row.kind}),
        |s| json!({"group": s.group, "version": s.version, "kind": s.kind}),
    );
    let spec = Operation { row, action, kind, id: id(row, action, sub, everywhere), parameters: parameters(action) };
    let own = sub.is_none_or(|s| s.kind == row.kind && s.group == row.group);
    let object = match sub {
        Some(s) if !own && action != "connect" => schemas.kind(&s.group, &s.version, &s.kind),
        _ if action == "connect" => json!({"type": "string"}),
        _ => schemas.resource(row),
    };
    spec.write(object, schemas)
}

impl<'r> Operation<'r> {
    fn write<'a>(self, object: Value, schemas: &mut Schemas<'a>) -> Value
    where
        'r: 'a,
    {
        let answer = match self.action {
            "list" => schemas.list(self.row),
            "delete" | "deletecollection" => schemas.kind("", "v1", "Status"),
            _ => object.clone(),
        };
        let body = match self.action {
            "post" | "put" => Some(content(&["*/*"], &object)),
            "patch" => {
                let patch = json!({"type": "object"});
                let kinds = [
                    "application/apply-patch+yaml",
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                ];
                Some(content(&kinds, &patch))
            }
            "delete" | "deletecollection" => Some(content(&["*/*"], &schemas.kind("", "v1", "DeleteOptions"))),
            _ => None,
        };
        let kinds: &[&str] = match self.action {
            "connect" => &["*/*"],
            "list" => &["application/json", "application/json;stream=watch", "application/yaml"],
            _ => &["application/json", "application/yaml"],
        };
        let mut codes = Map::new();
        let good: &[&str] = match self.action {
            "post" => &["200", "201", "202"],
            "put" | "patch" => &["200", "201"],
            "delete" => &["200", "202"],
            _ => &["200"],
        };
        for code in good {
            let text = match *code {
                "201" => "Created",
                "202" => "Accepted",
                _ => "OK",
            };
            codes.insert((*code).into(), json!({"description": text, "content": content(kinds, &answer)["content"]}));
        }
        codes.insert("401".into(), json!({"description": "Unauthorized"}));
        let tag = format!(
            "{}_{}",
            if self.row.group.is_empty() { "core".to_owned() } else { tag(&self.row.group) },
            self.row.version
        );
        let mut out = json!({
            "tags": [tag],
            "operationId": self.id,
            "responses": codes,
            "x-kubernetes-action": self.action,
            "x-kubernetes-group-version-kind": self.kind,
        });
        if !self.parameters.is_empty() {
            out["parameters"] = self.parameters.into();
        }
        if let Some(body) = body {
            out["requestBody"] = body;
        }
        out
    }
}

fn tag(group: &str) -> String {
    let name = camel(group);
    name.chars().take(1).flat_map(char::to_lowercase).chain(name.chars().skip(1)).collect()
}

fn content(kinds: &[&str], schema: &Value) -> Value {
    let entries: Map<String, Value> = kinds.iter().map(|k| ((*k).to_owned(), json!({ "schema": schema }))).collect();
    json!({ "content": entries })
}
