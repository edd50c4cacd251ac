//! Pods of this node: one worker task per pod.

pub(crate) mod admit;
pub(crate) mod apply;
pub(crate) mod backoff;
pub(crate) mod hear;
pub(crate) mod hooks;
pub(crate) mod init;
pub(crate) mod kill;
pub(crate) mod manager;
pub(crate) mod message;
pub(crate) mod messages;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
pub(crate) mod probing;
pub(crate) mod report;
pub(crate) mod spec;
pub(crate) mod start;
pub(crate) mod teardown;
pub(crate) mod view;
pub(crate) mod worker;
