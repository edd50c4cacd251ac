//! `watch`: from the ring of a kind.

use std::time::Duration;

use apimachinery::status::Status;
use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::{get::wanted_revision, list::check};
use crate::{
    body::{Encoding, WatchStream},
    cache::watch::{Begin, Form, Plan, start},
    registry::{Call, Registry},
    request::Query,
};

/// A watch without `timeoutSeconds` lives this long, and up to twice as long.
const LIFETIME: Duration = Duration::from_secs(1800);

impl Registry {
    /// Opens a watch.
    ///
    /// # Errors
    /// Parameters that make no sense. A revision that is too old comes as an ERROR event, as upstream does it.
    pub async fn watch(
        &self,
        call: &Call,
        query: &Query,
        encoding: Encoding,
        form: Form,
        bookmark: Option<Box<dyn FnMut(u64, bool) -> Bytes + Send>>,
    ) -> Result<WatchStream, Status> {
        check(query, true)?;
        let selection = self.selection(call, query)?;
        let kind = self.kind(call)?;
        let revision = wanted_revision(query)?;
        let bookmarks = query.flag("allowWatchBookmarks");
        let begin = match (query.boolean("sendInitialEvents"), revision) {
            (Some(true), _) => {
                self.wait_for(revision.filter(|r| *r != 0)).await?;
                Begin::Now { end_bookmark: bookmarks }
            }
            (None, None | Some(0)) => {
                self.wait_for(revision).await?;
                Begin::Now { end_bookmark: false }
            }
            (Some(false), None | Some(0)) => {
                self.wait_for(None).await?;
                Begin::After(self.cache.revision())
            }
            (_, Some(revision)) => Begin::After(revision),
        };
        let mut byte = [0u8; 2];
        (self.config.random)(&mut byte);
        let jitter = f64::from(u16::from_be_bytes(byte)) / f64::from(u16::MAX);
        let lifetime = match query.get("timeoutSeconds").and_then(|t| t.parse::<u64>().ok()) {
            Some(seconds) if seconds > 0 => Duration::from_secs(seconds),
            _ => LIFETIME.mul_f64(1.0 + jitter),
        };
        let (api_version, kind_name) = (call.row.api_version(), call.row.kind.to_string());
        let plain = move |revision, end| plain_bookmark(&api_version, &kind_name, revision, end);
        let plan = Plan {
            selection,
            begin,
            bookmarks,
            deadline: Instant::now() + lifetime,
            encoding,
            form,
            bookmark: bookmark.unwrap_or_else(|| Box::new(plain)),
            jitter,
        };
        Ok(start(&self.cache, kind, plan))
    }
}

fn plain_bookmark(api_version: &str, kind: &str, revision: u64, end: bool) -> Bytes {
    let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if end {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let object = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata});
    object.to_string().into()
}
