//! Texts of callers that people will read: how long they may be, and which characters they never have. And what a log may show of such texts, and of what
//! a database says of them. For components and tools alike, without dependencies.

use std::fmt;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

mod database;
pub use database::said_by_database;

/// Characters that no text has, and what is wrong with each: nobody sees them, or they show a text as another than it is.
const REFUSED: [(RangeInclusive<char>, &str); 9] = [
    ('\0'..='\u{1f}', CONTROL),
    ('\u{7f}'..='\u{9f}', CONTROL),
    ('\u{2028}'..='\u{2029}', "ends a line"),
    ('\u{61c}'..='\u{61c}', DIRECTION),
    ('\u{200e}'..='\u{200f}', DIRECTION),
    ('\u{202a}'..='\u{202e}', DIRECTION),
    ('\u{2066}'..='\u{2069}', DIRECTION),
    ('\u{feff}'..='\u{feff}', "marks an order of bytes"),
    ('\u{fff0}'..='\u{fffb}', "is for marks within a program"),
];
const CONTROL: &str = "is a control character";
const DIRECTION: &str = "changes the direction in which text is read";
const NO_CHARACTER: &str = "stands for no character";
const NOT_ASCII: &str = "is not ASCII";

/// Code points that are none for good (Unicode, 23.7), beside the last two of each plane.
const NO_CHARACTERS: RangeInclusive<char> = '\u{fdd0}'..='\u{fdef}';
/// What the last two code points of each plane have in common.
const END_OF_PLANE: u32 = 0xfffe;

/// Characters that only texts of several lines have.
const OF_LINES: [char; 2] = ['\n', '\t'];

/// A text of a caller that has 1 to `MAX` characters and none that is refused. It is made before anything is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// A text of one line. `name` is what errors call it.
    pub fn line(name: &'static str, text: &str) -> Result<Self, TextError> {
        Self::new(name, text, fault_of)
    }

    /// A text of one or more lines: line feeds and tabs are taken.
    pub fn lines(name: &'static str, text: &str) -> Result<Self, TextError> {
        Self::new(name, text, |c| if OF_LINES.contains(&c) { None } else { fault_of(c) })
    }

    /// A text of one line in ASCII.
    pub fn ascii(name: &'static str, text: &str) -> Result<Self, TextError> {
        Self::new(name, text, |c| if c.is_ascii() { fault_of(c) } else { Some(NOT_ASCII) })
    }

    fn new(name: &'static str, text: &str, fault_of: impl Fn(char) -> Option<&'static str>) -> Result<Self, TextError> {
        let refused = |fault| Err(TextError { name, most: MAX, fault });
        if text.trim().is_empty() {
            return refused(Fault::Empty);
        }
        let mut characters = 0;
        for c in text.chars() {
            characters += 1;
            if let Some(why) = fault_of(c) {
                return refused(Fault::Character { c, place: characters, why });
            }
        }
        if characters > MAX { refused(Fault::TooLong(characters)) } else { Ok(Self(text.to_owned())) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not taken: for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    name: &'static str,
    most: usize,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    TooLong(usize),
    /// The place counts from 1.
    Character {
        c: char,
        place: usize,
        why: &'static str,
    },
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, most, fault } = self;
        match fault {
            Fault::Empty => write!(f, "{name} is empty, it can have 1 to {most} characters"),
            Fault::TooLong(characters) => write!(f, "{name} has {characters} characters, it can have 1 to {most}"),
            Fault::Character { c, place, why } => {
                write!(f, "{name} has the character U+{:04X} at place {place}, which {why}: send it without", u32::from(*c))
            }
        }
    }
}

impl std::error::Error for TextError {}

/// What is wrong with a character; nothing with most.
fn fault_of(c: char) -> Option<&'static str> {
    let refused = REFUSED.iter().find(|(range, _)| range.contains(&c)).map(|(_, why)| *why);
    let is_none = NO_CHARACTERS.contains(&c) || u32::from(c) & END_OF_PLANE == END_OF_PLANE;
    refused.or(is_none.then_some(NO_CHARACTER))
}

