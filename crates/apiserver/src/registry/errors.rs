//! The one place where errors of the store and the cache become a `Status`.

use apimachinery::status::Status;
use storage::Error;

use crate::cache::Behind;

/// An error of the store, as a client sees it. Conflicts are handled where they happen, because their meaning differs by verb.
#[must_use]
pub fn from_store(error: &Error) -> Status {
    match error {
        Error::Conflict { .. } => Status::internal(error),
        Error::Compacted { asked, oldest } => {
            Status::expired(format!("too old resource version: {} ({})", asked.0, oldest.0))
        }
        Error::Future { asked, current } => too_large(asked.0, current.0),
        // Without a time to retry after: clients would wait for it in silence, and room may be long in coming.
        Error::NoSpace { .. } => Status::unavailable(error.to_string()),
        Error::Damaged { .. } | Error::OtherVersion { .. } | Error::Io { .. } => Status::internal(error),
        Error::Closed => Status::unavailable("the server is shutting down").retry_after(1),
    }
}

/// The cache is not there yet.
#[must_use]
pub fn from_cache(behind: Behind) -> Status {
    too_large(behind.wanted, behind.current)
}

fn too_large(wanted: u64, current: u64) -> Status {
    let mut status = Status::timeout(&format!("Too large resource version: {wanted}, current: {current}"), 1);
    status.details.get_or_insert_default().causes.push(apimachinery::status::Cause {
        reason: "ResourceVersionTooLarge".into(),
        message: "Too large resource version".into(),
        field: String::new(),
    });
    status
}

/// A page that can no longer be read.
#[must_use]
pub fn expired_page() -> Status {
    Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    )
}
