//! How a format is read, made ready for the readers.

use std::ops::Deref;

use report_formats::table::{self, Needed, Syntax, Text};
use tokens::json::Shape;

use crate::limits;

/// A change of what the readers make of the same tables: older checkpoints are of no use then.
const READERS: u32 = 5;

/// How a format is read: its tables, and the shapes that values are collected in.
pub(in crate::format) struct Reading {
    tables: table::Reading,
    shapes: Box<[Option<Shape>]>,
}

impl Reading {
    pub(in crate::format) fn new(tables: table::Reading, syntax: Syntax) -> Self {
        let shape = |node: &table::Node| {
            let limit = if node.records.is_empty() { limits::NAME } else { limits::TEXT };
            node.needed.as_ref().map(|needed| shape(needed, syntax.repeats(), limit))
        };
        let shapes = tables.nodes.iter().map(shape).collect();
        Self { tables, shapes }
    }

    /// Changes whenever an older checkpoint can no longer be taken up.
    pub(in crate::format) fn checkpoint_version(&self) -> u32 {
        self.version.wrapping_add(READERS)
    }

    /// What is needed of the value of a node, where it is a record or kept.
    pub(super) fn shape(&'static self, node: u16) -> Option<&'static Shape> {
        self.shapes.get(usize::from(node))?.as_ref()
    }

    /// The node whose value a slot keeps.
    pub(super) fn keeper(&self, slot: u8) -> Option<u16> {
        let node = self.nodes.iter().position(|node| node.slot == Some(slot))?;
        u16::try_from(node).ok()
    }

    /// Whether a slot holds definitions.
    pub(super) fn defines(&self, slot: u8) -> bool {
        self.slots.get(usize::from(slot)).is_some_and(|slot| slot.definitions.is_some())
    }

    /// The kinds of records that the value of a node is.
    pub(super) fn kinds(&'static self, node: u16) -> &'static [u8] {
        self.nodes.get(usize::from(node)).map_or(&[], |node| &node.records)
    }
}

impl Deref for Reading {
    type Target = table::Reading;

    fn deref(&self) -> &table::Reading {
        &self.tables
    }
}

/// What of a value is collected. In XML an array is the elements of one name.
///
/// It lives as long as the program, as the tables do: it is made once for each format.
fn shape(needed: &Needed, repeats: bool, limit: usize) -> Shape {
    let inner = |needed: &Needed| -> &'static Shape { Box::leak(Box::new(shape(needed, repeats, limit))) };
    if let Some(elements) = &needed.elements {
        let one = both(elements, &Needed { elements: None, ..needed.clone() });
        return if repeats { shape(&one, repeats, limit) } else { Shape::OneOrMany(inner(&one)) };
    }
    match (&needed.any, needed.members.is_empty()) {
        (Some(any), true) => Shape::Map(inner(any)),
        (Some(_), false) => Shape::Any(limit),
        (None, false) => {
            let member =
                |(name, needed): (&Text, &Needed)| -> (&'static str, Shape) { (Box::leak(name.clone()), shape(needed, repeats, limit)) };
            let members = needed.members.iter().map(member).collect::<Vec<_>>().leak();
            if needed.text && !repeats { Shape::Either(members) } else { Shape::Object(members) }
        }
        (None, true) if needed.name => Shape::Either(&[]),
        (None, true) => Shape::Text(limit),
    }
}

/// What is needed of a value of which two say what they need.
fn both(one: &Needed, other: &Needed) -> Needed {
    let either = |one: &Option<Box<Needed>>, other: &Option<Box<Needed>>| match (one, other) {
        (Some(one), Some(other)) => Some(Box::new(both(one, other))),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let mut members = one.members.clone();
    for (name, needed) in &other.members {
        let merged = members.get(name).map_or_else(|| needed.clone(), |known| both(known, needed));
        members.insert(name.clone(), merged);
    }
    Needed {
        text: one.text || other.text,
        name: one.name || other.name,
        members,
        any: either(&one.any, &other.any),
        elements: either(&one.elements, &other.elements),
    }
}