/// A text without the characters that no text has: for names of files, which nobody would rename for it.
pub fn cleaned(text: &str) -> String {
    text.chars().filter(|c| fault_of(*c).is_none()).collect()
}

/// A text of somebody else in a log, on one line: the characters that no text has are shown by their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| if fault_of(c).is_some() { write!(f, "{}", c.escape_unicode()) } else { f.write_char(c) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Short = Text<5>;

    /// Characters that Unicode does not count as control characters only, and that change what is seen.
    const UNSEEN: &str = "\0\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}\u{fff9}\
        \u{fffa}\u{fffb}\u{fffe}\u{ffff}\u{fdd0}\u{10ffff}";
    /// Characters of all kinds of writing, some of which are not seen by themselves: joiners are needed to write Persian, and families.
    const SEEN: &str = "a~é報ñ👨\u{200d}👩🏽می\u{200c}خواهم\u{fffd}\u{a0}\u{ad}";

    #[test]
    fn what_is_unseen_is_refused_wherever_it_stands_and_what_is_seen_is_not() {
        for c in UNSEEN.chars() {
            for (place, text) in [(1, format!("{c}ab")), (2, format!("a{c}b")), (3, format!("é報{c}"))] {
                let error = Short::line("scope", &text).unwrap_err().to_string();
                let number = format!("scope has the character U+{:04X} at place {place}, which ", u32::from(c));
                assert!(error.starts_with(&number), "{error}");
                assert!(!error.contains(c), "an error shows itself as it is: {error:?}");
            }
        }
        assert_eq!(Text::<50>::line("scope", SEEN).unwrap().as_str(), SEEN);
    }

    #[test]
    fn every_character_is_refused_cleaned_and_escaped_or_none_of_it() {
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            let taken = Short::line("scope", &text).is_ok();
            assert_eq!(cleaned(&text), if taken { &*text } else { "ab" }, "{c:?}");
            assert_eq!(Escaped(&text).to_string() == text, taken, "{c:?}");
            assert!(!taken || !c.is_control(), "{c:?}");
            assert_eq!(Short::lines("reason", &text).is_ok(), taken || c == '\n' || c == '\t', "{c:?}");
            assert_eq!(Short::ascii("key", &text).is_ok(), taken && c.is_ascii(), "{c:?}");
            let again = cleaned(&Escaped(&text).to_string());
            assert_eq!(again, Escaped(&text).to_string(), "what is escaped has nothing to clean: {c:?}");
        }
    }

    #[test]
    fn a_limit_counts_characters_and_says_both_numbers() {
        assert!(Short::line("scope", "報報報報報").is_ok());
        assert_eq!(Short::line("scope", "報報報報報報").unwrap_err().to_string(), "scope has 6 characters, it can have 1 to 5");
        for blank in ["", " ", "\n", "\u{3000}"] {
            assert_eq!(Short::lines("reason", blank).unwrap_err().to_string(), "reason is empty, it can have 1 to 5 characters");
        }
    }

    #[test]
    fn an_error_says_what_is_wrong_with_the_character() {
        let error = |text| Short::ascii("Idempotency-Key", text).unwrap_err().to_string();
        assert_eq!(error("aé"), "Idempotency-Key has the character U+00E9 at place 2, which is not ASCII: send it without");
        assert_eq!(
            error("\u{1b}[1m"),
            "Idempotency-Key has the character U+001B at place 1, which is a control character: send it without"
        );
        let turned = Short::line("scope", "a\u{202e}b").unwrap_err().to_string();
        assert!(turned.ends_with("U+202E at place 2, which changes the direction in which text is read: send it without"), "{turned}");
    }

    #[test]
    fn what_is_escaped_is_one_line() {
        assert_eq!(Escaped("a\nb \u{1b}[2J \u{202e}é").to_string(), r"a\u{a}b \u{1b}[2J \u{202e}é");
    }
}
