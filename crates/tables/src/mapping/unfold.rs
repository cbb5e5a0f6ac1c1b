//! Objects made fields, and elements of an array made rows. What is taken out of JSON keeps its digits: no number is read.

use std::fmt;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::document::Mapping;
use super::mapper::Row;
use super::target::Flaw;
use crate::{Cell, limits, read::Rows};

/// Takes rows apart.
#[derive(Debug)]
pub(super) struct Unfold {
    /// Levels of objects that are made fields.
    depth: usize,
    /// The field with the array.
    array: Option<String>,
    /// Of the row's own fields and of parts of them, as they came.
    names: Vec<String>,
    /// For each of the row's own fields its place in `names`, and whether it is an object whose members are parts.
    own: Vec<(usize, bool)>,
    /// The place of parts by their names.
    by_name: HashMap<String, usize>,
    /// Parts of the row, and after `shared` of them those of the element.
    parts: Vec<Part>,
    shared: usize,
    /// Texts of the parts.
    texts: String,
    shared_texts: usize,
    /// The array's elements, as JSON.
    elements: Vec<Range<usize>>,
    array_text: String,
    /// The name of the part that is being taken out.
    name: String,
}

/// A field that was taken out of another.
#[derive(Debug)]
struct Part {
    name: usize,
    kind: Kind,
    text: Range<usize>,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Null,
    Boolean(bool),
    Number,
    Text,
    Json,
    /// An object whose members are parts themselves.
    Object,
}

/// A row with the fields of one of its elements.
pub(super) struct Unfolded<'a, R> {
    pub(super) unfold: &'a Unfold,
    pub(super) row: &'a R,
}

impl Unfold {
    /// Where a mapping asks for it.
    pub(super) fn of(mapping: &Mapping) -> Option<Self> {
        let depth = mapping.flatten.as_ref().map_or(0, |flatten| usize::try_from(flatten.depth).unwrap_or(1));
        let array = mapping.explode.as_ref().map(|explode| explode.from.clone());
        (depth > 0 || array.is_some()).then(|| Self {
            depth,
            array,
            names: Vec::new(),
            own: Vec::new(),
            by_name: HashMap::new(),
            parts: Vec::new(),
            shared: 0,
            texts: String::new(),
            shared_texts: 0,
            elements: Vec::new(),
            array_text: String::new(),
            name: String::new(),
        })
    }

    /// Whether a row is several.
    pub(super) fn explodes(&self) -> bool {
        self.array.is_some()
    }

    /// Whether it is time to forget names, since objects have ever new ones.
    pub(super) fn is_full(&self) -> bool {
        self.by_name.len() > 2 * limits::COLUMNS
    }

    /// Forgets the names of the fields.
    pub(super) fn restart(&mut self) {
        self.names.clear();
        self.own.clear();
        self.by_name.clear();
    }

    /// Takes a row apart, and says how many rows it is: at least one.
    pub(super) fn read(&mut self, row: &impl Rows) -> Result<usize, Flaw> {
        let names = row.names();
        for name in names.get(self.own.len()..).unwrap_or_default() {
            if self.array.as_ref() == Some(name) {
                // Its elements take its place.
                self.by_name.insert(name.clone(), self.names.len());
            }
            self.own.push((self.names.len(), false));
            self.names.push(name.clone());
        }
        self.own.iter_mut().for_each(|own| own.1 = false);
        self.parts.clear();
        self.texts.clear();
        self.elements.clear();
        self.array_text.clear();
        let mut result = Ok(());
        row.cells(|index, cell| {
            if result.is_ok() {
                result = self.read_cell(index, names.get(index).map_or("", String::as_str), cell);
            }
        });
        result?;
        self.shared = self.parts.len();
        self.shared_texts = self.texts.len();
        Ok(self.elements.len().max(1))
    }

