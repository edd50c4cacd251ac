//! `podium restore`: the state of a cluster from a backup, into a fresh data directory, a used one, or a running cluster.

use std::{
    os::unix::net::{UnixListener, UnixStream},
    time::Duration,
};

use anyhow::Context;
use storage::Snapshot;

use crate::{
    backup,
    cli::Restore,
    commands::{say, small_runtime},
    control::{self, Answer, Request},
    instance::Instance,
    report::{self, show},
};

/// The server must be on its way again within this time; its containers are left alone.
const RESTART: Duration = Duration::from_secs(60);

/// Restores a backup. A file that is not whole changes nothing.
pub fn run(args: &Restore) -> anyhow::Result<()> {
    anyhow::ensure!(
        rustix::process::geteuid().is_root(),
        "podium restore needs root: the data directory is root's; run it with sudo"
    );
    let snapshot = Snapshot::open(&args.file).context("nothing was changed")?;
    let about = backup::about(&snapshot).with_context(|| format!("{}: nothing was changed", args.file.display()))?;
    let instance = Instance::new(&args.data.data_dir)?;
    let running = instance.running().is_some();
    let dir = instance.dir.display();
    if !args.force {
        anyhow::ensure!(
            !running,
            "a cluster runs in {dir}: with --force its state is replaced and its server starts again; pods that the backup knows run on, others end. Nothing was changed"
        );
        anyhow::ensure!(
            !backup::in_use(&instance),
            "{dir} holds a cluster already: with --force its state is replaced (and kept in {}), or choose another --data-dir. Nothing was changed",
            backup::before(&instance).display()
        );
    }
    if !running {
        instance.await_end()?;
    }
    instance.prepare()?;
    backup::stage(&instance, &snapshot)?;
    let whose = format!(
        "the state of {} on node {} ({} objects at revision {})",
        about.taken, about.node, snapshot.keys, snapshot.revision.0
    );
    if running {
        say(&restart(&instance)?);
        say(&format!("\nRestored {whose}."));
        return Ok(());
    }
    let before = backup::finish(&instance)?;
    say(&format!("Restored {whose}. Start it with `podium up --data-dir {dir}`."));
    if let Some(old) = before.filter(|old| old.join("store").exists()) {
        say(&format!("The state before it is in {}: remove it when it is not needed.", old.display()));
    }
    Ok(())
}

/// Has the running server start again, which puts the staged state in place, and shows how it goes.
fn restart(instance: &Instance) -> anyhow::Result<String> {
    let path = instance.run_dir().join(format!("restart-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
    let asked = ask(instance, &listener, &path);
    let _ = std::fs::remove_file(&path);
    match asked {
        Ok(follower) => report::follow(follower),
        Err(error) => {
            backup::unstage(instance)?;
            Err(error.context("nothing was changed"))
        }
    }
}

fn ask(instance: &Instance, listener: &UnixListener, path: &std::path::Path) -> anyhow::Result<UnixStream> {
    let request = Request::Restart { report_to: path.to_owned() };
    let answer = small_runtime()?
        .block_on(async { tokio::time::timeout(RESTART, control::ask(instance, &request, &mut show)).await })
        .context("the server does not answer")??;
    match answer {
        // It connects before it answers.
        Answer::Done(_) => Ok(listener.accept()?.0),
        Answer::Failed(why) => anyhow::bail!(why),
        other => anyhow::bail!("the server answered {other:?}"),
    }
}
