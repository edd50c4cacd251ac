//! Attach, terminals, input, connections.

mod common;

use std::{
    io::{Read, Write},
    os::fd::OwnedFd,
};

use common::{DEADLINE, Node, read_all};
use cri::runtime::{ExecConfig, Runtime};

fn write(fd: &OwnedFd, text: &str) {
    std::fs::File::from(fd.try_clone().unwrap()).write_all(text.as_bytes()).unwrap();
}

/// Reads until a text has come.
async fn until(fd: &OwnedFd, text: &'static str) -> String {
    let mut file = std::fs::File::from(fd.try_clone().unwrap());
    let read = tokio::task::spawn_blocking(move || {
        let (mut seen, mut byte) = (String::new(), [0]);
        while !seen.contains(text) && file.read(&mut byte).unwrap_or(0) > 0 {
            seen.push(byte[0] as char);
        }
        seen
    });
    tokio::time::timeout(DEADLINE, read).await.expect("it comes in time").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_attach() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let mut config =
        node.container("c", "echo up; while read line; do echo got $line; echo err >&2; done; echo end; exit 9");
    (config.stdin, config.stdin_once) = (true, true);
    node.start(&pod, &config).await;
    node.printed(&config, "up").await;
    let all = ExecConfig { stdin: true, stdout: true, stderr: true, ..ExecConfig::default() };
    let listener = ExecConfig { stdin: false, ..all.clone() };
    let second = node.runtime.attach(&pod, &config.id, &listener).await.unwrap();
    let first = node.runtime.attach(&pod, &config.id, &all).await.unwrap();
    assert!(second.stdin.is_none() && first.terminal.is_none());
    write(first.stdin.as_ref().unwrap(), "one\n");
    assert_eq!(until(first.stdout.as_ref().unwrap(), "one\n").await, "got one\n");
    // The first session's end closes the only input.
    drop(first.stdin);
    let (out, err) = (read_all(second.stdout.unwrap()), read_all(second.stderr.unwrap()));
    assert_eq!(tokio::time::timeout(DEADLINE, first.exit).await.unwrap().unwrap().unwrap(), 9);
    assert_eq!((out.await.unwrap().as_str(), err.await.unwrap().as_str()), ("got one\nend\n", "err\n"));
    assert_eq!(node.exit_of(&config.id).await.code, 9);
    assert!(node.runtime.attach(&pod, &config.id, &all).await.is_err());
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_does_not_read_holds_nobody_up() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node.container("c", "mkfifo /f; echo up; read x < /f; seq 1 400000; echo end");
    node.start(&pod, &config).await;
    node.printed(&config, "up").await;
    let listener = ExecConfig { stdout: true, ..ExecConfig::default() };
    let deaf = node.runtime.attach(&pod, &config.id, &listener).await.unwrap();
    let good = node.runtime.attach(&pod, &config.id, &listener).await.unwrap();
    let heard = read_all(good.stdout.unwrap());
    node.exec(&pod, &config.id, "echo > /f").await;
    assert_eq!(node.exit_of(&config.id).await.code, 0);
    assert!(heard.await.unwrap().ends_with("400000\nend\n"));
    assert!(node.log(&config).ends_with("400000\nend\n"));
    drop(deaf);
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminals() {
    let mut node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let mut config = node.container(
        "c",
        "tty; test -c /dev/console && echo console; echo $TERM; read line; stty size; echo got $line; exit 2",
    );
    (config.tty, config.stdin) = (true, true);
    node.start(&pod, &config).await;
    node.printed(&config, "xterm").await;
    let all = ExecConfig { stdin: true, stdout: true, tty: true, ..ExecConfig::default() };
    let session = node.runtime.attach(&pod, &config.id, &all).await.unwrap();
    node.runtime.resize(session.terminal.as_ref().unwrap(), 100, 40).unwrap();
    let out = read_all(session.stdout.unwrap());
    write(session.stdin.as_ref().unwrap(), "hello\n");
    assert_eq!(node.exit_of(&config.id).await.code, 2);
    assert_eq!(out.await.unwrap().replace('\r', ""), "hello\n40 100\ngot hello\n");
    assert_eq!(node.log(&config).replace('\r', ""), "/dev/pts/0\nconsole\nxterm\nhello\n40 100\ngot hello\n");
    let plain = node.container("plain", "echo up; sleep 600; true");
    node.start(&pod, &plain).await;
    node.printed(&plain, "up").await;
    let shell = ExecConfig {
        args: vec!["sh".into(), "-c".into(), "tty; read x; stty size; echo $x $TERM; exit 3".into()],
        ..all
    };
    let session = node.runtime.exec(&pod, &plain.id, &shell).await.unwrap();
    node.runtime.resize(session.terminal.as_ref().unwrap(), 80, 24).unwrap();
    write(session.stdin.as_ref().unwrap(), "typed\n");
    let out = read_all(session.stdout.unwrap());
    assert_eq!(tokio::time::timeout(DEADLINE, session.exit).await.unwrap().unwrap().unwrap(), 3);
    drop((session.stdin, session.terminal));
    let out = out.await.unwrap().replace('\r', "");
    assert!(out.contains("/dev/pts/0\n") && out.ends_with("24 80\ntyped xterm\n"), "{out:?}");
    node.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_reach_the_pods_loopback() {
    let node = Node::new().await;
    let pod = node.sandbox("pod").await;
    let config = node.container("c", "nc -l -p 8080 -e cat & while ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':1F90 '; do :; done; echo up; wait");
    node.start(&pod, &config).await;
    node.printed(&config, "up").await;
    let stream = node.runtime.connect(&pod, 8080).await.unwrap();
    let echo = tokio::task::spawn_blocking(move || {
        stream.set_nonblocking(false).unwrap();
        (&stream).write_all(b"ping").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        (&stream).read_to_string(&mut text).unwrap();
        text
    });
    assert_eq!(tokio::time::timeout(DEADLINE, echo).await.unwrap().unwrap(), "ping");
    let error = node.runtime.connect(&pod, 9).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    node.end().await;
}
