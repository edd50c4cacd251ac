//! Access to the API: transports, typed and dynamic access, informers, work queues, events, leases, kubeconfig.
//!
//! - [`Client`] is a cheap clone over a [`transport::SharedTransport`]; all calls are typed by [`object::Object`].
//! - [`Informers`] hands out one shared [`Informer`] per kind and selector: a list, a watch, an always current [`Store`].
//! - [`WorkQueue`] and [`run_controller`] are the shape of every control loop: keys in, reconcile, back-off on errors.
//! - [`Env`] carries clock, randomness and log, so that a simulation can replace them.
pub mod client;
pub mod controller;
pub mod correlate;
pub mod dynamic;
pub mod env;
pub mod error;
pub mod events;
pub mod https;
pub mod informer;
pub mod informers;
pub mod kubeconfig;
mod lean;
pub mod lease;
mod link;
pub mod object;
pub mod queue;
pub mod reflector;
pub mod selector;
pub mod store;
pub mod transport;

pub use client::{Client, DeleteOptions, ListOptions, Page, PatchKind};
pub use controller::{Next, run_controller};
pub use dynamic::Gvr;
pub use env::{Blocking, Clock, Env, Log, Rng, SystemClock, TokioClock};
pub use error::Error;
pub use events::{Recorder, reference};
pub use informer::{Change, HasSynced, Informer, Subscription};
pub use informers::{Informers, Scope};
pub use object::{Key, Object, Partial, Stored};
pub use queue::WorkQueue;
pub use selector::Matcher;
pub use store::Store;

#[cfg(test)]
mod tests;
