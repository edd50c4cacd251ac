//! `list`: from memory, in chunks that are pictures of one revision.

use std::sync::Arc;

use apimachinery::{
    field::{FieldError, Path},
    status::Status,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use storage::Revision;

use super::get::wanted_revision;
use crate::{
    cache::{kind::Kind, object::Obj, select::Selection},
    registry::{Call, Registry, Row, errors},
    request::Query,
};

/// Entries that are read from the store at once while a selector passes few of them.
const READ: usize = 500;

/// What a list found.
#[derive(Debug)]
pub struct Listed {
    /// The row in whose form the objects are.
    pub row: Row,
    /// In key order.
    pub objects: Vec<Arc<Obj>>,
    /// The list's resourceVersion.
    pub revision: u64,
    /// Where to go on; empty: that was all.
    pub token: String,
    /// How many are left, where that is known.
    pub remaining: Option<u64>,
}

/// What the token says: opaque to clients.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

impl Token {
    fn write(revision: i64, start: &str) -> String {
        let token = Token { v: "meta.k8s.io/v1".into(), rv: revision, start: start.into() };
        // Strings and a number: it cannot fail.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    fn read(text: &str) -> Result<Self, Status> {
        let bad = |why: String| Status::bad_request(format!("continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|e| bad(e.to_string()))?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        match token.v.as_str() {
            "meta.k8s.io/v1" if token.start.contains("..") => Err(bad(format!("invalid start key {}", token.start))),
            "meta.k8s.io/v1" if !token.start.is_empty() && token.rv != 0 => Ok(token),
            "meta.k8s.io/v1" => Err(bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)".into())),
            other => Err(bad(format!("server does not recognize this encoded version \"{other}\""))),
        }
    }
}

/// Checks the parameters that lists and watches share, in upstream's words.
///
/// # Errors
/// Parameters that contradict each other.
pub fn check(query: &Query, watch: bool) -> Result<(), Status> {
    let path = |name: &str| Path::new(name);
    let given = |name: &str| query.get(name).unwrap_or_default();
    let (matching, initial) = (given("resourceVersionMatch"), query.get("sendInitialEvents"));
    let mut found = Vec::new();
    let mut forbid = |name: &str, why: &str| found.push(FieldError::forbidden(&path(name), why));
    if watch {
        if initial.is_some() && matching != "NotOlderThan" {
            forbid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }
        if !matching.is_empty() && initial.is_none() {
            forbid(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            );
        }
    } else {
        if !matching.is_empty() && given("resourceVersion").is_empty() {
            forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if matching == "Exact" && given("resourceVersion") == "0" {
            forbid("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
        if initial.is_some() {
            forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
    }
    if !matching.is_empty() && !given("continue").is_empty() {
        forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    }
    let allowed: &[&str] = if watch { &["NotOlderThan"] } else { &["Exact", "NotOlderThan", ""] };
    if !matching.is_empty() && !allowed.contains(&matching) {
        found.push(FieldError::not_supported(&path("resourceVersionMatch"), matching, allowed));
    }
    if found.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "ListOptions", "", &found)) }
}

/// How many items are wanted at most; 0: all.
fn limit_of(query: &Query) -> Result<usize, Status> {
    match query.get("limit").filter(|t| !t.is_empty()) {
        None => Ok(0),
        Some(text) => text
            .parse::<i64>()
            .map(|n| usize::try_from(n).unwrap_or(0))
            .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))),
    }
}

impl Registry {
    /// The selection of a request.
    pub(crate) fn selection(&self, call: &Call, query: &Query) -> Result<Selection, Status> {
        let kind = self.kind(call)?;
        Selection::parse(&call.row, &kind.row, &call.info.namespace, &call.info.name, query)
    }

