//! The arithmetic of a rolling update: how far the new replica set may grow and the old ones shrink.

use std::cmp::Reverse;

use super::{
    plan::{Rollout, Set},
    sets::{self, age, available, max_surge, max_unavailable, replicas, wanted},
};

/// Grows (or shrinks) the newest replica set as far as the surge allows; whether its size changed.
pub fn scale_up_newest(rollout: &mut Rollout<'_>) -> bool {
    let deployment = rollout.deployment;
    let total = rollout.total();
    let Some(newest) = &mut rollout.newest else {
        return false;
    };
    let (size, target) = (replicas(&newest.now), wanted(deployment));
    if size == target {
        return false;
    }
    if size > target {
        return Rollout::scale(deployment, newest, target, false);
    }
    let room = (target + max_surge(deployment) - total).max(0);
    Rollout::scale(deployment, newest, size + room.min(target - size), false)
}

/// Shrinks the old replica sets as far as the available pods allow, unhealthy pods first; whether a size changed.
pub fn scale_down_old(rollout: &mut Rollout<'_>) -> bool {
    let deployment = rollout.deployment;
    let old: i32 = rollout.old.iter().map(|s| replicas(&s.now)).sum();
    if old == 0 {
        return false;
    }
    let minimum = wanted(deployment) - max_unavailable(deployment);
    let unavailable_new = rollout.newest.as_ref().map_or(0, |s| replicas(&s.now) - available(&s.now));
    let most = rollout.total() - minimum - unavailable_new;
    if most <= 0 {
        return false;
    }
    let unhealthy = drop_unhealthy(rollout, most);
    let available_now: i32 = rollout.all().into_iter().map(available).sum();
    let healthy = drop_available(rollout, available_now - minimum);
    unhealthy || healthy
}

fn drop_unhealthy(rollout: &mut Rollout<'_>, most: i32) -> bool {
    let mut left = most;
    let mut scaled = false;
    for set in &mut rollout.old {
        let size = replicas(&set.now);
        let unhealthy = size - available(&set.now);
        if left <= 0 {
            break;
        }
        if size == 0 || unhealthy <= 0 {
            continue;
        }
        let step = left.min(unhealthy);
        scaled |= Rollout::scale(rollout.deployment, set, size - step, false);
        left -= step;
    }
    scaled
}

fn drop_available(rollout: &mut Rollout<'_>, surplus: i32) -> bool {
    let mut left = surplus;
    let mut scaled = false;
    for set in &mut rollout.old {
        let size = replicas(&set.now);
        if left <= 0 {
            break;
        }
        if size == 0 {
            continue;
        }
        let step = left.min(size);
        let before = set.event.is_some().then(|| set.was.as_ref().map_or(size, |w| replicas(w)));
        scaled |= Rollout::scale(rollout.deployment, set, size - step, false);
        if let Some(before) = before {
            // Two steps in one: the event tells the whole way.
            let name = client::Object::name(&set.now);
            set.event = Some(format!("Scaled down replica set {name} from {before} to {}", size - step));
        }
        left -= step;
    }
    scaled
}

/// Brings the replica sets to the size of the deployment without a rollout: while paused, or after a resize, in
/// proportion.
pub fn resize(rollout: &mut Rollout<'_>) {
    let deployment = rollout.deployment;
    if let Some(only) = active_or_latest(rollout) {
        Rollout::scale(deployment, only, wanted(deployment), false);
        return;
    }
    let saturated = rollout.newest.as_ref().is_some_and(|s| {
        replicas(&s.now) == wanted(deployment)
            && sets::noted(&s.now, sets::DESIRED) == Some(wanted(deployment))
            && available(&s.now) == wanted(deployment)
    });
    if saturated {
        for set in &mut rollout.old {
            Rollout::scale(deployment, set, 0, false);
        }
    } else if sets::is_rolling(deployment) {
        proportionally(rollout);
    }
}

/// The only replica set with pods, or the newest when none has any.
fn active_or_latest<'b>(rollout: &'b mut Rollout<'_>) -> Option<&'b mut Set> {
    let active = rollout.all().into_iter().filter(|s| replicas(s) > 0).count();
    if active > 1 {
        return None;
    }
    if active == 1 {
        return rollout.old.iter_mut().chain(&mut rollout.newest).find(|s| replicas(&s.now) > 0);
    }
    match &mut rollout.newest {
        Some(newest) => Some(newest),
        None => rollout.old.last_mut(),
    }
}

fn proportionally(rollout: &mut Rollout<'_>) {
    let deployment = rollout.deployment;
    let total = rollout.total();
    let allowed = if wanted(deployment) > 0 { wanted(deployment) + max_surge(deployment) } else { 0 };
    let to_add = allowed - total;
    let status_replicas = rollout.status.replicas.unwrap_or_default();
    let mut active: Vec<&mut Set> =
        rollout.old.iter_mut().chain(&mut rollout.newest).filter(|s| replicas(&s.now) > 0).collect();
    if to_add > 0 {
        active.sort_by_key(|s| (Reverse(replicas(&s.now)), Reverse(age(&s.now))));
    } else if to_add < 0 {
        active.sort_by_key(|s| (Reverse(replicas(&s.now)), age(&s.now)));
    }
    let mut added = 0;
    let mut sizes = Vec::new();
    for set in &active {
        let share = if to_add == 0 || to_add == added {
            0
        } else {
            let share = fraction(set, allowed, wanted(deployment), status_replicas);
            if to_add > 0 { share.min(to_add - added) } else { share.max(to_add - added) }
        };
        sizes.push(replicas(&set.now) + share);
        added += share;
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    for (set, size) in active.into_iter().zip(sizes) {
        Rollout::scale(deployment, set, size, true);
    }
}

/// By how much a replica set would change if it kept its share of the deployment.
fn fraction(set: &Set, allowed: i32, wanted: i32, status_replicas: i32) -> i32 {
    let size = replicas(&set.now);
    if wanted == 0 {
        return -size;
    }
    let before = sets::noted(&set.now, sets::MAXIMUM).filter(|m| *m != 0).unwrap_or(status_replicas);
    if before == 0 {
        return 0;
    }
    (f64::from(size) * f64::from(allowed) / f64::from(before)).round() as i32 - size
}
