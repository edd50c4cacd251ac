//! Whom to send away so that a pod gets room: who may do so, on which nodes it helps, who would have to go there, and which
//! node costs least. Upstream's `DefaultPreemption`.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use client::{Matcher, Object};
use jiff::Timestamp;
use k8s_openapi::api::{core::v1::Pod, policy::v1::PodDisruptionBudget};

use crate::{
    cache::{Cache, NodeInfo},
    cycle::{FitError, State, not_available, reject},
    pod::PodInfo,
};

/// `status.conditions[].type` of pods that somebody else ends.
pub(crate) const DISRUPTION_TARGET: &str = "DisruptionTarget";
/// Its reason when the scheduler does it.
pub(crate) const BY_SCHEDULER: &str = "PreemptionByScheduler";

const NEVER: &str = "not eligible due to preemptionPolicy=Never.";
const STILL_ENDING: &str = "not eligible due to a terminating pod on the nominated node.";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";
const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
/// The search ends with so many candidates, or with a tenth of the nodes, whichever is more: upstream's
/// `minCandidateNodesAbsolute` and `minCandidateNodesPercentage`.
const CANDIDATES: usize = 100;
const CANDIDATES_PERCENT: usize = 10;

/// A budget for disruptions, as far as it matters here.
#[derive(Debug)]
pub struct Budget {
    namespace: String,
    matcher: Matcher,
    allowed: i32,
    /// Names of pods whose disruption the API server has accounted for already.
    disrupted: BTreeSet<String>,
}

impl Budget {
    /// A budget, unless it selects nothing; an empty selector counts as nothing here.
    #[must_use]
    pub fn new(budget: &PodDisruptionBudget) -> Option<Self> {
        let matcher = Matcher::optional(budget.spec.as_ref()?.selector.as_ref()).ok()?;
        let status = budget.status.as_ref();
        (!matcher.is_empty()).then(|| Self {
            namespace: budget.namespace().to_owned(),
            matcher,
            allowed: status.and_then(|s| s.disruptions_allowed).unwrap_or(0),
            disrupted: status
                .and_then(|s| s.disrupted_pods.as_ref())
                .into_iter()
                .flatten()
                .map(|(n, _)| n.clone())
                .collect(),
        })
    }
}

/// A node that would do without some of its pods.
#[derive(Debug)]
pub struct Candidate {
    /// Name of the node.
    pub node: String,
    /// Who would have to go, the most important first; never empty.
    pub victims: Vec<Arc<PodInfo>>,
    /// How many of them no disruption budget allows.
    pub violations: usize,
}

/// What preemption can do for a pod that found no node.
#[derive(Debug)]
pub enum Verdict {
    /// It may not send others away, or has just done so: what it was promised stays.
    NotEligible(&'static str),
    /// No node would do, even without all pods of lower priority. It is promised nothing (any more).
    Hopeless(String),
    /// These must go, then it is promised the node.
    Preempt(Candidate),
}

impl Verdict {
    /// What follows `preemption:` in the text of the condition, in upstream's words.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match self {
            Self::NotEligible(why) => Cow::Borrowed(why),
            Self::Hopeless(why) => Cow::Borrowed(why),
            Self::Preempt(Candidate { node, victims, .. }) => Cow::Owned(format!(
                "found a potential placement for pod on node {node}, preempting {} victims",
                victims.len()
            )),
        }
    }
}

/// Decides for a pod that was just rejected with `error`. `offset` says where among the nodes the search begins; `now` is
/// the start time of pods that have none yet.
pub fn plan(
    pod: &PodInfo,
    cache: &Cache,
    error: &FitError,
    budgets: impl Fn() -> Vec<Budget>,
    offset: u64,
    now: Timestamp,
) -> Verdict {
    if let Err(why) = eligible(pod, cache, error) {
        return Verdict::NotEligible(why);
    }
    let nodes = &error.resolvable;
    let enough = nodes.len().min(CANDIDATES.max(nodes.len() * CANDIDATES_PERCENT / 100));
    let first = usize::try_from(offset.checked_rem(nodes.len() as u64).unwrap_or(0)).unwrap_or(0);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut bench = None;
    for node in nodes[first..].iter().chain(&nodes[..first]).filter_map(|name| cache.node(name)) {
        let found = if node.pods.iter().any(|there| there.priority < pod.priority) {
            let bench = bench.get_or_insert_with(|| Bench { state: State::new(pod, cache), budgets: budgets() });
            bench.candidate(pod, node, cache, now)
        } else {
            Err(vec![Cow::Borrowed(NO_VICTIMS)])
        };
        match found {
            Ok(candidate) if candidate.violations == 0 => good.push(candidate),
            Ok(candidate) if bad.len() < enough => bad.push(candidate),
            Ok(_) => {}
            Err(why) => why.into_iter().for_each(|reason| *reasons.entry(reason.into_owned()).or_default() += 1),
        }
        if !good.is_empty() && good.len() + bad.len() >= enough {
            break;
        }
    }
    match good.into_iter().chain(bad).min_by_key(|candidate| cost(candidate, now)) {
        Some(best) => Verdict::Preempt(best),
        None => {
            let helpless = error.nodes.saturating_sub(nodes.len());
            if helpless > 0 {
                *reasons.entry(NOT_HELPFUL.to_owned()).or_default() += helpless;
            }
            Verdict::Hopeless(not_available(error.nodes, &reasons))
        }
    }
}

