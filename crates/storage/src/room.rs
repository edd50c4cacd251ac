//! How full the disk is, and what may still be written: creations end first, deletions last, and each before the engine itself
//! runs into the end.

use std::{path::PathBuf, sync::Arc};

use crate::{
    disk::{Disk, Home, no_space},
    medium::Medium,
    options::Options,
    port::Error,
};

/// What a request does to the amount of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Growth {
    /// It deletes.
    Less,
    /// It changes what is there.
    Same,
    /// It creates.
    More,
}

/// What is left at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// On the file system; `None`: it does not say.
    free: Option<u64>,
    /// Within the file's own allocation.
    headroom: u64,
    reserve: u64,
    full_headroom: u64,
}

impl Left {
    pub fn allows(&self, growth: Growth) -> bool {
        let share = match growth {
            Growth::More => 1,
            Growth::Same => 2,
            Growth::Less => 4,
        };
        let Some(free) = self.free else { return true };
        let ahead = growth != Growth::More && self.full_headroom > 0 && self.headroom >= self.full_headroom / share;
        free >= self.reserve / share || ahead
    }

    pub fn refusal(&self, home: &Home) -> Error {
        no_space(&home.file(), self.free.unwrap_or(0))
    }
}

/// Looks after the room of one store.
pub(crate) struct Room {
    medium: Arc<dyn Medium>,
    dir: PathBuf,
    file: PathBuf,
    reserve: u64,
    headroom: u64,
    /// Up to here the file's room is taken for sure.
    held: u64,
}

impl Room {
    pub fn new(home: &Home, options: &Options) -> Self {
        Self {
            medium: options.medium.clone(),
            dir: home.dir().to_owned(),
            file: home.file(),
            reserve: options.reserve_bytes,
            headroom: options.headroom_bytes,
            held: 0,
        }
    }

    /// A log was opened: finds out what its file has taken already.
    pub fn opened(&mut self, disk: &Disk) {
        let taken = self.medium.allocated(&self.file).unwrap_or(0);
        disk.reached_at_most(taken.saturating_sub(self.headroom));
        self.hold(disk.reach());
    }

    /// Says what is left, and takes new headroom where there is plenty.
    pub fn look(&mut self, disk: Option<&Disk>) -> Left {
        let free = self.medium.free_bytes(&self.dir);
        let Some(disk) = disk else { return self.left(free, 0) };
        let reach = disk.reach();
        let plenty = free.is_some_and(|f| f >= self.reserve.saturating_add(self.headroom));
        if plenty && self.held.saturating_sub(reach) < self.headroom / 4 * 3 {
            self.hold(reach);
        }
        self.left(free, self.held.saturating_sub(reach))
    }

    fn left(&self, free: Option<u64>, headroom: u64) -> Left {
        Left { free, headroom, reserve: self.reserve, full_headroom: self.headroom }
    }

    fn hold(&mut self, reach: u64) {
        let end = reach + self.headroom;
        // Where there is none or it cannot be taken, only the free space of the file system counts.
        self.held = if self.headroom > 0 && self.medium.allocate(&self.file, end).unwrap_or(false) { end } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creations_end_first_and_deletions_last() {
        let left = |free, headroom| Left { free: Some(free), headroom, reserve: 64, full_headroom: 16 };
        let may = |left: Left| [Growth::More, Growth::Same, Growth::Less].map(|g| left.allows(g));
        for (free, headroom, want) in [
            (64, 0, [true, true, true]),
            (63, 0, [false, true, true]),
            (31, 0, [false, false, true]),
            (15, 0, [false, false, false]),
            (0, 16, [false, true, true]),
            (0, 8, [false, true, true]),
            (0, 7, [false, false, true]),
            (0, 3, [false, false, false]),
        ] {
            assert_eq!(may(left(free, headroom)), want, "{free} free, {headroom} ahead");
        }
        assert!(Left { free: None, headroom: 0, reserve: 64, full_headroom: 16 }.allows(Growth::More));
        let none = Left { free: Some(1), headroom: 0, reserve: 64, full_headroom: 0 };
        assert_eq!(may(none), [false, false, false]);
    }
}
