//! Files that change all at once: a timestamped directory behind the `..data` link, as Kubernetes lays them out.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::payload::Files;

const DATA: &str = "..data";
const FRESH: &str = "..data_tmp";

/// Brings the directory to these files; whether anything changed.
pub(crate) fn write(
    dir: &Path,
    files: &Files,
    now: Timestamp,
    prepare: &dyn Fn(&Path) -> io::Result<()>,
) -> io::Result<bool> {
    let current = fs::read_link(dir.join(DATA)).ok().map(|link| dir.join(link));
    if let Some(current) = &current
        && is_same(current, files)?
    {
        return Ok(false);
    }
    let fresh = new_directory(dir, now)?;
    let result = fill(&fresh, files).and_then(|()| prepare(&fresh));
    if let Err(error) = result {
        let _ = fs::remove_dir_all(&fresh);
        return Err(error);
    }
    for name in top_level(files) {
        let link = dir.join(&name);
        let target = Path::new(DATA).join(&name);
        if fs::read_link(&link).ok().as_deref() != Some(&target) {
            remove_any(&link)?;
            symlink(&target, &link)?;
        }
    }
    let link = dir.join(FRESH);
    remove_any(&link)?;
    symlink(fresh.file_name().unwrap_or_default(), &link)?;
    fs::rename(&link, dir.join(DATA))?;
    remove_stale(dir, files)?;
    if let Some(old) = current {
        remove_any(&old)?;
    }
    Ok(true)
}

fn top_level(files: &Files) -> std::collections::BTreeSet<String> {
    files.keys().filter_map(|path| path.split('/').next().map(ToOwned::to_owned)).collect()
}

fn new_directory(dir: &Path, now: Timestamp) -> io::Result<PathBuf> {
    for attempt in 0..100_u32 {
        let name = format!(
            "..{}.{:09}",
            now.strftime("%Y_%m_%d_%H_%M_%S"),
            (u32::try_from(now.subsec_nanosecond()).unwrap_or(0) + attempt) % 1_000_000_000
        );
        let path = dir.join(name);
        match fs::create_dir(&path) {
            Ok(()) => {
                fs::set_permissions(&path, Permissions::from_mode(0o755))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no free name for a new version"))
}

fn fill(dir: &Path, files: &Files) -> io::Result<()> {
    for (path, file) in files {
        let target = dir.join(path);
        if let Some(parent) = target.parent()
            && parent != dir
        {
            let mut made = dir.to_owned();
            for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
                made.push(part);
                match fs::create_dir(&made) {
                    Ok(()) => fs::set_permissions(&made, Permissions::from_mode(0o755))?,
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error),
                }
            }
        }
        fs::write(&target, &file.data)?;
        fs::set_permissions(&target, Permissions::from_mode(file.mode))?;
    }
    Ok(())
}

fn is_same(dir: &Path, files: &Files) -> io::Result<bool> {
    let mut count = 0;
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
                continue;
            }
            count += 1;
            let path = entry.path();
            let Some(wanted) = path.strip_prefix(dir).ok().and_then(|path| files.get(path.to_str()?)) else {
                return Ok(false);
            };
            if entry.metadata()?.len() != wanted.data.len() as u64 || fs::read(&path)? != wanted.data {
                return Ok(false);
            }
        }
    }
    Ok(count == files.len())
}

/// Links to files that are not wanted any more.
fn remove_stale(dir: &Path, files: &Files) -> io::Result<()> {
    let wanted = top_level(files);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("..") && !wanted.contains(name.as_ref()) {
            remove_any(&entry.path())?;
        }
    }
    Ok(())
}

fn remove_any(path: &Path) -> io::Result<()> {
    let done = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::payload::File, *};

    #[test]
    fn replaces_all_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = |text: &str| File { data: text.into(), mode: 0o440 };
        let mut files = Files::from([("a".to_owned(), file("1")), ("d/b".to_owned(), file("2"))]);
        let now = Timestamp::UNIX_EPOCH;
        assert!(write(dir.path(), &files, now, &|_| Ok(())).unwrap());
        assert!(!write(dir.path(), &files, now, &|_| Ok(())).unwrap(), "nothing to do");
        assert_eq!(fs::read_to_string(dir.path().join("d/b")).unwrap(), "2");
        assert_eq!(fs::read_link(dir.path().join("a")).unwrap(), Path::new("..data/a"));
        assert_eq!(fs::metadata(dir.path().join("a")).unwrap().permissions().mode() & 0o777, 0o440);
        files.remove("d/b");
        files.insert("a".into(), file("3"));
        assert!(write(dir.path(), &files, now, &|_| Ok(())).unwrap());
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "3");
        assert!(!dir.path().join("d").exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "one version, ..data and a");
    }
}
