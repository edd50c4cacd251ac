//! Keeps logs small: renames a file that grew too big, has a new one started, removes the oldest.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::sleep;

use super::read::files;
use crate::{context::Context, pods::manager::Directory};

/// Sizes are looked at this often while something runs: one `stat` per running container.
const EVERY: Duration = Duration::from_secs(10);

/// Looks after the logs of all running containers.
pub(crate) async fn keep(context: Arc<Context>, directory: Arc<Directory>) {
    loop {
        sleep(EVERY).await;
        let mut seen = HashSet::new();
        for entry in directory.all() {
            for instance in entry.view.running() {
                let path = instance.state.log_path.clone();
                if !seen.insert(path.clone())
                    || fs::metadata(&path).map_or(0, |meta| meta.len()) < context.config.log_max_bytes
                {
                    continue;
                }
                let rotated = rotate(&path, context.env.now(), context.config.log_max_files);
                let reopened = context.runtime.reopen_log(&instance.state.sandbox, &instance.state.id).await;
                if let Err(error) = rotated {
                    context.say(&format!("rotate {}: {error}", path.display()));
                }
                if let Err(error) = reopened {
                    context.say(&format!("reopen {}: {error}", path.display()));
                }
            }
        }
    }
}

/// Renames the file away and removes the oldest beyond the limit (the new current one counts).
fn rotate(path: &Path, now: Timestamp, most: u32) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let target: PathBuf = path.with_file_name(format!("{name}.{}", now.strftime("%Y%m%d-%H%M%S")));
    fs::rename(path, target)?;
    let mut rotated = files(path);
    rotated.pop();
    let keep = usize::try_from(most.saturating_sub(1)).unwrap_or(0);
    for old in rotated.iter().take(rotated.len().saturating_sub(keep)) {
        fs::remove_file(old)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_so_many() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        for second in 0..6 {
            fs::write(&path, "x").unwrap();
            rotate(&path, Timestamp::from_second(second).unwrap(), 3).unwrap();
        }
        fs::write(&path, "x").unwrap();
        let names: Vec<_> =
            files(&path).iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["0.log.19700101-000004", "0.log.19700101-000005", "0.log"]);
    }
}
