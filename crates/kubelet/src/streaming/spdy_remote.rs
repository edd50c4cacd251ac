//! Exec and attach over SPDY: one stream each for status, stdin, stdout, stderr and resizing.

use std::time::Duration;

use tokio::{sync::mpsc, time::timeout};

use super::{
    channels::Wanted,
    remote::{Input, Output, Sizes},
    spdy::{self, Connection, Stream},
};

/// The client has this long to open its streams.
const OPENING: Duration = Duration::from_secs(30);

/// Protocols of the streams, newest first.
pub(crate) const PROTOCOLS: [&str; 4] =
    ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

#[derive(Default)]
struct Streams {
    error: Option<Stream>,
    stdin: Option<Stream>,
    stdout: Option<Stream>,
    stderr: Option<Stream>,
    resize: Option<Stream>,
}

async fn collect(connection: &mut Connection, wanted: Wanted, resizes: bool) -> Option<Streams> {
    let mut expected = 1
        + usize::from(wanted.stdin)
        + usize::from(wanted.stdout)
        + usize::from(wanted.stderr)
        + usize::from(wanted.tty && resizes);
    let mut out = Streams::default();
    while expected > 0 {
        let stream = connection.streams.recv().await?;
        let place = match stream.header("streamtype") {
            "error" => &mut out.error,
            "stdin" => &mut out.stdin,
            "stdout" => &mut out.stdout,
            "stderr" => &mut out.stderr,
            "resize" => &mut out.resize,
            _ => continue,
        };
        *place = Some(stream);
        expected -= 1;
    }
    Some(out)
}

/// Speaks it until the end.
pub(crate) async fn serve(
    mut connection: Connection,
    protocol: &str,
    wanted: Wanted,
    input: mpsc::Sender<Input>,
    mut output: mpsc::Receiver<Output>,
) {
    let resizes = matches!(protocol, "v4.channel.k8s.io" | "v3.channel.k8s.io");
    let Ok(Some(streams)) = timeout(OPENING, collect(&mut connection, wanted, resizes)).await else {
        return connection.close().await;
    };
    let parts = |stream: Option<Stream>| stream.map(|stream| (stream.input, stream.output)).unzip();
    let (stdin, _) = parts(streams.stdin);
    let (resize, _) = parts(streams.resize);
    let (error_in, error) = parts(streams.error);
    let (stdout_in, stdout) = parts(streams.stdout);
    let (stderr_in, stderr) = parts(streams.stderr);
    // Kept open: a closed queue would make the connection forget the streams.
    let _others = (error_in, stdout_in, stderr_in);
    let from_client = tokio::spawn(receive(stdin, resize, input));
    let delivered =
        deliver(&mut output, stdout.as_ref(), stderr.as_ref(), error.as_ref(), protocol == "v4.channel.k8s.io");
    // Its dropping tells the process's side that the client is gone.
    let gone = async { while connection.streams.recv().await.is_some() {} };
    tokio::select! {
        () = delivered => {}
        () = gone => {}
    }
    drop(output);
    for stream in [&stdout, &stderr, &error].into_iter().flatten() {
        let _ = stream.finish().await;
    }
    drop((stdout, stderr, error));
    from_client.abort();
    connection.close().await;
}

async fn receive(
    stdin: Option<mpsc::Receiver<bytes::Bytes>>,
    resize: Option<mpsc::Receiver<bytes::Bytes>>,
    input: mpsc::Sender<Input>,
) {
    let from_stdin = async {
        if let Some(mut stdin) = stdin {
            while let Some(data) = stdin.recv().await {
                if input.send(Input::Stdin(data)).await.is_err() {
                    return;
                }
            }
            let _ = input.send(Input::StdinEnd).await;
        }
    };
    let from_resize = async {
        let mut sizes = Sizes::default();
        if let Some(mut resize) = resize {
            while let Some(data) = resize.recv().await {
                for (columns, rows) in sizes.add(&data) {
                    if input.send(Input::Resize(columns, rows)).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::join!(from_stdin, from_resize);
    // The session lasts until the process ends, also after the client's last word.
    input.closed().await;
}

async fn deliver(
    output: &mut mpsc::Receiver<Output>,
    stdout: Option<&spdy::Output>,
    stderr: Option<&spdy::Output>,
    error: Option<&spdy::Output>,
    is_json: bool,
) {
    while let Some(message) = output.recv().await {
        let sent = match (message, stdout, stderr, error) {
            (Output::Stdout(data), Some(stream), _, _) => stream.write(data).await,
            (Output::Stderr(data), _, Some(stream), _) => stream.write(data).await,
            (Output::End(status), _, _, Some(stream)) => {
                let text = if is_json {
                    status.to_string()
                } else if status["status"] == "Success" {
                    String::new()
                } else {
                    status["message"].as_str().unwrap_or_default().to_owned()
                };
                let _ = stream.write(text.into()).await;
                return;
            }
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}
