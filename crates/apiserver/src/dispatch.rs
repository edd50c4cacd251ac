//! From a request about a resource to the registry's verb.

use std::sync::Arc;

use apimachinery::status::Status;
use bytes::Bytes;
use http::{Method, Response, request::Parts};
use serde_json::Value;

use crate::{
    body::{Body, BodyError, Encoding},
    connect,
    contract::{RequestInfo, User},
    negotiate::{self, Accepted, Endpoint, Format},
    options,
    registry::{
        Call, Outcome, Row,
        decode::{self, Shape},
        verbs::{delete::DeleteOptions, patch::Patch},
    },
    render,
    request::Query,
    respond,
    server::ApiServer,
    subresources,
};

/// Answers a request about a resource.
///
/// # Errors
/// Whatever the verb says.
pub async fn resource(
    server: &Arc<ApiServer>,
    parts: &mut Parts,
    body: Body,
    info: RequestInfo,
    query: &Query,
    user: Arc<User>,
) -> Result<Response<Body>, Status> {
    let Some(row) = server.registry.row(&info.group, &info.version, &info.resource) else {
        return Ok(respond::text(404, "404 page not found\n"));
    };
    if row.namespaced && info.namespace.is_empty() && !matches!(info.verb, "list" | "watch") {
        return Err(not_allowed());
    }
    if !row.namespaced && !info.namespace.is_empty() && row.plural != "namespaces" {
        return Ok(respond::text(404, "404 page not found\n"));
    }
    let method = check_verb(&row, &info, &parts.method)?;
    let mut info = info;
    info.verb = method;
    if row.plural == "namespaces" && row.group.is_empty() {
        // Its own name is the namespace of authorization and admission only.
        info.namespace.clear();
    }
    let mut call = Call::new(info, row, user, server.config.clock.now());
    if let Some(warning) = api::custom::of(&call.row).and_then(|version| version.warning.as_ref()) {
        call.warn(warning.clone());
    }
    if connect::handles(&call) {
        return connect::answer(server, &call, parts, body, query).await;
    }
    let tables = call.info.verb != "create" || !subresources::handles(&call);
    // Custom resources have no messages.
    let messages = matches!(call.row, Row::Static(_));
    let endpoint = Endpoint { watch: call.info.verb == "watch", tables, messages };
    let accepted = negotiate::accept(&parts.headers, query, endpoint)?;
    match call.info.verb {
        "get" | "list" | "watch" => read(server, &call, accepted, query).await,
        verb => {
            let kind = match verb {
                "create" => "CreateOptions",
                "update" => "UpdateOptions",
                "patch" => "PatchOptions",
                _ => "DeleteOptions",
            };
            call.options = options::read(kind, query, &parts.headers)?;
            if call.options.manager.is_empty() {
                call.options.manager = options::component(&call.user.name);
            }
            let body = whole(server, body).await?;
            let headers = std::mem::take(&mut parts.headers);
            let deletion = matches!(verb, "delete" | "deletecollection")
                .then(|| delete_options(&headers, &body, query))
                .transpose()?;
            if let Some(deletion) = &deletion {
                call.options.dry_run = call.options.dry_run || !deletion.dry_run.is_empty();
                call.options.json = deletion.json();
            }
            let (server, query) = (server.clone(), query.clone());
            // A write that has begun is finished also when the client goes away.
            let written = tokio::spawn(async move {
                let outcome = write(&server, &call, &headers, &body, &query, deletion.unwrap_or_default()).await;
                respond::written(&call, accepted, outcome)
            });
            written.await.map_err(Status::internal)
        }
    }
}

fn not_allowed() -> Status {
    Status::failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
}

/// Does the resource have the verb?
fn check_verb(row: &Row, info: &RequestInfo, method: &Method) -> Result<&'static str, Status> {
    let verb = info.verb;
    if info.subresource.is_empty() {
        let on_name = matches!(verb, "get" | "update" | "patch" | "delete");
        let named = !info.name.is_empty();
        let fits = match verb {
            "create" => !named,
            "list" | "watch" | "deletecollection" => true,
            _ => on_name == named,
        };
        return if fits && row.allows(verb) { Ok(verb) } else { Err(not_allowed()) };
    }
    let Some(sub) = row.subresource(&info.subresource) else {
        return Err(Status::generic_not_found());
    };
    if info.name.is_empty() {
        return Err(Status::generic_not_found());
    }
    if sub.name == "proxy" && *method == Method::OPTIONS {
        return Ok(verb); // the only place where it means something: to who is behind
    }
    let wanted = if *method == Method::HEAD { "get" } else { verb };
    if sub.verbs.iter().any(|v| v == wanted) { Ok(wanted_static(wanted)) } else { Err(not_allowed()) }
}

fn wanted_static(verb: &str) -> &'static str {
    ["get", "create", "update", "patch", "delete"].into_iter().find(|v| *v == verb).unwrap_or("get")
}

/// The whole body, bounded.
async fn whole(server: &ApiServer, body: Body) -> Result<Bytes, Status> {
    body.collect(server.config.limits.body_bytes).await.map_err(|error| match error {
        BodyError::TooLarge { .. } => Status::too_large(&error.to_string()),
        BodyError::Connection(_) | BodyError::Source(_) => Status::bad_request(error.to_string()),
    })
}

