//! A tree as the typed struct that it is the JSON of, without the way over JSON.

use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::{NodeIndex, Tree, ValueKind};

/// A value in a tree, for serde to read. Texts are lent by the tree.
#[derive(Clone, Copy)]
pub struct TreeValue<'t> {
    tree: &'t Tree,
    at: NodeIndex,
}

impl<'t> TreeValue<'t> {
    /// The tree's value.
    pub fn first(tree: &'t Tree) -> Self {
        Self { tree, at: 0 }
    }

    fn parts(self) -> impl Iterator<Item = Self> {
        self.tree.parts(self.at).map(move |at| Self { tree: self.tree, at })
    }

    fn visit_number<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.tree.text(self.at);
        if let Ok(number) = text.parse() {
            return visitor.visit_u64(number);
        }
        if let Ok(number) = text.parse() {
            return visitor.visit_i64(number);
        }
        // The tokenizer lets only numbers through; one that is too large for all is infinite.
        visitor.visit_f64(text.parse().unwrap_or_default())
    }
}

impl<'t> IntoDeserializer<'t> for TreeValue<'t> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for TreeValue<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.tree.kind(self.at) {
            ValueKind::Object => visitor.visit_map(MapDeserializer::new(self.parts().map(|part| (part.tree.name(part.at), part)))),
            ValueKind::Array => visitor.visit_seq(SeqDeserializer::new(self.parts())),
            ValueKind::Text => visitor.visit_borrowed_str(self.tree.text(self.at)),
            ValueKind::Number => self.visit_number(visitor),
            ValueKind::Word => visitor.visit_bool(self.tree.text(self.at) == "true"),
            ValueKind::Null => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.tree.kind(self.at) {
            ValueKind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::TakesBytes;
    use crate::json::{Collected, Collector, Shape, Tokenizer};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Report {
        name: Option<String>,
        line: Option<f64>,
        tags: Vec<String>,
        facts: BTreeMap<String, serde_json::Value>,
    }

    static REPORT: Shape = Shape::Object(&[
        ("name", Shape::Text(100)),
        ("line", Shape::Number),
        ("tags", Shape::List(&Shape::Text(100))),
        ("facts", Shape::Map(&Shape::Any(100))),
    ]);

    #[test]
    fn a_tree_is_read_as_its_json_would_be() {
        let json = r#"{"name":"a\n\u00e9","line":1.5e1,"tags":["x",7],"facts":{"a":1,"b":-2.50,"c":true,"d":[],"e":{"f":"g"}}}"#;
        let mut tokens = Tokenizer::default();
        tokens.feed(json.as_bytes());
        tokens.end_of_input();
        let mut collector = Collector::default();
        collector.begin(&REPORT, 10_000, &tokens, "");
        assert_eq!(collector.advance(&mut tokens).expect("JSON"), Some(Collected::Value));
        let read = Report::deserialize(TreeValue::first(collector.tree())).expect("a report");
        let expected = serde_json::from_str::<Report>(&json.replace("[\"x\",7]", "[\"x\",\"7\"]")).expect("a report");
        assert_eq!(read, expected);
    }
}
