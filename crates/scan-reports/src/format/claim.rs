//! Whether a report of which no record was read is one of the format that it is read as.

use serde::{Deserialize, Serialize};

use super::Format;
use super::detect::{Detection, Hint, look_at};
use crate::{ReadError, ReadErrorKind, Step, limits};

/// What tells that a report is one of the format that it is read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Evidence {
    #[default]
    None,
    /// A list of records that is empty, or a record that is no finding: another format may have one of the same name.
    List,
    /// A finding, or something wrong with one.
    Record,
}

/// The start of such a report, which is wanted a second time.
#[derive(Debug, Default)]
pub(crate) struct Claim {
    start: Vec<u8>,
    complete: bool,
}

impl Claim {
    /// Offset in the report of what is wanted next.
    pub(crate) fn position(&self) -> u64 {
        self.start.len() as u64
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let room = limits::DETECTION - self.start.len();
        self.start.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(crate) fn end_of_input(&mut self) {
        self.complete = true;
    }

    /// The end of the report where it is one of that format; an error where it is another's, or nobody's.
    pub(crate) fn judge(&self, format: Format, evidence: Evidence) -> Result<Step, ReadError> {
        if !self.complete && self.start.len() < limits::DETECTION {
            return Ok(Step::NeedInput);
        }
        let has_list = evidence >= Evidence::List;
        let found = match look_at(&self.start, self.complete, Hint::Format(format, has_list)) {
            Detection::Format(found) if found == format => return Ok(Step::End),
            Detection::Format(other) => format!("it looks like a report of {}", other.name()),
            _ if has_list => return Ok(Step::End),
            Detection::Unknown { message } => message,
            Detection::NeedMore => "its start does not tell what it is".to_owned(),
        };
        let message = format!("expected {} ({}), found nothing of it: {found}", format.name(), format.about());
        Err(ReadError { kind: ReadErrorKind::NotThisFormat, message, offset: 0, line: 1 })
    }
}
