//! SARIF 2.1.0 (OASIS Standard, 27 March 2020; section numbers below are of that text). Other versions are read as far as they look alike.
//!
//! # Two passes over a run
//!
//! A result names its rule, its files and its taxa by index, and the run may define them before or after the results: a writer that
//! sorts its keys puts `results` before `tool`, several put `originalUriBaseIds` or `automationDetails` last. So a run is read twice:
//!
//! 1. The *survey* goes through the run's members once. Results are skipped, which is several times faster than reading them.
//!    Definitions are trimmed to what is needed and held, at most [`limits::DEFINITIONS`] bytes a run; where they stand is noted.
//! 2. Then the parser jumps back to the first result: [`Decoder::position`](crate::Decoder::position) changes. At the end of the results
//!    it jumps to the end of the run.
//!
//! So the order of the members never makes a difference, and a run that is cut off gives an error and no record at all.
//!
//! A checkpoint holds no definition but only where they stand. A resumed parser asks for those places first, then for the next result's.
//! A survey is resumed where it was.
//!
//! # Which results, and what they become
//!
//! A run that has `results`, however few, names its tool in a record: what that tool no longer reports is gone. One without (§3.14.23) says
//! nothing. Results of kind `fail`, which is the default (§3.27.9), give one occurrence for each of their locations, or one without. See
//! [`finding`] for the fields.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokens::TakesBytes;
use tokens::json::{Collected, Collector, Place, Token, Tokenizer};
use tokens::tree::TreeValue;

use super::Parser;
use crate::budget::{Source, Wanted};
use crate::{CheckpointError, Problem, ProblemCode, ReadError, ReadErrorKind, Record, Step, limits};

mod finding;
mod objects;
mod run;

use finding::Findings;
use objects::RESULT;
use run::{Definitions, Member};

/// What is needed of one result.
const RESULT_LIMIT: usize = 4 * 1024 * 1024;

pub(super) fn parser() -> Sarif {
    Sarif::default()
}

/// What the parser is about to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// The report's object, and its members (§3.13).
    Log,
    /// The value of `runs`.
    Runs,
    /// A run's members (§3.14), in the survey.
    Survey,
    /// The value of `results`, in the survey.
    SurveyResults,
    /// A definition, in the survey.
    Define(Member),
    /// A definition again, after a checkpoint.
    Restore(Member),
    /// The results (§3.27).
    Results,
    /// Nothing more.
    End,
}

/// A definition of the run, and where it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Range {
    member: Member,
    offset: u64,
    line: u64,
    /// Of what is needed of it, in bytes.
    size: usize,
    #[serde(skip)]
    held: bool,
}

/// What the survey noted of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Survey {
    /// Place of the run's first member.
    start: Option<Place>,
    definitions: Vec<Range>,
    /// Place of the first result.
    results: Option<Place>,
    /// Place after the run.
    end: Option<Place>,
    /// Whether the run's tool was given.
    told: bool,
}

/// The parser's place after its last record: the checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Saved {
    stage: Stage,
    place: Place,
    /// Of the result at `place`, so many occurrences were given.
    given: usize,
    runs_seen: bool,
    survey: Survey,
}

/// The parser.
pub(super) struct Sarif {
    tokens: Tokenizer,
    stage: Stage,
    collector: Collector,
    /// It has begun with a result.
    collecting: bool,
    definitions: Definitions,
    saved: Saved,
    /// What is to be said once the place after it is saved: what is wrong with the record that is being passed over, or the run's tool.
    noted: Option<Record>,
    /// The same, once it is.
    ready: Option<Record>,
    /// A result that is being given. The tokenizer stands after it, and stays.
    current: Option<Findings>,
}

impl Default for Sarif {
    fn default() -> Self {
        let saved = Saved { stage: Stage::Log, place: Place::start(), given: 0, runs_seen: false, survey: Survey::default() };
        Self {
            tokens: Tokenizer::default(),
            stage: Stage::Log,
            collector: Collector::default(),
            collecting: false,
            definitions: Definitions::default(),
            saved,
            noted: None,
            ready: None,
            current: None,
        }
    }
}

impl Parser for Sarif {
    fn position(&self) -> u64 {
        self.tokens.position()
    }

