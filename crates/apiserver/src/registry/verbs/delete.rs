//! `delete`: graceful deletion, finalizers, and what becomes of dependents.

use std::sync::Arc;

use apimachinery::{
    field::{FieldError, Path},
    meta,
    status::Status,
};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use storage::Change;

use super::update::unchanged;
use crate::{
    cache::object::Obj,
    contract::Operation,
    registry::{Call, Outcome, Registry, Row, Written, answer, answer_value, prepare, shown},
    request::Query,
};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";
/// Times that a deletion is tried again after it lost a race.
const TRIES: usize = 100;

/// Options of a deletion.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteOptions {
    /// Seconds of grace.
    pub grace_seconds: Option<i64>,
    /// The uid that it must have.
    pub uid: Option<String>,
    /// The resourceVersion that it must have.
    pub resource_version: Option<String>,
    /// Old form of the policy.
    pub orphan_dependents: Option<bool>,
    /// `Orphan`, `Background`, `Foreground`.
    pub propagation: Option<String>,
    /// Nothing is written.
    pub dry_run: Vec<String>,
}

impl DeleteOptions {
    /// From a body.
    #[must_use]
    pub fn from_value(body: &Value) -> Self {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let list = body.get("dryRun").and_then(Value::as_array);
        DeleteOptions {
            grace_seconds: body.get("gracePeriodSeconds").and_then(Value::as_i64),
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
            orphan_dependents: body.get("orphanDependents").and_then(Value::as_bool),
            propagation: text("/propagationPolicy"),
            dry_run: list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    /// From the query string, where there is no body.
    ///
    /// # Errors
    /// A number that is none.
    pub fn from_query(query: &Query) -> Result<Self, Status> {
        let number = |text: &str| {
            text.parse::<i64>()
                .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")))
        };
        Ok(DeleteOptions {
            grace_seconds: query.get("gracePeriodSeconds").map(number).transpose()?,
            orphan_dependents: query.boolean("orphanDependents"),
            propagation: query.get("propagationPolicy").map(str::to_owned),
            dry_run: query.all("dryRun").map(str::to_owned).collect(),
            ..Self::default()
        })
    }

    /// As admission sees them.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut json = Map::new();
        json.insert("kind".into(), "DeleteOptions".into());
        json.insert("apiVersion".into(), "meta.k8s.io/v1".into());
        let mut put = |key: &str, value: Option<Value>| drop(value.map(|value| json.insert(key.into(), value)));
        put("gracePeriodSeconds", self.grace_seconds.map(Value::from));
        put("orphanDependents", self.orphan_dependents.map(Value::from));
        put("propagationPolicy", self.propagation.as_deref().map(Value::from));
        put("dryRun", (!self.dry_run.is_empty()).then(|| self.dry_run.clone().into()));
        let mut preconditions = Map::new();
        for (key, value) in [("uid", &self.uid), ("resourceVersion", &self.resource_version)] {
            preconditions.extend(value.as_deref().map(|value| (key.to_owned(), value.into())));
        }
        put("preconditions", (!preconditions.is_empty()).then_some(Value::Object(preconditions)));
        Value::Object(json)
    }

    /// # Errors
    /// Options that contradict each other, or unknown words.
    pub fn validate(&self) -> Result<(), Status> {
        let mut errors = Vec::new();
        let path = Path::new("propagationPolicy");
        if let Some(policy) = &self.propagation {
            if self.orphan_dependents.is_some() {
                errors.push(FieldError::invalid(
                    &path,
                    policy.as_str(),
                    "orphanDependents and deletionPropagation cannot be both set",
                ));
            }
            if !["Foreground", "Background", "Orphan"].contains(&policy.as_str()) {
                errors.push(FieldError::not_supported(
                    &path,
                    policy.as_str(),
                    &["Foreground", "Background", "Orphan", "nil"],
                ));
            }
        }
        if self.dry_run.iter().any(|d| d != "All") {
            let given: Vec<Value> = self.dry_run.iter().map(|d| d.as_str().into()).collect();
            errors.push(FieldError::not_supported(&Path::new("dryRun"), given, &["All"]));
        }
        if errors.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors)) }
    }

    fn orphans(&self, stored: &api::Resource, object: &Value) -> bool {
        if keeps_no_dependents(stored) {
            return false;
        }
        match (self.orphan_dependents, self.propagation.as_deref()) {
            (Some(orphan), _) => orphan,
            (None, Some(policy)) => policy == "Orphan",
            (None, None) => match meta::finalizers(object).find(|f| *f == ORPHAN || *f == FOREGROUND) {
                Some(finalizer) => finalizer == ORPHAN,
                // These two keep an old default for their v1.
                None => stored.is("batch", "Job") || stored.is("", "ReplicationController"),
            },
        }
    }

    fn foreground(&self, stored: &api::Resource, object: &Value) -> bool {
        if keeps_no_dependents(stored) || self.orphan_dependents.is_some() {
            return false;
        }
        match self.propagation.as_deref() {
            Some(policy) => policy == "Foreground",
            None => meta::finalizers(object).find(|f| *f == ORPHAN || *f == FOREGROUND) == Some(FOREGROUND),
        }
    }
}

