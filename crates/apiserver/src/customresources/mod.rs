//! Custom resources: from CustomResourceDefinitions to rows that are served, and the end of both.
//!
//! One task looks at all definitions whenever one of them changes. It works on names and conditions ([`plan`]), puts kinds
//! into the cache and rows into the table before it says that a definition is established, and empties what goes.

pub mod plan;

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use api::custom::Definition;
use apimachinery::{meta, status::Status};
use futures_util::future::select_all;
use serde_json::Value;
use storage::{Revision, Store};

use crate::{
    cache::{
        kind::Kind,
        object::{Header, Obj},
        select::Selection,
    },
    contract::Job,
    registry::{
        Call, Row, errors, keys,
        rows::{Custom, Rows},
        verbs::delete::DeleteOptions,
    },
    server::ApiServer,
};

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";
/// After a failure it is tried again so soon, and later each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A definition that is served.
struct Served {
    /// What the rows were made from.
    source: Value,
    rows: Custom,
}

/// Definitions that are served, by name.
#[derive(Default)]
pub struct Definitions(BTreeMap<String, Served>);

fn row() -> Option<Row> {
    api::find(GROUP, "v1", PLURAL).map(Row::Static)
}

/// What of a definition decides about its rows.
fn source(object: &Value) -> Value {
    serde_json::json!([
        object["spec"],
        object["status"]["acceptedNames"],
        meta::uid(object),
        meta::is_being_deleted(object) || plan::is_true(object, "Terminating"),
    ])
}

fn rows_of(object: &Value) -> Option<Custom> {
    let shown = plan::as_accepted(object);
    let definition = Definition::read(&shown)?;
    let stored = Arc::new(definition.stored_row(&shown));
    Some(Custom { served: definition.rows, stored })
}

impl Definitions {
    /// Reads the definitions that are established, before anything is served.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn load(store: &dyn Store, rows: &Rows) -> Result<Self, Status> {
        let mut all = Definitions::default();
        let Some(row) = row() else { return Ok(all) };
        let page =
            store.list(&keys::prefix(&row), "", 0, Revision(0)).await.map_err(|error| errors::from_store(&error))?;
        let header = Header::of(&row);
        for object in page.entries.iter().filter_map(|entry| Obj::new(&header, entry)).map(|object| object.value()) {
            if plan::is_true(&object, "Established")
                && let Some(rows) = rows_of(&object)
            {
                all.0.insert(meta::name(&object).to_owned(), Served { source: source(&object), rows });
            }
        }
        all.show(rows);
        Ok(all)
    }

    fn show(&self, rows: &Rows) {
        rows.replace(self.0.values().map(|served| served.rows.clone()));
    }
}

/// Starts the task.
pub fn run(server: &Arc<ApiServer>, definitions: Definitions) {
    let Some(kind) = row().and_then(|row| server.registry.cache.kind(&row)) else { return };
    let controller = Controller { server: Arc::downgrade(server), kind, definitions };
    tokio::spawn(controller.run());
}

struct Controller {
    server: Weak<ApiServer>,
    kind: Arc<Kind>,
    definitions: Definitions,
}