    /// The survey counts for a quarter of its run's bytes, the results for the rest.
    fn progress(&self) -> u64 {
        let survey = &self.saved.survey;
        let Some(start) = survey.start.as_ref().map(Place::offset) else { return self.tokens.offset() };
        match (self.stage, &survey.end) {
            (Stage::Results, Some(end)) => weighted(start, end.offset(), self.tokens.offset()),
            (Stage::Restore(_), Some(end)) => weighted(start, end.offset(), self.saved.place.offset()),
            _ => start + self.tokens.offset().saturating_sub(start) / 4,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.tokens.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.tokens.end_of_input();
    }

    fn work(&self) -> u64 {
        self.tokens.work()
    }

    fn next_beyond(&mut self, mut wanted: Wanted<'_>) -> Result<Step, ReadError> {
        let most = self.work() + limits::STEP;
        loop {
            if let Some(record) = self.ready.take() {
                let source = Source { offset: self.saved.place.offset(), line: record.line(), length: 0 };
                wanted.budget.give(&record, source)?;
                return Ok(Step::Record(record));
            }
            if let Some(record) = self.give(&mut wanted)? {
                return Ok(Step::Record(record));
            }
            if self.work() > most {
                return Ok(Step::Working);
            }
            if self.stage == Stage::End {
                return Ok(Step::End);
            }
            if let Flow::NeedsInput = self.advance()? {
                return Ok(Step::NeedInput);
            }
        }
    }

    fn suspend(&self) -> Value {
        serde_json::to_value(&self.saved).unwrap_or_default()
    }

    fn restore(&mut self, state: Value) -> Result<(), CheckpointError> {
        self.saved = serde_json::from_value(state).map_err(|_| CheckpointError::Unreadable)?;
        self.stage = self.saved.stage;
        match self.stage {
            Stage::Results => self.go_to_results(),
            Stage::Define(_) | Stage::Restore(_) => return Err(CheckpointError::Unreadable),
            other => {
                self.tokens = Tokenizer::new(self.saved.place.clone());
                if other == Stage::SurveyResults {
                    self.tokens.skip();
                }
            }
        }
        Ok(())
    }
}

/// Progress at a place of the second pass over what lies between `start` and `end`.
fn weighted(start: u64, end: u64, at: u64) -> u64 {
    start + end.saturating_sub(start) / 4 + at.clamp(start, end.max(start)).saturating_sub(start) / 4 * 3
}

/// Whether the parser can go on by itself.
enum Flow {
    Goes,
    NeedsInput,
}

impl Sarif {
    /// The next occurrence of the current result.
    fn give(&mut self, wanted: &mut Wanted<'_>) -> Result<Option<Record>, ReadError> {
        let Some(findings) = self.current.as_mut() else { return Ok(None) };
        let record = findings.next(&self.definitions, wanted)?;
        self.saved.given += 1;
        if findings.is_empty() {
            self.current = None;
            self.save();
        }
        Ok(Some(record))
    }

    fn advance(&mut self) -> Result<Flow, ReadError> {
        match self.stage {
            Stage::Define(member) => return self.define(member),
            Stage::Restore(member) => return self.restore_definition(member),
            Stage::Results => return self.result(),
            _ => {}
        }
        let Some(token) = self.tokens.next()? else { return Ok(Flow::NeedsInput) };
        match self.stage {
            Stage::Log => self.log(token)?,
            Stage::Runs => self.runs(token)?,
            Stage::Survey => self.survey(token),
            _ => self.survey_results(token),
        }
        Ok(Flow::Goes)
    }

    /// Makes the tokenizer's place the checkpoint's.
    fn save(&mut self) {
        self.tokens.write_place(&mut self.saved.place);
        self.saved();
    }

    fn save_at(&mut self, place: Place) {
        self.saved.place = place;
        self.saved();
    }

    fn saved(&mut self) {
        (self.saved.stage, self.saved.given) = (self.stage, 0);
        self.ready = self.noted.take();
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.save();
    }

    fn log(&mut self, token: Token) -> Result<(), ReadError> {
        match token {
            Token::Key if self.tokens.text() == "runs" => (self.stage, self.saved.runs_seen) = (Stage::Runs, true),
            Token::Key => self.tokens.skip(),
            Token::EndObject if !self.saved.runs_seen => return Err(self.not_sarif("the report's object has none")),
            Token::BeginObject | Token::EndObject | Token::Skipped => self.save(),
            Token::End => self.enter(Stage::End),
            _ => return Err(self.not_sarif("the report is not an object")),
        }
        Ok(())
    }

