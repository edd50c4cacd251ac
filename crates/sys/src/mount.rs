//! Mounts by descriptor: nothing is looked up by a path that a container controls, except inside its root.

use std::{
    ffi::CString,
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags},
    io::Errno,
    mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags},
};

/// What a mount forbids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Writing.
    pub read_only: bool,
    /// Set-user-id programs.
    pub no_suid: bool,
    /// Device nodes.
    pub no_dev: bool,
    /// Programs.
    pub no_exec: bool,
}

impl Attributes {
    /// For kernel file systems: no set-user-id programs, devices or programs at all.
    pub const INERT: Self = Self { read_only: false, no_suid: true, no_dev: true, no_exec: true };

    /// The same, read-only.
    pub const fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    fn flags(self) -> MountAttrFlags {
        let mut flags = MountAttrFlags::empty();
        flags.set(MountAttrFlags::MOUNT_ATTR_RDONLY, self.read_only);
        flags.set(MountAttrFlags::MOUNT_ATTR_NOSUID, self.no_suid);
        flags.set(MountAttrFlags::MOUNT_ATTR_NODEV, self.no_dev);
        flags.set(MountAttrFlags::MOUNT_ATTR_NOEXEC, self.no_exec);
        flags
    }
}

/// How mounts spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Not at all.
    Private,
    /// From the origin to here.
    Receive,
    /// Both ways.
    Shared,
}

/// A new file system with options, not yet attached anywhere.
pub fn create(kind: &str, options: &[(&str, &str)], attributes: Attributes) -> io::Result<OwnedFd> {
    use rustix::mount::{fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen};
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        if value.is_empty() {
            fsconfig_set_flag(&context, *key)?;
        } else {
            fsconfig_set_string(&context, *key, *value)?;
        }
    }
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes.flags())?)
}

/// Whether the kernel has a kind of file system; loads its module where it lies on the disk only.
pub fn is_known(kind: &str) -> bool {
    rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).is_ok()
}

/// A copy of the mount at a path (with what is mounted below it when `recursive`), not attached anywhere.
pub fn copy(path: &Path, recursive: bool) -> io::Result<OwnedFd> {
    copy_at(CWD, path, recursive, true)
}

/// Like [`copy`], of something open.
pub fn copy_of(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    copy_at(fd, Path::new(""), false, true)
}

fn copy_at(directory: BorrowedFd<'_>, path: &Path, recursive: bool, follow: bool) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    flags.set(OpenTreeFlags::AT_RECURSIVE, recursive);
    flags.set(OpenTreeFlags::AT_SYMLINK_NOFOLLOW, !follow);
    Ok(rustix::mount::open_tree(directory, path, flags)?)
}

/// Changes attributes and spreading of a mount made by [`create`] or [`copy`].
pub fn change(mount: BorrowedFd<'_>, set: Attributes, spread: Option<Spread>, recursive: bool) -> io::Result<()> {
    // SAFETY: mount_attr is integers only.
    let mut attributes: libc::mount_attr = unsafe { std::mem::zeroed() };
    attributes.attr_set = u64::from(set.flags().bits());
    attributes.propagation = match spread {
        None => 0,
        Some(Spread::Private) => libc::MS_PRIVATE,
        Some(Spread::Receive) => libc::MS_SLAVE,
        Some(Spread::Shared) => libc::MS_SHARED,
    };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty terminated string and the structure's true size is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw mut attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Attaches a mount on top of the file or directory behind `target`.
pub fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(rustix::mount::move_mount(mount, "", target, "", flags)?)
}

/// Sets how all mounts of this namespace spread.
pub fn spread_everything(spread: Spread) -> io::Result<()> {
    let flags = match spread {
        Spread::Private => MountPropagationFlags::PRIVATE,
        Spread::Receive => MountPropagationFlags::DOWNSTREAM,
        Spread::Shared => MountPropagationFlags::SHARED,
    };
    Ok(rustix::mount::mount_change("/", flags | MountPropagationFlags::REC)?)
}

/// An overlay of read-only layers, the uppermost first, with a writable one. `upper` and `work` are relative to the
/// working directory or absolute.
pub fn overlay(layers: &[PathBuf], upper: &Path, work: &Path, mount_point: &Path) -> io::Result<()> {
    use rustix::mount::{fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen};
    let build = || -> io::Result<OwnedFd> {
        let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_set_string(&context, "source", "overlay")?;
        for layer in layers {
            fsconfig_set_string(&context, "lowerdir+", layer)?;
        }
        fsconfig_set_string(&context, "upperdir", upper)?;
        fsconfig_set_string(&context, "workdir", work)?;
        // What a container wrote is not worth a sync of the whole disk when it ends.
        fsconfig_set_flag(&context, "volatile")?;
        fsconfig_create(&context)?;
        Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?)
    };
    // To ask an older kernel would leave a complaint in its log for every container.
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    if !appends_layers(&release) {
        return overlay_by_text(layers, upper, work, mount_point);
    }
    match build() {
        Ok(mount) => {
            let target =
                rustix::fs::open(mount_point, OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY, Mode::empty())?;
            attach(std::os::fd::AsFd::as_fd(&mount), std::os::fd::AsFd::as_fd(&target))
        }
        // Paths of more than 255 bytes do not fit it.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => overlay_by_text(layers, upper, work, mount_point),
        Err(error) => Err(error),
    }
}

/// Whether a kernel takes layers one by one (`lowerdir+`): from 6.7 on.
fn appends_layers(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 7)
}

