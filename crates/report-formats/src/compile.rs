//! From `formats/<name>.toml` to tables, with every mistake named. Part of the build script.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::language::{self, Names, leak, list};
use super::table::{
    Act, Assets, Condition, Detect, Expr, LineFacts, LineRule, List, Node, Package, Path, Pattern, Piece, Places, Reading, Record, Scores,
    Severities, Slot, Start, Step, Syntax, Table, Word,
};
use super::{Shape, limits};
use crate::kinds::{AssetKind, FindingKind, Severity, Status};

/// The most slots of a format: all their values are part of a checkpoint.
const SLOTS: usize = 16;

/// How deep definitions may be nested.
const NESTED: usize = 4;

/// A change of what the readers make of the same tables: older checkpoints are of no use then.
const READERS: u32 = 4;

/// A description, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    scanner: String,
    /// Other names by which it may be asked for.
    #[serde(default)]
    aliases: Vec<String>,
    about: String,
    syntax: SyntaxWord,
    /// A module of that name reads it.
    #[serde(default)]
    code: bool,
    /// What that module makes of a report, for people: of other formats it can be seen in their records.
    #[serde(default)]
    becomes: Vec<String>,
    #[serde(default)]
    detect: Vec<DetectText>,
    #[serde(default)]
    definitions: BTreeMap<String, DefinitionText>,
    #[serde(default)]
    maps: BTreeMap<String, BTreeMap<String, String>>,
    /// What all records have in common.
    #[serde(default)]
    fields: Fields,
    #[serde(default)]
    records: Vec<RecordText>,
    #[serde(default)]
    lines: Vec<LineText>,
    #[serde(default)]
    spread: Many<String>,
    #[serde(default)]
    empty: bool,
}

