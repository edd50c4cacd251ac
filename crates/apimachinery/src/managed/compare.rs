//! What a write changed: the fields that were added or modified, and those that are gone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::set::{self, Set};
use crate::{
    schema::{Field, List, ListKind, Node, Schema},
    text,
};

static NULL: Value = Value::Null;

/// Fields that changed.
#[derive(Debug, Default, PartialEq)]
pub struct Difference {
    /// Added or modified.
    pub touched: Set,
    /// Not there any more.
    pub removed: Set,
}

/// Metadata that the server keeps and nobody owns.
const UNOWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Compares the object as it was with the object as it is. `None`: there was none, which counts as an object in which
/// only those fields are set that a Go encoder always writes.
#[must_use]
pub fn compare(old: Option<&Value>, new: &Value, schema: Schema<'_>) -> Difference {
    let mut out = Difference::default();
    let left = old.map_or(Left::Zero, Left::Value);
    let empty = Map::new();
    let new = new.as_object().unwrap_or(&empty);
    each_field(left, Some(new), Some(schema), &mut |key, l, r, s| {
        let pair = match key {
            "apiVersion" | "kind" => return,
            "metadata" => metadata(l, r, s),
            _ => walk(l, r, s),
        };
        pair.put(&mut out.touched, &mut out.removed, || named(key));
    });
    out
}

fn metadata(l: Left<'_>, r: Option<&Value>, schema: Option<Schema<'_>>) -> Pair {
    let (mut touched, mut removed) = (Map::new(), Map::new());
    each_field(l, r.and_then(Value::as_object), schema, &mut |key, l, r, s| {
        if !UNOWNED.contains(&key) {
            walk(l, r, s).put(&mut touched, &mut removed, || named(key));
        }
    });
    Pair { touched: set::node(touched, false), removed: set::node(removed, false) }
}

/// The old side of a comparison.
#[derive(Clone, Copy)]
enum Left<'v> {
    /// The field is not there.
    Absent,
    /// Go's zero value of the type.
    Zero,
    /// This value.
    Value(&'v Value),
}

impl<'v> Left<'v> {
    fn is_absent(self) -> bool {
        matches!(self, Left::Absent)
    }

    fn map(self) -> Option<&'v Map<String, Value>> {
        match self {
            Left::Value(Value::Object(map)) => Some(map),
            _ => None,
        }
    }

    fn list(self) -> &'v [Value] {
        match self {
            Left::Value(Value::Array(list)) => list,
            _ => &[],
        }
    }

    /// The old side of a field that the old object does not have.
    fn of_field(self, field: Option<&Field>) -> Left<'static> {
        match (self, field) {
            (Left::Zero, Some(field)) if !field.omit_empty && field.pointer => Left::Value(&NULL),
            (Left::Zero, Some(field)) if !field.omit_empty => Left::Zero,
            _ => Left::Absent,
        }
    }
}

/// The two nodes of a difference.
#[derive(Default)]
struct Pair {
    touched: Option<Set>,
    removed: Option<Set>,
}

impl Pair {
    /// Hangs the nodes into their parents.
    fn put(self, touched: &mut Set, removed: &mut Set, key: impl Fn() -> String) {
        if let Some(node) = self.touched {
            touched.insert(key(), Value::Object(node));
        }
        if let Some(node) = self.removed {
            removed.insert(key(), Value::Object(node));
        }
    }
}

/// The path element of a field.
pub(super) fn named(field: &str) -> String {
    ["f:", field].concat()
}

/// Calls with each key that either side has.
fn each_field<'v, 's>(
    l: Left<'v>,
    r: Option<&'v Map<String, Value>>,
    schema: Option<Schema<'s>>,
    call: &mut impl FnMut(&'v str, Left<'v>, Option<&'v Value>, Option<Schema<'s>>),
) {
    let left = l.map();
    for (key, value) in r.into_iter().flatten() {
        let field = schema.and_then(|s| s.field(key));
        let old = match left {
            Some(map) => map.get(key).map_or(Left::Absent, Left::Value),
            None => l.of_field(field),
        };
        call(key, old, Some(value), child(schema, field));
    }
    for (key, value) in left.into_iter().flatten() {
        if !r.is_some_and(|map| map.contains_key(key)) {
            let field = schema.and_then(|s| s.field(key));
            call(key, Left::Value(value), None, child(schema, field));
        }
    }
}

fn child<'s>(schema: Option<Schema<'s>>, field: Option<&Field>) -> Option<Schema<'s>> {
    let schema = schema?;
    match (schema.node(), field) {
        (Node::Map(m), _) => Some(schema.to(m.value)),
        (_, Some(field)) => Some(schema.to(field.ty)),
        _ => None,
    }
}

/// How a value is compared.
enum Shape<'s> {
    Leaf,
    Fields,
    Items(&'s List),
}

