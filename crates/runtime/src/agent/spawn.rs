//! Starting sandbox processes.

use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            fs::{MetadataExt, PermissionsExt},
            process::CommandExt,
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use cri::Result;
use sys::mount::{self, Attributes, Spread};

use crate::{
    agent::host,
    config::{Config, SandboxPaths},
    sandbox::ARGUMENT,
};

/// Makes the instance's directories and the read-only view of the program. A container that finds its way to
/// `/proc/<pid>/exe` of a sandbox then cannot write to the program that the host runs.
pub(super) fn prepare(config: &Config) -> Result<PathBuf> {
    let directories = [config.sandboxes(), config.trash(), config.mount_point(), config.run.clone()];
    for directory in directories {
        std::fs::create_dir_all(&directory).map_err(host(format!("making {}", directory.display())))?;
    }
    for directory in [&config.root, &config.run] {
        // Records hold the environment of containers, secrets included.
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(directory, mode).map_err(host(format!("protecting {}", directory.display())))?;
    }
    let place = config.program_mount();
    match protect(&config.program, &place) {
        Ok(()) => Ok(place),
        Err(error) => {
            (config.log)(&format!(
                "no read-only view of {} ({error}): containers are less well separated",
                config.program.display()
            ));
            Ok(config.program.clone())
        }
    }
}

fn protect(program: &Path, place: &Path) -> io::Result<()> {
    let same = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    // Mount tables have true paths, and the directories may be reached through links.
    let at = std::fs::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
    let mounted = mount::below(&at)?.contains(&at);
    if mounted && std::fs::metadata(place).map(same)? == std::fs::metadata(program).map(same)? {
        return Ok(());
    }
    // An earlier agent's view is of an older program; sandboxes that run keep it.
    mount::detach(place)?;
    if let Some(parent) = place.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let target = std::fs::File::options().create(true).truncate(false).write(true).open(place)?;
    let view = mount::copy(program, false)?;
    let attributes = Attributes { read_only: true, no_suid: true, no_dev: true, no_exec: false };
    mount::change(view.as_fd(), attributes, Some(Spread::Private), false)?;
    mount::attach(view.as_fd(), target.as_fd())
}

/// Starts the process of a sandbox whose record is written. Its standard input is the socket.
pub(super) fn spawn(config: &Config, program: &Path, paths: &SandboxPaths, socket: OwnedFd) -> io::Result<Child> {
    let messages = std::fs::File::options().create(true).append(true).open(paths.messages())?;
    let arguments: [OsString; 3] = [ARGUMENT.into(), config.instance.clone().into(), paths.state.clone().into()];
    Command::new(program)
        .arg0(config.program.file_name().unwrap_or(config.program.as_os_str()))
        .args(arguments)
        .current_dir("/")
        .env_clear()
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .stderr(messages)
        .spawn()
}