/// One string of options, which the kernel limits to a page.
fn overlay_by_text(layers: &[PathBuf], upper: &Path, work: &Path, mount_point: &Path) -> io::Result<()> {
    let escape = |path: &Path| path.to_string_lossy().replace('\\', "\\\\").replace(':', "\\:").replace(',', "\\,");
    let lower: Vec<String> = layers.iter().map(|layer| escape(layer)).collect();
    let options = format!("volatile,lowerdir={},upperdir={},workdir={}", lower.join(":"), escape(upper), escape(work));
    if options.len() >= 4096 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} layers need {} bytes of mount options, this kernel takes 4095", layers.len(), options.len()),
        ));
    }
    let data = CString::new(options)?;
    Ok(rustix::mount::mount("overlay", mount_point, "overlay", rustix::mount::MountFlags::empty(), data.as_c_str())?)
}

/// Opens a path as seen by a process whose root is `root`: symlinks and `..` never lead out of it.
pub fn open_in(root: BorrowedFd<'_>, path: &Path) -> io::Result<OwnedFd> {
    let inside = relative(path);
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    // EAGAIN: a rename elsewhere made a `..` unsafe to follow; the kernel asks to try again.
    for _ in 0..64 {
        match rustix::fs::openat2(root, &inside, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            result => return Ok(result?),
        }
    }
    Err(io::Error::from_raw_os_error(libc::EAGAIN))
}

/// A path below a root: without leading slashes, `.` for the root itself.
fn relative(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

/// Opens a directory below `root`, making what is missing.
pub fn make_directory_in(root: BorrowedFd<'_>, path: &Path, mode: u32) -> io::Result<OwnedFd> {
    let mut current = open_in(root, Path::new("."))?;
    let mut prefix = PathBuf::new();
    for part in relative(path).components() {
        prefix.push(part);
        current = match open_in(root, &prefix) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match rustix::fs::mkdirat(&current, part.as_os_str(), Mode::from_raw_mode(mode)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                open_in(root, &prefix)?
            }
            result => result?,
        };
    }
    Ok(current)
}

/// Opens a place below `root` to mount on, making an empty file or directory where nothing is.
pub fn make_target_in(root: BorrowedFd<'_>, path: &Path, directory: bool) -> io::Result<OwnedFd> {
    match open_in(root, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        result => return result,
    }
    if directory {
        return make_directory_in(root, path, 0o755);
    }
    let inside = relative(path);
    let parent = make_directory_in(root, inside.parent().unwrap_or(Path::new(".")), 0o755)?;
    let name = inside.file_name().ok_or_else(|| io::Error::from_raw_os_error(libc::EISDIR))?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::WRONLY;
    match rustix::fs::openat(&parent, name, flags, Mode::from_raw_mode(0o755)) {
        Ok(_) | Err(Errno::EXIST) => open_in(root, path),
        Err(error) => Err(error.into()),
    }
}

/// Makes the directory behind `root` the root of this process' mount namespace and lets go of the old one, whose mounts
/// must not spread back any more.
pub fn pivot(root: BorrowedFd<'_>) -> io::Result<()> {
    let old = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::process::fchdir(root)?;
    rustix::process::pivot_root(".", ".")?;
    // The old root now lies on top of the new one, at the same place.
    rustix::process::fchdir(&old)?;
    rustix::mount::unmount(".", rustix::mount::UnmountFlags::DETACH)?;
    Ok(rustix::process::chdir("/")?)
}

/// Detaches the mount at a path; succeeds where none is.
pub fn detach(path: &Path) -> io::Result<()> {
    let flags = rustix::mount::UnmountFlags::DETACH | rustix::mount::UnmountFlags::NOFOLLOW;
    match rustix::mount::unmount(path, flags) {
        Ok(()) | Err(Errno::INVAL | Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The places below `directory` where something is mounted, as this process sees them, the last mounted first.
pub fn below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let table = std::fs::read_to_string("/proc/self/mountinfo")?;
    let mut found: Vec<PathBuf> = table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|field| PathBuf::from(unescape(field)))
        .filter(|path| path.starts_with(directory))
        .collect();
    found.reverse();
    Ok(found)
}

/// Undoes the octal escapes of the kernel's mount tables.
pub fn unescape(field: &str) -> String {
    let bytes = field.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'\\')
            .then(|| field.get(at + 1..at + 4))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_that_take_layers_one_by_one() {
        for (release, takes) in [
            ("6.1.0-56-amd64", false),
            ("6.6.9", false),
            ("6.7.0-rc1", true),
            ("6.18.44", true),
            ("10.0", true),
            ("5.19", false),
        ] {
            assert_eq!(appends_layers(release), takes, "{release}");
        }
    }

    #[test]
    fn paths_stay_below_the_root() {
        for (given, expected) in [("/", "."), ("/a/b", "a/b"), ("../../x", "x"), ("/a/../../b/./c", "b/c")] {
            assert_eq!(relative(Path::new(given)), PathBuf::from(expected), "{given}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape("/a\\040b\\134c"), "/a b\\c");
        assert_eq!(unescape("/plain\\"), "/plain\\");
    }

    #[test]
    fn targets_are_made_inside() {
        use std::os::fd::AsFd;
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("link")).unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        let root = std::fs::File::open(dir.path()).unwrap();
        make_target_in(root.as_fd(), Path::new("/link/made/file"), false).unwrap();
        assert!(dir.path().join("etc/made/file").is_file());
        make_target_in(root.as_fd(), Path::new("/link/made/dir"), true).unwrap();
        assert!(dir.path().join("etc/made/dir").is_dir());
    }
}