fn shape<'s>(schema: Option<Schema<'s>>, l: Left<'_>, r: Option<&Value>) -> Shape<'s> {
    let Some(schema) = schema else {
        // Unknown to the schema: objects go field by field, the rest as a whole.
        let object = |v: &Value| v.is_object() || v.is_null();
        let left = match l {
            Left::Value(v) => object(v),
            Left::Absent | Left::Zero => true,
        };
        return if left && r.is_none_or(object) { Shape::Fields } else { Shape::Leaf };
    };
    match schema.node() {
        Node::Struct(s) if !s.atomic => Shape::Fields,
        Node::Map(m) if !m.atomic => Shape::Fields,
        Node::List(list) if list.kind != ListKind::Atomic => Shape::Items(list),
        _ => Shape::Leaf,
    }
}

fn walk(l: Left<'_>, r: Option<&Value>, schema: Option<Schema<'_>>) -> Pair {
    let (mut touched, mut removed) = (Map::new(), Map::new());
    match shape(schema, l, r) {
        Shape::Leaf => return leaf(l, r, schema),
        Shape::Fields => {
            let right = r.and_then(Value::as_object);
            let left_empty = match l {
                Left::Zero => !matches!(schema.map(Schema::node), Some(Node::Struct(_))),
                _ => l.map().is_none_or(Map::is_empty),
            };
            // That nothing became nothing of another kind is a change of the whole.
            if left_empty && right.is_none_or(Map::is_empty) {
                return leaf(l, r, schema);
            }
            each_field(l, right, schema, &mut |key, l, r, s| {
                walk(l, r, s).put(&mut touched, &mut removed, || named(key));
            });
        }
        Shape::Items(list) => {
            let right = r.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if l.list().is_empty() && right.is_empty() {
                return leaf(l, r, schema);
            }
            if l.list() != right {
                items(l.list(), right, list, schema, &mut touched, &mut removed);
            }
        }
    }
    Pair { touched: set::node(touched, l.is_absent()), removed: set::node(removed, r.is_none()) }
}

/// A value that is owned as a whole.
fn leaf(l: Left<'_>, r: Option<&Value>, schema: Option<Schema<'_>>) -> Pair {
    let same = match (l, r) {
        (Left::Absent, None) => true,
        (_, None) => return Pair { touched: None, removed: Some(Map::new()) },
        (Left::Absent, Some(_)) => false,
        (Left::Value(l), Some(r)) => l == r,
        (Left::Zero, Some(r)) => is_zero(r, schema),
    };
    Pair { touched: (!same).then(Map::new), removed: None }
}

fn is_zero(value: &Value, schema: Option<Schema<'_>>) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.is_empty() || s == "0" && matches!(schema.map(Schema::node), Some(Node::Quantity)),
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::Bool(b) => !b,
        Value::Object(map) => map.is_empty() && matches!(schema.map(Schema::node), Some(Node::Struct(_))),
        Value::Array(_) => false,
    }
}

/// Items of a list that merges. The same element may occur twice in a careless object: such ones are owned as a whole.
fn items(l: &[Value], r: &[Value], list: &List, schema: Option<Schema<'_>>, touched: &mut Set, removed: &mut Set) {
    let item = schema.map(|s| s.to(list.item));
    let mut by_element: BTreeMap<String, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    for value in l {
        if let Some(element) = element(value, &list.kind, item) {
            by_element.entry(element).or_default().0.push(value);
        }
    }
    for value in r {
        if let Some(element) = element(value, &list.kind, item) {
            by_element.entry(element).or_default().1.push(value);
        }
    }
    for (element, (left, right)) in by_element {
        let one =
            |l: Option<&&Value>, r: Option<&&Value>| walk(l.map_or(Left::Absent, |v| Left::Value(v)), r.copied(), item);
        let pair = match (left.len(), right.len()) {
            (0 | 1, 0 | 1) => one(left.first(), right.first()),
            (0 | 1, _) => {
                let gone = if left.is_empty() { Pair::default() } else { one(left.first(), None) };
                Pair { touched: Some(Map::new()), removed: gone.removed }
            }
            (_, 0 | 1) => {
                let new = if right.is_empty() { Pair::default() } else { one(None, right.first()) };
                Pair { touched: new.touched, removed: Some(Map::new()) }
            }
            _ => Pair { touched: (left != right).then(Map::new), removed: None },
        };
        pair.put(touched, removed, || element.clone());
    }
}

/// What an item is called: `v:"x"` in a set, `k:{"name":"a"}` in a map; `None` when it lacks all keys.
pub(super) fn element(value: &Value, kind: &ListKind, item: Option<Schema<'_>>) -> Option<String> {
    match kind {
        ListKind::Map(keys) => {
            let map = value.as_object()?;
            let mut sorted: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
            sorted.sort_unstable();
            let mut out = String::with_capacity(32);
            out.push_str("k:{");
            for key in sorted {
                let default = || {
                    let field = item?.field(key)?;
                    (!field.default.is_empty()).then(|| field.default.to_string())
                };
                let Some(text) = map.get(key).map(text::json).or_else(default) else { continue };
                if out.len() > 3 {
                    out.push(',');
                }
                out.push('"');
                out.push_str(key);
                out.push_str("\":");
                out.push_str(&text);
            }
            out.push('}');
            (out.len() > 4).then_some(out)
        }
        ListKind::Set if value.is_object() || value.is_array() || value.is_null() => None,
        ListKind::Set | ListKind::Atomic => Some(format!("v:{}", text::json(value))),
    }
}