    /// The objects that a request asks for.
    ///
    /// # Errors
    /// Parameters that make no sense, or a revision that cannot be read any more.
    pub async fn list(&self, call: &Call, query: &Query) -> Result<Listed, Status> {
        check(query, false)?;
        let selection = self.selection(call, query)?;
        let kind = self.kind(call)?;
        let limit = limit_of(query)?;
        let revision = wanted_revision(query)?;
        if let Some(token) = query.get("continue").filter(|t| !t.is_empty()) {
            if revision.is_some_and(|r| r != 0) {
                return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
            }
            return self.next_page(&kind, &selection, limit, &Token::read(token)?).await;
        }
        let matching = query.get("resourceVersionMatch").unwrap_or_default();
        if let Some(revision) = revision.filter(|r| *r != 0)
            && (matching == "Exact" || (matching.is_empty() && limit > 0))
        {
            return self.page(&kind, &selection, limit, "", revision).await;
        }
        self.wait_for(revision).await?;
        // A list at "any" revision is never cut, as upstream's cache does it.
        let limit = if revision == Some(0) { 0 } else { limit };
        Ok(self.memory_list(call, &kind, &selection, limit))
    }

    fn memory_list(&self, call: &Call, kind: &Arc<Kind>, selection: &Selection, limit: usize) -> Listed {
        let reached = self.cache.revision();
        if let Some(key) = selection.single(&call.row, &call.info.namespace) {
            let found = kind.get(&key).filter(|object| selection.matches(object));
            let revision = found.as_ref().map_or(reached, |object| object.revision.max(reached));
            return Listed {
                row: kind.row.clone(),
                objects: found.into_iter().collect(),
                revision,
                token: String::new(),
                remaining: None,
            };
        }
        let (mut objects, revision) = kind.list(&selection.prefix);
        if !selection.is_everything() {
            objects.retain(|object| selection.matches(object));
        }
        let revision = revision.max(reached);
        let (mut token, mut remaining) = (String::new(), None);
        if limit > 0 && objects.len() > limit {
            remaining = selection.is_everything().then(|| (objects.len() - limit) as u64);
            objects.truncate(limit);
            token = objects.last().map(|last| token_behind(revision, &selection.prefix, &last.key)).unwrap_or_default();
        }
        Listed { row: kind.row.clone(), objects, revision, token, remaining }
    }

    async fn next_page(
        &self,
        kind: &Arc<Kind>,
        selection: &Selection,
        limit: usize,
        token: &Token,
    ) -> Result<Listed, Status> {
        // A token that was handed out with an expired one goes on from the newest state.
        let revision = u64::try_from(token.rv).unwrap_or_else(|_| self.store.revision().0);
        match self.page(kind, selection, limit, &token.start, revision).await {
            Err(mut status) if status.reason == apimachinery::status::reason::EXPIRED => {
                status = errors::expired_page();
                status.message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.".into();
                status.metadata.continue_token = Token::write(-1, &token.start);
                Err(status)
            }
            other => other,
        }
    }

    /// A page from the store's history.
    async fn page(
        &self,
        kind: &Arc<Kind>,
        selection: &Selection,
        limit: usize,
        start: &str,
        revision: u64,
    ) -> Result<Listed, Status> {
        let mut from = format!("{}{start}", selection.prefix);
        let mut objects = Vec::new();
        loop {
            let left = if limit == 0 { 0 } else { limit - objects.len() };
            let read = if selection.is_everything() || limit == 0 { left } else { left.max(READ) };
            let page = self
                .store
                .list(&selection.prefix, &from, read, Revision(revision))
                .await
                .map_err(|error| errors::from_store(&error))?;
            let mut full_at = None;
            for (index, entry) in page.entries.iter().enumerate() {
                if let Some(object) = kind.object(entry).filter(|object| selection.matches(object)) {
                    objects.push(object);
                }
                if limit > 0 && objects.len() == limit {
                    full_at = Some(index);
                    break;
                }
            }
            let behind = full_at.map_or(0, |index| page.entries.len() - index - 1);
            let more = page.more || behind > 0;
            if let Some(last) = page.entries.last().filter(|_| more && full_at.is_none()) {
                from = format!("{}\0", last.key);
                continue;
            }
            let last = full_at.and_then(|index| page.entries.get(index)).filter(|_| more);
            let token = last.map(|entry| token_behind(revision, &selection.prefix, &entry.key)).unwrap_or_default();
            let remaining = page.remaining.map(|n| n + behind as u64).filter(|_| more && selection.is_everything());
            return Ok(Listed { row: kind.row.clone(), objects, revision, token, remaining });
        }
    }
}

fn token_behind(revision: u64, prefix: &str, key: &str) -> String {
    let start = key.strip_prefix(prefix).unwrap_or(key);
    Token::write(i64::try_from(revision).unwrap_or(i64::MAX), &format!("{start}\0"))
}
