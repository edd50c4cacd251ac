//! Random objects for tests, from a seed: small alphabets, so that keys meet.

use serde_json::{Map, Value, json};

use crate::schema::{ListKind, Node, Schema};

/// A generator that replays.
pub struct Rng(u64);

impl Rng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `n`.
    pub fn next(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.next(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.next(of.len() as u64) as usize]
    }
}

/// A value that its schema allows: no nulls, no element twice in a list that merges, nothing empty.
pub fn value(rng: &mut Rng, schema: Schema<'_>) -> Value {
    match schema.node() {
        Node::String => rng.pick(&["a", "b", "c", "d", "x<y"]).into(),
        Node::Integer { .. } => (1 + rng.next(4)).into(),
        Node::Number => json!(1.5),
        Node::Boolean => rng.one_in(2).into(),
        Node::IntOrString => rng.pick(&["50%", "http"]).into(),
        Node::Quantity => rng.pick(&["1", "500m", "1Gi", "1.5", "1000Ki"]).into(),
        Node::Time => rng.pick(&["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]).into(),
        Node::MicroTime => rng.pick(&["2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000001Z"]).into(),
        Node::Duration => "1m0s".into(),
        Node::Bytes => rng.pick(&["YQ==", "Yg=="]).into(),
        Node::Any => json!({"any": rng.next(3)}),
        Node::Struct(s) => {
            let mut map = Map::new();
            for field in s.fields.iter() {
                let identifies = ["name", "uid", "type", "containerPort"].contains(&&*field.name);
                if field.name != "managedFields" && (identifies || rng.one_in(2)) {
                    map.insert(field.name.to_string(), value(rng, schema.to(field.ty)));
                }
            }
            if map.is_empty() { value(rng, schema) } else { Value::Object(map) }
        }
        Node::List(list) => {
            let items = (0..=rng.next(3)).map(|_| value(rng, schema.to(list.item))).collect();
            Value::Array(unique(items, &list.kind))
        }
        Node::Map(m) => {
            let entries =
                (0..=rng.next(3)).map(|_| (rng.pick(&["a", "b", "c", "d"]).to_owned(), value(rng, schema.to(m.value))));
            Value::Object(entries.collect())
        }
    }
}

fn unique(items: Vec<Value>, kind: &ListKind) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    let mut fresh = |item: &Value| {
        let id = match kind {
            // The first key alone: strategic patches know no more of them.
            ListKind::Map(keys) => item[&*keys[0]].clone(),
            ListKind::Set | ListKind::Atomic => item.clone(),
        };
        let fresh = !seen.contains(&id);
        seen.push(id);
        fresh || *kind == ListKind::Atomic
    };
    items.into_iter().filter(|i| fresh(i)).collect()
}

/// A changed copy.
pub fn changed(rng: &mut Rng, schema: Schema<'_>, old: &Value) -> Value {
    let out = match (schema.node(), old) {
        (Node::Struct(_) | Node::Map(_), Value::Object(map)) => {
            let Value::Object(extra) = value(rng, schema) else { unreachable!("objects come from structs and maps") };
            let mut out = Map::new();
            for (key, item) in map {
                if let (false, Some(child)) = (rng.one_in(8), schema.child(key)) {
                    out.insert(key.clone(), changed(rng, child, item));
                }
            }
            for (key, item) in extra {
                if rng.one_in(6) || ["name", "uid", "type", "containerPort"].contains(&key.as_str()) {
                    out.entry(key).or_insert(item);
                }
            }
            if out.is_empty() { old.clone() } else { Value::Object(out) }
        }
        (Node::List(list), Value::Array(items)) => {
            let item = schema.to(list.item);
            let mut out: Vec<Value> = items.iter().filter(|_| rng.next(6) > 0).cloned().collect();
            out = out.iter().map(|i| changed(rng, item, i)).collect();
            if rng.one_in(3) || out.is_empty() {
                out.insert(rng.next(out.len() as u64 + 1) as usize, value(rng, item));
            }
            Value::Array(unique(out, &list.kind))
        }
        _ if rng.one_in(4) => value(rng, schema),
        _ => old.clone(),
    };
    if schema.field("spec").is_some() { with_name(out) } else { out }
}

/// A whole pod.
pub fn pod(rng: &mut Rng, schema: Schema<'_>) -> Value {
    with_name(value(rng, schema))
}

fn with_name(mut object: Value) -> Value {
    crate::meta::set_gvk(&mut object, "v1", "Pod");
    crate::meta::set_name(&mut object, "p");
    crate::meta::set_uid(&mut object, "u");
    // Something that is owned: an object without any owner is not tracked any more.
    crate::meta::set_label(&mut object, "keep", "x");
    object
}
