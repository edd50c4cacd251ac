//! Users, capabilities, filters, read-only places, mounts, namespaces.

mod common;

use std::path::PathBuf;

use common::Node;
use cri::runtime::{Mount, NamespaceMode, Propagation, Runtime, Seccomp, User};

fn volume(source: PathBuf, destination: &str) -> Mount {
    Mount {
        source,
        destination: destination.into(),
        read_only: false,
        recursive_read_only: false,
        propagation: Propagation::Private,
    }
}

const STATUS: &str = "grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|CapPrm|CapInh|CapAmb|NoNewPrivs):' /proc/self/status | tr -d ' ' | tr '\\t\\n' '  '";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_capabilities() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let (_, log) = node.run(&pod, &node.container("default", STATUS)).await;
    assert!(log.starts_with("Uid: 0 0 0 0 Gid: 0 0 0 0 Groups: 0 "), "{log}");
    for set in [
        "CapInh: 0000000000000000",
        "CapPrm: 00000000a80425fb",
        "CapEff: 00000000a80425fb",
        "CapBnd: 00000000a80425fb",
        "NoNewPrivs: 0",
    ] {
        assert!(log.contains(set), "{set} in {log}");
    }
    let mut user = node.container(
        "user",
        &format!("{STATUS}; echo; touch /x 2>/dev/null || echo ro; echo to stdout > /dev/stdout; pwd; echo $HOME"),
    );
    user.user = User { uid: Some(1000), gid: Some(2000), additional_gids: vec![3000], ..User::default() };
    user.read_only_rootfs = true;
    user.no_new_privileges = true;
    user.capabilities_drop = vec!["ALL".into()];
    user.cwd = "/made/here".into();
    let (_, log) = node.run(&pod, &user).await;
    assert!(log.starts_with("Uid: 1000 1000 1000 1000 Gid: 2000 2000 2000 2000 Groups: 20003000 "), "{log}");
    assert!(log.contains("CapEff: 0000000000000000 CapBnd: 0000000000000000"), "{log}");
    assert!(log.ends_with("NoNewPrivs: 1 \nro\nto stdout\n/made/here\n/\n"), "{log}");
    let mut named = node.container("named", STATUS);
    named.user.spec = "web".into();
    named.capabilities_add = vec!["SYS_TIME".into()];
    let (_, log) = node.run(&pod, &named).await;
    assert!(log.starts_with("Uid: 33 33 33 33 Gid: 34 34 34 34 Groups: 3450 "), "{log}");
    assert!(log.contains("CapEff: 0000000000000000 CapBnd: 00000000aa0425fb"), "{log}");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_hold_for_exec_too() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let script =
        "grep '^Seccomp:' /proc/self/status; unshare -m true 2>/dev/null || echo refused; echo up; sleep 600; true";
    for (name, no_new_privileges) in [("a", false), ("b", true)] {
        let mut config = node.container(name, script);
        config.seccomp = Seccomp::RuntimeDefault;
        config.no_new_privileges = no_new_privileges;
        config.capabilities_add = vec!["SYS_ADMIN".into()];
        config.capabilities_drop = vec!["SYS_ADMIN".into()];
        node.start(&pod, &config).await;
        node.printed(&config, "up").await;
        assert!(node.log(&config).starts_with("Seccomp:\t2\nrefused\n"));
        let (_, out, _) =
            node.exec(&pod, &config.id, "grep -E '^(Seccomp|NoNewPrivs|CapBnd):' /proc/self/status").await;
        let nnp = u8::from(no_new_privileges);
        assert_eq!(out, format!("CapBnd:\t00000000a80425fb\nNoNewPrivs:\t{nnp}\nSeccomp:\t2\n"));
    }
    let profile = node.dir.path().join("profile.json");
    std::fs::write(
        &profile,
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}"#,
    )
    .unwrap();
    let mut config = node.container("local", "mkdir /x 2>&1; echo end");
    config.seccomp = Seccomp::Localhost(profile);
    let (_, log) = node.run(&pod, &config).await;
    assert_eq!(log, "mkdir: can't create directory '/x': Operation not permitted\nend\n");
    let mut config = node.container("none", "true");
    config.seccomp = Seccomp::Localhost("/no/profile.json".into());
    let error = node.runtime.start_container(&pod, &config).await.unwrap_err().to_string();
    assert!(error.contains("cannot load seccomp profile \"/no/profile.json\": no such file or directory"), "{error}");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protected_places() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let script = "(echo 1 > /proc/sys/kernel/hostname) 2>/dev/null || echo sys; cat /proc/timer_list | wc -c; ls /sys/firmware | wc -l; \
                  touch /sys/x 2>/dev/null || echo sysfs; ls /proc/1/root >/dev/null && echo own; mount -o remount,rw /proc/sys 2>/dev/null || echo no";
    let (_, log) = node.run(&pod, &node.container("c", script)).await;
    assert_eq!(log, "sys\n0\n0\nsysfs\nown\nno\n");
    let mut open = node.container("open", "test -n \"$(head -c 1 /proc/timer_list)\" && echo unmasked");
    open.unmasked_proc = true;
    assert_eq!(node.run(&pod, &open).await.1, "unmasked\n");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mounts_in_order() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let host = node.dir.path().join("host");
    std::fs::create_dir_all(host.join("inner")).unwrap();
    std::fs::write(host.join("file"), "data\n").unwrap();
    std::os::unix::fs::symlink("/etc", node.layer.join("link")).unwrap();
    let script = "cat /v/file; echo new > /v/written; cat /etc/one; cat /dev/log1; (echo x > /ro/x) 2>/dev/null || echo ro; \
                  ls /v/over; cat /etc/behind; echo x > /dev/log1; test -d /v2 && echo made";
    let mut config = node.container("c", script);
    config.mounts = vec![
        volume(host.clone(), "/v"),
        volume(host.join("file"), "/etc/one"),
        volume(host.join("file"), "/dev/log1"),
        Mount { read_only: true, ..volume(host.clone(), "/ro") },
        volume(host.join("inner"), "/v/over"),
        volume(host.join("file"), "/link/behind"),
        volume(node.dir.path().join("missing"), "/v2"),
    ];
    let (exit, log) = node.run(&pod, &config).await;
    assert_eq!(exit.code, 0, "{log}");
    assert_eq!(log, "data\ndata\ndata\nro\ndata\nmade\n");
    assert_eq!(std::fs::read_to_string(host.join("written")).unwrap(), "new\n");
    assert_eq!(std::fs::read_to_string(host.join("file")).unwrap(), "x\n");
    assert!(node.dir.path().join("missing").is_dir());
    assert!(!std::path::Path::new("/etc/behind").exists());
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_share_what_they_should() {
    let mut node = Node::new().await;
    let mut config = node.sandbox_config("shared");
    config.pid = NamespaceMode::Pod;
    config.sysctls = [("net.ipv4.ip_local_port_range".to_owned(), "20000 20100".to_owned())].into();
    node.runtime.run_sandbox(&config).await.unwrap();
    let pod = config.id;
    let first = node.container("first", "echo mine > /dev/shm/x; echo up; sleep 601; true");
    node.start(&pod, &first).await;
    node.printed(&first, "up").await;
    let look = "cat /dev/shm/x; cat /proc/sys/net/ipv4/ip_local_port_range; ps | grep -c '[s]leep 601'; ls /proc/1/root/ 2>/dev/null | wc -l; echo $$ | grep -v '^1$' | wc -l";
    let (_, log) = node.run(&pod, &node.container("second", look)).await;
    assert_eq!(log, "mine\n20000\t20100\n2\n0\n1\n");
    // Its first process ends, and what it left behind with it.
    node.runtime.kill_container(&pod, &first.id).await.unwrap();
    node.exit_of(&first.id).await;
    let (_, log) = node.run(&pod, &node.container("third", "ps | grep -c '[s]leep 601'")).await;
    assert_eq!(log, "0\n");
    let mut config = node.sandbox_config("hosts");
    (config.network, config.pid, config.ipc) = (NamespaceMode::Host, NamespaceMode::Host, NamespaceMode::Host);
    node.runtime.run_sandbox(&config).await.unwrap();
    let (_, log) = node
        .run(
            &config.id,
            &node.container(
                "host",
                "for n in net ipc uts; do readlink /proc/self/ns/$n; done; test $$ -gt 50 && echo big",
            ),
        )
        .await;
    let own = ["net", "ipc", "uts"]
        .map(|ns| std::fs::read_link(format!("/proc/self/ns/{ns}")).unwrap().display().to_string());
    assert_eq!(log, format!("{}\nbig\n", own.join("\n")));
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debugger_joins_its_target() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let target = node.container("target", "echo up; sleep 602; true");
    node.start(&pod, &target).await;
    node.printed(&target, "up").await;
    let mut debugger =
        node.container("debugger", "ps | grep -c '[s]leep 602'; tr '\\0' ' ' < /proc/1/cmdline | head -c 2");
    debugger.target_pid = Some(target.id.clone());
    assert_eq!(node.run(&pod, &debugger).await.1, "2\nsh");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mounts_spread_as_they_should() {
    let mut node = Node::new().await;
    let shared = node.dir.path().join("shared");
    std::fs::create_dir(&shared).unwrap();
    let mount = |args: &[&str]| {
        assert!(std::process::Command::new("mount").args(args).arg(&shared).status().unwrap().success())
    };
    mount(&["--bind", shared.to_str().unwrap()]);
    mount(&["--make-shared"]);
    let pod = node.sandbox("pod").await;
    let with = |mut config: cri::runtime::ContainerConfig, propagation| {
        config.mounts = vec![Mount { propagation, ..volume(shared.clone(), "/v") }];
        config
    };
    let receiver = with(
        node.container("receiver", "while ! test -f /v/m/f; do sleep 0.02; done; cat /v/m/f"),
        Propagation::HostToContainer,
    );
    let private = with(node.container("private", "echo up; sleep 600; true"), Propagation::Private);
    let mut giver = with(
        node.container("giver", "mkdir /v/m; mount -t tmpfs x /v/m; echo hi > /v/m/f; echo up; sleep 600; true"),
        Propagation::Bidirectional,
    );
    giver.privileged = true;
    node.start(&pod, &receiver).await;
    node.start(&pod, &private).await;
    node.start(&pod, &giver).await;
    assert_eq!(node.exit_of(&receiver.id).await.code, 0);
    assert_eq!(node.log(&receiver), "hi\n");
    assert_eq!(std::fs::read_to_string(shared.join("m/f")).unwrap(), "hi\n");
    assert_eq!(node.exec(&pod, &private.id, "ls /v/m").await.1, "");
    node.runtime.remove_sandbox(&pod).await.unwrap();
    for place in sys::mount::below(&shared).unwrap() {
        sys::mount::detach(&place).unwrap();
    }
    node.end().await;
}
