//! The laws of unpacking and of forms as functions of any bytes: no panic, cut anywhere, bounded. A broken law is a panic.
//!
//! For the fuzz targets in `fuzz` at the repository's root. What they found is kept in `fuzz/found`, and read by the tests below.

use bytes::BytesMut;
use laws::{Cuts, Seen, obeys};

use crate::{Contents, Error, ErrorKind, Form, FormEvent, Reports, limits};

/// What a workspace takes of it.
const MOST: u64 = 64 * 1024 * 1024;
/// Bytes of a piece, at most.
const PIECES: [usize; 3] = [1, 5, 300];

/// The law of unpacking: the same comes of an upload however it is cut, as far as it is taken. Of what is refused it may depend on the cuts what is
/// wrong with it first, and where a limit is reached, whether it is.
pub fn upload(bytes: &[u8]) {
    let whole = read_upload(bytes, Cuts::none());
    for most in PIECES {
        let in_pieces = read_upload(bytes, Cuts::of(bytes, most));
        let is_limited = [&whole, &in_pieces].iter().any(|read| read.as_ref().is_err_and(|error| error.kind == ErrorKind::TooLarge));
        assert!(is_limited || whole.as_ref().ok() == in_pieces.as_ref().ok(), "in pieces of up to {most}: {in_pieces:?}, whole: {whole:?}");
    }
}

fn read_upload(bytes: &[u8], mut cuts: Cuts) -> Result<(Vec<u8>, Contents), Error> {
    let (mut reports, mut stored, mut at) = (Reports::new("upload", None, MOST), BytesMut::new(), 0);
    loop {
        let before = stored.len();
        let piece = cuts.piece(bytes, at);
        if piece.is_empty() {
            let contents = reports.finish(&mut stored)?;
            return Ok((stored.to_vec(), contents));
        }
        at += piece.len() as u64;
        reports.feed(piece, &mut stored)?;
        let pieces = piece.len().div_ceil(limits::PIECE) as u64;
        assert!((stored.len() - before) as u64 <= pieces * (limits::BURST + piece.len() as u64), "a burst");
    }
}

/// The law of forms: the same file is found however a form is cut. Its boundary is `b`.
pub fn form(bytes: &[u8]) {
    obeys(bytes, |cuts, _| read_form(bytes, cuts));
}

fn read_form(bytes: &[u8], mut cuts: Cuts) -> Seen<(String, Vec<u8>), ErrorKind> {
    let Some(Ok(mut form)) = Form::of_type("multipart/form-data; boundary=b") else { return Seen::default() };
    let (mut seen, mut at) = (Seen::default(), 0);
    loop {
        match form.next() {
            Ok(FormEvent::Field(name, value)) => seen.items.push((name, value.into_bytes())),
            Ok(FormEvent::File(name)) => seen.items.push((name, Vec::new())),
            Ok(FormEvent::Bytes(piece)) => {
                if let Some((_, file)) = seen.items.last_mut() {
                    file.extend(&piece);
                }
            }
            Ok(FormEvent::End) => return seen,
            Ok(FormEvent::NeedInput) => match cuts.piece(bytes, at) {
                [] => form.end_of_input(),
                piece => {
                    at += piece.len() as u64;
                    form.feed(piece);
                }
            },
            Err(error) => return Seen { error: Some(error.kind), ..seen },
        }
    }
}

#[cfg(test)]
mod tests {
    use laws::{Sequence, found};

    use super::*;

    #[test]
    fn found_uploads_obey() {
        found("upload", upload);
    }

    #[test]
    fn found_forms_obey() {
        found("form", form);
    }

    #[test]
    fn forms_of_any_pieces_obey() {
        let parts: [&[u8]; 12] = [
            b"--b",
            b"\r\n",
            b"\r\n",
            b"--",
            b"\r",
            b"\n",
            b" ",
            b"x",
            b"--b--",
            b"content-disposition: form-data; filename=a",
            b":",
            b"\r\n\r\n",
        ];
        let mut sequence = Sequence(7);
        for _ in 0..3_000 {
            let length = sequence.below(30);
            form(&(0..length).flat_map(|_| parts[sequence.below(parts.len())].to_vec()).collect::<Vec<_>>());
        }
    }
}
