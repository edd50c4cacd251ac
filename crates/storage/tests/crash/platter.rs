//! A disk in memory that does to its data what disks, kernels and cables do: forgets, tears and reorders what was not synced, fails,
//! fills up, and gives up writing without saying so twice.

use std::{collections::BTreeSet, io, path::Path, sync::Arc};

use parking_lot::Mutex;
use storage::{Medium, StorageBackend};

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What happens when the steps are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process is killed; what it wrote is in the kernel's hands.
    Kill,
    /// The power fails; what was not synced is at the disk's mercy.
    Power,
    /// One write ends in an error, perhaps in part.
    Write,
    /// One sync ends in an error. The kernel drops some of what was not written, and still shows it to readers.
    Sync,
}

/// How a disk may break what every disk promises. A model that does not notice is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// It says that it has synced, and has not.
    Sync,
    /// After a failed sync its cache cannot be dropped.
    Cache,
}

#[derive(Debug, Clone)]
enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
}

pub const BLOCK: u64 = 4096;
const SECTOR: usize = 512;

/// The disk.
pub struct Platter {
    durable: Vec<u8>,
    /// What readers see: the kernel's cache.
    current: Vec<u8>,
    cached: Vec<Step>,
    fault: Option<(u64, Fault)>,
    /// The process is gone: nothing works.
    off: Option<Fault>,
    taken: BTreeSet<u64>,
    capacity: u64,
    /// Blocks that others have taken.
    hog: u64,
    rng: Rng,
    pub lie: Option<Lie>,
    /// How often the store ran into the end of the disk.
    pub overruns: u64,
    /// A sum over everything that was done: equal runs have equal sums.
    pub trace: u64,
    pub steps: u64,
}

fn apply(image: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Length(length) => image.resize(*length as usize, 0),
        Step::Write(at, bytes) => {
            let end = *at as usize + bytes.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*at as usize..end].copy_from_slice(bytes);
        }
    }
}

fn error(what: &str) -> io::Error {
    io::Error::other(format!("injected: {what}"))
}

