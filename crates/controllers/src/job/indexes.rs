//! Completion indexes: sets of numbers, written as `0-3,7`.

use std::collections::BTreeSet;

use client::Object;
use k8s_openapi::api::core::v1::Pod;

/// The annotation and label of a pod that works on an index.
pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Reads `0-3,7`; parts that are no numbers, or are too big for `completions`, are left out.
#[must_use]
pub fn parse(text: &str, completions: i32) -> BTreeSet<i32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some((first.trim().parse::<i32>().ok()?, last.trim().parse::<i32>().ok()?.min(completions - 1)))
    };
    text.split(',').filter_map(range).flat_map(|(first, last)| first..=last).collect()
}

/// Writes `0-3,7`.
#[must_use]
pub fn format(indexes: &BTreeSet<i32>) -> String {
    let mut parts: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => parts.push((*index, *index)),
        }
    }
    let text = |(first, last): (i32, i32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    };
    parts.into_iter().map(text).collect::<Vec<_>>().join(",")
}

/// The index of a pod.
#[must_use]
pub fn of_pod(pod: &Pod) -> Option<i32> {
    pod.annotation(INDEX)?.parse().ok().filter(|i| *i >= 0)
}
