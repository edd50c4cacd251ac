//! The one thread that writes: takes what is waiting, decides it, makes it durable in one step, then shows and answers it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    core::Commit,
    disk::{Home, free_bytes, no_space},
    draft::Draft,
    index::RecordId,
    log::{Log, Step},
    port::{Change, Error, Revision},
    queue::{Queue, Request, Work},
    shared::Shared,
};

/// Requests of one durable step.
const BATCH: usize = 1024;
/// Overdue keys of one step.
const EXPIRE_AT_ONCE: usize = 1024;
/// Commits whose history is forgotten in one step, so that writers never wait long for it.
const TRIM_AT_ONCE: usize = 512;
/// How long the store leaves its own affairs alone after it could not write.
const HOLD: Duration = Duration::from_secs(30);

type Answer = (oneshot::Sender<Result<Revision, Error>>, Result<Revision, Error>);

/// See the module.
pub(crate) struct Committer {
    pub shared: Arc<Shared>,
    pub queue: Arc<Queue>,
    home: Home,
    /// None after an error: redb answers nothing then until it is opened anew.
    log: Option<Log>,
    garbage: Vec<RecordId>,
    /// The history has more to forget.
    trimming: bool,
    /// Since when there are writes without a checkpoint.
    dirty: Option<Instant>,
    /// No housekeeping before this.
    hold: Option<Instant>,
}

impl Committer {
    pub fn new(shared: Arc<Shared>, queue: Arc<Queue>, home: Home, log: Log, garbage: Vec<RecordId>) -> Self {
        Self { shared, queue, home, log: Some(log), garbage, trimming: false, dirty: None, hold: None }
    }

    /// Works until the store is closed.
    pub fn run(mut self) {
        let _last = Closing(self.shared.clone(), self.queue.clone());
        loop {
            let taken = self.queue.take(BATCH, self.wait());
            self.step(taken.requests);
            if taken.closing {
                break;
            }
        }
        self.finish();
    }

    /// How long there is nothing to do but requests.
    fn wait(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut wait = if self.trimming || !self.garbage.is_empty() { Some(Duration::ZERO) } else { None };
        let options = &self.shared.options;
        if let Some(at) = self.shared.core.read().next_deadline(options) {
            let due = Duration::from_millis(at.saturating_sub(options.clock.now_ms()));
            wait = Some(wait.map_or(due, |w| w.min(due)));
        }
        if let Some(since) = self.dirty.filter(|_| self.large()) {
            let due = (since + options.checkpoint).saturating_duration_since(now);
            wait = Some(wait.map_or(due, |w| w.min(due)));
        }
        let held = self.hold.map(|until| until.saturating_duration_since(now));
        wait.map(|w| w.max(held.unwrap_or_default()))
    }

    fn large(&self) -> bool {
        std::fs::metadata(self.home.file()).is_ok_and(|m| m.len() >= self.shared.options.checkpoint_over_bytes)
    }

    fn step(&mut self, requests: Vec<Request>) {
        let now = self.shared.options.clock.now_ms();
        if let Err(error) = self.reopen(now) {
            return self.refuse(requests, &error);
        }
        let only_less = requests.iter().all(frees);
        let held = self.hold.is_some_and(|until| until > Instant::now());
        let mut answers: Vec<Answer> = Vec::with_capacity(requests.len());
        let commits = {
            let core = self.shared.core.read();
            let mut draft = Draft::new(&core, now);
            if !held {
                draft.expire(EXPIRE_AT_ONCE);
            }
            let mut targets = Vec::new();
            for request in requests {
                let answer = match request.work {
                    Work::Commit(guards, changes) => draft.add(&guards, changes),
                    Work::Compact(revision) if revision.0 > core.revision => {
                        Err(Error::Future { asked: revision, current: Revision(core.revision) })
                    }
                    Work::Compact(revision) => {
                        targets.push(revision.0);
                        Ok(revision)
                    }
                };
                answers.push((request.reply, answer));
            }
            let commits = draft.finish();
            drop(core);
            if !held {
                self.forget(now, targets);
            }
            commits
        };
        match self.write(&commits, only_less) {
            Ok(()) => self.shared.apply(&commits, now),
            Err(error) => {
                self.hold = Some(Instant::now() + HOLD);
                answers.iter_mut().for_each(|(_, answer)| *answer = Err(error.clone()));
            }
        }
        for (reply, answer) in answers {
            // Who no longer listens needs no answer.
            let _ = reply.send(answer);
        }
    }

