//! The only HTTP client: JSON to services and back, bounded in time and size.
//!
//! * A credential goes where it was meant to go, encrypted or on this machine, and nowhere else: no redirect is followed.
//! * What goes wrong names the host, never the path, the query or the credential.
//! * Proxies and certificates come from the environment that the [`Host`](crate::host::Host) has read.
//!
//! Nothing is opened, and no certificate is read, before the first request that takes it.
//!
//! Requests block: whoever asks has nothing else to do until the answer is there or the time is over, so a runtime would
//! have nothing to drive.

mod address;
mod client;
mod failure;
mod routes;

pub use address::Address;
pub use client::{Client, Limits, Secret};
pub use failure::Failure;
