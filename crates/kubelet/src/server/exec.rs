//! `/exec`, `/attach`, `/portForward`, `/run`.

use cri::runtime::{ContainerId, ExecConfig, SandboxId, Streams};
use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;

use super::{
    Server,
    respond::{Body, text},
    route::{Place, Query},
    upgrade::{self, Io, Wanted},
};
use crate::{
    pods::{manager::Entry, spec, view::Instance},
    probes::exec::{self as command, Outcome},
    streaming::{
        channels::{self, Protocol},
        forward, remote,
        spdy::Connection,
        spdy_remote, tunnel,
    },
};

fn find(server: &Server, place: &Place) -> Result<(Entry, SandboxId, ContainerId), Box<Response<Body>>> {
    let refuse = |code, message: String| Err(Box::new(text(code, message)));
    let Some(entry) = server.directory.find(&place.namespace, &place.pod, place.uid.as_deref()) else {
        return refuse(StatusCode::NOT_FOUND, "pod does not exist".into());
    };
    let running = entry
        .view
        .containers
        .iter()
        .find(|instance| instance.state.name == place.container && Instance::is_running(instance));
    match running {
        Some(instance) => {
            let (sandbox, id) = (instance.state.sandbox.clone(), instance.id().clone());
            Ok((entry, sandbox, id))
        }
        None if entry.view.latest(&place.container).is_some() => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, format!("container not running ({:?})", place.container))
        }
        None => refuse(StatusCode::NOT_FOUND, format!("container not found ({:?})", place.container)),
    }
}

fn wanted_streams(query: &Query) -> Result<channels::Wanted, Box<Response<Body>>> {
    let tty = query.is_set(&["tty"]);
    let wanted = channels::Wanted {
        stdin: query.is_set(&["input", "stdin"]),
        stdout: query.is_set(&["output", "stdout"]),
        stderr: query.is_set(&["error", "stderr"]) && !tty,
        tty,
    };
    if wanted.stdin || wanted.stdout || wanted.stderr {
        Ok(wanted)
    } else {
        Err(Box::new(text(StatusCode::BAD_REQUEST, "you must specify at least 1 of stdin, stdout, stderr")))
    }
}

fn protocol(request: &Request<Incoming>) -> Result<Wanted, Box<Response<Body>>> {
    let mut websocket = channels::PROTOCOLS.to_vec();
    websocket.push("");
    upgrade::negotiate(request, &websocket, &spdy_remote::PROTOCOLS)
}

pub(crate) async fn exec(
    server: &Server,
    place: &Place,
    query: &Query,
    request: &mut Request<Incoming>,
) -> Response<Body> {
    let args: Vec<String> = query.all("command").map(ToOwned::to_owned).collect();
    let prepared = find(server, place).and_then(|found| Ok((found, wanted_streams(query)?, protocol(request)?)));
    let ((_, sandbox, id), wanted, protocol) = match prepared {
        Ok(prepared) => prepared,
        Err(response) => return *response,
    };
    let (response, upgraded) = upgrade::switch(request, &protocol);
    let config =
        ExecConfig { args, tty: wanted.tty, stdin: wanted.stdin, stdout: wanted.stdout, stderr: wanted.stderr };
    let server = server.clone();
    tokio::spawn(async move {
        // The program's failure to start is told on the status stream, as Kubernetes does.
        let streams = server.context.runtime.exec(&sandbox, &id, &config).await;
        session(&server, upgraded, protocol, wanted, streams, remote::Ending::Code).await;
    });
    response
}

pub(crate) async fn attach(
    server: &Server,
    place: &Place,
    query: &Query,
    request: &mut Request<Incoming>,
) -> Response<Body> {
    let prepared = find(server, place).and_then(|found| Ok((found, wanted_streams(query)?, protocol(request)?)));
    let ((entry, sandbox, id), mut wanted, protocol) = match prepared {
        Ok(prepared) => prepared,
        Err(response) => return *response,
    };
    // A container has a terminal or not: that was decided when it was made.
    if let Some((_, container)) = spec::find(&entry.pod, &place.container) {
        wanted.tty = container.tty == Some(true);
    }
    let (response, upgraded) = upgrade::switch(request, &protocol);
    let config = ExecConfig {
        args: Vec::new(),
        tty: wanted.tty,
        stdin: wanted.stdin,
        stdout: wanted.stdout,
        stderr: wanted.stderr && !wanted.tty,
    };
    let server = server.clone();
    tokio::spawn(async move {
        let streams = server.context.runtime.attach(&sandbox, &id, &config).await;
        session(&server, upgraded, protocol, wanted, streams, remote::Ending::Silent).await;
    });
    response
}