/// Whether a pod may send others away. One whose victims are still ending on the node that it was promised must wait for
/// them, unless that node is out of the question now.
fn eligible(pod: &PodInfo, cache: &Cache, error: &FitError) -> Result<(), &'static str> {
    if pod.spec().and_then(|s| s.preemption_policy.as_deref()) == Some("Never") {
        return Err(NEVER);
    }
    let promised = cache.nominated.node_of(pod.pod.uid()).filter(|name| error.resolvable.iter().any(|n| n == name));
    let Some(node) = promised.and_then(|name| cache.node(name)) else { return Ok(()) };
    let waits = node.pods.iter().any(|there| there.priority < pod.priority && is_ending(&there.pod));
    if waits { Err(STILL_ENDING) } else { Ok(()) }
}

/// Whether a pod ends because the scheduler sent it away.
pub(crate) fn is_ending(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref()).into_iter().flatten();
    pod.metadata.deletion_timestamp.is_some()
        && conditions
            .filter(|c| c.type_ == DISRUPTION_TARGET)
            .any(|c| c.status == "True" && c.reason.as_deref() == Some(BY_SCHEDULER))
}

/// What trying out nodes needs.
struct Bench {
    /// The pod's counts over the cluster as it is; trying out changes it and puts it back.
    state: State,
    budgets: Vec<Budget>,
}

impl Bench {
    /// The pods of a node that would have to go, or why that would not help: all of lower priority go in thought, then
    /// as many as possible come back, first those whose going no budget allows, and the more important before the others.
    fn candidate(
        &mut self,
        pod: &PodInfo,
        node: &NodeInfo,
        cache: &Cache,
        now: Timestamp,
    ) -> Result<Candidate, Vec<Cow<'static, str>>> {
        let state = &mut self.state;
        let mut rest = node.clone();
        let mut away: Vec<Arc<PodInfo>> = node.pods.iter().filter(|p| p.priority < pod.priority).cloned().collect();
        for victim in &away {
            rest.remove(victim.pod.uid());
            state.shift(pod, victim, node, cache, -1);
        }
        let rejected = reject(state, pod, &rest, cache);
        let mut violations = 0;
        if rejected.is_none() {
            away.sort_by_key(|victim| importance(victim, now));
            let (violating, allowed) = split(away, &self.budgets);
            let tries = violating.into_iter().map(|v| (v, 1)).chain(allowed.into_iter().map(|v| (v, 0)));
            away = Vec::new();
            for (victim, violates) in tries {
                rest.add(victim.clone());
                state.shift(pod, &victim, node, cache, 1);
                if reject(state, pod, &rest, cache).is_some() {
                    rest.remove(victim.pod.uid());
                    state.shift(pod, &victim, node, cache, -1);
                    violations += violates;
                    away.push(victim);
                }
            }
        }
        for victim in &away {
            state.shift(pod, victim, node, cache, 1);
        }
        if let Some((_, rejection)) = rejected {
            return Err(rejection.reasons);
        }
        away.sort_by_key(|victim| importance(victim, now));
        if away.is_empty() {
            return Err(vec![Cow::Borrowed(NO_VICTIMS)]);
        }
        Ok(Candidate { node: node.name().to_owned(), victims: away, violations })
    }
}

/// Order of importance: the higher priority, then the longer run.
fn importance(pod: &PodInfo, now: Timestamp) -> (Reverse<i32>, Timestamp) {
    (Reverse(pod.priority), started(pod, now))
}

fn started(pod: &PodInfo, now: Timestamp) -> Timestamp {
    pod.pod.status.as_ref().and_then(|s| s.start_time.as_ref()).map_or(now, |time| time.0)
}

/// Those whose going would exceed a budget, when all before them go too; and the others.
fn split(victims: Vec<Arc<PodInfo>>, budgets: &[Budget]) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let mut left: Vec<i32> = budgets.iter().map(|b| b.allowed).collect();
    victims.into_iter().partition(|victim| {
        let labels = victim.pod.metadata.labels.as_ref().filter(|labels| !labels.is_empty());
        labels.is_some()
            && budgets.iter().zip(&mut left).any(|(budget, left)| {
                let concerned = budget.namespace == victim.pod.namespace()
                    && budget.matcher.matches(labels)
                    && !budget.disrupted.contains(victim.pod.name());
                *left -= i32::from(concerned);
                concerned && *left < 0
            })
    })
}

/// What a candidate costs, to be compared in this order: budgets exceeded, the highest priority, the sum of priorities (all
/// made positive, so that more pods never cost less), the number of pods, and how long the most important have run.
fn cost(candidate: &Candidate, now: Timestamp) -> (usize, i32, i64, usize, Reverse<Timestamp>) {
    let victims = &candidate.victims;
    let highest = victims.iter().map(|v| v.priority).max().unwrap_or(i32::MIN);
    let sum = victims.iter().map(|v| i64::from(v.priority) + i64::from(i32::MAX) + 1).sum();
    let longest = victims.iter().filter(|v| v.priority == highest).map(|v| started(v, now)).min().unwrap_or(now);
    (candidate.violations, highest, sum, victims.len(), Reverse(longest))
}
