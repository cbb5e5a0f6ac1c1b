//! Numbers of a few bits each: levels, indexes into a dictionary, booleans.

#![expect(clippy::cast_possible_truncation, reason = "values of a known width")]

const BYTE: usize = 8;
/// Bits of a number in eight bytes that may begin in the middle of one.
const QUICK: u8 = 57;
/// Bytes of a number of 64 bits that begins in the middle of one.
const WIDE: usize = 9;
const SEVEN: u32 = 7;
const MORE: u8 = 0x80;
const VARINT: u32 = 10;
/// Values of a group that is packed.
const GROUP: u64 = 8;

/// The bits from `bit` on, least significant first. Bits behind the end are no error but 0, as whoever packs the last group may leave them away: the caller
/// knows where values end.
#[inline]
pub(super) fn read_bits(bytes: &[u8], bit: usize, width: u8) -> u64 {
    if width == 0 {
        return 0;
    }
    let (at, shift) = (bit / BYTE, bit % BYTE);
    let mask = u64::MAX >> (u64::BITS - u32::from(width));
    if width <= QUICK
        && let Some(Ok(eight)) = bytes.get(at..at + BYTE).map(<[u8; BYTE]>::try_from)
    {
        return (u64::from_le_bytes(eight) >> shift) & mask;
    }
    let there = bytes.get(at..).unwrap_or_default();
    let wide = there.iter().take(WIDE).rev().fold(0_u128, |value, byte| (value << BYTE) | u128::from(*byte));
    u64::try_from((wide >> shift) & u128::from(mask)).unwrap_or_default()
}

/// An unsigned number of seven bits a byte.
pub(super) fn read_varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for index in 0..VARINT {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & !MORE).wrapping_shl(index * SEVEN);
        if byte & MORE == 0 {
            return Some(value);
        }
    }
    None
}

/// Runs of one value, and groups of eight that are packed: where it is in its bytes, which are those of a page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hybrid {
    at: usize,
    end: usize,
    width: u8,
    left: u64,
    packed: bool,
    /// The run's value; of packed ones, the bit at which the next begins.
    value: u64,
}

impl Hybrid {
    /// Reads values of this width from there to `end`.
    pub(super) fn new(at: usize, end: usize, width: u8) -> Self {
        Self { at, end, width, ..Self::default() }
    }

    /// The next value.
    #[inline]
    pub(super) fn next(&mut self, page: &[u8]) -> Option<u32> {
        if self.left == 0 && !self.run(page) {
            return None;
        }
        self.left -= 1;
        if !self.packed {
            return Some(self.value as u32);
        }
        let bit = self.value;
        self.value += u64::from(self.width);
        Some(read_bits(page.get(..self.end)?, usize::try_from(bit).ok()?, self.width) as u32)
    }

    /// Begins the next run that has values.
    #[cold]
    fn run(&mut self, page: &[u8]) -> bool {
        let Some(page) = page.get(..self.end) else { return false };
        while self.left == 0 {
            let Some(header) = read_varint(page, &mut self.at) else { return false };
            let length = header >> 1;
            self.packed = header & 1 == 1;
            if self.packed {
                self.value = self.at as u64 * BYTE as u64;
                // Of a group that is cut, the values that are there.
                let there = (page.len() - self.at) as u64 * BYTE as u64;
                let said = length.saturating_mul(GROUP);
                self.left = if self.width == 0 { said } else { said.min(there / u64::from(self.width)) };
                let bytes = length.saturating_mul(u64::from(self.width)).min(there / BYTE as u64);
                self.at += usize::try_from(bytes).unwrap_or_default();
            } else {
                let bytes = usize::from(self.width).div_ceil(BYTE);
                if page.len() - self.at < bytes {
                    return false;
                }
                self.value = read_bits(page, self.at * BYTE, self.width);
                self.at += bytes;
                self.left = length;
            }
        }
        true
    }
}

/// Levels of a page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Levels {
    /// All are 0.
    #[default]
    Zero,
    /// As all writers of today do it.
    Hybrid(Hybrid),
    /// Packed with the most significant bit first, as writers did before 2014.
    Packed { bit: usize, end: usize, width: u8 },
}

impl Levels {
    /// Bits of a level.
    pub(super) fn width(most: u8) -> u8 {
        (u8::BITS - most.leading_zeros()) as u8
    }

    #[inline]
    pub(super) fn next(&mut self, page: &[u8]) -> Option<u8> {
        match self {
            Self::Zero => Some(0),
            Self::Hybrid(hybrid) => hybrid.next(page).and_then(|level| u8::try_from(level).ok()),
            Self::Packed { bit, end, width } => {
                let mut level = 0;
                for _ in 0..*width {
                    let byte = page.get(..*end)?.get(*bit / BYTE)?;
                    level = (level << 1) | ((byte >> (BYTE - 1 - *bit % BYTE)) & 1);
                    *bit += 1;
                }
                Some(level)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_at_any_place_and_width() {
        let bytes = [0b1000_0001, 0b1100_0011, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0x55];
        assert_eq!(read_bits(&bytes, 0, 1), 1);
        assert_eq!(read_bits(&bytes, 7, 3), 0b111);
        assert_eq!(read_bits(&bytes, 9, 0), 0);
        assert_eq!(read_bits(&bytes, 4, 64), 0x0f_f00f_f00f_fc38 | (0xf << 60));
        assert_eq!(read_bits(&bytes, 72, 32), 0x55, "behind the end there is nothing");
        assert_eq!(read_bits(&bytes, 8000, 32), 0);
    }

    #[test]
    fn runs_and_groups_follow_one_another() {
        // Three times 5; eight packed values of 3 bits, 0 to 7; an empty run; twice 1.
        let page = [6, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010, 0, 0, 4, 1];
        let mut hybrid = Hybrid::new(0, page.len(), 3);
        let values: Vec<_> = std::iter::from_fn(|| hybrid.next(&page)).collect();
        assert_eq!(values, [5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7, 1, 1]);
    }

    #[test]
    fn what_is_cut_or_lies_ends() {
        for (page, width, expected) in [
            (vec![], 3, vec![]),
            (vec![6], 3, vec![]),
            (vec![3, 0b1000_1000], 3, vec![0, 1]),
            (vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 7], 8, vec![7]),
            (vec![0xff; 20], 8, vec![]),
        ] {
            let mut hybrid = Hybrid::new(0, page.len(), width);
            let values: Vec<_> = std::iter::from_fn(|| hybrid.next(&page)).collect();
            assert_eq!(values, expected, "{page:?}");
        }
        assert_eq!(Hybrid::new(0, 5, 1).next(&[2, 1]), None, "an end behind the page");
    }

    #[test]
    fn old_levels_have_their_most_significant_bit_first() {
        let mut levels = Levels::Packed { bit: 0, end: 2, width: 3 };
        let values: Vec<_> = std::iter::from_fn(|| levels.next(&[0b0000_0101, 0b0011_1001])).collect();
        assert_eq!(values, [0, 1, 2, 3, 4]);
        assert_eq!([0, 1, 2, 3, 4, 255].map(Levels::width), [0, 1, 2, 2, 3, 8]);
    }
}
