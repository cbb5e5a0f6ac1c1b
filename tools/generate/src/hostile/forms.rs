//! Browsers' forms.

use super::{Make, REPORT};

const MIB: usize = 1024 * 1024;
const FILE: &str = "Content-Disposition: form-data; name=\"report\"; filename=\"a.json\"\r\n";

fn usual() -> String {
    "multipart/form-data; boundary=b".to_owned()
}

/// Its name, its Content-Type, and what makes it.
type Form = (&'static str, fn() -> String, Make);

/// Forms.
pub(super) const FORMS: &[Form] = &[
    ("form: 200 MiB without a boundary", usual, || vec![b'x'; 200 * MIB]),
    ("form: 64 MiB of what might begin a boundary", usual, || b"\r\n--".repeat(16 * MIB)),
    ("form: a header without end", usual, || [b"--b\r\nContent-Disposition: form-data; name=".as_slice(), &vec![b'x'; 200 * MIB]].concat()),
    ("form: headers without end", usual, || [b"--b\r\n".as_slice(), &b"x: y\r\n".repeat(10 * MIB)].concat()),
    ("form: a preamble of 200 MiB", usual, || [vec![b'\n'; 200 * MIB], form(REPORT)].concat()),
    ("form: blanks behind the boundary without end", usual, || [b"--b".as_slice(), &vec![b' '; 64 * MIB]].concat()),
    ("form: 1,000,000 fields", usual, || {
        [b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(1_000_000), form(REPORT)].concat()
    }),
    ("form: a field of 200 MiB", usual, || {
        [b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n".as_slice(), &vec![b'x'; 200 * MIB], b"\r\n", &form(REPORT)].concat()
    }),
    ("form: a file's name of 60 KB", usual, || {
        let name = "n".repeat(60_000);
        [b"--b\r\nContent-Disposition: form-data; name=a; filename=\"".as_slice(), name.as_bytes(), b"\"\r\n\r\n", REPORT, b"\r\n--b--"]
            .concat()
    }),
    ("form: a file that does not end", usual, || [b"--b\r\n", FILE.as_bytes(), b"\r\n", REPORT].concat()),
    ("form: 64 MiB of lines' ends in the file", usual, || form(&b"\r\n".repeat(32 * MIB))),
    ("form: 64 MiB behind the file", usual, || [form(REPORT), vec![b'x'; 64 * MIB]].concat()),
    ("form: a boundary of 4,000 characters", || usual().replace("=b", &format!("={}", "b".repeat(4_000))), || form(REPORT)),
    ("form: no boundary named", || "multipart/form-data".to_owned(), || form(REPORT)),
    ("form: in a form", usual, || form(&form(REPORT))),
    ("form: a gzip of 32 MiB of blanks as file", usual, || form(&super::gzip(&vec![b' '; 32 * MIB]))),
];

fn form(file: &[u8]) -> Vec<u8> {
    [b"--b\r\n", FILE.as_bytes(), b"\r\n", file, b"\r\n--b--"].concat()
}
