//! Bytes to events, resumable and bounded. Knows no scanner.
