//! The laws of the JSON tokenizer, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokens::fuzzing::json_tokens(bytes));
