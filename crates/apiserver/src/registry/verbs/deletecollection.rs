//! `deletecollection`: each object that a list shows is deleted as `delete` does it.

use apimachinery::status::Status;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::delete::DeleteOptions;
use crate::{
    cache::select::Selection,
    registry::{Call, Outcome, Registry, convert},
};

/// Deletions at the same time.
const AT_ONCE: usize = 16;

impl Registry {
    /// Deletes what is selected; answers with the objects as they were.
    ///
    /// # Errors
    /// One of the deletions was refused; those before it have happened.
    pub async fn delete_collection(
        &self,
        call: &Call,
        selection: &Selection,
        options: &DeleteOptions,
    ) -> Result<Outcome, Status> {
        options.validate()?;
        self.cache.fresh().await.map_err(crate::registry::errors::from_cache)?;
        let kind = self.kind(call)?;
        let (objects, revision) = kind.list(&selection.prefix);
        let revision = revision.max(self.cache.revision());
        let chosen = objects.into_iter().filter(|object| selection.matches(object));
        let deletions = stream::iter(chosen.map(|object| async move {
            let (namespace, name) = object.place();
            let one = call.about(&call.row, "delete", "", namespace, name);
            match self.delete(&one, options).await {
                Ok(_) => Ok(object),
                Err(status) if status.is_not_found() => Ok(object),
                Err(status) => Err(status),
            }
        }));
        let deleted: Vec<_> = deletions.buffered(AT_ONCE).try_collect().await?;
        let items: Vec<Value> = deleted
            .iter()
            .map(|object| {
                let mut value = object.value();
                convert::convert(&kind.row, &call.row, &mut value);
                value
            })
            .collect();
        let list = json!({
            "kind": call.row.list_kind, "apiVersion": call.row.api_version(),
            "metadata": {"resourceVersion": revision.to_string()}, "items": items,
        });
        Ok(Outcome::value(200, list))
    }
}
