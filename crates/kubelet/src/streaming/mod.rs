//! Streams between clients and containers: exec, attach, port-forward over WebSocket and SPDY/3.1.

pub(crate) mod channels;
pub(crate) mod forward;
pub(crate) mod pipes;
pub(crate) mod remote;
pub(crate) mod spdy;
pub(crate) mod spdy_frame;
pub(crate) mod spdy_remote;
pub(crate) mod tunnel;
pub(crate) mod websocket;
