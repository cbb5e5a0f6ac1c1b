//! The law of forms, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| containers::fuzzing::form(bytes));
