//! Tables for the pure parts; the queue and the informer under paused time.
mod correlate;
mod informer;
mod kubeconfig;
mod queue;
mod selector;
