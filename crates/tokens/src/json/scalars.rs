//! Strings, numbers, `true`, `false` and `null`.

use memchr::memchr2;

use super::{Escape, Expect, Partial, Token, Tokenizer};
use crate::{ReadError, ReadErrorKind, limits};

impl Tokenizer {
    pub(super) fn begin_string(&mut self, key: bool) -> Result<Option<Token>, ReadError> {
        self.input.head += 1;
        self.key = key;
        if key || !self.skip {
            let found = plain_length(&self.input.buffer.as_bytes()[self.input.head..]);
            let plain = found.ok().filter(|(length, _)| *length <= self.room());
            self.plain = plain.map(|(length, _)| (self.input.head, self.input.head + length));
            if let Some((length, escaped)) = plain {
                self.input.head += length + 1;
                self.escaped = escaped;
                return Ok(Some(self.string_ended()));
            }
            // It is looked at once more.
            self.input.looked(found.map_or_else(|looked| looked, |(length, _)| length));
        }
        self.text.clear();
        (self.clipped, self.escaped, self.surrogate) = (false, false, None);
        self.string(Escape::No)
    }

    pub(super) fn string(&mut self, escape: Escape) -> Result<Option<Token>, ReadError> {
        if self.skip && !self.key {
            if !self.pass_string(escape) {
                return Ok(None);
            }
            return Ok(Some(self.string_ended()));
        }
        let mut escape = escape;
        loop {
            self.partial = Partial::String(escape);
            let rest = &self.input.buffer.as_bytes()[self.input.head..];
            if rest.is_empty() {
                return Ok(None);
            }
            escape = match escape {
                Escape::No => {
                    let end = memchr2(b'"', b'\\', rest);
                    self.keep_run(end.unwrap_or(rest.len()))?;
                    match end.and_then(|_| self.peek()) {
                        None => Escape::No,
                        Some(b'"') => {
                            self.flush_surrogate()?;
                            self.input.head += 1;
                            return Ok(Some(self.string_ended()));
                        }
                        Some(_) => {
                            self.input.head += 1;
                            Escape::Backslash
                        }
                    }
                }
                Escape::Backslash => self.escape(rest[0])?,
                Escape::Digits(count) => self.digit(count, rest[0])?,
            };
        }
    }

    fn string_ended(&mut self) -> Token {
        self.partial = Partial::None;
        if self.key {
            self.expect = Expect::Colon;
            return Token::Key;
        }
        self.value_ended();
        if std::mem::take(&mut self.skip) { Token::Skipped } else { Token::String }
    }

    fn escape(&mut self, byte: u8) -> Result<Escape, ReadError> {
        match byte {
            b'u' => {
                self.input.head += 1;
                Ok(Escape::Digits(0))
            }
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.input.head += 1;
                self.flush_surrogate()?;
                self.keep_unit(&['\\', char::from(byte)].iter().collect::<String>())?;
                Ok(Escape::No)
            }
            _ => Err(self.error(ReadErrorKind::Syntax, "expected one of \"\\/bfnrtu after '\\' in a string")),
        }
    }

    fn digit(&mut self, count: u8, byte: u8) -> Result<Escape, ReadError> {
        if !byte.is_ascii_hexdigit() {
            return Err(self.error(ReadErrorKind::Syntax, "expected four hexadecimal digits after '\\u' in a string"));
        }
        self.digits[usize::from(count)] = byte;
        self.input.head += 1;
        if count < 3 {
            return Ok(Escape::Digits(count + 1));
        }
        self.unicode()?;
        Ok(Escape::No)
    }

    /// Keeps a `\uXXXX`; halves of surrogate pairs only together.
    fn unicode(&mut self) -> Result<(), ReadError> {
        let digits = self.digits;
        let half = matches!(digits[0], b'd' | b'D');
        let second_digit = char::from(digits[1]).to_digit(16).unwrap_or(0);
        match (half, second_digit) {
            (true, 0x8..=0xB) => {
                self.flush_surrogate()?;
                self.surrogate = Some(digits);
                Ok(())
            }
            (true, 0xC..=0xF) => match self.surrogate.take() {
                Some(first) => self.keep_unit(&(unicode_escape(first) + &unicode_escape(digits))),
                None => self.keep_unit("\u{fffd}"),
            },
            _ => {
                self.flush_surrogate()?;
                self.keep_unit(&unicode_escape(digits))
            }
        }
    }

    fn flush_surrogate(&mut self) -> Result<(), ReadError> {
        if self.surrogate.take().is_some() { self.keep_unit("\u{fffd}") } else { Ok(()) }
    }

    /// Keeps the next `length` bytes, which hold neither quote nor backslash.
    fn keep_run(&mut self, length: usize) -> Result<(), ReadError> {
        if length == 0 {
            return Ok(());
        }
        self.flush_surrogate()?;
        let run = self.input.head..self.input.head + length;
        self.input.head = run.end;
        if self.clipped {
            return Ok(());
        }
        if self.input.buffer.as_bytes()[run.clone()].iter().all(|byte| *byte >= b' ') {
            return self.keep_plain(run);
        }
        let mut from = run.start;
        for at in run.clone() {
            let byte = self.input.buffer.as_bytes()[at];
            if byte < b' ' {
                self.keep_plain(from..at)?;
                self.keep_unit(&format!("\\u{byte:04x}"))?;
                from = at + 1;
            }
        }
        self.keep_plain(from..run.end)
    }

    fn keep_plain(&mut self, run: std::ops::Range<usize>) -> Result<(), ReadError> {
        if self.clipped {
            return Ok(());
        }
        let room = self.room().saturating_sub(self.text.len());
        let run = &self.input.buffer[run];
        let kept = &run[..run.floor_char_boundary(room)];
        self.text.push_str(kept);
        if kept.len() < run.len() { self.clip() } else { Ok(()) }
    }

    fn keep_unit(&mut self, unit: &str) -> Result<(), ReadError> {
        if self.clipped {
            return Ok(());
        }
        if self.text.len() + unit.len() > self.room() {
            return self.clip();
        }
        self.escaped |= unit.starts_with('\\');
        self.text.push_str(unit);
        Ok(())
    }

    fn room(&self) -> usize {
        if self.key { limits::TOKEN } else { self.limit }
    }

    fn clip(&mut self) -> Result<(), ReadError> {
        if self.key {
            let message = format!("a member's name of more than {} bytes (limits::TOKEN)", limits::TOKEN);
            return Err(self.error(ReadErrorKind::LimitExceeded, message));
        }
        self.clipped = true;
        self.text.push('…');
        Ok(())
    }

    /// A number, `true`, `false` or `null`.
    pub(super) fn word(&mut self) -> Result<Option<Token>, ReadError> {
        let rest = &self.input.buffer[self.input.head..];
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.as_bytes().iter().position(|byte| !part(byte));
        let run = &rest[..length.unwrap_or(rest.len())];
        self.text.push_str(run);
        self.input.head += run.len();
        if self.text.len() > limits::TOKEN {
            let message = format!("a number of more than {} bytes (limits::TOKEN)", limits::TOKEN);
            return Err(self.error(ReadErrorKind::LimitExceeded, message));
        }
        if length.is_none() && !(self.input.is_ended() && self.is_consumed()) {
            return Ok(None);
        }
        let token = match self.text.as_bytes() {
            b"true" => Token::Bool(true),
            b"false" => Token::Bool(false),
            b"null" => Token::Null,
            number if is_number(number) => Token::Number,
            _ if length.is_none() => return Err(self.truncated()),
            _ => return Err(self.bad_word()),
        };
        self.partial = Partial::None;
        self.value_ended();
        Ok(Some(if std::mem::take(&mut self.skip) { Token::Skipped } else { token }))
    }
}

