//! `get`: one object from memory.

use apimachinery::status::Status;
use serde_json::Value;

use crate::{
    cache::object::Obj,
    registry::{Call, Outcome, Registry, answer, errors},
    request::Query,
};
use std::sync::Arc;

/// The resourceVersion of a query: `None` is "the newest".
///
/// # Errors
/// It is no number.
pub fn wanted_revision(query: &Query) -> Result<Option<u64>, Status> {
    match query.get("resourceVersion").filter(|t| !t.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            Status::bad_request(format!(
                "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        }),
    }
}

impl Registry {
    /// Waits until the cache answers a read at a revision (`None`: the newest).
    pub(crate) async fn wait_for(&self, revision: Option<u64>) -> Result<(), Status> {
        match revision {
            None => self.cache.fresh().await.map_err(errors::from_cache),
            Some(0) => Ok(()),
            Some(revision) => self.cache.wait(revision).await.map_err(errors::from_cache),
        }
    }

    /// The object that a call names.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, call: &Call) -> Result<Outcome, Status> {
        self.get_at(call, &Query::default()).await
    }

    /// The object as a tree, with its resourceVersion, in the form of the call's row.
    ///
    /// # Errors
    /// There is none.
    pub async fn get_value(&self, call: &Call) -> Result<Value, Status> {
        Ok(self.get(call).await?.into_value())
    }

    /// The stored object that a call names.
    pub(crate) async fn get_stored(&self, call: &Call) -> Result<Arc<Obj>, Status> {
        self.current(call).await
    }

    /// The same with the options of a request.
    pub(crate) async fn get_at(&self, call: &Call, query: &Query) -> Result<Outcome, Status> {
        self.wait_for(wanted_revision(query)?).await?;
        let kind = self.kind(call)?;
        let key = crate::registry::keys::key(&call.row, &call.info.namespace, &call.info.name);
        let object = kind.get(&key).ok_or_else(|| call.not_found())?;
        Ok(answer(call, &kind.row, 200, object.encoded.clone(), object.revision, None))
    }
}
