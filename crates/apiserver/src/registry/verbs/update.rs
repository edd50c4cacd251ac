//! `update`, and the guarded read-change-write loop that patches and subresources share.

use std::sync::Arc;

use apimachinery::{
    field::{FieldError, Path},
    meta,
    status::Status,
};
use serde_json::Value;
use storage::{Change, Guard};

use crate::{
    cache::object::Obj,
    contract::Operation,
    registry::{
        Call, Outcome, Registry, Row, Written, answer, answer_value, convert, keys, managed, prepare, set_revision,
        shown,
    },
};

/// Times that a write without a resourceVersion is tried again after it lost a race.
const TRIES: usize = 100;

/// What an update writes.
enum Step {
    Answer(Outcome),
    Again(Arc<Obj>),
}

impl Registry {
    /// Replaces the object that a call names (decoded, in the form of the call's row).
    ///
    /// # Errors
    /// Not there, changed meanwhile, or refused.
    pub async fn update(&self, call: &Call, object: Value) -> Result<Outcome, Status> {
        let mut object = object;
        prepare::place(call, &mut object)?;
        meta::set_gvk(&mut object, &call.row.api_version(), &call.row.kind);
        prepare::owner_references(call, &mut object, false);
        let stored = self.working_row(call)?;
        let creates = stored.storage.create_on_update && call.info.subresource.is_empty();
        match self.change(call, &|_| Ok(object.clone())).await {
            Err(status)
                if creates
                    && status.is_not_found()
                    && status.details.as_ref().is_some_and(|d| d.name == call.info.name) =>
            {
                if meta::uid(&object).is_empty() {
                    return self.create_by_update(call, object).await;
                }
                let message = format!(
                    "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: ",
                    keys::key(&stored, &call.info.namespace, &call.info.name),
                    meta::uid(&object)
                );
                Err(Status::conflict(&call.row.group, &call.row.plural, &call.info.name, &message))
            }
            other => other,
        }
    }

    async fn create_by_update(&self, call: &Call, mut object: Value) -> Result<Outcome, Status> {
        meta::metadata_mut(&mut object).remove("resourceVersion");
        self.create(call, object).await
    }

    /// Changes the object that a call names with a function; tries again when the write lost a race.
    ///
    /// # Errors
    /// Not there, refused, or the function's own.
    pub async fn modify(
        &self,
        call: &Call,
        change: &(dyn Fn(&mut Value) -> Result<(), Status> + Send + Sync),
    ) -> Result<Outcome, Status> {
        self.change(call, &|current| {
            let mut next = current.clone();
            change(&mut next)?;
            Ok(next)
        })
        .await
    }

    /// The loop: `make` gets the current object in the form of the call's row, with its resourceVersion, and gives the wanted one.
    pub(crate) async fn change(
        &self,
        call: &Call,
        make: &(dyn Fn(&Value) -> Result<Value, Status> + Send + Sync),
    ) -> Result<Outcome, Status> {
        let stored = self.working_row(call)?;
        let mut current = self.current(call).await?;
        for _ in 0..TRIES {
            match self.change_once(call, &stored, &current, make).await? {
                Step::Answer(outcome) => return Ok(outcome),
                Step::Again(found) => current = found,
            }
        }
        Err(Status::modified(&call.row.group, &call.row.plural, &call.info.name))
    }

    async fn change_once(
        &self,
        call: &Call,
        stored: &Row,
        current: &Arc<Obj>,
        make: &(dyn Fn(&Value) -> Result<Value, Status> + Send + Sync),
    ) -> Result<Step, Status> {
        let old = shown(call, current);
        let mut object = if convert::needed(&call.row, stored) {
            let mut shown = old.clone();
            convert::convert(stored, &call.row, &mut shown);
            make(&shown)?
        } else {
            make(&old)?
        };
        prepare::place(call, &mut object)?;
        self.preconditions(call, stored, &object, &old)?;
        api::defaults::apply(&call.row, &mut object);
        convert::convert(&call.row, stored, &mut object);
        prepare::update_scope(call, stored, &mut object, &old);
        prepare::kept_metadata(&mut object, &old);
        managed::updated(call, stored, &mut object, &old);
        if self.admit_mutate(call, Operation::Update, Some(&old), &mut object).await? {
            // They may change no more than the caller.
            prepare::update_scope(call, stored, &mut object, &old);
        }
        prepare::owner_references(call, &mut object, true);
        self.finish_update(call, stored, current, object, old).await
    }

