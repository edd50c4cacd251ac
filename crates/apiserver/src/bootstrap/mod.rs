//! Default objects.
use crate::{contract::Job, server::ApiServer};
use apimachinery::status::Status;
use std::sync::Arc;

/// Writes the default objects.
pub fn run(server: Arc<ApiServer>) -> Job<'static, Result<(), Status>> {
    let _ = server;
    Box::pin(async { Ok(()) })
}
