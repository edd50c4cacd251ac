//! Panics of redb over a damaged file: answers like any other.

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread becomes an error of the store, which says the same: a panic hook that asks need not print
/// it. True once for each piece of work, so that a panic which follows from the first is heard.
#[must_use]
pub fn panic_is_answer() -> bool {
    GUARDED.replace(false)
}

/// Runs a piece of redb work.
///
/// # Errors
/// The words of its panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.map_err(|panic| words(&*panic))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("reading it failed: {}", text.unwrap_or("no reason given"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_panic_of_guarded_work_is_an_answer() {
        assert!(!panic_is_answer());
        assert_eq!(guarded(|| 7), Ok(7));
        assert!(!panic_is_answer(), "the work is over");
        let failed = guarded(|| {
            assert!(panic_is_answer() && !panic_is_answer());
            panic!("page {}", 3)
        });
        assert_eq!(failed, Err::<(), _>("reading it failed: page 3".to_owned()));
        assert!(!panic_is_answer());
    }
}
