//! The last steps, common to a container's first process and to those beside it: identity, rights, program.

use std::{
    ffi::CString,
    io::Read,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
};

use cri::runtime::{ContainerConfig, Seccomp};
use rustix::{
    fs::{Gid, Mode, OFlags, Uid},
    thread::{CapabilitySet, CapabilitySets},
};
use sys::seccomp::Instruction;

use crate::{
    child::{
        Outcome, Stdio, Tried, capabilities, failure, program, terminal,
        user::{self, Identity},
        words,
    },
    proto::Failure,
    seccomp,
};

/// What was decided before the container's file system took the place of the host's.
pub(crate) struct Rights {
    capabilities: u64,
    filter: Option<seccomp::Filter>,
    no_new_privileges: bool,
}

/// Works out capabilities and the system call filter, whose profile may be a file of the host.
pub(crate) fn rights(config: &ContainerConfig) -> Outcome<Rights> {
    let capabilities = capabilities::set(config.privileged, &config.capabilities_add, &config.capabilities_drop)?;
    let filter = match &config.seccomp {
        _ if config.privileged => None,
        Seccomp::Unconfined => None,
        Seccomp::RuntimeDefault => Some(seccomp::runtime_default(|name| capabilities::has(capabilities, name))),
        Seccomp::Localhost(path) => {
            let text = std::fs::read_to_string(path).tried(format_args!("cannot load seccomp profile {path:?}"))?;
            let parsed = seccomp::parse(&text, |name| capabilities::has(capabilities, name));
            Some(parsed.map_err(|error| failure(format_args!("cannot load seccomp profile {path:?}"), error))?)
        }
    };
    Ok(Rights { capabilities, filter, no_new_privileges: config.no_new_privileges })
}

/// A program to become.
pub(crate) struct Process<'a> {
    /// The container.
    pub config: &'a ContainerConfig,
    /// Argument vector.
    pub args: &'a [String],
    /// Host name, for the environment.
    pub hostname: &'a str,
    /// With a terminal.
    pub tty: bool,
}

/// Becomes the program. The process is in its namespaces and root already. `report` is told when it fails.
pub(crate) fn become_program(process: &Process<'_>, rights: &Rights, stdio: Stdio, devpts: Option<OwnedFd>) -> Failure {
    match prepare(process, rights, stdio, devpts) {
        Err(failure) => failure,
        Ok((program, arguments, environment)) => {
            let error = sys::process::execute(&program, &arguments, &environment);
            // The program was found and allowed but is none that the kernel can run: as with runc, the container has
            // started and says so itself.
            let line = format!("exec {}: {}\n", program.to_string_lossy(), words(&error));
            let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
            sys::process::leave(255)
        }
    }
}

type Ready = (CString, Vec<CString>, Vec<CString>);

fn prepare(process: &Process<'_>, rights: &Rights, stdio: Stdio, devpts: Option<OwnedFd>) -> Outcome<Ready> {
    let identity = identity(process.config)?;
    let environment = environment(process, &identity);
    let program: Option<CapabilityFilter> = compile(rights)?;
    sys::signal::reset();
    rustix::process::setsid().tried("setsid")?;
    connect(stdio, devpts, &identity)?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    directory(&process.config.cwd, None)?;
    if rights.no_new_privileges {
        rustix::thread::set_no_new_privs(true).tried("setting no new privileges")?;
    } else if let Some(filter) = &program {
        // Without "no new privileges" only an administrator may load a filter, so before the rights go.
        sys::seccomp::load(&filter.0, filter.1).tried("loading the seccomp filter")?;
    }
    drop_rights(&identity, rights.capabilities, &process.config.cwd)?;
    let found = program::find(process.args.first().map_or("", String::as_str), &environment)?;
    if let (true, Some(filter)) = (rights.no_new_privileges, &program) {
        sys::seccomp::load(&filter.0, filter.1).tried("loading the seccomp filter")?;
    }
    sys::process::close_on_execute(3).tried("closing descriptors")?;
    let terminated = |text: &str| CString::new(text).map_err(|_| failure("preparing arguments", "a NUL byte"));
    let arguments = process.args.iter().map(|text| terminated(text)).collect::<Outcome<_>>()?;
    let environment = environment.iter().map(|text| terminated(text)).collect::<Outcome<_>>()?;
    let program =
        CString::new(found.as_os_str().as_bytes()).map_err(|_| failure("preparing the program", "a NUL byte"))?;
    Ok((program, arguments, environment))
}

struct CapabilityFilter(Vec<Instruction>, bool);

fn compile(rights: &Rights) -> Outcome<Option<CapabilityFilter>> {
    rights
        .filter
        .as_ref()
        .map(|filter| {
            let code = filter.compile().map_err(|error| failure("compiling the seccomp filter", error))?;
            Ok(CapabilityFilter(code, filter.log))
        })
        .transpose()
}

