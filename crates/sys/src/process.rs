//! Making and replacing processes, from single-threaded processes only.

use std::{
    ffi::{CStr, CString},
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

/// Which namespaces a new process or the calling one gets for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Mounts.
    pub mount: bool,
    /// Process ids.
    pub pid: bool,
    /// Network.
    pub net: bool,
    /// System V IPC and POSIX message queues.
    pub ipc: bool,
    /// Host name.
    pub uts: bool,
    /// Cgroups.
    pub cgroup: bool,
}

impl Namespaces {
    fn bits(self) -> i32 {
        [
            (self.mount, libc::CLONE_NEWNS),
            (self.pid, libc::CLONE_NEWPID),
            (self.net, libc::CLONE_NEWNET),
            (self.ipc, libc::CLONE_NEWIPC),
            (self.uts, libc::CLONE_NEWUTS),
            (self.cgroup, libc::CLONE_NEWCGROUP),
        ]
        .into_iter()
        .fold(0, |all, (wanted, bit)| if wanted { all | bit } else { all })
    }
}

/// Which side of [`fork`] goes on.
#[derive(Debug)]
pub enum Fork {
    /// The caller.
    Parent {
        /// The child's process id.
        pid: i32,
        /// A descriptor of the child.
        pidfd: OwnedFd,
    },
    /// The new process.
    Child,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its process id.
    pub pid: i32,
    /// Exit code, 128 + signal when a signal ended it.
    pub code: i32,
    /// The signal, 0 for none.
    pub signal: i32,
}

/// The C library's constant does not fit its type.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

fn check(result: i64) -> io::Result<i64> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether the calling process has one thread. A copy of a threaded process may hold locks that nobody releases.
pub fn single_threaded() -> bool {
    use std::os::unix::fs::MetadataExt;
    // One link each for the directory, its parent's view of it and every thread.
    std::fs::metadata("/proc/self/task").is_ok_and(|task| task.nlink() == 3)
}

/// Copies the calling process, which must have one thread. The child starts with new namespaces as asked for, and
/// in the cgroup (version 2) whose directory is given.
pub fn fork(namespaces: Namespaces, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Fork> {
    if !single_threaded() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "fork in a process with threads"));
    }
    let mut pidfd: RawFd = -1;
    // SAFETY: all fields of clone_args are integers, for which zero is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = namespaces.bits() as u64 | libc::CLONE_PIDFD as u64;
    args.pidfd = std::ptr::from_mut(&mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(directory) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = directory.as_raw_fd() as u64;
    }
    // SAFETY: without CLONE_VM the child works on a copy of this process' memory, and as there is one thread that copy
    // is whole: no lock is held by somebody who is not there. args outlives the call and its size is passed.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    match check(result)? {
        0 => Ok(Fork::Child),
        // SAFETY: the kernel stored a new descriptor, owned by nobody else, before it returned to the parent.
        pid => Ok(Fork::Parent { pid: pid as i32, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }),
    }
}

/// Gives the calling process, which must have one thread, namespaces of its own.
pub fn unshare(namespaces: Namespaces) -> io::Result<()> {
    // SAFETY: the flags name namespaces only; descriptors and memory stay shared with nobody new.
    check(i64::from(unsafe { libc::unshare(namespaces.bits()) })).map(drop)
}

/// Moves the calling process into namespaces of the process behind `pidfd`. With `pid`, its later children are moved.
pub fn enter(pidfd: BorrowedFd<'_>, namespaces: Namespaces) -> io::Result<()> {
    // SAFETY: setns takes integers only.
    check(i64::from(unsafe { libc::setns(pidfd.as_raw_fd(), namespaces.bits()) })).map(drop)
}

/// Replaces the program of this process; returns only the reason why it could not.
pub fn execute(program: &CStr, arguments: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: both vectors end with a null pointer and hold pointers to strings that live beyond the call.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Ends this process at once: no destructors, no flushing. For copies made by [`fork`].
pub fn leave(code: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(code) }
}

