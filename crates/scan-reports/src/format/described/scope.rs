//! Expressions over a record, the values around it, and definitions.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use report_formats::table::{Alternative, Condition, Definitions, Expression, Part, Path, Slot, Source, Start, Step};
use serde_json::Value;
use tokens::tree::{NodeIndex, Tree};

use super::transform;
use crate::format::texts::{ESCAPE, push_within};
use crate::limits;

/// The values around the records that are kept.
#[derive(Debug, Default)]
pub(super) struct Slots(pub(super) Vec<Kept>);

/// A value that is kept; empty where the report has none.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) tree: Tree,
    /// Definitions by their keys.
    index: HashMap<String, NodeIndex>,
    /// The slot in whose tree they are, if not in this one.
    within: Option<u8>,
}

impl Slots {
    /// The values for a checkpoint; definitions are read again instead.
    pub(super) fn save(&self, slots: &[Slot]) -> Vec<Value> {
        self.0.iter().zip(slots).map(|(kept, slot)| if slot.definitions.is_none() { kept.tree.save() } else { Value::Null }).collect()
    }

    /// The values that were saved; none if they are not those.
    pub(super) fn load(&mut self, saved: &[Value]) -> Option<()> {
        for (kept, value) in self.0.iter_mut().zip(saved) {
            kept.tree = Tree::load(value)?;
        }
        (saved.len() <= self.0.len()).then_some(())
    }
}

/// Whether a checkpoint has room for a value.
pub(super) fn fits_checkpoint(tree: &Tree) -> bool {
    // What a part takes beside its texts is less than its size in memory.
    tree.size() <= limits::KEPT / ESCAPE || serde_json::to_vec(&tree.save()).is_ok_and(|saved| saved.len() <= limits::KEPT)
}

impl Kept {
    /// Whether it is a text, and not a blank one.
    pub(super) fn has_text(&self) -> bool {
        !self.tree.text(0).trim_ascii().is_empty()
    }

    /// Takes definitions: their tree is there.
    pub(super) fn index(&mut self, definitions: &Definitions) {
        self.index = index_of(&self.tree, definitions);
    }

    /// Takes definitions that stand in the tree of another slot.
    pub(super) fn index_within(&mut self, tree: &Tree, definitions: &Definitions) {
        (self.index, self.within) = (index_of(tree, definitions), definitions.within);
    }
}

fn index_of(tree: &Tree, Definitions { entries, key, nested, .. }: &Definitions) -> HashMap<String, NodeIndex> {
    let mut index = HashMap::new();
    index_entries(tree, 0, entries, key, nested, &mut index);
    index
}

/// Enters the definitions that the steps lead to, and those within them.
fn index_entries(tree: &Tree, at: NodeIndex, entries: &[Step], key: &[Step], nested: &[Step], index: &mut HashMap<String, NodeIndex>) {
    let seen = Cell::new(0);
    walk(tree, at, entries, &seen, &mut |entry, _| {
        walk(tree, entry, key, &seen, &mut |at, name| {
            let key = if name { tree.name(at) } else { tree.text(at) };
            if !key.is_empty() {
                index.entry(key.to_owned()).or_insert(entry);
            }
            false
        });
        if !nested.is_empty() {
            index_entries(tree, entry, nested, key, nested, index);
        }
        true
    });
}

/// What an expression can name.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) tree: &'a Tree,
    /// The element of `each`.
    pub(super) each: Option<NodeIndex>,
    pub(super) slots: &'a Slots,
    /// Values and bytes that were looked at.
    pub(super) seen: &'a Cell<u64>,
    pub(super) held: &'a Held,
}

/// Which conditions hold for a record, whatever its element is: a record may have thousands, and a condition goes over all of them.
#[derive(Debug, Default)]
pub(super) struct Held(RefCell<HashMap<usize, bool>>);

/// Texts that an expression gives.
pub(super) type Texts<'a> = Vec<Cow<'a, str>>;

