//! From a container's specification to what the runtime is told.

pub(crate) mod config;
pub(crate) mod resources;
pub(crate) mod security;
pub(crate) mod user;
