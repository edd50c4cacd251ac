//! Bindings: a pod gets its node.

use std::sync::Arc;

use apimachinery::{field::aggregate, meta, status::Status};
use serde_json::Value;

use super::done;
use crate::{
    registry::{Call, Outcome},
    server::ApiServer,
    strategies::pod,
};

pub async fn bind(server: &Arc<ApiServer>, call: &Call, binding: &Value, name: &str) -> Result<Outcome, Status> {
    if meta::name(binding) != name {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    let errors = api::validation::binding(binding);
    if !errors.is_empty() {
        return Err(Status::internal(aggregate(&errors)));
    }
    let row = server.registry.row("", "v1", "pods").ok_or_else(Status::generic_not_found)?;
    let mut pod_call = call.about(&row, "update", "binding", &call.info.namespace, name);
    pod_call.options.inner = true;
    let (uid, version) = (meta::uid(binding).to_owned(), meta::resource_version(binding).to_owned());
    let change = |object: &mut Value| {
        let conflict = |message: &str| Status::conflict("", "pods/binding", name, message);
        for (what, wanted, found) in
            [("UID", &uid, meta::uid(object)), ("ResourceVersion", &version, meta::resource_version(object))]
        {
            if !wanted.is_empty() && wanted != found {
                return Err(conflict(&format!(
                    "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
                )));
            }
        }
        pod::bind(object, binding, call.now).map_err(|message| conflict(&message))
    };
    server.registry.modify(&pod_call, &change).await?;
    Ok(done())
}
