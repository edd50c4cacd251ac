//! Runs a command in a container and collects what it says: for probes and hooks.

use std::{sync::Arc, time::Duration};

use cri::runtime::{ContainerId, ExecConfig, Runtime, SandboxId};

use super::Answer;
use crate::streaming::pipes;

const MOST_OUTPUT: usize = 10 * 1024;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With this code and output.
    Exited(i32, String),
    /// Not in time; it was killed.
    TimedOut,
    /// It could not be run.
    Failed(String),
}

/// Runs it; the output of both streams, cut off at 10 KiB.
pub(crate) async fn run(
    runtime: &Arc<dyn Runtime>,
    sandbox: &SandboxId,
    id: &ContainerId,
    command: &[String],
    timeout: Option<Duration>,
) -> Outcome {
    let config = ExecConfig { args: command.to_vec(), stdout: true, stderr: true, ..ExecConfig::default() };
    let mut streams = match runtime.exec(sandbox, id, &config).await {
        Ok(streams) => streams,
        Err(cri::Error::Start { message, exit_code }) => return Outcome::Exited(exit_code, message),
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let kill = streams.kill.take();
    let (out, err) = (streams.stdout.take(), streams.stderr.take());
    let work = async {
        let (out, err) = tokio::join!(pipes::read_some(out, MOST_OUTPUT), pipes::read_some(err, MOST_OUTPUT));
        let code = streams.exit.await;
        let mut text = String::from_utf8_lossy(&out).into_owned();
        text.push_str(&String::from_utf8_lossy(&err));
        match code {
            Ok(Ok(code)) => Outcome::Exited(code, text),
            Ok(Err(error)) => Outcome::Failed(error.to_string()),
            Err(_) => Outcome::Failed("the sandbox ended before the command did".into()),
        }
    };
    match timeout {
        None => work.await,
        Some(limit) => match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                if let Some(kill) = kill {
                    kill();
                }
                Outcome::TimedOut
            }
        },
    }
}

/// A probe by a command.
pub(crate) async fn probe(
    runtime: &Arc<dyn Runtime>,
    sandbox: &SandboxId,
    id: &ContainerId,
    command: &[String],
    timeout: Duration,
) -> Answer {
    match run(runtime, sandbox, id, command, Some(timeout)).await {
        Outcome::Exited(0, _) => Answer::Success,
        Outcome::Exited(_, text) => Answer::Failure(text),
        Outcome::TimedOut => Answer::Failure(format!(
            "command timed out: {:?} timed out after {}s",
            command.join(" "),
            timeout.as_secs()
        )),
        Outcome::Failed(error) => Answer::Error(error),
    }
}
