//! `create`.

use apimachinery::{meta, status::Status};
use serde_json::Value;
use storage::{Change, Guard};

use crate::{
    contract::Operation,
    registry::{
        Call, Outcome, Registry, Row, Written, answer, answer_value, convert, keys, managed, prepare, set_revision,
    },
};

/// Names that are tried for a `generateName`.
const NAMES: usize = 8;

impl Registry {
    /// Stores a new object (decoded, in the form of the call's row).
    ///
    /// # Errors
    /// Refused by admission or validation, or the name is taken.
    pub async fn create(&self, call: &Call, object: Value) -> Result<Outcome, Status> {
        let generates = meta::name(&object).is_empty() && !meta::generate_name(&object).is_empty();
        if !generates {
            return self.create_once(call, object).await;
        }
        let mut last = None;
        for _ in 0..NAMES {
            let mut named = object.clone();
            let name = prepare::generated_name(&self.config.random, meta::generate_name(&object));
            meta::set_name(&mut named, name);
            match self.create_once(call, named).await {
                Err(status) if status.reason == apimachinery::status::reason::ALREADY_EXISTS => last = Some(status),
                other => return other,
            }
        }
        Err(last.map_or_else(
            || Status::internal("no name was generated"),
            |status| {
                let name = status.details.map(|d| d.name).unwrap_or_default();
                Status::generate_name_conflict(&call.row.group, &call.row.plural, &name, 1)
            },
        ))
    }

    async fn create_once(&self, call: &Call, mut object: Value) -> Result<Outcome, Status> {
        if api::custom::of(&call.row).is_some_and(|version| version.terminating) {
            let why = "create not allowed while custom resource definition is terminating";
            return Err(Status::forbidden(&call.row.group, &call.row.plural, meta::name(&object), why));
        }
        let stored = self.working_row(call)?;
        prepare::place(call, &mut object)?;
        meta::set_gvk(&mut object, &call.row.api_version(), &call.row.kind);
        if !meta::resource_version(&object).is_empty() {
            return Err(Status::failure(500, "", "resourceVersion should not be set on objects to be created"));
        }
        api::defaults::apply(&call.row, &mut object);
        convert::convert(&call.row, &stored, &mut object);
        prepare::new_metadata(call, &self.config.random, &mut object);
        prepare::owner_references(call, &mut object, false);
        prepare::new_status(&stored, &mut object, self.strategy(&stored).keeps_status());
        managed::created(call, &stored, &mut object);
        if self.admit_mutate(call, Operation::Create, None, &mut object).await? {
            prepare::new_status(&stored, &mut object, self.strategy(&stored).keeps_status());
        }
        prepare::owner_references(call, &mut object, true);
        self.store_new(call, &stored, object).await
    }

    /// The second half of a create, which an update that creates shares.
    pub(crate) async fn store_new(&self, call: &Call, stored: &Row, mut object: Value) -> Result<Outcome, Status> {
        let strategy = self.strategy(stored);
        let context = self.context(call, stored);
        prepare::place(call, &mut object)?;
        api::defaults::apply(stored, &mut object);
        strategy.prepare_create(&context, &mut object);
        let name = meta::name(&object).to_owned();
        let undo = strategy.allocate(&context, &mut object, None).map_err(|errors| call.invalid(&name, &errors))?;
        let result = self.commit_new(call, stored, object, &name).await;
        if (result.is_err() || call.options.dry_run)
            && let Some(undo) = undo
        {
            undo();
        }
        result
    }

    async fn commit_new(&self, call: &Call, stored: &Row, object: Value, name: &str) -> Result<Outcome, Status> {
        let strategy = self.strategy(stored);
        let context = self.context(call, stored);
        let mut errors = api::validation::create(stored, &object);
        errors.extend(strategy.validate(&context, &object, None));
        if !errors.is_empty() {
            return Err(call.invalid(name, &errors));
        }
        for warning in strategy.warnings(&context, &object, None) {
            call.warn(warning);
        }
        let _held = self.admit_validate(call, Operation::Create, None, &object).await?;
        let key = keys::key(stored, &call.info.namespace, name);
        if call.options.dry_run {
            let taken = self.kind(call)?.get(&key).is_some();
            return if taken {
                Err(self.taken(call, stored, name))
            } else {
                Ok(answer_value(call, stored, 201, object))
            };
        }
        let mut object = object;
        let encoded = self.encode(call, &object)?;
        let change =
            Change::Put { key: key.clone(), value: encoded.stored(), ttl_seconds: strategy.ttl_seconds(&object) };
        match self.commit(Guard::Absent(key), change).await? {
            Written::Done(revision) => {
                strategy.committed(Some(&object), None);
                set_revision(&mut object, revision);
                Ok(answer(call, stored, 201, encoded, revision, Some(object)))
            }
            Written::Lost(_) => Err(self.taken(call, stored, name)),
        }
    }

    fn taken(&self, call: &Call, stored: &Row, name: &str) -> Status {
        let mut status = Status::already_exists(&call.row.group, &call.row.plural, name);
        let key = keys::key(stored, &call.info.namespace, name);
        let found = self.cache.kind(stored).and_then(|kind| kind.get(&key));
        if found.is_some_and(|object| meta::is_being_deleted(&object.value())) {
            status.message = format!("object is being deleted: {}", status.message);
        }
        status
    }
}
