//! The one thread that writes: takes what is waiting, decides it, makes it durable in one step, then shows and answers it.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use crate::{
    core::Commit,
    disk::Home,
    draft::Draft,
    index::RecordId,
    log::{Log, Step},
    port::{Change, Error, Guard, Revision},
    queue::{Queue, Request, Work},
    room::{Growth, Left, Room},
    shared::Shared,
};

/// Requests of one durable step.
const BATCH: usize = 1024;
/// Overdue keys of one step.
const EXPIRE_AT_ONCE: usize = 1024;
/// Commits whose history is forgotten in one step, so that writers never wait long for it.
const TRIM_AT_ONCE: usize = 512;
/// How long the store leaves its own affairs alone after it could not write.
const HOLD_MS: u64 = 30_000;

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
    room: Room,
    /// Since when there are writes without a checkpoint, in steady milliseconds.
    dirty: Option<u64>,
    /// No housekeeping before this.
    hold: Option<u64>,
}

impl Committer {
    pub fn new(shared: Arc<Shared>, queue: Arc<Queue>, home: Home, log: Log, garbage: Vec<RecordId>) -> Self {
        let mut room = Room::new(&home, &shared.options);
        room.opened(log.disk());
        Self { shared, queue, home, log: Some(log), garbage, trimming: false, room, dirty: None, hold: None }
    }

    /// Works until the store is closed.
    pub fn run(mut self) {
        let _last = Closing(self.shared.clone(), self.queue.clone());
        while self.turn(self.wait()) {}
        self.finish();
    }

    /// Takes what is waiting, or waits for it, and does it and what else is due. False: nothing will come any more.
    pub fn turn(&mut self, wait: Option<Duration>) -> bool {
        let taken = self.queue.take(BATCH, wait);
        self.step(taken.requests);
        !taken.closing
    }

    /// How long there is nothing to do but requests.
    fn wait(&self) -> Option<Duration> {
        let (now, steady) = self.now();
        let options = &self.shared.options;
        let core = self.shared.core.read();
        let waits = [
            (self.trimming || !self.garbage.is_empty()).then_some(0),
            core.next_expiry().map(|at| at.saturating_sub(now)),
            core.next_forgetting(options).map(|at| at.saturating_sub(steady)),
            self.dirty.filter(|_| self.large()).map(|since| self.checkpoint_at(since).saturating_sub(steady)),
        ];
        let held = self.hold.map_or(0, |until| until.saturating_sub(steady));
        waits.into_iter().flatten().min().map(|wait| Duration::from_millis(wait.max(held)))
    }

    /// Milliseconds since 1970, and steady ones.
    fn now(&self) -> (u64, u64) {
        let clock = &self.shared.options.clock;
        (clock.now_ms(), clock.steady_ms())
    }

    fn checkpoint_at(&self, since: u64) -> u64 {
        since.saturating_add(u64::try_from(self.shared.options.checkpoint.as_millis()).unwrap_or(u64::MAX))
    }

    fn large(&self) -> bool {
        std::fs::metadata(self.home.file()).is_ok_and(|m| m.len() >= self.shared.options.checkpoint_over_bytes)
    }

    fn step(&mut self, requests: Vec<Request>) {
        let (now, steady) = self.now();
        let left = self.room.look(self.log.as_ref().map(Log::disk));
        let ready = if left.allows(Growth::Less) { self.reopen(steady) } else { Err(left.refusal(&self.home)) };
        if let Err(error) = ready {
            return self.refuse(requests, &error);
        }
        let held = self.hold.is_some_and(|until| until > steady);
        let mut answers: Vec<Answer> = Vec::with_capacity(requests.len());
        let mut targets = Vec::new();
        let commits = {
            let core = self.shared.core.read();
            let mut draft = Draft::new(&core, now);
            if !held {
                draft.expire(EXPIRE_AT_ONCE);
            }
            for request in requests {
                let answer = match request.work {
                    Work::Commit(guards, changes) => self.add(&mut draft, &left, &guards, changes),
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
            draft.finish()
        };
        if !held || !targets.is_empty() {
            self.forget(steady, targets);
        }
        match self.write(&commits, steady) {
            Ok(()) => self.shared.apply(&commits, steady),
            Err(error) => {
                self.hold = Some(steady + HOLD_MS);
                answers.iter_mut().for_each(|(_, answer)| *answer = Err(error.clone()));
            }
        }
        for (reply, answer) in answers {
            // Who no longer listens needs no answer.
            let _ = reply.send(answer);
        }
    }

    fn add(
        &self,
        draft: &mut Draft<'_>,
        left: &Left,
        guards: &[Guard],
        changes: Vec<Change>,
    ) -> Result<Revision, Error> {
        if left.allows(draft.growth(&changes)) { draft.add(guards, changes) } else { Err(left.refusal(&self.home)) }
    }

    /// Moves the end of the history and collects a slice of what that frees.
    fn forget(&mut self, steady: u64, mut targets: Vec<u64>) {
        let due = self.shared.core.read().due_compaction(steady, &self.shared.options);
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

    fn write(&mut self, commits: &[Commit], steady: u64) -> Result<(), Error> {
        let checkpoint = self.dirty.is_some_and(|since| self.checkpoint_at(since) <= steady) && self.large();
        if commits.is_empty() && self.garbage.is_empty() && !checkpoint {
            return Ok(());
        }
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
        self.dirty = if checkpoint { None } else { self.dirty.or(Some(steady)) };
        Ok(())
    }

    /// Opens the log again after an error, and takes in what got through before it.
    fn reopen(&mut self, steady: u64) -> Result<(), Error> {
        if self.log.is_some() {
            return Ok(());
        }
        let mut log = Log::open(&self.home, &self.shared.options)?;
        let loose = log.beyond(&self.shared.core.read())?;
        for commit in loose {
            let commit = commit.link(&self.shared.core.read());
            self.shared.apply(&[commit], steady);
        }
        self.room.opened(log.disk());
        self.log = Some(log);
        Ok(())
    }

    fn refuse(&mut self, requests: Vec<Request>, error: &Error) {
        self.hold = Some(self.now().1 + HOLD_MS);
        for request in requests {
            let _ = request.reply.send(Err(error.clone()));
        }
    }

    /// The last words: a checkpoint, so that the next opening is quick.
    pub fn finish(self) {
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
