//! A value of any syntax as a tree of texts, in two flat buffers that are used again for the next record.

use serde_json::Value;

mod deserialize;

pub use deserialize::TreeValue;

/// The tree. Its first node is the value.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Branch>,
    text: String,
}

/// A value: its parts follow it, up to `end`.
#[derive(Clone, Copy, Debug)]
struct Branch {
    name: Span,
    text: Span,
    end: u32,
    kind: ValueKind,
}

/// What a value is in JSON. Of XML all is an object or a text, of a table a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// An object: parts with names.
    Object,
    /// An array: parts without names.
    Array,
    /// A text.
    Text,
    /// A number, as it is written.
    Number,
    /// `true` or `false`.
    Word,
    /// Its text is empty.
    Null,
}

/// A text of the tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span(u32, u32);

impl Span {
    fn len(self) -> usize {
        self.1.saturating_sub(self.0) as usize
    }
}

/// Index of a node.
pub type NodeIndex = u32;

impl Tree {
    /// Empties it, for the next value.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.text.clear();
    }

    /// Bytes that it takes.
    #[inline]
    pub fn size(&self) -> usize {
        self.text.len() + self.nodes.len() * size_of::<Branch>()
    }

    /// Whether it holds no value.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Begins a value with parts.
    #[inline]
    pub fn begin(&mut self, name: &str) -> NodeIndex {
        let name = self.keep(name);
        self.begin_named(name, ValueKind::Object)
    }

    /// The same, of a name that is kept.
    #[inline]
    pub fn begin_named(&mut self, name: Span, kind: ValueKind) -> NodeIndex {
        self.push(name, Span::default(), kind)
    }

    /// Ends it; its own text, if it has one.
    #[inline]
    pub fn end(&mut self, at: NodeIndex, text: &str) {
        let text = self.keep(text);
        let end = index(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(at as usize) {
            (node.text, node.end) = (text, end);
        }
    }

    /// Adds a value without parts.
    #[inline]
    pub fn leaf(&mut self, name: &str, text: &str) {
        let name = self.keep(name);
        self.leaf_named(name, ValueKind::Text, |kept| kept.push_str(text));
    }

    /// The same, of a name that is kept and a text that is written.
    pub fn leaf_named(&mut self, name: Span, kind: ValueKind, write: impl FnOnce(&mut String)) {
        let text = self.write(write);
        self.push(name, text, kind);
    }

    /// Its name, empty for none.
    #[inline]
    pub fn name(&self, at: NodeIndex) -> &str {
        self.nodes.get(at as usize).map_or("", |node| self.span(node.name))
    }

    /// Whether it has that name.
    #[inline]
    pub fn is_named(&self, at: NodeIndex, name: &str) -> bool {
        self.nodes.get(at as usize).is_some_and(|node| self.is(node, name))
    }

    #[inline]
    fn is(&self, node: &Branch, name: &str) -> bool {
        // Of many members one has the name, and few have its length.
        node.name.len() == name.len() && self.text.as_bytes().get(node.name.0 as usize..node.name.1 as usize) == Some(name.as_bytes())
    }

    /// Its own text, empty for none.
    #[inline]
    pub fn text(&self, at: NodeIndex) -> &str {
        self.nodes.get(at as usize).map_or("", |node| self.span(node.text))
    }

    /// What it is.
    #[inline]
    pub fn kind(&self, at: NodeIndex) -> ValueKind {
        self.nodes.get(at as usize).map_or(ValueKind::Null, |node| node.kind)
    }

    /// Whether it is an array.
    #[inline]
    pub fn is_array(&self, at: NodeIndex) -> bool {
        self.kind(at) == ValueKind::Array
    }

    /// Its members, elements, attributes, children.
    #[inline]
    pub fn parts(&self, at: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        let end = self.nodes.get(at as usize).map_or(0, |node| node.end);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let part = (next < end).then_some(next)?;
            next = self.nodes.get(part as usize)?.end;
            Some(part)
        })
    }

    /// The tree for a checkpoint: each node as its name, its text and its parts, an array without a text. In an object parts of one name
    /// would be one.
    pub fn save(&self) -> Value {
        if self.is_empty() { Value::Null } else { self.save_node(0) }
    }

    fn save_node(&self, at: NodeIndex) -> Value {
        let parts: Vec<Value> = self.parts(at).map(|part| self.save_node(part)).collect();
        let text = if self.is_array(at) { Value::Null } else { Value::from(self.text(at)) };
        Value::from(vec![Value::from(self.name(at)), text, Value::from(parts)])
    }

    /// The tree that was saved.
    pub fn load(saved: &Value) -> Option<Self> {
        let mut tree = Self::default();
        if !saved.is_null() {
            tree.load_node(saved)?;
        }
        Some(tree)
    }

    fn load_node(&mut self, saved: &Value) -> Option<()> {
        let (name, text) = (self.keep(saved.get(0)?.as_str()?), saved.get(1)?.as_str());
        let at = self.begin_named(name, text.map_or(ValueKind::Array, |_| ValueKind::Object));
        for part in saved.get(2)?.as_array()? {
            self.load_node(part)?;
        }
        self.end(at, text.unwrap_or_default());
        Some(())
    }

    #[inline]
    fn span(&self, Span(from, to): Span) -> &str {
        self.text.get(from as usize..to as usize).unwrap_or_default()
    }

    /// Keeps a text, for a name.
    #[inline]
    pub fn keep(&mut self, text: &str) -> Span {
        self.write(|kept| kept.push_str(text))
    }

    /// Keeps a text that is written.
    pub fn write(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let from = index(self.text.len());
        write(&mut self.text);
        Span(from, index(self.text.len()))
    }

    #[inline]
    fn push(&mut self, name: Span, text: Span, kind: ValueKind) -> NodeIndex {
        let at = index(self.nodes.len());
        self.nodes.push(Branch { name, text, end: at + 1, kind });
        at
    }
}

/// Whoever collects a tree keeps it far below 4 GiB.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
