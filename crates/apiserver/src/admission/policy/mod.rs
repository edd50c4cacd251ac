//! Admission policies: CEL expressions that refuse, warn or change, with their bindings.

mod definition;
mod mutate;
mod params;
mod validate;

use std::sync::Arc;

use apimachinery::status::Status;
use serde_json::Value;

use self::definition::{Binding, Bound, Policy};
use super::{
    all,
    matching::{Subject, exempt},
};
use crate::{
    contract::{Admission, Attributes, Authorizer, Job, Operation, Reader},
    registry::{Row, Rows},
};

const GROUP: &str = "admissionregistration.k8s.io";

/// The kinds of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `MutatingAdmissionPolicy`.
    Mutating,
    /// `ValidatingAdmissionPolicy`.
    Validating,
}

impl Kind {
    const fn resources(self) -> (&'static str, &'static str) {
        match self {
            Kind::Mutating => ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
            Kind::Validating => ("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
        }
    }
}

/// The generations of both kinds that a snapshot was read at, and the snapshot.
type Known = Option<((u64, u64), Arc<[Bound]>)>;

/// The plugin, once for each kind.
pub struct Policies {
    kind: Kind,
    reader: Arc<dyn Reader>,
    authorizer: Arc<dyn Authorizer>,
    rows: Arc<Rows>,
    known: parking_lot::Mutex<Known>,
}

/// A policy, a binding and a parameter that concern a request; or what is wrong with their configuration.
struct Invocation<'p> {
    policy: &'p Policy,
    binding: &'p Binding,
    row: Row,
    param: Value,
}

/// What is wrong with a policy (or with a binding of it) for this request.
struct Misconfigured<'p> {
    policy: &'p Policy,
    binding: Option<&'p Binding>,
    message: String,
}

impl Policies {
    pub fn new(kind: Kind, reader: Arc<dyn Reader>, authorizer: Arc<dyn Authorizer>, rows: Arc<Rows>) -> Self {
        Policies { kind, reader, authorizer, rows, known: parking_lot::Mutex::default() }
    }

    /// The policies that may concern a request; mostly none.
    fn bound(&self, attributes: &Attributes<'_>) -> Option<Arc<[Bound]>> {
        let (policies, bindings) = self.kind.resources();
        // Asked before the objects are read: a change in between is noticed next time.
        let generation = (self.reader.generation(GROUP, policies), self.reader.generation(GROUP, bindings));
        let mut known = self.known.lock();
        let bound = match &*known {
            Some((at, bound)) if *at == generation => bound.clone(),
            _ => {
                let reader = &*self.reader;
                let mutating = self.kind == Kind::Mutating;
                let read =
                    definition::read(all(reader, GROUP, policies, ""), all(reader, GROUP, bindings, ""), mutating);
                known.insert((generation, read)).1.clone()
            }
        };
        (!bound.is_empty() && !attributes.inner && !exempt(attributes)).then_some(bound)
    }

    fn subject<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Subject<'a> {
        Subject::new(attributes, object, &self.rows, &*self.reader)
    }

    /// What concerns a request, in order.
    fn concerned<'p>(
        &self,
        bound: &'p [Bound],
        subject: &Subject<'_>,
    ) -> (Vec<Invocation<'p>>, Vec<Misconfigured<'p>>) {
        let (mut invocations, mut wrong) = (Vec::new(), Vec::new());
        for Bound { policy, bindings } in bound {
            let row = match policy.criteria.matches(subject) {
                Ok(Some(row)) => row,
                Ok(None) => continue,
                Err(status) => {
                    let message = format!("failed to configure policy: {}", status.message);
                    wrong.push(Misconfigured { policy, binding: None, message });
                    continue;
                }
            };
            for binding in bindings {
                match self.params_of(policy, binding, subject) {
                    Ok(params) => invocations.extend(params.into_iter().map(|param| Invocation {
                        policy,
                        binding,
                        row: row.clone(),
                        param,
                    })),
                    Err(message) => {
                        let message = format!("failed to configure binding: {message}");
                        wrong.push(Misconfigured { policy, binding: Some(binding), message });
                    }
                }
            }
        }
        wrong.retain(|w| !w.policy.ignores_failure);
        (invocations, wrong)
    }

    /// The parameters of a binding that matches; none where it does not.
    fn params_of(&self, policy: &Policy, binding: &Binding, subject: &Subject<'_>) -> Result<Vec<Value>, String> {
        if let Some(criteria) = &binding.criteria
            && criteria.matches(subject).map_err(|status| status.message)?.is_none()
        {
            return Ok(Vec::new());
        }
        let namespace = if subject.attributes.resource.namespaced { subject.namespace } else { "" };
        let (kind, reference) = (policy.param_kind.as_ref(), binding.params.as_ref());
        params::collect(kind, reference, namespace, &self.rows, &*self.reader).map_err(|e| e.to_string())
    }
}

impl Admission for Policies {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Mutating => "MutatingAdmissionPolicy",
            Kind::Validating => "ValidatingAdmissionPolicy",
        }
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let applies = self.kind == Kind::Mutating && attributes.operation != Operation::Delete;
        let answer = if applies { self.mutate_all(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let answer = if self.kind == Kind::Validating { self.validate_all(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }
}
