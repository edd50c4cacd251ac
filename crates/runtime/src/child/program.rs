//! Which file a command names, in the words that runc has for what is wrong with it.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    child::{Outcome, words},
    proto::Failure,
};

/// `PATH` where the image sets none.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Finds the program of a command as the calling process, already in the container, would execute it.
pub(crate) fn find(command: &str, environment: &[String]) -> Outcome<PathBuf> {
    let refuse = |detail: String, code: i32| Failure { message: format!("exec: {command:?}: {detail}"), code };
    if command.contains('/') {
        let path = PathBuf::from(command);
        return match check(&path) {
            Ok(()) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(refuse(format!("stat {command}: no such file or directory"), 127))
            }
            Err(error) => Err(refuse(words(&error), 126)),
        };
    }
    let path = environment.iter().rev().find_map(|pair| pair.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let mut denied = None;
    for directory in path.split(':') {
        let directory = if directory.is_empty() { "." } else { directory };
        let candidate = Path::new(directory).join(command);
        match check(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => denied = Some(error),
            Err(_) => {}
        }
    }
    match denied {
        Some(error) if !command.is_empty() => Err(refuse(words(&error), 126)),
        _ => Err(refuse("executable file not found in $PATH".into(), 127)),
    }
}

fn check(path: &Path) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from_raw_os_error(rustix::io::Errno::ISDIR.raw_os_error()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // With the effective ids, which is what counts when it is executed.
    let flags = rustix::fs::AtFlags::EACCESS;
    Ok(rustix::fs::accessat(rustix::fs::CWD, path, rustix::fs::Access::EXEC_OK, flags)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("data"), "").unwrap();
        std::fs::create_dir(dir.path().join("directory")).unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let env = [format!("PATH=/nowhere:{}:/bin", dir.path().display())];
        assert_eq!(find("sh", &env).unwrap(), PathBuf::from("/bin/sh"));
        let error = |command: &str| find(command, &env).unwrap_err();
        assert_eq!(
            error("/no/such/program").message,
            "exec: \"/no/such/program\": stat /no/such/program: no such file or directory"
        );
        assert_eq!(error("/no/such/program").code, 127);
        assert_eq!(error("nothing").message, "exec: \"nothing\": executable file not found in $PATH");
        assert_eq!(error("data").message, "exec: \"data\": permission denied");
        assert_eq!(error(&path("data")).code, 126);
        assert_eq!(error(&path("directory")).message, format!("exec: {:?}: is a directory", path("directory")));
        assert_eq!(error("").code, 127);
    }
}
