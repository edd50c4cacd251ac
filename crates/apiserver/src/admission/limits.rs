//! LimitRanger: default requests and limits of a namespace, and its bounds.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{meta, quantity::Quantity, status::Status};
use serde_json::{Map, Value};

use super::{all, creates, is, refuse, updates};
use crate::{
    contract::{Admission, Attributes, Job, Reader},
    strategies::json::{list, map, text},
};

/// The plugin.
pub struct LimitRanger {
    reader: Arc<dyn Reader>,
}

/// Resources by name.
pub type Amounts = BTreeMap<String, Quantity>;

pub fn amounts(value: Option<&Value>) -> Amounts {
    let parse = |(k, v): (&String, &Value)| {
        let text = v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        Quantity::parse(&text).ok().map(|q| (k.clone(), q))
    };
    value.and_then(Value::as_object).into_iter().flatten().filter_map(parse).collect()
}

fn add(to: &mut Amounts, more: &Amounts) {
    for (name, quantity) in more {
        let sum = match to.get(name) {
            Some(have) => have.clone() + quantity.clone(),
            None => quantity.clone(),
        };
        to.insert(name.clone(), sum);
    }
}

fn max(to: &mut Amounts, other: &Amounts) {
    for (name, quantity) in other {
        if to.get(name).is_none_or(|have| have < quantity) {
            to.insert(name.clone(), quantity.clone());
        }
    }
}

/// What a whole pod asks for (`requests` or `limits`): containers together, or the largest step of the initialisation.
#[must_use]
pub fn pod_total(pod: &Value, key: &str) -> Amounts {
    let of = |container: &Value| amounts(container["resources"].get(key));
    let mut total = Amounts::new();
    for container in list(pod, "/spec/containers") {
        add(&mut total, &of(container));
    }
    let (mut beside, mut peak) = (Amounts::new(), Amounts::new());
    for container in list(pod, "/spec/initContainers") {
        let own = of(container);
        if container["restartPolicy"] == "Always" {
            add(&mut total, &own);
            add(&mut beside, &own);
            max(&mut peak, &beside);
        } else {
            let mut now = own;
            add(&mut now, &beside);
            max(&mut peak, &now);
        }
    }
    max(&mut total, &peak);
    for (name, quantity) in amounts(pod.pointer(&format!("/spec/resources/{key}"))) {
        total.insert(name, quantity);
    }
    total
}

fn fill(container: &mut Value, key: &str, defaults: &Amounts) -> Vec<String> {
    let mut set = Vec::new();
    if defaults.is_empty() {
        return set;
    }
    let values = map(container, "resources").entry(key).or_insert_with(|| Value::Object(Map::new()));
    let values = meta::ensure_map(values);
    for (name, quantity) in defaults {
        if !values.contains_key(name) {
            values.insert(name.clone(), quantity.to_string().into());
            set.push(name.clone());
        }
    }
    set
}

