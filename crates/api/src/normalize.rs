//! The form that an object has after a round trip through upstream's Go types: clients and field managers see what is
//! written there, so it must be the same here. Zero values with `omitempty` go, values without it are always written.

use apimachinery::quantity::Quantity;
use apimachinery::schema::{Field, Node, Schema};
use apimachinery::{duration, time};
use serde_json::{Map, Value};

/// Brings an object into that form.
pub fn apply(schema: Schema<'_>, value: &mut Value) {
    match schema.node() {
        Node::Struct(s) => {
            if let Value::Object(map) = value {
                // What is there, then what must be there: objects have few of their type's fields.
                map.retain(|key, value| {
                    s.fields.iter().find(|f| f.name == *key).is_none_or(|field| keeps(schema, field, value))
                });
                for field in s.fields.iter().filter(|f| !f.omit_empty) {
                    if !map.contains_key(&*field.name) {
                        map.insert(field.name.to_string(), absent(schema, field));
                    }
                }
            }
        }
        Node::List(list) => {
            for item in value.as_array_mut().into_iter().flatten() {
                item_value(schema.to(list.item), item);
            }
        }
        Node::Map(m) => {
            for item in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                item_value(schema.to(m.value), item);
            }
        }
        Node::Quantity | Node::Time | Node::MicroTime | Node::Duration => {
            if let Some(text) = canonical(schema.node(), value) {
                *value = text.into();
            }
        }
        _ => {}
    }
}

/// The one way to write a value of a type that has several; `None` for what is written so already, or wrong.
fn canonical(node: &Node, value: &Value) -> Option<String> {
    let number;
    let given = match value {
        Value::String(s) => s.as_str(),
        Value::Number(n) => {
            number = n.to_string();
            number.as_str()
        }
        _ => return None,
    };
    let text = match node {
        Node::Time if time::is_seconds(given) => return None,
        Node::Quantity => Quantity::parse(given).ok()?.to_string(),
        Node::Time => time::seconds(time::parse(given)?),
        Node::MicroTime => time::micros(time::parse(given)?),
        Node::Duration => duration::format(duration::parse(given).ok()?),
        _ => return None,
    };
    (value.is_number() || text != given).then_some(text)
}

/// `null` in a list or map is the zero value of its type.
fn item_value(schema: Schema<'_>, value: &mut Value) {
    if value.is_null() {
        *value = zero(schema);
    }
    apply(schema, value);
}

/// Brings a field that is there into its form; false: it is left out.
fn keeps(schema: Schema<'_>, field: &Field, value: &mut Value) -> bool {
    if value.is_null() {
        if !field.omit_empty {
            *value = absent(schema, field);
        }
        return !field.omit_empty;
    }
    let ty = schema.to(field.ty);
    apply(ty, value);
    if !field.pointer && field.omit_empty { !is_zero(ty, value) } else { true }
}

/// How a field without `omitempty` is written when it has no value.
fn absent(schema: Schema<'_>, field: &Field) -> Value {
    if field.pointer { Value::Null } else { zero(schema.to(field.ty)) }
}

/// The zero value as Go writes it.
fn zero(schema: Schema<'_>) -> Value {
    match schema.node() {
        Node::String => "".into(),
        Node::Quantity => "0".into(),
        Node::Duration => "0s".into(),
        Node::Integer { .. } | Node::Number | Node::IntOrString => 0.into(),
        Node::Boolean => false.into(),
        Node::Time | Node::MicroTime | Node::Bytes | Node::Any | Node::List(_) | Node::Map(_) => Value::Null,
        Node::Struct(_) => {
            let mut value = Value::Object(Map::new());
            apply(schema, &mut value);
            value
        }
    }
}

/// Is it what `omitempty` leaves out?
fn is_zero(schema: Schema<'_>, value: &Value) -> bool {
    match (schema.node(), value) {
        (Node::Struct(_), Value::Object(map)) => is_zero_struct(schema, map),
        (_, Value::Null) => true,
        (_, Value::String(s)) => s.is_empty(),
        (_, Value::Bool(b)) => !b,
        (_, Value::Number(n)) => n.as_f64() == Some(0.0),
        (_, Value::Array(a)) => a.is_empty(),
        (_, Value::Object(o)) => o.is_empty(),
    }
}

/// Whether these are the fields of [`zero`], without making it.
fn is_zero_struct(schema: Schema<'_>, map: &Map<String, Value>) -> bool {
    let Node::Struct(s) = schema.node() else { return false };
    let mut always = 0;
    s.fields.iter().filter(|f| !f.omit_empty).all(|field| {
        always += 1;
        map.get(&*field.name).is_some_and(|value| is_absent(schema, field, value))
    }) && map.len() == always
}

/// Whether this is what [`absent`] gives.
fn is_absent(schema: Schema<'_>, field: &Field, value: &Value) -> bool {
    let ty = schema.to(field.ty);
    match (ty.node(), value) {
        _ if field.pointer => value.is_null(),
        (Node::String, Value::String(s)) => s.is_empty(),
        (Node::Quantity, Value::String(s)) => s == "0",
        (Node::Duration, Value::String(s)) => s == "0s",
        (Node::Integer { .. } | Node::Number | Node::IntOrString, Value::Number(n)) => n.as_u64() == Some(0),
        (Node::Boolean, Value::Bool(b)) => !b,
        (Node::Struct(_), Value::Object(map)) => is_zero_struct(ty, map),
        (Node::Time | Node::MicroTime | Node::Bytes | Node::Any | Node::List(_) | Node::Map(_), value) => {
            value.is_null()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_of_each_type_is_known_without_making_it() {
        let set = crate::by_kind("", "v1", "Pod").expect("pods").schema().set;
        for at in 0..set.nodes.len() {
            let schema = Schema { set, at: apimachinery::schema::TypeRef(u32::try_from(at).expect("few nodes")) };
            let Node::Struct(s) = schema.node() else { continue };
            let Value::Object(mut map) = zero(schema) else { panic!("{} is an object", s.name) };
            assert!(is_zero_struct(schema, &map), "{}", s.name);
            map.insert("more".into(), true.into());
            assert!(!is_zero_struct(schema, &map), "{}", s.name);
            map.remove("more");
            if let Some(first) = map.keys().next().cloned() {
                map.insert(first, "another".into());
                assert!(!is_zero_struct(schema, &map), "{}", s.name);
            }
        }
    }
}
