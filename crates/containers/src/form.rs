//! Browsers' forms (RFC 7578, RFC 2046 section 5.1): fields, and behind them one file.
//!
//! What stands before the file (preamble, fields, headers) is held or passed over within one limit, whatever it is made of. Of the file itself
//! nothing is held but what may be the start of its end. Whatever follows it is an error, so that nothing of a form is left out in silence.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use percent_encoding::percent_decode_str;

use crate::{Error, limits};

const LINE_END: &[u8] = b"\r\n";
const HEADERS_END: &[u8] = b"\r\n\r\n";
/// Behind the boundary where the form is over.
const CLOSE: &[u8] = b"--";
/// The media type of forms.
const TYPE: &str = "multipart/form-data";

/// Takes the file out of a form that comes in pieces.
#[derive(Debug)]
pub struct Form {
    /// Stands before each field and at the end: a line's end and the boundary.
    delimiter: Finder<'static>,
    state: FormState,
    /// Of the field that is read.
    field: String,
    held: BytesMut,
    /// How much of what is held was searched in vain.
    searched: usize,
    /// Bytes before the file.
    lead: usize,
    is_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormState {
    /// Before the next delimiter: in the preamble, or in what has no name.
    Passing,
    /// In a field that is no file.
    Field,
    /// Behind a delimiter.
    Delimited,
    Headers,
    File,
    FileEnded,
    Ended,
    Closed,
}

/// What a [`Form`] says when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormEvent {
    /// A field before the file: its name and its value.
    Field(String, String),
    /// The file begins; its name as the form gives it.
    File(String),
    /// Bytes of the file.
    Bytes(Bytes),
    /// The file is whole.
    End,
    /// It wants more of the form, or to hear that there is none.
    NeedInput,
}

impl Form {
    /// For a body of this type; none where that is no form.
    pub fn of_type(content_type: &str) -> Option<Result<Self, Error>> {
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case(TYPE).then(|| Self::with(&parameter(content_type, "boundary").unwrap_or_default()))
    }

