//! Holding a value against its schema, with upstream's messages, order and ratcheting: what is wrong already and was not
//! changed by an update does not stand in its way.

use super::{
    check_rules as rules,
    structural::{Additional, Structural},
};
use apimachinery::field::{FieldError, Path};
use serde_json::Value;

/// What was found: errors, and how many checks were made (the failure of the most similar alternative is shown).
#[derive(Default)]
pub(super) struct Found {
    pub(super) errors: Vec<FieldError>,
    pub(super) matches: usize,
}

impl Found {
    fn merge(&mut self, other: Found) {
        self.errors.extend(other.errors);
        self.matches += other.matches;
    }
}

/// Where a value is: the field of the whole check, and the name inside of it as messages show it.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    base: &'a Path,
    pub(super) name: &'a str,
}

impl At<'_> {
    /// The path of an error here.
    pub(super) fn path(self) -> Path {
        self.below(self.name)
    }

    /// The path of an error at a name.
    pub(super) fn below(self, name: &str) -> Path {
        match name.strip_prefix('.').unwrap_or(name) {
            "" => self.base.clone(),
            inner => self.base.child(inner),
        }
    }

    /// What is wrong with the value as a whole, without a field of its own.
    fn general(self, message: String) -> FieldError {
        FieldError::invalid(self.base, "", message)
    }
}

/// What is wrong with a value below `base`; `old` is the value before an update.
pub(super) fn check(schema: &Structural, value: &Value, old: Option<&Value>, base: &Path) -> Vec<FieldError> {
    visit(schema, value, old, At { base, name: "" }).errors
}

fn visit(schema: &Structural, value: &Value, old: Option<&Value>, at: At<'_>) -> Found {
    if old == Some(value) {
        return Found { errors: Vec::new(), matches: 1 };
    }
    let mut found = Found { errors: Vec::new(), matches: 1 };
    rules::of_type(schema, value, at, &mut found);
    if !value.is_null() {
        junctors(schema, value, old, at, &mut found);
    }
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::String(text) => rules::of_string(schema, text, at, &mut found),
        Value::Number(number) => rules::of_number(schema, number, at, &mut found),
        Value::Array(list) => {
            if let Some(item) = schema.items.as_deref() {
                let was = Was::new(schema, old);
                for (index, value) in list.iter().enumerate() {
                    let name = format!("{}[{index}]", at.name);
                    found.merge(visit(item, value, was.item(value), At { base: at.base, name: &name }));
                }
            }
            rules::of_list(schema, list.len(), at, &mut found);
        }
        Value::Object(_) => {}
    }
    rules::of_values(schema, value, at, &mut found);
    if let Value::Object(map) = value {
        rules::of_size(schema, map.len(), at, &mut found);
        fields(schema, map, old, at, &mut found);
        rules::of_required(schema, map, at, &mut found);
    }
    found
}

fn fields(
    schema: &Structural,
    map: &serde_json::Map<String, Value>,
    old: Option<&Value>,
    at: At<'_>,
    found: &mut Found,
) {
    let was = |key: &str| old.and_then(|o| o.get(key));
    for (key, value) in map.iter().filter(|(key, _)| !schema.properties.contains_key(*key)) {
        let name = format!("{}.{key}", at.name);
        match &schema.additional {
            Some(Additional::Any(false)) => {
                let message = format!("{name} in body is a forbidden property");
                found.errors.push(FieldError::invalid(&at.path(), "", message));
            }
            Some(Additional::Schema(other)) => {
                found.merge(visit(other, value, was(key), At { base: at.base, name: &name }));
            }
            Some(Additional::Any(true)) | None => {}
        }
    }
    for (key, known) in &schema.properties {
        if let Some(value) = map.get(key) {
            let name = if at.name.is_empty() { key.clone() } else { format!("{}.{key}", at.name) };
            found.merge(visit(known, value, was(key), At { base: at.base, name: &name }));
        }
    }
}

/// The items of a list before an update, where they can be told apart.
struct Was<'v> {
    items: &'v [Value],
    keys: &'v [String],
}

impl<'v> Was<'v> {
    fn new(schema: &'v Structural, old: Option<&'v Value>) -> Self {
        let items = old.and_then(Value::as_array).filter(|_| schema.list_type == "map").map_or(&[][..], Vec::as_slice);
        Was { items, keys: &schema.list_keys }
    }

    fn item(&self, value: &Value) -> Option<&'v Value> {
        self.items.iter().find(|old| self.keys.iter().all(|key| old.get(key) == value.get(key)))
    }
}

/// `anyOf`, `oneOf`, `allOf`, `not`.
fn junctors(schema: &Structural, value: &Value, old: Option<&Value>, at: At<'_>, found: &mut Found) {
    let rules = &schema.rules;
    // Whether a value fits an alternative is decided by the whole of it.
    let all = |list: &[Structural]| -> Vec<Found> { list.iter().map(|s| visit(s, value, None, at)).collect() };
    if !rules.any_of.is_empty() {
        let results = all(&rules.any_of);
        if results.iter().all(|r| !r.errors.is_empty()) {
            found.errors.push(at.general(format!("\"{}\" must validate at least one schema (anyOf)", at.name)));
            if let Some(best) = best(results) {
                found.merge(best);
            }
        }
    }
    if !rules.one_of.is_empty() {
        let results = all(&rules.one_of);
        let valid = results.iter().filter(|r| r.errors.is_empty()).count();
        if valid != 1 {
            let why =
                if valid == 0 { "Found none valid".to_owned() } else { format!("Found {valid} valid alternatives") };
            let message = format!("\"{}\" must validate one and only one schema (oneOf). {why}", at.name);
            found.errors.push(at.general(message));
            if let Some(best) = best(results).filter(|_| valid == 0) {
                found.merge(best);
            }
        }
    }
    if !rules.all_of.is_empty() {
        let results: Vec<Found> = rules.all_of.iter().map(|s| visit(s, value, old, at)).collect();
        let valid = results.iter().filter(|r| r.errors.is_empty()).count();
        let count = results.len();
        results.into_iter().for_each(|r| found.merge(r));
        if valid != count {
            let more = if valid == 0 { ". None validated" } else { "" };
            found.errors.push(at.general(format!("\"{}\" must validate all the schemas (allOf){more}", at.name)));
        }
    }
    if let Some(not) = &rules.not
        && visit(not, value, None, at).errors.is_empty()
    {
        found.errors.push(at.general(format!("\"{}\" must not validate the schema (not)", at.name)));
    }
}

/// The failure with the most checks that were made; of equals the first.
fn best(results: Vec<Found>) -> Option<Found> {
    results.into_iter().reduce(|best, next| if next.matches > best.matches { next } else { best })
}