impl<'a> Scope<'a> {
    /// The first text, without blanks around it.
    pub(super) fn text(&self, expr: &'a Expression) -> Option<Cow<'a, str>> {
        let mut first = None;
        self.each_text(expr, &mut |text| {
            first = Some(text);
            false
        });
        first
    }

    /// The same of a field that may not be described.
    pub(super) fn option(&self, expr: Option<&'a Expression>) -> Option<String> {
        Some(self.text(expr?)?.into_owned())
    }

    /// All texts of the first alternative that gives any.
    pub(super) fn texts(&self, expr: &'a Expression) -> Texts<'a> {
        self.all(std::slice::from_ref(expr))
    }

    /// All texts of all expressions.
    pub(super) fn all(&self, exprs: &'a [Expression]) -> Texts<'a> {
        let mut texts = Vec::new();
        for expr in exprs {
            self.each_text(expr, &mut |text| {
                texts.push(text);
                true
            });
        }
        texts
    }

    /// Gives the texts of the first alternative that gives any, until `take` has enough.
    pub(super) fn each_text(&self, expr: &'a Expression, take: &mut dyn FnMut(Cow<'a, str>) -> bool) {
        let found = Cell::new(false);
        let mut take = |text: Cow<'a, str>| {
            found.set(true);
            take(text)
        };
        for alternative in &expr.0 {
            // Nearly all expressions are a path or a text, for which no list is needed.
            match (&alternative.source, alternative.literal()) {
                (Source::Value(path), _) if alternative.transforms.is_empty() => self.visit(path, &mut |text| take(Cow::Borrowed(text))),
                (_, Some(text)) if !text.trim_ascii().is_empty() => {
                    take(Cow::Borrowed(text));
                }
                _ => {
                    self.alternative(alternative).into_iter().all(&mut take);
                }
            }
            if found.get() {
                return;
            }
        }
    }

    /// Whether all conditions hold.
    pub(super) fn holds(&self, conditions: &'a [Condition]) -> bool {
        conditions.iter().all(|condition| self.condition(condition))
    }

    /// Whether one of them holds.
    pub(super) fn any_holds(&self, conditions: &'a [Condition]) -> bool {
        conditions.iter().any(|condition| self.condition(condition))
    }

    /// Whether there is a text that one of them asks for.
    pub(super) fn says(&self, conditions: &'a [Condition]) -> bool {
        conditions.iter().any(|condition| self.text(&condition.value).is_some())
    }

    fn condition(&self, condition: &'a Condition) -> bool {
        if self.each.is_none() || is_of_element(&condition.value) {
            return self.check(condition);
        }
        let key = std::ptr::from_ref(condition).addr();
        let known = self.held.0.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let holds = self.check(condition);
            self.held.0.borrow_mut().insert(key, holds);
            holds
        })
    }

    fn check(&self, condition: &'a Condition) -> bool {
        let mut holds = false;
        self.each_text(&condition.value, &mut |text| {
            holds = condition.values.is_empty() || condition.values.iter().any(|value| value.eq_ignore_ascii_case(&text));
            !holds
        });
        if condition.values.is_empty() { holds == condition.present } else { holds }
    }

    /// The nodes of this record that a path leads to.
    pub(super) fn nodes(&self, path: &Path) -> Vec<NodeIndex> {
        let mut nodes = Vec::new();
        walk(self.tree, 0, &path.steps, self.seen, &mut |at, _| {
            nodes.push(at);
            true
        });
        nodes
    }

    fn alternative(&self, alternative: &'a Alternative) -> Texts<'a> {
        let mut texts = Vec::new();
        match &alternative.source {
            Source::Value(path) => self.visit(path, &mut |text| {
                texts.push(Cow::Borrowed(text));
                true
            }),
            Source::Template(parts) => texts.extend(self.template(parts).map(Cow::Owned)),
        }
        for transform in &alternative.transforms {
            texts = transform::apply(transform, texts);
            self.see(texts.iter().map(|text| 1 + text.len()).sum());
        }
        texts.retain(|text| !text.trim_ascii().is_empty());
        texts
    }

    fn template(&self, parts: &'a [Part]) -> Option<String> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Literal(literal) => push_within(&mut text, literal, limits::TEXT),
                Part::Needed(expr) => push_within(&mut text, &self.text(expr)?, limits::TEXT),
                Part::Optional(expr) => push_within(&mut text, &self.text(expr).unwrap_or_default(), limits::TEXT),
            }
        }
        self.see(text.len());
        Some(text)
    }

    /// Counts what was looked at.
    pub(super) fn see(&self, length: usize) {
        self.seen.set(self.seen.get() + length as u64);
    }

    /// Gives the texts at a path, blanks around them taken off, until `take` has enough.
    fn visit(&self, path: &Path, take: &mut dyn FnMut(&'a str) -> bool) {
        let Some((tree, root)) = self.start(&path.start) else { return };
        walk(tree, root, &path.steps, self.seen, &mut |at, name| {
            let text = if name { tree.name(at) } else { tree.text(at) };
            self.see(text.len());
            let text = text.trim_ascii();
            text.is_empty() || take(text)
        });
    }

    fn start(&self, start: &Start) -> Option<(&'a Tree, NodeIndex)> {
        match start {
            Start::InRecord => Some((self.tree, 0)),
            Start::Element => Some((self.tree, self.each?)),
            Start::Kept(slot) => Some((&self.slots.0.get(usize::from(*slot))?.tree, 0)),
            Start::Defined(slot, key) => {
                let kept = self.slots.0.get(usize::from(*slot))?;
                let mut found = None;
                self.visit(key, &mut |text| {
                    found = kept.index.get(text);
                    found.is_none()
                });
                let holder = kept.within.map_or(Some(kept), |within| self.slots.0.get(usize::from(within)))?;
                Some((&holder.tree, *found?))
            }
        }
    }
}

