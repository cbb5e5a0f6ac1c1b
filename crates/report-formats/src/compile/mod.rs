//! From a description to tables, with every mistake named.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::description::{Definition, Description, Detection};
use crate::language;
use crate::table::{Definitions, Detect, LineFacts, Pattern, Reading, Slot, Step, Syntax, Table, Text};

mod fields;
mod lines;
mod paths;
mod way;

use way::Way;

/// The most slots of a format: all their values are part of a checkpoint.
const SLOTS: usize = 20;

/// A format as tables.
#[derive(Debug)]
pub struct Compiled {
    /// What it is, and what tells it.
    pub table: Table,
    /// How it is read; none where a module of its own does.
    pub reading: Option<Reading>,
}

impl Description {
    /// The format of that name. An error says which field is wrong, and why.
    pub fn compile(&self, name: &str) -> Result<Compiled, String> {
        if self.syntax.has_lines() == self.lines.is_empty() {
            return Err("expected [[lines]] where the syntax is lines or html, and only there".to_owned());
        }
        let reading = match (self.code, self.has_records()) {
            (true, false) => None,
            (false, true) => Some(Compiler::new(name, self).reading()?),
            _ => return Err("expected either [[records]] or code = true".to_owned()),
        };
        if self.code == self.becomes.is_empty() {
            return Err("expected 'becomes' where code = true, and only there".to_owned());
        }
        if self.detect.is_empty() {
            return Err("expected [[detect]]: what tells the format".to_owned());
        }
        let table = Table {
            name: name.into(),
            aliases: texts(&self.aliases),
            scanner: self.scanner.as_str().into(),
            about: self.about.as_str().into(),
            syntax: self.syntax,
            detect: self.detect.iter().map(|text| detection(text, self.syntax)).collect::<Result<_, _>>()?,
            empty: self.empty,
            archive: self.archive.clone(),
        };
        Ok(Compiled { table, reading })
    }
}

fn detection(text: &Detection, syntax: Syntax) -> Result<Detect, String> {
    if text.has.is_empty() && text.is.is_empty() && text.all.is_empty() {
        return Err("detect: expected 'has' or 'is', or for lines 'has' or 'all'".to_owned());
    }
    let plain = syntax.has_lines();
    if plain && !text.is.is_empty() || !plain && !text.all.is_empty() {
        return Err("detect: 'is' is not for lines, and 'all' for nothing else".to_owned());
    }
    let lines = |texts: &[String]| patterns(if plain { texts } else { &[] }).map_err(|error| format!("detect: {error}"));
    Ok(Detect {
        has: texts(&text.has),
        is: text.is.iter().map(|(path, values)| (path.as_str().into(), texts(values.as_slice()))).collect(),
        lacks: texts(&text.lacks),
        alone: text.alone,
        file: texts(&text.file),
        lines: LineFacts { has: lines(&text.has)?, lacks: lines(&text.lacks)?, all: lines(&text.all)? },
    })
}

fn patterns(texts: &[String]) -> Result<Box<[Pattern]>, String> {
    texts.iter().map(|text| language::pattern(text)).collect()
}

fn texts(texts: &[String]) -> Box<[Text]> {
    texts.iter().map(|text| text.as_str().into()).collect()
}

/// What is known of a format while it is compiled.
struct Compiler<'d> {
    name: &'d str,
    description: &'d Description,
    nodes: Vec<Way>,
    /// The slots, and the node whose object each belongs to.
    slots: Vec<(Slot, usize)>,
    /// Where one of these holds a text, nobody needs the slot.
    spared: BTreeMap<u8, Vec<u8>>,
    definitions: BTreeMap<String, u8>,
    /// The way to the record whose fields are read, its node and the steps to what `each` names.
    at: Vec<Step>,
    node: usize,
    each: Option<Box<[Step]>>,
    uses_each: bool,
}

impl<'d> Compiler<'d> {
    fn new(name: &'d str, description: &'d Description) -> Self {
        Self {
            name,
            description,
            nodes: vec![Way::default()],
            slots: Vec::new(),
            spared: BTreeMap::new(),
            definitions: BTreeMap::new(),
            at: Vec::new(),
            node: 0,
            each: None,
            uses_each: false,
        }
    }

    fn steps(&self, text: &str) -> Result<Vec<Step>, String> {
        self.description.language().steps(text)
    }

    fn repeats(&self) -> bool {
        self.description.syntax.repeats()
    }

