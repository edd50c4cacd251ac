//! Memory, processors, processes: what the kernel enforces and what a container sees of it.

mod common;

use common::Node;
use cri::runtime::{Resources, Runtime};

fn memory(bytes: i64) -> Resources {
    Resources { memory_limit_bytes: Some(bytes), ..Resources::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_set_and_seen() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let mut config = node.container(
        "c",
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; \
         cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null; \
         cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; \
         cat /proc/self/oom_score_adj; touch /sys/fs/cgroup/x 2>/dev/null || echo ro",
    );
    config.resources = Resources {
        memory_limit_bytes: Some(32 << 20),
        cpu_quota_us: Some(50_000),
        cpu_period_us: Some(100_000),
        cpu_shares: Some(512),
        pids_limit: Some(77),
        oom_score_adj: Some(900),
        ..Resources::default()
    };
    let (exit, log) = node.run(&pod, &config).await;
    let words: Vec<&str> = log.split_whitespace().collect();
    assert_eq!(exit.code, 0);
    assert_eq!(words[..2], [(32 << 20).to_string().as_str(), "50000"], "{log}");
    assert!(words.ends_with(&["77", "900", "ro"]), "{log}");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_out_of_memory_is_reported() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let mut first = node.container("first", "exec tail /dev/zero");
    first.resources = memory(24 << 20);
    let (exit, _) = node.run(&pod, &first).await;
    assert!(exit.oom_killed && exit.code == 137, "{exit:?}");
    let mut child = node.container("child", "tail /dev/zero; exit 0");
    child.resources = memory(24 << 20);
    let (exit, _) = node.run(&pod, &child).await;
    assert!(exit.oom_killed, "{exit:?}");
    let (exit, _) = node.run(&pod, &node.container("fine", "true")).await;
    assert!(!exit.oom_killed);
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_change_while_it_runs_and_usage_is_counted() {
    let node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let mut config = node.container("c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=8; echo up; sleep 600; true");
    config.resources = memory(32 << 20);
    node.start(&pod, &config).await;
    node.printed(&config, "up").await;
    let stats = node.runtime.container_stats(&pod, &config.id).await.unwrap();
    assert!(stats.memory_bytes > 8 << 20 && stats.cpu_ns > 0 && stats.pids >= 2, "{stats:?}");
    let whole = node.runtime.sandbox_stats(&pod).await.unwrap();
    assert!(whole.memory_bytes >= stats.memory_bytes && whole.pids > stats.pids, "{whole:?}");
    for bytes in [64 << 20, 48 << 20] {
        node.runtime.update_resources(&pod, &config.id, &memory(bytes)).await.unwrap();
        let (_, out, _) = node
            .exec(
                &pod,
                &config.id,
                "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null",
            )
            .await;
        assert_eq!(out.trim(), bytes.to_string());
    }
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_are_restricted() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let script = "mknod /tmp/kmsg c 1 11 && echo made; head -c 1 /tmp/kmsg >/dev/null 2>&1 || echo refused; \
                  head -c 4 /dev/zero | wc -c; echo x > /dev/null && ls /dev | tr '\\n' ' '";
    let (_, log) = node.run(&pod, &node.container("c", script)).await;
    assert!(log.starts_with("made\nrefused\n4\n"), "{log}");
    assert_eq!(
        log.lines().last().unwrap(),
        "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
    );
    let mut privileged = node.container("p", "ls /dev | grep -c '^loop0$'; grep -E '^(CapEff|Seccomp):' /proc/self/status; mount -t tmpfs x /tmp && echo mounted");
    privileged.privileged = true;
    let (_, log) = node.run(&pod, &privileged).await;
    let held = std::fs::read_to_string("/proc/self/status").unwrap();
    let held = held.lines().find(|line| line.starts_with("CapEff")).unwrap();
    assert_eq!(log, format!("1\n{held}\nSeccomp:\t0\nmounted\n"));
    let mut given = node.container("g", "stat -c '%t %T' /dev/mine; head -c 3 /dev/mine | wc -c");
    let device = cri::runtime::Device {
        host_path: "/dev/zero".into(),
        container_path: "/dev/mine".into(),
        permissions: "rwm".into(),
    };
    given.devices = vec![device];
    assert_eq!(node.run(&pod, &given).await.1, "1 5\n3\n");
    node.end().await;
}

/// Version 2 restricts devices by a program; a version 2 hierarchy is enough to try it, whatever else is mounted.
#[test]
fn device_programs_hold() {
    use std::os::fd::AsFd;

    use sys::device::{Kind, Rule};
    let host = sys::cgroup::Host::detect().unwrap();
    let mount = host.unified.expect("this test needs a cgroup2 mount");
    let group = mount.join(format!("podium-runtime-devices-{}", std::process::id()));
    std::fs::create_dir(&group).unwrap();
    let rule = Rule { kind: Kind::Character, major: Some(1), minor: Some(3), read: false, write: true, make: false };
    sys::device::restrict(std::fs::File::open(&group).unwrap().as_fd(), &[rule]).unwrap();
    let script = "echo $$ > $0/cgroup.procs; echo x > /dev/null && echo null; (head -c 1 < /dev/null) 2>/dev/null || echo no read; \
                  (head -c 1 < /dev/zero) 2>/dev/null || echo no zero";
    let out = std::process::Command::new("/usr/bin/busybox")
        .args(["sh", "-c", script])
        .arg(&group)
        .stdin(std::process::Stdio::piped())
        .output()
        .unwrap();
    std::fs::remove_dir(&group).unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out, "null\nno read\nno zero\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_may_divide_its_group() {
    let node = Node::new().await;
    let pod = node.sandbox("pod").await;
    // Where the hierarchy has no controller to pass on, this shows only that nothing breaks.
    let script = "cd /sys/fs/cgroup/unified 2>/dev/null || cd /sys/fs/cgroup; mkdir inner; echo 1 > inner/cgroup.procs; \
                  (echo +$(cut -d' ' -f1 cgroup.controllers) > cgroup.subtree_control) 2>/dev/null; echo up; sleep 600; true";
    let mut config = node.container("c", script);
    config.privileged = true;
    node.start(&pod, &config).await;
    node.printed(&config, "up").await;
    let (code, out, err) = node.exec(&pod, &config.id, "grep ^0 /proc/self/cgroup").await;
    assert_eq!(code, 0, "{out} {err}");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_find_the_version_whose_controllers_count() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let given = node.container("c", "grep -c ' cgroup2 ' /proc/mounts; true");
    let wanted = if sys::cgroup::Host::detect().unwrap().legacy.is_empty() { "1\n" } else { "0\n" };
    assert_eq!(node.run(&pod, &given).await.1, wanted);
    node.end().await;
}