    /// Moves the end of the history and collects a slice of what that frees.
    fn forget(&mut self, now_ms: u64, mut targets: Vec<u64>) {
        let due = self.shared.core.read().due_compaction(now_ms, &self.shared.options);
        targets.extend(due);
        if targets.is_empty() && !self.trimming {
            return;
        }
        let mut core = self.shared.core.write();
        if let Some(target) = targets.into_iter().max() {
            core.compact(target);
        }
        self.trimming = core.trim(TRIM_AT_ONCE, &mut self.garbage);
    }

    fn write(&mut self, commits: &[Commit], only_less: bool) -> Result<(), Error> {
        let checkpoint =
            self.dirty.is_some_and(|since| since.elapsed() >= self.shared.options.checkpoint) && self.large();
        if commits.is_empty() && self.garbage.is_empty() && !checkpoint {
            return Ok(());
        }
        self.check_space(only_less)?;
        let Some(log) = &mut self.log else { return Err(Error::Closed) };
        let oldest = self.shared.core.read().oldest;
        let slice = self.garbage.len().min(4 * TRIM_AT_ONCE);
        let step = Step { commits, garbage: &self.garbage[..slice], oldest, checkpoint };
        if let Err(error) = log.write(&step) {
            // It may be reopened with the next request.
            self.log = None;
            return Err(error);
        }
        self.garbage.drain(..slice);
        self.hold = None;
        self.dirty = if checkpoint { None } else { self.dirty.or_else(|| Some(Instant::now())) };
        Ok(())
    }

    fn check_space(&self, only_less: bool) -> Result<(), Error> {
        let reserve = self.shared.options.reserve_bytes;
        // Deleting takes some room too, but is the way out.
        let needed = if only_less { reserve / 4 } else { reserve };
        match free_bytes(self.home.dir()) {
            Some(free) if free < needed => Err(no_space(&self.home.file())),
            _ => Ok(()),
        }
    }

    /// Opens the log again after an error, and takes in what got through before it.
    fn reopen(&mut self, now_ms: u64) -> Result<(), Error> {
        if self.log.is_some() {
            return Ok(());
        }
        let mut log = Log::open(&self.home, &self.shared.options)?;
        let loose = log.beyond(&self.shared.core.read())?;
        for commit in loose {
            let commit = commit.link(&self.shared.core.read());
            self.shared.apply(&[commit], now_ms);
        }
        self.log = Some(log);
        Ok(())
    }

    fn refuse(&mut self, requests: Vec<Request>, error: &Error) {
        self.hold = Some(Instant::now() + HOLD);
        for request in requests {
            let _ = request.reply.send(Err(error.clone()));
        }
    }

    /// The last words: a checkpoint, so that the next opening is quick.
    fn finish(self) {
        if let Some(mut log) = self.log
            && self.dirty.is_some()
        {
            let oldest = self.shared.core.read().oldest;
            // If that fails, the next opening repairs instead.
            let _ = log.write(&Step { oldest, checkpoint: true, ..Step::default() });
        }
    }
}

/// Whatever ends the thread, nobody waits for it afterwards.
struct Closing(Arc<Shared>, Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.1.abandon();
        self.0.close();
    }
}

/// Whether a request makes the data smaller.
fn frees(request: &Request) -> bool {
    match &request.work {
        Work::Commit(_, changes) => changes.iter().all(|c| matches!(c, Change::Delete { .. })),
        Work::Compact(_) => true,
    }
}
