//! `hostPath`: what must be there, and what is made when it is not.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Checks the type, making what `…OrCreate` allows; the error is upstream's text.
pub(crate) fn check(path: &str, type_: &str) -> Result<(), String> {
    let target = Path::new(path);
    let failed = |text: String| Err(format!("hostPath type check failed: {text}"));
    let make = |done: io::Result<()>| done.or_else(|error| failed(error.to_string()));
    match type_ {
        "" => return Ok(()),
        "DirectoryOrCreate" if !target.exists() => {
            return make(
                fs::create_dir_all(target).and_then(|()| fs::set_permissions(target, Permissions::from_mode(0o755))),
            );
        }
        "FileOrCreate" if !target.exists() => {
            return make(OpenOptions::new().create(true).append(true).mode(0o644).open(target).map(drop));
        }
        _ => {}
    }
    let kind = fs::metadata(target).map(|meta| meta.file_type());
    let (ok, what) = match (type_, &kind) {
        ("Directory" | "DirectoryOrCreate", kind) => (kind.as_ref().is_ok_and(fs::FileType::is_dir), "a directory"),
        ("File" | "FileOrCreate", kind) => (kind.as_ref().is_ok_and(fs::FileType::is_file), "a file"),
        ("Socket", kind) => (kind.as_ref().is_ok_and(FileTypeExt::is_socket), "a socket file"),
        ("CharDevice", kind) => (kind.as_ref().is_ok_and(FileTypeExt::is_char_device), "a character device"),
        ("BlockDevice", kind) => (kind.as_ref().is_ok_and(FileTypeExt::is_block_device), "a block device"),
        (other, _) => return Err(format!("{other} is an invalid volume type")),
    };
    if ok { Ok(()) } else { failed(format!("{path} is not {what}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        assert!(
            check(&at("none"), "").is_ok()
                && check(&at("d/e"), "DirectoryOrCreate").is_ok()
                && check(&at("f"), "FileOrCreate").is_ok()
        );
        assert!(check(&at("d"), "Directory").is_ok() && check(&at("f"), "File").is_ok());
        assert_eq!(
            check(&at("f"), "Directory").unwrap_err(),
            format!("hostPath type check failed: {} is not a directory", at("f"))
        );
        assert_eq!(
            check("/dev/null", "Socket").unwrap_err(),
            "hostPath type check failed: /dev/null is not a socket file"
        );
        assert!(check("/dev/null", "CharDevice").is_ok());
    }
}
