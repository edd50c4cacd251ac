//! Lines for the operator, on standard error.

use std::{io::Write, sync::Arc};

/// Where all rooms send their lines.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Writes a line with the time.
pub fn stderr() -> Log {
    Arc::new(|line| {
        let now = jiff::Timestamp::now();
        let _ = writeln!(std::io::stderr().lock(), "{now:.3} {line}");
    })
}
