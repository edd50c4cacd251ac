//! One RBAC rule: what it allows, and whether a set of rules covers another.

use serde::Deserialize;

use crate::contract::RequestInfo;

/// A `PolicyRule`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rule {
    /// Verbs, or `*`.
    #[serde(deserialize_with = "list")]
    pub verbs: Vec<String>,
    /// API groups, or `*`.
    #[serde(deserialize_with = "list")]
    pub api_groups: Vec<String>,
    /// Resources: `pods`, `pods/log`, `*/scale`, `*`.
    #[serde(deserialize_with = "list")]
    pub resources: Vec<String>,
    /// Names; empty: all.
    #[serde(deserialize_with = "list")]
    pub resource_names: Vec<String>,
    /// Paths outside of resources; a `*` at the end is a wildcard.
    #[serde(deserialize_with = "list", rename = "nonResourceURLs")]
    pub non_resource_urls: Vec<String>,
}

/// A list that may be `null`.
fn list<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn has(set: &[String], wanted: &str) -> bool {
    set.iter().any(|s| s == wanted)
}

fn has_all(set: &[String], wanted: &[String]) -> bool {
    wanted.iter().all(|w| has(set, w))
}

impl Rule {
    /// The rule allows this request.
    #[must_use]
    pub fn allows(&self, request: &RequestInfo) -> bool {
        if !(has(&self.verbs, "*") || has(&self.verbs, request.verb)) {
            return false;
        }
        if !request.is_resource {
            return self.non_resource_urls.iter().any(|u| {
                u == "*"
                    || *u == request.path
                    || u.strip_suffix('*').is_some_and(|p| request.path.starts_with(p.trim_end_matches('*')))
            });
        }
        (has(&self.api_groups, "*") || has(&self.api_groups, &request.group))
            && self.resources.iter().any(|r| resource_matches(r, &request.resource, &request.subresource))
            && (self.resource_names.is_empty() || has(&self.resource_names, &request.name))
    }

    /// The rule, taken apart into rules of one verb, group, resource and name each.
    fn broken_down(&self) -> Vec<Rule> {
        let mut parts = Vec::new();
        let one = |s: &String| vec![s.clone()];
        for group in &self.api_groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    let part =
                        Rule { verbs: one(verb), api_groups: one(group), resources: one(resource), ..Rule::default() };
                    if self.resource_names.is_empty() {
                        parts.push(part);
                    } else {
                        parts.extend(
                            self.resource_names.iter().map(|n| Rule { resource_names: one(n), ..part.clone() }),
                        );
                    }
                }
            }
        }
        for url in &self.non_resource_urls {
            parts.extend(self.verbs.iter().map(|verb| Rule {
                verbs: one(verb),
                non_resource_urls: one(url),
                ..Rule::default()
            }));
        }
        parts
    }

    /// This rule alone allows all that the (broken down) other does.
    fn covers(&self, part: &Rule) -> bool {
        (has(&self.verbs, "*") || has_all(&self.verbs, &part.verbs))
            && (has(&self.api_groups, "*") || has_all(&self.api_groups, &part.api_groups))
            && (has(&self.resources, "*")
                || part.resources.iter().all(|r| {
                    has(&self.resources, r)
                        || r.split_once('/').is_some_and(|(_, sub)| has(&self.resources, &format!("*/{sub}")))
                }))
            && (self.resource_names.is_empty()
                || (!part.resource_names.is_empty() && has_all(&self.resource_names, &part.resource_names)))
            && part.non_resource_urls.iter().all(|path| {
                self.non_resource_urls
                    .iter()
                    .any(|own| own == path || (own.ends_with('*') && path.starts_with(own.trim_end_matches('*'))))
            })
    }

    /// Short form for messages.
    fn compact(&self) -> String {
        let parts: Vec<String> = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ]
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| format!("{name}:{}", quoted(values)))
        .collect();
        format!("{{{}}}", parts.join(", "))
    }
}

