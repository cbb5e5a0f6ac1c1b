//! Lines of plain text.

use super::{Compiler, patterns};
use crate::description::LineText;
use crate::table::{Act, LineRule, Pattern, Piece};

impl Compiler<'_> {
    pub(super) fn lines(&self, texts: &[LineText]) -> Result<Box<[LineRule]>, String> {
        let mut rules = Vec::new();
        for text in texts {
            let named = |error| format!("lines: {:?}: {error}", text.is.as_slice());
            let is = patterns(text.is.as_slice()).map_err(named)?;
            if is.is_empty() {
                return Err("lines: expected the field 'is'".to_owned());
            }
            rules.push(LineRule { act: self.act(text, &is, texts).map_err(named)?, is });
        }
        if self.description.syntax.has_lines() {
            self.taken(texts)?;
        }
        Ok(rules.into())
    }

    fn act(&self, text: &LineText, is: &[Pattern], texts: &[LineText]) -> Result<Act, String> {
        if text.part.is_some() && text.add.is_none() || !text.clear.as_slice().is_empty() && !text.set {
            return Err("'part' is for 'add', and 'clear' for 'set'".to_owned());
        }
        Ok(match (&text.begin, &text.add, text.set, text.end, text.ignore) {
            (Some(record), None, false, false, false) => {
                Act::BeginRecord(self.record_node(record)?, texts.iter().any(|text| text.add.as_ref() == Some(record)))
            }
            (None, Some(record), false, false, false) => {
                Act::AddTo(self.record_node(record)?, text.part.as_deref().unwrap_or_default().into())
            }
            (None, None, true, false, false) => {
                let slots = names(is).into_iter().map(|name| Ok((name.into(), self.context_slot(name)?)));
                let cleared = text.clear.as_slice().iter().map(|name| self.context_slot(name));
                Act::SetContext(slots.collect::<Result<_, String>>()?, cleared.collect::<Result<_, _>>()?)
            }
            (None, None, false, true, false) => Act::EndRecord,
            (None, None, false, false, true) => Act::Ignore,
            _ => return Err("expected one of 'begin', 'add', 'set', 'end' and 'ignore'".to_owned()),
        })
    }

    fn root_member(&self, name: &str) -> Option<u16> {
        self.nodes[0].members.iter().find(|(member, _)| member == name).map(|(_, node)| *node)
    }

    fn record_node(&self, name: &str) -> Result<u16, String> {
        let node = self.root_member(name).filter(|node| !self.nodes[usize::from(*node)].records.is_empty());
        node.ok_or_else(|| format!("there are no [[records]] at {name:?}"))
    }

    fn context_slot(&self, name: &str) -> Result<u8, String> {
        let node = self.root_member(name).and_then(|node| self.nodes[usize::from(node)].slot);
        node.ok_or_else(|| format!("no record uses '/{name}'"))
    }

    /// What records and their fields name has to be taken of some line.
    fn taken(&self, texts: &[LineText]) -> Result<(), String> {
        for (name, node) in &self.nodes[0].members {
            let way = &self.nodes[usize::from(*node)];
            if way.records.is_empty() {
                let known = texts.iter().filter(|text| text.set).any(|text| takes(text, name));
                known.then_some(()).ok_or_else(|| format!("no line with 'set' takes '{name}' for '/{name}'"))?;
                continue;
            }
            let begun = texts.iter().any(|text| text.begin.as_ref() == Some(name));
            begun.then_some(()).ok_or_else(|| format!("no line begins the record at {name:?}"))?;
            for (field, needed) in &way.needed.members {
                let of = |text: &&LineText| text.begin.as_ref().or(text.add.as_ref()) == Some(name);
                let known = texts.iter().filter(of).any(|text| match &text.part {
                    Some(part) => **part == **field && needed.members.keys().any(|field| takes(text, field)),
                    None => takes(text, field),
                });
                known.then_some(()).ok_or_else(|| format!("no line of the record at {name:?} takes {field:?}"))?;
            }
        }
        Ok(())
    }
}

/// Whether a pattern of the rule takes that name.
fn takes(text: &LineText, name: &str) -> bool {
    patterns(text.is.as_slice()).is_ok_and(|is| names(&is).contains(&name))
}

/// The names that patterns take.
fn names(is: &[Pattern]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for piece in is.iter().flat_map(|Pattern(pieces)| pieces.iter()) {
        if let Piece::Take(name, _) | Piece::TakeLongest(name, _) = piece
            && !name.is_empty()
            && !names.contains(&&**name)
        {
            names.push(name);
        }
    }
    names
}