    fn preconditions(&self, call: &Call, stored: &Row, object: &Value, old: &Value) -> Result<(), Status> {
        let (group, plural, name) = (&*call.row.group, &*call.row.plural, call.info.name.as_str());
        let (given, uid) = (meta::uid(object), meta::uid(old));
        if !given.is_empty() && given != uid {
            let key = keys::key(stored, &call.info.namespace, name);
            let message = format!(
                "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {uid}"
            );
            return Err(Status::conflict(group, plural, name, &message));
        }
        let version = meta::resource_version(object);
        if version.is_empty() || version == "0" {
            if stored.storage.unconditional_update {
                return Ok(());
            }
            let path = Path::new("metadata").child("resourceVersion");
            let error = FieldError::invalid(&path, 0, "must be specified for an update");
            return Err(Status::invalid(group, plural, name, &[error]));
        }
        if version != meta::resource_version(old) {
            if version.parse::<u64>().is_err() {
                let path = Path::new("metadata").child("resourceVersion");
                let detail = format!("strconv.ParseUint: parsing \"{version}\": invalid syntax");
                return Err(Status::bad_request(FieldError::invalid(&path, version, detail).to_string()));
            }
            return Err(Status::modified(group, plural, name));
        }
        Ok(())
    }

    async fn finish_update(
        &self,
        call: &Call,
        stored: &Row,
        current: &Arc<Obj>,
        mut object: Value,
        old: Value,
    ) -> Result<Step, Status> {
        let strategy = self.strategy(stored);
        let context = self.context(call, stored);
        api::defaults::apply(stored, &mut object);
        strategy.prepare_update(&context, &mut object, &old);
        prepare::kept_metadata(&mut object, &old);
        // Neither what is observed nor the choice of a node is a new wish.
        if !matches!(call.info.subresource.as_str(), "status" | "binding") {
            prepare::bump_generation(stored, &mut object, &old);
        }
        let name = call.info.name.as_str();
        let undo =
            strategy.allocate(&context, &mut object, Some(&old)).map_err(|errors| call.invalid(name, &errors))?;
        let step = self.commit_update(call, stored, current, object, &old).await;
        let kept = matches!(&step, Ok(Step::Answer(_))) && !call.options.dry_run;
        if !kept && let Some(undo) = undo {
            undo();
        }
        step
    }

    async fn commit_update(
        &self,
        call: &Call,
        stored: &Row,
        current: &Arc<Obj>,
        mut object: Value,
        old: &Value,
    ) -> Result<Step, Status> {
        let strategy = self.strategy(stored);
        let context = self.context(call, stored);
        let mut errors = match call.info.subresource.as_str() {
            "" => api::validation::update(stored, &object, old),
            "status" => api::validation::status(stored, &object, old),
            // What a binding, a resize … changes is fixed for everybody else.
            other => api::validation::subresource(stored, other, &object, old),
        };
        errors.extend(strategy.validate(&context, &object, Some(old)));
        if !errors.is_empty() {
            return Err(call.invalid(&call.info.name, &errors));
        }
        for warning in strategy.warnings(&context, &object, Some(old)) {
            call.warn(warning);
        }
        let _held = self.admit_validate(call, Operation::Update, Some(old), &object).await?;
        if prepare::finished(&object, old) && !strategy.holds_deletion(&object) {
            return self.delete_by_update(call, stored, current, object, old).await;
        }
        if prepare::same(&object, old) && !current.is_stale() {
            return Ok(Step::Answer(answer(call, stored, 200, current.encoded.clone(), current.revision, None)));
        }
        if call.options.dry_run {
            return Ok(Step::Answer(answer_value(call, stored, 200, object)));
        }
        let encoded = self.encode(call, &object)?;
        let change = Change::Put {
            key: current.key.clone(),
            value: encoded.stored(),
            ttl_seconds: strategy.ttl_seconds(&object),
        };
        match self.commit(unchanged(current), change).await? {
            Written::Done(revision) => {
                strategy.committed(Some(&object), Some(old));
                set_revision(&mut object, revision);
                Ok(Step::Answer(answer(call, stored, 200, encoded, revision, Some(object))))
            }
            Written::Lost(found) => self.again(call, found).map(Step::Again),
        }
    }

    /// The last finalizer is gone: the update removes the object, and the client gets what it sent.
    async fn delete_by_update(
        &self,
        call: &Call,
        stored: &Row,
        current: &Arc<Obj>,
        object: Value,
        old: &Value,
    ) -> Result<Step, Status> {
        if !call.options.dry_run {
            match self.commit(unchanged(current), Change::Delete { key: current.key.clone() }).await? {
                Written::Done(_) => self.strategy(stored).committed(None, Some(old)),
                Written::Lost(found) => return self.again(call, found).map(Step::Again),
            }
        }
        Ok(Step::Answer(answer_value(call, stored, 200, object)))
    }

    /// What a lost race left behind, as the start of the next try.
    pub(crate) fn again(&self, call: &Call, found: Option<storage::Entry>) -> Result<Arc<Obj>, Status> {
        let entry = found.ok_or_else(|| call.not_found())?;
        self.kind(call)?.read(&entry).ok_or_else(|| Status::internal("a stored object cannot be read"))
    }
}

/// The guard for a write over an object as it was read.
pub(crate) fn unchanged(current: &Obj) -> Guard {
    Guard::Unchanged(current.key.clone(), storage::Revision(current.revision))
}