fn resource_matches(rule: &str, resource: &str, subresource: &str) -> bool {
    if rule == "*" {
        return true;
    }
    if subresource.is_empty() {
        return rule == resource;
    }
    rule.split_once('/').is_some_and(|(r, s)| s == subresource && (r == "*" || r == resource))
}

/// `["a" "b"]`, as Go prints a quoted list.
#[must_use]
pub fn quoted(values: &[String]) -> String {
    let parts: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
    format!("[{}]", parts.join(" "))
}

/// What `wanted` allows and `owned` does not, in the words of Kubernetes' message: a line per rule, or nothing.
#[must_use]
pub fn missing(owned: &[Rule], wanted: &[Rule]) -> Option<String> {
    let mut lacking: Vec<Rule> = Vec::new();
    for part in wanted.iter().flat_map(Rule::broken_down) {
        if owned.iter().any(|o| o.covers(&part)) {
            continue;
        }
        // Parts that differ by the verb only become one again.
        match lacking.iter_mut().find(|l| {
            part.non_resource_urls.is_empty()
                && l.api_groups == part.api_groups
                && l.resources == part.resources
                && l.resource_names == part.resource_names
        }) {
            Some(same) => same.verbs.extend(part.verbs),
            None => lacking.push(part),
        }
    }
    if lacking.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = lacking.iter().map(Rule::compact).collect();
    lines.sort();
    lines.dedup();
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> Rule {
        let own = |v: &[&str]| v.iter().map(ToString::to_string).collect();
        Rule {
            api_groups: own(groups),
            resources: own(resources),
            verbs: own(verbs),
            resource_names: own(names),
            ..Rule::default()
        }
    }

    #[test]
    fn resources_and_names() {
        let cases = [
            (rule(&[""], &["pods"], &["get"], &[]), ("pods", "", "a"), true),
            (rule(&[""], &["pods"], &["get"], &[]), ("pods", "log", "a"), false),
            (rule(&[""], &["pods/log"], &["get"], &[]), ("pods", "log", "a"), true),
            (rule(&[""], &["*/log"], &["get"], &[]), ("pods", "log", "a"), true),
            (rule(&["*"], &["*"], &["*"], &[]), ("pods", "log", "a"), true),
            (rule(&[""], &["pods"], &["get"], &["b"]), ("pods", "", "a"), false),
            (rule(&[""], &["pods"], &["get"], &["a"]), ("pods", "", "a"), true),
            (rule(&["apps"], &["pods"], &["get"], &[]), ("pods", "", "a"), false),
            (rule(&[""], &["pods"], &["list"], &[]), ("pods", "", "a"), false),
        ];
        for (rule, (resource, subresource, name), expected) in cases {
            let request = RequestInfo {
                verb: "get",
                is_resource: true,
                resource: resource.into(),
                subresource: subresource.into(),
                name: name.into(),
                ..RequestInfo::default()
            };
            assert_eq!(rule.allows(&request), expected, "{rule:?} {request:?}");
        }
    }

    #[test]
    fn paths() {
        let urls = |u: &str| Rule { verbs: vec!["get".into()], non_resource_urls: vec![u.into()], ..Rule::default() };
        for (url, path, expected) in [
            ("/healthz", "/healthz", true),
            ("/healthz/*", "/healthz/x", true),
            ("/healthz", "/healthz/x", false),
            ("*", "/x", true),
            ("/openapi*", "/openapi/v3", true),
        ] {
            assert_eq!(
                urls(url).allows(&RequestInfo { verb: "get", path: path.into(), ..RequestInfo::default() }),
                expected,
                "{url} {path}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let owned = [rule(&[""], &["pods"], &["get"], &[])];
        assert_eq!(missing(&owned, &[rule(&[""], &["pods"], &["get"], &["x"])]), None);
        assert_eq!(
            missing(&owned, &[rule(&[""], &["pods", "secrets"], &["get", "list"], &[])]).as_deref(),
            Some(
                "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}"
            )
        );
    }
}
