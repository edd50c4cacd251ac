//! What is answered, not stored: reviews, tokens, bindings, evictions.

mod binding;
mod component_status;
mod eviction;
pub(crate) mod reviews;
mod rules;
mod token;

use std::sync::Arc;

use apimachinery::status::Status;
use serde_json::Value;

use crate::{
    contract::{Job, Operation},
    registry::{Call, Outcome},
    server::ApiServer,
};

/// Is it answered here?
#[must_use]
pub fn handles(call: &Call) -> bool {
    if !call.row.storage.stored {
        return true;
    }
    matches!(
        (call.row.group.as_ref(), call.row.plural.as_ref(), call.info.subresource.as_str()),
        ("", "pods", "binding" | "eviction") | ("", "serviceaccounts", "token")
    )
}

/// The answer.
pub fn answer<'a>(server: &'a Arc<ApiServer>, call: &'a Call, object: Value) -> Job<'a, Result<Outcome, Status>> {
    Box::pin(async move {
        let mut object = object;
        if call.info.verb == "create" {
            server.registry.admit(call, Operation::Create, None, &mut object).await?;
        }
        match (call.row.group.as_ref(), call.row.plural.as_ref(), call.info.subresource.as_str()) {
            ("", "componentstatuses", "") => component_status::answer(server, call),
            ("", "bindings", "") => binding::bind(server, call, &object, apimachinery::meta::name(&object)).await,
            ("", "pods", "binding") => binding::bind(server, call, &object, &call.info.name).await,
            ("", "pods", "eviction") => eviction::evict(server, call, &object).await,
            ("", "serviceaccounts", "token") => token::issue(server, call, object),
            ("authentication.k8s.io", "tokenreviews", "") => reviews::token(server, call, object),
            ("authentication.k8s.io", "selfsubjectreviews", "") => Ok(reviews::self_subject(call, object)),
            (
                "authorization.k8s.io",
                "subjectaccessreviews" | "localsubjectaccessreviews" | "selfsubjectaccessreviews",
                "",
            ) => reviews::access(server, call, object),
            ("authorization.k8s.io", "selfsubjectrulesreviews", "") => rules::answer(server, call, object),
            _ => Err(Status::generic_not_found()),
        }
    })
}

/// `{"kind":"Status","status":"Success"}` with 201.
fn done() -> Outcome {
    let mut outcome = Outcome::status(Status { code: 201, ..Status::success() });
    outcome.code = 201;
    outcome
}
