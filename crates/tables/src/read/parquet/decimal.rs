//! Decimal numbers as text, with every digit.

#![expect(clippy::cast_possible_truncation, reason = "digits, and limbs with their carry")]

/// Digits behind the point, at most: PostgreSQL takes far more, no writer writes them.
pub(super) const SCALE: u32 = 1000;
/// Bytes of a number: 154 digits. Writers stop at 32.
const BYTES: usize = 64;
const LIMB: usize = 4;
const LIMBS: usize = BYTES / LIMB;
/// What a division takes away of a large number: nine digits.
const BILLION: u32 = 1_000_000_000;
const BILLION_DIGITS: usize = 9;
/// Room for the digits of [`BYTES`], in steps of nine.
const DIGITS: usize = 162;
const TEN: u64 = 10;

/// Digits, written from the last to the first.
struct Digits {
    digits: [u8; DIGITS],
    from: usize,
}

impl Digits {
    fn new() -> Self {
        Self { digits: [b'0'; DIGITS], from: DIGITS }
    }

    #[inline]
    fn push(&mut self, digit: u64) {
        if let Some(place) = self.from.checked_sub(1).and_then(|at| self.digits.get_mut(at)) {
            *place = b'0' + digit as u8;
            self.from -= 1;
        }
    }

    #[inline]
    fn push_all(&mut self, mut value: u64) {
        while value > 0 {
            self.push(value % TEN);
            value /= TEN;
        }
    }

    /// Writes them with the point where it belongs.
    fn write(&self, negative: bool, scale: u32, text: &mut String) {
        let digits = std::str::from_utf8(self.digits.get(self.from..).unwrap_or_default()).unwrap_or_default().trim_start_matches('0');
        let scale = scale as usize;
        if negative {
            text.push('-');
        }
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
        text.push_str(if whole.is_empty() { "0" } else { whole });
        if scale > 0 {
            text.push('.');
            text.extend(std::iter::repeat_n('0', scale - fraction.len()));
            text.push_str(fraction);
        }
    }
}

/// Appends a number whose last `scale` digits are behind the point.
pub(super) fn write(value: i128, scale: u32, text: &mut String) {
    let mut digits = Digits::new();
    let mut magnitude = value.unsigned_abs();
    while u64::try_from(magnitude).is_err() {
        let rest = (magnitude % u128::from(BILLION)) as u64;
        magnitude /= u128::from(BILLION);
        push_nine(&mut digits, rest);
    }
    digits.push_all(magnitude as u64);
    digits.write(value < 0, scale, text);
}

fn push_nine(digits: &mut Digits, mut value: u64) {
    for _ in 0..BILLION_DIGITS {
        digits.push(value % TEN);
        value /= TEN;
    }
}

/// Appends a number in two's complement, most significant byte first; false where it has more bytes than are read.
pub(super) fn write_bytes(bytes: &[u8], scale: u32, text: &mut String) -> bool {
    let negative = bytes.first().is_some_and(|byte| byte.cast_signed() < 0);
    let filling = if negative { u8::MAX } else { 0 };
    if bytes.len() <= size_of::<i128>() {
        let mut wide = [filling; size_of::<i128>()];
        for (to, from) in wide.iter_mut().rev().zip(bytes.iter().rev()) {
            *to = *from;
        }
        write(i128::from_be_bytes(wide), scale, text);
        return true;
    }
    if bytes.len() > BYTES {
        return false;
    }
    write_limbs(magnitude(bytes, filling), negative, scale, text);
    true
}

/// The magnitude, least significant limb first.
fn magnitude(bytes: &[u8], filling: u8) -> [u32; LIMBS] {
    let mut limbs = [0; LIMBS];
    let mut carry = u64::from(filling & 1);
    for (index, limb) in limbs.iter_mut().enumerate() {
        let byte = |at: usize| bytes.len().checked_sub(index * LIMB + at + 1).and_then(|at| bytes.get(at)).copied().unwrap_or(filling);
        // Of a negative one, its complement and one.
        let value = u32::from_le_bytes([byte(0), byte(1), byte(2), byte(LIMB - 1)].map(|byte| byte ^ filling));
        let sum = u64::from(value) + carry;
        *limb = sum as u32;
        carry = sum >> u32::BITS;
    }
    limbs
}

fn write_limbs(mut limbs: [u32; LIMBS], negative: bool, scale: u32, text: &mut String) {
    let mut digits = Digits::new();
    while limbs.iter().any(|limb| *limb > 0) {
        let mut rest = 0_u64;
        for limb in limbs.iter_mut().rev() {
            let value = (rest << u32::BITS) | u64::from(*limb);
            *limb = (value / u64::from(BILLION)) as u32;
            rest = value % u64::from(BILLION);
        }
        push_nine(&mut digits, rest);
    }
    digits.write(negative, scale, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_is_where_the_scale_says() {
        for (value, scale, expected) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 3, "0.005"),
            (-5, 1, "-0.5"),
            (12_300, 2, "123.00"),
            (i128::from(i64::MIN), 4, "-922337203685477.5808"),
            (i128::MAX, 0, "170141183460469231731687303715884105727"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
            (10_i128.pow(20), 0, "100000000000000000000"),
        ] {
            let mut text = String::new();
            write(value, scale, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn bytes_are_read_however_many_there_are() {
        let large = [&[0x7f], [0xff; 31].as_slice()].concat();
        let least = [&[0x80], [0; 31].as_slice()].concat();
        let minus_one = [0xff; 40];
        for (bytes, expected) in [
            (&[][..], "0"),
            (&[0xff], "-1"),
            (&[0x00, 0xff], "255"),
            (&[0x80, 0x00], "-32768"),
            (&large, "57896044618658097711785492504343953926634992332820282019728792003956564819967"),
            (&least, "-57896044618658097711785492504343953926634992332820282019728792003956564819968"),
            (&minus_one, "-1"),
            (&[0; 64], "0"),
        ] {
            let mut text = String::new();
            assert!(write_bytes(bytes, 0, &mut text));
            assert_eq!(text, expected, "{bytes:?}");
        }
        assert!(!write_bytes(&[1; 65], 0, &mut String::new()));
    }
}
