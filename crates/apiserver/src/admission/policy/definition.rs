//! Policies and bindings as they are configured, read and compiled once for all requests.

use std::sync::Arc;

use api::expressions::{Compiler, Names, Wanted, named};
use apimachinery::selector::labels::Selector;
use cel::Program;
use serde_json::Value;

use crate::{
    admission::{
        conditions::{Conditions, Expression},
        matching::Criteria,
    },
    strategies::json::{list, text},
};

/// What a policy of either kind is.
#[derive(Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Errors count as allowed.
    pub ignores_failure: bool,
    /// Which requests it is about.
    pub criteria: Criteria,
    /// Further conditions.
    pub conditions: Conditions,
    /// The kind of its parameters.
    pub param_kind: Option<ParamKind>,
    /// What stands behind `variables`.
    pub variables: Vec<(String, Result<Program, String>)>,
    /// What it does.
    pub rules: Rules,
}

/// The kind of a policy's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamKind {
    /// Group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

/// What a policy does.
#[derive(Debug)]
pub enum Rules {
    /// Looks.
    Validate {
        /// What must be true.
        validations: Vec<Validation>,
        /// What goes to the audit log: only failures matter here, for there is no audit log.
        annotations: Vec<Expression>,
    },
    /// Changes.
    Mutate {
        /// The changes, in order.
        mutations: Vec<Mutation>,
        /// It wants to be called again after later changes.
        reinvoked: bool,
    },
}

/// What must be true.
#[derive(Debug)]
pub struct Validation {
    /// The condition.
    pub expression: Expression,
    /// What a refusal says.
    pub message: String,
    /// What a refusal says, from an expression.
    pub message_expression: Option<Expression>,
    /// The reason of a refusal.
    pub reason: String,
}

/// A change.
#[derive(Debug)]
pub struct Mutation {
    /// What the expression gives.
    pub form: Form,
    /// The expression.
    pub expression: Expression,
}

/// What a mutation's expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `Object{…}`, merged into the object.
    Apply,
    /// `[JSONPatch{…}]`.
    Patch,
}

/// A binding.
#[derive(Debug)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// What narrows the policy's criteria.
    pub criteria: Option<Criteria>,
    /// Where the parameters are.
    pub params: Option<ParamRef>,
    /// `Deny`, `Warn`, `Audit`.
    pub actions: Vec<String>,
}

/// Where parameters are.
#[derive(Debug)]
pub struct ParamRef {
    /// One of this name, or all that are selected.
    pub name: String,
    /// In this namespace, or (empty) in the request's.
    pub namespace: String,
    /// Which, where there is no name.
    pub selector: Option<Result<Selector, String>>,
    /// None is an error.
    pub required: bool,
}

/// A policy with its bindings.
#[derive(Debug)]
pub struct Bound {
    /// The policy.
    pub policy: Policy,
    /// Its bindings, by name.
    pub bindings: Vec<Binding>,
}

fn validation(one: &Value, compiler: &Compiler, names: Names) -> Validation {
    let by_expression = text(one, "/messageExpression");
    let messages = Names { authorizer: false, ..names };
    Validation {
        expression: Expression::new(compiler, text(one, "/expression"), names, Wanted::Bool),
        message: text(one, "/message").trim().to_owned(),
        message_expression: (!by_expression.trim().is_empty())
            .then(|| Expression::new(compiler, by_expression, messages, Wanted::Text)),
        reason: text(one, "/reason").to_owned(),
    }
}

fn mutation(one: &Value, compiler: &Compiler, names: Names) -> Mutation {
    let (form, pointer, wanted) = if text(one, "/patchType") == "JSONPatch" {
        (Form::Patch, "/jsonPatch/expression", Wanted::Patches)
    } else {
        (Form::Apply, "/applyConfiguration/expression", Wanted::Object)
    };
    let names = Names { patches: true, ..names };
    Mutation { form, expression: Expression::new(compiler, text(one, pointer), names, wanted) }
}

impl Policy {
    fn read(policy: &Value, mutating: bool) -> Self {
        let spec = &policy["spec"];
        let param_kind = spec.get("paramKind").filter(|k| k.is_object()).map(|kind| {
            let version = text(kind, "/apiVersion");
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            ParamKind { group: group.to_owned(), version: version.to_owned(), kind: text(kind, "/kind").to_owned() }
        });
        let names = Names { params: param_kind.is_some(), authorizer: true, patches: false };
        let mut compiler = Compiler::default();
        let variables = named(list(spec, "/variables"))
            .map(|(name, expression)| (name.to_owned(), compiler.variable(name, expression, names)))
            .collect();
        let ignores_failure = text(spec, "/failurePolicy") == "Ignore";
        let rules = if mutating {
            Rules::Mutate {
                mutations: list(spec, "/mutations").iter().map(|m| mutation(m, &compiler, names)).collect(),
                reinvoked: text(spec, "/reinvocationPolicy") == "IfNeeded",
            }
        } else {
            let annotation =
                |a: &Value| Expression::new(&compiler, text(a, "/valueExpression"), names, Wanted::TextOrNull);
            Rules::Validate {
                validations: list(spec, "/validations").iter().map(|v| validation(v, &compiler, names)).collect(),
                annotations: list(spec, "/auditAnnotations").iter().map(annotation).collect(),
            }
        };
        Policy {
            name: text(policy, "/metadata/name").to_owned(),
            ignores_failure,
            criteria: Criteria::of_resources(&spec["matchConstraints"]),
            conditions: Conditions::read(list(spec, "/matchConditions"), ignores_failure, names.params, &compiler),
            param_kind,
            variables,
            rules,
        }
    }
}

impl Binding {
    fn read(binding: &Value) -> Self {
        let spec = &binding["spec"];
        let reference = spec.get("paramRef").filter(|r| r.is_object()).map(|r| ParamRef {
            name: text(r, "/name").to_owned(),
            namespace: text(r, "/namespace").to_owned(),
            selector: r.get("selector").filter(|s| s.is_object()).map(Selector::from_label_selector),
            required: text(r, "/parameterNotFoundAction") == "Deny",
        });
        Binding {
            name: text(binding, "/metadata/name").to_owned(),
            criteria: spec.get("matchResources").filter(|m| m.is_object()).map(Criteria::of_resources),
            params: reference,
            actions: list(spec, "/validationActions").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

/// The policies that have a binding, both by name.
#[must_use]
pub fn read(mut policies: Vec<Value>, mut bindings: Vec<Value>, mutating: bool) -> Arc<[Bound]> {
    let by_name = |a: &Value, b: &Value| text(a, "/metadata/name").cmp(text(b, "/metadata/name"));
    policies.sort_by(by_name);
    bindings.sort_by(by_name);
    let of = |policy: &Value| {
        let name = text(policy, "/metadata/name");
        let own = bindings.iter().filter(|b| text(b, "/spec/policyName") == name).map(Binding::read);
        let bindings: Vec<Binding> = own.collect();
        (!bindings.is_empty()).then(|| Bound { policy: Policy::read(policy, mutating), bindings })
    };
    policies.iter().filter_map(of).collect()
}