    fn reading(mut self) -> Result<Reading, String> {
        let description = self.description;
        if description.syntax.has_lines() && !description.definitions.is_empty() {
            return Err("definitions are not for lines".to_owned());
        }
        // The outer ones first: they hold those within.
        let mut definitions: Vec<_> = description.definitions.iter().collect();
        definitions.sort_by_key(|(_, definition)| definition.at.matches('.').count());
        for (name, definition) in definitions {
            self.definition(name, definition).map_err(|error| format!("definitions.{name}: {error}"))?;
        }
        let mut records = Vec::new();
        for text in description.records()? {
            for at in &text.at {
                let named = |error| format!("the record at {at:?}: {error}");
                self.begin_record(at, records.len()).map_err(named)?;
                records.push(self.record(at, &text.fields).map_err(named)?);
            }
        }
        if self.slots.len() > SLOTS {
            return Err(format!("more than {SLOTS} different paths that begin with '/' (they are part of the checkpoint)"));
        }
        self.nest();
        let lines = self.lines(&description.lines)?;
        let spread = self.spread(description.spread.as_slice())?;
        let nodes: Box<[_]> = self.nodes.iter().map(|way| way.finish(self.repeats(), self.defines(way))).collect::<Result<_, _>>()?;
        let slots = self.slots();
        let version = hash(&(&nodes, &slots, &lines))?;
        Ok(Reading { version, nodes, slots, records: records.into(), lines, spread })
    }

    fn slots(self) -> Box<[Slot]> {
        let owners: Vec<usize> = self.slots.iter().map(|(_, owner)| *owner).collect();
        let owner = |slot: u8| owners[usize::from(slot)];
        let slot = |(number, (slot, _)): (u8, (Slot, usize))| {
            // Of another object the value may be that of the one before.
            let spared = self.spared.get(&number).into_iter().flatten().copied().filter(|other| owner(*other) == owner(number));
            Slot { spared: spared.collect(), ..slot }
        };
        (0..).zip(self.slots).map(slot).collect()
    }

    /// Columns that have a row for each of their values.
    fn spread(&self, columns: &[String]) -> Result<Box<[Text]>, String> {
        if self.description.syntax != Syntax::Csv && !columns.is_empty() {
            return Err("'spread' is for csv".to_owned());
        }
        let unread = columns.iter().find(|column| !self.nodes[0].needed.members.contains_key(column.as_str()));
        unread.map_or_else(|| Ok(texts(columns)), |column| Err(format!("spread: no record reads the column {column:?}")))
    }

    /// Definitions: the values of a list, whose key is looked up.
    fn definition(&mut self, name: &str, text: &Definition) -> Result<(), String> {
        let steps = self.steps(text.at.trim_start_matches('/'))?;
        let members = steps.iter().take_while(|step| matches!(step, Step::Member(_))).count();
        // In XML the list is the element around those of one name.
        let members = if self.repeats() { members.saturating_sub(1) } else { members };
        let holder = self.holder(&steps[..members])?;
        let members = holder.map_or(members, |(_, members)| members);
        let node = self.way(&steps[..members])?;
        let nested = text.nested.as_ref().map(|nested| self.steps(nested)).transpose()?.unwrap_or_default().into();
        let key: Box<[Step]> = self.steps(&text.key)?.into();
        let slot = u8::try_from(self.slots.len()).map_err(|_| "too many")?;
        if holder.is_none() {
            self.nodes[node].slot = Some(slot);
        }
        let entries: Box<[Step]> = steps.into_iter().skip(members).collect();
        self.nodes[node].needed.add(&entries).add(&key).text = true;
        let definitions = Definitions { within: holder.map(|(slot, _)| slot), entries, key, nested };
        self.slots.push((Slot { definitions: Some(definitions), spared: Box::default() }, node));
        self.nodes[0].owns.push(slot);
        self.definitions.insert(name.to_owned(), slot);
        Ok(())
    }

    /// The slot of other definitions that holds what is at the end of those steps, and how many of them lead to it. In JSON a list is
    /// held by itself.
    fn holder(&mut self, steps: &[Step]) -> Result<Option<(u8, usize)>, String> {
        if !self.repeats() {
            return Ok(None);
        }
        for end in 1..=steps.len() {
            let node = self.way(&steps[..end])?;
            if let Some(slot) = self.nodes[node].slot {
                return Ok(Some((slot, end)));
            }
        }
        Ok(None)
    }
}

/// FNV-1a of what a value is in bytes.
fn hash(value: &impl Serialize) -> Result<u32, String> {
    let bytes = postcard::to_allocvec(value).map_err(|error| error.to_string())?;
    Ok(bytes.into_iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)))
}
