//! The life of a simulated process. When it is over, nothing that it left in flight has an effect or gets an answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// One life. A clone is the same life.
#[derive(Debug, Clone, Default)]
pub struct Life(Arc<AtomicBool>);

impl Life {
    /// Ends it.
    pub fn end(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// It has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Goes on while it lasts; afterwards never.
    pub async fn holds(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}