    fn read_cell(&mut self, index: usize, name: &str, cell: Cell<'_>) -> Result<(), Flaw> {
        match cell {
            Cell::Json(json) | Cell::Text(json) if self.array.as_deref() == Some(name) => self.read_array(json),
            Cell::Json(json) if self.depth > 0 => {
                self.begin_name(name);
                let apart = self.take_apart(json, self.depth)?;
                if let Some(own) = self.own.get_mut(index) {
                    own.1 = apart;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What is no array, and no object either, stays as it is.
    fn read_array(&mut self, json: &str) -> Result<(), Flaw> {
        let mut result = Ok(());
        let read = match first(json) {
            Some(b'[') => members(json, |_, _, element| {
                if result.is_ok() {
                    result = self.add_element(element);
                }
            }),
            // An object on its own is an array of one.
            Some(b'{') => members(json, |_, _, _| ()).map(|()| result = self.add_element(json)),
            _ => return Ok(()),
        };
        match read {
            Err(_) => self.elements.clear(),
            Ok(()) if self.elements.is_empty() => return self.add_element("null"),
            Ok(()) => {}
        }
        result
    }

    fn add_element(&mut self, json: &str) -> Result<(), Flaw> {
        if self.elements.len() == limits::ELEMENTS {
            return Err(Flaw::new("too_many_elements", format!("the array has more than {} elements", limits::ELEMENTS)));
        }
        let start = self.array_text.len();
        self.array_text.push_str(json);
        self.elements.push(start..self.array_text.len());
        Ok(())
    }

    /// Goes to an element.
    pub(super) fn element(&mut self, index: usize) -> Result<(), Flaw> {
        self.parts.truncate(self.shared);
        self.texts.truncate(self.shared_texts);
        let (Some(range), Some(name)) = (self.elements.get(index), &self.array) else { return Ok(()) };
        self.name.clear();
        self.name.push_str(name);
        let array = std::mem::take(&mut self.array_text);
        let json = array.get(range.clone()).unwrap_or_default();
        let result = self.take_apart(json, self.depth.max(1)).and_then(|apart| self.add(json, apart));
        self.array_text = array;
        result
    }

    fn begin_name(&mut self, name: &str) {
        self.name.clear();
        self.name.push_str(name);
    }

    /// Makes parts of the members of an object, whose name is begun; false where it is none, or has none.
    fn take_apart(&mut self, json: &str, depth: usize) -> Result<bool, Flaw> {
        if first(json) != Some(b'{') {
            return Ok(false);
        }
        let (stem, parts, texts) = (self.name.len(), self.parts.len(), self.texts.len());
        let mut result = Ok(());
        let read = members(json, |key, _, value| {
            if result.is_ok() {
                self.name.push('.');
                self.name.push_str(key.unwrap_or_default());
                let apart = if depth > 1 { self.take_apart(value, depth - 1) } else { Ok(false) };
                result = apart.and_then(|apart| self.add(value, apart));
                self.name.truncate(stem);
            }
        });
        if read.is_err() {
            self.parts.truncate(parts);
            self.texts.truncate(texts);
            return Ok(false);
        }
        result.map(|()| self.parts.len() > parts)
    }

    /// A part of the name that is begun.
    fn add(&mut self, json: &str, apart: bool) -> Result<(), Flaw> {
        let name = self.place()?;
        let start = self.texts.len();
        let kind = match first(json) {
            _ if apart => Kind::Object,
            Some(b'n') => Kind::Null,
            Some(first @ (b't' | b'f')) => Kind::Boolean(first == b't'),
            Some(b'"') if text_of_json(json, &mut self.texts).is_ok() => Kind::Text,
            Some(b'{' | b'[' | b'"') => Kind::Json,
            _ => Kind::Number,
        };
        if kind != Kind::Text {
            self.texts.truncate(start);
            self.texts.push_str(json);
        }
        self.parts.push(Part { name, kind, text: start..self.texts.len() });
        Ok(())
    }

    /// Where the name is in `names`.
    fn place(&mut self) -> Result<usize, Flaw> {
        // The row alone decides, and not which ones came before.
        if self.parts.len() >= limits::COLUMNS || self.name.len() > limits::FIELD_NAME {
            let message =
                format!("objects of the row have more than {} members, or names longer than {} bytes", limits::COLUMNS, limits::FIELD_NAME);
            return Err(Flaw::new("too_many_fields", message + "; read the object as jsonb, or take fewer levels apart"));
        }
        if let Some(place) = self.by_name.get(&self.name) {
            return Ok(*place);
        }
        let place = self.names.len();
        self.names.push(self.name.clone());
        self.by_name.insert(self.name.clone(), place);
        Ok(place)
    }
}

impl<R: Rows> Row for Unfolded<'_, R> {
    fn names(&self) -> &[String] {
        &self.unfold.names
    }

    fn cells<'a>(&'a self, mut take: impl FnMut(usize, Cell<'a>, bool)) {
        let unfold = self.unfold;
        let names = self.row.names();
        self.row.cells(|index, cell| {
            let is_array = unfold.explodes() && names.get(index) == unfold.array.as_ref() && !unfold.elements.is_empty();
            if let (Some((place, apart)), false) = (unfold.own.get(index), is_array) {
                take(*place, cell, *apart);
            }
        });
        for part in &unfold.parts {
            let text = unfold.texts.get(part.text.clone()).unwrap_or_default();
            let cell = match part.kind {
                Kind::Null => Cell::Null,
                Kind::Boolean(value) => Cell::Boolean(value),
                Kind::Number => Cell::Number(text),
                Kind::Text => Cell::Text(text),
                Kind::Json | Kind::Object => Cell::Json(text),
            };
            take(part.name, cell, part.kind == Kind::Object);
        }
    }
}

/// The first byte that is no white space.
fn first(json: &str) -> Option<u8> {
    json.bytes().find(|byte| !byte.is_ascii_whitespace())
}

/// Appends what JSON stands for, as text: of a string its characters, of all else the JSON itself. False where it is null.
pub(super) fn text_of_json(json: &str, to: &mut String) -> Result<bool, serde_json::Error> {
    match first(json) {
        Some(b'"') => Text(to).deserialize(&mut serde_json::Deserializer::from_str(json))?,
        Some(b'n') => return Ok(false),
        _ => to.push_str(json.trim()),
    }
    Ok(true)
}

/// Gives the members of an object with their names, or the elements of an array, with their numbers and as JSON. Nothing of all else. An error, which may
/// come after some of them, where it is no JSON.
pub(super) fn members<'a>(json: &'a str, each: impl FnMut(Option<&str>, usize, &'a str)) -> Result<(), serde_json::Error> {
    if !matches!(first(json), Some(b'{' | b'[')) {
        return Ok(());
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_any(Members(each))?;
    deserializer.end()
}

struct Members<F>(F);

impl<'de, F: FnMut(Option<&str>, usize, &'de str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let (mut key, mut count) = (String::new(), 0);
        while map.next_key_seed(Text(&mut key))?.is_some() {
            let value: &RawValue = map.next_value()?;
            (self.0)(Some(&key), count, value.get());
            key.clear();
            count += 1;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(value) = elements.next_element::<&RawValue>()? {
            (self.0)(None, count, value.get());
            count += 1;
        }
        Ok(())
    }
}

/// Appends a string.
struct Text<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }
}