/// A `\uXXXX`.
fn unicode_escape(digits: [u8; 4]) -> String {
    ['\\', 'u'].into_iter().chain(digits.map(char::from)).collect()
}

/// Whether the bytes are a number of RFC 8259, section 6.
pub(super) fn is_number(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let integer = digits(rest);
    if integer == 0 || (integer > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[integer..];
    if let [b'.', fraction @ ..] = rest {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

/// The length of a string, if it can be kept as it stands: all of it is in these bytes, without raw control characters or halves of surrogate
/// pairs. Nearly all strings are like that, and nothing of them is copied before somebody takes it. Also whether there are escapes in it. Else
/// how many bytes were looked at for nothing.
fn plain_length(bytes: &[u8]) -> Result<(usize, bool), usize> {
    let (mut at, mut escaped) = (0, false);
    loop {
        at += position(&bytes[at..], |word| equal(word, b'"') | equal(word, b'\\') | below(word, b' ')).ok_or(bytes.len())?;
        at += match bytes[at..] {
            [b'"', ..] => return Ok((at, escaped)),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) && !(matches!(a, b'd' | b'D') && b > b'7') => 6,
            _ => return Err(at),
        };
        escaped = true;
    }
}

/// How many blanks stand at the start: mostly none, one, or a line's end with an indentation.
pub(super) fn blanks(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
        while bytes[at..].first_chunk() == Some(&[b' '; 8]) {
            at += 8;
        }
    }
    at
}

/// The length of a string of which nothing is kept; where its end is not in these bytes, whether the byte behind them is escaped.
pub(super) fn string_length(bytes: &[u8]) -> Result<usize, Escape> {
    /// Most strings end before a call pays.
    const NEAR: usize = 32;
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).ok_or(Escape::Backslash)?;
        let near = &rest[..rest.len().min(NEAR)];
        at += position(near, |word| equal(word, b'"') | equal(word, b'\\'))
            .or_else(|| memchr2(b'"', b'\\', &rest[near.len()..]).map(|at| near.len() + at))
            .ok_or(Escape::No)?;
        if bytes[at] == b'"' {
            return Ok(at);
        }
        at += 2;
    }
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// Where the first byte is that has its highest bit set in what `marks` makes of eight at a time. The bytes that follow the first
/// in a word may be marked wrongly.
fn position(bytes: &[u8], marks: impl Fn(u64) -> u64) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marked = marks(u64::from_le_bytes(*word)) & (ONES << 7);
        if marked != 0 {
            return Some(index * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| marks(u64::from(*byte) * ONES) & (ONES << 7) != 0)?;
    Some(words.len() * 8 + at)
}

/// Marks the bytes that are below one of at most 128.
fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(u64::from(byte) * ONES) & !word
}

/// Marks the bytes that are this one.
fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (u64::from(byte) * ONES), 1)
}
