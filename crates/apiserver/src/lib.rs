//! HTTP to storage: one file per verb, none per kind.
// pub mod contract;
