//! The laws of all formats, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scan_reports::fuzzing::report(bytes));
