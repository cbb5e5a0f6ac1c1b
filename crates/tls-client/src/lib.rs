//! Which servers native code trusts over TLS: those whose certificate goes back to an authority that the system knows, or to one that is named.
//!
//! The runtime and the tools share it, so that what one of them reaches the other reaches, too.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was named is no certificate.
    #[error("the certificate of the authority cannot be read, it should begin with -----BEGIN CERTIFICATE-----: {0}")]
    NoCertificate(String),
    /// The library refuses.
    #[error(transparent)]
    Library(#[from] rustls::Error),
}

/// Trusts the authorities that the system knows (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others), and the one named in PEM (RFC 7468).
pub fn system_and(authority: Option<&str>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    add(&mut roots, authority)?;
    config(roots)
}

/// Trusts the authorities that browsers know, and those named in PEM.
pub fn web_and(authorities: Option<&str>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    add(&mut roots, authorities)?;
    config(roots)
}

fn add(roots: &mut RootCertStore, authorities: Option<&str>) -> Result<(), Error> {
    let Some(text) = authorities else { return Ok(()) };
    let certificates: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let certificates = certificates.map_err(|error| Error::NoCertificate(error.to_string()))?;
    if certificates.is_empty() {
        return Err(Error::NoCertificate("there is none in the text".to_owned()));
    }
    for certificate in certificates {
        roots.add(certificate)?;
    }
    Ok(())
}

/// Where no authority is known, nobody is trusted: that is told by the connection, which then fails, not here.
fn config(roots: RootCertStore) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_told() {
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"] {
            assert!(matches!(system_and(Some(text)), Err(Error::NoCertificate(_))), "{text:?}");
        }
    }

    #[test]
    fn without_an_authority_of_ones_own_there_is_a_configuration() {
        system_and(None).unwrap();
        web_and(None).unwrap();
    }
}
