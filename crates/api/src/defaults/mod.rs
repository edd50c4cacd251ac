//! Defaults: what upstream fills in when it decodes an object.
//!
//! Types, not kinds, carry the defaults: a probe is the same in a Pod and in the template of a CronJob. For each struct
//! there may be plain values ([`fills`]) and a function ([`hooks`]) for what depends on other fields. Which types have
//! any of it below them is computed once, so that a walk does not enter the rest.

mod fills;
mod hooks;
mod pod;

use crate::resource::Schemas;
use crate::{Resource, normalize};
use apimachinery::schema::{Field, Node, Schema, TypeRef};
use serde_json::{Map, Value};
use std::sync::OnceLock;

/// An object's fields.
pub(crate) type Fields = Map<String, Value>;

/// Brings an object into the form that upstream's types give it and fills in the defaults of its kind.
pub fn apply(resource: &Resource, object: &mut Value) {
    match &resource.schemas {
        Schemas::BuiltIn => apply_type(resource.schema(), object),
        Schemas::Own(version) => crate::custom::settle(version, object),
    }
}

/// The same for a type of the built-in table that is no stored resource (`Scale`, `TokenRequest`, `DeleteOptions`).
pub fn apply_type(schema: Schema<'_>, object: &mut Value) {
    normalize::apply(schema, object);
    walk(plans(), schema, object);
}

/// What to do at one struct.
struct Plan {
    fills: Vec<Fill>,
    hook: Option<fn(&mut Fields)>,
    /// Something below has a plan.
    deep: bool,
}

/// A plain value for an absent field.
struct Fill {
    name: &'static str,
    value: Value,
    /// A pointer tells "absent" from "zero"; another field does not.
    pointer: bool,
}

fn plans() -> &'static [Plan] {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let nodes = &crate::generated::nodes::NODES;
        let mut plans: Vec<Plan> = nodes.iter().map(plan).collect();
        // A fixed point over a graph with cycles: each round goes at least one level up.
        loop {
            let deep: Vec<usize> = (0..nodes.len())
                .filter(|at| !plans[*at].deep && children(&nodes[*at]).any(|c| matters(&plans, c)))
                .collect();
            if deep.is_empty() {
                return plans;
            }
            for at in deep {
                plans[at].deep = true;
            }
        }
    })
}

fn matters(plans: &[Plan], at: TypeRef) -> bool {
    let plan = &plans[at.0 as usize];
    plan.deep || plan.hook.is_some() || !plan.fills.is_empty()
}

fn children(node: &'static Node) -> impl Iterator<Item = TypeRef> {
    let (fields, one): (&'static [Field], Option<TypeRef>) = match node {
        Node::Struct(s) => (&s.fields, None),
        Node::List(l) => (&[], Some(l.item)),
        Node::Map(m) => (&[], Some(m.value)),
        _ => (&[], None),
    };
    fields.iter().map(|f| f.ty).chain(one)
}

fn plan(node: &'static Node) -> Plan {
    let mut plan = Plan { fills: Vec::new(), hook: None, deep: false };
    let Node::Struct(s) = node else { return plan };
    let name = s.name.strip_prefix("io.k8s.api.").unwrap_or(&s.name);
    plan.hook = hooks::find(name);
    for field in s.fields.iter() {
        let written = fills::find(name, &field.name);
        let value = written.or_else(|| serde_json::from_str(&field.default).ok().filter(|v| !plain_zero(v)));
        plan.fills.extend(value.map(|value| Fill { name: &field.name, value, pointer: field.pointer }));
    }
    plan
}

/// OpenAPI gives every field without `omitempty` its zero value as default; the normal form has it already.
fn plain_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
    }
}

fn walk(plans: &[Plan], schema: Schema<'_>, value: &mut Value) {
    let plan = &plans[schema.at.0 as usize];
    match (schema.node(), value) {
        (Node::Struct(s), Value::Object(map)) => {
            for fill in &plan.fills {
                let present =
                    map.get(fill.name).is_some_and(|v| if fill.pointer { !v.is_null() } else { !plain_zero(v) });
                if !present {
                    map.insert(fill.name.to_owned(), fill.value.clone());
                }
            }
            if let Some(hook) = plan.hook {
                hook(map);
            }
            for field in s.fields.iter().filter(|f| matters(plans, f.ty)) {
                if let Some(value) = map.get_mut(&*field.name) {
                    walk(plans, schema.to(field.ty), value);
                }
            }
        }
        (Node::List(l), Value::Array(items)) if matters(plans, l.item) => {
            items.iter_mut().for_each(|item| walk(plans, schema.to(l.item), item));
        }
        (Node::Map(m), Value::Object(map)) if matters(plans, m.value) => {
            map.values_mut().for_each(|item| walk(plans, schema.to(m.value), item));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
