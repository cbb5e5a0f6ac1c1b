//! A record of any syntax as a tree of texts, in two flat buffers that are used again for the next record.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The tree. Its first node is the record.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Branch>,
    text: String,
}

/// A value: its parts follow it, up to `end`.
#[derive(Clone, Copy, Debug)]
struct Branch {
    name: Span,
    text: Span,
    end: u32,
    array: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Span(u32, u32);

impl Span {
    fn len(self) -> usize {
        self.1.saturating_sub(self.0) as usize
    }
}

/// Index of a node.
pub(super) type At = u32;

impl Tree {
    /// The tree of a JSON value, as [`Collector`](crate::token::json::collect::Collector) gives it.
    pub(super) fn of_json(&mut self, name: &str, json: &str) -> Result<(), serde_json::Error> {
        self.clear();
        let name = self.keep(name);
        let mut deserializer = serde_json::Deserializer::from_str(json);
        Seed { tree: self, name }.deserialize(&mut deserializer)?;
        deserializer.end()
    }

    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.text.clear();
    }

    /// Bytes of text in it.
    pub(super) fn size(&self) -> usize {
        self.text.len() + self.nodes.len() * size_of::<Branch>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Begins a value with parts.
    pub(super) fn begin(&mut self, name: &str) -> At {
        let name = self.keep(name);
        self.push(name, Span::default(), false)
    }

    /// Ends it; its own text, if it has one.
    pub(super) fn end(&mut self, at: At, text: &str) {
        let text = self.keep(text);
        let end = index(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(at as usize) {
            (node.text, node.end) = (text, end);
        }
    }

    /// Adds a value without parts.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        let (name, text) = (self.keep(name), self.keep(text));
        self.push(name, text, false);
    }

    pub(super) fn name(&self, at: At) -> &str {
        self.nodes.get(at as usize).map_or("", |node| self.span(node.name))
    }

    pub(super) fn is_named(&self, at: At, name: &str) -> bool {
        // Of many members one has the name, and few have its length.
        self.nodes.get(at as usize).is_some_and(|node| node.name.len() == name.len() && self.span(node.name) == name)
    }

    /// Its own text, empty for none.
    pub(super) fn text(&self, at: At) -> &str {
        self.nodes.get(at as usize).map_or("", |node| self.span(node.text))
    }

    pub(super) fn is_array(&self, at: At) -> bool {
        self.nodes.get(at as usize).is_some_and(|node| node.array)
    }

    /// Its members, elements, attributes, children.
    pub(super) fn parts(&self, at: At) -> impl Iterator<Item = At> {
        let end = self.nodes.get(at as usize).map_or(0, |node| node.end);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let part = (next < end).then_some(next)?;
            next = self.nodes.get(part as usize)?.end;
            Some(part)
        })
    }

    /// A tree of elements for a checkpoint: each node as its name, its text and its parts. In an object parts of one name would be one.
    pub(super) fn save(&self) -> Value {
        self.save_node(0)
    }

    fn save_node(&self, at: At) -> Value {
        let parts: Vec<Value> = self.parts(at).map(|part| self.save_node(part)).collect();
        Value::from(vec![Value::from(self.name(at)), Value::from(self.text(at)), Value::from(parts)])
    }

    /// The tree that was saved.
    pub(super) fn load(saved: &Value) -> Option<Self> {
        let mut tree = Self::default();
        tree.load_node(saved)?;
        Some(tree)
    }

    fn load_node(&mut self, saved: &Value) -> Option<()> {
        let at = self.begin(saved.get(0)?.as_str()?);
        for part in saved.get(2)?.as_array()? {
            self.load_node(part)?;
        }
        self.end(at, saved.get(1)?.as_str()?);
        Some(())
    }

    fn span(&self, Span(from, to): Span) -> &str {
        self.text.get(from as usize..to as usize).unwrap_or_default()
    }

    fn keep(&mut self, text: &str) -> Span {
        let from = index(self.text.len());
        self.text.push_str(text);
        Span(from, index(self.text.len()))
    }

    fn push(&mut self, name: Span, text: Span, array: bool) -> At {
        let at = index(self.nodes.len());
        self.nodes.push(Branch { name, text, end: at + 1, array });
        at
    }
}

/// Records are far below 4 GiB (`limits::RECORD`, `limits::DEFINITIONS`).
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

struct Seed<'t> {
    tree: &'t mut Tree,
    name: Span,
}

struct Key<'t>(&'t mut Tree);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Span;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        Ok(self.0.keep(text))
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let text = self.tree.keep(text);
        self.tree.push(self.name, text, false);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.visit_str("")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let at = self.tree.push(self.name, Span::default(), true);
        while elements.next_element_seed(Seed { tree: self.tree, name: Span::default() })?.is_some() {}
        self.tree.end(at, "");
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let at = self.tree.push(self.name, Span::default(), false);
        while let Some(name) = members.next_key_seed(Key(self.tree))? {
            members.next_value_seed(Seed { tree: self.tree, name })?;
        }
        self.tree.end(at, "");
        Ok(())
    }
}
