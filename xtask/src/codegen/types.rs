//! The graph of types: which are reachable, their numbers, their text.

use super::facts::{Facts, GoField};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Types with a JSON form of their own, as (OpenAPI name, place in [`SCALARS`]).
fn special(name: &str) -> Option<&'static str> {
    Some(match name {
        "io.k8s.apimachinery.pkg.api.resource.Quantity" => "Node::Quantity",
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString" => "Node::IntOrString",
        "io.k8s.apimachinery.pkg.apis.meta.v1.Time" => "Node::Time",
        "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime" => "Node::MicroTime",
        "io.k8s.apimachinery.pkg.apis.meta.v1.Duration" => "Node::Duration",
        "io.k8s.apimachinery.pkg.runtime.RawExtension" | "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1" => "Node::Any",
        _ if name.contains("apiextensions.v1.JSON") && !name.ends_with("JSONSchemaProps") => "Node::Any",
        _ => return None,
    })
}

const SCALARS: [&str; 12] = [
    "Node::String",
    "Node::Integer { bits: 32 }",
    "Node::Integer { bits: 64 }",
    "Node::Number",
    "Node::Boolean",
    "Node::IntOrString",
    "Node::Quantity",
    "Node::Time",
    "Node::MicroTime",
    "Node::Duration",
    "Node::Bytes",
    "Node::Any",
];

fn scalar(text: &str) -> u32 {
    let at = SCALARS.iter().position(|s| *s == text).expect("a known scalar");
    u32::try_from(at).expect("few scalars")
}

/// The numbered types.
#[derive(Debug, Default)]
pub(crate) struct Types {
    /// Reachable structs in order, with "atomic".
    structs: Vec<(String, bool)>,
    numbers: BTreeMap<(String, bool), u32>,
    /// Text of list and map nodes behind the structs, and their numbers.
    others: Vec<String>,
    interned: BTreeMap<String, u32>,
    /// Lists of strings that other rows point to.
    strings: Vec<Vec<String>>,
    /// Fields of each struct, as text.
    rows: BTreeMap<String, Vec<String>>,
}

impl Types {
    pub(crate) fn collect(facts: &Facts) -> Self {
        let mut todo: Vec<(String, bool)> =
            Self::roots(facts).into_iter().map(|r| (r.clone(), atomic(facts.schema(&r)))).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = todo.pop() {
            if special(&next.0).is_some() || !seen.insert(next.clone()) {
                continue;
            }
            for (owner, field) in flat(facts, &next.0) {
                if field.of.starts_with("io.k8s") {
                    todo.push(reference(facts, &owner, &field));
                }
            }
        }
        let mut types = Types { structs: seen.into_iter().collect(), ..Types::default() };
        for (at, key) in types.structs.iter().enumerate() {
            types.numbers.insert(key.clone(), u32::try_from(SCALARS.len() + at).expect("few types"));
        }
        for (name, _) in types.structs.clone() {
            let rows = flat(facts, &name).iter().map(|(owner, field)| types.row(facts, owner, field)).collect();
            types.rows.insert(name, rows);
        }
        types
    }

    /// Kinds of the served group-versions, and those that every client may send or ask for.
    fn roots(facts: &Facts) -> BTreeSet<String> {
        let served = served(facts);
        let kinds =
            facts.kinds.iter().filter(|(kind, _)| served.contains(kind.rsplit_once('/').map_or("", |(gv, _)| gv)));
        let meta = [
            "Status",
            "Table",
            "PartialObjectMetadata",
            "PartialObjectMetadataList",
            "WatchEvent",
            "DeleteOptions",
            "ListOptions",
            "APIGroup",
            "APIGroupList",
            "APIResourceList",
            "APIVersions",
        ];
        kinds
            .map(|(_, ty)| ty.clone())
            .chain(meta.iter().map(|m| format!("{META}.{m}")))
            .filter(|ty| facts.types.contains_key(ty))
            .collect()
    }

    /// The number of a type by name.
    pub(crate) fn number(&self, facts: &Facts, name: &str) -> Option<u32> {
        if let Some(text) = special(name) {
            return Some(scalar(text));
        }
        self.numbers.get(&(name.to_string(), atomic(facts.schema(name)))).copied()
    }

    fn row(&mut self, facts: &Facts, owner: &str, field: &GoField) -> String {
        let schema = facts.schema(owner);
        let property = &schema["properties"][&field.json];
        let ty = self.of_field(facts, owner, field, property);
        let strategy = property["x-kubernetes-patch-strategy"].as_str().unwrap_or_default();
        let always_written = field.shape == "struct" && !field.pointer && field.omit != "omitzero";
        let flags = [
            (contains(&schema["required"], &field.json), 1),
            (field.pointer, 2),
            (!field.omit.is_empty() && !always_written, 4),
            (strategy.contains("merge"), 8),
            (strategy.contains("retainKeys"), 16),
        ];
        let flags: u8 = flags.iter().filter(|(on, _)| *on).map(|(_, bit)| bit).sum();
        let default = property.get("default").map(Value::to_string).unwrap_or_default();
        let values = strings(if property["enum"].is_array() { &property["enum"] } else { &property["items"]["enum"] });
        let merge_key = property["x-kubernetes-patch-merge-key"].as_str().unwrap_or_default();
        if default.is_empty() && values.is_empty() && merge_key.is_empty() {
            return format!("f({:?}, {ty}, {flags}, {})", field.json, field.number);
        }
        let values = self.list(values);
        format!("g({:?}, {ty}, {flags}, {}, {default:?}, {values}, {merge_key:?})", field.json, field.number)
    }