/// The garbage collector never looks at these.
fn keeps_no_dependents(stored: &api::Resource) -> bool {
    &*stored.kind == "Event"
}

/// What a deletion does with the object as it is now.
enum Step {
    /// Remove it.
    Remove,
    /// Mark it; somebody else finishes.
    Mark(Value),
    /// It is marked already, and nothing changes.
    Nothing,
}

enum Done {
    Answer(Outcome),
    Again(Arc<Obj>),
}

impl Registry {
    /// Deletes the object that a call names.
    ///
    /// # Errors
    /// Not there, a precondition does not hold, or refused.
    pub async fn delete(&self, call: &Call, options: &DeleteOptions) -> Result<Outcome, Status> {
        options.validate()?;
        let stored = self.working_row(call)?;
        let mut current = self.current(call).await?;
        for _ in 0..TRIES {
            match self.delete_once(call, &stored, &current, options).await? {
                Done::Answer(outcome) => return Ok(outcome),
                Done::Again(found) => current = found,
            }
        }
        Err(Status::modified(&call.row.group, &call.row.plural, &call.info.name))
    }

    async fn delete_once(
        &self,
        call: &Call,
        stored: &Row,
        current: &Arc<Obj>,
        options: &DeleteOptions,
    ) -> Result<Done, Status> {
        let old = shown(call, current);
        preconditions(call, stored, &old, options)?;
        let mut nothing = Value::Null;
        self.admit(call, Operation::Delete, Some(&old), &mut nothing).await?;
        let dry_run = call.options.dry_run || !options.dry_run.is_empty();
        match self.deletion_step(call, stored, &old, options) {
            Step::Nothing => {
                Ok(Done::Answer(answer(call, stored, 200, current.encoded.clone(), current.revision, Some(old))))
            }
            Step::Remove if dry_run => Ok(Done::Answer(removed(call, stored, current, old, current.revision))),
            Step::Mark(marked) if dry_run => Ok(Done::Answer(answer_value(call, stored, accepted(options), marked))),
            Step::Remove => match self.commit(unchanged(current), Change::Delete { key: current.key.clone() }).await? {
                Written::Done(revision) => {
                    self.strategy(stored).committed(None, Some(&old));
                    Ok(Done::Answer(removed(call, stored, current, old, revision)))
                }
                Written::Lost(found) => self.again(call, found).map(Done::Again),
            },
            Step::Mark(marked) => self.mark(call, stored, current, marked, &old, accepted(options)).await,
        }
    }

    async fn mark(
        &self,
        call: &Call,
        stored: &Row,
        current: &Arc<Obj>,
        marked: Value,
        old: &Value,
        code: u16,
    ) -> Result<Done, Status> {
        if prepare::same(&marked, old) {
            return Ok(Done::Answer(answer(call, stored, code, current.encoded.clone(), current.revision, None)));
        }
        let encoded = self.encode(call, &marked)?;
        let ttl_seconds = self.strategy(stored).ttl_seconds(&marked);
        let change = Change::Put { key: current.key.clone(), value: encoded.stored(), ttl_seconds };
        match self.commit(unchanged(current), change).await? {
            Written::Done(revision) => {
                self.strategy(stored).committed(Some(&marked), Some(old));
                Ok(Done::Answer(answer(call, stored, code, encoded, revision, None)))
            }
            Written::Lost(found) => self.again(call, found).map(Done::Again),
        }
    }

    /// Upstream's decision, from the object, the options and the strategy.
    fn deletion_step(&self, call: &Call, stored: &Row, old: &Value, options: &DeleteOptions) -> Step {
        let strategy = self.strategy(stored);
        let context = self.context(call, stored);
        let mut object = old.clone();
        let asked = options.grace_seconds.map(|s| if s < 0 { 1 } else { s });
        let mut graceful = None;
        if meta::is_being_deleted(old) {
            match shorten(call, &mut object, asked, strategy.grace_seconds(old, asked).is_some()) {
                Shortened::Pending => return Step::Nothing,
                Shortened::To(seconds) => graceful = Some(seconds),
                Shortened::No => {}
            }
        } else if let Some(seconds) = strategy.grace_seconds(old, asked) {
            let end = call.now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(call.now);
            deletion(&mut object, end, Some(seconds));
            bump(&mut object);
            graceful = Some(seconds);
        }
        finalizers(stored, &mut object, options);
        let pending = meta::finalizers(&object).next().is_some();
        if strategy.holds_deletion(&object) {
            if !meta::is_being_deleted(&object) {
                deletion(&mut object, call.now, None);
            }
            strategy.prepare_delete(&context, &mut object);
            return Step::Mark(object);
        }
        match (graceful, pending) {
            (Some(0), false) | (None, false) => Step::Remove,
            (None, true) => {
                let begun = meta::is_being_deleted(&object);
                if !begun {
                    bump(&mut object);
                }
                let later = created_later(&object, call);
                if !begun || later {
                    deletion(&mut object, call.now, Some(0));
                } else {
                    meta::set_deletion_grace_period_seconds(&mut object, Some(0));
                }
                strategy.prepare_delete(&context, &mut object);
                Step::Mark(object)
            }
            (Some(_), _) => {
                strategy.prepare_delete(&context, &mut object);
                Step::Mark(object)
            }
        }
    }
}

