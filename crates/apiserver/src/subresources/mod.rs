//! What is answered, not stored.
use crate::{
    contract::Job,
    registry::{Call, Outcome},
    server::ApiServer,
};
use apimachinery::status::Status;
use serde_json::Value;
use std::sync::Arc;

/// Is it answered here?
#[must_use]
pub fn handles(call: &Call) -> bool {
    !call.row.storage.stored
}

/// The answer.
pub fn answer<'a>(server: &'a Arc<ApiServer>, call: &'a Call, object: Value) -> Job<'a, Result<Outcome, Status>> {
    let _ = (server, call, object);
    Box::pin(async { Err(Status::generic_not_found()) })
}
