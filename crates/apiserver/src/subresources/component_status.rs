//! `componentstatuses`: the store, which is the only component that this server looks at itself.

use std::sync::Arc;

use apimachinery::status::Status;
use serde_json::{Value, json};

use crate::{
    registry::{Call, Outcome},
    server::ApiServer,
};

const STORE: &str = "etcd-0";

fn store(server: &ApiServer) -> Value {
    let (status, message) =
        if server.store_answers() { ("True", "ok") } else { ("False", "the datastore does not answer") };
    json!({"apiVersion": "v1", "kind": "ComponentStatus", "metadata": {"name": STORE}, "conditions": [{"type": "Healthy", "status": status, "message": message}]})
}

pub fn answer(server: &Arc<ApiServer>, call: &Call) -> Result<Outcome, Status> {
    match (call.info.verb, call.info.name.as_str()) {
        ("get", STORE) => Ok(Outcome::value(200, store(server))),
        ("list", _) => Ok(Outcome::value(
            200,
            json!({"apiVersion": "v1", "kind": "ComponentStatusList", "metadata": {}, "items": [store(server)]}),
        )),
        _ => Err(call.not_found()),
    }
}