impl Platter {
    fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what).wrapping_mul(0x0100_0000_01b3).rotate_left(17);
    }

    /// Counts a step; says which fault strikes now.
    fn strike(&mut self, syncs: bool) -> io::Result<Option<Fault>> {
        if self.off.is_some() {
            return Err(error("the process is gone"));
        }
        self.steps += 1;
        let Some((left, fault)) = &mut self.fault else { return Ok(None) };
        if *left > 0 {
            *left -= 1;
            return Ok(None);
        }
        let fault = *fault;
        match fault {
            Fault::Kill | Fault::Power => self.off = Some(fault),
            // Waits for a step of its kind.
            Fault::Write if syncs => return Ok(None),
            Fault::Sync if !syncs => return Ok(None),
            Fault::Write | Fault::Sync => {}
        }
        self.fault = None;
        Ok(Some(fault))
    }

    fn change(&mut self, step: Step) -> io::Result<()> {
        match &step {
            Step::Write(at, bytes) => {
                self.note(at ^ bytes.iter().fold(1, |s: u64, b| s.wrapping_mul(31) ^ u64::from(*b)))
            }
            Step::Length(length) => self.note(!length),
        }
        let struck = self.strike(false)?;
        let step = match (struck, step) {
            (None, step) => step,
            (Some(_), Step::Length(_)) => return Err(error("set_len")),
            (Some(_), Step::Write(at, bytes)) => {
                // Some of it may have got through.
                let part = self.tear(at, &bytes);
                for (at, bytes) in part {
                    let _ = self.take_room(at, bytes.len() as u64).map(|()| self.cache(Step::Write(at, bytes)));
                }
                return Err(error("write"));
            }
        };
        match &step {
            Step::Write(at, bytes) => self.take_room(*at, bytes.len() as u64)?,
            Step::Length(length) => {
                self.taken.split_off(&length.div_ceil(BLOCK));
            }
        }
        self.cache(step);
        Ok(())
    }

    fn cache(&mut self, step: Step) {
        apply(&mut self.current, &step);
        self.cached.push(step);
    }

    fn take_room(&mut self, at: u64, length: u64) -> io::Result<()> {
        let wanted = at / BLOCK..(at + length).div_ceil(BLOCK);
        let new = wanted.clone().filter(|b| !self.taken.contains(b)).count() as u64;
        if new > self.free() {
            self.overruns += 1;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.taken.extend(wanted);
        Ok(())
    }

    pub fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.hog + self.taken.len() as u64)
    }

    /// Others take all blocks but `left`, or give theirs back.
    pub fn fill(&mut self, left: Option<u64>) {
        self.hog = left.map_or(0, |left| self.capacity.saturating_sub(self.taken.len() as u64 + left));
    }

    /// The sectors of a write that happened to arrive.
    fn tear(&mut self, at: u64, bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let first = SECTOR - at as usize % SECTOR;
        let (head, rest) = bytes.split_at(first.min(bytes.len()));
        let sectors = std::iter::once(head).chain(rest.chunks(SECTOR));
        let mut place = at;
        let mut arrived = Vec::new();
        for sector in sectors {
            if self.rng.one_in(2) {
                arrived.push((place, sector.to_vec()));
            }
            place += sector.len() as u64;
        }
        arrived
    }

    fn sync(&mut self) -> io::Result<()> {
        self.note(7);
        let struck = self.strike(true)?;
        let cached = std::mem::take(&mut self.cached);
        match struck {
            None if self.lie == Some(Lie::Sync) => self.cached = cached,
            None => cached.iter().for_each(|step| apply(&mut self.durable, step)),
            Some(Fault::Sync) => {
                // Each page either arrived, or is given up: it counts as clean although the disk has the old one.
                for step in &cached {
                    if self.rng.one_in(2) {
                        apply(&mut self.durable, step);
                    }
                }
            }
            Some(_) => self.cached = cached,
        }
        if struck.is_some() { Err(error("sync")) } else { Ok(()) }
    }

    /// The process starts again, after a loss of power with what the disk has kept.
    pub fn restart(&mut self) {
        if self.off.take() == Some(Fault::Power) {
            for step in std::mem::take(&mut self.cached) {
                match (self.rng.below(3), &step) {
                    (0, _) => {}
                    (1, Step::Write(at, bytes)) => {
                        for (at, bytes) in self.tear(*at, bytes) {
                            apply(&mut self.durable, &Step::Write(at, bytes));
                        }
                    }
                    _ => apply(&mut self.durable, &step),
                }
            }
            self.current.clone_from(&self.durable);
        }
        self.fault = None;
    }

    pub fn is_off(&self) -> bool {
        self.off.is_some()
    }

    /// A fault after so many more steps.
    pub fn arm(&mut self, fault: Option<(u64, Fault)>) {
        self.fault = fault;
    }

    pub fn armed(&self) -> bool {
        self.fault.is_some()
    }

    /// Nothing was cached or is doubtful: what readers see is what the disk has.
    fn forget_cache(&mut self) {
        if self.off.is_none() && self.lie != Some(Lie::Cache) {
            self.current.clone_from(&self.durable);
            for step in &self.cached {
                apply(&mut self.current, step);
            }
        }
    }
}

/// The disk as a store sees it.
#[derive(Clone)]
pub struct Drive(Arc<Mutex<Platter>>);

impl Drive {
    pub fn new(capacity_blocks: u64, rng: Rng) -> Self {
        Self(Arc::new(Mutex::new(Platter {
            durable: Vec::new(),
            current: Vec::new(),
            cached: Vec::new(),
            fault: None,
            off: None,
            taken: BTreeSet::new(),
            capacity: capacity_blocks,
            hog: 0,
            rng,
            lie: None,
            overruns: 0,
            trace: 0,
            steps: 0,
        })))
    }
    pub fn lock(&self) -> parking_lot::MutexGuard<'_, Platter> {
        self.0.lock()
    }
}

impl std::fmt::Debug for Drive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drive")
    }
}

impl Medium for Drive {
    fn wrap(&self, _: Box<dyn StorageBackend>) -> Box<dyn StorageBackend> {
        Box::new(self.clone())
    }
    fn free_bytes(&self, _: &Path) -> Option<u64> {
        Some(self.lock().free() * BLOCK)
    }
    fn allocate(&self, _: &Path, bytes: u64) -> io::Result<bool> {
        let mut platter = self.lock();
        let overruns = platter.overruns;
        let taken = platter.take_room(0, bytes);
        // It only asked.
        platter.overruns = overruns;
        taken.map(|()| true)
    }
    fn allocated(&self, _: &Path) -> io::Result<u64> {
        Ok(self.lock().taken.len() as u64 * BLOCK)
    }
    fn forget_cache(&self, _: &Path) -> io::Result<()> {
        self.lock().forget_cache();
        Ok(())
    }
}

impl StorageBackend for Drive {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().current.len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.lock();
        let at = offset as usize;
        let bytes = platter.current.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.lock().change(Step::Length(len))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.lock().sync()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.lock().change(Step::Write(offset, data.to_vec()))
    }
}
