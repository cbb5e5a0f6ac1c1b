//! What is needed of a value.

use std::fmt;

/// Bytes of a text that stands where others have an object.
const EITHER: usize = 4096;

/// What is needed of a value.
pub enum Shape {
    /// A text, cut to that many bytes.
    Text(usize),
    /// A number.
    Number,
    /// An object, and of it these members.
    Object(&'static [(&'static str, Shape)]),
    /// A text, or an object of which these members are needed.
    Either(&'static [(&'static str, Shape)]),
    /// An object, and all its members.
    Map(&'static Shape),
    /// An array, and all its elements. One that does not have the shape becomes its empty value: elements are named by their index.
    List(&'static Shape),
    /// A list, or one that is not in an array.
    OneOrMany(&'static Shape),
    /// Whatever it is; texts in it are cut to that many bytes.
    Any(usize),
}

impl Shape {
    /// The shape of a value that is no array.
    pub fn one(&'static self) -> &'static Self {
        if let Self::OneOrMany(shape) = self { shape.one() } else { self }
    }

    pub(super) fn limit(&'static self) -> usize {
        match self.one() {
            Self::Text(limit) | Self::Any(limit) => *limit,
            Self::Either(_) => EITHER,
            // Long enough for any number in quotes.
            _ => 64,
        }
    }

    /// The shape of the member of that name, if it is needed.
    pub fn member(&'static self, name: &str) -> Option<&'static Self> {
        match self {
            Self::Object(members) | Self::Either(members) => members.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape),
            Self::Map(shape) => Some(shape),
            Self::OneOrMany(shape) => shape.member(name),
            Self::Any(_) => Some(self),
            _ => None,
        }
    }

    /// The shape of the elements, if an array is expected.
    pub(super) fn element(&'static self) -> Option<&'static Self> {
        match self {
            Self::List(shape) | Self::OneOrMany(shape) => Some(shape),
            Self::Any(_) => Some(self),
            _ => None,
        }
    }

    pub(super) fn is_object(&'static self) -> bool {
        matches!(self.one(), Self::Object(_) | Self::Either(_) | Self::Map(_) | Self::Any(_))
    }
}

/// As Rust, for a build script to write.
impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(limit) => write!(f, "Shape::Text({limit})"),
            Self::Number => write!(f, "Shape::Number"),
            Self::Object(members) => write!(f, "Shape::Object(&{members:?})"),
            Self::Either(members) => write!(f, "Shape::Either(&{members:?})"),
            Self::Map(shape) => write!(f, "Shape::Map(&{shape:?})"),
            Self::List(shape) => write!(f, "Shape::List(&{shape:?})"),
            Self::OneOrMany(shape) => write!(f, "Shape::OneOrMany(&{shape:?})"),
            Self::Any(limit) => write!(f, "Shape::Any({limit})"),
        }
    }
}
