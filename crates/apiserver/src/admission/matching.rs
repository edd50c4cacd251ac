//! Which requests a webhook or a policy is about: rules, selectors, and the other versions of a resource.

use std::{borrow::Cow, cell::OnceCell};

use apimachinery::{meta, selector::labels::Selector, status::Status};
use serde_json::{Map, Value};

use crate::{
    contract::{Attributes, Operation, Reader},
    registry::{Row, Rows, convert, verbs::scale::scale_of},
    strategies::json::{list, text},
};

/// The name of an operation in rules and reviews.
#[must_use]
pub const fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}

/// Requests that webhooks and policies of the API never see: their own configuration, and the reviews by which the cluster finds out who may
/// do what.
#[must_use]
pub fn exempt(attributes: &Attributes<'_>) -> bool {
    let (group, plural) = (&*attributes.resource.group, &*attributes.resource.plural);
    match group {
        "admissionregistration.k8s.io" => matches!(
            plural,
            "validatingwebhookconfigurations"
                | "mutatingwebhookconfigurations"
                | "validatingadmissionpolicies"
                | "validatingadmissionpolicybindings"
                | "mutatingadmissionpolicies"
                | "mutatingadmissionpolicybindings"
        ),
        _ => is_virtual(group, plural),
    }
}

/// The reviews by which the cluster finds out who may do what: no webhook or policy may stand in the way.
#[must_use]
pub fn is_virtual(group: &str, plural: &str) -> bool {
    match group {
        "authentication.k8s.io" => matches!(plural, "selfsubjectreviews" | "tokenreviews"),
        "authorization.k8s.io" => matches!(
            plural,
            "localsubjectaccessreviews"
                | "selfsubjectaccessreviews"
                | "selfsubjectrulesreviews"
                | "subjectaccessreviews"
        ),
        _ => false,
    }
}

/// A request as rules see it.
pub struct Subject<'a> {
    /// The request.
    pub attributes: &'a Attributes<'a>,
    /// The object, in the form in which it is stored.
    pub object: &'a Value,
    /// Its name; a new object's, where the request has none.
    pub name: &'a str,
    /// Its namespace; of a namespace its own name.
    pub namespace: &'a str,
    rows: &'a Rows,
    reader: &'a dyn Reader,
    namespace_object: OnceCell<Option<Value>>,
}

impl<'a> Subject<'a> {
    /// The subject of a request.
    #[must_use]
    pub fn new(attributes: &'a Attributes<'a>, object: &'a Value, rows: &'a Rows, reader: &'a dyn Reader) -> Self {
        let name = Some(attributes.info.name.as_str()).filter(|n| !n.is_empty()).unwrap_or_else(|| meta::name(object));
        let namespace = if attributes.resource.is("", "Namespace") { name } else { &attributes.info.namespace };
        Subject { attributes, object, name, namespace, rows, reader, namespace_object: OnceCell::new() }
    }

    /// The namespace of the request as it is stored; none for objects outside of namespaces and for namespaces themselves.
    #[must_use]
    pub fn namespace_object(&self) -> Option<&Value> {
        let read = || {
            let bytes = self.reader.get("", "namespaces", "", self.namespace)?;
            serde_json::from_slice(&bytes).ok()
        };
        self.namespace_object.get_or_init(read).as_ref()
    }

    fn is_namespace(&self) -> bool {
        self.attributes.resource.is("", "Namespace")
    }

    fn namespace_labels(&self) -> Result<Map<String, Value>, Status> {
        let writes = matches!(self.attributes.operation, Operation::Create | Operation::Update);
        let own = self.is_namespace() && self.attributes.info.subresource.is_empty() && writes;
        let of = if own { Some(self.object) } else { self.namespace_object() };
        of.map(|n| meta::labels(n).cloned().unwrap_or_default())
            .ok_or_else(|| Status::not_found("", "namespaces", self.namespace))
    }

    /// Group, version and kind of what is sent: the subresource's where there is one.
    #[must_use]
    pub fn kind<'r>(&self, row: &'r api::Resource) -> (&'r str, &'r str, &'r str) {
        match row.subresource(&self.attributes.info.subresource) {
            Some(sub) => (&sub.group, &sub.version, &sub.kind),
            None => (&row.group, &row.version, &row.kind),
        }
    }

    /// An object (the new or the old one) in the form of a row.
    #[must_use]
    pub fn shown<'v>(&self, value: &'v Value, row: &api::Resource) -> Cow<'v, Value> {
        if !value.is_object() {
            return Cow::Borrowed(value);
        }
        if self.attributes.info.subresource == "scale" {
            return scale_of(self.attributes.stored, value).map_or(Cow::Borrowed(value), Cow::Owned);
        }
        let main = row.subresource(&self.attributes.info.subresource).is_none_or(|sub| sub.kind == row.kind);
        if !main || !convert::needed(self.attributes.stored, row) {
            return Cow::Borrowed(value);
        }
        let mut value = value.clone();
        convert::convert(self.attributes.stored, row, &mut value);
        Cow::Owned(value)
    }

    /// The row of the request itself.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        let row = self.attributes.resource;
        self.rows.find(&row.group, &row.version, &row.plural)
    }
}

/// One rule.
#[derive(Debug)]
struct Rule {
    operations: Vec<String>,
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<(String, String)>,
    scope: String,
    names: Vec<String>,
}