/// Collects one ended child, whichever it is; `None` when none has ended or there is none.
pub fn reap() -> io::Result<Option<Ended>> {
    let mut status = 0;
    // SAFETY: status is a valid place for the result.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
    match check(i64::from(pid)) {
        Ok(0) => Ok(None),
        Ok(pid) if libc::WIFSIGNALED(status) => {
            let signal = libc::WTERMSIG(status);
            Ok(Some(Ended { pid: pid as i32, code: 128 + signal, signal }))
        }
        Ok(pid) => Ok(Some(Ended { pid: pid as i32, code: libc::WEXITSTATUS(status), signal: 0 })),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Marks every descriptor from `first` on to be closed when a program is executed.
pub fn close_on_execute(first: u32) -> io::Result<()> {
    // SAFETY: with CLOSE_RANGE_CLOEXEC no descriptor is closed now, only marked.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// Makes `from` the standard descriptor `to` (0, 1 or 2) of this process, kept open across [`execute`].
pub fn set_standard(from: BorrowedFd<'_>, to: RawFd) -> io::Result<()> {
    assert!((0..=2).contains(&to), "only the standard descriptors are nobody's property");
    if from.as_raw_fd() == to {
        // SAFETY: fcntl with F_SETFD takes integers only.
        return check(i64::from(unsafe { libc::fcntl(to, libc::F_SETFD, 0) })).map(drop);
    }
    // SAFETY: the standard descriptors are owned by no value of this program (asserted above), so none is closed twice.
    check(i64::from(unsafe { libc::dup2(from.as_raw_fd(), to) })).map(drop)
}

/// Takes over standard input, which the parent prepared as a socket or a pipe, and puts `/dev/null` in its place.
pub fn take_standard_input() -> io::Result<OwnedFd> {
    let null = std::fs::File::open("/dev/null")?;
    // SAFETY: F_DUPFD_CLOEXEC yields a new descriptor; 3 keeps it off the standard ones.
    let copy = check(i64::from(unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) }))?;
    // SAFETY: dup2 replaces descriptor 0, which no value of this program owns.
    check(i64::from(unsafe { libc::dup2(null.as_raw_fd(), 0) }))?;
    // SAFETY: the descriptor was just made and belongs to nobody.
    Ok(unsafe { OwnedFd::from_raw_fd(copy as RawFd) })
}

/// Keeps a small process small: one arena, and freed blocks of more than `threshold_bytes` go back to the system.
pub fn small_heap(threshold_bytes: i32) {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt sets parameters of the allocator; it is called before threads exist.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, threshold_bytes);
        libc::mallopt(libc::M_TRIM_THRESHOLD, threshold_bytes);
        libc::mallopt(libc::M_TOP_PAD, 0);
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = threshold_bytes;
}

/// Bounds the number of the allocator's arenas in a threaded process.
pub fn arenas(most: i32) {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt sets a parameter of the allocator and takes its lock.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, most);
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = most;
}

/// Gives freed memory back to the system.
pub fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes the allocator's lock and has no other condition.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Closes every descriptor from 3 on except `keep`. For copies made by [`fork`] that never return to the code whose
/// values own the others.
pub fn close_all_but(keep: &[RawFd]) -> io::Result<()> {
    let mut keep: Vec<u32> = keep.iter().filter(|fd| **fd >= 3).map(|fd| *fd as u32).collect();
    keep.sort_unstable();
    keep.dedup();
    let mut first = 3u32;
    for fd in keep.into_iter().chain([u32::MAX]) {
        if fd > first {
            let last = if fd == u32::MAX { fd } else { fd - 1 };
            // SAFETY: the caller never again uses the values that own these descriptors (see above).
            check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })?;
        }
        first = fd.saturating_add(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_not_copied() {
        // The test harness runs each test in a thread beside the main one.
        assert!(!single_threaded());
        assert_eq!(fork(Namespaces::default(), None).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }

    #[test]
    fn missing_programs_are_reported() {
        let error = execute(c"/no/such/program", &[], &[]);
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
