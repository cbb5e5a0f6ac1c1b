//! The way from the root to the records and to what is kept, and what is needed there.

use super::Compiler;
use crate::table::{Needed, Node, Step};

/// How deep definitions may be nested.
const NESTED: usize = 4;

/// A node while it is made.
#[derive(Default)]
pub(super) struct Way {
    pub(super) members: Vec<(String, u16)>,
    any: Option<u16>,
    elements: Option<u16>,
    pub(super) records: Vec<u8>,
    pub(super) slot: Option<u8>,
    pub(super) key: Option<u8>,
    pub(super) needed: Needed,
    pub(super) owns: Vec<u8>,
    bears: bool,
}

impl Compiler<'_> {
    pub(super) fn begin_record(&mut self, at: &str, index: usize) -> Result<(), String> {
        let text = if at == "." { "" } else { at };
        // In XML a record is an element, so `[]` says nothing there either.
        let steps = self.steps(text)?;
        if steps.iter().any(|step| !matches!(step, Step::Member(_) | Step::AnyMember | Step::Elements)) {
            return Err("at: expected names, '*' and '[]' only".to_owned());
        }
        self.node = self.way(&steps)?;
        for end in 0..=steps.len() {
            let node = self.way(&steps[..end])?;
            self.nodes[node].bears = true;
        }
        self.at = steps;
        self.nodes[self.node].needed.name = true;
        self.nodes[self.node].records.push(u8::try_from(index).map_err(|_| "too many records")?);
        self.each = None;
        Ok(())
    }

    /// The node at the end of those steps from the root.
    pub(super) fn way(&mut self, steps: &[Step]) -> Result<usize, String> {
        let mut node = 0;
        for step in steps {
            let next = u16::try_from(self.nodes.len()).map_err(|_| "too many nodes")?;
            let way = &mut self.nodes[node];
            let known = match step {
                Step::Member(name) => way.members.iter().find(|(member, _)| **member == **name).map(|(_, node)| *node),
                Step::AnyMember => way.any,
                Step::Elements => way.elements,
                _ => return Err("expected names, '*' and '[]' only".to_owned()),
            };
            if let Some(known) = known {
                node = usize::from(known);
                continue;
            }
            match step {
                Step::Member(name) => way.members.push((name.to_string(), next)),
                Step::AnyMember => way.any = Some(next),
                _ => way.elements = Some(next),
            }
            self.nodes.push(Way::default());
            node = usize::from(next);
        }
        Ok(node)
    }

    /// The slot in whose value definitions are.
    pub(super) fn holding(&self, slot: u8) -> u8 {
        self.slots[usize::from(slot)].0.definitions.as_ref().and_then(|definitions| definitions.within).unwrap_or(slot)
    }

    /// Whether its value is a list of definitions.
    pub(super) fn defines(&self, way: &Way) -> bool {
        way.slot.is_some_and(|slot| self.definitions.values().any(|defined| *defined == slot))
    }

    /// What is needed of definitions is needed of those within them, too.
    pub(super) fn nest(&mut self) {
        for (slot, (number, _)) in self.slots.iter().zip(0..).map(|((slot, owner), number)| (slot, (number, owner))) {
            let Some(definitions) = slot.definitions.as_ref().filter(|definitions| !definitions.nested.is_empty()) else { continue };
            let holding = definitions.within.unwrap_or(number);
            let Some(way) = self.nodes.iter_mut().find(|way| way.slot == Some(holding)) else { continue };
            let entry = way.needed.add(&definitions.entries);
            for _ in 0..NESTED {
                let copy = entry.clone();
                *entry.add(&definitions.nested) = copy;
            }
        }
    }

    /// A slot that several kinds of records use holds for the outermost part that one of them shares with it.
    pub(super) fn own(&mut self, slot: u8, owner: usize) {
        let known = self.slots[usize::from(slot)].1;
        if owner < known {
            self.nodes[known].owns.retain(|owned| *owned != slot);
            self.nodes[owner].owns.push(slot);
            self.slots[usize::from(slot)].1 = owner;
        }
    }
}

impl Needed {
    /// What is needed at the end of those steps.
    pub(super) fn add(&mut self, steps: &[Step]) -> &mut Self {
        let mut needed = self;
        for step in steps {
            needed = match step {
                Step::Member(name) => needed.members.entry(name.clone()).or_default(),
                Step::AnyMember => needed.any.get_or_insert_default(),
                Step::Elements | Step::Nth(_) => needed.elements.get_or_insert_default(),
                Step::Where(name, _) => {
                    let elements = needed.elements.get_or_insert_default();
                    elements.members.entry(name.clone()).or_default().text = true;
                    elements
                }
                Step::Name => {
                    needed.name = true;
                    needed
                }
            };
        }
        needed
    }
}

impl Way {
    pub(super) fn finish(&self, xml: bool, defines: bool) -> Result<Node, String> {
        let kept = self.slot.is_some();
        // XML is read once for the definitions and once for the records.
        if kept
            && !(xml && defines)
            && (!self.records.is_empty() || !self.members.is_empty() || self.any.is_some() || self.elements.is_some())
        {
            return Err("a path that begins with '/' leads through another one, or to a record".to_owned());
        }
        Ok(Node {
            members: self.members.iter().map(|(name, node)| (name.as_str().into(), *node)).collect(),
            any: self.any,
            elements: self.elements,
            records: self.records.as_slice().into(),
            slot: self.slot,
            key: self.key,
            needed: (kept || !self.records.is_empty()).then(|| self.needed.clone()),
            owns: self.owns.as_slice().into(),
            bears: self.bears,
        })
    }
}
