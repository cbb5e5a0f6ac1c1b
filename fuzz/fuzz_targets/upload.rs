//! The law of unpacking, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| containers::fuzzing::upload(bytes));