    fn runs(&mut self, token: Token) -> Result<(), ReadError> {
        match (token, self.tokens.depth()) {
            (Token::BeginArray, 2) | (Token::Skipped, _) => self.save(),
            // §3.13.4: null where the run's producer failed.
            (Token::EndArray | Token::Null, 1) => self.enter(Stage::Log),
            (Token::BeginObject, 3) => {
                self.definitions = Definitions::default();
                self.saved.survey = Survey { start: Some(self.tokens.place()), ..Survey::default() };
                self.enter(Stage::Survey);
            }
            (_, 1 | 2) if !matches!(token, Token::BeginObject) => self.other_run(token)?,
            (Token::BeginArray, _) => {
                self.report(ProblemCode::InvalidField, "expected a run, found an array");
                self.tokens.skip_to_depth(2);
            }
            _ => return Err(self.not_sarif("'runs' is not an array")),
        }
        Ok(())
    }

    fn other_run(&mut self, token: Token) -> Result<(), ReadError> {
        if self.tokens.depth() == 1 {
            return Err(self.not_sarif("'runs' is not an array"));
        }
        if token != Token::Null {
            self.report(ProblemCode::InvalidField, "expected a run, found another value");
        }
        self.save();
        Ok(())
    }

    fn not_sarif(&mut self, found: &str) -> ReadError {
        self.tokens.error(ReadErrorKind::NotThisFormat, format!("expected a SARIF object with an array 'runs', but {found}"))
    }

    /// Notes a problem with what begins at the last token. It is given when the place after that is saved.
    fn report(&mut self, code: ProblemCode, message: impl Into<String>) {
        let (offset, line) = (self.tokens.token_start(), self.tokens.line());
        self.report_at(code, message, offset, line);
    }

    fn report_at(&mut self, code: ProblemCode, message: impl Into<String>, offset: u64, line: u64) {
        self.noted = Some(Record::Problem(Problem { code, message: message.into(), offset, line, excerpt: String::new() }));
    }
}

/// The survey.
impl Sarif {
    fn survey(&mut self, token: Token) {
        match token {
            Token::Key => self.member(),
            Token::Skipped => self.save(),
            _ => self.survey_ended(),
        }
    }

    fn member(&mut self) {
        let name = self.tokens.text().into_owned();
        match Member::of(&name) {
            Some(member) => {
                self.stage = Stage::Define(member);
                let held: usize = self.saved.survey.definitions.iter().map(|range| range.size).sum();
                let room = limits::DEFINITIONS.saturating_sub(held);
                self.collector.begin(member.shape(), room, &self.tokens, "");
            }
            None if name == "results" => self.stage = Stage::SurveyResults,
            None => {
                if name == "externalPropertyFileReferences" {
                    let message = "parts of this run are in other files (externalPropertyFileReferences), which are not read";
                    self.report(ProblemCode::MissingField, message);
                }
                self.tokens.skip();
            }
        }
    }

    /// Collects a definition.
    fn define(&mut self, member: Member) -> Result<Flow, ReadError> {
        let Some(collected) = self.collector.advance(&mut self.tokens)? else { return Ok(Flow::NeedsInput) };
        let (offset, line) = (self.collector.offset(), self.collector.line());
        self.stage = Stage::Survey;
        let taken = match collected {
            Collected::Value => self.definitions.take(member, self.collector.tree()).map_err(|error| error.to_string()),
            Collected::TooLarge => return Err(self.too_many_definitions()),
            Collected::OtherKind | Collected::End => Err("it is of another type than SARIF says".to_owned()),
        };
        match taken {
            Ok(()) => {
                self.saved.survey.definitions.retain(|range| range.member != member);
                self.saved.survey.definitions.push(Range { member, offset, line, size: self.collector.tree().size(), held: true });
            }
            Err(why) => {
                self.report_at(ProblemCode::InvalidField, format!("the run's {:?} cannot be used: {why}", member.name()), offset, line);
            }
        }
        self.save();
        Ok(Flow::Goes)
    }

    fn too_many_definitions(&mut self) -> ReadError {
        let message =
            format!("more than {} bytes of rules, artifacts and other definitions in a run (limits::DEFINITIONS)", limits::DEFINITIONS);
        self.tokens.error(ReadErrorKind::LimitExceeded, message)
    }

