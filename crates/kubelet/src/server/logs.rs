//! `/containerLogs`.

use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::{
    Server,
    respond::{Body, stream, text},
    route::{Place, Query},
};
use crate::{
    logs::{Options, Stream, follow},
    pods::{manager::Entry, spec, view::Instance},
};

/// Pieces that wait for a slow client.
const WAITING: usize = 16;

pub(crate) fn serve(server: &Server, place: &Place, query: &Query) -> Response<Body> {
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
    let (sink, pieces) = mpsc::channel(WAITING);
    let context = server.context.clone();
    tokio::spawn(async move {
        let path = instance.state.log_path.clone();
        if let Err(error) = follow::send(path.clone(), options, entry, instance.id().clone(), sink).await {
            context.say(&format!("log {}: {error}", path.display()));
        }
    });
    stream(pieces)
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
