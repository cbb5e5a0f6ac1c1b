//! The address of the database, composed of the component's variables, and what its connection errors mean.

/// Where the database is, and how it is spoken to: the variables `database_…` of a component.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: String,
    /// The database's name.
    pub name: String,
    /// Who is let in.
    pub user: String,
    /// By what.
    pub password: String,
    /// One of [`SSL_MODES`].
    pub sslmode: String,
    /// Seconds after which the server closes a connection that nobody uses: hosts keep them open for good, and a server has but so many. 0 leaves it to
    /// the server; so it has to be with a connection pool that takes no options of a session.
    pub idle_seconds: u64,
}

/// Whether TLS is not used, used where the server offers it, or demanded. Where it is used, the server's certificate has to be trusted.
pub const SSL_MODES: [&str; 3] = ["disable", "prefer", "require"];

impl Address {
    /// The address as keywords and values (PostgreSQL 15, 34.1.1.1): whatever a value is, it ends where it ends. An error names the variable.
    pub fn to_text(&self) -> Result<String, String> {
        if !SSL_MODES.contains(&self.sslmode.as_str()) {
            return Err(format!("the variable database_sslmode is {:?}, it can be {}", self.sslmode, SSL_MODES.join(", ")));
        }
        let options = if self.idle_seconds > 0 { format!("-c idle_session_timeout={}s", self.idle_seconds) } else { String::new() };
        let parts = [
            ("host", &self.host),
            ("port", &self.port),
            ("dbname", &self.name),
            ("user", &self.user),
            ("password", &self.password),
            ("sslmode", &self.sslmode),
            ("options", &options),
        ];
        let parts = parts.iter().filter(|(_, value)| !value.is_empty());
        Ok(parts.map(|(name, value)| format!("{name}='{}'", escaped(value))).collect::<Vec<_>>().join(" "))
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "\\'")
}

/// What an operator can do about a connection that failed, by what the host says of it. Hosts differ in their words for certificates: rustls says
/// `InvalidCertificate`, OpenSSL "certificate verify failed".
pub fn advice(error: &str) -> Option<&'static str> {
    let known = [
        (
            &["InvalidCertificate", "certificate verify failed"][..],
            "the database's certificate is not trusted; give the certificate of its authority as database_ca, or set database_sslmode to disable where nobody can listen in",
        ),
        (
            &["server does not support TLS"],
            "database_sslmode demands TLS, which the database does not offer; switch it on there, or set database_sslmode to prefer",
        ),
        (&["no encryption"], "the database wants TLS for this user; set database_sslmode to require"),
        (
            &["53300", "too many clients", "remaining connection slots"],
            "the database has no connection left; it needs a higher max_connections, or less may use it (README, Connections)",
        ),
        (
            &["28P01", "password authentication failed"],
            "the database does not take the password of the component's role; `spillway-admin set-password` gives it one",
        ),
    ];
    known.iter().find(|(words, _)| words.iter().any(|word| error.contains(word))).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        let text = str::to_owned;
        Address { host: text("db"), port: text("5432"), sslmode: text("prefer"), idle_seconds: 15, ..Address::default() }
    }

    #[test]
    fn a_quote_in_a_password_does_not_end_it() {
        let address = Address { password: r"a b' host='evil \".to_owned(), ..address() };
        let expected = r"host='db' port='5432' password='a b\' host=\'evil \\' sslmode='prefer' options='-c idle_session_timeout=15s'";
        assert_eq!(address.to_text().unwrap(), expected);
    }

    #[test]
    fn without_a_limit_nothing_is_said_of_idle_sessions() {
        assert!(!Address { idle_seconds: 0, ..address() }.to_text().unwrap().contains("options"));
    }

    #[test]
    fn a_value_that_cannot_be_is_told_by_its_variable() {
        let error = Address { sslmode: "verify-full".to_owned(), ..address() }.to_text().unwrap_err();
        assert!(error.contains("database_sslmode") && error.contains("require"), "{error}");
    }

    #[test]
    fn certificates_are_told_whatever_the_host_calls_it() {
        for said in ["Tls, cause: InvalidCertificate(UnknownIssuer)", "error: certificate verify failed (self-signed certificate)"] {
            assert!(advice(said).is_some_and(|advice| advice.contains("database_ca")), "{said}");
        }
        assert_eq!(advice("connection refused"), None);
    }
}