    /// Passes over the results, one by one: a survey can be put down between any two.
    fn survey_results(&mut self, token: Token) {
        match token {
            Token::BeginArray if self.tokens.depth() == 4 && self.saved.survey.results.is_some() => {
                self.report(ProblemCode::InvalidField, "a second 'results' in one run: only the first is read");
                self.stage = Stage::Survey;
                self.tokens.skip_to_depth(3);
            }
            Token::BeginArray if self.tokens.depth() == 4 => {
                self.saved.survey.results = Some(self.tokens.place());
                self.save();
                self.tokens.skip();
            }
            Token::Skipped => {
                self.save();
                self.tokens.skip();
            }
            Token::BeginObject => {
                self.report(ProblemCode::InvalidField, "expected an array of results, found an object");
                self.stage = Stage::Survey;
                self.tokens.skip_to_depth(3);
            }
            _ => self.enter(Stage::Survey),
        }
    }

    fn survey_ended(&mut self) {
        let after = self.tokens.place();
        self.saved.survey.end = Some(after.clone());
        let Some(first) = self.saved.survey.results.clone() else { return self.run_ended() };
        self.stage = Stage::Results;
        self.save_at(first);
        self.go_to_results();
    }

    /// Goes to the next result; before that, to the definitions that are not held.
    fn go_to_results(&mut self) {
        let survey = &self.saved.survey;
        let missing = survey.definitions.iter().find(|range| !range.held);
        let (stage, place) = match (missing, &survey.start) {
            (Some(range), Some(start)) => (Stage::Restore(range.member), start.value_at(range.offset, range.line)),
            _ => (Stage::Results, self.saved.place.clone()),
        };
        self.stage = stage;
        self.tokens.jump(place);
        self.collecting = false;
        if let Stage::Restore(member) = stage {
            self.collector.begin(member.shape(), limits::DEFINITIONS, &self.tokens, "");
        }
    }

    fn restore_definition(&mut self, member: Member) -> Result<Flow, ReadError> {
        if self.collector.advance(&mut self.tokens)?.is_none() {
            return Ok(Flow::NeedsInput);
        }
        // Good when it was surveyed. If not: the report is another one by now, and its results will say so.
        let _ = self.definitions.take(member, self.collector.tree());
        for range in &mut self.saved.survey.definitions {
            range.held |= range.member == member;
        }
        self.go_to_results();
        Ok(Flow::Goes)
    }

    fn run_ended(&mut self) {
        if let Some(end) = self.saved.survey.end.take() {
            self.tokens.jump(end);
        }
        self.saved.survey = Survey::default();
        self.definitions = Definitions::default();
        self.enter(Stage::Runs);
    }
}

/// The results.
impl Sarif {
    fn result(&mut self) -> Result<Flow, ReadError> {
        if !self.saved.survey.told {
            self.saved.survey.told = true;
            self.noted = Some(Record::Tool { name: self.definitions.tool_name() });
            self.saved();
            return Ok(Flow::Goes);
        }
        if !self.collecting {
            self.collecting = true;
            self.collector.begin(&RESULT, RESULT_LIMIT, &self.tokens, "");
        }
        let Some(collected) = self.collector.advance(&mut self.tokens)? else { return Ok(Flow::NeedsInput) };
        self.collecting = false;
        if collected == Collected::End {
            self.run_ended();
            return Ok(Flow::Goes);
        }
        let (offset, line) = (self.collector.offset(), self.collector.line());
        match collected {
            Collected::Value => match objects::Result::deserialize(TreeValue::first(self.collector.tree())) {
                Ok(result) => return Ok(self.take_result(result, offset, line)),
                Err(error) => {
                    self.report_at(ProblemCode::InvalidField, format!("the result cannot be read: {error}"), offset, line);
                }
            },
            Collected::TooLarge => {
                let message = format!("what is needed of this result is more than {RESULT_LIMIT} bytes");
                self.report_at(ProblemCode::TooLarge, message, offset, line);
            }
            _ => self.report_at(ProblemCode::InvalidField, "expected a result, found another value than an object", offset, line),
        }
        self.save();
        Ok(Flow::Goes)
    }

    fn take_result(&mut self, result: objects::Result, offset: u64, line: u64) -> Flow {
        let source = Source { offset, line, length: self.collector.tree().size() };
        match Findings::of(result, source, self.saved.given) {
            Some(findings) => self.current = Some(findings),
            None => self.save(),
        }
        Flow::Goes
    }
}