impl Controller {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let pulse = self.kind.pulse();
            let Some(server) = self.server.upgrade().filter(|server| !server.is_stopping()) else { return };
            let passed = self.pass(&server).await;
            let log = server.config.log.clone();
            // While it waits, it must not keep the server alive.
            drop(server);
            match passed {
                Ok(waiting) => {
                    pause = FIRST_PAUSE;
                    let mut changes: Vec<Job<'_, ()>> = vec![Box::pin(self.kind.changed(pulse))];
                    changes
                        .extend(waiting.iter().map(|(kind, pulse)| -> Job<'_, ()> { Box::pin(kind.changed(*pulse)) }));
                    select_all(changes).await;
                }
                Err(status) => {
                    log(&format!("custom resource definitions: {}", status.message));
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Looks at all definitions; gives the kinds whose objects are waited for.
    async fn pass(&mut self, server: &Arc<ApiServer>) -> Result<Vec<(Arc<Kind>, u64)>, Status> {
        let Some(row) = row() else { return Ok(Vec::new()) };
        let now = server.config.clock.now();
        let mut all: Vec<Value> = server.registry.list_values(&row, "");
        all.sort_by(|a, b| created(a).cmp(created(b)).then_with(|| meta::name(a).cmp(meta::name(b))));
        let before = all.clone();
        for at in 0..all.len() {
            let mut object = all[at].clone();
            plan::names(&mut object, all.iter(), now);
            plan::establish(&mut object, now);
            all[at] = object;
        }
        self.serve(server, &all).await?;
        for (object, old) in all.iter().zip(&before).filter(|(new, old)| new["status"] != old["status"]) {
            write_status(server, &row, object, old).await?;
        }
        let mut waiting = Vec::new();
        for object in all.iter().filter(|object| plan::is_cleaning(object)) {
            waiting.extend(self.clean(server, &row, object).await?);
        }
        Ok(waiting)
    }

    /// Makes the table show what is established.
    async fn serve(&mut self, server: &Arc<ApiServer>, all: &[Value]) -> Result<(), Status> {
        let registry = &server.registry;
        let mut changed = false;
        for object in all.iter().filter(|object| plan::is_true(object, "Established")) {
            let name = meta::name(object);
            let source = source(object);
            if self.definitions.0.get(name).is_some_and(|served| served.source == source) {
                continue;
            }
            let Some(rows) = rows_of(object) else { continue };
            let stored = Row::Shared(rows.stored.clone());
            registry.cache.put_kind(stored).await.map_err(|error| errors::from_store(&error))?;
            self.definitions.0.insert(name.to_owned(), Served { source, rows });
            changed = true;
        }
        let is_there =
            |name: &String| all.iter().any(|object| meta::name(object) == name && plan::is_true(object, "Established"));
        let gone: Vec<String> = self.definitions.0.keys().filter(|name| !is_there(name)).cloned().collect();
        let gone: Vec<Served> = gone.iter().filter_map(|name| self.definitions.0.remove(name)).collect();
        if changed || !gone.is_empty() {
            self.definitions.show(&registry.rows);
        }
        for served in gone {
            registry.cache.remove_kind(&served.rows.stored).await;
        }
        Ok(())
    }

    /// Deletes the objects of a definition that goes; what is left is waited for, and then it goes itself.
    async fn clean(
        &self,
        server: &Arc<ApiServer>,
        row: &Row,
        object: &Value,
    ) -> Result<Option<(Arc<Kind>, u64)>, Status> {
        let registry = &server.registry;
        let now = server.config.clock.now();
        let established = plan::is_true(object, "Established");
        if let Some(served) = self.definitions.0.get(meta::name(object)) {
            let stored = Row::Shared(served.rows.stored.clone());
            let kind = registry.cache.kind(&stored).ok_or_else(Status::generic_not_found)?;
            let pulse = kind.pulse();
            if kind.count() > 0 {
                let call = Call::internal(&stored, "deletecollection", "", "", now);
                let everything = Selection::all(&stored, "");
                registry.delete_collection(&call, &everything, &DeleteOptions::default()).await?;
            }
            if kind.count() > 0 {
                return Ok(Some((kind, pulse)));
            }
        }
        let call = Call::internal(row, "update", "", meta::name(object), now);
        let uid = meta::uid(object).to_owned();
        let release = |current: &mut Value| {
            if meta::uid(current) == uid {
                plan::release(current, established, now);
            }
            Ok(())
        };
        gone_is_fine(registry.modify(&call, &release).await.map(drop)).map(|()| None)
    }
}

fn created(object: &Value) -> &str {
    meta::metadata(object).and_then(|m| m.get("creationTimestamp")).and_then(Value::as_str).unwrap_or_default()
}

fn gone_is_fine(result: Result<(), Status>) -> Result<(), Status> {
    match result {
        Err(status) if status.is_not_found() => Ok(()),
        other => other,
    }
}

/// Writes names and conditions, unless the definition changed meanwhile: then it is looked at again anyway.
async fn write_status(server: &Arc<ApiServer>, row: &Row, object: &Value, old: &Value) -> Result<(), Status> {
    let mut call = Call::internal(row, "update", "", meta::name(object), server.config.clock.now());
    call.info.subresource = "status".into();
    let (version, status) = (meta::resource_version(old).to_owned(), object["status"].clone());
    let write = |current: &mut Value| {
        if meta::resource_version(current) == version {
            current["status"] = status.clone();
        }
        Ok(())
    };
    gone_is_fine(server.registry.modify(&call, &write).await.map(drop))
}