/// What becomes of lines of plain text.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LineText {
    is: Many<String>,
    begin: Option<String>,
    add: Option<String>,
    part: Option<String>,
    set: bool,
    clear: Many<String>,
    end: bool,
    ignore: bool,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum SyntaxWord {
    Json,
    Xml,
    Csv,
    Lines,
    Html,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectText {
    #[serde(default)]
    has: Vec<String>,
    #[serde(default)]
    is: BTreeMap<String, Many<String>>,
    #[serde(default)]
    lacks: Vec<String>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    alone: bool,
    #[serde(default)]
    file: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionText {
    at: String,
    key: String,
    nested: Option<String>,
}

#[derive(Deserialize)]
struct RecordText {
    at: Many<String>,
    #[serde(flatten)]
    fields: toml::Table,
}

/// What becomes what.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    each: Option<String>,
    only: Conditions,
    except: Conditions,
    failure: Option<String>,
    tool: Option<String>,
    kind: Option<FindingKind>,
    rule: Option<String>,
    title: Option<String>,
    severity: Option<SeverityText>,
    status: BTreeMap<String, Conditions>,
    description: Many<String>,
    solution: Many<String>,
    evidence: Many<String>,
    ids: Many<String>,
    cwes: Many<String>,
    references: Many<String>,
    cvss: Many<ScoreText>,
    component: Option<PackageText>,
    asset: Option<AssetText>,
    location: PlaceText,
    attributes: BTreeMap<String, String>,
    secret: Option<String>,
    fingerprint: Many<String>,
    identity: Option<Many<String>>,
}

/// Expressions, and what each has to be.
type Conditions = BTreeMap<String, Accepted>;

/// Words of an enum, and when each of them holds.
type Words<T> = List<(Word<T>, List<Condition>)>;

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Accepted {
    Present(bool),
    Values(Many<String>),
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Many<T> {
    One(T),
    List(Vec<T>),
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> Many<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::List(items) => items,
        }
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SeverityText {
    word: Option<String>,
    map: BTreeMap<String, Severity>,
    score: Option<String>,
    prefer: Option<Prefer>,
    default: Severity,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Prefer {
    Word,
    Score,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScoreText {
    score: Option<String>,
    vector: Option<String>,
    version: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageText {
    name: String,
    version: Option<String>,
    purl: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetText {
    kind: AssetKind,
    #[serde(default)]
    kinds: BTreeMap<String, Conditions>,
    #[serde(default)]
    identity: Option<String>,
    hostname: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PlaceText {
    host: Option<String>,
    port: Option<String>,
    protocol: Option<String>,
    service: Option<String>,
    url: Option<String>,
    parameter: Option<String>,
    path: Option<String>,
    line: Option<String>,
}

/// The format of that name. An error says which field is wrong, and why.
pub(crate) fn compile(name: &str, text: &str) -> Result<Table, String> {
    let description: Description = toml::from_str(text).map_err(|error| error.to_string())?;
    let syntax = match description.syntax {
        SyntaxWord::Json => Syntax::Json,
        SyntaxWord::Xml => Syntax::Xml,
        SyntaxWord::Csv => Syntax::Csv,
        SyntaxWord::Lines => Syntax::Lines,
        SyntaxWord::Html => Syntax::Html,
    };
    if has_lines(syntax) == description.lines.is_empty() {
        return Err("expected [[lines]] where the syntax is lines or html, and only there".to_owned());
    }
    let reading = match (description.code, description.records.is_empty()) {
        (true, true) => None,
        (false, false) => Some(Compiler::new(name, syntax, &description).reading(&description)?),
        _ => return Err("expected either [[records]] or code = true".to_owned()),
    };
    if description.code == description.becomes.is_empty() {
        return Err("expected 'becomes' where code = true, and only there".to_owned());
    }
    if description.detect.is_empty() {
        return Err("expected [[detect]]: what tells the format".to_owned());
    }
    let detect = description.detect.iter().map(|text| detection(text, syntax)).collect::<Result<_, _>>()?;
    Ok(Table {
        name: leak(name),
        aliases: words(&description.aliases),
        scanner: leak(&description.scanner),
        about: leak(&description.about),
        syntax,
        detect: list(detect),
        reading,
        empty: description.empty,
    })
}

/// Whether it is read line by line.
fn has_lines(syntax: Syntax) -> bool {
    matches!(syntax, Syntax::Lines | Syntax::Html)
}

fn detection(text: &DetectText, syntax: Syntax) -> Result<Detect, String> {
    if text.has.is_empty() && text.is.is_empty() && text.all.is_empty() {
        return Err("detect: expected 'has' or 'is', or for lines 'has' or 'all'".to_owned());
    }
    let plain = has_lines(syntax);
    if plain && !text.is.is_empty() || !plain && !text.all.is_empty() {
        return Err("detect: 'is' is not for lines, and 'all' for nothing else".to_owned());
    }
    let lines = |texts: &[String]| patterns(if plain { texts } else { &[] }).map_err(|error| format!("detect: {error}"));
    let is = text.is.iter().map(|(path, values)| (leak(path), words(values.as_slice()))).collect();
    Ok(Detect {
        has: words(&text.has),
        is: list(is),
        lacks: words(&text.lacks),
        alone: text.alone,
        file: words(&text.file),
        lines: LineFacts { has: lines(&text.has)?, lacks: lines(&text.lacks)?, all: lines(&text.all)? },
    })
}

fn patterns(texts: &[String]) -> Result<List<Pattern>, String> {
    Ok(list(texts.iter().map(|text| language::pattern(text)).collect::<Result<_, _>>()?))
}

fn words(words: &[String]) -> List<&'static str> {
    list(words.iter().map(|word| leak(word)).collect())
}

/// A node while it is made.
#[derive(Default)]
struct Way {
    members: Vec<(String, u16)>,
    any: Option<u16>,
    elements: Option<u16>,
    records: Vec<u8>,
    slot: Option<u8>,
    key: Option<u8>,
    needed: Needed,
    owns: Vec<u8>,
    bears: bool,
}

/// What is needed of a value, while it is gathered.
#[derive(Default)]
struct Needed {
    text: bool,
    /// Its name, whatever it is.
    name: bool,
    members: BTreeMap<String, Needed>,
    any: Option<Box<Needed>>,
    elements: Option<Box<Needed>>,
}

struct Compiler {
    name: String,
    syntax: Syntax,
    nodes: Vec<Way>,
    slots: Vec<(Slot, usize)>,
    /// Where one of these holds a text, nobody needs the slot.
    spared: BTreeMap<u8, Vec<u8>>,
    maps: BTreeMap<String, List<(&'static str, &'static str)>>,
    definitions: BTreeMap<String, u8>,
    /// The way to the record whose fields are read, its node and the steps to what `each` names.
    at: Vec<Step>,
    node: usize,
    each: Option<List<Step>>,
    uses_each: bool,
}

impl Compiler {
    fn new(name: &str, syntax: Syntax, description: &Description) -> Self {
        let pairs = |map: &BTreeMap<String, String>| list(map.iter().map(|(from, to)| (leak(from), leak(to))).collect());
        Self {
            name: name.to_owned(),
            syntax,
            nodes: vec![Way::default()],
            slots: Vec::new(),
            spared: BTreeMap::new(),
            maps: description.maps.iter().map(|(name, map)| (name.clone(), pairs(map))).collect(),
            definitions: BTreeMap::new(),
            at: Vec::new(),
            node: 0,
            each: None,
            uses_each: false,
        }
    }

    fn reading(mut self, description: &Description) -> Result<Reading, String> {
        if has_lines(self.syntax) && !description.definitions.is_empty() {
            return Err("definitions are not for lines".to_owned());
        }
        // The outer ones first: they hold those within.
        let mut definitions: Vec<_> = description.definitions.iter().collect();
        definitions.sort_by_key(|(_, definition)| definition.at.matches('.').count());
        for (name, definition) in definitions {
            self.definition(name, definition).map_err(|error| format!("definitions.{name}: {error}"))?;
        }
        let mut records = Vec::new();
        for (record, at) in description.records.iter().flat_map(|record| record.at.as_slice().iter().map(move |at| (record, at))) {
            let named = |error| format!("the record at {at:?}: {error}");
            self.begin_record(at, records.len()).map_err(named)?;
            let fields = merged(&description.fields, &record.fields).map_err(named)?;
            records.push(self.record(at, &fields).map_err(named)?);
        }
        if self.slots.len() > SLOTS {
            return Err(format!("more than {SLOTS} different paths that begin with '/' (they are part of the checkpoint)"));
        }
        self.nest();
        let lines = self.lines(&description.lines)?;
        let spread = self.spread(description.spread.as_slice())?;
        // The lines of a record are as elements are: a name may stand several times.
        let xml = self.repeats();
        let defines = |way: &Way| way.slot.is_some_and(|slot| self.definitions.values().any(|defined| *defined == slot));
        let nodes = self.nodes.iter().map(|way| way.finish(xml, defines(way))).collect::<Result<_, _>>()?;
        let (nodes, slots) = (list(nodes), list(self.slots()));
        let version = hash(&format!("{READERS} {nodes:?} {slots:?} {lines:?}"));
        Ok(Reading { version, nodes, slots, records: list(records), lines, spread })
    }

    fn slots(self) -> Vec<Slot> {
        let owners: Vec<usize> = self.slots.iter().map(|(_, owner)| *owner).collect();
        let owner = |slot: u8| owners[usize::from(slot)];
        let mut slots = Vec::new();
        for (number, (slot, _)) in (0..).zip(self.slots) {
            // Of another object the value may be that of the one before.
            let spared = self.spared.get(&number).into_iter().flatten().copied().filter(|other| owner(*other) == owner(number));
            slots.push(Slot { spared: list(spared.collect()), ..slot });
        }
        slots
    }

    /// Columns that have a row for each of their values.
    fn spread(&self, columns: &[String]) -> Result<List<&'static str>, String> {
        if self.syntax != Syntax::Csv && !columns.is_empty() {
            return Err("'spread' is for csv".to_owned());
        }
        let unread = columns.iter().find(|column| !self.nodes[0].needed.members.contains_key(*column));
        unread.map_or_else(|| Ok(words(columns)), |column| Err(format!("spread: no record reads the column {column:?}")))
    }

    /// Definitions: the values of a list, whose key is looked up.
    fn definition(&mut self, name: &str, text: &DefinitionText) -> Result<(), String> {
        let steps = language::steps(text.at.trim_start_matches('/'), self.repeats())?;
        let members = steps.iter().take_while(|step| matches!(step, Step::Member(_))).count();
        // In XML the list is the element around those of one name.
        let members = if self.repeats() { members.saturating_sub(1) } else { members };
        let holder = self.holder(&steps[..members])?;
        let members = holder.map_or(members, |(_, members)| members);
        let node = self.way(&steps[..members])?;
        let nested = text.nested.as_ref().map(|nested| language::steps(nested, self.repeats())).transpose()?.unwrap_or_default();
        let key = language::steps(&text.key, self.repeats())?;
        let slot = u8::try_from(self.slots.len()).map_err(|_| "too many")?;
        if holder.is_none() {
            self.nodes[node].slot = Some(slot);
        }
        let rest: Vec<Step> = steps.into_iter().skip(members).collect();
        self.nodes[node].needed.add(&rest).add(&key).text = true;
        let path = Path { start: Start::Kept(slot), steps: list(rest) };
        // The key's steps follow those to the list's entries, which `at` says.
        let key = Path { start: Start::Defined(slot, list(vec![path])), steps: list(key) };
        self.slots.push((Slot { key: Some(key), within: holder.map(|(slot, _)| slot), nested: list(nested), spared: List(&[]) }, node));
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

    /// The slot in whose value definitions are.
    fn holding(&self, slot: u8) -> u8 {
        self.slots[usize::from(slot)].0.within.unwrap_or(slot)
    }

    /// What is needed of definitions is needed of those within them, too.
    fn nest(&mut self) {
        for (slot, _) in &self.slots {
            let Some(Path { start: Start::Defined(index, entries), .. }) = &slot.key else { continue };
            let holding = slot.within.unwrap_or(*index);
            let Some(way) = self.nodes.iter_mut().find(|way| way.slot == Some(holding)).filter(|_| !slot.nested.is_empty()) else {
                continue;
            };
            let entry = way.needed.add(&entries[0].steps);
            for _ in 0..NESTED {
                let copy = entry.copy();
                *entry.add(&slot.nested) = copy;
            }
        }
    }

    fn begin_record(&mut self, at: &str, index: usize) -> Result<(), String> {
        let text = if at == "." { "" } else { at };
        // In XML a record is an element, so `[]` says nothing there either.
        self.at = language::steps(text, self.repeats())?;
        if self.at.iter().any(|step| !matches!(step, Step::Member(_) | Step::AnyMember | Step::Elements)) {
            return Err("at: expected names, '*' and '[]' only".to_owned());
        }
        let steps = std::mem::take(&mut self.at);
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
    fn way(&mut self, steps: &[Step]) -> Result<usize, String> {
        let mut node = 0;
        for step in steps {
            let next = u16::try_from(self.nodes.len()).map_err(|_| "too many nodes")?;
            let way = &mut self.nodes[node];
            let known = match step {
                Step::Member(name) => way.members.iter().find(|(member, _)| member == name).map(|(_, node)| *node),
                Step::AnyMember => way.any,
                Step::Elements => way.elements,
                _ => return Err("expected names, '*' and '[]' only".to_owned()),
            };
            if let Some(known) = known {
                node = usize::from(known);
                continue;
            }
            match step {
                Step::Member(name) => way.members.push(((*name).to_owned(), next)),
                Step::AnyMember => way.any = Some(next),
                _ => way.elements = Some(next),
            }
            self.nodes.push(Way::default());
            node = usize::from(next);
        }
        Ok(node)
    }
}

/// Lines of plain text.
impl Compiler {
    fn lines(&self, texts: &[LineText]) -> Result<List<LineRule>, String> {
        let mut rules = Vec::new();
        for text in texts {
            let named = |error| format!("lines: {:?}: {error}", text.is.as_slice());
            let is = patterns(text.is.as_slice()).map_err(named)?;
            if is.is_empty() {
                return Err("lines: expected the field 'is'".to_owned());
            }
            rules.push(LineRule { is, act: self.act(text, &is, texts).map_err(named)? });
        }
        if has_lines(self.syntax) {
            self.taken(texts)?;
        }
        Ok(list(rules))
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
                Act::AddTo(self.record_node(record)?, leak(text.part.as_deref().unwrap_or_default()))
            }
            (None, None, true, false, false) => {
                let slots = names(is).into_iter().map(|name| Ok((name, self.context_slot(name)?)));
                let cleared = text.clear.as_slice().iter().map(|name| self.context_slot(name));
                Act::SetContext(list(slots.collect::<Result<_, String>>()?), list(cleared.collect::<Result<_, _>>()?))
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
                    Some(part) => part == field && needed.members.keys().any(|field| takes(text, field)),
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
fn names(is: &[Pattern]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for piece in is.iter().flat_map(|Pattern(pieces)| pieces.iter()) {
        if let Piece::Take(name, _) | Piece::TakeLongest(name, _) = piece
            && !name.is_empty()
            && !names.contains(name)
        {
            names.push(name);
        }
    }
    names
}

/// A record's fields, and for what it does not say, those of all records.
fn merged(common: &Fields, own: &toml::Table) -> Result<Fields, String> {
    let mut fields: Fields = toml::Value::Table(own.clone()).try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    macro_rules! inherit {
        ($($field:ident),*) => { $(if !own.contains_key(stringify!($field)) { fields.$field = common.$field.clone(); })* };
    }
    // What tells of a failure is no finding, so it needs none of what makes one.
    if let Some(failure) = fields.failure.clone() {
        (fields.rule, fields.title, fields.kind) = (Some(failure.clone()), Some(failure), Some(FindingKind::Host));
        fields.severity = Some(SeverityText::default());
        return Ok(fields);
    }
    inherit!(each, only, except, tool, kind, rule, title, severity, status, description, solution, evidence, ids, cwes, references);
    inherit!(cvss, component, asset, location, secret, fingerprint, identity);
    for (name, value) in &common.attributes {
        fields.attributes.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(fields)
}

/// Fields.
impl Compiler {
    fn record(&mut self, at: &str, fields: &Fields) -> Result<Record, String> {
        let each = fields.each.as_deref().map(|each| language::path(each, self)).transpose().map_err(|error| format!("each: {error}"))?;
        if let Some(each) = &each {
            self.needed(each, &[]);
            self.each = Some(each.steps);
        }
        let tool = fields.tool.clone().unwrap_or_else(|| format!("'{}'", self.name));
        let asset = fields.asset.clone().unwrap_or(AssetText {
            kind: AssetKind::Repository,
            kinds: BTreeMap::new(),
            identity: None,
            hostname: None,
            attributes: BTreeMap::new(),
        });
        let failure = self.option("failure", fields.failure.as_ref())?;
        let component = fields.component.as_ref().map(|component| self.component(component)).transpose()?;
        let record = Record {
            at: leak(at),
            each,
            only: self.conditions("only", &fields.only)?,
            except: self.conditions("except", &fields.except)?,
            failure,
            tool: self.expr("tool", &tool)?,
            kind: Word(fields.kind.ok_or("expected the field 'kind'")?),
            rule: self.expr("rule", fields.rule.as_deref().ok_or("expected the field 'rule'")?)?,
            title: self.expr("title", fields.title.as_deref().ok_or("expected the field 'title'")?)?,
            severity: self.severities(fields.severity.as_ref().ok_or("expected the field 'severity'")?)?,
            status: self.words::<Status>("status", &fields.status)?,
            description: self.exprs("description", &fields.description)?,
            solution: self.exprs("solution", &fields.solution)?,
            evidence: self.exprs("evidence", &fields.evidence)?,
            ids: self.exprs("ids", &fields.ids)?,
            cwes: self.exprs("cwes", &fields.cwes)?,
            references: self.exprs("references", &fields.references)?,
            cvss: self.scores(fields.cvss.as_slice())?,
            component,
            asset: self.asset(&asset)?,
            location: self.places(&fields.location)?,
            attributes: self.attributes("attributes", &fields.attributes)?,
            secret: self.option("secret", fields.secret.as_ref())?,
            fingerprint: self.exprs("fingerprint", &fields.fingerprint)?,
            identity: fields.identity.as_ref().map(|identity| self.exprs("identity", identity)).transpose()?,
        };
        if record.kind.0 == FindingKind::Secret && record.secret.is_none() && record.identity.is_none() {
            return Err("a finding of kind secret needs the field 'secret' or 'identity'".to_owned());
        }
        if record.kind.0 == FindingKind::Dependency && record.component.is_none() && record.identity.is_none() {
            return Err("a finding of kind dependency needs the field 'component' or 'identity'".to_owned());
        }
        Ok(record)
    }

    fn expr(&mut self, field: &str, text: &str) -> Result<Expr, String> {
        let expr = language::expression(text, self).map_err(|error| format!("{field}: {error}"))?;
        if std::mem::take(&mut self.uses_each) && self.each.is_none() {
            return Err(format!("{field}: '$' in {text:?}, but there is no 'each'"));
        }
        Ok(expr)
    }

    fn option(&mut self, field: &str, text: Option<&String>) -> Result<Option<Expr>, String> {
        text.map(|text| self.expr(field, text)).transpose()
    }

    fn exprs(&mut self, field: &str, texts: &Many<String>) -> Result<List<Expr>, String> {
        Ok(list(texts.as_slice().iter().map(|text| self.expr(field, text)).collect::<Result<_, _>>()?))
    }

    fn attributes(&mut self, field: &str, texts: &BTreeMap<String, String>) -> Result<List<(&'static str, Expr)>, String> {
        let one = |(name, text): (&String, &String)| Ok((leak(name), self.expr(&format!("{field}.{name}"), text)?));
        Ok(list(texts.iter().map(one).collect::<Result<_, String>>()?))
    }

    fn conditions(&mut self, field: &str, texts: &Conditions) -> Result<List<Condition>, String> {
        let mut conditions = Vec::new();
        for (text, accepted) in texts {
            let value = self.expr(field, text)?;
            let (values, present) = match accepted {
                Accepted::Present(present) => (Vec::new(), *present),
                Accepted::Values(values) => (values.as_slice().iter().map(|value| leak(value)).collect(), true),
            };
            conditions.push(Condition { value, values: list(values), present });
        }
        Ok(list(conditions))
    }

    fn words<T: for<'de> Deserialize<'de>>(&mut self, field: &str, texts: &BTreeMap<String, Conditions>) -> Result<Words<T>, String> {
        let mut words = Vec::new();
        for (name, conditions) in texts {
            let word = word_of::<T>(name).ok_or_else(|| format!("{field}: {name:?} is none of its words"))?;
            words.push((Word(word), self.conditions(field, conditions)?));
        }
        Ok(list(words))
    }

    fn severities(&mut self, text: &SeverityText) -> Result<Severities, String> {
        if text.word.is_none() && text.score.is_none() && (!text.map.is_empty() || text.prefer.is_some()) {
            return Err("severity: 'map' and 'prefer' need 'word' or 'score'".to_owned());
        }
        Ok(Severities {
            word: self.option("severity.word", text.word.as_ref())?,
            map: list(text.map.iter().map(|(word, severity)| (leak(&word.to_lowercase()), Word(*severity))).collect()),
            score: self.option("severity.score", text.score.as_ref())?,
            score_first: text.prefer == Some(Prefer::Score),
            default: Word(text.default),
        })
    }

    fn scores(&mut self, texts: &[ScoreText]) -> Result<List<Scores>, String> {
        let mut scores = Vec::new();
        for text in texts {
            scores.push(Scores {
                score: self.option("cvss.score", text.score.as_ref())?,
                vector: self.option("cvss.vector", text.vector.as_ref())?,
                version: leak(text.version.as_deref().unwrap_or("3.1")),
            });
        }
        Ok(list(scores))
    }

    fn component(&mut self, text: &PackageText) -> Result<Package, String> {
        Ok(Package {
            name: self.expr("component.name", &text.name)?,
            version: self.option("component.version", text.version.as_ref())?,
            purl: self.option("component.purl", text.purl.as_ref())?,
            kind: self.option("component.type", text.kind.as_ref())?,
        })
    }

    fn asset(&mut self, text: &AssetText) -> Result<Assets, String> {
        Ok(Assets {
            kind: Word(text.kind),
            kinds: self.words("asset.kinds", &text.kinds)?,
            identity: self.expr("asset.identity", text.identity.as_deref().unwrap_or(&format!("'{}'", self.name)))?,
            hostname: self.option("asset.hostname", text.hostname.as_ref())?,
            attributes: self.attributes("asset.attributes", &text.attributes)?,
        })
    }

    fn places(&mut self, text: &PlaceText) -> Result<Places, String> {
        Ok(Places {
            host: self.option("location.host", text.host.as_ref())?,
            port: self.option("location.port", text.port.as_ref())?,
            protocol: self.option("location.protocol", text.protocol.as_ref())?,
            service: self.option("location.service", text.service.as_ref())?,
            url: self.option("location.url", text.url.as_ref())?,
            parameter: self.option("location.parameter", text.parameter.as_ref())?,
            path: self.option("location.path", text.path.as_ref())?,
            line: self.option("location.line", text.line.as_ref())?,
        })
    }
}

/// The value of an enum that is written like that.
fn word_of<T: for<'de> Deserialize<'de>>(word: &str) -> Option<T> {
    toml::Value::String(word.to_owned()).try_into().ok()
}

impl Names for Compiler {
    /// Where the path goes the record's own way it means what is around the record; what follows are members of that; and what comes
    /// after those is part of the value that is kept.
    fn slot(&mut self, text: &str, steps: Vec<Step>) -> Result<Path, String> {
        let shared = steps.iter().zip(&self.at).take_while(|(one, other)| same(one, other)).count();
        if shared == steps.len() && shared > 0 && !matches!(steps.last(), Some(Step::Name)) {
            return Err(format!("{text} is the record or holds it"));
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
            return Err(format!("a path that is longer than {text} is already used: write the shorter one first"));
        }
        let rest: Vec<Step> = steps.into_iter().skip(kept).collect();
        let key = matches!(rest.first(), Some(Step::Name));
        let known = if key { self.nodes[node].key } else { self.nodes[node].slot };
        let slot = match known {
            Some(slot) => slot,
            None => u8::try_from(self.slots.len()).map_err(|_| "too many paths that begin with '/'")?,
        };
        if known.is_none() {
            self.slots.push((Slot { key: None, within: None, nested: List(&[]), spared: List(&[]) }, owner));
            self.nodes[owner].owns.push(slot);
        } else {
            self.own(slot, owner);
        }
        if key {
            self.nodes[node].key = Some(slot);
            return Ok(Path { start: Start::Kept(slot), steps: List(&[]) });
        }
        self.nodes[node].slot = Some(slot);
        Ok(Path { start: Start::Kept(slot), steps: list(rest) })
    }

    fn around(&self, levels: usize) -> Result<Vec<Step>, String> {
        let mut steps = &self.at[..];
        for _ in 0..levels {
            while let [rest @ .., Step::Elements] = steps {
                steps = rest;
            }
            steps = steps.split_last().ok_or("'^' leads out of the report")?.1;
        }
        Ok(steps.to_vec())
    }

    fn definitions(&mut self, name: &str) -> Result<u8, String> {
        self.definitions.get(name).copied().ok_or_else(|| format!("there is no [definitions.{name}]"))
    }

    fn needed(&mut self, path: &Path, unless: &[u8]) {
        if let Start::Kept(slot) | Start::Defined(slot, _) = path.start {
            let unless = if matches!(path.start, Start::Kept(_)) { unless } else { &[] };
            self.spared.entry(slot).or_insert_with(|| unless.to_vec()).retain(|slot| unless.contains(slot));
        }
        let node = match path.start {
            Start::InRecord => self.node,
            Start::Element => {
                self.uses_each = true;
                self.node
            }
            Start::Kept(slot) | Start::Defined(slot, _) => {
                let holding = self.holding(slot);
                let kept = |way: &Way| way.slot == Some(holding);
                match self.nodes.iter().position(kept) {
                    Some(node) => node,
                    // Its name is kept, not its value.
                    None => return,
                }
            }
        };
        let mut needed = &mut self.nodes[node].needed;
        if let (Start::Element, Some(each)) = (path.start, self.each) {
            needed = needed.add(&each);
        }
        if let Start::Defined(slot, _) = path.start
            && let Some(Path { start: Start::Defined(_, entries), .. }) = &self.slots[usize::from(slot)].0.key
        {
            needed = needed.add(&entries[0].steps);
        }
        needed.add(&path.steps).text = true;
    }

    fn map(&self, name: &str) -> Option<List<(&'static str, &'static str)>> {
        self.maps.get(name).copied()
    }

    fn repeats(&self) -> bool {
        self.syntax == Syntax::Xml || has_lines(self.syntax)
    }
}

impl Compiler {
    /// A slot that several kinds of records use holds for the outermost part that one of them shares with it.
    fn own(&mut self, slot: u8, owner: usize) {
        let known = self.slots[usize::from(slot)].1;
        if owner < known {
            self.nodes[known].owns.retain(|owned| *owned != slot);
            self.nodes[owner].owns.push(slot);
            self.slots[usize::from(slot)].1 = owner;
        }
    }
}

fn same(one: &Step, other: &Step) -> bool {
    match (one, other) {
        (Step::Member(one), Step::Member(other)) => one == other,
        (Step::AnyMember, Step::AnyMember) | (Step::Elements, Step::Elements) => true,
        _ => false,
    }
}

impl Needed {
    /// What is needed at the end of those steps.
    fn add(&mut self, steps: &[Step]) -> &mut Self {
        let mut needed = self;
        for step in steps {
            needed = match step {
                Step::Member(name) => needed.members.entry((*name).to_owned()).or_default(),
                Step::AnyMember => needed.any.get_or_insert_default(),
                Step::Elements | Step::Nth(_) => needed.elements.get_or_insert_default(),
                Step::Where(name, _) => {
                    let elements = needed.elements.get_or_insert_default();
                    elements.members.entry((*name).to_owned()).or_default().text = true;
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

    fn shape(&self, xml: bool, limit: usize) -> Shape {
        let inner = |needed: &Self| -> &'static Shape { Box::leak(Box::new(needed.shape(xml, limit))) };
        if let Some(elements) = &self.elements {
            let one = elements.with(&Self { elements: None, ..self.copy() }).shape(xml, limit);
            // In XML an array is the elements of one name.
            return if xml { one } else { Shape::OneOrMany(Box::leak(Box::new(one))) };
        }
        match (&self.any, self.members.is_empty()) {
            (Some(any), true) => Shape::Map(inner(any)),
            (Some(_), false) => Shape::Any(limit),
            (None, false) => {
                let members = self.members.iter().map(|(name, needed)| (leak(name), needed.shape(xml, limit))).collect::<Vec<_>>();
                if self.text && !xml { Shape::Either(Vec::leak(members)) } else { Shape::Object(Vec::leak(members)) }
            }
            (None, true) if self.name => Shape::Either(&[]),
            (None, true) => Shape::Text(limit),
        }
    }

    fn copy(&self) -> Self {
        Self::default().with(self)
    }

    /// What is needed of either.
    fn with(&self, other: &Self) -> Self {
        let both = |one: &Option<Box<Self>>, other: &Option<Box<Self>>| match (one, other) {
            (Some(one), Some(other)) => Some(Box::new(one.with(other))),
            (Some(one), None) | (None, Some(one)) => Some(Box::new(one.copy())),
            (None, None) => None,
        };
        let mut members: BTreeMap<String, Self> = self.members.iter().map(|(name, needed)| (name.clone(), needed.copy())).collect();
        for (name, needed) in &other.members {
            let merged = members.get(name).map_or_else(|| needed.copy(), |known| known.with(needed));
            members.insert(name.clone(), merged);
        }
        let (text, name) = (self.text || other.text, self.name || other.name);
        Self { text, name, members, any: both(&self.any, &other.any), elements: both(&self.elements, &other.elements) }
    }
}

impl Way {
    fn finish(&self, xml: bool, defines: bool) -> Result<Node, String> {
        let kept = self.slot.is_some();
        // XML is read once for the definitions and once for the records.
        if kept
            && !(xml && defines)
            && (!self.records.is_empty() || !self.members.is_empty() || self.any.is_some() || self.elements.is_some())
        {
            return Err("a path that begins with '/' leads through another one, or to a record".to_owned());
        }
        let limit = if self.records.is_empty() { limits::NAME } else { limits::TEXT };
        let shape = (kept || !self.records.is_empty()).then(|| self.needed.shape(xml, limit));
        Ok(Node {
            members: list(self.members.iter().map(|(name, node)| (leak(name), *node)).collect()),
            any: self.any,
            elements: self.elements,
            records: list(self.records.clone()),
            slot: self.slot,
            key: self.key,
            shape,
            owns: list(self.owns.clone()),
            bears: self.bears,
        })
    }
}

/// FNV-1a.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
