//! Whether the server answers at all: those who wait to try again are woken when somebody got through.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

/// So many calls in a row without an answer: it is the server, not one of the calls.
const LOST: u32 = 3;

/// Shared by all clones of a client.
#[derive(Default)]
pub(crate) struct Link {
    unanswered: AtomicU32,
    back: Notify,
}

impl Link {
    /// A call was answered, or was not.
    pub(crate) fn note(&self, answered: bool) {
        if !answered {
            self.unanswered.fetch_add(1, Ordering::AcqRel);
        } else if self.unanswered.swap(0, Ordering::AcqRel) >= LOST {
            self.back.notify_waiters();
        }
    }

    /// Waits for so long, or until the server is back.
    pub(crate) async fn pause(&self, longest: Duration) {
        let _ = tokio::time::timeout(longest, self.back.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_when_the_server_is_back() {
        let link = Arc::new(Link::default());
        for (unanswered, expected) in [(LOST, 1), (LOST - 1, 10), (0, 10)] {
            let (other, began) = (link.clone(), Instant::now());
            let waits = tokio::spawn(async move { other.pause(Duration::from_secs(10)).await });
            (0..unanswered).for_each(|_| link.note(false));
            tokio::time::sleep(Duration::from_secs(1)).await;
            link.note(true);
            waits.await.unwrap();
            assert_eq!(began.elapsed().as_secs(), expected, "after {unanswered} unanswered calls");
        }
    }
}