    fn with(boundary: &str) -> Result<Self, Error> {
        if !(1..=limits::BOUNDARY).contains(&boundary.len()) || !boundary.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let message = format!("the Content-Type of a form names a boundary of 1 to {} ASCII characters (RFC 2046)", limits::BOUNDARY);
            return Err(Error::broken(message));
        }
        let delimiter = Finder::new(&[LINE_END, CLOSE, boundary.as_bytes()].concat()).into_owned();
        // The first delimiter stands at the start of a line, too.
        let held = BytesMut::from(LINE_END);
        Ok(Self { delimiter, state: FormState::Passing, field: String::new(), held, searched: 0, lead: 0, is_over: false })
    }

    /// Takes the next piece of the form.
    pub fn feed(&mut self, piece: &[u8]) {
        self.held.extend_from_slice(piece);
    }

    /// There is no more of it.
    pub fn end_of_input(&mut self) {
        self.is_over = true;
    }

    /// What comes next.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot ask for input")]
    pub fn next(&mut self) -> Result<FormEvent, Error> {
        loop {
            let event = match self.state {
                FormState::Passing => self.pass()?,
                FormState::Field => self.field()?,
                FormState::Delimited => self.delimited()?,
                FormState::Headers => self.headers()?,
                FormState::File => self.file(),
                FormState::FileEnded => self.behind_file()?,
                FormState::Ended => Some(FormEvent::End),
                FormState::Closed => return Err(Error::broken("the form has no file: send the report as a field with a file name")),
            };
            match event {
                Some(FormEvent::NeedInput) if self.is_over => return Err(self.ended()),
                Some(event) => return Ok(event),
                None => {}
            }
        }
    }

    /// Passes over everything up to the next delimiter, and that.
    fn pass(&mut self) -> Result<Option<FormEvent>, Error> {
        let length = self.delimiter.needle().len();
        let Some(at) = self.delimiter.find(&self.held) else {
            self.skip(self.held.len().saturating_sub(length - 1))?;
            return Ok(Some(FormEvent::NeedInput));
        };
        self.skip(at + length)?;
        self.state = FormState::Delimited;
        Ok(None)
    }

    /// The value of a field, which is held until it is whole.
    fn field(&mut self) -> Result<Option<FormEvent>, Error> {
        let Some(at) = self.delimiter.find(&self.held) else {
            self.check(self.held.len())?;
            return Ok(Some(FormEvent::NeedInput));
        };
        // Behind the line's end of its headers, which of an empty one is that before the delimiter.
        let value = String::from_utf8_lossy(self.held.get(LINE_END.len()..at).unwrap_or_default()).into_owned();
        self.skip(at + self.delimiter.needle().len())?;
        self.state = FormState::Delimited;
        Ok(Some(FormEvent::Field(std::mem::take(&mut self.field), value)))
    }

    /// Nothing may follow the file but the end of the form.
    fn behind_file(&mut self) -> Result<Option<FormEvent>, Error> {
        let behind = self.held.get(self.delimiter.needle().len()..).unwrap_or_default();
        if behind.starts_with(CLOSE) {
            self.state = FormState::Ended;
            return Ok(None);
        }
        if behind.len() < CLOSE.len() {
            return Ok(Some(FormEvent::NeedInput));
        }
        Err(Error::broken("the form has something behind its file: send one file, and the fields before it"))
    }

    /// Another field, or the end.
    fn delimited(&mut self) -> Result<Option<FormEvent>, Error> {
        if self.held.starts_with(CLOSE) {
            self.state = FormState::Closed;
            return Ok(None);
        }
        let blanks = self.held.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.skip(blanks)?;
        if self.held.starts_with(LINE_END) {
            self.state = FormState::Headers;
            return Ok(None);
        }
        if self.held.len() < LINE_END.len() {
            return Ok(Some(FormEvent::NeedInput));
        }
        Err(Error::broken("the form cannot be read: a boundary is not followed by the end of its line"))
    }

    /// The headers of a field, with the line's end before them: where there are none, the field begins behind one more.
    fn headers(&mut self) -> Result<Option<FormEvent>, Error> {
        let Some(at) = memchr::memmem::find(&self.held[self.searched..], HEADERS_END) else {
            self.searched = self.held.len().saturating_sub(HEADERS_END.len() - 1);
            self.check(self.held.len())?;
            return Ok(Some(FormEvent::NeedInput));
        };
        let length = self.searched + at + HEADERS_END.len();
        self.searched = 0;
        let disposition = disposition(&String::from_utf8_lossy(&self.held[..length]));
        // The line's end before a delimiter may be that of the headers.
        self.skip(length - LINE_END.len())?;
        let Some(disposition) = disposition else {
            self.state = FormState::Passing;
            return Ok(None);
        };
        if let Some(name) = file_name(&disposition) {
            self.skip(LINE_END.len())?;
            self.state = FormState::File;
            return Ok(Some(FormEvent::File(name)));
        }
        self.field = parameter(&disposition, "name").unwrap_or_default();
        self.state = FormState::Field;
        Ok(None)
    }

    /// Bytes of the file.
    fn file(&mut self) -> Option<FormEvent> {
        let length = match self.delimiter.find(&self.held) {
            Some(0) => {
                self.state = FormState::FileEnded;
                return None;
            }
            Some(at) => at,
            None => self.held.len() - self.start_of_delimiter(),
        };
        Some(if length == 0 { FormEvent::NeedInput } else { FormEvent::Bytes(self.held.split_to(length).freeze()) })
    }

    /// How many of the last bytes may be the start of a delimiter. Its first byte stands nowhere else in it.
    fn start_of_delimiter(&self) -> usize {
        let last = &self.held[self.held.len().saturating_sub(self.delimiter.needle().len() - 1)..];
        let start = memchr::memrchr(LINE_END[0], last).map_or(&last[last.len()..], |at| &last[at..]);
        if self.delimiter.needle().starts_with(start) { start.len() } else { 0 }
    }

    /// Passes over so many bytes before the file.
    fn skip(&mut self, length: usize) -> Result<(), Error> {
        self.check(length)?;
        self.lead += length;
        bytes::Buf::advance(&mut self.held, length);
        Ok(())
    }

    fn check(&self, more: usize) -> Result<(), Error> {
        if self.lead + more > limits::FORM_LEAD {
            let most = limits::FORM_LEAD;
            return Err(Error::too_large(format!("the form has more than {most} bytes before its file: send the file as its first field")));
        }
        Ok(())
    }

    fn ended(&self) -> Error {
        let what = match self.state {
            FormState::Passing | FormState::Field | FormState::Delimited => "there is no further boundary",
            FormState::Headers => "in the headers of a field",
            FormState::File | FormState::FileEnded | FormState::Ended | FormState::Closed => "in the file",
        };
        Error::broken(format!("the form cannot be read: it ends in the middle, {what}"))
    }
}