    fn of_field(&mut self, facts: &Facts, owner: &str, field: &GoField, property: &Value) -> u32 {
        match field.shape.as_str() {
            "list" => {
                let item = self.of_item(facts, owner, field);
                self.list_node(item, property)
            }
            "map" => {
                let value = self.of_item(facts, owner, field);
                self.intern(format!("mp({value}, {})", atomic(property)))
            }
            "struct" => self.of_reference(facts, owner, field),
            other => basic(other),
        }
    }

    fn list_node(&mut self, item: u32, property: &Value) -> u32 {
        let text = match property["x-kubernetes-list-type"].as_str() {
            Some("set") => format!("ls({item})"),
            Some("map") => {
                let keys = self.list(strings(&property["x-kubernetes-list-map-keys"]));
                format!("lm({item}, {keys})")
            }
            _ => format!("la({item})"),
        };
        self.intern(text)
    }

    fn of_item(&mut self, facts: &Facts, owner: &str, field: &GoField) -> u32 {
        if field.of.starts_with("io.k8s") {
            self.of_reference(facts, owner, field)
        } else if let Some(item) = field.of.strip_prefix("list of ") {
            let item = basic(item);
            self.intern(format!("la({item})"))
        } else {
            basic(&field.of)
        }
    }

    fn of_reference(&self, facts: &Facts, owner: &str, field: &GoField) -> u32 {
        special(&field.of).map_or_else(|| self.numbers[&reference(facts, owner, field)], scalar)
    }

    fn intern(&mut self, text: String) -> u32 {
        let next = u32::try_from(SCALARS.len() + self.structs.len() + self.others.len()).expect("few types");
        *self.interned.entry(text.clone()).or_insert_with(|| {
            self.others.push(text);
            next
        })
    }

    /// A reference to a list of strings; lists live in statics of their own, as promotion to `'static` needs.
    fn list(&mut self, values: Vec<String>) -> String {
        if values.is_empty() {
            return "&[]".into();
        }
        let at = self.strings.iter().position(|known| *known == values).unwrap_or_else(|| {
            self.strings.push(values);
            self.strings.len() - 1
        });
        format!("&V{at}")
    }

    /// One file of fields per API package.
    pub(crate) fn fields(&self, _facts: &Facts) -> BTreeMap<String, String> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for (name, rows) in &self.rows {
            let text = files
                .entry(package(name))
                .or_insert_with(|| "use super::{f, g, nodes::*};\nuse apimachinery::schema::Field;\n\n".into());
            let _ = writeln!(text, "pub(super) static {}: [Field; {}] = [", constant(name), rows.len());
            for row in rows {
                let _ = writeln!(text, "    {row},");
            }
            text.push_str("];\n\n");
        }
        for text in files.values_mut() {
            if !text.contains(" g(") {
                *text = text.replace("{f, g, ", "{f, ");
            }
            if !text.contains(" f(") {
                *text = text.replace("{f, g, ", "{g, ");
            }
            if !text.contains("&V") {
                *text = text.replace(", nodes::*}", "}");
            }
            if !text.contains(" f(") && !text.contains(" g(") {
                *text = text.replace("use super::{f};\n", "");
            }
        }
        files
    }

    /// The nodes.
    pub(crate) fn nodes(&self) -> String {
        let mut text = String::from("use super::*;\n\n");
        for (at, values) in self.strings.iter().enumerate() {
            let _ = writeln!(text, "pub(super) static V{at}: [Str; {}] = [{}];", values.len(), quoted(values));
        }
        let count = SCALARS.len() + self.structs.len() + self.others.len();
        let _ = writeln!(text, "\npub(crate) static NODES: [Node; {count}] = [");
        for scalar in SCALARS {
            let _ = writeln!(text, "    {scalar},");
        }
        for (name, atomic) in &self.structs {
            let _ = writeln!(text, "    st({name:?}, &{}::{}, {atomic}),", package(name), constant(name));
        }
        for other in &self.others {
            let _ = writeln!(text, "    {other},");
        }
        text.push_str("];\n");
        text
    }

    /// Kinds by name, sorted for binary search.
    pub(crate) fn kinds(&self, facts: &Facts) -> String {
        let served = served(facts);
        let mut rows = BTreeSet::new();
        for (kind, ty) in &facts.kinds {
            let (gv, kind) = kind.rsplit_once('/').unwrap_or_default();
            let (group, version) = gv.rsplit_once('/').unwrap_or_default();
            // Every group-version registers the option types anew; once, in the meta group, is enough.
            if served.contains(gv) && (gv == "/v1" || !ty.starts_with(META)) {
                rows.extend(
                    self.number(facts, ty).map(|n| (group.to_string(), version.to_string(), kind.to_string(), n)),
                );
            }
        }
        for kind in ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"] {
            rows.extend(
                self.number(facts, &format!("{META}.{kind}"))
                    .map(|n| ("meta.k8s.io".to_string(), "v1".to_string(), kind.to_string(), n)),
            );
        }
        let mut text = format!(
            "/// Group, version, kind, type.\npub(crate) static KINDS: [(&str, &str, &str, u32); {}] = [\n",
            rows.len()
        );
        for row in &rows {
            let _ = writeln!(text, "    {row:?},");
        }
        text.push_str("];\n");
        text
    }
}

