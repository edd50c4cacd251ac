//! Termination messages: the file that a container may write, or the end of its log.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use super::view::{Instance, annotation};

const MOST: u64 = 4096;
const LOG_BYTES: usize = 2048;
const LOG_LINES: usize = 80;

/// The message of an ended container.
pub(crate) fn of(instance: &Instance) -> String {
    let note = |key: &str| instance.state.annotations.get(key).map(String::as_str).unwrap_or_default();
    let text = read_end(Path::new(note(annotation::MESSAGE_PATH)), MOST);
    let failed = instance.exit().is_some_and(|exit| exit.code != 0);
    if text.is_empty() && failed && note(annotation::MESSAGE_POLICY) == "FallbackToLogsOnError" {
        return log_tail(&instance.state.log_path);
    }
    text
}

fn read_end(path: &Path, most: u64) -> String {
    let Ok(mut file) = File::open(path) else { return String::new() };
    let length = file.metadata().map_or(0, |meta| meta.len());
    if length > most {
        let _ = file.seek(SeekFrom::Start(length - most));
    }
    let mut out = Vec::new();
    let _ = file.take(most).read_to_end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The last lines of a log, without their stamps.
fn log_tail(path: &Path) -> String {
    let text = read_end(path, 256 * 1024);
    let lines: Vec<&str> = text.lines().rev().take(LOG_LINES).collect();
    let mut out = String::new();
    for line in lines.into_iter().rev() {
        let mut parts = line.splitn(4, ' ').skip(2);
        let (tag, content) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        out.push_str(content);
        if tag.starts_with('F') {
            out.push('\n');
        }
    }
    let mut from = out.len().saturating_sub(LOG_BYTES);
    while !out.is_char_boundary(from) {
        from += 1;
    }
    out.split_off(from)
}