/// Brings process and client together.
async fn session(
    server: &Server,
    upgraded: OnUpgrade,
    protocol: Wanted,
    wanted: channels::Wanted,
    streams: cri::Result<Streams>,
    ending: remote::Ending,
) {
    let Ok(upgraded) = upgraded.await else { return };
    let io: Io = TokioIo::new(upgraded);
    let (client, input, output) = remote::session();
    let runtime = server.context.runtime.clone();
    let process = async move {
        match streams {
            Ok(streams) => remote::run(runtime, streams, client, ending).await,
            Err(error) => {
                let status = match &error {
                    cri::Error::Start { message, .. } => {
                        remote::internal_error(&format!("error executing command in container: {message}"))
                    }
                    other => remote::internal_error(&format!("error executing command in container: {other}")),
                };
                let _ = client.output.send(remote::Output::End(status)).await;
                // Until the client has read it.
                client.output.closed().await;
            }
        }
    };
    let wire = async move {
        match protocol {
            Wanted::WebSocket { protocol, .. } => {
                channels::serve(io, Protocol::named(&protocol), wanted, input, output).await
            }
            Wanted::Spdy { protocol } => {
                let name = if protocol.is_empty() { "channel.k8s.io" } else { protocol.as_str() };
                if let Ok(connection) = Connection::new(io) {
                    spdy_remote::serve(connection, name, wanted, input, output).await;
                }
            }
        }
    };
    tokio::join!(process, wire);
}

pub(crate) fn port_forward(
    server: &Server,
    place: &Place,
    query: &Query,
    request: &mut Request<Incoming>,
) -> Response<Body> {
    let Some(entry) = server.directory.find(&place.namespace, &place.pod, place.uid.as_deref()) else {
        return text(StatusCode::NOT_FOUND, "pod does not exist");
    };
    let Some(sandbox) = entry.view.active() else {
        return text(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("pod not found ({:?})", format!("{}_{}", place.pod, place.namespace)),
        );
    };
    let target = forward::Target {
        runtime: server.context.runtime.clone(),
        sandbox: sandbox.id.clone(),
        pod: sandbox.id.0.to_string(),
        uid: spec::uid(&entry.pod).to_owned(),
    };
    let wanted = match upgrade::negotiate(request, &[tunnel::PROTOCOL, "v4.channel.k8s.io", ""], &[forward::PROTOCOL]) {
        Ok(wanted) => wanted,
        Err(response) => return *response,
    };
    let ports: Vec<u16> = query
        .all("port")
        .chain(query.all("ports"))
        .flat_map(|list| list.split(','))
        .filter_map(|port| port.parse().ok())
        .filter(|port| *port > 0)
        .collect();
    let plain_websocket = matches!(&wanted, Wanted::WebSocket { protocol, .. } if protocol != tunnel::PROTOCOL);
    if plain_websocket && ports.is_empty() {
        return text(StatusCode::BAD_REQUEST, "query parameter \"port\" is required");
    }
    let (response, upgraded) = upgrade::switch(request, &wanted);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let io: Io = TokioIo::new(upgraded);
        match wanted {
            Wanted::WebSocket { .. } if plain_websocket => forward::serve_websocket(io, ports, target).await,
            Wanted::WebSocket { .. } => {
                if let Ok(connection) = Connection::new(tunnel::open(io)) {
                    forward::serve_spdy(connection, target).await;
                }
            }
            Wanted::Spdy { .. } => {
                if let Ok(connection) = Connection::new(io) {
                    forward::serve_spdy(connection, target).await;
                }
            }
        }
    });
    response
}

/// Runs a command without streams and answers with its output.
pub(crate) async fn run(server: &Server, place: &Place, query: &Query) -> Response<Body> {
    let (_, sandbox, id) = match find(server, place) {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let args: Vec<String> = query.get("cmd").unwrap_or_default().split(' ').map(ToOwned::to_owned).collect();
    match command::run(&server.context.runtime, &sandbox, &id, &args, None).await {
        Outcome::Exited(0, output) => text(StatusCode::OK, output),
        Outcome::Exited(code, output) => text(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("command '{}' exited with {code}: {output}", args.join(" ")),
        ),
        Outcome::TimedOut => text(StatusCode::INTERNAL_SERVER_ERROR, "timed out"),
        Outcome::Failed(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