/// Reads a file that the container controls: not for ever, not without bound.
fn text_of(path: &str) -> String {
    const MOST: u64 = 4 << 20;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let Ok(fd) = rustix::fs::open(path, flags, Mode::empty()) else { return String::new() };
    let file = std::fs::File::from(fd);
    let mut bytes = Vec::new();
    if file.metadata().is_ok_and(|m| m.is_file()) {
        let _ = file.take(MOST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn identity(config: &ContainerConfig) -> Outcome<Identity> {
    user::resolve(&config.user, &text_of("/etc/passwd"), &text_of("/etc/group"))
        .map_err(|message| Failure { message, code: 128 })
}

fn environment(process: &Process<'_>, identity: &Identity) -> Vec<String> {
    let given = &process.config.env;
    let has = |name: &str| given.iter().any(|pair| pair.split('=').next() == Some(name));
    let mut all = Vec::with_capacity(given.len() + 4);
    for (name, value) in [("PATH", program::DEFAULT_PATH), ("HOSTNAME", process.hostname)] {
        if !has(name) {
            all.push(format!("{name}={value}"));
        }
    }
    if process.tty && !has("TERM") {
        all.push("TERM=xterm".into());
    }
    all.extend(given.iter().cloned());
    if !has("HOME") {
        all.push(format!("HOME={}", identity.home));
    }
    all
}

/// Puts the standard descriptors in place, usable by the user even when opened anew through `/dev/stdout`.
fn connect(stdio: Stdio, devpts: Option<OwnedFd>, identity: &Identity) -> Outcome<()> {
    let ends: [OwnedFd; 3] = match stdio {
        Stdio::Pipes(ends) => {
            let mut ready = Vec::with_capacity(3);
            for end in ends {
                ready.push(match end {
                    Some(end) => end,
                    None => rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
                        .tried("opening /dev/null")?,
                });
            }
            ready.try_into().map_err(|_| failure("preparing descriptors", "not three"))?
        }
        Stdio::Terminal(socket) => {
            let first = devpts.is_some();
            let devpts = match devpts {
                Some(devpts) => devpts,
                None => rustix::fs::open("/dev/pts", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
                    .tried("opening /dev/pts")?,
            };
            let slave = terminal::open(&devpts, &socket)?;
            if first {
                terminal::console(&slave)?;
            }
            rustix::process::ioctl_tiocsctty(&slave).tried("taking the terminal")?;
            let copy = |fd: &OwnedFd| fd.try_clone().tried("copying the terminal");
            [copy(&slave)?, copy(&slave)?, slave]
        }
    };
    for (number, end) in ends.iter().enumerate() {
        let null = rustix::fs::fstat(end).is_ok_and(|s| s.st_rdev == rustix::fs::makedev(1, 3));
        if identity.uid != 0 && !null {
            // Refused for what is no pipe or terminal of ours; then it stays as it is.
            let _ = rustix::fs::fchown(end, Some(Uid::from_raw(identity.uid)), None);
        }
        sys::process::set_standard(end.as_fd(), number as i32).tried("connecting the standard descriptors")?;
    }
    // Values whose number is 0, 1 or 2 are the standard descriptors now and must stay.
    for end in ends {
        if end.as_raw_fd() < 3 {
            std::mem::forget(end);
        }
    }
    Ok(())
}

/// Changes to the working directory. Root may be kept out of one that the user may enter, so it is tried again as the
/// user.
fn directory(cwd: &str, as_user: Option<()>) -> Outcome<()> {
    let cwd = if cwd.is_empty() { "/" } else { cwd };
    match (rustix::process::chdir(cwd), as_user) {
        (Err(rustix::io::Errno::ACCESS), None) => return Ok(()),
        (result, _) => result.tried(format_args!("chdir to cwd ({cwd:?}) set in config.json failed"))?,
    }
    // A path such as /proc/self/fd/7 must not lead back to the host.
    let at = rustix::process::getcwd(Vec::new()).tried("checking the working directory")?;
    if at.as_bytes().starts_with(b"/") {
        Ok(())
    } else {
        Err(failure("chdir to cwd", "it lies outside of the container"))
    }
}

fn drop_rights(identity: &Identity, wanted: u64, cwd: &str) -> Outcome<()> {
    let held = rustix::thread::capabilities(None).tried("reading capabilities")?.permitted;
    let keep = CapabilitySet::from_bits_retain(wanted) & held;
    for bit in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        if !keep.contains(one) && rustix::thread::capability_is_in_bounding_set(one).unwrap_or(false) {
            rustix::thread::remove_capability_from_bounding_set(one).tried("dropping capabilities")?;
        }
    }
    rustix::thread::set_keep_capabilities(true).tried("keeping capabilities")?;
    let groups: Vec<Gid> = identity.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    rustix::thread::set_thread_groups(&groups).tried("setting groups")?;
    let (uid, gid) = (Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
    rustix::thread::set_thread_res_gid(gid, gid, gid).tried("setting the group")?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).tried("setting the user")?;
    rustix::thread::set_keep_capabilities(false).tried("keeping capabilities")?;
    let sets = |effective| CapabilitySets { effective, permitted: keep, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets(keep)).tried("setting capabilities")?;
    rustix::thread::clear_ambient_capability_set().tried("clearing ambient capabilities")?;
    // What only the user may enter, and did not open to root without the right to pass over permissions.
    directory(cwd, Some(()))
}
