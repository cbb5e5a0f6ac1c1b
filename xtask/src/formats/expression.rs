//! Expressions of a description for people: where a value comes from. What is cut off or changed of it is left out, or it would be a dump.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use report_formats::language::{Language, Start, around};
use report_formats::table::{Alternative, Expression, Part, Path, Source, Step, Transform};

/// Alternatives, and entries of a list, that are shown.
const SHOWN: usize = 3;

/// Where a record stands: what `^` and `$` refer to; and how its description is read.
#[derive(Clone, Copy)]
pub(super) struct RecordPlace<'a> {
    pub(super) language: Language<'a>,
    pub(super) at: &'a [Step],
    pub(super) each: Option<&'a str>,
}

impl RecordPlace<'_> {
    /// `` `a` or “`b` in `c`” ``.
    pub(super) fn expression(self, text: &str) -> Result<String> {
        let expression = self.language.expression(text).map_err(|error| anyhow!("{text}: {error}"))?;
        self.alternatives(&expression, " or ")
    }

    /// Several expressions: all of them are taken.
    pub(super) fn list(self, texts: &[String]) -> Result<String> {
        let mut shown = texts.iter().map(|text| self.expression(text)).collect::<Result<Vec<_>>>()?;
        shown.dedup();
        Ok(short(shown, ", "))
    }

    fn alternatives(self, expression: &Expression<Start>, or: &str) -> Result<String> {
        let mut shown: Vec<String> = Vec::new();
        for alternative in &expression.0 {
            let alternative = self.alternative(alternative)?;
            if !shown.contains(&alternative) {
                shown.push(alternative);
            }
        }
        Ok(short(shown, or))
    }

    fn alternative(self, Alternative { source, transforms }: &Alternative<Start>) -> Result<String> {
        let (mut shown, mut quote) = match source {
            Source::Value(path) => (self.path(path)?, false),
            Source::Template(parts) => (self.template(parts)?, true),
        };
        for transform in transforms {
            match transform {
                Transform::Prefix(prefix) => (shown, quote) = (plain(prefix) + &shown, true),
                Transform::Suffix(suffix) => (shown, quote) = (shown + &plain(suffix), true),
                Transform::Like(pattern) => shown = format!("{shown} like {}", plain(pattern)),
                Transform::Divide(divisor) => shown = format!("{shown} / {divisor}"),
                _ => {}
            }
        }
        Ok(if quote { format!("“{}”", shown.trim()) } else { shown })
    }

    fn template(self, parts: &[Part<Start>]) -> Result<String> {
        let part = |part: &Part<Start>| match part {
            Part::Literal(text) => Ok(plain(text)),
            Part::Needed(expression) | Part::Optional(expression) => self.alternatives(expression, "/"),
        };
        parts.iter().map(part).collect()
    }

    fn path(self, Path { start, steps }: &Path<Start>) -> Result<String> {
        let steps = written(steps);
        let full = match start {
            Start::Definition(name, key) => {
                return Ok(format!("{} of the {} {}", coded(&steps), name.replace('_', " "), self.path(key)?));
            }
            Start::InRecord => steps,
            Start::Root => format!("/{steps}"),
            Start::Element => joined(self.each.unwrap_or_default().to_owned(), &steps),
            Start::Around(levels) => joined(format!("/{}", written(around(self.at, *levels).map_err(|error| anyhow!(error))?)), &steps),
        };
        Ok(coded(&full))
    }
}

/// Steps as they are written.
fn written(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let dot = if text.is_empty() { "" } else { "." };
        let _ = match step {
            Step::Member(name) => write!(text, "{dot}{name}"),
            Step::AnyMember => write!(text, "{dot}*"),
            Step::Elements => write!(text, "[]"),
            Step::Nth(index) => write!(text, "[{index}]"),
            Step::Where(name, value) => write!(text, "[{name}={value}]"),
            Step::Name => write!(text, "#"),
        };
    }
    text
}

/// A path that goes on behind another.
fn joined(path: String, rest: &str) -> String {
    let dot = if rest.is_empty() || rest.starts_with(['#', '[']) || path.ends_with('/') { "" } else { "." };
    format!("{path}{dot}{rest}")
}

fn coded(path: &str) -> String {
    match path {
        "" => "its text".to_owned(),
        "#" => "its name".to_owned(),
        path => format!("`{path}`"),
    }
}

/// The first few, and a sign that there are more.
pub(super) fn short(mut shown: Vec<String>, separator: &str) -> String {
    if shown.len() > SHOWN {
        shown.truncate(SHOWN);
        shown.push("…".to_owned());
    }
    shown.join(separator)
}

/// A text in which Markdown sees no marks.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.replace('\n', " ").chars() {
        if matches!(c, '*' | '_' | '<' | '[' | '`' | '\\') {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use report_formats::language::Maps;

    use super::*;

    fn shown(text: &str) -> String {
        let maps = Maps::new();
        let language = Language { maps: &maps, repeats: false };
        let at = language.steps("a[].*.b[]").expect("steps");
        RecordPlace { language, at: &at, each: Some("list[]") }.expression(text).expect("an expression")
    }

    #[test]
    fn paths_are_those_of_the_report() {
        assert_eq!(shown("x.y | `p.q`.z"), "`x.y` or `p.q.z`");
        assert_eq!(shown("^.name | ^^.name | ^#"), "`/a[].*.name` or `/a[].name` or `/a[].*#`");
        assert_eq!(shown("/top | $.x | $"), "`/top` or `list[].x` or `list[]`");
        assert_eq!(shown(". | #"), "its text or its name");
        assert_eq!(shown("rule(ids[a=b|c].id).name"), "`name` of the rule `ids[a=b|c].id`");
    }

    #[test]
    fn of_transforms_only_those_are_shown_that_choose_or_add() {
        assert_eq!(shown("a > like 'CVE-*' > upper"), "`a` like CVE-\\*");
        assert_eq!(shown("a > divide 10"), "`a` / 10");
        assert_eq!(shown("a > lower > prefix 'Update to ' | a > upper | a"), "“Update to `a`” or `a`");
    }

    #[test]
    fn templates_are_quoted_texts() {
        assert_eq!(shown("'{a | b} in {c?}*' | 'x'"), "“`a`/`b` in `c`\\*” or “x”");
        assert_eq!(shown("a | b | c | d | e"), "`a` or `b` or `c` or …");
    }
}
