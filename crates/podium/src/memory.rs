//! Keeps the server small: what a burst of work needed and the rest does not is given back once it is quiet again.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::sleep;

/// How often it looks. A look costs one clock reading.
const EVERY: Duration = Duration::from_secs(2);
/// Busy: more processor time than this since the last look, one hundredth of a core.
const BUSY: Duration = Duration::from_millis(20);

/// Gives back the heap that is free and the code that nobody runs, once after every burst of work, the start included. While
/// there is work it does nothing, and neither while there is none.
pub async fn keep_small() {
    let (mut burst, mut before) = (true, used());
    loop {
        sleep(EVERY).await;
        let now = used();
        let busy = now.saturating_sub(before) > BUSY;
        if burst && !busy {
            // Milliseconds with much free heap, and it holds the allocator's locks: not on a worker that has other tasks.
            let _ = tokio::task::spawn_blocking(give_back).await;
        }
        burst = busy;
        before = used();
    }
}

fn give_back() {
    sys::process::trim_heap();
    // Where the kernel refuses, the pages stay: that costs memory only.
    let _ = sys::code::unmap();
}

/// Processor time of this process.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
