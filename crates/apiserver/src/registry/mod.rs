//! The generic registry: one implementation of each verb over the store, with the hooks of a kind's strategy and of admission.

pub mod call;
pub mod convert;
pub mod decode;
pub mod encoded;
pub mod errors;
pub mod keys;
pub mod managed;
pub mod prepare;
pub mod rows;
pub mod verbs;

use std::{collections::HashMap, sync::Arc};

use apimachinery::{meta, status::Status};
use serde_json::Value;
use storage::{Change, Guard, Store};

pub use self::{
    call::{Call, Content, FieldValidation, Options, Outcome},
    encoded::Encoded,
    rows::{Row, Rows},
};
use crate::{
    cache::{Cache, kind::Kind, object::Obj},
    config::Config,
    contract::{Admission, Attributes, Context, Held, Operation, Reader, Rounds, Strategy},
};

/// Strategies by group and resource.
pub type Strategies = HashMap<(&'static str, &'static str), Arc<dyn Strategy>>;

/// A kind that is in nothing different.
struct Plain;
impl Strategy for Plain {}
static PLAIN: Plain = Plain;

/// The registry.
pub struct Registry {
    /// The server's configuration.
    pub config: Arc<Config>,
    /// The rows that are served.
    pub rows: Arc<Rows>,
    /// Reads from memory.
    pub reader: Arc<dyn Reader>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) cache: Arc<Cache>,
    strategies: Strategies,
    plugins: Vec<Arc<dyn Admission>>,
}

/// How a write ended.
pub(crate) enum Written {
    /// At this revision.
    Done(u64),
    /// A guard did not hold; this is there instead.
    Lost(Option<storage::Entry>),
}

impl Registry {
    /// Puts it together.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        store: Arc<dyn Store>,
        cache: Arc<Cache>,
        rows: Arc<Rows>,
        strategies: Strategies,
        plugins: Vec<Arc<dyn Admission>>,
    ) -> Self {
        let reader = Arc::new(crate::cache::CacheReader(cache.clone()));
        Registry { config, rows, reader, store, cache, strategies, plugins }
    }

    /// A row.
    #[must_use]
    pub fn row(&self, group: &str, version: &str, resource: &str) -> Option<Row> {
        self.rows.find(group, version, resource)
    }

    /// A call of the server itself, at the clock's time.
    ///
    /// # Errors
    /// There is no such resource.
    pub fn internal(
        &self,
        resource: (&str, &str, &str),
        verb: &'static str,
        namespace: &str,
        name: &str,
    ) -> Result<Call, Status> {
        let row = self.row(resource.0, resource.1, resource.2).ok_or_else(Status::generic_not_found)?;
        Ok(Call::internal(&row, verb, namespace, name, self.config.clock.now()))
    }

    /// The strategy of a row.
    #[must_use]
    pub fn strategy<'a>(&'a self, row: &'a api::Resource) -> &'a dyn Strategy {
        if api::custom::of(row).is_some() {
            return &crate::strategies::CUSTOM;
        }
        let key = (&*row.storage.group, &*row.plural);
        self.strategies.get(&key).map_or(&PLAIN, |strategy| &**strategy)
    }

    /// The row in whose form a call works on its object: that of the store, or of custom resources the one asked for.
    pub(crate) fn working_row(&self, call: &Call) -> Result<Row, Status> {
        if api::custom::of(&call.row).is_some() {
            return Ok(call.row.clone());
        }
        self.rows.storage_of(&call.row).ok_or_else(Status::generic_not_found)
    }

    /// An object in the form in which it is stored.
    pub(crate) fn encode(&self, call: &Call, object: &Value) -> Result<Encoded, Status> {
        let encoded = |object: &Value| object.as_object().map(Encoded::from_object);
        let made = if api::custom::of(&call.row).is_some() && call.row.version != call.row.storage.version {
            let stored = self.rows.storage_of(&call.row).ok_or_else(Status::generic_not_found)?;
            let mut object = object.clone();
            convert::convert(&call.row, &stored, &mut object);
            encoded(&object)
        } else {
            encoded(object)
        };
        made.ok_or_else(|| Status::internal("no object"))
    }

    /// The cached kind of a call.
    pub(crate) fn kind(&self, call: &Call) -> Result<Arc<Kind>, Status> {
        self.cache.kind(&call.row).ok_or_else(Status::generic_not_found)
    }

    /// The object that a call names, with every acknowledged write in it.
    pub(crate) async fn current(&self, call: &Call) -> Result<Arc<Obj>, Status> {
        self.cache.fresh().await.map_err(errors::from_cache)?;
        let key = keys::key(&call.row, &call.info.namespace, &call.info.name);
        self.kind(call)?.get(&key).ok_or_else(|| call.not_found())
    }

    /// The context of a strategy.
    pub(crate) fn context<'a>(&self, call: &'a Call, stored: &'a api::Resource) -> Context<'a> {
        Context {
            resource: stored,
            subresource: &call.info.subresource,
            user: &call.user,
            now: call.now,
            dry_run: call.options.dry_run,
        }
    }

    /// All admission: mutate, then validate. For what is answered, not stored.
    ///
    /// # Errors
    /// A plugin refuses.
    pub async fn admit(
        &self,
        call: &Call,
        operation: Operation,
        old: Option<&Value>,
        object: &mut Value,
    ) -> Result<(), Status> {
        self.admit_mutate(call, operation, old, object).await?;
        self.admit_validate(call, operation, old, object).await.map(drop)
    }

    /// Says whether a webhook or a policy has changed the object.
    pub(crate) async fn admit_mutate(
        &self,
        call: &Call,
        operation: Operation,
        old: Option<&Value>,
        object: &mut Value,
    ) -> Result<bool, Status> {
        let (held, rounds) = <(Held, Rounds)>::default();
        let stored = self.rows.storage_of(&call.row);
        let attributes = attributes(call, stored.as_deref(), operation, old, &held, &rounds);
        loop {
            for plugin in &self.plugins {
                plugin.mutate(&attributes, object).await?;
            }
            if !rounds.next() {
                return Ok(rounds.touched());
            }
        }
    }

    /// What the plugins hold is to be kept until the write is over.
    pub(crate) async fn admit_validate(
        &self,
        call: &Call,
        operation: Operation,
        old: Option<&Value>,
        object: &Value,
    ) -> Result<Held, Status> {
        let (held, rounds) = <(Held, Rounds)>::default();
        let stored = self.rows.storage_of(&call.row);
        let attributes = attributes(call, stored.as_deref(), operation, old, &held, &rounds);
        for plugin in &self.plugins {
            plugin.validate(&attributes, object).await?;
        }
        Ok(held)
    }

    /// One guarded write; returns when the cache has it, so that every later read sees it.
    pub(crate) async fn commit(&self, guard: Guard, change: Change) -> Result<Written, Status> {
        match self.store.commit(vec![guard], vec![change]).await {
            Ok(revision) => {
                // The write is durable. A cache that is late must not turn it into an error.
                let _ = self.cache.wait(revision.0).await;
                Ok(Written::Done(revision.0))
            }
            Err(storage::Error::Conflict { found, .. }) => {
                if let Some(entry) = &found {
                    let _ = self.cache.wait(entry.modified.0).await;
                }
                Ok(Written::Lost(found))
            }
            Err(error) => Err(errors::from_store(&error)),
        }
    }

    /// The objects of a kind as trees, in one namespace or (empty) in all: for callers in this crate.
    #[must_use]
    pub fn list_values(&self, row: &api::Resource, namespace: &str) -> Vec<Value> {
        let Some(kind) = self.cache.kind(row) else { return Vec::new() };
        kind.list(&keys::namespace_prefix(row, namespace)).0.iter().map(|object| object.value()).collect()
    }
}

