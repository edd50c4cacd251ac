//! The control socket: how `podium down`, `status` and `image` reach the running server. One JSON request and a stream of
//! JSON answers, a line each; only root can open the socket.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

use crate::instance::Instance;

/// Longest request in bytes.
const REQUEST_BYTES: u64 = 64 * 1024;

/// What a command asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// How are you?
    Status,
    /// Stop.
    Down {
        /// Leave the pods.
        keep_pods: bool,
    },
    /// Write a backup to this file.
    Backup(PathBuf),
    /// Start again in the same process, leaving the pods, and tell the socket here how it goes.
    Restart {
        /// Somebody listens here.
        report_to: PathBuf,
    },
    /// Load images.
    ImageImport(PathBuf),
    /// List images.
    ImageList,
    /// Remove an image.
    ImageRemove(String),
    /// Pull an image.
    ImagePull(String),
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// A line of progress; more follows.
    Progress(String),
    /// Done; the result as text.
    Done(String),
    /// It stops: so many pods end, within so many seconds.
    Stopping {
        /// Pods that end.
        pods: usize,
        /// Longest time.
        most_seconds: u64,
    },
    /// The state; the end.
    Status(StatusReport),
    /// It failed; the end.
    Failed(String),
}

/// The state of the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// Process id.
    pub pid: i32,
    /// Everything is ready, the node too.
    pub ready: bool,
    /// Version of the program.
    pub version: String,
    /// Address of the API.
    pub server: String,
    /// Name of the node.
    pub node: String,
    /// Pods on this node that run now.
    pub pods: usize,
    /// It is a node of a cluster elsewhere.
    #[serde(default)]
    pub agent: bool,
    /// Bytes of the datastore; 0 where there is none.
    pub datastore_bytes: u64,
    /// What is not ready yet.
    pub waiting_for: Vec<String>,
}

/// Answers requests; gets a sender for progress.
pub type Handler = Arc<dyn Fn(Request, mpsc::Sender<Answer>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Listens until dropped.
pub fn serve(instance: &Instance, handler: Handler) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    instance.make_run_dir()?;
    let path = instance.control_socket();
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
    Ok(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = handler.clone();
            tokio::spawn(async move {
                let _ = answer(stream, handler).await;
            });
        }
    }))
}

async fn answer(stream: UnixStream, handler: Handler) -> anyhow::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(REQUEST_BYTES)).read_line(&mut line).await?;
    let request: Request = serde_json::from_str(&line)?;
    let (sender, mut answers) = mpsc::channel(64);
    let work = tokio::spawn(handler(request, sender));
    while let Some(answer) = answers.recv().await {
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        write.write_all(&line).await?;
    }
    work.await?;
    Ok(())
}

/// Asks the running server; `progress` gets each line on the way. The last answer comes back.
pub async fn ask(
    instance: &Instance,
    request: &Request,
    progress: &mut (dyn FnMut(&str) + Send),
) -> anyhow::Result<Answer> {
    let path = instance.control_socket();
    let stream =
        UnixStream::connect(&path).await.with_context(|| format!("cannot reach the server at {}", path.display()))?;
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Answer::Progress(text) => progress(&text),
            last => return Ok(last),
        }
    }
    anyhow::bail!("the server ended the conversation without an answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_gets_progress_and_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instance { dir: dir.path().into(), id: format!("test-{}", std::process::id()) };
        let handler: Handler = Arc::new(|request, out| {
            Box::pin(async move {
                let _ = out.send(Answer::Progress("half".into())).await;
                let _ = out.send(Answer::Done(format!("{request:?}"))).await;
            })
        });
        let server = serve(&instance, handler).unwrap();
        let mut seen = Vec::new();
        let last = ask(&instance, &Request::Down { keep_pods: true }, &mut |p| seen.push(p.to_owned())).await.unwrap();
        assert_eq!((seen, last), (vec!["half".to_owned()], Answer::Done("Down { keep_pods: true }".into())));
        server.abort();
        std::fs::remove_dir_all(instance.run_dir()).unwrap();
    }
}