/// What the headers of a field say of it.
fn disposition(headers: &str) -> Option<String> {
    let lines = headers.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut dispositions = lines.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"));
    Some(dispositions.next()?.1.to_owned())
}

/// The name of a field's file; none where it is no file. Not all programs know that forms have names of other scripts as they are (RFC 7578, section 4.2):
/// some write them as headers do (RFC 8187).
fn file_name(disposition: &str) -> Option<String> {
    let extended = parameter(disposition, "filename*").and_then(|value| {
        let (_, encoded) = value.split_once("''").filter(|(charset, _)| charset.eq_ignore_ascii_case("utf-8"))?;
        percent_decode_str(encoded).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    });
    extended.or_else(|| parameter(disposition, "filename"))
}

/// A parameter of a header's value (RFC 9110, 5.6.6). In quotes only a quote is escaped: browsers write other backslashes as they are.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let end = match value.strip_prefix('"') {
            Some(quoted) => 1 + end_of_quoted(quoted),
            None => value.find(';').unwrap_or(value.len()),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            let value = &value[..end];
            return Some(value.strip_prefix('"').map_or_else(|| value.trim_end().to_owned(), |quoted| quoted.replace("\\\"", "\"")));
        }
        rest = value[end..].split_once(';')?.1;
    }
}

