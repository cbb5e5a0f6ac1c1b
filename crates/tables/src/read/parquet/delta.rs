//! `DELTA_BINARY_PACKED`: whole numbers as what each adds to the one before.

use super::bits::{read_bits, read_varint};

const BYTE: usize = 8;
/// Blocks of a thousand times the values that writers put in one have no use.
const BLOCK: u64 = 1 << 20;
/// Values of a miniblock are a multiple of this.
const MULTIPLE: u64 = 32;
const WIDEST: u8 = 64;

/// Where it is in its bytes, which are those of a page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delta {
    at: usize,
    end: usize,
    /// Values of a miniblock, and miniblocks of a block.
    values: usize,
    miniblocks: usize,
    /// Values that are left in all.
    left: u64,
    last: i64,
    first: bool,
    /// Of the block.
    least: i64,
    widths: usize,
    next_miniblock: usize,
    /// Of the miniblock.
    width: u8,
    bit: usize,
    left_here: usize,
}

impl Delta {
    /// Reads the header.
    pub(super) fn new(page: &[u8], at: usize, end: usize) -> Option<Self> {
        let mut delta = Self { at, end, first: true, ..Self::default() };
        let bytes = page.get(..end)?;
        let block = read_varint(bytes, &mut delta.at)?;
        let miniblocks = read_varint(bytes, &mut delta.at)?;
        delta.left = read_varint(bytes, &mut delta.at)?;
        delta.last = zigzag(read_varint(bytes, &mut delta.at)?);
        if block > BLOCK || miniblocks == 0 || !block.is_multiple_of(miniblocks) {
            return None;
        }
        let values = block / miniblocks;
        if values == 0 || !values.is_multiple_of(MULTIPLE) {
            return None;
        }
        delta.values = usize::try_from(values).ok()?;
        delta.miniblocks = usize::try_from(miniblocks).ok()?;
        delta.next_miniblock = delta.miniblocks;
        Some(delta)
    }

    /// The next value.
    #[inline]
    pub(super) fn next(&mut self, page: &[u8]) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        if self.first {
            self.first = false;
            return Some(self.last);
        }
        if self.left_here == 0 {
            self.miniblock(page)?;
        }
        self.left_here -= 1;
        let delta = read_bits(page.get(..self.end)?, self.bit, self.width).cast_signed();
        self.bit += usize::from(self.width);
        self.last = self.last.wrapping_add(delta).wrapping_add(self.least);
        Some(self.last)
    }

    fn miniblock(&mut self, page: &[u8]) -> Option<()> {
        let page = page.get(..self.end)?;
        if self.next_miniblock == self.miniblocks {
            self.least = zigzag(read_varint(page, &mut self.at)?);
            self.widths = self.at;
            self.at = self.at.checked_add(self.miniblocks).filter(|at| *at <= page.len())?;
            self.next_miniblock = 0;
        }
        self.width = *page.get(self.widths + self.next_miniblock)?;
        // The last miniblocks of the last block may be cut behind the last value.
        let needed = u64::from(self.width) * self.left.saturating_add(1).min(self.values as u64);
        let there = (page.len() - self.at) as u64 * BYTE as u64;
        if self.width > WIDEST || needed > there {
            return None;
        }
        self.bit = self.at * BYTE;
        self.at = (self.at + usize::from(self.width) * self.values / BYTE).min(page.len());
        self.next_miniblock += 1;
        self.left_here = self.values;
        Some(())
    }

    /// Where the bytes behind it begin: it is read to its end, which costs no more than to read its values. The sum of its values, if it can be one of lengths.
    pub(super) fn behind(mut self, page: &[u8], most: u64) -> Option<usize> {
        if self.left > most {
            return None;
        }
        while self.left > 0 {
            self.next(page)?;
        }
        Some(self.at)
    }
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(page: &[u8]) -> Option<Vec<i64>> {
        let mut delta = Delta::new(page, 0, page.len())?;
        Some(std::iter::from_fn(|| delta.next(page)).collect())
    }

    /// Blocks of 128 values in 4 miniblocks, 3 values: 7, 5, 3; the format's own second example is like it.
    const THREE: &[u8] = &[0x80, 1, 4, 3, 14, 3, 0, 0, 0, 0];

    #[test]
    fn values_are_sums() {
        assert_eq!(values(THREE), Some(vec![7, 5, 3]));
        // Deltas 1 and 3: the least is 1, what is above it takes two bits.
        let page = [0x80, 1, 4, 3, 2, 2, 2, 0, 0, 0, 0b1000, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(values(&page), Some(vec![1, 2, 5]));
        assert_eq!(Delta::new(&page, 0, page.len()).and_then(|delta| delta.behind(&page, 3)), Some(page.len()));
    }

    #[test]
    fn headers_that_lie_are_no_deltas() {
        for header in
            [&[0x80, 1, 0, 3, 14][..], &[0x80, 1, 3, 3, 14], &[0, 4, 3, 14], &[0xff, 0xff, 0xff, 0x7f, 1, 3, 14], &[0x80, 1, 4, 3]]
        {
            assert_eq!(values(header), None, "{header:?}");
        }
        assert_eq!(values(&THREE[..5]), Some(vec![7]), "it ends where its bytes end");
        let many = [0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 14, 3, 0, 0, 0, 0];
        assert_eq!(Delta::new(&many, 0, many.len()).and_then(|delta| delta.behind(&many, 1000)), None);
        assert_eq!(values(&many).map(|values| values.len()), Some(129));
    }
}
