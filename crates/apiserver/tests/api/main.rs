//! The API server as clients see it, over the in-memory store: one binary, because linking costs more than the tests.

mod common;
mod custom;
mod https;
mod kinds;
mod policies;
mod policy;
mod protobuf;
mod verbs;
mod webhooks;
