//! The laws of all formats as functions of any bytes: no panic, cut anywhere, suspend anywhere, bounded, and steps and output in proportion. A broken
//! law is a panic.
//!
//! For the fuzz targets in `fuzz` at the repository's root. What they found is kept in `fuzz/found`, and read by the tests below.

use laws::{Cuts, Seen, hash, is_bounded, obeys};

use crate::{Decoder, Detection, Format, ReadError, Record, Step, detect, limits};

/// The laws of all formats: of the one that the report is detected as, else of any.
pub fn report(bytes: &[u8]) {
    let format = match detect(&bytes[..bytes.len().min(limits::DETECTION)], bytes.len() <= limits::DETECTION, None) {
        Detection::Format(format) => format,
        _ => Format::ALL[usize::try_from(hash(bytes) >> 33).unwrap_or_default() % Format::ALL.len()],
    };
    made_of(format, bytes);
    obeys(bytes, |cuts, suspend| read_report(format, bytes, cuts, suspend));
}

/// What is made of a report that is fed at once.
#[derive(Debug)]
pub struct MadeOf {
    /// Steps that reading it takes, with those of making records.
    pub steps: u64,
    /// Records.
    pub records: usize,
    /// Bytes of the records.
    pub output: u64,
    /// Problems that say that something was left out.
    pub left_out: usize,
    /// Why it was not read to its end.
    pub error: Option<ReadError>,
}

/// Bytes of records that a report of so many bytes may give: see [`limits::OUTPUT`].
pub fn most_output(bytes: usize) -> u64 {
    2 * (limits::OUTPUT + limits::OUTPUT_PER_BYTE * (bytes + limits::RECORD) as u64)
}

/// Reads a report, and holds it to what may be made of its bytes.
pub fn made_of(format: Format, bytes: &[u8]) -> MadeOf {
    let mut decoder = Decoder::new(format);
    let mut made = MadeOf { steps: 0, records: 0, output: 0, left_out: 0, error: None };
    loop {
        let before = decoder.work();
        match decoder.next() {
            Ok(Step::Record(record)) => {
                made.records += 1;
                made.output += record.size() as u64;
                made.left_out += usize::from(matches!(record, Record::Problem(problem) if problem.message.contains("limits::OUTPUT")));
            }
            Ok(Step::NeedInput) => decoder.feed_from(bytes, usize::MAX),
            Ok(Step::Working) => assert!(decoder.work() - before > limits::STEP, "it worked less than a step"),
            Ok(Step::End) => break,
            Err(error) => {
                made.error = Some(error);
                break;
            }
        }
    }
    made.steps = decoder.work();
    is_bounded(bytes, decoder.parser.work());
    assert!(made.output <= most_output(bytes.len()), "{} bytes give {}", bytes.len(), made.output);
    assert!(
        made.steps <= decoder.parser.work() + 2 * limits::WORK_FACTOR * most_output(bytes.len()),
        "{} bytes take {}",
        bytes.len(),
        made.steps
    );
    made
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
            Ok(Step::Working) => {}
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
mod tests;
