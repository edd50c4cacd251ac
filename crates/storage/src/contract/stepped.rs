use std::{path::Path, sync::Arc, time::Duration};

use crate::{Embedded, Error, Options, committer::Committer};

/// An embedded store that works only when it is told to: a whole run then follows from what it is given, and can be replayed.
/// Dropped, it ends as if it had been killed.
pub struct Stepped {
    store: Arc<Embedded>,
    committer: Committer,
}

impl Stepped {
    /// See [`Embedded::open`].
    ///
    /// # Errors
    /// As there.
    pub fn open(dir: &Path, options: Options) -> Result<Self, Error> {
        let (store, committer) = Embedded::at_rest(dir, options)?;
        Ok(Self { store: Arc::new(store), committer })
    }

    /// The store. What is handed in waits for the next step.
    #[must_use]
    pub fn store(&self) -> &Arc<Embedded> {
        &self.store
    }

    /// Does what was handed in, and what is due by itself.
    pub fn step(&mut self) {
        self.committer.turn(Some(Duration::ZERO));
    }

    /// Ends it in order.
    pub fn close(self) {
        self.store.close();
        self.committer.finish();
    }
}