/// Where the quote stands that ends a text, or the text's end.
fn end_of_quoted(text: &str) -> usize {
    let is_end = |at: &usize| !text[..*at].ends_with('\\');
    text.match_indices('"').map(|(at, _)| at).find(is_end).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b d\"";

    /// The file's name and its bytes, read in pieces.
    fn read(form: &[u8], piece: usize) -> Result<(String, Vec<u8>), Error> {
        let mut reader = Form::of_type(TYPE).expect("a form")?;
        let (mut pieces, mut name, mut bytes) = (form.chunks(piece), None, Vec::new());
        loop {
            match reader.next()? {
                FormEvent::Field(..) => {}
                FormEvent::File(given) => name = Some(given),
                FormEvent::Bytes(given) => bytes.extend_from_slice(&given),
                FormEvent::End => return Ok((name.expect("it began"), bytes)),
                FormEvent::NeedInput => match pieces.next() {
                    Some(piece) => reader.feed(piece),
                    None => reader.end_of_input(),
                },
            }
        }
    }

    fn field(headers: &str, value: &str) -> String {
        format!("--b d\r\n{headers}\r\n\r\n{value}\r\n")
    }

    const FILE: &str = "content-disposition: form-data; name=\"report\"; filename=\"a; \\\"b\\\".json\"\r\nContent-Type: text/plain";

    #[test]
    fn the_first_file_is_found_however_the_form_is_cut() {
        let before = ["preamble\r\n", &field("Content-Disposition: form-data; name=comment", "--b\r\n--b "), &field("", "x")].concat();
        for content in ["", "\r", "\r\n--b", "{\"a\": 1}", "\r\n\r\n--b \r\n--", &"line\r\n".repeat(1000)] {
            for before in ["", &before] {
                let form = [before, &field(FILE, content), "--b d--\r\nbehind"].concat();
                for piece in [1, 2, 3, 7, 100, usize::MAX] {
                    let found = read(form.as_bytes(), piece);
                    assert_eq!(found, Ok(("a; \"b\".json".to_owned(), content.as_bytes().to_vec())), "{content:?} in pieces of {piece}");
                }
            }
        }
    }

    #[test]
    fn fields_before_the_file_are_told_however_the_form_is_cut() {
        let named = |name: &str, value: &str| field(&format!("Content-Disposition: form-data; name=\"{name}\""), value);
        let form = [&named("scope", "a\r\n--b"), &named("empty", ""), &named("", "x"), &field(FILE, "content"), "--b d--"].concat();
        for piece in [1, 2, 3, 7, usize::MAX] {
            let mut reader = Form::of_type(TYPE).expect("a form").expect("a boundary");
            let (mut pieces, mut fields) = (form.as_bytes().chunks(piece), Vec::new());
            loop {
                match reader.next().expect("a form") {
                    FormEvent::Field(name, value) => fields.push((name, value)),
                    FormEvent::NeedInput => reader.feed(pieces.next().expect("a file")),
                    _ => break,
                }
            }
            let expected = [("scope", "a\r\n--b"), ("empty", ""), ("", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(fields, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn names_of_files_are_those_of_forms_or_of_headers() {
        let name = |parameters: &str| file_name(&format!("form-data; name=a; {parameters}"));
        assert_eq!(name("filename=\"отчёт.csv\"").as_deref(), Some("отчёт.csv"));
        assert_eq!(name("filename=\"a.csv\"; filename*=UTF-8''%D0%BE%20.csv").as_deref(), Some("о .csv"));
        assert_eq!(name("filename*=utf-8''b.csv").as_deref(), Some("b.csv"));
        assert_eq!(name("filename=\"a.csv\"; filename*=latin1''%E4").as_deref(), Some("a.csv"), "what cannot be read is not taken");
        assert_eq!(name("title=x"), None);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let no_file = [field("Content-Disposition: form-data; name=a", "b"), "--b d--".to_owned()].concat();
        for (form, why) in [
            ("", "no further boundary"),
            ("no form", "no further boundary"),
            (&no_file, "has no file"),
            ("--b d--", "has no file"),
            (&[&field(FILE, "one"), &field(FILE, "another"), "--b d--"].concat(), "something behind its file"),
            (
                &[&field(FILE, "one"), &field("Content-Disposition: form-data; name=a", "b"), "--b d--"].concat(),
                "something behind its file",
            ),
            (&[&field(FILE, "one"), "--b d-"].concat(), "in the file"),
            ("--b dx\r\n", "not followed by the end of its line"),
            ("--b d\r\nContent-Disposition: form-data", "in the headers"),
            (field(FILE, "cut").trim_end(), "in the file"),
        ] {
            for piece in [1, usize::MAX] {
                let error = read(form.as_bytes(), piece).expect_err(form);
                assert!(error.message.contains(why), "{form}: {error}");
            }
        }
    }

    #[test]
    fn before_the_file_is_little() {
        let long = "x".repeat(limits::FORM_LEAD);
        let fields = field("Content-Disposition: form-data; name=a", "").repeat(limits::FORM_LEAD / 40);
        for form in [long.clone(), field(&long, ""), field("a: b", &long), ["--b d", &" ".repeat(limits::FORM_LEAD)].concat(), fields] {
            for piece in [1, 1000, usize::MAX] {
                let error = read([form.as_str(), &field(FILE, "content")].concat().as_bytes(), piece).expect_err("too much");
                assert!(error.message.contains("more than 65536 bytes before its file"), "{error}");
            }
        }
    }

    #[test]
    fn a_form_names_its_boundary() {
        let is_form = |content_type: &str| Form::of_type(content_type).map(|form| form.is_ok());
        for other in ["", "application/json", "multipart/mixed; boundary=b", "text/plain; a=\"multipart/form-data; boundary=b\""] {
            assert_eq!(is_form(other), None, "{other}");
        }
        for form in ["multipart/form-data; boundary=b", "Multipart/Form-Data;charset=\"a;boundary=\"; Boundary = \"b\" ; x=y"] {
            assert_eq!(is_form(form), Some(true), "{form}");
        }
        let long = format!("multipart/form-data; boundary={}", "b".repeat(limits::BOUNDARY + 1));
        for broken in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=ü", &long] {
            assert_eq!(is_form(broken), Some(false), "{broken}");
        }
    }
}
