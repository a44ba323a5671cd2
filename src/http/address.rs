//! Where a service is.

use std::fmt;
use std::net::Ipv4Addr;
use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// In bytes.
const LONGEST: usize = 2_000;

/// The address of a service or of something at it: `http` or `https`, a host, and no login in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
}

/// Without path and query, which may hold what nobody else should see.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin())
    }
}

impl Address {
    /// The error is the end of a sentence about the text, which it does not quote: there may be a login in it.
    pub fn parse(text: &str) -> Result<Address, &'static str> {
        const NO_ADDRESS: &str = "is not an address such as https://api.example.com/v1";
        if text.len() > LONGEST {
            return Err("is too long for an address");
        }
        let uri: Uri = text.trim().parse().map_err(|_| NO_ADDRESS)?;
        let is_http = [Scheme::HTTP, Scheme::HTTPS].iter().any(|scheme| uri.scheme() == Some(scheme));
        let host = uri.host().unwrap_or_default();
        if !is_http || host.is_empty() {
            return Err(NO_ADDRESS);
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("has a login in it, which belongs elsewhere");
        }
        Ok(Address { uri })
    }

    /// Something below this address; its query stays.
    ///
    /// # Panics
    /// Where `path` holds what no address can.
    #[must_use]
    pub fn join(&self, path: &str) -> Address {
        let base = self.uri.path().trim_end_matches('/');
        let query = self.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let text = format!("{}{base}/{}{query}", self.origin(), path.trim_start_matches('/'));
        Address { uri: text.parse().expect("the path below an address is an address") }
    }

    /// `api.example.com`, with the port where it is named. For messages.
    pub fn host(&self) -> String {
        self.uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default()
    }

    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        let host = self.host_name();
        host == "localhost" || host == "[::1]" || host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
    }

    /// The host alone, in small letters; of version 6 in brackets.
    pub(super) fn host_name(&self) -> String {
        self.uri.host().unwrap_or_default().to_ascii_lowercase()
    }

    pub(super) fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_encrypted() { 443 } else { 80 })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    fn origin(&self) -> String {
        format!("{}://{}", self.uri.scheme_str().unwrap_or_default(), self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn an_address_is_that_of_a_service_and_holds_no_login() {
        for text in ["", "api.example.com", "ftp://a/b", "https://", "file:///etc/passwd", "https://a b/", "/v1"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        for text in ["https://ana:hunter2@example.com/", "http://hunter2@localhost"] {
            assert_eq!(Address::parse(text).unwrap_err(), "has a login in it, which belongs elsewhere");
        }
        assert!(Address::parse(&format!("https://a/{}", "x".repeat(3_000))).is_err());
    }

    #[test]
    fn what_is_joined_is_below_and_keeps_the_query() {
        assert_eq!(at("https://a.example/v1/").join("embeddings").uri().path(), "/v1/embeddings");
        assert_eq!(at("https://a.example").join("/x").uri().to_string(), "https://a.example/x");
        assert_eq!(at("https://A.example:8443/v1?k=1").join("x").uri().to_string(), "https://a.example:8443/v1/x?k=1");
    }

    #[test]
    fn only_what_cannot_leave_the_machine_is_local() {
        for text in
            ["http://localhost:1/v1", "http://LOCALHOST", "http://127.0.0.1", "http://127.1.2.3:9", "http://[::1]:8"]
        {
            assert!(at(text).is_local(), "{text}");
        }
        for text in ["http://localhost.example.com", "http://10.0.0.1", "http://[::2]", "http://127.0.0.1.nip.io"] {
            assert!(!at(text).is_local(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_an_address_is_its_origin() {
        assert_eq!(format!("{:?}", at("https://a.example/secret?key=hunter2")), "https://a.example");
    }
}
