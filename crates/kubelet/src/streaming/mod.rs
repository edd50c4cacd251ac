//! Streams between clients and containers: exec, attach, port-forward over WebSocket and SPDY/3.1.

pub(crate) mod pipes;