async fn read(
    server: &Arc<ApiServer>,
    call: &Call,
    accepted: Accepted,
    query: &Query,
) -> Result<Response<Body>, Status> {
    let registry = &server.registry;
    if subresources::handles(call) {
        let outcome = subresources::answer(server, call, Value::Null).await?;
        return Ok(respond::outcome(call, accepted, outcome));
    }
    match call.info.verb {
        "list" => Ok(respond::list(call, accepted, registry.list(call, query).await?)),
        "watch" => {
            if !call.row.allows("watch") {
                return Err(Status::method_not_supported(&call.row.group, &call.row.plural, "watch"));
            }
            let kind = registry.kind(call)?;
            let (form, bookmark) = render::watch_form(call, &kind.row, accepted);
            let encoding = if accepted.format == Format::Protobuf { Encoding::Protobuf } else { Encoding::Json };
            let events = registry.watch(call, query, encoding, form, bookmark).await?;
            Ok(respond::watch(accepted, events))
        }
        _ if call.info.subresource == "scale" => Ok(respond::outcome(call, accepted, registry.get_scale(call).await?)),
        _ => Ok(respond::outcome(call, accepted, registry.get_at(call, query).await?)),
    }
}

async fn write(
    server: &Arc<ApiServer>,
    call: &Call,
    headers: &http::HeaderMap,
    body: &Bytes,
    query: &Query,
    deletion: DeleteOptions,
) -> Result<Outcome, Status> {
    let registry = &server.registry;
    match call.info.verb {
        "create" => {
            let object = decoded(call, negotiate::content(headers)?, body)?;
            if subresources::handles(call) {
                return subresources::answer(server, call, object).await;
            }
            registry.create(call, object).await
        }
        "update" => {
            let object = decoded(call, negotiate::content(headers)?, body)?;
            check_name(call, &object)?;
            if call.info.subresource == "scale" {
                return registry.change_scale(call, &|_| Ok(object.clone())).await;
            }
            if call.row.storage.create_on_update && call.info.subresource.is_empty() && !registry.exists(call) {
                may_create(server, call)?;
            }
            registry.update(call, object).await
        }
        "patch" => {
            let media = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let patch = Patch::read(media, body, api::custom::of(&call.row).is_some())?;
            if patch.is_apply() && call.info.subresource.is_empty() && !registry.exists(call) {
                may_create(server, call)?;
                return registry.create_by_apply(call, &patch).await;
            }
            registry.patch(call, &patch).await
        }
        verb => {
            if verb == "deletecollection" {
                let selection = registry.selection(call, query)?;
                return registry.delete_collection(call, &selection, &deletion).await;
            }
            registry.delete(call, &deletion).await
        }
    }
}

/// An update or apply that creates needs the right to create.
fn may_create(server: &ApiServer, call: &Call) -> Result<(), Status> {
    let mut info = call.info.clone();
    info.verb = "create";
    server.authorize(&call.user, &info)
}

/// The object of a create or update, of the kind that the resource or subresource takes.
fn decoded(call: &Call, format: Format, body: &Bytes) -> Result<Value, Status> {
    let own =
        || decode::Expected { api_version: call.row.api_version(), kind: &call.row.kind, shape: Shape::of(&call.row) };
    let expected = match call.row.subresource(&call.info.subresource) {
        Some(sub) if sub.kind != call.row.kind => {
            let schema = api::kind_schema(&sub.group, &sub.version, &sub.kind);
            let api_version = apimachinery::gvk::api_version(&sub.group, &sub.version);
            schema.map_or_else(own, |schema| {
                let shape = Shape::Typed(schema);
                decode::Expected { api_version, kind: &sub.kind, shape }
            })
        }
        _ => own(),
    };
    decode::object(call, format, body, &expected)
}

fn check_name(call: &Call, object: &Value) -> Result<(), Status> {
    let (name, wanted) = (apimachinery::meta::name(object), call.info.name.as_str());
    if name.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        )));
    }
    if name == wanted {
        return Ok(());
    }
    Err(Status::bad_request(format!("the name of the object ({name}) does not match the name on the URL ({wanted})")))
}

fn delete_options(headers: &http::HeaderMap, body: &Bytes, query: &Query) -> Result<DeleteOptions, Status> {
    if body.is_empty() {
        return DeleteOptions::from_query(query);
    }
    let format = negotiate::content(headers)?;
    // Options of a deletion come under the name of any group.
    let schema = |_: &str, kind: &str| api::kind_schema("", "v1", if kind.is_empty() { "DeleteOptions" } else { kind });
    let (mut value, _) = decode::parse(format, body, schema).map_err(|e| {
        let json = format != Format::Protobuf;
        Status::bad_request(if json { format!("couldn't get version/kind; json parse error: {e}") } else { e })
    })?;
    let kind = apimachinery::meta::kind(&value);
    if !kind.is_empty() && kind != "DeleteOptions" {
        return Err(Status::bad_request("decoded object cannot be converted to DeleteOptions"));
    }
    if let Some(schema) = api::kind_schema("", "v1", "DeleteOptions") {
        let found = decode::fit(schema, &mut value);
        if let Some(wrong) = found.wrong.first() {
            return Err(Status::bad_request(wrong.clone()));
        }
    }
    let mut options = DeleteOptions::from_value(&value);
    options.dry_run.extend(query.all("dryRun").filter(|v| !v.is_empty()).map(str::to_owned));
    Ok(options)
}
