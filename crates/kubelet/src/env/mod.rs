//! The environment of a container.

pub(crate) mod build;
pub(crate) mod expand;
pub(crate) mod fields;
pub(crate) mod services;
