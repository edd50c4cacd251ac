use std::time::Duration;

use crate::queue::WorkQueue;

#[tokio::test(start_paused = true)]
async fn a_key_waits_once_and_comes_again_after_done() {
    let queue = WorkQueue::new();
    queue.add("a");
    queue.add("a");
    queue.add("b");
    assert_eq!(queue.get().await, Some("a"));
    queue.add("a");
    assert_eq!(queue.get().await, Some("b"));
    assert!(queue.is_empty(), "a is worked on");
    queue.done(&"a");
    assert_eq!(queue.get().await, Some("a"));
}

#[tokio::test(start_paused = true)]
async fn the_shortest_delay_counts() {
    let queue = WorkQueue::new();
    let start = tokio::time::Instant::now();
    queue.add_after("late", Duration::from_secs(50));
    queue.add_after("a", Duration::from_secs(30));
    queue.add_after("a", Duration::from_secs(10));
    queue.add_after("a", Duration::from_secs(20));
    assert_eq!(queue.get().await, Some("a"));
    assert_eq!(start.elapsed().as_secs(), 10);
    queue.done(&"a");
    assert_eq!(queue.get().await, Some("late"));
    assert_eq!(start.elapsed().as_secs(), 50, "the longer delays of a are forgotten");
}

#[tokio::test(start_paused = true)]
async fn failures_double_the_delay_until_forgotten() {
    let queue = WorkQueue::new();
    let mut delays = Vec::new();
    for _ in 0..4 {
        let start = tokio::time::Instant::now();
        queue.add_rate_limited("a");
        assert_eq!(queue.get().await, Some("a"));
        queue.done(&"a");
        delays.push(start.elapsed().as_millis());
    }
    assert!(delays.windows(2).all(|w| w[1] >= w[0]) && delays[3] >= 40, "{delays:?}");
    queue.forget(&"a");
    assert_eq!(queue.failures(&"a"), 0);
}

#[tokio::test]
async fn closing_wakes_all_waiters() {
    let queue = WorkQueue::<&str>::new();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.get().await })
        })
        .collect();
    tokio::task::yield_now().await;
    queue.close();
    for task in tasks {
        assert_eq!(task.await.expect("the task"), None);
    }
}
