//! Admission webhooks: servers outside that change or refuse objects.

mod client;
mod hook;
pub mod review;
mod trust;

use std::sync::Arc;

use apimachinery::{patch, status::Status};
use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::Value;

pub use self::hook::Kind;
use self::{
    hook::Hook,
    review::{BadResponse, Response, Version},
};
use super::{
    Derived,
    conditions::Verdict,
    matching::{Subject, exempt},
};
use crate::{
    config::Config,
    contract::{Admission, Attributes, Authorizer, Job, Reader},
    registry::{Row, Rows, convert, decode, prepare},
};

/// The plugin, once for the webhooks that change objects and once for those that only look.
pub struct Webhooks {
    kind: Kind,
    config: Arc<Config>,
    reader: Arc<dyn Reader>,
    authorizer: Arc<dyn Authorizer>,
    rows: Arc<Rows>,
    hooks: Derived<Arc<[Hook]>>,
}

/// Why a webhook has no answer, or what it answered.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It could not be asked: the failure policy says what that means.
    #[error("failed calling webhook {hook:?}: {reason}")]
    Call {
        /// Its name.
        hook: String,
        /// What happened.
        reason: String,
    },
    /// It said no, or its answer cannot be followed.
    #[error("{}", .0.message)]
    Refused(Box<Status>),
}

impl Webhooks {
    pub fn new(
        kind: Kind,
        config: &Arc<Config>,
        reader: Arc<dyn Reader>,
        authorizer: Arc<dyn Authorizer>,
        rows: Arc<Rows>,
    ) -> Self {
        let plural = match kind {
            Kind::Mutating => "mutatingwebhookconfigurations",
            Kind::Validating => "validatingwebhookconfigurations",
        };
        let hooks = Derived::from("admissionregistration.k8s.io", plural);
        Webhooks { kind, config: config.clone(), reader, authorizer, rows, hooks }
    }

    /// The webhooks that may concern a request; mostly none.
    fn hooks(&self, attributes: &Attributes<'_>) -> Option<Arc<[Hook]>> {
        let hooks = self.hooks.get(&*self.reader, hook::read);
        (!hooks.is_empty() && !attributes.inner && !exempt(attributes)).then_some(hooks)
    }

