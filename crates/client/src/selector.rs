//! Typed label selectors, compiled once and asked often.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A compiled label selector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matcher {
    rules: Vec<Rule>,
    nothing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// A selector that no object can be asked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// An operator that does not exist.
    #[error("\"{0}\" is not a valid label selector operator")]
    Operator(String),
}

impl Matcher {
    /// Matches nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { rules: Vec::new(), nothing: true }
    }

    /// Matches all objects.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Of a typed selector; an empty one matches everything.
    pub fn new(selector: &LabelSelector) -> Result<Self, SelectorError> {
        let mut matcher = Self::from_labels(selector.match_labels.as_ref());
        for e in selector.match_expressions.iter().flatten() {
            let values = e.values.clone().unwrap_or_default();
            matcher.rules.push(match e.operator.as_str() {
                "In" => Rule::In(e.key.clone(), values),
                "NotIn" => Rule::NotIn(e.key.clone(), values),
                "Exists" => Rule::Exists(e.key.clone()),
                "DoesNotExist" => Rule::Absent(e.key.clone()),
                other => return Err(SelectorError::Operator(other.to_owned())),
            });
        }
        Ok(matcher)
    }

    /// Of a selector that may be missing: then it matches nothing.
    pub fn optional(selector: Option<&LabelSelector>) -> Result<Self, SelectorError> {
        selector.map_or_else(|| Ok(Self::nothing()), Self::new)
    }

    /// Of a plain map; an empty one matches everything.
    #[must_use]
    pub fn from_labels(labels: Option<&Labels>) -> Self {
        let rules =
            labels.into_iter().flatten().map(|(key, value)| Rule::In(key.clone(), vec![value.clone()])).collect();
        Self { rules, nothing: false }
    }

    /// Whether it has no rule and so matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && !self.nothing
    }

    /// Whether these labels match.
    #[must_use]
    pub fn matches(&self, labels: Option<&Labels>) -> bool {
        let get = |key: &String| labels.and_then(|l| l.get(key));
        !self.nothing
            && self.rules.iter().all(|rule| match rule {
                Rule::In(key, values) => get(key).is_some_and(|v| values.contains(v)),
                Rule::NotIn(key, values) => get(key).is_none_or(|v| !values.contains(v)),
                Rule::Exists(key) => get(key).is_some(),
                Rule::Absent(key) => get(key).is_none(),
            })
    }
}
