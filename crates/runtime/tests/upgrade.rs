//! An agent finds sandboxes that another program started: an older or newer one, or one that was replaced on disk.

mod common;

use std::{
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    process::{Child, Command},
};

use common::{Node, id};
use cri::runtime::{ContainerPhase, Runtime, SandboxId};
use runtime::PodiumRuntime;

const PROGRAM: &str = env!("CARGO_BIN_EXE_runtime-sandbox");

/// A copy of the program; the end of its name says which version it speaks.
fn program(node: &Node, name: &str) -> PathBuf {
    let path = node.dir.path().join(name);
    std::fs::copy(PROGRAM, &path).unwrap();
    path
}

fn socket(node: &Node, sandbox: &SandboxId) -> PathBuf {
    node.config.run.join(&sandbox.0[..24]).join("sock")
}

/// Asks a sandbox without an agent; `None`: it hangs up.
fn ask(connection: &OwnedFd, text: &str) -> Option<String> {
    sys::fdpass::send(connection, text.as_bytes(), &[]).ok()?;
    let mut room = vec![0; 64 * 1024];
    let (length, _) = sys::fdpass::receive(connection, &mut room).ok()?;
    (length > 0).then(|| String::from_utf8_lossy(&room[..length]).into_owned())
}

async fn pid_of(node: &Node, sandbox: &SandboxId) -> i32 {
    let listed = node.runtime.list().await.unwrap();
    listed.iter().find(|state| state.config.id == *sandbox).unwrap().pid
}