    fn subject<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Subject<'a> {
        Subject::new(attributes, object, &self.rows, &*self.reader)
    }

    /// The row in whose form a webhook sees the request, if it does.
    fn concerns(&self, hook: &Hook, subject: &Subject<'_>) -> Result<Option<Row>, Status> {
        let Some(row) = hook.criteria.matches(subject)? else { return Ok(None) };
        match hook.conditions.judge(subject, &row, &Value::Null, &*self.authorizer) {
            Verdict::Matches => Ok(Some(row)),
            Verdict::Excluded => Ok(None),
            Verdict::Failed(message) => {
                let own = subject.attributes.resource;
                Err(Status::forbidden(&own.group, &own.plural, subject.name, &message))
            }
        }
    }

    /// Asks one webhook; `Ok`: it allows.
    async fn ask(
        &self,
        hook: &Hook,
        row: &Row,
        attributes: &Attributes<'_>,
        object: &Value,
    ) -> Result<Response, Failure> {
        let failed = |reason: String| Failure::Call { hook: hook.name.clone(), reason };
        if attributes.dry_run && !hook.dry_runs {
            let message = format!("admission webhook {:?} does not support dry run", hook.name);
            return Err(Failure::Refused(Box::new(Status::bad_request(message))));
        }
        let Some(version) = Version::choose(&hook.versions) else {
            return Err(failed(
                "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)".into(),
            ));
        };
        let target = hook.target.as_ref().map_err(|reason| failed(format!("could not get REST client: {reason}")))?;
        let uid = prepare::uid(&self.config.random);
        // The subject is made here: it does not live over a wait.
        let body = review::request(&self.subject(attributes, object), row, version, &uid);
        let body = Bytes::from(serde_json::to_vec(&body).map_err(|e| failed(e.to_string()))?);
        let answer = target
            .post(&*self.reader, body, hook.timeout)
            .await
            .map_err(|e| failed(format!("failed to call webhook: {e}")))?;
        let response = review::response(&answer, version, &uid, self.kind == Kind::Mutating).map_err(|e| match e {
            BadResponse::Unsupported(_) => failed(e.to_string()),
            other => failed(format!("received invalid webhook response: {other}")),
        })?;
        response.warnings.iter().for_each(|warning| attributes.warnings.add(warning.as_str()));
        if response.allowed {
            return Ok(response);
        }
        Err(Failure::Refused(Box::new(review::denied(&hook.name, response.status.as_ref()))))
    }

    /// What a failure means for the request; `None`: nothing.
    fn meaning(&self, hook: &Hook, failure: Failure) -> Option<Status> {
        match failure {
            Failure::Refused(status) => Some(*status),
            Failure::Call { .. } if hook.ignores_failure => {
                (self.config.log)(&format!("{failure}; the request goes on"));
                None
            }
            Failure::Call { .. } => Some(Status::internal(failure)),
        }
    }

    async fn mutate_all(&self, attributes: &Attributes<'_>, object: &mut Value) -> Result<(), Status> {
        let Some(hooks) = self.hooks(attributes) else { return Ok(()) };
        let (rounds, plugin) = (attributes.rounds, self.name());
        rounds.begin(plugin, object);
        for hook in &*hooks {
            let Some(row) = self.concerns(hook, &self.subject(attributes, object))? else { continue };
            if !rounds.calls(plugin, &hook.id) {
                continue;
            }
            match self.ask(hook, &row, attributes, object).await {
                Ok(Response { patch: Some(patch), .. }) => {
                    if self.change(hook, &row, attributes, object, &patch)? {
                        rounds.changed(plugin);
                    }
                }
                Ok(_) => {}
                Err(failure) => {
                    if let Some(status) = self.meaning(hook, failure) {
                        return Err(status);
                    }
                }
            }
            if hook.reinvoked {
                rounds.invoked(plugin, &hook.id);
            }
        }
        rounds.end(plugin, object);
        Ok(())
    }

    /// Applies a patch to the object in the form that the webhook saw. Says whether that changed anything.
    fn change(
        &self,
        hook: &Hook,
        row: &Row,
        attributes: &Attributes<'_>,
        object: &mut Value,
        patch: &[u8],
    ) -> Result<bool, Status> {
        let patch: Value = match serde_json::from_slice(patch) {
            Ok(patch) => patch,
            Err(e) => {
                let reason = format!("received undecodable patch in webhook response: {e}");
                let failure = Failure::Call { hook: hook.name.clone(), reason };
                return self.meaning(hook, failure).map_or(Ok(false), Err);
            }
        };
        if patch.as_array().is_some_and(Vec::is_empty) {
            return Ok(false);
        }
        if !object.is_object() {
            let name = &hook.name;
            return Err(Status::internal(format!(
                "admission webhook {name:?} attempted to modify the object, which is not supported for this operation"
            )));
        }
        let shown = self.subject(attributes, object).shown(object, row).into_owned();
        let patched = patch::json::apply(&shown, &patch).map_err(Status::internal)?;
        replace(attributes, row, object, &shown, patched)
    }

    /// What one webhook has against the object.
    async fn objection(&self, hook: &Hook, row: &Row, attributes: &Attributes<'_>, object: &Value) -> Option<Status> {
        let failure = self.ask(hook, row, attributes, object).await.err()?;
        self.meaning(hook, failure)
    }

    async fn validate_all(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let Some(hooks) = self.hooks(attributes) else { return Ok(()) };
        let mut concerned = Vec::new();
        for hook in &*hooks {
            if let Some(row) = self.concerns(hook, &self.subject(attributes, object))? {
                concerned.push((hook, row));
            }
        }
        let asked: Vec<_> = concerned.iter().map(|(hook, row)| self.objection(hook, row, attributes, object)).collect();
        join_all(asked).await.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

/// Puts a changed object, in the form of `row`, in the place of the stored form. Says whether anything changed.
///
/// # Errors
/// It no longer fits its type.
pub fn replace(
    attributes: &Attributes<'_>,
    row: &Row,
    object: &mut Value,
    shown: &Value,
    mut patched: Value,
) -> Result<bool, Status> {
    let sub = row.subresource(&attributes.info.subresource);
    let schema = match sub {
        Some(sub) if sub.kind != row.kind => api::kind_schema(&sub.group, &sub.version, &sub.kind),
        _ => Some(row.schema()),
    };
    let found = schema.map(|schema| decode::fit(schema, &mut patched)).unwrap_or_default();
    if let Some(wrong) = found.wrong.first() {
        return Err(Status::internal(wrong));
    }
    if patched == *shown {
        return Ok(false);
    }
    if attributes.info.subresource == "scale" {
        let replicas = patched.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("replicas".into(), replicas);
        }
        return Ok(true);
    }
    if sub.is_none_or(|sub| sub.kind == row.kind) {
        api::defaults::apply(row, &mut patched);
        convert::convert(row, attributes.stored, &mut patched);
    }
    *object = patched;
    Ok(true)
}

impl Admission for Webhooks {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Mutating => "MutatingAdmissionWebhook",
            Kind::Validating => "ValidatingAdmissionWebhook",
        }
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        match self.kind {
            Kind::Mutating => Box::pin(self.mutate_all(attributes, object)),
            Kind::Validating => Box::pin(async { Ok(()) }),
        }
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        match self.kind {
            Kind::Mutating => Box::pin(async { Ok(()) }),
            Kind::Validating => Box::pin(self.validate_all(attributes, object)),
        }
    }
}
