//! The laws of the CSV tokenizer, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokens::fuzzing::csv_rows(bytes));
