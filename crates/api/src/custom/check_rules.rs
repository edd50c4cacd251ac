//! The single demands of a schema on a value.

use super::{
    check::{At, Found},
    format,
    structural::Structural,
};
use apimachinery::field::FieldError;
use serde_json::{Map, Number, Value};

/// The JSON type of a value, and whether a number of it is whole.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &Number) -> bool {
    number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_991.0)
}

pub(super) fn of_type(schema: &Structural, value: &Value, at: At<'_>, found: &mut Found) {
    let types: &[&str] = if schema.int_or_string { &["integer", "string"] } else { &[schema.kind.as_str()] };
    if types == [""] {
        return;
    }
    let given = type_of(value);
    let numeric = types.iter().any(|t| matches!(*t, "number" | "integer"));
    let fits = match value {
        Value::Null => schema.nullable,
        // Texts with a format are told apart by the format.
        Value::String(_) | Value::Array(_) if !numeric && !schema.rules.format.is_empty() => true,
        Value::Number(n) => {
            types.contains(&given) || given == "integer" && numeric || types.contains(&"integer") && is_whole(n)
        }
        _ => types.contains(&given),
    };
    if fits {
        found.matches += 1;
        return;
    }
    let message = format!("{} in body must be of type {}: \"{given}\"", at.name, types.join(","));
    found.errors.push(FieldError::type_invalid(&at.path(), given, message));
}

pub(super) fn of_string(schema: &Structural, text: &str, at: At<'_>, found: &mut Found) {
    let rules = &schema.rules;
    let count = text.chars().count() as u64;
    let mut wrong = |message: String| {
        found.errors.push(FieldError::invalid(&at.path(), text, format!("{} in body {message}", at.name)));
    };
    if let Some(min) = rules.min_length.filter(|min| count < *min) {
        wrong(format!("should be at least {min} chars long"));
    }
    if let Some((_, shown)) = rules.pattern.as_ref().filter(|(regex, _)| !regex.is_match(text)) {
        wrong(format!("should match '{shown}'"));
    }
    if let Some(max) = rules.max_length.filter(|max| count > *max) {
        found.errors.push(FieldError::too_long(&at.path(), usize::try_from(max).unwrap_or(usize::MAX)));
    }
    let numeric = matches!(rules.format.as_str(), "int32" | "int64" | "float" | "double" | "");
    if !numeric && !format::holds(&rules.format, text) {
        let message =
            format!("{} in body must be of type {}: {}", at.name, rules.format, apimachinery::text::quote(text));
        found.errors.push(FieldError::type_invalid(&at.path(), text, message));
    }
}

/// A bound as Go prints it.
fn shown(bound: f64) -> String {
    if bound.abs() >= 1e21 { format!("{bound:e}") } else { bound.to_string() }
}

pub(super) fn of_number(schema: &Structural, number: &Number, at: At<'_>, found: &mut Found) {
    let rules = &schema.rules;
    let value = number.as_f64().unwrap_or_default();
    let mut wrong = |message: String| {
        let message = format!("{} in body {message}", at.name);
        found.errors.push(FieldError::invalid(&at.path(), Value::Number(number.clone()), message));
    };
    if rules.format == "int32" && number.as_i64().is_none_or(|n| i32::try_from(n).is_err()) && is_whole(number) {
        wrong("must be of type integer with format int32".to_owned());
    }
    if let Some(factor) = rules.multiple_of.filter(|f| *f > 0.0)
        && (value / factor).fract() != 0.0
    {
        wrong(format!("should be a multiple of {}", shown(factor)));
    }
    if let Some((max, exclusive)) = rules.maximum {
        if exclusive && value >= max {
            wrong(format!("should be less than {}", shown(max)));
        } else if value > max {
            wrong(format!("should be less than or equal to {}", shown(max)));
        }
    }
    if let Some((min, exclusive)) = rules.minimum {
        if exclusive && value <= min {
            wrong(format!("should be greater than {}", shown(min)));
        } else if value < min {
            wrong(format!("should be greater than or equal to {}", shown(min)));
        }
    }
}

pub(super) fn of_list(schema: &Structural, count: usize, at: At<'_>, found: &mut Found) {
    let rules = &schema.rules;
    if let Some(min) = rules.min_items.filter(|min| (count as u64) < *min) {
        let message = format!("{} in body should have at least {min} items", at.name);
        found.errors.push(FieldError::invalid(&at.path(), count, message));
    }
    if let Some(max) = rules.max_items.filter(|max| count as u64 > *max) {
        found.errors.push(FieldError::too_many(&at.path(), count, usize::try_from(max).unwrap_or(usize::MAX)));
    }
    found.matches += 1;
}

pub(super) fn of_values(schema: &Structural, value: &Value, at: At<'_>, found: &mut Found) {
    let values = &schema.rules.values;
    let equal = |allowed: &Value| match (allowed, value) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    };
    if values.is_empty() || values.iter().any(equal) {
        return;
    }
    let names: Vec<String> = values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    found.errors.push(FieldError::not_supported(&at.path(), value.clone(), &names));
}

pub(super) fn of_size(schema: &Structural, count: usize, at: At<'_>, found: &mut Found) {
    let rules = &schema.rules;
    if let Some(min) = rules.min_properties.filter(|min| (count as u64) < *min) {
        let message = format!("{} in body should have at least {min} properties", at.name);
        found.errors.push(FieldError::invalid(&at.path(), count, message));
    }
    if let Some(max) = rules.max_properties.filter(|max| count as u64 > *max) {
        found.errors.push(FieldError::too_many(&at.path(), count, usize::try_from(max).unwrap_or(usize::MAX)));
    }
}

pub(super) fn of_required(schema: &Structural, map: &Map<String, Value>, at: At<'_>, found: &mut Found) {
    for name in schema.rules.required.iter().filter(|name| !map.contains_key(*name)) {
        found.errors.push(FieldError::required(&at.below(&format!("{}.{name}", at.name)), ""));
    }
}