/// Whether an expression depends on the element of `each`.
fn is_of_element(expr: &Expression) -> bool {
    let of_part = |part: &Part| match part {
        Part::Literal(_) => false,
        Part::Needed(expr) | Part::Optional(expr) => is_of_element(expr),
    };
    expr.0.iter().any(|alternative| match &alternative.source {
        Source::Value(path) => begins_at_element(path),
        Source::Template(parts) => parts.iter().any(of_part),
    })
}

fn begins_at_element(path: &Path) -> bool {
    match &path.start {
        Start::Element => true,
        Start::Defined(_, key) => begins_at_element(key),
        Start::InRecord | Start::Kept(_) => false,
    }
}

/// Goes the steps from a node, and gives every node at their end (and whether its name is meant) until `take` has enough. False when
/// it has. Counts the values that it passes.
fn walk(tree: &Tree, at: NodeIndex, steps: &[Step], seen: &Cell<u64>, take: &mut dyn FnMut(NodeIndex, bool) -> bool) -> bool {
    let parts = move |at| tree.parts(at).inspect(move |_| seen.set(seen.get() + 1));
    let named = move |at, name| parts(at).filter(move |part| tree.is_named(*part, name));
    let Some((step, rest)) = steps.split_first() else {
        // An array at the end of a path stands for its elements.
        return if tree.is_array(at) { parts(at).all(|part| take(part, false)) } else { tree.is_empty() || take(at, false) };
    };
    match step {
        Step::Name => take(at, true),
        Step::Member(name) => named(at, &**name).all(|part| walk(tree, part, rest, seen, take)),
        Step::AnyMember => parts(at).all(|part| walk(tree, part, rest, seen, take)),
        Step::Elements if tree.is_array(at) => parts(at).all(|part| walk(tree, part, rest, seen, take)),
        Step::Elements => walk(tree, at, rest, seen, take),
        Step::Nth(index) if tree.is_array(at) => parts(at).nth(*index).is_none_or(|part| walk(tree, part, rest, seen, take)),
        Step::Nth(index) => *index > 0 || walk(tree, at, rest, seen, take),
        Step::Where(name, value) => {
            let has = |at: NodeIndex| named(at, &**name).any(|part| tree.text(part).eq_ignore_ascii_case(value));
            if tree.is_array(at) {
                parts(at).filter(|part| has(*part)).all(|part| walk(tree, part, rest, seen, take))
            } else {
                !has(at) || walk(tree, at, rest, seen, take)
            }
        }
    }
}