fn served(facts: &Facts) -> BTreeSet<String> {
    facts
        .resources
        .iter()
        .map(|r| format!("{}/{}", r.group, r.version))
        .chain(["apidiscovery.k8s.io/v2".to_string()])
        .collect()
}

/// Fields with inlined structs flattened, each with the struct whose OpenAPI schema describes it, and its place on the wire.
fn flat(facts: &Facts, name: &str) -> Vec<(String, GoField)> {
    let mut out = Vec::new();
    flatten(facts, name, name, Some(0), &mut out);
    out
}

/// `above`: the numbers of the messages around, one byte each; `None`: the struct is not on the wire (`TypeMeta`).
fn flatten(facts: &Facts, root: &str, name: &str, above: Option<u32>, out: &mut Vec<(String, GoField)>) {
    for field in facts.types.get(name).into_iter().flatten() {
        let place = above.filter(|_| field.number > 0).map(|above| {
            assert!(field.number < 256 && above < 1 << 16, "{name}.{} does not fit into the table", field.json);
            above << 8 | field.number
        });
        if field.inline {
            flatten(facts, root, &field.of, place, out);
        } else if !field.json.is_empty() {
            let owner = if facts.property(root, &field.json).is_null() { name } else { root };
            let number = place.map_or(0, |place| place | wire(name, field) << 24);
            out.push((owner.to_string(), GoField { number, ..field.clone() }));
        }
    }
}

/// What a field is on the wire where its type does not say it (`apimachinery::protobuf::Special`).
fn wire(owner: &str, field: &GoField) -> u32 {
    match field.of.rsplit('.').next().unwrap_or_default() {
        "JSONSchemaPropsOrBool" => 1,
        "JSONSchemaPropsOrArray" => 2,
        "JSONSchemaPropsOrStringArray" => 3,
        // The only field of type `Verbs`, which is a message.
        _ if owner.ends_with("meta.v1.APIResource") && field.json == "verbs" => 4,
        _ => 0,
    }
}

/// Which struct a field means: the same type may be atomic in one place and granular in another.
fn reference(facts: &Facts, owner: &str, field: &GoField) -> (String, bool) {
    let property = facts.property(owner, &field.json);
    let here = field.shape == "struct" && atomic(property);
    let granular = property["x-kubernetes-map-type"] == "granular";
    (field.of.clone(), here || (!granular && atomic(facts.schema(&field.of))))
}

fn atomic(schema: &Value) -> bool {
    schema["x-kubernetes-map-type"] == "atomic"
}

fn basic(shape: &str) -> u32 {
    scalar(match shape {
        "int32" | "uint8" | "int" => "Node::Integer { bits: 32 }",
        "int64" => "Node::Integer { bits: 64 }",
        "float64" => "Node::Number",
        "bool" => "Node::Boolean",
        "bytes" => "Node::Bytes",
        "interface" | "struct" => "Node::Any",
        _ => "Node::String",
    })
}

fn contains(list: &Value, name: &str) -> bool {
    list.as_array().is_some_and(|l| l.iter().any(|v| v == name))
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_string)).collect()
}

pub(super) fn quoted(values: &[String]) -> String {
    values.iter().map(|v| format!("s({v:?})")).collect::<Vec<_>>().join(", ")
}

/// `io.k8s.api.core.v1.PodSpec` → `core_v1`.
fn package(name: &str) -> String {
    let mut parts = name.rsplit('.').skip(1);
    let version = parts.next().unwrap_or_default();
    let group = parts.next().unwrap_or_default();
    format!("{group}_{version}").replace('-', "_")
}

/// `io.k8s.api.core.v1.PodSpec` → `POD_SPEC`.
fn constant(name: &str) -> String {
    let last: Vec<char> = name.rsplit('.').next().unwrap_or_default().chars().collect();
    let mut out = String::new();
    for (i, c) in last.iter().enumerate() {
        let after_lower = i > 0 && !last[i - 1].is_ascii_uppercase();
        let before_lower = last.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && i > 0 && (after_lower || before_lower) {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
