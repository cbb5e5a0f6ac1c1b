//! The laws of the XML tokenizer, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokens::fuzzing::xml_events(bytes));
