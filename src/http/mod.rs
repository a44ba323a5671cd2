//! The only HTTP client: JSON to services and back, bounded in time and size.
//!
//! * A credential goes to the origin it was meant for, encrypted or on this machine, and nowhere else: redirects are
//!   followed within one origin, and only for questions that change nothing.
//! * What goes wrong names the host, never the path, the query or the credential.
//! * Proxies and certificates come from the environment that the [`Host`](crate::host::Host) has read.
//!
//! Nothing is opened, and no TLS is set up, before the first request.

mod address;
mod client;
mod failure;
mod routes;

pub use address::Address;
pub use client::{Client, Limits, Secret};
pub use failure::Failure;
