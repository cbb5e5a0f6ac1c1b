//! The schema as a tree of what becomes of it: cells of the leaves at the top, JSON of what is nested.

use std::ops::Range;

use super::error::{Fault, Result};
use super::footer::{Element, Logical, Unit};
use super::kind::{Kind, Physical};
use crate::limits;

/// Fields within one another.
const DEPTH: usize = 32;
/// Leaves of the schema.
const LEAVES: usize = 4 * limits::COLUMNS;

/// How often a field is there.
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;

/// Old names of what logical types say now.
mod converted {
    pub(super) const UTF8: i32 = 0;
    pub(super) const MAP: i32 = 1;
    pub(super) const MAP_KEY_VALUE: i32 = 2;
    pub(super) const LIST: i32 = 3;
    pub(super) const ENUM: i32 = 4;
    pub(super) const DECIMAL: i32 = 5;
    pub(super) const DATE: i32 = 6;
    pub(super) const TIME_MILLIS: i32 = 7;
    pub(super) const TIME_MICROS: i32 = 8;
    pub(super) const TIMESTAMP_MILLIS: i32 = 9;
    pub(super) const TIMESTAMP_MICROS: i32 = 10;
    pub(super) const UINT_8: i32 = 11;
    pub(super) const UINT_64: i32 = 14;
    pub(super) const INT_8: i32 = 15;
    pub(super) const INT_64: i32 = 18;
    pub(super) const JSON: i32 = 19;
    pub(super) const INTERVAL: i32 = 21;
}
const BYTE: i32 = 8;

/// A field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// There is a value where the definition level is at least this.
    pub(super) def: u8,
    pub(super) optional: bool,
    pub(super) shape: Shape,
    /// Its leaves.
    pub(super) leaves: Range<usize>,
    /// A list without annotation: the field itself is repeated.
    bare: bool,
}

/// What a field holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Leaf,
    Structure(Vec<Node>),
    List(Repeated, Box<Node>),
    Map(Repeated, Box<Node>, Box<Node>),
}

/// The levels of a list's or a map's elements: there is one where the definition level is at least `def`, and another where the repetition level is `rep`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeated {
    pub(super) def: u8,
    pub(super) rep: u8,
}

/// A column of values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its path, for people.
    pub(super) path: String,
    pub(super) physical: Physical,
    pub(super) kind: Kind,
    pub(super) def: u8,
    pub(super) rep: u8,
}

/// All fields and leaves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Schema {
    pub(super) fields: Vec<Node>,
    pub(super) columns: Vec<Column>,
}

impl Schema {
    pub(super) fn new(elements: &[Element]) -> Result<Self> {
        let mut tree = Tree { rest: elements.iter(), columns: Vec::new(), path: Vec::new() };
        let root = tree.rest.next().ok_or_else(|| Fault::syntax("the footer has no schema"))?;
        let mut fields = Vec::new();
        for _ in 0..root.children {
            if fields.len() == limits::COLUMNS {
                return Err(Fault::limit(format!("the file has {} columns, at most {} are read", root.children, limits::COLUMNS)));
            }
            fields.push(tree.field(0, 0)?);
        }
        if tree.rest.next().is_some() {
            return Err(Fault::syntax("the schema has fields outside of its root"));
        }
        if tree.columns.is_empty() {
            return Err(Fault::refused("the Parquet file has no columns"));
        }
        Ok(Self { fields, columns: tree.columns })
    }
}

struct Tree<'a> {
    rest: std::slice::Iter<'a, Element>,
    columns: Vec<Column>,
    path: Vec<&'a str>,
}

impl Tree<'_> {
    /// The next field, below fields with these levels.
    fn field(&mut self, def: u8, rep: u8) -> Result<Node> {
        let element = self.rest.next().ok_or_else(|| Fault::syntax("the schema has fewer fields than it says"))?;
        if self.path.len() == DEPTH {
            return Err(Fault::limit(format!("fields are nested more than {DEPTH} deep: flatten the schema")));
        }
        self.path.push(&element.name);
        let repetition = element.repetition.unwrap_or(REQUIRED);
        let own = Repeated { def: def + u8::from(repetition != REQUIRED), rep: rep + u8::from(repetition == REPEATED) };
        let first = self.columns.len();
        let shape = match element.physical {
            Some(physical) if element.children == 0 => {
                self.leaf(element, physical, own)?;
                Shape::Leaf
            }
            _ => annotated(element, self.children(element, own)?),
        };
        self.path.pop();
        let leaves = first..self.columns.len();
        let node = Node { name: element.name.clone(), def: own.def, optional: repetition == OPTIONAL, shape, leaves, bare: false };
        match repetition {
            REQUIRED | OPTIONAL => Ok(node),
            REPEATED => Ok(Node {
                name: node.name.clone(),
                def,
                optional: false,
                leaves: node.leaves.clone(),
                shape: Shape::List(own, Box::new(node)),
                bare: true,
            }),
            _ => Err(Fault::syntax(format!("column {} has a repetition that is unknown", element.name))),
        }
    }

    fn children(&mut self, element: &Element, own: Repeated) -> Result<Vec<Node>> {
        let mut fields = Vec::new();
        for _ in 0..element.children {
            fields.push(self.field(own.def, own.rep)?);
        }
        if fields.is_empty() {
            return Err(Fault::syntax(format!("column {} has neither a type nor fields", self.path.join("."))));
        }
        Ok(fields)
    }

    fn leaf(&mut self, element: &Element, physical: i32, own: Repeated) -> Result<()> {
        let path = self.path.join(".");
        if self.columns.len() == LEAVES {
            return Err(Fault::limit(format!("the file has more than {LEAVES} columns with those of nested fields")));
        }
        let physical = Physical::new(physical, element.length).map_err(|fault| fault.in_column(&path))?;
        let kind = kind_of(element, physical).map_err(|fault| fault.in_column(&path))?;
        self.columns.push(Column { path, physical, kind, def: own.def, rep: own.rep });
        Ok(())
    }
}

