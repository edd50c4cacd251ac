//! `MutatingAdmissionPolicy`.

use apimachinery::{
    managed::configure,
    meta, patch,
    status::{Cause, Status, reason},
};
use serde_json::Value;

use super::{
    Invocation, Misconfigured, Policies,
    definition::{Form, Mutation, Rules},
};
use crate::{
    admission::{
        conditions::Verdict,
        inputs::{Inputs, POLICY_BUDGET},
        refuse,
        webhook::replace,
    },
    contract::{Admission, Attributes},
};

/// The object after a mutation, in the form that the policy sees.
fn changed(mutation: &Mutation, invocation: &Invocation<'_>, inputs: &Inputs<'_>) -> Result<Value, String> {
    let scope = inputs.scope(POLICY_BUDGET, &invocation.policy.variables);
    let value = mutation.expression.evaluate(&scope)?.to_json().map_err(|e| e.to_string())?;
    match mutation.form {
        Form::Patch => match patch::json::apply(inputs.object(), &value) {
            Ok(patched) => Ok(patched),
            // A test that fails keeps the patch away.
            Err(_) if tests_fail(inputs.object(), &value) => Ok(inputs.object().clone()),
            Err(e) => Err(format!("JSON Patch: {e}")),
        },
        Form::Apply => {
            let mut wanted = value;
            let (version, kind) = (meta::api_version(inputs.object()), meta::kind(inputs.object()));
            meta::set_gvk(&mut wanted, version, kind);
            configure(inputs.object(), &wanted, invocation.row.schema())
                .map_err(|e| format!("error applying patch: {e}"))
        }
    }
}

/// Is it a test that fails? The operations up to it do, and the same without its tests do not.
fn tests_fail(object: &Value, patch: &Value) -> bool {
    let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
    let without: Value = operations.iter().filter(|o| o["op"] != "test").cloned().collect();
    operations.iter().any(|o| o["op"] == "test") && patch::json::apply(object, &without).is_ok()
}

impl Policies {
    pub(super) fn mutate_all(&self, attributes: &Attributes<'_>, object: &mut Value) -> Result<(), Status> {
        let Some(bound) = self.bound(attributes) else { return Ok(()) };
        let (rounds, plugin) = (attributes.rounds, self.name());
        rounds.begin(plugin, object);
        let seen = object.clone();
        let (invocations, wrong) = self.concerned(&bound, &self.subject(attributes, &seen));
        let mut errors: Vec<(String, &str)> = wrong.iter().map(|w| (misconfigured(w), reason::FORBIDDEN)).collect();
        for invocation in &invocations {
            let Rules::Mutate { mutations, reinvoked } = &invocation.policy.rules else { continue };
            let (policy, binding) = (&invocation.policy.name, &invocation.binding.name);
            let id =
                format!("{policy}/{binding}/{}/{}", meta::namespace(&invocation.param), meta::name(&invocation.param));
            match self.run(invocation, mutations, attributes, object, rounds.calls(plugin, &id))? {
                Ran::Excluded => continue,
                Ran::Failed(messages) if invocation.policy.ignores_failure => drop(messages),
                Ran::Failed(messages) => {
                    let text = |m: String| {
                        (format!("policy '{policy}' with binding '{binding}' denied request: {m}"), reason::INVALID)
                    };
                    errors.extend(messages.into_iter().map(text));
                }
                Ran::Done(true) => rounds.changed(plugin),
                Ran::Done(false) => {}
            }
            if *reinvoked {
                rounds.invoked(plugin, &id);
            }
        }
        rounds.end(plugin, object);
        let Some((first, why)) = errors.first() else { return Ok(()) };
        let mut status = refuse(attributes, object, "admission request denied by policy");
        status.message.clone_from(first);
        status.reason = (*why).into();
        let causes = errors.into_iter().map(|(message, _)| Cause { message, ..Cause::default() });
        status.details.get_or_insert_default().causes.extend(causes);
        Err(status)
    }

    fn run(
        &self,
        invocation: &Invocation<'_>,
        mutations: &[Mutation],
        attributes: &Attributes<'_>,
        object: &mut Value,
        called: bool,
    ) -> Result<Ran, Status> {
        let (policy, row, param) = (invocation.policy, &invocation.row, &invocation.param);
        let judged = {
            let subject = self.subject(attributes, object);
            policy.conditions.ask(&Inputs::new(&subject, row, param, &*self.authorizer), &policy.variables)
        };
        match judged {
            Verdict::Matches if called => {}
            Verdict::Matches | Verdict::Excluded => return Ok(Ran::Excluded),
            Verdict::Failed(message) => return Ok(Ran::Failed(vec![message])),
        }
        let (mut any, mut failed) = (false, Vec::new());
        for mutation in mutations {
            if !object.is_object() {
                break;
            }
            let result = {
                let subject = self.subject(attributes, object);
                let inputs = Inputs::new(&subject, row, param, &*self.authorizer);
                changed(mutation, invocation, &inputs).map(|next| (inputs.object().clone(), next))
            };
            match result {
                Ok((shown, next)) => any |= replace(attributes, row, object, &shown, next)?,
                Err(message) => failed.push(message),
            }
        }
        Ok(if failed.is_empty() { Ran::Done(any) } else { Ran::Failed(failed) })
    }
}

/// How a policy ended.
enum Ran {
    /// It is not about this object, or not in this round.
    Excluded,
    /// With errors.
    Failed(Vec<String>),
    /// Well; and did it change anything?
    Done(bool),
}

fn misconfigured(wrong: &Misconfigured<'_>) -> String {
    let (policy, message) = (&wrong.policy.name, &wrong.message);
    match wrong.binding {
        Some(binding) => format!("policy '{policy}' with binding '{}' denied request: {message}", binding.name),
        None => format!("policy {policy:?} denied request: {message}"),
    }
}
