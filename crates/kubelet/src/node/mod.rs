//! The node's own object: what the machine is, and that it is alive.

pub(crate) mod facts;
pub(crate) mod keep;
pub(crate) mod object;
