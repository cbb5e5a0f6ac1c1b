//! Expressions of a description for people: where a value comes from. What is cut off or changed of it is left out, or it would be a dump.

/// Alternatives, and entries of a list, that are shown.
const SHOWN: usize = 3;

/// Where a record stands: what `^` and `$` refer to.
#[derive(Clone, Copy)]
pub(super) struct RecordPlace<'a> {
    pub(super) at: &'a str,
    pub(super) each: Option<&'a str>,
}

impl RecordPlace<'_> {
    /// `` `a` or “`b` in `c`” ``.
    pub(super) fn expression(self, text: &str) -> String {
        self.alternatives(text, " or ")
    }

    /// Several expressions: all of them are taken.
    pub(super) fn list(self, texts: &[&str]) -> String {
        let mut shown: Vec<String> = texts.iter().map(|text| self.expression(text)).collect();
        shown.dedup();
        short(shown, ", ")
    }

    fn alternatives(self, text: &str, or: &str) -> String {
        let mut shown: Vec<String> = Vec::new();
        for alternative in split(text, '|') {
            let alternative = self.alternative(alternative);
            if !shown.contains(&alternative) {
                shown.push(alternative);
            }
        }
        short(shown, or)
    }

    fn alternative(self, text: &str) -> String {
        let parts = split(text, '>');
        let (source, transforms) = parts.split_first().map_or((text, &[][..]), |(source, rest)| (*source, rest));
        let quoted = source.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let (mut shown, mut quote) = quoted.map_or_else(|| (self.path(source), false), |template| (self.template(template), true));
        for transform in transforms {
            let argument = |word: &str| Some(plain(transform.strip_prefix(word)?.trim().trim_matches('\'')));
            if let Some(prefix) = argument("prefix ") {
                (shown, quote) = (prefix + &shown, true);
            } else if let Some(suffix) = argument("suffix ") {
                (shown, quote) = (shown + &suffix, true);
            } else if let Some(pattern) = argument("like ") {
                shown = format!("{shown} like {pattern}");
            } else if let Some(divisor) = argument("divide ") {
                shown = format!("{shown} / {divisor}");
            }
        }
        if quote { format!("“{}”", shown.trim()) } else { shown }
    }

    fn template(self, text: &str) -> String {
        let mut shown = String::new();
        let mut rest = text;
        while let Some((before, (inner, after))) = rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
            shown.push_str(&plain(before));
            shown.push_str(&self.alternatives(inner.trim_end_matches('?'), "/"));
            rest = after;
        }
        shown + &plain(rest)
    }

    fn path(self, text: &str) -> String {
        if let Some((name, (key, rest))) = text.split_once('(').and_then(|(name, rest)| Some((name, rest.split_once(')')?))) {
            return format!("{} of the {} {}", self.path(rest.trim_start_matches('.')), name.replace('_', " "), self.path(key));
        }
        match self.full(text).as_str() {
            "" | "." => "its text".to_owned(),
            "#" => "its name".to_owned(),
            path => format!("`{}`", path.replace('`', "")),
        }
    }

    /// The path with what it begins with put in full.
    fn full(self, text: &str) -> String {
        if let Some(rest) = text.strip_prefix('$') {
            return format!("{}{rest}", self.each.unwrap_or_default());
        }
        let name = text.trim_start_matches('^');
        if name.len() == text.len() {
            return text.to_owned();
        }
        let mut around = self.at;
        for _ in 0..text.len() - name.len() {
            around = around.trim_end_matches("[]");
            around = around.rfind('.').map_or("", |end| &around[..end]);
        }
        format!("/{around}{name}").replace("/.", "/")
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

/// Splits outside of quotes, backticks, brackets and parentheses, as the language does.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = quote.filter(|_| c != open),
            (None, '\'' | '`') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, _) if c == at && depth == 0 => {
                parts.push(text[start..index].trim());
                start = index + c.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        RecordPlace { at: "a[].*.b[]", each: Some("list[]") }.expression(text)
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
