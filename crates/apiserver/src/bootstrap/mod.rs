//! Objects that every cluster has: written on the first start, kept up on later ones.

mod cluster;
mod reconcile;

use std::{collections::HashMap, sync::Arc};

use apimachinery::{meta, status::Status};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{contract::Job, registry::Call, server::ApiServer};

/// What is wrong with the built-in objects: a fault of this program.
fn broken(error: impl std::fmt::Display) -> Status {
    Status::internal(format!("the built-in objects: {error}"))
}

/// Writes the default objects. Namespaces come first; the rest is written at the same time, so that few commits carry all of it.
pub fn run(server: Arc<ApiServer>) -> Job<'static, Result<(), Status>> {
    Box::pin(async move {
        let mut objects: Vec<Value> = serde_json::from_slice(api::bootstrap_objects()).map_err(broken)?;
        objects.extend(cluster::objects(&server.config));
        objects.extend(server.config.objects.iter().cloned());
        let (namespaces, rest): (Vec<Value>, Vec<Value>) =
            objects.into_iter().partition(|o| meta::kind(o) == "Namespace");
        write_all(&server, namespaces).await?;
        write_all(&server, rest).await
    })
}

async fn write_all(server: &Arc<ApiServer>, objects: Vec<Value>) -> Result<(), Status> {
    let mut plurals: HashMap<(String, String), (&'static str, &'static str, &'static str)> = HashMap::new();
    for row in api::table() {
        plurals.entry((row.api_version(), row.kind.to_string())).or_insert((&row.group, &row.version, &row.plural));
    }
    let mut tasks = JoinSet::new();
    for object in objects {
        let key = (meta::api_version(&object).to_owned(), meta::kind(&object).to_owned());
        let resource = *plurals.get(&key).ok_or_else(|| broken(format!("no resource for {} {}", key.0, key.1)))?;
        tasks.spawn(write(server.clone(), resource, object));
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Status::internal)??;
    }
    Ok(())
}

async fn write(
    server: Arc<ApiServer>,
    resource: (&'static str, &'static str, &'static str),
    object: Value,
) -> Result<(), Status> {
    let (namespace, name) = (meta::namespace(&object).to_owned(), meta::name(&object).to_owned());
    let registry = &server.registry;
    let call = |verb| registry.internal(resource, verb, &namespace, &name);
    if let Some(existing) = registry.reader.get(resource.0, resource.2, &namespace, &name) {
        let existing: Value = serde_json::from_slice(&existing).map_err(Status::internal)?;
        return keep_up(&server, &call, &existing, object).await;
    }
    let mut create = call("create")?;
    create.info.name.clear();
    match registry.create(&create, object).await {
        Err(status) if status.is_already_exists() => Ok(()),
        other => other.map(drop),
    }
}

async fn keep_up(
    server: &Arc<ApiServer>,
    call: &(dyn Fn(&'static str) -> Result<Call, Status> + Send + Sync),
    existing: &Value,
    expected: Value,
) -> Result<(), Status> {
    match reconcile::plan(existing, &expected) {
        reconcile::Plan::Nothing => Ok(()),
        reconcile::Plan::Change => {
            let change = |object: &mut Value| {
                reconcile::apply(object, &expected);
                Ok(())
            };
            server.registry.modify(&call("update")?, &change).await.map(drop)
        }
        reconcile::Plan::Replace => {
            server.registry.delete(&call("delete")?, &Default::default()).await?;
            let mut create = call("create")?;
            create.info.name.clear();
            server.registry.create(&create, expected).await.map(drop)
        }
    }
}
