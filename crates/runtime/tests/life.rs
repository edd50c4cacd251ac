//! Start, exit codes, logs, exec, signals, failed starts, the agent's restart, what is left.

mod common;

use common::{DEADLINE, Node, read_all, remains};
use cri::{
    Error,
    runtime::{ContainerPhase, ExecConfig, Runtime, RuntimeEvent},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_start_print_and_end() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node
        .container("c", "echo out; echo err >&2; printf 'no newline'; hostname; echo $COLOR $HOSTNAME $HOME; exit 3");
    let state = node.start(&pod, &config).await;
    assert!(
        matches!(state.phase, ContainerPhase::Running { pid, .. } if pid > 1)
            || matches!(state.phase, ContainerPhase::Exited(_))
    );
    let exit = node.exit_of(&config.id).await;
    assert_eq!((exit.code, exit.signal, exit.oom_killed, exit.unknown), (3, 0, false, false));
    assert!(exit.started_at_ns > 0 && exit.finished_at_ns >= exit.started_at_ns);
    let log = node.log(&config);
    for line in ["out\n", "err\n", "no newlinepod\n", "blue pod /root\n"] {
        assert!(log.contains(line), "{line:?} in {log:?}");
    }
    let raw = std::fs::read_to_string(&config.log_path).unwrap();
    let stderr = raw.lines().find(|line| line.ends_with("err")).unwrap();
    assert!(stderr.split(' ').nth(1) == Some("stderr") && stderr.split(' ').nth(2) == Some("F"), "{stderr}");
    let listed = node.runtime.list().await.unwrap();
    assert_eq!(listed[0].containers[0].annotations["note"], "kept");
    assert_eq!(listed[0].containers[0].phase, ContainerPhase::Exited(exit));
    node.runtime.remove_container(&pod, &config.id).await.unwrap();
    assert!(node.runtime.list().await.unwrap()[0].containers.is_empty());
    node.runtime.stop_sandbox(&pod).await.unwrap();
    assert!(!node.runtime.list().await.unwrap()[0].ready);
    node.runtime.remove_sandbox(&pod).await.unwrap();
    node.runtime.remove_sandbox(&pod).await.unwrap();
    assert!(node.runtime.list().await.unwrap().is_empty());
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_run_beside_it() {
    let node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node.container("c", "echo up; sleep 600; true");
    node.start(&pod, &config).await;
    node.printed(&config, "up").await;
    assert_eq!(node.exec(&pod, &config.id, "echo hi; echo no >&2; exit 7").await, (7, "hi\n".into(), "no\n".into()));
    let (code, out, _) = node
        .exec(
            &pod,
            &config.id,
            "echo $COLOR $HOME; tr '\\0' ' ' </proc/1/cmdline; hostname; cat /proc/self/cgroup | head -1",
        )
        .await;
    assert!(code == 0 && out.starts_with("blue /root\nsh -c echo up; sleep 600; true pod\n"), "{out:?}");
    assert!(out.trim_end().ends_with(":/"), "its own cgroup is the root: {out:?}");
    let failed =
        node.runtime.exec(&pod, &config.id, &ExecConfig { args: vec!["x".into()], ..ExecConfig::default() }).await;
    let Err(Error::Start { message, exit_code }) = failed else { panic!("it starts") };
    assert!(
        exit_code == 127
            && message.ends_with(
                "exec failed: unable to start container process: exec: \"x\": executable file not found in $PATH"
            ),
        "{message}"
    );
    // Input of three million bytes, by descriptors that nobody copies from.
    let wc = ExecConfig { args: vec!["wc".into(), "-c".into()], stdin: true, stdout: true, ..ExecConfig::default() };
    let streams = node.runtime.exec(&pod, &config.id, &wc).await.unwrap();
    let out = read_all(streams.stdout.unwrap());
    let stdin = std::fs::File::from(streams.stdin.unwrap());
    tokio::task::spawn_blocking(move || std::io::Write::write_all(&mut &stdin, &vec![b'x'; 3_000_000]).unwrap())
        .await
        .unwrap();
    assert_eq!(out.await.unwrap().trim(), "3000000");
    // Somebody gives up on it.
    let sleep = ExecConfig { args: vec!["sleep".into(), "600".into()], ..ExecConfig::default() };
    let streams = node.runtime.exec(&pod, &config.id, &sleep).await.unwrap();
    streams.kill.unwrap()();
    assert_eq!(tokio::time::timeout(DEADLINE, streams.exit).await.unwrap().unwrap().unwrap(), 137);
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_and_kills_end_it() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let polite = node.container("polite", "trap 'echo bye; exit 4' TERM; echo up; while true; do sleep 0.05; done");
    node.start(&pod, &polite).await;
    node.printed(&polite, "up").await;
    node.runtime.signal_container(&pod, &polite.id, "SIGTERM").await.unwrap();
    assert_eq!(node.exit_of(&polite.id).await.code, 4);
    assert_eq!(node.log(&polite), "up\nbye\n");
    let stubborn = node.container("stubborn", "trap '' TERM; sleep 600 & echo up; wait");
    node.start(&pod, &stubborn).await;
    node.printed(&stubborn, "up").await;
    assert!(node.runtime.remove_container(&pod, &stubborn.id).await.is_err(), "it runs");
    node.runtime.kill_container(&pod, &stubborn.id).await.unwrap();
    let exit = node.exit_of(&stubborn.id).await;
    assert_eq!((exit.code, exit.signal), (137, 9));
    node.runtime.kill_container(&pod, &stubborn.id).await.unwrap();
    node.runtime.signal_container(&pod, &stubborn.id, "TERM").await.unwrap();
    let left = node.container("left", "sleep 600");
    node.start(&pod, &left).await;
    node.runtime.stop_sandbox(&pod).await.unwrap();
    assert_eq!(node.exit_of(&left.id).await.code, 137);
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_start_says_why() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    for (name, program, code, text) in [
        ("a", "/no/such/program", 127, "exec: \"/no/such/program\": stat /no/such/program: no such file or directory"),
        ("b", "nothing", 127, "exec: \"nothing\": executable file not found in $PATH"),
        ("d", "/bin/data", 126, "exec: \"/bin/data\": permission denied"),
        ("e", "/bin", 126, "exec: \"/bin\": is a directory"),
    ] {
        let mut config = node.container(name, "");
        config.args = vec![program.into()];
        let Err(Error::Start { message, exit_code }) = node.runtime.start_container(&pod, &config).await else {
            panic!("{program} starts")
        };
        assert_eq!(exit_code, code, "{message}");
        assert!(message.starts_with("failed to create containerd task: ") && message.ends_with(text), "{message}");
        let listed = node.runtime.list().await.unwrap();
        let state = listed[0].containers.iter().find(|c| c.id == config.id).unwrap();
        assert!(
            matches!(&state.phase, ContainerPhase::Exited(exit) if exit.code == code && exit.started_at_ns == 0),
            "{state:?}"
        );
        node.runtime.remove_container(&pod, &config.id).await.unwrap();
    }
    let mut user = node.container("user", "true");
    user.user.spec = "nobody".into();
    let Err(Error::Start { message, .. }) = node.runtime.start_container(&pod, &user).await else {
        panic!("it starts")
    };
    assert!(message.ends_with("unable to find user nobody: no matching entries in passwd file"), "{message}");
    let mut script = node.container("script", "");
    script.args = vec!["/bin/script".into()];
    let (exit, log) = node.run(&pod, &script).await;
    assert_eq!((exit.code, log.as_str()), (255, "exec /bin/script: exec format error\n"));
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_outlive_the_agent() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let long = node.container("long", "while read line; do :; done < /tmp/fifo; echo end; exit 5");
    let mut long = long;
    long.args[2] = "mkfifo /tmp/fifo; echo up; read line < /tmp/fifo; echo $line; exit 5".into();
    let short = node.container("short", "exit 6");
    node.start(&pod, &long).await;
    node.printed(&long, "up").await;
    let pid = node.runtime.list().await.unwrap()[0].pid;
    // As if the old agent were gone: what follows it has nothing of its memory.
    let old = std::mem::replace(&mut node.runtime, runtime::PodiumRuntime::open(node.config.clone()).await.unwrap());
    node.events = node.runtime.events();
    old.start_container(&pod, &short).await.unwrap();
    drop(old);
    node.restart().await;
    let listed = node.runtime.list().await.unwrap();
    assert!(listed[0].ready && listed[0].pid == pid, "{listed:?}");
    let of = |id: &cri::runtime::ContainerId| listed[0].containers.iter().find(|c| c.id == *id).unwrap().phase.clone();
    assert!(matches!(of(&long.id), ContainerPhase::Running { .. }));
    if !matches!(of(&short.id), ContainerPhase::Exited(_)) {
        node.exit_of(&short.id).await;
    }
    assert_eq!(node.exec(&pod, &long.id, "echo later > /tmp/fifo").await.0, 0);
    assert_eq!(node.exit_of(&long.id).await.code, 5);
    assert_eq!(node.log(&long), "up\nlater\n");
    node.restart().await;
    let listed = node.runtime.list().await.unwrap();
    let codes: Vec<i32> = listed[0]
        .containers
        .iter()
        .filter_map(|c| if let ContainerPhase::Exited(e) = &c.phase { Some(e.code) } else { None })
        .collect();
    assert_eq!(codes, [5, 6]);
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_sandbox_is_reported() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node.container("c", "sleep 600");
    node.start(&pod, &config).await;
    let pid = node.runtime.list().await.unwrap()[0].pid;
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    let exit = node.exit_of(&config.id).await;
    assert!(exit.unknown && exit.code == 255, "{exit:?}");
    let gone = tokio::time::timeout(DEADLINE, node.events.recv()).await.unwrap();
    assert!(matches!(gone, Some(RuntimeEvent::SandboxGone(id)) if id == pod));
    assert!(!node.runtime.list().await.unwrap()[0].ready);
    assert!(node.runtime.start_container(&pod, &node.container("d", "true")).await.is_err());
    node.runtime.stop_sandbox(&pod).await.unwrap();
    node.runtime.remove_sandbox(&pod).await.unwrap();
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cleanup_finds_what_has_no_records() {
    let node = Node::new().await;
    let other = Node::new().await;
    for node in [&node, &other] {
        let pod = node.sandbox("pod").await;
        node.start(&pod, &node.container("c", "sleep 600")).await;
    }
    std::fs::remove_dir_all(node.config.root.join("sandboxes")).unwrap();
    let config = node.config.clone();
    node.end().await;
    tokio::task::spawn_blocking(move || runtime::cleanup(&config).unwrap()).await.unwrap();
    let listed = other.runtime.list().await.unwrap();
    assert!(
        listed[0].ready && matches!(listed[0].containers[0].phase, ContainerPhase::Running { .. }),
        "the other one lives"
    );
    assert!(!remains(&other.config).is_empty());
    other.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_complete_and_can_be_rotated() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let flood = node.container("flood", "seq 1 200000");
    let (exit, log) = node.run(&pod, &flood).await;
    assert_eq!(exit.code, 0);
    assert!(log.lines().enumerate().all(|(at, line)| line == (at + 1).to_string()) && log.lines().count() == 200_000);
    let turn = node.container("turn", "mkfifo /f; echo before; read x < /f; echo after");
    node.start(&pod, &turn).await;
    node.printed(&turn, "before").await;
    let old = turn.log_path.with_extension("old");
    std::fs::rename(&turn.log_path, &old).unwrap();
    node.runtime.reopen_log(&pod, &turn.id).await.unwrap();
    assert_eq!(node.exec(&pod, &turn.id, "echo > /f").await.0, 0);
    node.exit_of(&turn.id).await;
    assert_eq!(node.log(&turn), "after\n");
    assert!(std::fs::read_to_string(old).unwrap().ends_with("before\n"));
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_of_a_pod_do_not_end_each_other() {
    let mut node = Node::new().await;
    let first = node.sandbox("pod").await;
    let mut config = node.sandbox_config("again");
    config.cgroup = node.sandbox_config("pod").cgroup;
    node.runtime.run_sandbox(&config).await.unwrap();
    let mut old = node.container("old", "sleep 600; true");
    let mut new = node.container("new", "echo up; sleep 600; true");
    (old.cgroup_name, new.cgroup_name) = ("c-0".into(), "c-0".into());
    node.start(&first, &old).await;
    node.start(&config.id, &new).await;
    node.printed(&new, "up").await;
    node.runtime.stop_sandbox(&first).await.unwrap();
    node.exit_of(&old.id).await;
    node.runtime.remove_sandbox(&first).await.unwrap();
    assert_eq!(node.exec(&config.id, &new.id, "echo alive").await.1, "alive\n");
    node.runtime.remove_sandbox(&config.id).await.unwrap();
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_cannot_be_written_through_a_sandbox() {
    let node = Node::new().await;
    node.sandbox("pod").await;
    let pid = node.runtime.list().await.unwrap()[0].pid;
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    assert!(
        exe.starts_with(&node.config.run) && exe.ends_with(node.config.program.strip_prefix("/").unwrap()),
        "{exe:?}"
    );
    let error = std::fs::File::options().write(true).open(format!("/proc/{pid}/exe")).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::ExecutableFileBusy));
    let again = runtime::PodiumRuntime::open(node.config.clone()).await.unwrap();
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/exe")).unwrap(), exe, "a new agent keeps the view");
    drop(again);
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_paths_of_layers() {
    let mut node = Node::new().await;
    let long = node.dir.path().join("x".repeat(200)).join("y".repeat(200));
    std::fs::create_dir_all(&long).unwrap();
    std::fs::write(long.join("top"), "upper\n").unwrap();
    let pod = node.sandbox("pod").await;
    let mut config = node.container("c", "cat /top");
    config.layers.insert(0, long);
    assert_eq!(node.run(&pod, &config).await.1, "upper\n");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directories_may_be_reached_through_links() {
    let mut node = Node::new().await;
    let link = node.dir.path().join("link");
    std::os::unix::fs::symlink(node.dir.path(), &link).unwrap();
    node.config.root = link.join("other/state");
    node.config.run = link.join("other/run");
    node.restart().await;
    node.restart().await;
    let pod = node.sandbox("pod").await;
    let (exit, log) = node.run(&pod, &node.container("c", "echo fine")).await;
    assert_eq!((exit.code, log.as_str()), (0, "fine\n"));
    let mounts = sys::mount::below(&std::fs::canonicalize(&node.config.run).unwrap()).unwrap();
    assert_eq!(mounts.len(), 2, "the program once and the pod's memory: {mounts:?}");
    let first = runtime::Config {
        root: node.dir.path().join("state"),
        run: node.dir.path().join("run"),
        ..node.config.clone()
    };
    let real = runtime::Config {
        root: node.dir.path().join("other/state"),
        run: node.dir.path().join("other/run"),
        ..first.clone()
    };
    tokio::task::spawn_blocking(move || runtime::cleanup(&first).unwrap()).await.unwrap();
    node.end().await;
    assert!(remains(&real).is_empty(), "{:?}", remains(&real));
}
