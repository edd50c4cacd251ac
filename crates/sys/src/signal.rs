//! Signals of single-threaded processes.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

fn set(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: sigset_t is plain data; sigemptyset makes it a valid set before anything reads it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        set
    }
}

/// Blocks the signals and returns a non-blocking descriptor that becomes readable when one arrives.
pub fn watch(signals: &[i32]) -> io::Result<OwnedFd> {
    let set = set(signals);
    // SAFETY: the set is valid and outlives both calls.
    let fd = unsafe {
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Reads all pending notifications of a descriptor made by [`watch`]; returns the numbers of the signals.
pub fn pending(fd: &OwnedFd) -> Vec<i32> {
    let mut seen = Vec::new();
    // Bounded: one record per signal number and a kernel that merges repeats of ordinary signals.
    for _ in 0..128 {
        // SAFETY: signalfd_siginfo is plain data.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer is as large as said.
        let count = unsafe { libc::read(fd.as_raw_fd(), (&raw mut info).cast(), size) };
        if count != size as isize {
            break;
        }
        seen.push(info.ssi_signo as i32);
    }
    seen
}

/// Blocks every signal of this thread except those that cannot be blocked, then waits for `signals` for ever.
/// Returns the number that came.
pub fn wait(signals: &[i32]) -> i32 {
    let set = set(signals);
    let mut signal = 0;
    // SAFETY: both pointers are valid for the call.
    unsafe {
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        libc::sigwait(&raw const set, &raw mut signal);
    }
    signal
}

/// Everything as a new program expects it: nothing blocked, nothing ignored, no handlers.
pub fn reset() {
    // SAFETY: signal and sigprocmask with these arguments have no memory effects; numbers that cannot be set are refused.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let none = set(&[]);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Broken pipes become errors of the write, not the end of the process.
pub fn ignore_broken_pipes() {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// Sends a signal by number, real-time ones included, to the process behind a descriptor.
pub fn send(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let none: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: without a siginfo the kernel fills in its own.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, none, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The number of a signal by name (`SIGTERM`, `TERM`, `15`, `RTMIN+3`).
pub fn number(name: &str) -> Option<i32> {
    const NAMES: [(&str, i32); 34] = [
        ("HUP", libc::SIGHUP),
        ("INT", libc::SIGINT),
        ("QUIT", libc::SIGQUIT),
        ("ILL", libc::SIGILL),
        ("TRAP", libc::SIGTRAP),
        ("ABRT", libc::SIGABRT),
        ("IOT", libc::SIGABRT),
        ("BUS", libc::SIGBUS),
        ("FPE", libc::SIGFPE),
        ("KILL", libc::SIGKILL),
        ("USR1", libc::SIGUSR1),
        ("SEGV", libc::SIGSEGV),
        ("USR2", libc::SIGUSR2),
        ("PIPE", libc::SIGPIPE),
        ("ALRM", libc::SIGALRM),
        ("TERM", libc::SIGTERM),
        ("STKFLT", libc::SIGSTKFLT),
        ("CHLD", libc::SIGCHLD),
        ("CLD", libc::SIGCHLD),
        ("CONT", libc::SIGCONT),
        ("STOP", libc::SIGSTOP),
        ("TSTP", libc::SIGTSTP),
        ("TTIN", libc::SIGTTIN),
        ("TTOU", libc::SIGTTOU),
        ("URG", libc::SIGURG),
        ("XCPU", libc::SIGXCPU),
        ("XFSZ", libc::SIGXFSZ),
        ("VTALRM", libc::SIGVTALRM),
        ("PROF", libc::SIGPROF),
        ("WINCH", libc::SIGWINCH),
        ("IO", libc::SIGIO),
        ("POLL", libc::SIGPOLL),
        ("PWR", libc::SIGPWR),
        ("SYS", libc::SIGSYS),
    ];
    let upper = name.trim().to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Ok(number) = short.parse::<i32>() {
        return (1..=64).contains(&number).then_some(number);
    }
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == short) {
        return Some(*number);
    }
    // 34 and 64: what programs see as the first and the last real-time signal, whatever the C library keeps for itself.
    let realtime = if let Some(offset) = short.strip_prefix("RTMIN") {
        34 + offset.strip_prefix('+').map_or(Some(0), |n| n.parse::<i32>().ok())?
    } else {
        64 - short.strip_prefix("RTMAX")?.strip_prefix('-').map_or(Some(0), |n| n.parse::<i32>().ok())?
    };
    (34..=64).contains(&realtime).then_some(realtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("SIGTERM", Some(15)),
            ("term", Some(15)),
            ("9", Some(9)),
            ("RTMIN+3", Some(37)),
            ("SIGRTMAX-1", Some(63)),
            ("SIGRTMAX", Some(64)),
            ("NOPE", None),
            ("0", None),
            ("65", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
    }
}
