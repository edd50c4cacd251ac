//! `ValidatingAdmissionPolicy`.

use apimachinery::status::{Cause, Status, reason};
use cel::Value as CelValue;
use serde_json::Value;

use super::{
    Invocation, Misconfigured, Policies,
    definition::{Rules, Validation},
};
use crate::{
    admission::{
        conditions::Verdict,
        inputs::{Inputs, POLICY_BUDGET},
        refuse,
    },
    contract::Attributes,
};

/// Longer messages of expressions are not shown.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// One thing that a policy does not like.
#[derive(Debug, PartialEq, Eq)]
struct Denial {
    reason: String,
    message: String,
    /// Of an audit annotation: it denies whatever the actions say.
    always: bool,
}

impl Denial {
    fn error(message: String) -> Self {
        Denial { reason: String::new(), message, always: false }
    }
}

/// The message of a refusal: what the expression gives, or the fixed one, or the condition itself.
fn message(validation: &Validation, scope: &cel::Scope<'_>) -> String {
    let by_expression = validation.message_expression.as_ref().and_then(|e| match e.evaluate(scope) {
        Ok(CelValue::String(text)) => Some(text.trim().to_owned()),
        Ok(_) | Err(_) => None,
    });
    by_expression
        .filter(|text| !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n'))
        .or_else(|| Some(validation.message.clone()).filter(|m| !m.is_empty()))
        .unwrap_or_else(|| format!("failed expression: {}", validation.expression.text.trim()))
}

/// What one policy says with one parameter.
fn judge(invocation: &Invocation<'_>, inputs: &Inputs<'_>) -> Vec<Denial> {
    let policy = invocation.policy;
    let Rules::Validate { validations, annotations } = &policy.rules else { return Vec::new() };
    let mut denials = Vec::new();
    let errors = |message: String| (!policy.ignores_failure).then(|| Denial::error(message));
    match policy.conditions.ask(inputs, &policy.variables) {
        Verdict::Matches => {}
        Verdict::Excluded => return denials,
        Verdict::Failed(message) => return errors(message).into_iter().collect(),
    }
    let scope = inputs.scope(POLICY_BUDGET, &policy.variables);
    for validation in validations {
        match validation.expression.evaluate(&scope) {
            Ok(CelValue::Bool(true)) => {}
            Ok(_) => denials.push(Denial {
                reason: validation.reason.clone(),
                message: message(validation, &scope),
                always: false,
            }),
            Err(message) => denials.extend(errors(message)),
        }
    }
    let scope = inputs.scope(POLICY_BUDGET, &policy.variables);
    for annotation in annotations {
        if let Err(message) = annotation.evaluate(&scope) {
            denials.extend(errors(message).map(|denial| Denial { always: true, ..denial }));
        }
    }
    denials
}

/// The answer to a request that is refused.
fn refusal(attributes: &Attributes<'_>, object: &Value, message: String, why: &str) -> Status {
    let shown = if object.is_object() { object } else { attributes.old.unwrap_or(&Value::Null) };
    let mut status = refuse(attributes, shown, &message);
    let (word, code) = match why {
        "Forbidden" => (reason::FORBIDDEN, 403),
        "RequestEntityTooLarge" => ("RequestEntityTooLarge", 413),
        "Unauthorized" => ("Unauthorized", 401),
        _ => (reason::INVALID, 422),
    };
    status.reason = word.into();
    status.code = code;
    status.details.get_or_insert_default().causes.push(Cause { message, ..Cause::default() });
    status
}

impl Policies {
    pub(super) fn validate_all(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let Some(bound) = self.bound(attributes) else { return Ok(()) };
        let subject = self.subject(attributes, object);
        let (invocations, wrong) = self.concerned(&bound, &subject);
        let mut first: Option<(String, String)> = None;
        let mut deny = |policy: &str, binding: Option<&str>, message: &str, reason: &str| {
            let of = binding.map(|b| format!(" with binding '{b}'")).unwrap_or_default();
            let text = format!("ValidatingAdmissionPolicy '{policy}'{of} denied request: {message}");
            first.get_or_insert((text, reason.to_owned()));
        };
        for Misconfigured { policy, binding, message } in &wrong {
            deny(&policy.name, binding.map(|b| b.name.as_str()), message, "");
        }
        for invocation in &invocations {
            let (policy, binding) = (&invocation.policy.name, invocation.binding);
            let inputs = Inputs::new(&subject, &invocation.row, &invocation.param, &*self.authorizer);
            for denial in judge(invocation, &inputs) {
                let has = |action: &str| binding.actions.iter().any(|a| a == action);
                if denial.always || has("Deny") {
                    deny(policy, Some(&binding.name), &denial.message, &denial.reason);
                }
                if !denial.always && has("Warn") {
                    let (name, message) = (&binding.name, &denial.message);
                    attributes.warnings.add(format!(
                        "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{name}': {message}"
                    ));
                }
            }
        }
        first.map_or(Ok(()), |(message, why)| Err(refusal(attributes, object, message, &why)))
    }
}