enum Shortened {
    No,
    Pending,
    To(i64),
}

/// A deletion that has begun may only become shorter.
fn shorten(call: &Call, object: &mut Value, asked: Option<i64>, graceful_kind: bool) -> Shortened {
    let left = meta::deletion_grace_period_seconds(object).unwrap_or(0);
    if !graceful_kind || left == 0 {
        return Shortened::No;
    }
    let Some(mut period) = asked else { return Shortened::Pending };
    if period >= left {
        return Shortened::Pending;
    }
    let old_end = text_time(object, "/metadata/deletionTimestamp").unwrap_or(call.now);
    let mut end = old_end.checked_add(SignedDuration::from_secs(period - left)).unwrap_or(call.now);
    if end < call.now {
        end = call.now;
        if period != 0 {
            period = 1;
        }
    }
    deletion(object, end, Some(period));
    Shortened::To(period)
}

fn text_time(object: &Value, pointer: &str) -> Option<jiff::Timestamp> {
    object.pointer(pointer).and_then(Value::as_str).and_then(apimachinery::time::parse)
}

fn created_later(object: &Value, call: &Call) -> bool {
    text_time(object, "/metadata/deletionTimestamp").is_some_and(|t| t > call.now)
}

fn deletion(object: &mut Value, end: jiff::Timestamp, seconds: Option<i64>) {
    meta::metadata_mut(object).insert("deletionTimestamp".into(), apimachinery::time::seconds(end).into());
    if seconds.is_some() {
        meta::set_deletion_grace_period_seconds(object, seconds);
    }
}

fn bump(object: &mut Value) {
    let generation = meta::generation(object);
    if generation > 0 {
        meta::set_generation(object, generation + 1);
    }
}

fn finalizers(stored: &api::Resource, object: &mut Value, options: &DeleteOptions) {
    let (orphan, foreground) = (options.orphans(stored, object), options.foreground(stored, object));
    let mut wanted: Vec<String> =
        meta::finalizers(object).filter(|f| *f != ORPHAN && *f != FOREGROUND).map(str::to_owned).collect();
    if orphan {
        wanted.push(ORPHAN.into());
    }
    if foreground {
        wanted.push(FOREGROUND.into());
    }
    let same = wanted.len() == meta::finalizers(object).count()
        && wanted.iter().all(|w| meta::finalizers(object).any(|f| f == w));
    if !same {
        meta::set_finalizers(object, wanted);
    }
}

fn accepted(options: &DeleteOptions) -> u16 {
    if options.orphan_dependents == Some(false) { 202 } else { 200 }
}

fn preconditions(call: &Call, stored: &api::Resource, old: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let conflict = |message: &str| {
        // Upstream names the kind here, not the resource.
        Err(Status::conflict(&stored.group, &stored.kind, &call.info.name, message))
    };
    if let Some(uid) = &options.uid
        && uid != meta::uid(old)
    {
        return conflict(&format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            meta::uid(old)
        ));
    }
    if let Some(version) = &options.resource_version
        && version != meta::resource_version(old)
    {
        return conflict(&format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
            meta::resource_version(old)
        ));
    }
    Ok(())
}

/// Kinds whose deletion answers with the object; all others answer with a Status.
fn returns_object(stored: &api::Resource) -> bool {
    match &*stored.group {
        "" => matches!(
            &*stored.kind,
            "Pod"
                | "Service"
                | "ServiceAccount"
                | "Namespace"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "PodTemplate"
                | "ResourceQuota"
        ),
        "resource.k8s.io" => true,
        "storage.k8s.io" => &*stored.kind != "CSIStorageCapacity",
        _ => false,
    }
}

fn removed(call: &Call, stored: &Row, current: &Obj, old: Value, revision: u64) -> Outcome {
    if returns_object(stored) {
        return answer(call, stored, 200, current.encoded.clone(), revision, None);
    }
    Outcome::status(Status::deleted(&call.row.group, &call.row.plural, &call.info.name, meta::uid(&old)))
}
