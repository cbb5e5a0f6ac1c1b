//! The laws of readers of rows, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tables::fuzzing::rows(bytes));