/// What a group with these fields is. Writers have had several ways to write lists and maps: "Backward-compatibility rules" of the format's LogicalTypes.md.
fn annotated(element: &Element, mut fields: Vec<Node>) -> Shape {
    let list = element.logical == Some(Logical::List) || element.logical.is_none() && element.converted == Some(converted::LIST);
    let map = element.logical == Some(Logical::Map)
        || element.logical.is_none() && matches!(element.converted, Some(converted::MAP | converted::MAP_KEY_VALUE));
    if !(list || map) || fields.len() != 1 || !fields[0].bare {
        return Shape::Structure(fields);
    }
    let Some(Node { shape: Shape::List(repeated, one), name, def, optional, leaves, bare }) = fields.pop() else {
        return Shape::Structure(fields);
    };
    if list {
        return Shape::List(repeated, Box::new(list_element(*one, &element.name)));
    }
    match one.shape {
        // Without values it is a set.
        Shape::Structure(mut pair) if pair.len() <= 2 => match (pair.pop(), pair.pop()) {
            (Some(value), Some(key)) => Shape::Map(repeated, Box::new(key), Box::new(value)),
            (Some(key), _) => Shape::List(repeated, Box::new(key)),
            _ => Shape::Structure(pair),
        },
        shape => {
            let one = Box::new(Node { shape, ..*one });
            Shape::Structure(vec![Node { shape: Shape::List(repeated, one), name, def, optional, leaves, bare }])
        }
    }
}

/// The element of a list: the repeated field, or what it wraps.
fn list_element(one: Node, list: &str) -> Node {
    match one.shape {
        Shape::Structure(mut fields) if fields.len() == 1 && !fields[0].bare && !is_element(&one.name, list) => match fields.pop() {
            Some(element) => element,
            None => Node { shape: Shape::Structure(fields), ..one },
        },
        shape => Node { shape, ..one },
    }
}

fn is_element(name: &str, list: &str) -> bool {
    name == "array" || name.strip_suffix("_tuple") == Some(list)
}

fn kind_of(element: &Element, physical: Physical) -> Result<Kind> {
    let logical = element.logical.or_else(|| element.converted.and_then(|converted| logical_of(converted, element.scale)));
    let kind = match (physical, logical) {
        (_, Some(Logical::Unknown)) => Kind::Null,
        (Physical::Boolean, _) => Kind::Boolean,
        (Physical::Int96, _) => Kind::Int96,
        (Physical::Float, _) => Kind::Float,
        (Physical::Double, _) => Kind::Double,
        (_, Some(Logical::Decimal { scale })) => Kind::decimal(scale)?,
        (Physical::Int32, Some(Logical::Date)) => Kind::Date,
        (Physical::Int32 | Physical::Int64, Some(Logical::Time { unit })) => Kind::Time(unit),
        (Physical::Int64, Some(Logical::Timestamp { utc, unit })) => Kind::Timestamp { utc, unit },
        (Physical::Int32 | Physical::Int64, Some(Logical::Integer { bits, signed })) => Kind::Integer { bits, signed },
        (Physical::Int32 | Physical::Int64, _) => Kind::Integer { bits: physical.bits().cast_signed(), signed: true },
        (Physical::Bytes, Some(Logical::String | Logical::Enum)) => Kind::Text,
        (Physical::Bytes, Some(Logical::Json)) => Kind::Json,
        (Physical::Fixed(Kind::UUID), Some(Logical::Uuid)) => Kind::Uuid,
        (Physical::Fixed(2), Some(Logical::Float16)) => Kind::Float16,
        (Physical::Fixed(Kind::INTERVAL), None) if element.converted == Some(converted::INTERVAL) => Kind::Interval,
        _ => Kind::Bytes,
    };
    Ok(kind)
}

