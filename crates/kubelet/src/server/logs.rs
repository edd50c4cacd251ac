//! `/containerLogs`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use tokio::{io, sync::mpsc};

use super::{
    Server,
    respond::{Body, stream, text},
    route::{Place, Query},
    upgrade::{self, Wanted},
};
use crate::{
    logs::{Options, Stream, follow},
    pods::{manager::Entry, spec, view::Instance},
    streaming::websocket::{self, Kind, Message},
};

/// Pieces that wait for a slow client.
const WAITING: usize = 16;

/// How the log may be cut into WebSocket messages: as it is (the default), or in base64.
const PROTOCOLS: [&str; 3] = ["", "binary.k8s.io", BASE64];
const BASE64: &str = "base64.binary.k8s.io";

pub(crate) fn serve(server: &Server, place: &Place, query: &Query, request: &mut Request<Incoming>) -> Response<Body> {
    let options = match options(query, server.context.env.now()) {
        Ok(options) => options,
        Err(response) => return *response,
    };
    let Some(entry) = server.directory.find(&place.namespace, &place.pod, place.uid.as_deref()) else {
        return text(StatusCode::NOT_FOUND, format!("pod {:?} does not exist\n", place.pod));
    };
    if spec::find(&entry.pod, &place.container).is_none() {
        return text(
            StatusCode::NOT_FOUND,
            format!("container {:?} not found in pod {:?}\n", place.container, place.pod),
        );
    }
    let instance = match choose(&entry, place, options.previous) {
        Ok(instance) => instance,
        Err(message) => return text(StatusCode::BAD_REQUEST, message),
    };
    let wanted = match request.headers().contains_key(header::UPGRADE) {
        true => match upgrade::negotiate(request, &PROTOCOLS, &[]) {
            Ok(wanted) => Some(wanted),
            Err(response) => return *response,
        },
        false => None,
    };
    let (sink, pieces) = mpsc::channel(WAITING);
    let context = server.context.clone();
    tokio::spawn(async move {
        let path = instance.state.log_path.clone();
        if let Err(error) = follow::send(path.clone(), options, entry, instance.id().clone(), sink).await {
            context.say(&format!("log {}: {error}", path.display()));
        }
    });
    let Some(wanted) = wanted else { return stream(pieces) };
    let (response, upgraded) = upgrade::switch(request, &wanted);
    tokio::spawn(async move {
        // A client that leaves ends it, as does the log: nobody is left to tell.
        let _ = messages(upgraded, pieces, &wanted).await;
    });
    response
}

/// The log over a WebSocket: an empty message first, by which the client sees that it is open.
async fn messages(upgraded: OnUpgrade, mut pieces: mpsc::Receiver<Bytes>, wanted: &Wanted) -> io::Result<()> {
    let in_base64 = matches!(wanted, Wanted::WebSocket { protocol, .. } if protocol == BASE64);
    let message = |piece: &[u8]| match in_base64 {
        true => websocket::frame(Kind::Text, &[STANDARD.encode(piece).as_bytes()]),
        false => websocket::frame(Kind::Binary, &[piece]),
    };
    let io = TokioIo::new(upgraded.await.map_err(io::Error::other)?);
    let (read, mut write) = io::split(io);
    let send = async {
        websocket::send(&mut write, &message(b"")).await?;
        while let Some(piece) = pieces.recv().await {
            websocket::send(&mut write, &message(&piece)).await?;
        }
        websocket::send(&mut write, &websocket::farewell()).await
    };
    let gone = async {
        let mut read = websocket::Reader::new(read);
        while !matches!(read.next().await?, None | Some(Message::Close)) {}
        Ok(())
    };
    tokio::select! {
        biased;
        sent = send => sent,
        gone = gone => gone,
    }
}

fn options(query: &Query, now: Timestamp) -> Result<Options, Box<Response<Body>>> {
    let invalid = || Box::new(text(StatusCode::UNPROCESSABLE_ENTITY, r#"{"message": "Invalid request."}"#));
    let number = |name: &str| match query.get(name).filter(|value| !value.is_empty()) {
        Some(value) => value.parse::<u64>().map(Some).map_err(|_| invalid()),
        None => Ok(None),
    };
    let tail = match query.get("tail") {
        Some("all" | "") | None => number("tailLines")?,
        Some(_) => number("tail")?,
    };
    let since = match (number("sinceSeconds")?, query.get("sinceTime").filter(|time| !time.is_empty())) {
        (Some(seconds), _) => {
            now.checked_sub(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))).ok()
        }
        (None, Some(time)) => Some(time.parse().map_err(|_| invalid())?),
        (None, None) => None,
    };
    let stream = match query.get("stream") {
        None | Some("" | "All") => None,
        Some("Stdout") => Some(Stream::Stdout),
        Some("Stderr") => Some(Stream::Stderr),
        Some(_) => return Err(invalid()),
    };
    let limit_bytes = number("limitBytes")?;
    if limit_bytes == Some(0) {
        return Err(invalid());
    }
    Ok(Options {
        follow: query.is_set(&["follow"]),
        previous: query.is_set(&["previous"]),
        timestamps: query.is_set(&["timestamps"]),
        tail,
        since,
        limit_bytes,
        stream,
    })
}

/// The instance whose log is meant, or why there is none, in Kubernetes' words.
fn choose(entry: &Entry, place: &Place, previous: bool) -> Result<Instance, String> {
    let (container, pod) = (&place.container, &place.pod);
    let mut all = entry.view.containers.iter().filter(|instance| instance.state.name == *container);
    if previous {
        let ended = all.nth(1).filter(|instance| !instance.state.log_path.as_os_str().is_empty());
        return ended
            .cloned()
            .ok_or_else(|| format!("previous terminated container {container:?} in pod {pod:?} not found"));
    }
    if let Some(instance) =
        all.find(|instance| !instance.start_failed && !instance.state.log_path.as_os_str().is_empty())
    {
        return Ok(instance.clone());
    }
    let statuses = entry.pod.status.iter().flat_map(|status| {
        status
            .container_statuses
            .iter()
            .chain(&status.init_container_statuses)
            .chain(&status.ephemeral_container_statuses)
            .flatten()
    });
    let reason = statuses
        .into_iter()
        .find(|status| status.name == *container)
        .and_then(|status| status.state.as_ref()?.waiting.as_ref()?.reason.clone());
    let why = match reason.as_deref() {
        Some("ErrImagePull") => "image can't be pulled".to_owned(),
        Some("ImagePullBackOff") => "trying and failing to pull image".to_owned(),
        Some(reason) => reason.to_owned(),
        None => return Err(format!("container {container:?} in pod {pod:?} is not available")),
    };
    Err(format!("container {container:?} in pod {pod:?} is waiting to start: {why}"))
}
