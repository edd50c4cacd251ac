//! Access to the API: transports, typed access, informers, work queues.
pub mod transport;