fn logical_of(converted: i32, scale: i32) -> Option<Logical> {
    let logical = match converted {
        converted::UTF8 => Logical::String,
        converted::ENUM => Logical::Enum,
        converted::DECIMAL => Logical::Decimal { scale },
        converted::DATE => Logical::Date,
        converted::TIME_MILLIS => Logical::Time { unit: Unit::Millis },
        converted::TIME_MICROS => Logical::Time { unit: Unit::Micros },
        // Old writers knew only points in time.
        converted::TIMESTAMP_MILLIS => Logical::Timestamp { utc: true, unit: Unit::Millis },
        converted::TIMESTAMP_MICROS => Logical::Timestamp { utc: true, unit: Unit::Micros },
        converted::UINT_8..=converted::UINT_64 => Logical::Integer { bits: BYTE << (converted - converted::UINT_8), signed: false },
        converted::INT_8..=converted::INT_64 => Logical::Integer { bits: BYTE << (converted - converted::INT_8), signed: true },
        converted::JSON => Logical::Json,
        _ => return None,
    };
    Some(logical)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, repetition: i32, children: u32, converted: Option<i32>) -> Element {
        Element { name: name.into(), repetition: Some(repetition), children, converted, ..Element::default() }
    }

    fn leaf(name: &str, repetition: i32) -> Element {
        Element { name: name.into(), repetition: Some(repetition), physical: Some(1), ..Element::default() }
    }

    /// The shape in short: `i` a leaf, `?` optional, `[]` lists, `{}` structures, `<>` maps.
    fn short(node: &Node) -> String {
        let inner = match &node.shape {
            Shape::Leaf => "i".to_owned(),
            Shape::Structure(fields) => format!("{{{}}}", fields.iter().map(short).collect::<Vec<_>>().join(",")),
            Shape::List(_, element) => format!("[{}]", short(element)),
            Shape::Map(_, key, value) => format!("<{}:{}>", short(key), short(value)),
        };
        format!("{inner}{}", if node.optional { "?" } else { "" })
    }

    #[test]
    fn lists_and_maps_are_known_in_all_ways_in_which_they_are_written() {
        let list = Some(converted::LIST);
        let map = Some(converted::MAP);
        for (elements, expected) in [
            (vec![group("l", OPTIONAL, 1, list), group("list", REPEATED, 1, None), leaf("element", OPTIONAL)], "[i?]?"),
            (vec![group("l", OPTIONAL, 1, list), leaf("element", REPEATED)], "[i]?"),
            (
                vec![group("l", OPTIONAL, 1, list), group("element", REPEATED, 2, None), leaf("a", REQUIRED), leaf("b", REQUIRED)],
                "[{i,i}]?",
            ),
            (vec![group("l", OPTIONAL, 1, list), group("array", REPEATED, 1, None), leaf("a", REQUIRED)], "[{i}]?"),
            (vec![group("l", OPTIONAL, 1, list), group("l_tuple", REPEATED, 1, None), leaf("a", REQUIRED)], "[{i}]?"),
            (vec![group("l", OPTIONAL, 1, list), group("e", REPEATED, 1, None), leaf("a", REPEATED)], "[{[i]}]?"),
            (vec![group("l", OPTIONAL, 1, list), leaf("element", OPTIONAL)], "{i?}?"),
            (vec![leaf("l", REPEATED)], "[i]"),
            (vec![group("m", OPTIONAL, 1, map), group("kv", REPEATED, 2, None), leaf("k", REQUIRED), leaf("v", OPTIONAL)], "<i:i?>?"),
            (vec![group("m", REQUIRED, 1, map), group("kv", REPEATED, 1, None), leaf("k", REQUIRED)], "[i]"),
            (vec![group("m", REQUIRED, 1, map), leaf("kv", REPEATED)], "{[i]}"),
            (vec![group("s", OPTIONAL, 2, None), leaf("a", REQUIRED), leaf("b", OPTIONAL)], "{i,i?}?"),
        ] {
            let elements = [vec![group("root", REQUIRED, 1, None)], elements].concat();
            let schema = Schema::new(&elements).expect("a schema");
            assert_eq!(short(&schema.fields[0]), expected, "{elements:?}");
        }
    }

    #[test]
    fn schemas_that_lie_or_go_too_deep_are_refused() {
        let deep: Vec<_> = (0..10_000).map(|_| group("g", OPTIONAL, 1, None)).collect();
        for (elements, expected) in [
            (vec![], "no schema"),
            (vec![group("root", 0, 0, None)], "no columns"),
            (vec![group("root", 0, u32::MAX, None), leaf("a", 0)], "fewer fields"),
            (vec![group("root", 0, 1, None), leaf("a", 0), leaf("b", 0)], "outside of its root"),
            (vec![group("root", 0, 1, None), group("a", 0, 0, None)], "neither a type nor fields"),
            (deep, "nested more than"),
        ] {
            let fault = Schema::new(&elements).expect_err(expected);
            assert!(fault.message.contains(expected), "{fault:?}");
        }
    }
}
