//! HTTP to storage: one file per verb, none per kind.
//!
//! # The way of a request
//!
//! [`server::ApiServer::handle`]: `request` (path → `RequestInfo`) → `authn` → `authz` → `limit` → the registry's verb, which runs
//! strategy and admission in the order of [`contract::Strategy`] → `storage`. The TLS listener (`listener`) and callers in the same
//! process enter by that one function.
//!
//! # Seams between the two halves of this crate
//!
//! The generic half (`server`, `request`, `negotiate`, `registry`, `cache`, `connect`) calls the other half by exactly these functions:
//!
//! - `authn::authenticators(&Arc<Config>, Arc<dyn Reader>, Option<Arc<TokenSigner>>) -> Vec<Arc<dyn Authenticator>>`: asked in order, the first `Some` wins; an `Err` is a 401.
//!   When none knows the caller, the server makes it `system:anonymous` in `system:unauthenticated`.
//! - `authz::authorizer(&Arc<Config>, Arc<dyn Reader>) -> Arc<dyn Authorizer>`.
//! - `authn::impersonate(&dyn Authorizer, &User, &HeaderMap) -> Result<Option<User>, Status>`: called with the authenticated (or anonymous) user before
//!   authz; `Some`: go on as that user.
//! - `admission::plugins(&Arc<Config>, Arc<dyn Reader>, Arc<dyn Authorizer>) -> Vec<Arc<dyn Admission>>`: run in order, all `mutate` first, then all `validate`.
//! - `strategies::table(&Arc<Config>, Arc<dyn Reader>) -> HashMap<(&'static str, &'static str), Arc<dyn Strategy>>`: by (group, resource).
//!   The generic part has done, before `prepare_create`: status dropped (kinds with a status subresource), generation 1 (kinds that have
//!   a spec), uid, creationTimestamp, generateName; before `prepare_update`: for the main resource `status` = old status, for `status` everything but
//!   `status` = old (metadata: labels, annotations, finalizers, owner references as upstream's status strategies keep them). For every other
//!   subresource that updates (`finalize`, `ephemeralcontainers`, `resize`, `approval`) the strategy's `prepare_update` says what is taken from
//!   the object sent (look at `context.subresource`).
//! - `discovery::respond(rows, &Config, &Parts) -> Option<http::Response<Body>>` for `/api`, `/apis` … and `openapi::respond(…)` of the same
//!   shape for `/openapi/…`: called after authn and authz; `None`: not its path.
//! - `subresources::handles(&Call) -> bool` and
//!   `subresources::answer(&Arc<ApiServer>, &Call, Value) -> Job<Result<Outcome, Status>>`: what is answered, not stored (`create` on
//!   tokenreviews, subjectaccessreviews …, pods/eviction, pods/binding, bindings, serviceaccounts/token; `get`/`list` on componentstatuses).
//!   The body is decoded, pruned and defaulted; the caller is authorised; admission is the function's own
//!   business through [`registry::Registry::admit`].
//! - `bootstrap::run(Arc<ApiServer>) -> Job<'static, Result<(), Status>>`: writes the default objects; called once the caches are full; `/readyz` waits for it. It may spawn
//!   its reconcile loops.
//!
//! What those functions may use: [`server::ApiServer`] (`config`, `registry`, `nodes`, `authorizer`), [`registry::Registry`] (`rows`, `reader`, `create`, `update`,
//! `modify`, `delete`, `get`, `list_values`, `admit`) with a [`registry::Call`]: [`registry::Call::internal`] makes one for the server's
//! own writes (`system:apiserver`, `system:masters`).
#![allow(clippy::result_large_err, reason = "a Status is an answer: made rarely and moved a few times")]

pub mod admission;
pub mod authn;
pub mod authz;
pub mod body;
pub mod bootstrap;
pub mod cache;
pub mod config;
pub mod connect;
pub mod contract;
pub mod customresources;
pub mod discovery;
pub mod dispatch;
pub mod health;
pub mod identity;
pub mod limit;
pub mod listener;
pub mod metrics;
pub mod negotiate;
pub mod openapi;
pub mod options;
pub mod protobuf;
pub mod registry;
pub mod render;
pub mod request;
pub mod respond;
pub mod server;
pub mod strategies;
pub mod subresources;
