//! The start of a file, kept until there is enough of it to tell how it is read: which columns a table has, which lines a text begins with.

/// What takes the bytes of a file in pieces of any size: every tokenizer.
pub trait TakesBytes {
    /// Offset of the bytes that [`feed`](Self::feed) wants.
    fn position(&self) -> u64;
    /// How far the file is read, in bytes: at its end, its length.
    fn progress(&self) -> u64;
    /// Takes the bytes at [`position`](Self::position).
    fn feed(&mut self, bytes: &[u8]);
    /// Says that the file ends at [`position`](Self::position).
    fn end_of_input(&mut self);
    /// Bytes that were looked at so far, those that were looked at again as often: what reading costs, whatever the machine.
    fn work(&self) -> u64;
}

impl<T: TakesBytes + ?Sized> TakesBytes for Box<T> {
    fn position(&self) -> u64 {
        (**self).position()
    }

    fn progress(&self) -> u64 {
        (**self).progress()
    }

    fn feed(&mut self, bytes: &[u8]) {
        (**self).feed(bytes);
    }

    fn end_of_input(&mut self) {
        (**self).end_of_input();
    }

    fn work(&self) -> u64 {
        (**self).work()
    }
}

/// A file of which it is not known from the first byte on how it is read.
#[derive(Debug)]
pub enum Start<T> {
    /// Its first bytes.
    Held {
        /// All that was fed.
        bytes: Vec<u8>,
        /// There are no others.
        ended: bool,
    },
    /// What reads it.
    Known(T),
}

impl<T> Default for Start<T> {
    fn default() -> Self {
        Self::Held { bytes: Vec::new(), ended: false }
    }
}

impl<T: TakesBytes> Start<T> {
    /// The first `length` bytes, and whether they are all; none until they are there, and when it is known how the file is read.
    pub fn first(&self, length: usize) -> Option<(&[u8], bool)> {
        match self {
            Self::Held { bytes, ended } if *ended || bytes.len() >= length => {
                let first = &bytes[..bytes.len().min(length)];
                Some((first, *ended && first.len() == bytes.len()))
            }
            _ => None,
        }
    }

    /// Reads the file with these tokens, from their position on.
    pub fn read_with(&mut self, mut tokens: T) {
        if let Self::Held { bytes, ended } = self {
            let from = usize::try_from(tokens.position()).unwrap_or(usize::MAX).min(bytes.len());
            tokens.feed(&bytes[from..]);
            if *ended {
                tokens.end_of_input();
            }
        }
        *self = Self::Known(tokens);
    }
}

impl<T: TakesBytes> TakesBytes for Start<T> {
    fn position(&self) -> u64 {
        match self {
            Self::Held { bytes, .. } => bytes.len() as u64,
            Self::Known(tokens) => tokens.position(),
        }
    }

    fn progress(&self) -> u64 {
        match self {
            Self::Held { .. } => 0,
            Self::Known(tokens) => tokens.progress(),
        }
    }

    fn feed(&mut self, piece: &[u8]) {
        match self {
            Self::Held { bytes, .. } => bytes.extend_from_slice(piece),
            Self::Known(tokens) => tokens.feed(piece),
        }
    }

    fn end_of_input(&mut self) {
        match self {
            Self::Held { ended, .. } => *ended = true,
            Self::Known(tokens) => tokens.end_of_input(),
        }
    }

    fn work(&self) -> u64 {
        match self {
            Self::Held { bytes, .. } => bytes.len() as u64,
            Self::Known(tokens) => tokens.work(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Position, csv};

    #[test]
    fn what_is_held_is_read_on_from_the_position_of_the_tokens() {
        let mut start = Start::default();
        start.feed(b"a,b\n1");
        assert_eq!((start.position(), start.progress()), (5, 0));
        assert_eq!(start.first(3), Some((b"a,b".as_slice(), false)));
        assert_eq!(start.first(6), None, "more may come");
        start.feed(b",2");
        start.end_of_input();
        assert_eq!(start.first(100), Some((b"a,b\n1,2".as_slice(), true)));
        start.read_with(csv::Tokenizer::new(b',', Position::START.moved_to(4, 2)));
        assert_eq!((start.first(3), start.position()), (None, 7));
        let Start::Known(tokens) = &mut start else { panic!("it is known how the file is read") };
        assert_eq!(tokens.next(), Ok(csv::Token::Row));
        assert_eq!((tokens.fields().collect::<Vec<_>>(), tokens.row_start().line), (vec!["1".into(), "2".into()], 2));
        assert_eq!((tokens.next(), start.progress()), (Ok(csv::Token::End), 7));
    }
}
