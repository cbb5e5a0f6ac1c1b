//! Requests that begin as none should.

/// Requests whose heads are larger than anybody takes, without any key that is one: what each has, and all of it.
pub fn large_heads() -> [(&'static str, String); 2] {
    [
        ("a key of 1 MiB", with_key(1 << 20)),
        ("10,000 headers", format!("GET /api/v1/imports HTTP/1.1\r\nhost: app\r\n{}\r\n", "x: y\r\n".repeat(10_000))),
    ]
}

/// A request with a key of so many letters.
pub fn with_key(letters: usize) -> String {
    format!("GET /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer spw_{}\r\n\r\n", "a".repeat(letters))
}

/// Chunked bodies (RFC 9112, 7.1) that are not as long as they say.
pub const LYING_CHUNKS: [&str; 5] =
    ["ffffffffffffffff\r\n[]", "fffffffffffffffffffffff\r\n[]", "5\r\n[]\r\n0\r\n\r\n", "-1\r\n[]", "2\r\n[]garbage"];
