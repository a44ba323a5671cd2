//! How to get to a host: directly, or through a proxy that the environment names; and whose certificates count.
//!
//! | Variable | Means |
//! |---|---|
//! | `https_proxy`, `http_proxy`, else `all_proxy` | the proxy for such addresses, `http://…` or `https://…` |
//! | `no_proxy` | hosts reached directly: `*`, or names that stand for their subdomains, too, with a port or not |
//! | `SSL_CERT_FILE` | the certificates of the authorities that count, instead of the system's |
//!
//! In capitals they mean the same, but for `HTTP_PROXY`, which a web server sets to what a visitor says. This machine is
//! always reached directly.

use super::{Address, Failure};
use crate::host::{Environment, files};
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};
use ureq::{Proxy, ProxyProtocol};

const LONGEST_CERTIFICATES: u64 = 8 << 20;

/// Proxies and authorities of one environment.
pub struct Routes {
    env: Environment,
}

impl Routes {
    pub fn of(env: &Environment) -> Routes {
        Routes { env: env.clone() }
    }

    /// Nothing where the address is reached directly.
    pub fn find_proxy(&self, address: &Address) -> Result<Option<Proxy>, Failure> {
        let exceptions = self.first(&["no_proxy", "NO_PROXY"]).map(|(_, text)| text).unwrap_or_default();
        if address.is_local() || is_excepted(&exceptions, &address.host_name(), address.port()) {
            return Ok(None);
        }
        let of_scheme: &[&str] = match address.is_encrypted() {
            true => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            false => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        let Some((variable, text)) = self.first(of_scheme) else { return Ok(None) };
        let refused = |why| Failure::Setting { variable: variable.to_owned(), why };
        let proxy = Proxy::new(&text).map_err(|_| refused("is not the address of a proxy"))?;
        match proxy.protocol() {
            ProxyProtocol::Http | ProxyProtocol::Https => Ok(Some(proxy)),
            _ => Err(refused("is the address of a SOCKS proxy, which aifactory does not speak")),
        }
    }

    /// Whoever this machine trusts, or the file that a variable names instead.
    pub fn load_authorities(&self) -> Result<RootCerts, Failure> {
        const VARIABLE: &str = "SSL_CERT_FILE";
        let Some(path) = self.env.path(VARIABLE) else {
            return authorities(&rustls_native_certs::load_native_certs().certs);
        };
        let refused = |why| Failure::Setting { variable: VARIABLE.to_owned(), why };
        let text = files::load_bounded_text(&path, LONGEST_CERTIFICATES).ok().flatten();
        let text = text.ok_or_else(|| refused("names no file that can be read"))?;
        let certificates: Vec<Certificate<'static>> = parse_pem(text.as_bytes())
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        match certificates.is_empty() {
            true => Err(refused("names a file without certificates")),
            false => Ok(RootCerts::from(certificates)),
        }
    }

    fn first(&self, variables: &[&'static str]) -> Option<(&'static str, String)> {
        variables.iter().find_map(|variable| Some((*variable, self.env.text(variable)?)))
    }
}

/// As the system keeps them. One that cannot be read is not missed.
fn authorities(found: &[CertificateDer<'_>]) -> Result<RootCerts, Failure> {
    let found: Vec<_> = found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    match found.is_empty() {
        true => Err(Failure::NoAuthorities),
        false => Ok(RootCerts::from(found)),
    }
}

fn is_excepted(exceptions: &str, host: &str, port: u16) -> bool {
    exceptions.split(',').map(str::trim).filter(|one| !one.is_empty()).any(|one| {
        let (name, only) = match one.rsplit_once(':') {
            // Not the last part of an address of version 6.
            Some((name, digits)) if !name.is_empty() && !name.ends_with(':') && digits.parse::<u16>().is_ok() => {
                (name, digits.parse().ok())
            }
            _ => (one, None),
        };
        let name = name.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
        let names_it = name == "*" || host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
        names_it && only.is_none_or(|only: u16| only == port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy_of(variables: &[(&str, &str)], address: &str) -> Result<Option<String>, String> {
        let routes = Routes::of(&Environment::from_pairs(variables.iter().copied()));
        let proxy = routes.find_proxy(&Address::parse(address).unwrap()).map_err(|failure| failure.to_string())?;
        Ok(proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    #[test]
    fn the_proxy_is_that_of_the_scheme() {
        let all = [("https_proxy", "http://s:1"), ("http_proxy", "p:2"), ("ALL_PROXY", "http://a:3")];
        assert_eq!(proxy_of(&all, "https://x.example").unwrap().as_deref(), Some("s:1"));
        assert_eq!(proxy_of(&all, "http://x.example").unwrap().as_deref(), Some("p:2"));
        assert_eq!(proxy_of(&all[2..], "http://x.example").unwrap().as_deref(), Some("a:3"));
        assert_eq!(proxy_of(&[("HTTP_PROXY", "http://visitor")], "http://x.example"), Ok(None));
        assert_eq!(proxy_of(&all, "http://127.0.0.1:11434/v1"), Ok(None));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_by_its_variable() {
        let why = proxy_of(&[("https_proxy", "socks5://ana:hunter2@s:1")], "https://x.example").unwrap_err();
        assert_eq!(why, "https_proxy is the address of a SOCKS proxy, which aifactory does not speak");
        let why = proxy_of(&[("HTTPS_PROXY", "http://ana:hunter2@ /")], "https://x.example").unwrap_err();
        assert_eq!(why, "HTTPS_PROXY is not the address of a proxy");
    }

    #[test]
    fn exceptions_are_hosts_and_what_is_below_them() {
        for (exceptions, is_excepted_from) in [
            ("*", true),
            ("api.example.com", true),
            ("example.com, other", true),
            (" .example.com", true),
            ("*.EXAMPLE.com", true),
            ("example.com:8443", true),
            ("example.com:443", false),
            ("ample.com", false),
            ("", false),
            (",", false),
        ] {
            assert_eq!(is_excepted(exceptions, "api.example.com", 8443), is_excepted_from, "{exceptions}");
        }
        assert!(is_excepted("10.0.0.1", "10.0.0.1", 80) && is_excepted("[2001:db8::1]", "[2001:db8::1]", 80));
    }

    #[test]
    fn certificates_are_those_of_the_file() {
        let has_own = |found: &RootCerts| matches!(found, RootCerts::Specific(certificates) if certificates.len() == 1);
        let folder = tempfile::tempdir().unwrap();
        let load = |text: Option<&str>| {
            let path = folder.path().join("roots.pem");
            match text {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => drop(std::fs::remove_file(&path)),
            }
            let env = Environment::from_pairs([("SSL_CERT_FILE", path.to_str().unwrap())]);
            Routes::of(&env).load_authorities().map(|found| has_own(&found)).map_err(|failure| failure.to_string())
        };
        assert_eq!(load(None).unwrap_err(), "SSL_CERT_FILE names no file that can be read");
        assert_eq!(load(Some("words")).unwrap_err(), "SSL_CERT_FILE names a file without certificates");
        let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert_eq!(load(Some(pem)), Ok(true));
    }

    #[test]
    fn without_a_file_those_of_the_system_count_and_without_any_somebody_is_told() {
        let found = authorities(&[CertificateDer::from(vec![0x30, 0]), CertificateDer::from(vec![0x30, 1, 0])]);
        assert!(matches!(found, Ok(RootCerts::Specific(certificates)) if certificates.len() == 2));
        assert_eq!(
            authorities(&[]).unwrap_err().to_string(),
            "this machine has no certificates of authorities: install ca-certificates, or name a file of them in \
             SSL_CERT_FILE"
        );
    }
}
