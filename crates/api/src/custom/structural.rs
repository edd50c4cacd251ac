//! A schema of a CustomResourceDefinition, parsed once.

use crate::access::{flag, items, text};
use regex_lite::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// A schema: its structure, and what it demands of values. Under `allOf`, `anyOf`, `oneOf` and `not` only the demands are used.
#[derive(Debug, Clone, Default)]
pub struct Structural {
    /// `type`, or empty.
    pub kind: String,
    /// `null` is a value.
    pub nullable: bool,
    /// What an absent field gets.
    pub default: Option<Value>,
    /// Known fields.
    pub properties: BTreeMap<String, Structural>,
    /// Other fields.
    pub additional: Option<Additional>,
    /// Items of a list.
    pub items: Option<Box<Structural>>,
    /// `x-kubernetes-preserve-unknown-fields`.
    pub preserve: bool,
    /// `x-kubernetes-embedded-resource`.
    pub embedded: bool,
    /// `x-kubernetes-int-or-string`.
    pub int_or_string: bool,
    /// `x-kubernetes-list-type`, or empty.
    pub list_type: String,
    /// `x-kubernetes-list-map-keys`.
    pub list_keys: Vec<String>,
    /// `x-kubernetes-map-type`, or empty.
    pub map_type: String,
    /// Demands on values.
    pub rules: Rules,
}

/// `additionalProperties`.
#[derive(Debug, Clone)]
pub enum Additional {
    /// Any, or none.
    Any(bool),
    /// Of this schema.
    Schema(Box<Structural>),
}

/// Demands on values.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `format`, empty where it is none that is checked.
    pub format: String,
    /// Largest number; exclusive?
    pub maximum: Option<(f64, bool)>,
    /// Smallest number; exclusive?
    pub minimum: Option<(f64, bool)>,
    /// The number is a multiple of this.
    pub multiple_of: Option<f64>,
    /// Most characters.
    pub max_length: Option<u64>,
    /// Fewest characters.
    pub min_length: Option<u64>,
    /// A regular expression that matches somewhere, and its text.
    pub pattern: Option<(Regex, String)>,
    /// Most items.
    pub max_items: Option<u64>,
    /// Fewest items.
    pub min_items: Option<u64>,
    /// Most fields.
    pub max_properties: Option<u64>,
    /// Fewest fields.
    pub min_properties: Option<u64>,
    /// Fields that must be there.
    pub required: Vec<String>,
    /// Allowed values.
    pub values: Vec<Value>,
    /// All of these hold.
    pub all_of: Vec<Structural>,
    /// One or more of these hold.
    pub any_of: Vec<Structural>,
    /// Exactly one of these holds.
    pub one_of: Vec<Structural>,
    /// This does not hold.
    pub not: Option<Box<Structural>>,
}

fn strings(value: &Value) -> Vec<String> {
    items(value).iter().map(|v| text(v).to_owned()).collect()
}

fn set<T>(value: &Value, parse: impl Fn(&Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| parse(value))
}

impl Structural {
    /// Parses an `openAPIV3Schema` (a `JSONSchemaProps`). What is not understood is left out: validation of the definition
    /// has refused it.
    #[must_use]
    pub fn parse(schema: &Value) -> Self {
        let below = |key: &str| schema[key].as_object().map(|_| Box::new(Self::parse(&schema[key])));
        let kind = text(&schema["type"]).to_owned();
        let int_or_string = flag(&schema["x-kubernetes-int-or-string"]);
        Structural {
            nullable: flag(&schema["nullable"]),
            default: set(&schema["default"], Value::clone),
            properties: crate::access::entries(&schema["properties"])
                .map(|(name, value)| (name.clone(), Self::parse(value)))
                .collect(),
            additional: match &schema["additionalProperties"] {
                Value::Bool(any) => Some(Additional::Any(*any)),
                Value::Object(_) => below("additionalProperties").map(Additional::Schema),
                _ => None,
            },
            items: below("items"),
            preserve: flag(&schema["x-kubernetes-preserve-unknown-fields"]),
            embedded: flag(&schema["x-kubernetes-embedded-resource"]),
            int_or_string,
            list_type: text(&schema["x-kubernetes-list-type"]).to_owned(),
            list_keys: strings(&schema["x-kubernetes-list-map-keys"]),
            map_type: text(&schema["x-kubernetes-map-type"]).to_owned(),
            rules: Rules::parse(schema, if int_or_string { "" } else { &kind }),
            kind,
        }
    }

    /// The schema of a field: a known one, or that of all others.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Structural> {
        self.properties.get(name).or_else(|| self.other())
    }

    /// The schema of fields that are not named.
    #[must_use]
    pub fn other(&self) -> Option<&Structural> {
        match &self.additional {
            Some(Additional::Schema(schema)) => Some(schema),
            Some(Additional::Any(_)) | None => None,
        }
    }
}

impl Rules {
    fn parse(schema: &Value, kind: &str) -> Self {
        let number = |key: &str| schema[key].as_f64();
        let count = |key: &str| schema[key].as_u64();
        let all = |key: &str| items(&schema[key]).iter().map(Structural::parse).collect();
        let format = text(&schema["format"]);
        let pattern = text(&schema["pattern"]);
        Rules {
            format: if super::format::is_checked(kind, format) { format.to_owned() } else { String::new() },
            maximum: number("maximum").map(|n| (n, flag(&schema["exclusiveMaximum"]))),
            minimum: number("minimum").map(|n| (n, flag(&schema["exclusiveMinimum"]))),
            multiple_of: number("multipleOf"),
            max_length: count("maxLength"),
            min_length: count("minLength"),
            pattern: (!pattern.is_empty())
                .then(|| Regex::new(pattern).ok().map(|regex| (regex, pattern.to_owned())))
                .flatten(),
            max_items: count("maxItems"),
            min_items: count("minItems"),
            max_properties: count("maxProperties"),
            min_properties: count("minProperties"),
            required: strings(&schema["required"]),
            values: items(&schema["enum"]).to_vec(),
            all_of: all("allOf"),
            any_of: all("anyOf"),
            one_of: all("oneOf"),
            not: schema["not"].as_object().map(|_| Box::new(Structural::parse(&schema["not"]))),
        }
    }
}
