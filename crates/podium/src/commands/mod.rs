//! The commands.

pub mod agent;
pub mod backup;
pub mod down;
pub mod image;
pub mod reset;
pub mod restore;
pub mod service;
pub mod status;
pub mod token;
pub mod up;

/// Prints a result to standard output.
pub fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
}

/// A current-thread runtime for commands that only ask the server.
pub fn small_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
