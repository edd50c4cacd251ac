//! Which objects a list or watch is about: namespace, labels, fields.

use std::sync::Arc;

use apimachinery::{
    selector::{
        fields::{self, Operator},
        labels,
    },
    status::Status,
};

use super::object::Obj;
use crate::{registry::keys, request::Query};

/// A compiled selection.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Keys below this prefix.
    pub prefix: Arc<str>,
    labels: Option<labels::Selector>,
    tests: Vec<Test>,
    /// The one name that it can be, where a field selector says so.
    name: Option<String>,
}

#[derive(Debug, Clone)]
struct Test {
    source: Source,
    equal: bool,
    value: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Name,
    Namespace,
    /// Index in the stored row's selectable fields.
    Field(usize),
    /// A field that the stored form does not know: never set.
    Nothing,
}

impl Selection {
    /// Everything in a namespace (empty: everywhere).
    #[must_use]
    pub fn all(row: &api::Resource, namespace: &str) -> Self {
        Selection { prefix: keys::namespace_prefix(row, namespace).into(), labels: None, tests: Vec::new(), name: None }
    }

    /// From `labelSelector` and `fieldSelector`; `name` is the one in the path, if any.
    ///
    /// # Errors
    /// A selector that cannot be read, or a field that cannot be selected.
    pub fn parse(
        row: &api::Resource,
        stored: &api::Resource,
        namespace: &str,
        name: &str,
        query: &Query,
    ) -> Result<Self, Status> {
        let mut selection = Self::all(row, namespace);
        if let Some(text) = query.get("labelSelector").filter(|t| !t.is_empty()) {
            let parsed = labels::Selector::parse(text).map_err(Status::bad_request)?;
            selection.labels = (!parsed.is_everything()).then_some(parsed);
        }
        let text = query.get("fieldSelector").unwrap_or_default();
        let fields = fields::Selector::parse(text).map_err(Status::bad_request)?;
        for requirement in fields.requirements() {
            selection.tests.push(Test {
                source: source(row, stored, &requirement.key)?,
                equal: matches!(requirement.operator, Operator::Equals),
                value: requirement.value.as_str().into(),
            });
        }
        if !name.is_empty() {
            if !fields.is_everything() && fields.exact_match("metadata.name") != Some(name) {
                return Err(Status::bad_request("fieldSelector metadata.name doesn't match requested name"));
            }
            selection.tests.push(Test { source: Source::Name, equal: true, value: name.into() });
        }
        selection.name =
            selection.tests.iter().find(|t| t.equal && t.source == Source::Name).map(|t| t.value.clone().into_string());
        Ok(selection)
    }

    /// Nothing is left out but by the prefix.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.labels.is_none() && self.tests.is_empty()
    }

    /// The key of the only object that can pass, where namespace and name are given.
    #[must_use]
    pub fn single(&self, row: &api::Resource, namespace: &str) -> Option<Arc<str>> {
        let name = self.name.as_ref()?;
        (!row.namespaced || !namespace.is_empty()).then(|| keys::key(row, namespace, name))
    }

    /// Does an object pass?
    #[must_use]
    pub fn matches(&self, object: &Obj) -> bool {
        object.key.starts_with(&*self.prefix)
            && self.tests.iter().all(|test| test.passes(object))
            && self.labels.as_ref().is_none_or(|labels| labels.matches(|key| object.label(key)))
    }
}

impl Test {
    fn passes(&self, object: &Obj) -> bool {
        let value = match self.source {
            Source::Name => object.place().1,
            Source::Namespace => object.place().0,
            Source::Field(index) => object.field(index).unwrap_or_default(),
            Source::Nothing => "",
        };
        (value == &*self.value) == self.equal
    }
}

fn source(row: &api::Resource, stored: &api::Resource, path: &str) -> Result<Source, Status> {
    match path {
        "metadata.name" => return Ok(Source::Name),
        "metadata.namespace" if row.namespaced || row.selectable_fields.iter().any(|f| f == path) => {
            return Ok(Source::Namespace);
        }
        _ => {}
    }
    if !row.selectable_fields.iter().any(|f| f == path) {
        return Err(Status::bad_request(unknown(row, path)));
    }
    // Another version of the same objects may name the field differently.
    let in_storage = match (path, &*row.group) {
        ("reportingController", "events.k8s.io") => "reportingComponent".to_owned(),
        (path, "events.k8s.io") => path.replace("regarding.", "involvedObject."),
        (path, _) => path.to_owned(),
    };
    Ok(stored.selectable_fields.iter().position(|f| *f == in_storage).map_or(Source::Nothing, Source::Field))
}

/// Upstream's words differ by kind: kinds with fields of their own have conversion functions with other texts.
fn unknown(row: &api::Resource, path: &str) -> String {
    match (&*row.group, &*row.kind) {
        ("batch", "Job") => format!("field label {path:?} not supported for Job"),
        ("resource.k8s.io", "ResourceSlice") => {
            format!("field label not supported for resource.k8s.io/{}, Kind=ResourceSlice: {path}", row.version)
        }
        _ if api::custom::of(row).is_some() || row.selectable_fields.iter().any(|f| !f.starts_with("metadata.")) => {
            format!("field label not supported: {path}")
        }
        _ => format!("{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
    }
}
