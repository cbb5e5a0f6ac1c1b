//! Expressions as the readers evaluate them: where their paths begin, and what they need there.

use super::Compiler;
use crate::expression::{Alternative, Expression, Part, Path, Source, Start, Step};
use crate::language::{Start as Written, around};
use crate::table::Slot;

impl Compiler<'_> {
    pub(super) fn expression(&mut self, written: &Expression<Written>) -> Result<Expression, String> {
        // Kept values that are the expression's, if they hold a text.
        let mut earlier = Vec::new();
        let mut alternatives = Vec::new();
        for Alternative { source, transforms } in &written.0 {
            let source = match source {
                Source::Value(path) => Source::Value(self.needed_path(path, &earlier)?),
                Source::Template(parts) => Source::Template(parts.iter().map(|part| self.part(part)).collect::<Result<_, _>>()?),
            };
            if let Source::Value(Path { start: Start::Kept(slot), steps }) = &source
                && steps.is_empty()
                && transforms.is_empty()
            {
                earlier.push(*slot);
            }
            alternatives.push(Alternative { source, transforms: transforms.clone() });
        }
        Ok(Expression(alternatives.into()))
    }

    fn part(&mut self, written: &Part<Written>) -> Result<Part, String> {
        Ok(match written {
            Part::Literal(text) => Part::Literal(text.clone()),
            Part::Needed(written) => Part::Needed(self.expression(written)?),
            Part::Optional(written) => Part::Optional(self.expression(written)?),
        })
    }

    fn needed_path(&mut self, written: &Path<Written>, unless: &[u8]) -> Result<Path, String> {
        let path = self.path(written)?;
        self.need(&path, unless);
        Ok(path)
    }

    pub(super) fn path(&mut self, Path { start, steps }: &Path<Written>) -> Result<Path, String> {
        let start = match start {
            Written::InRecord => Start::InRecord,
            Written::Element => {
                self.uses_each = true;
                Start::Element
            }
            Written::Root => return self.slot(steps),
            Written::Around(levels) => return self.slot(&[around(&self.at, *levels)?, steps].concat()),
            Written::Definition(name, key) => {
                let slot = self.definitions.get(&**name).copied().ok_or_else(|| format!("there is no [definitions.{name}]"))?;
                Start::Defined(slot, Box::new(self.needed_path(key, &[])?))
            }
        };
        Ok(Path { start, steps: steps.clone() })
    }

    /// The path from the report's root. Where it goes the record's own way it means what is around the record; what follows are members
    /// of that; and what comes after those is part of the value that is kept.
    fn slot(&mut self, steps: &[Step]) -> Result<Path, String> {
        let shared = steps.iter().zip(&self.at).take_while(|(one, other)| same(one, other)).count();
        if shared == steps.len() && shared > 0 && !matches!(steps.last(), Some(Step::Name)) {
            return Err("a path that begins with '/' is the record or holds it".to_owned());
        }
        let members = steps[shared..].iter().take_while(|step| matches!(step, Step::Member(_))).count();
        let owner = self.way(&steps[..shared])?;
        // A value on the way may be kept already, where it is a text in some reports.
        let mut kept = shared;
        let mut node = owner;
        while kept < shared + members && self.nodes[node].slot.is_none() {
            kept += 1;
            node = self.way(&steps[..kept])?;
        }
        if self.nodes[node].slot.is_none() && !self.nodes[node].members.is_empty() && !matches!(steps.get(kept), Some(Step::Name)) {
            return Err("a longer path that begins like this one is already used: write the shorter one first".to_owned());
        }
        let rest = &steps[kept..];
        let key = matches!(rest.first(), Some(Step::Name));
        let known = if key { self.nodes[node].key } else { self.nodes[node].slot };
        let slot = match known {
            Some(slot) => slot,
            None => u8::try_from(self.slots.len()).map_err(|_| "too many paths that begin with '/'")?,
        };
        if known.is_none() {
            self.slots.push((Slot { definitions: None, spared: Box::default() }, owner));
            self.nodes[owner].owns.push(slot);
        } else {
            self.own(slot, owner);
        }
        if key {
            self.nodes[node].key = Some(slot);
            return Ok(Path { start: Start::Kept(slot), steps: Box::default() });
        }
        self.nodes[node].slot = Some(slot);
        Ok(Path { start: Start::Kept(slot), steps: rest.into() })
    }

    /// Notes that a value is needed, unless one of these slots holds a text.
    pub(super) fn need(&mut self, path: &Path, unless: &[u8]) {
        let node = match path.start {
            Start::InRecord | Start::Element => self.node,
            Start::Kept(slot) | Start::Defined(slot, _) => {
                let unless = if matches!(path.start, Start::Kept(_)) { unless } else { &[] };
                self.spared.entry(slot).or_insert_with(|| unless.to_vec()).retain(|slot| unless.contains(slot));
                let holding = self.holding(slot);
                match self.nodes.iter().position(|way| way.slot == Some(holding)) {
                    Some(node) => node,
                    // Its name is kept, not its value.
                    None => return,
                }
            }
        };
        let mut needed = &mut self.nodes[node].needed;
        if let (Start::Element, Some(each)) = (&path.start, &self.each) {
            needed = needed.add(each);
        }
        if let Start::Defined(slot, _) = path.start
            && let Some(definitions) = &self.slots[usize::from(slot)].0.definitions
        {
            needed = needed.add(&definitions.entries);
        }
        needed.add(&path.steps).text = true;
    }
}

fn same(one: &Step, other: &Step) -> bool {
    match (one, other) {
        (Step::Member(one), Step::Member(other)) => one == other,
        (Step::AnyMember, Step::AnyMember) | (Step::Elements, Step::Elements) => true,
        _ => false,
    }
}
