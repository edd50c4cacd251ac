//! Sends a log to a client, and goes on as long as the container writes. Woken by inotify, not by a clock.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use cri::runtime::ContainerId;
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use tokio::{
    io::unix::AsyncFd,
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    Options,
    line::Printer,
    read::{Lines, files, tail_start},
};
use crate::pods::{manager::Entry, view::Instance};

const CHUNK: usize = 32 * 1024;
/// The end of a container may be known before its last words are in the file.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// A watch that says nothing for so long is looked after all the same: a lost event must not hang a client for ever.
const AT_LATEST: Duration = Duration::from_secs(30);

/// Sends the log in pieces until its end, the client's end, or (followed) the container's end.
pub(crate) async fn send(
    path: PathBuf,
    options: Options,
    entry: Entry,
    id: ContainerId,
    sink: mpsc::Sender<Bytes>,
) -> io::Result<()> {
    let watch = if options.follow { path.parent().map(Watch::new).transpose()? } else { None };
    let list = files(&path);
    let (mut index, mut offset) = match options.tail {
        Some(lines) => tail_start(&list, lines)?,
        None => (0, 0),
    };
    let mut printer = Printer::new(&options);
    let mut current = None;
    while index < list.len() {
        match Lines::open(&list[index], offset) {
            Ok(mut lines) => {
                if !pour(&mut lines, &mut printer, &sink).await? {
                    return Ok(());
                }
                current = Some(lines);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        (index, offset) = (index + 1, 0);
    }
    match watch {
        Some(watch) => follow(&path, &watch, current, printer, entry, &id, &sink).await,
        None => Ok(()),
    }
}

/// Sends what is there; whether more may be sent.
async fn pour(lines: &mut Lines, printer: &mut Printer, sink: &mpsc::Sender<Bytes>) -> io::Result<bool> {
    let (mut line, mut out) = (Vec::new(), Vec::with_capacity(CHUNK));
    loop {
        let more = lines.next(&mut line)?;
        if more {
            printer.print(&line, &mut out);
        }
        if out.len() >= CHUNK || (!more && !out.is_empty()) || printer.is_full() {
            let piece = Bytes::from(std::mem::take(&mut out));
            if sink.send(piece).await.is_err() || printer.is_full() {
                return Ok(false);
            }
        }
        if !more {
            return Ok(true);
        }
    }
}

async fn follow(
    path: &Path,
    watch: &Watch,
    mut current: Option<Lines>,
    mut printer: Printer,
    mut entry: Entry,
    id: &ContainerId,
    sink: &mpsc::Sender<Bytes>,
) -> io::Result<()> {
    let mut state = entry.changed.clone();
    loop {
        let ended = has_ended(&mut entry, &mut state, id);
        if current.is_none() {
            current = Lines::open(path, 0).ok();
        }
        if let Some(lines) = &mut current {
            if !pour(lines, &mut printer, sink).await? {
                return Ok(());
            }
            if lines.was_rotated(path) {
                current = None;
                continue;
            }
        }
        if ended {
            if timeout(LAST_WORDS, watch.wait()).await.is_err() {
                return Ok(());
            }
            continue;
        }
        tokio::select! {
            result = timeout(AT_LATEST, watch.wait()) => if let Ok(result) = result { result?; },
            _ = state.changed() => {}
            () = sink.closed() => return Ok(()),
        }
    }
}

/// The container ended, or its pod is gone.
fn has_ended(entry: &mut Entry, state: &mut watch::Receiver<()>, id: &ContainerId) -> bool {
    if state.has_changed().is_err() {
        return true;
    }
    state.mark_unchanged();
    entry.current().is_none_or(|view| view.by_id(id).is_none_or(|instance| !Instance::is_running(instance)))
}

/// Changes in a directory.
struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    fn new(dir: &Path) -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(
            &fd,
            dir,
            WatchFlags::MODIFY
                | WatchFlags::CREATE
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::DELETE,
        )?;
        Ok(Self(crate::streaming::pipes::register(fd)?))
    }

    /// Waits for a change and takes all that are known.
    async fn wait(&self) -> io::Result<()> {
        loop {
            let mut guard = self.0.readable().await?;
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = Reader::new(self.0.get_ref(), &mut buffer);
            let mut any = false;
            loop {
                match reader.next() {
                    Ok(_) => any = true,
                    Err(rustix::io::Errno::WOULDBLOCK) => break,
                    Err(error) => return Err(error.into()),
                }
            }
            guard.clear_ready();
            if any {
                return Ok(());
            }
        }
    }
}