fn texts(value: &Value, pointer: &str) -> Vec<String> {
    list(value, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn has(items: &[String], wanted: &str) -> bool {
    items.iter().any(|item| item == "*" || item == wanted)
}

impl Rule {
    fn read(rule: &Value) -> Self {
        let parts = |r: String| match r.split_once('/') {
            Some((resource, sub)) => (resource.to_owned(), sub.to_owned()),
            None => (r, String::new()),
        };
        Rule {
            operations: texts(rule, "/operations"),
            groups: texts(rule, "/apiGroups"),
            versions: texts(rule, "/apiVersions"),
            resources: texts(rule, "/resources").into_iter().map(parts).collect(),
            scope: text(rule, "/scope").to_owned(),
            names: texts(rule, "/resourceNames"),
        }
    }

    fn matches(&self, subject: &Subject<'_>, row: &api::Resource) -> bool {
        let cluster = subject.is_namespace() || subject.namespace.is_empty();
        let scope = match self.scope.as_str() {
            "Namespaced" => !cluster,
            "Cluster" => cluster,
            _ => true,
        };
        let sub = subject.attributes.info.subresource.as_str();
        let resource = |(r, s): &(String, String)| (r == "*" || *r == *row.plural) && (s == "*" || s == sub);
        scope
            && has(&self.operations, word(subject.attributes.operation))
            && has(&self.groups, &row.group)
            && has(&self.versions, &row.version)
            && self.resources.iter().any(resource)
            && (self.names.is_empty() || self.names.iter().any(|n| n == subject.name))
    }
}

/// A label selector, or why it is none.
type Selects = Result<Selector, String>;

/// Rules and selectors of a webhook, a policy or a binding.
#[derive(Debug)]
pub struct Criteria {
    rules: Vec<Rule>,
    excluded: Vec<Rule>,
    equivalent: bool,
    /// No rules select everything (a binding's) or nothing (a webhook's).
    all_without_rules: bool,
    namespaces: Selects,
    objects: Selects,
}

fn selector(of: &Value, key: &str) -> Selects {
    match of.get(key) {
        None | Some(Value::Null) => Ok(Selector::everything()),
        Some(selector) => Selector::from_label_selector(selector),
    }
}

impl Criteria {
    /// Of a webhook: `rules`, and selectors beside them.
    #[must_use]
    pub fn of_webhook(hook: &Value) -> Self {
        Criteria {
            rules: list(hook, "/rules").iter().map(Rule::read).collect(),
            excluded: Vec::new(),
            equivalent: text(hook, "/matchPolicy") == "Equivalent",
            all_without_rules: false,
            namespaces: selector(hook, "namespaceSelector"),
            objects: selector(hook, "objectSelector"),
        }
    }

    /// Of `MatchResources`.
    #[must_use]
    pub fn of_resources(resources: &Value) -> Self {
        Criteria {
            rules: list(resources, "/resourceRules").iter().map(Rule::read).collect(),
            excluded: list(resources, "/excludeResourceRules").iter().map(Rule::read).collect(),
            equivalent: text(resources, "/matchPolicy") == "Equivalent",
            all_without_rules: true,
            namespaces: selector(resources, "namespaceSelector"),
            objects: selector(resources, "objectSelector"),
        }
    }

    /// The row that one of the rules names: the request's own first, then another version of it.
    fn named(&self, rules: &[Rule], subject: &Subject<'_>) -> Option<Row> {
        if rules.iter().any(|rule| rule.matches(subject, subject.attributes.resource)) {
            return subject.row();
        }
        if !self.equivalent || rules.is_empty() {
            return None;
        }
        let equivalents = subject.rows.equivalents(subject.attributes.resource);
        rules.iter().find_map(|rule| equivalents.iter().find(|row| rule.matches(subject, row)).cloned())
    }

    /// The row in whose form the request is matched, or `None`: it does not match.
    ///
    /// # Errors
    /// It matches as far as the rules go, but a selector cannot be asked.
    pub fn matches(&self, subject: &Subject<'_>) -> Result<Option<Row>, Status> {
        let in_namespace = self.in_namespace(subject);
        if matches!(in_namespace, Ok(false)) {
            return Ok(None);
        }
        let selected = self.selected(subject);
        if matches!(selected, Ok(false)) {
            return Ok(None);
        }
        if self.named(&self.excluded, subject).is_some() {
            return Ok(None);
        }
        let row = if self.rules.is_empty() && self.all_without_rules {
            subject.row()
        } else {
            self.named(&self.rules, subject)
        };
        if row.is_some() {
            in_namespace?;
            selected?;
        }
        Ok(row)
    }

    fn in_namespace(&self, subject: &Subject<'_>) -> Result<bool, Status> {
        if subject.namespace.is_empty() && !subject.is_namespace() {
            return Ok(true);
        }
        let selector = self.namespaces.as_ref().map_err(Status::internal)?;
        if selector.is_everything() {
            return Ok(true);
        }
        Ok(selector.matches_map(&subject.namespace_labels()?))
    }

    fn selected(&self, subject: &Subject<'_>) -> Result<bool, Status> {
        let selector = self.objects.as_ref().map_err(Status::internal)?;
        if selector.is_everything() {
            return Ok(true);
        }
        let old = subject.attributes.old.unwrap_or(&Value::Null);
        Ok([subject.object, old].into_iter().any(|o| o.is_object() && selector.matches_object(o)))
    }
}
