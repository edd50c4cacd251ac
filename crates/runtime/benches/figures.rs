//! Figures to look at, not to fail by: `cargo bench -p runtime --bench figures`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::Node;
use cri::runtime::Runtime;

fn median(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    format!("min {:.1} median {:.1} max {:.1} ms", values[0], values[values.len() / 2], values[values.len() - 1])
}

fn private_kb(pid: i32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let of = |key: &str| -> u64 {
        text.lines()
            .filter(|line| line.starts_with(key))
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .sum()
    };
    (of("Private_Dirty:") + of("Private_Clean:"), of("Pss:"))
}

fn main() {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(latency_and_memory());
}

async fn latency_and_memory() {
    let node = Node::new().await;
    let (mut sandbox, mut start, mut exec, mut stop) = (vec![], vec![], vec![], vec![]);
    // On a busy machine the figures would tell of the others' work.
    let host = sys::cgroup::Host::detect().unwrap();
    if let Some(cpu) = host.legacy("cpu") {
        let group = cpu.join(&node.config.cgroup_root);
        std::fs::create_dir_all(&group).unwrap();
        sys::cgroup::write(&group, "cpu.shares", "262144").unwrap();
    }
    for round in 0..20 {
        let name = format!("p{round}");
        let begun = Instant::now();
        let pod = node.sandbox(&name).await;
        sandbox.push(begun.elapsed().as_secs_f64() * 1e3);
        let config = node.container(&format!("c{round}"), "sleep 600; true");
        let begun = Instant::now();
        node.start(&pod, &config).await;
        start.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        node.exec(&pod, &config.id, "true").await;
        exec.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let begun = Instant::now();
    let mut many = tokio::task::JoinSet::new();
    for at in 0..60 {
        let (runtime, pod) = (node.runtime.clone(), node.sandbox_config(&format!("m{at}")));
        let container = node.container(&format!("n{at}"), "sleep 600; true");
        many.spawn(async move {
            runtime.run_sandbox(&pod).await.unwrap();
            runtime.start_container(&pod.id, &container).await.unwrap();
        });
    }
    many.join_all().await;
    eprintln!("60 at once {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
    let listed = node.runtime.list().await.unwrap();
    let memory: Vec<(u64, u64)> = listed.iter().map(|sandbox| private_kb(sandbox.pid)).collect();
    for sandbox in &listed {
        let begun = Instant::now();
        node.runtime.stop_sandbox(&sandbox.config.id).await.unwrap();
        node.runtime.remove_sandbox(&sandbox.config.id).await.unwrap();
        stop.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    eprintln!(
        "sandbox {}\nstart   {}\nexec    {}\nstop    {}",
        median(sandbox),
        median(start),
        median(exec),
        median(stop)
    );
    eprintln!("private and Pss kB of the first and the last: {:?} {:?}", memory[0], memory[memory.len() - 1]);
    node.end().await;
}