/// A cached object in the form in which a call works on it.
pub(crate) fn shown(call: &Call, object: &Obj) -> Value {
    let mut value = object.value();
    if let Some(version) = api::custom::of(&call.row) {
        api::custom::convert(version, &mut value);
    }
    value
}

fn attributes<'a>(
    call: &'a Call,
    stored: Option<&'a api::Resource>,
    operation: Operation,
    old: Option<&'a Value>,
    held: &'a Held,
    rounds: &'a Rounds,
) -> Attributes<'a> {
    Attributes {
        info: &call.info,
        resource: &call.row,
        stored: stored.unwrap_or(&call.row),
        operation,
        user: &call.user,
        old,
        dry_run: call.options.dry_run,
        options: &call.options.json,
        held,
        warnings: &call.warnings,
        rounds,
        inner: call.options.inner,
    }
}

/// A stored object as the answer to a call: converted where the call asks for another version.
pub(crate) fn answer(
    call: &Call,
    stored: &api::Resource,
    code: u16,
    encoded: Encoded,
    revision: u64,
    value: Option<Value>,
) -> Outcome {
    let other_version = call.row.version != call.row.storage.version && api::custom::of(&call.row).is_some();
    if other_version || convert::needed(&call.row, stored) {
        let mut value = value.unwrap_or_else(|| encoded.value(revision));
        convert::convert(stored, &call.row, &mut value);
        return Outcome::value(code, value);
    }
    Outcome { code, content: Content::Stored { encoded, revision, value } }
}

/// A tree that was not stored (dry run, deleted) as the answer.
pub(crate) fn answer_value(call: &Call, stored: &api::Resource, code: u16, mut value: Value) -> Outcome {
    if convert::needed(&call.row, stored) {
        convert::convert(stored, &call.row, &mut value);
    }
    Outcome::value(code, value)
}

/// Sets the resourceVersion of a tree.
pub(crate) fn set_revision(object: &mut Value, revision: u64) {
    meta::metadata_mut(object).insert("resourceVersion".into(), Value::String(revision.to_string()));
}