fn inode_of(pid: i32) -> (u64, u64) {
    let exe = std::fs::metadata(format!("/proc/{pid}/exe")).unwrap();
    (exe.dev(), exe.ino())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sandboxes_of_older_and_newer_minor_versions_are_driven() {
    for (version, refusal) in [("1.0", None), ("1.9", Some("does not know this request"))] {
        let mut node = Node::new().await;
        node.config.program = program(&node, &format!("runtime-sandbox-{version}"));
        node.restart().await;
        let pod = node.sandbox("pod").await;
        let long = node.container("long", "mkfifo /tmp/f; echo up; read line < /tmp/f; echo $line; exit 5");
        node.start(&pod, &long).await;
        node.printed(&long, "up").await;
        let short = node.container("short", "exit 6");
        node.run(&pod, &short).await;
        let pid = pid_of(&node, &pod).await;

        node.config.program = PROGRAM.into();
        node.restart().await;
        assert_eq!(pid_of(&node, &pod).await, pid, "{version}: the same sandbox");
        let listed = node.runtime.list().await.unwrap();
        assert!(listed[0].ready, "{version}");
        let codes = |state: &cri::runtime::SandboxState| -> Vec<Option<i32>> {
            let code =
                |phase: &ContainerPhase| if let ContainerPhase::Exited(exit) = phase { Some(exit.code) } else { None };
            state.containers.iter().map(|container| code(&container.phase)).collect()
        };
        assert_eq!(codes(&listed[0]), [None, Some(6)], "{version}");
        let more = node.container("more", "echo more; sleep 600");
        node.start(&pod, &more).await;
        node.printed(&more, "more").await;
        node.runtime.reopen_log(&pod, &more.id).await.unwrap();
        node.runtime.kill_container(&pod, &more.id).await.unwrap();
        assert_eq!(node.exit_of(&more.id).await.code, 137, "{version}");
        node.runtime.remove_container(&pod, &more.id).await.unwrap();
        assert_eq!(node.exec(&pod, &long.id, "echo later > /tmp/f").await.0, 0, "{version}");
        assert_eq!(node.exit_of(&long.id).await.code, 5, "{version}");
        assert_eq!(node.log(&long), "up\nlater\n", "{version}");

        let at = sys::fdpass::connect(&socket(&node, &pod)).unwrap();
        let answer = ask(&at, r#"{"n":1,"what":{"Dance":{}}}"#);
        assert_eq!(answer.is_some(), refusal.is_some(), "{version}: {answer:?}");
        assert!(refusal.is_none_or(|words| answer.unwrap().contains(words)), "{version}");
        node.runtime.stop_sandbox(&pod).await.unwrap();
        node.runtime.remove_sandbox(&pod).await.unwrap();
        node.end().await;
    }
}

/// A sandbox of another major version, which this agent could never start: its record is that of another pod.
fn stranger(node: &Node, like: &SandboxId, name: &str) -> (Child, SandboxId, OwnedFd) {
    let sandboxes = node.config.root.join("sandboxes");
    let other = SandboxId(id(name).into());
    let record = std::fs::read_to_string(sandboxes.join(&*like.0).join("sandbox.json")).unwrap();
    let state = sandboxes.join(&*other.0);
    std::fs::create_dir_all(state.join("containers")).unwrap();
    std::fs::create_dir_all(node.config.run.join(&other.0[..24])).unwrap();
    let record =
        record.replace(&*like.0, &other.0).replace(&like.0[..24], &other.0[..24]).replace("\"pod\"", "\"web\"");
    std::fs::write(state.join("sandbox.json"), record).unwrap();
    let (ours, theirs) = sys::fdpass::pair().unwrap();
    let child = Command::new(program(node, "runtime-sandbox-2.0"))
        .args(["sandbox", &node.config.instance])
        .arg(state)
        .stdin(theirs)
        .spawn()
        .unwrap();
    let hello = ask(&ours, r#"{"n":1,"what":{"Hello":{"version":1}}}"#).unwrap();
    assert!(hello.contains(r#""version":2"#), "{hello}");
    (child, other, ours)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_of_another_major_version_is_named_and_left_alone() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node.container("c", "echo up; sleep 600");
    node.start(&pod, &config).await;
    let pid = pid_of(&node, &pod).await;
    let (mut child, web, line) = stranger(&node, &pod, "web");

    let refused = PodiumRuntime::open(node.config.clone()).await.err().expect("an error").to_string();
    let named = format!("the sandbox of pod default/web (process {}) speaks version 2.0", child.id());
    assert!(refused.contains(&named) && refused.contains("Go on with the program that started them"), "{refused}");
    assert!(child.try_wait().unwrap().is_none() && socket(&node, &web).exists(), "it runs on");
    assert!(ask(&line, r#"{"n":2,"what":{"Forget":{"container":"x"}}}"#).is_some());
    assert!(Path::new(&format!("/proc/{pid}")).exists(), "and so does the other one");

    child.kill().unwrap();
    child.wait().unwrap();
    node.restart().await;
    assert_eq!(pid_of(&node, &pod).await, pid);
    assert_eq!(node.exec(&pod, &config.id, "echo alive").await.1, "alive\n");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_may_be_replaced_on_disk() {
    let mut node = Node::new().await;
    node.config.program = program(&node, "podium");
    node.restart().await;
    let first = node.sandbox("first").await;
    let config = node.container("c", "echo up; sleep 600");
    node.start(&first, &config).await;
    let old = inode_of(pid_of(&node, &first).await);

    std::fs::rename(program(&node, "podium.new"), &node.config.program).unwrap();
    let second = node.sandbox("second").await;
    assert_eq!(inode_of(pid_of(&node, &second).await), old, "a running agent goes on with its own program");
    node.restart().await;
    let third = node.sandbox("third").await;
    let new = inode_of(pid_of(&node, &third).await);
    assert_ne!(new, old, "the next one starts what is there now");
    for pod in [&first, &second] {
        assert_eq!(inode_of(pid_of(&node, pod).await), old);
    }
    assert_eq!(node.exec(&first, &config.id, "echo alive").await.1, "alive\n");
    std::fs::remove_file(&node.config.program).unwrap();
    let fourth = node.sandbox("fourth").await;
    assert_eq!(inode_of(pid_of(&node, &fourth).await), new, "even where it is gone");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_cannot_be_read_ends_nothing_that_runs() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node.container("c", "echo up; sleep 600");
    node.start(&pod, &config).await;
    let over = node.sandbox("over").await;
    node.runtime.stop_sandbox(&over).await.unwrap();
    let pid = pid_of(&node, &pod).await;
    let state = |id: &SandboxId| node.config.root.join("sandboxes").join(&*id.0);
    let records =
        [state(&pod).join("sandbox.json"), state(&pod).join("containers").join(&*config.id.0).join("container.json")];
    for record in &records {
        let kept = std::fs::read(record).unwrap();
        std::fs::write(record, "{}").unwrap();
        let refused = PodiumRuntime::open(node.config.clone()).await.err().expect("an error").to_string();
        assert!(refused.contains(record.to_str().unwrap()) && refused.contains("of a pod that runs"), "{refused}");
        std::fs::write(record, kept).unwrap();
    }
    // What a loss of power leaves of a file, and nothing runs there.
    std::fs::write(state(&over).join("sandbox.json"), "").unwrap();
    node.restart().await;
    assert_eq!(pid_of(&node, &pod).await, pid);
    assert_eq!(node.exec(&pod, &config.id, "echo alive").await.1, "alive\n");
    assert_eq!(node.runtime.list().await.unwrap().len(), 1, "what is over is forgotten");
    node.end().await;
}
