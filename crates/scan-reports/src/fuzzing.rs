//! The laws of all formats as functions of any bytes: no panic, cut anywhere, suspend anywhere, bounded. A broken law is a panic.
//!
//! For the fuzz targets in `fuzz` at the repository's root. What they found is kept in `fuzz/found`, and read by the tests below.

use laws::{Cuts, Seen, hash, obeys};

use crate::{Decoder, Detection, Format, ReadError, Record, Step, detect, limits};

/// The laws of all formats: of the one that the report is detected as, else of any.
pub fn report(bytes: &[u8]) {
    let format = match detect(&bytes[..bytes.len().min(limits::DETECTION)], bytes.len() <= limits::DETECTION, None) {
        Detection::Format(format) => format,
        _ => Format::ALL[usize::try_from(hash(bytes) >> 33).unwrap_or_default() % Format::ALL.len()],
    };
    obeys(bytes, |cuts, suspend| read_report(format, bytes, cuts, suspend));
}

fn read_report(format: Format, bytes: &[u8], mut cuts: Cuts, suspend: bool) -> Seen<Record, ReadError> {
    let (mut seen, mut decoder, mut progress) = (Seen::default(), Decoder::new(format), 0);
    loop {
        let step = decoder.next();
        assert!((progress..=bytes.len() as u64).contains(&decoder.progress()), "progress {} after {progress}", decoder.progress());
        progress = decoder.progress();
        match step {
            Ok(Step::Record(record)) => {
                seen.items.push(record);
                let checkpoint = decoder.checkpoint();
                assert!(checkpoint.len() <= limits::CHECKPOINT, "a checkpoint of {} bytes", checkpoint.len());
                if suspend {
                    decoder = Decoder::resume(&checkpoint).expect("its own checkpoint");
                    // What is read again was read before.
                    progress = 0;
                }
            }
            Ok(Step::NeedInput) => match cuts.piece(bytes, decoder.position()) {
                [] => decoder.end_of_input(),
                piece => decoder.feed(piece),
            },
            Ok(Step::End) => {
                assert_eq!(progress, bytes.len() as u64, "progress at the end is the report's length");
                return seen;
            }
            Err(error) => {
                assert_eq!(decoder.next().err().as_ref(), Some(&error), "an error stays");
                return Seen { error: Some(error), ..seen };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use laws::found;

    use super::*;

    #[test]
    fn found_reports_obey() {
        found("report", report);
    }
}
