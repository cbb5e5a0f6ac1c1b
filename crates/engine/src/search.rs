//! Where a segment can be cut in two.

use std::time::Instant;

use crate::limits::{BEYOND, SEARCHED_SEGMENTS};

/// A place at which what is left of a segment can be two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Offset of the first byte behind it.
    pub offset: u64,
    /// The [checkpoint](crate::Work::checkpoint) there.
    pub checkpoint: Vec<u8>,
}

/// Goes over what is left of a segment, and finds the places at which it can be cut: the same, whatever pieces its bytes come in.
pub trait Cutter {
    /// Offset of what [`feed`](Self::feed) wants next.
    fn position(&self) -> u64;

    /// Takes the bytes at [`position`](Self::position), and gives the cuts in them, in order.
    fn feed(&mut self, bytes: &[u8]) -> Vec<Cut>;
}

/// Looks for the next cut that does not leave less than a segment behind it. Only one: who claims the rest looks for the next, while this part is
/// read, and of what is between here and there.
pub struct Search<C> {
    cutter: C,
    /// A cut lies before.
    end: u64,
    /// Bytes are looked at up to here, mostly, and never beyond there.
    bound: u64,
    most: u64,
}

impl<C: Cutter> Search<C> {
    /// In what is left of a segment of the usual length up to its end.
    pub fn new(cutter: C, segment_bytes: u64, end: u64) -> Self {
        let (bound, most) = (cutter.position() + segment_bytes + BEYOND, cutter.position() + SEARCHED_SEGMENTS * segment_bytes + BEYOND);
        Self { cutter, end: end.saturating_sub(segment_bytes), bound, most }
    }

    /// The offset of the bytes that are to be looked at next, and how far one will look, mostly; none where there is nothing to cut.
    pub fn wants(&self, now: Instant, deadline: Instant) -> Option<(u64, u64)> {
        (self.cutter.position() < self.end.min(self.most) && now < deadline).then(|| (self.cutter.position(), self.bound))
    }

    /// Takes these bytes. Gives the cut in them; none in it where it would leave too little.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<Option<Cut>> {
        let cut = self.cutter.feed(bytes).into_iter().next()?;
        Some(Some(cut).filter(|cut| cut.offset < self.end))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scan_reports::{Decoder, Format, Record, Step};

    use super::*;

    const SEGMENT: u64 = 2000;

    fn report(hosts: usize) -> Vec<u8> {
        let host = |n| {
            format!(
                "<ReportHost name=\"10.0.0.{n}\">{}</ReportHost>",
                "<ReportItem port=\"1\" pluginID=\"1\" pluginName=\"a\"/>".repeat(10)
            )
        };
        let hosts: String = (0..hosts).map(host).collect();
        format!("<NessusClientData_v2><Report name=\"r\">{hosts}</Report></NessusClientData_v2>").into_bytes()
    }

    /// From the first record on: before, nobody knows where it can be cut.
    fn search(report: &[u8], segment: u64) -> Search<scan_reports::Cutter> {
        let mut decoder = Decoder::new(Format::from_name("nessus").expect("a format"));
        while !matches!(decoder.next().expect("a report"), Step::Record(Record::Occurrence(_))) {
            let at = usize::try_from(decoder.position()).expect("small");
            decoder.feed(&report[at..report.len().min(at + 50)]);
        }
        Search::new(decoder.cutter(segment).expect("it can be cut"), segment, report.len() as u64)
    }

    /// The cut, when bytes come so many at a time.
    fn found(report: &[u8], segment: u64, piece: usize) -> Option<Cut> {
        let mut search = search(report, segment);
        let now = Instant::now();
        while let Some((offset, bound)) = search.wants(now, now + Duration::from_secs(1)) {
            assert!(bound > segment + BEYOND && bound < segment + BEYOND + 1000, "{bound}");
            let at = usize::try_from(offset).expect("small");
            if let Some(cut) = search.feed(&report[at..report.len().min(at + piece)]) {
                return cut;
            }
        }
        None
    }

    #[test]
    fn a_segment_is_cut_after_its_length_however_bytes_come() {
        let report = report(50);
        let cut = found(&report, SEGMENT, report.len()).expect("a cut");
        assert!((SEGMENT..2 * SEGMENT).contains(&cut.offset), "{}", cut.offset);
        assert_eq!(found(&report, SEGMENT, 7).map(|cut| cut.offset), Some(cut.offset));
    }

    #[test]
    fn no_cut_leaves_less_than_a_segment() {
        let report = report(50);
        assert!(found(&report, report.len() as u64 / 2 + 300, 100).is_none());
    }

    #[test]
    fn a_host_without_end_is_not_looked_at_to_its_end() {
        let mut report = report(2);
        let end = report.len() as u64;
        report.extend(b"<ReportHost>".iter().chain(&vec![b' '; 3 * 1024 * 1024]));
        let mut search = search(&report, SEGMENT);
        let (now, mut looked) = (Instant::now(), 0);
        while let Some((offset, _)) = search.wants(now, now + Duration::from_secs(1)) {
            let at = usize::try_from(offset).expect("small");
            looked = report.len().min(at + 10_000);
            search.feed(&report[at..looked]);
        }
        assert!((looked as u64) < end + SEARCHED_SEGMENTS * SEGMENT + BEYOND + 10_000, "{looked}");
    }

    #[test]
    fn nobody_looks_beyond_the_deadline() {
        let now = Instant::now();
        assert!(search(&report(50), SEGMENT).wants(now, now).is_none());
    }
}
