//! The laws of the tokenizers of text and web pages, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokens::fuzzing::lines(bytes));