/// Fills requests and limits that a pod leaves open.
fn fill_pod(pod: &mut Value, range: &Value) {
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for limit in list(range, "/spec/limits").iter().filter(|l| l["type"] == "Container") {
        requests.extend(amounts(limit.get("defaultRequest")));
        limits.extend(amounts(limit.get("default")));
    }
    let mut notes = Vec::new();
    for (key, word) in [("containers", "container"), ("initContainers", "init container")] {
        let Some(Value::Array(containers)) = pod.pointer_mut(&format!("/spec/{key}")) else { continue };
        for container in containers.iter_mut() {
            let name = text(container, "/name").to_owned();
            let set_limits = fill(container, "limits", &limits);
            let set_requests = fill(container, "requests", &requests);
            for (set, what) in [(set_requests, "request"), (set_limits, "limit")] {
                if !set.is_empty() {
                    notes.push(format!("{} {what} for {word} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        meta::set_annotation(
            pod,
            "kubernetes.io/limit-ranger",
            format!("LimitRanger plugin set: {}", notes.join("; ")),
        );
    }
}

/// One thing that has requests and limits, against one limit.
struct Check<'c> {
    kind: &'c str,
    requests: &'c Amounts,
    limits: &'c Amounts,
    errors: &'c mut Vec<String>,
}

impl Check<'_> {
    fn against(&mut self, limit: &Value) {
        let kind = self.kind;
        for (name, bound) in amounts(limit.get("min")) {
            match (self.requests.get(&name), self.limits.get(&name)) {
                (None, _) => {
                    self.errors.push(format!("minimum {name} usage per {kind} is {bound}.  No request is specified"))
                }
                (Some(request), _) if *request < bound => {
                    self.errors.push(format!("minimum {name} usage per {kind} is {bound}, but request is {request}"))
                }
                (_, Some(limit)) if *limit < bound => {
                    self.errors.push(format!("minimum {name} usage per {kind} is {bound}, but limit is {limit}"))
                }
                _ => {}
            }
        }
        for (name, bound) in amounts(limit.get("max")) {
            let claim = kind == "PersistentVolumeClaim";
            match (self.requests.get(&name), self.limits.get(&name)) {
                (None, _) if claim => {
                    self.errors.push(format!("maximum {name} usage per {kind} is {bound}.  No request is specified"))
                }
                (_, None) if !claim => {
                    self.errors.push(format!("maximum {name} usage per {kind} is {bound}.  No limit is specified"))
                }
                (_, Some(limit)) if *limit > bound => {
                    self.errors.push(format!("maximum {name} usage per {kind} is {bound}, but limit is {limit}"))
                }
                (Some(request), _) if *request > bound => {
                    self.errors.push(format!("maximum {name} usage per {kind} is {bound}, but request is {request}"))
                }
                _ => {}
            }
        }
        for (name, bound) in amounts(limit.get("maxLimitRequestRatio")) {
            let some = |a: &Amounts| a.get(&name).filter(|q| !q.is_zero()).map(Quantity::to_f64);
            match (some(self.requests), some(self.limits)) {
                (None, _) => self.errors.push(format!("{name} max limit to request ratio per {kind} is {bound}, but no request is specified or request is 0")),
                (_, None) => self.errors.push(format!("{name} max limit to request ratio per {kind} is {bound}, but no limit is specified or limit is 0")),
                (Some(request), Some(limit)) if limit / request > bound.to_f64() => {
                    self.errors.push(format!("{name} max limit to request ratio per {kind} is {bound}, but provided ratio is {:.6}", limit / request));
                }
                _ => {}
            }
        }
    }
}

fn violations(object: &Value, range: &Value, claim: bool) -> Vec<String> {
    let mut errors = Vec::new();
    for limit in list(range, "/spec/limits") {
        let kind = text(limit, "/type");
        let mut check =
            |requests: &Amounts, limits: &Amounts| Check { kind, requests, limits, errors: &mut errors }.against(limit);
        match (kind, claim) {
            ("Container", false) => {
                for container in list(object, "/spec/containers").iter().chain(list(object, "/spec/initContainers")) {
                    check(
                        &amounts(container.pointer("/resources/requests")),
                        &amounts(container.pointer("/resources/limits")),
                    );
                }
            }
            ("Pod", false) => check(&pod_total(object, "requests"), &pod_total(object, "limits")),
            ("PersistentVolumeClaim", true) => {
                check(&amounts(object.pointer("/spec/resources/requests")), &Amounts::new())
            }
            _ => {}
        }
    }
    errors
}

impl LimitRanger {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn ranges(&self, attributes: &Attributes<'_>) -> Vec<Value> {
        all(&*self.reader, "", "limitranges", &attributes.info.namespace)
    }
}

impl Admission for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        if creates(attributes) && is(attributes, "", "pods") {
            self.ranges(attributes).iter().for_each(|range| fill_pod(object, range));
        }
        Box::pin(async { Ok(()) })
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let claim = is(attributes, "", "persistentvolumeclaims") && (creates(attributes) || updates(attributes));
        let resized =
            attributes.resource.is("", "Pod") && attributes.info.subresource == "resize" && updates(attributes);
        let mut answer = Ok(());
        if claim || resized || (creates(attributes) && is(attributes, "", "pods")) {
            let errors: Vec<String> =
                self.ranges(attributes).iter().flat_map(|range| violations(object, range, claim)).collect();
            answer = match errors.as_slice() {
                [] => Ok(()),
                [one] => Err(refuse(attributes, object, one)),
                many => Err(refuse(attributes, object, &format!("[{}]", many.join(", ")))),
            };
        }
        Box::pin(async { answer })
    }
}
