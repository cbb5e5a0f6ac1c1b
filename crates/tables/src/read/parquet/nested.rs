//! Nested columns: JSON from levels and values.
//!
//! Every leaf says of each of its entries how deep there is something (definition level) and of which list it is another element (repetition level); what is
//! above the leaves follows from those of the first leaf below it. Melnik et al., "Dremel", 2010.

use std::ops::Range;

use super::error::{Fault, Result};
use super::json::write_text;
use super::kind::Kind;
use super::leaf::Leaf;
use super::schema::{Node, Repeated, Shape};
use crate::limits;

/// Room that is kept from row to row.
const KEPT: usize = 64 * 1024;

/// A level, and where the text of its value ends.
#[derive(Clone, Copy, Debug)]
struct Entry {
    rep: u8,
    def: u8,
    end: usize,
}

/// What a leaf has in a row.
#[derive(Debug, Default)]
pub(super) struct Entries {
    levels: Vec<Entry>,
    /// The values as JSON, one after the other.
    text: String,
    /// What is written next.
    next: usize,
    from: usize,
    too_large: bool,
}

impl Entries {
    pub(super) fn clear(&mut self) {
        self.levels.clear();
        self.levels.shrink_to(KEPT);
        self.text.clear();
        self.text.shrink_to(KEPT);
        (self.next, self.from, self.too_large) = (0, 0, false);
    }

    /// Adds a level and the text that `write` appends, if there is room. It takes away what it needs.
    pub(super) fn push(&mut self, rep: u8, def: u8, room: &mut usize, needed: usize, write: impl FnOnce(&mut String)) {
        let before = self.text.len();
        if self.too_large || needed > *room {
            self.too_large = true;
            return;
        }
        write(&mut self.text);
        let taken = self.text.len() - before + size_of::<Entry>();
        match room.checked_sub(taken) {
            Some(left) => *room = left,
            None => self.too_large = true,
        }
        self.levels.push(Entry { rep, def, end: self.text.len() });
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.too_large
    }

    fn peek(&self) -> Option<Entry> {
        self.levels.get(self.next).copied()
    }

    /// The next entry and its text.
    fn take(&mut self) -> Option<(Entry, &str)> {
        let entry = self.peek()?;
        let text = self.text.get(self.from..entry.end)?;
        self.next += 1;
        self.from = entry.end;
        Some((entry, text))
    }
}

/// Writes a field of the row as JSON; false where it is larger than a row may be.
pub(super) fn write_field(node: &Node, leaves: &mut [Leaf], out: &mut String) -> Result<bool> {
    out.clear();
    out.shrink_to(KEPT);
    if leaves.get(node.leaves.clone()).is_some_and(|leaves| leaves.iter().any(|leaf| leaf.entries.is_too_large())) {
        return Ok(false);
    }
    let mut writer = Writer { leaves, out };
    writer.field(node).ok_or_else(|| Fault::syntax("its columns have different levels").in_column(&node.name))?;
    let complete = writer.out.len() <= limits::ROW;
    let below = writer.leaves.get(node.leaves.clone()).unwrap_or_default();
    if complete && below.iter().any(|leaf| leaf.entries.peek().is_some()) {
        return Err(Fault::syntax("its columns have different levels").in_column(&node.name));
    }
    Ok(complete)
}

/// Whether a map becomes an object: JSON has no other keys than texts.
fn has_text_keys(key: &Node, leaves: &[Leaf]) -> bool {
    matches!(key.shape, Shape::Leaf) && !key.optional && leaves.get(key.leaves.start).is_some_and(|leaf| leaf.kind() == Kind::Text)
}

struct Writer<'a> {
    leaves: &'a mut [Leaf],
    out: &'a mut String,
}

/// Nothing comes of it where leaves have fewer entries than others have.
impl Writer<'_> {
    fn entries(&mut self, leaf: usize) -> Option<&mut Entries> {
        self.leaves.get_mut(leaf).map(|leaf| &mut leaf.entries)
    }

    /// The definition level of the next entry below a field.
    fn def(&mut self, node: &Node) -> Option<u8> {
        Some(self.entries(node.leaves.start)?.peek()?.def)
    }

    /// Passes the entry that stands for what is not there.
    fn pass(&mut self, leaves: Range<usize>) -> Option<()> {
        for leaf in leaves {
            self.entries(leaf)?.take()?;
        }
        Some(())
    }

    fn field(&mut self, node: &Node) -> Option<()> {
        if self.out.len() > limits::ROW {
            return Some(());
        }
        if node.optional && self.def(node)? < node.def {
            self.out.push_str("null");
            return self.pass(node.leaves.clone());
        }
        match &node.shape {
            Shape::Leaf => self.leaf(node),
            Shape::Structure(fields) => self.structure(fields),
            Shape::List(repeated, element) => self.elements(node, *repeated, ["[", "]"], |writer| writer.field(element)),
            Shape::Map(repeated, key, value) if has_text_keys(key, self.leaves) => self.elements(node, *repeated, ["{", "}"], |writer| {
                writer.field(key)?;
                writer.out.push(':');
                writer.field(value)
            }),
            Shape::Map(repeated, key, value) => self.elements(node, *repeated, ["[", "]"], |writer| {
                writer.out.push_str("{\"key\":");
                writer.field(key)?;
                writer.out.push_str(",\"value\":");
                writer.field(value)?;
                writer.out.push('}');
                Some(())
            }),
        }
    }

    fn leaf(&mut self, node: &Node) -> Option<()> {
        let Self { leaves, out } = self;
        let (_, text) = leaves.get_mut(node.leaves.start)?.entries.take()?;
        out.push_str(if text.is_empty() { "null" } else { text });
        Some(())
    }

    fn structure(&mut self, fields: &[Node]) -> Option<()> {
        self.out.push('{');
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write_text(&field.name, self.out);
            self.out.push(':');
            self.field(field)?;
        }
        self.out.push('}');
        Some(())
    }

    fn elements(
        &mut self,
        node: &Node,
        repeated: Repeated,
        [open, close]: [&str; 2],
        write: impl Fn(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.out.push_str(open);
        if self.def(node)? < repeated.def {
            self.pass(node.leaves.clone())?;
        } else {
            loop {
                write(self)?;
                let next = self.entries(node.leaves.start)?.peek();
                if self.out.len() > limits::ROW || next.is_none_or(|next| next.rep != repeated.rep) {
                    break;
                }
                self.out.push(',');
            }
        }
        self.out.push_str(close);
        Some(())
    }
}
