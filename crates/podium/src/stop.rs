//! Why and how a process that stays comes to its end.

use std::os::unix::net::UnixStream;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use crate::{control::Answer, node::Node, report::Report};

/// What happens to the pods.
#[derive(Debug)]
pub enum Stop {
    /// They stop too.
    WithPods,
    /// They run on.
    KeepPods,
    /// They run on, and so does the process, from its beginning; somebody follows it.
    Again(UnixStream),
}

/// Waits for a signal, or the word of a command: Ctrl-C ends the pods, an init system's stop leaves them.
pub async fn asked(mut commands: mpsc::Receiver<Stop>) -> anyhow::Result<Stop> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => Stop::WithPods,
        _ = terminate.recv() => Stop::KeepPods,
        asked = commands.recv() => asked.unwrap_or(Stop::WithPods),
    })
}

/// Ends a node: its pods with their own grace, unless they are kept; a second Ctrl-C kills them.
pub async fn end(node: &Node, keep_pods: bool, report: &Report) -> anyhow::Result<()> {
    if !keep_pods && node.pods() > 0 {
        let (pods, most) = (node.pods(), node.ending_takes().as_secs());
        report.step(&format!("{pods} pods end, within {most} s; another Ctrl-C kills them"));
        let mut again = signal(SignalKind::interrupt())?;
        tokio::select! {
            () = node.end_pods() => {}
            _ = again.recv() => {}
        }
    }
    node.stop(keep_pods).await;
    Ok(())
}

/// What a command that asked for the end is told.
pub fn answer(node: Option<&Node>, keep_pods: bool) -> Answer {
    let pods = node.filter(|_| !keep_pods).map_or(0, Node::pods);
    let most_seconds = node.filter(|_| !keep_pods).map_or(0, |node| node.ending_takes().as_secs());
    Answer::Stopping { pods, most_seconds }
}
