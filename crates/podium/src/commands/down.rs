//! `podium down`.

use std::time::Duration;

use anyhow::Context;

use crate::{
    cli::Down,
    commands::{say, small_runtime},
    control::{self, Answer, Request},
    instance::{Instance, Running},
    report::show,
};

/// Longest wait for the server's end, beyond the time that its pods get.
const DEADLINE: Duration = Duration::from_secs(90);

/// Stops the cluster of a data directory.
pub fn run(args: &Down) -> anyhow::Result<()> {
    let instance = Instance::new(&args.data.data_dir)?;
    let Some(running) = instance.running() else {
        say(&format!("no cluster runs in {}", instance.dir.display()));
        return Ok(());
    };
    stop(&instance, running, args.keep_pods)?;
    say(if args.keep_pods { "stopped; the pods run on" } else { "stopped" });
    Ok(())
}

/// Asks the server to stop and waits until its process is gone.
pub fn stop(instance: &Instance, running: Running, keep_pods: bool) -> anyhow::Result<()> {
    let pid = rustix::process::Pid::from_raw(running.pid).context("a process id")?;
    // Before asking: afterwards the id may belong to somebody else.
    let process = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::NONBLOCK)
        .with_context(|| format!("cannot watch process {}", running.pid))?;
    small_runtime()?.block_on(async {
        let (request, mut show) = (Request::Down { keep_pods }, show);
        let answer = control::ask(instance, &request, &mut show);
        let deadline = match tokio::time::timeout(DEADLINE, answer).await {
            Ok(Ok(Answer::Failed(why))) => anyhow::bail!(why),
            Ok(Ok(Answer::Stopping { pods, most_seconds })) => {
                if pods > 0 {
                    show(&format!("{pods} pods end, within {most_seconds} s"));
                }
                DEADLINE + Duration::from_secs(most_seconds)
            }
            // It may end before its last word arrives: the process decides.
            Ok(_) => DEADLINE,
            Err(_) => anyhow::bail!("the server (pid {}) does not answer", running.pid),
        };
        #[expect(deprecated, reason = "its successor is unsafe; a pidfd that we own cannot be closed behind its back")]
        let gone = tokio::io::unix::AsyncFd::new(process)?;
        let _ = tokio::time::timeout(deadline, gone.readable())
            .await
            .with_context(|| format!("the server (pid {}) is still there after {deadline:?}", running.pid))??;
        Ok(())
    })
}
