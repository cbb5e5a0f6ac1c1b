//! What decoded text is held in.

use encoding_rs::{Decoder, DecoderResult};

/// A [`String`], in which bytes that are no text have no place, or bytes, of which each field or line is looked at for itself.
pub(crate) trait Buffer: Default {
    /// Whether all bytes have to be text.
    const STRICT: bool;
    fn as_bytes(&self) -> &[u8];
    /// Drops so many bytes of its start.
    fn drop_start(&mut self, length: usize);
    /// Adds text in UTF-8 behind the character that was `cut`, which then is the one that these bytes cut; false where they are no text.
    fn push_utf8(&mut self, cut: &mut Vec<u8>, bytes: &[u8]) -> bool;
    /// Adds text in another encoding; false where the bytes are none.
    fn push_decoded(&mut self, decoder: &mut Decoder, bytes: &[u8], last: bool) -> bool;
}

impl Buffer for String {
    const STRICT: bool = true;

    fn as_bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    fn drop_start(&mut self, length: usize) {
        self.drain(..length);
    }

    fn push_utf8(&mut self, cut: &mut Vec<u8>, mut bytes: &[u8]) -> bool {
        while !cut.is_empty() {
            let Some((next, others)) = bytes.split_first() else { return true };
            cut.push(*next);
            bytes = others;
            match std::str::from_utf8(cut) {
                Ok(character) => {
                    self.push_str(character);
                    cut.clear();
                }
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.push_str(text);
                return true;
            }
            Err(error) => error,
        };
        let (text, others) = bytes.split_at(error.valid_up_to());
        self.push_str(std::str::from_utf8(text).unwrap_or_default());
        cut.extend_from_slice(&others[..others.len().min(error.error_len().unwrap_or(others.len()))]);
        error.error_len().is_none()
    }

    fn push_decoded(&mut self, decoder: &mut Decoder, bytes: &[u8], last: bool) -> bool {
        let mut read = 0;
        loop {
            self.reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len() - read).unwrap_or(bytes.len()));
            let (result, taken) = decoder.decode_to_string_without_replacement(&bytes[read..], self, last);
            read += taken;
            match result {
                DecoderResult::InputEmpty => return true,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return false,
            }
        }
    }
}

impl Buffer for Vec<u8> {
    const STRICT: bool = false;

    fn as_bytes(&self) -> &[u8] {
        self
    }

    fn drop_start(&mut self, length: usize) {
        self.drain(..length);
    }

    fn push_utf8(&mut self, _cut: &mut Vec<u8>, bytes: &[u8]) -> bool {
        self.extend_from_slice(bytes);
        true
    }

    /// What is no text becomes U+FFFD; of half a character at the end nothing is left.
    fn push_decoded(&mut self, decoder: &mut Decoder, bytes: &[u8], last: bool) -> bool {
        if !last {
            let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
            let _ = decoder.decode_to_string(bytes, &mut text, false);
            self.extend_from_slice(text.as_bytes());
        }
        true
    }
}
