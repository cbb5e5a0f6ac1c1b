//! Rules of the code that neither the compiler nor its lints know. Each says the file, the line, and what to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scan_reports::{Columns, FindingColumns, OccurrenceColumns};

/// Lines of a function in SQL.
const MOST_LINES: usize = 105;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_owned()
}

/// All files below a folder of the repository with this ending, with their texts and their paths in it.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let (root, mut folders, mut found) = (root(), vec![root().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let name = path.strip_prefix(&root).expect("below it").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{ending} in {folder}");
    found
}

fn holds(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// The words of a list in the source of Rust: `const NAME: [&str; 2] = ["a", "b"];`.
fn words_of_const(file: &str, name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).expect("a source");
    let (_, rest) = text.split_once(&format!("const {name}: [&str; ")).unwrap_or_else(|| panic!("{file} has no list {name}"));
    let (_, list) = rest.split_once("= [").expect("a list");
    quoted(list.split_once("];").expect("its end").0, '"')
}

/// The variants of an enum of Rust, as they are written in documents.
fn words_of_enum(file: &str, name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).expect("a source");
    let (_, rest) = text.split_once(&format!("pub enum {name} {{")).unwrap_or_else(|| panic!("{file} has no enum {name}"));
    let body = rest.split_once("\n}").expect("its end").0;
    let variant = |line: &str| line.trim().strip_suffix(',').filter(|word| word.chars().all(char::is_alphanumeric)).map(snake);
    body.lines().filter_map(variant).collect()
}

fn snake(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// The words of an enum of SQL, with those that later migrations have added.
fn words_of_type(name: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (_, text) in files("sql/migrations", "sql") {
        if let Some((_, rest)) = text.split_once(&format!("create type spillway.{name} as enum (")) {
            words.extend(quoted(rest.split_once(')').expect("its end").0, '\''));
        }
        for added in text.split(&format!("alter type spillway.{name} add value ")).skip(1) {
            words.extend(quoted(added.split_once(';').expect("its end").0, '\'').into_iter().take(1));
        }
    }
    assert!(!words.is_empty(), "no migration makes the type {name}");
    words
}

fn quoted(text: &str, quote: char) -> BTreeSet<String> {
    text.split(quote).skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn one_sql_function_a_file_with_its_name() {
    let (mut broken, mut names) = (Vec::new(), BTreeSet::new());
    for (file, text) in files("sql/functions", "sql") {
        let name = stem(&file);
        if !names.insert(name.to_owned()) {
            broken.push(format!("{file}:1: another folder has a function of this name; give it another"));
        }
        let made: Vec<_> = text.match_indices("create or replace function spillway.").collect();
        if made.len() != 1 || !text.contains(&format!("create or replace function spillway.{name}(")) {
            broken.push(format!("{file}:1: has to make the function spillway.{name}, and no other; move others to files of their own"));
        }
        if !text.contains(&format!("comment on function spillway.{name}(")) {
            broken.push(format!("{file}:1: says nothing of what {name} does; add `comment on function`"));
        }
    }
    holds(&broken);
}

/// The name of the function or trigger that a file of SQL makes.
fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".sql").unwrap_or(name)
}

#[test]
fn sql_functions_that_only_sql_calls_are_private() {
    let folders = ["crates", "functions", "tests", "tools", "xtask"].into_iter().filter(|folder| root().join(folder).is_dir());
    let rust: Vec<_> = folders.flat_map(|folder| files(folder, "rs")).collect();
    let callers = |name: &str| {
        let call = format!("spillway.{name}(");
        rust.iter()
            .filter(|(_, text)| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&call)))
            .collect::<Vec<_>>()
    };
    let is_app = |file: &str| file.starts_with("crates/") || file.starts_with("functions/");
    let mut broken = Vec::new();
    for (file, _) in files("sql/functions", "sql") {
        let (name, callers) = (stem(&file), callers(stem(&file)));
        if !file.contains("/private/") && callers.is_empty() {
            broken.push(format!("{file}:1: nothing but SQL calls {name}; move it to the folder private/ of its subject"));
        }
        if file.contains("/private/")
            && let Some((caller, _)) = callers.iter().find(|(caller, _)| is_app(caller))
        {
            broken.push(format!("{file}:1: {caller} calls {name}; move it out of private/"));
        }
    }
    holds(&broken);
}

#[test]
fn sql_functions_are_somebodys_or_private() {
    let grants = fs::read_to_string(root().join("sql/grants.sql")).expect("the grants");
    let granted: BTreeSet<_> =
        grants.split("spillway.").skip(1).filter_map(|rest| rest.split(|c: char| c != '_' && !c.is_alphanumeric()).next()).collect();
    let mut broken = Vec::new();
    for (file, text) in files("sql/functions", "sql") {
        let (is_definer, is_granted) = (text.contains(" security definer "), granted.contains(stem(&file)));
        if file.contains("/private/") && (is_definer || is_granted) {
            broken.push(format!(
                "{file}:1: is private, so it has the rights of who calls it and is granted to nobody: move it, or take that away"
            ));
        }
        if !(file.contains("/private/") || is_definer && is_granted) {
            broken
                .push(format!("{file}:1: is called by a role without rights: make it `security definer`, and grant it in sql/grants.sql"));
        }
    }
    holds(&broken);
}

#[test]
fn one_trigger_a_file_with_its_name_and_none_in_functions() {
    let mut broken = Vec::new();
    for (file, text) in files("sql/triggers", "sql") {
        let made: Vec<_> = text.lines().filter(|line| line.starts_with("create ") && line.contains(" trigger ")).collect();
        if !matches!(made.as_slice(), [line] if line.contains(&format!(" trigger {} ", stem(&file)))) {
            broken.push(format!("{file}:1: has to make the trigger {}, and no other", stem(&file)));
        }
    }
    for (file, text) in files("sql/functions", "sql") {
        if text.contains("returns trigger") {
            broken.push(format!("{file}:1: the function of a trigger; move it to the trigger's file in sql/triggers"));
        }
    }
    holds(&broken);
}

#[test]
fn sql_functions_are_short() {
    let long = |(file, text): &(String, String)| {
        let lines = text.lines().take_while(|line| !line.starts_with("comment on")).count();
        (lines > MOST_LINES).then(|| {
            format!("{file}:{MOST_LINES}: {lines} lines; a function has at most {MOST_LINES}: make parts of it functions of their own")
        })
    };
    holds(&files("sql/functions", "sql").iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn only_platform_speaks_sql() {
    // The schedule's component is of another WASI and has no platform.
    let may = |file: &str| file.starts_with("crates/platform/") || file.starts_with("functions/tick/");
    let mut broken = Vec::new();
    for folder in ["functions", "crates"] {
        for (file, text) in files(folder, "rs").into_iter().filter(|(file, _)| !may(file)) {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                if line.contains("\"select ") || line.contains("from spillway.") || line.contains("select spillway.") {
                    broken.push(format!("{file}:{}: SQL; it belongs into crates/platform/src/db.rs", number + 1));
                }
            }
        }
    }
    holds(&broken);
}

#[test]
fn functions_do_not_depend_on_each_other_nor_crates_on_functions() {
    let manifests: Vec<_> = ["functions", "crates"].iter().flat_map(|folder| files(folder, "toml")).collect();
    let is_function = |file: &str| file.starts_with("functions/") && file.ends_with("/Cargo.toml");
    let functions: Vec<_> = manifests.iter().filter(|(file, _)| is_function(file)).filter_map(|(file, _)| file.split('/').nth(1)).collect();
    assert!(functions.len() >= 5, "{functions:?}");
    let mut broken = Vec::new();
    for (file, text) in manifests.iter().filter(|(file, _)| file.ends_with("/Cargo.toml")) {
        for (number, line) in text.lines().enumerate() {
            if functions
                .iter()
                .any(|function| line.starts_with(&format!("{function}.workspace")) || line.starts_with(&format!("{function} =")))
            {
                broken.push(format!("{file}:{}: depends on a function; what two need is a crate", number + 1));
            }
        }
    }
    holds(&broken);
}

#[test]
fn rust_and_sql_have_the_same_words() {
    let findings = "functions/findings/src/lib.rs";
    for (ours, sql) in [
        (words_of_const(findings, "SEVERITIES"), "severity"),
        (words_of_const(findings, "STATUSES"), "finding_status"),
        (words_of_const("functions/imports/src/lib.rs", "STATES"), "import_state"),
        (words_of_const("functions/access/src/keys.rs", "SCOPES"), "key_scope"),
        (words_of_enum("crates/platform/src/db.rs", "ImportKind"), "import_kind"),
        (words_of_enum("tools/admin/src/key.rs", "Scope"), "key_scope"),
        (words_of_enum("crates/report-formats/src/kinds.rs", "Severity"), "severity"),
    ] {
        assert_eq!(
            ours,
            words_of_type(sql),
            "the words of spillway.{sql} differ in Rust (left) and in SQL's migrations (right): make them the same"
        );
    }
}

/// The attributes of a composite type of SQL in their order, with those that later migrations have added.
fn attributes_of_type(name: &str) -> Vec<String> {
    let mut attributes: Vec<String> = Vec::new();
    let first_word = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    for (_, text) in files("sql/migrations", "sql") {
        if let Some((_, rest)) = text.split_once(&format!("create type spillway.{name} as (")) {
            attributes = rest.split_once(");").expect("its end").0.split(',').map(first_word).collect();
        }
        for added in text.split(&format!("alter type spillway.{name} add attribute ")).skip(1) {
            attributes.push(first_word(added));
        }
    }
    assert!(!attributes.is_empty(), "no migration makes the type {name}");
    attributes
}

fn has_the_columns_of_its_type<C: Columns>() {
    assert_eq!(
        C::NAMES,
        attributes_of_type(C::TYPE),
        "crates/scan-reports/src/columns.rs (left) has other columns than spillway.{} of SQL's migrations (right): make them the same, in the same order",
        C::TYPE
    );
}

#[test]
fn rust_and_sql_have_the_same_columns() {
    has_the_columns_of_its_type::<FindingColumns>();
    has_the_columns_of_its_type::<OccurrenceColumns>();
}

#[test]
fn what_is_installed_is_checked() {
    let mut broken = Vec::new();
    for (file, text) in ["tools", "xtask/src", "tests/src"].iter().flat_map(|folder| files(folder, "rs")) {
        for (number, line) in text.lines().enumerate() {
            if line.contains("\"pip\"") && !line.contains("\"--require-hashes\"") {
                broken.push(format!(
                    "{file}:{}: pip takes what it is given; pin it in tools/stack/requirements.txt, with --require-hashes",
                    number + 1
                ));
            }
            if ["curl", "wget", "npm", "gem"].iter().any(|program| line.contains(&format!("command(\"{program}\")"))) {
                broken.push(format!(
                    "{file}:{}: fetches what nobody checks; take a package of Debian, or one whose hash is pinned",
                    number + 1
                ));
            }
        }
    }
    holds(&broken);
}

#[test]
fn what_is_open_says_what_is_missing() {
    let mut broken = Vec::new();
    for (file, text) in ["functions", "crates", "tools", "xtask/src", "tests/src"].iter().flat_map(|folder| files(folder, "rs")) {
        for (number, line) in text.lines().enumerate() {
            if ["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME"].iter().any(|mark| line.contains(mark)) {
                broken.push(format!("{file}:{}: unfinished; finish it or open an issue", number + 1));
            }
        }
    }
    holds(&broken);
}

#[test]
fn the_readme_knows_every_variable() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("text");
    let (readme, manifest) = (read("README.md"), read("spin.toml"));
    let (_, rest) = manifest.split_once("[variables]").expect("variables");
    let variables: Vec<_> =
        rest.lines().skip(1).take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = {")).collect();
    assert!(variables.len() > 10, "{variables:?}");
    let mut broken = Vec::new();
    for (name, value) in variables {
        let row = readme.lines().find(|line| line.starts_with("| `") && line.contains(&format!("`{name}`")));
        let default = value.split('"').nth(1).filter(|default| !default.is_empty());
        if !row.is_some_and(|row| default.is_none_or(|default| row.contains(&format!("`{default}`")))) {
            broken.push(format!("README.md: the table of variables lacks `{name}` or its default {default:?}; write them into it"));
        }
    }
    holds(&broken);
}

/// The code of a file line by line, without its tests, strings, comments and constants.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut is_inside = false;
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.filter_map(move |(number, line)| {
        // Every other part stands in quotes.
        let outside: Vec<_> = line.split("//").next().unwrap_or_default().split('"').step_by(2).collect();
        let code = outside.join("\"\"").trim().to_owned();
        let of_constant = is_inside
            || ["const ", "static "]
                .iter()
                .any(|word| code.starts_with(word) || code.contains(&format!("pub {word}")) || code.contains(&format!(") {word}")));
        is_inside = of_constant && !code.ends_with(';');
        (!of_constant).then_some((number + 1, code))
    })
}

/// Whole numbers in a line of code, as they are written in decimal digits.
fn numbers(code: &str) -> impl Iterator<Item = u64> {
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
    words.filter_map(|word| word.replace('_', "").parse().ok())
}

/// Whether a line has numbers that others have fixed: a status, what a word stands for, all that a byte can be, the number of a variant.
fn is_fixed(code: &str) -> bool {
    let is_variant = code.split_once(" = ").is_some_and(|(name, value)| {
        name.chars().all(char::is_alphanumeric) && value.strip_suffix(',').is_some_and(|value| value.parse::<u64>().is_ok())
    });
    is_variant || code.contains("status: ") || code.starts_with("\"\" => ") || code.contains("; 256]")
}

#[test]
fn every_limit_has_a_name() {
    const MOST: u64 = 100;
    let is_duration = |code: &str| {
        let mut given = code.split("Duration::from_").skip(1).filter_map(|made| made.split_once('('));
        given.any(|(_, given)| given.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut broken = Vec::new();
    // What `fuzzing` does are tests.
    let is_tested = |file: &str| file.contains("/src/") && !file.contains("/tests") && !file.ends_with("/fuzzing.rs");
    for (file, text) in ["functions", "crates"].iter().flat_map(|folder| files(folder, "rs")).filter(|(file, _)| is_tested(file)) {
        for (number, code) in code(&text) {
            if is_duration(&code) || (numbers(&code).any(|number| number > MOST) && !is_fixed(&code)) {
                broken.push(format!("{file}:{number}: a limit without a name: `{code}`; make its number a constant that says what it is"));
            }
        }
    }
    holds(&broken);
}
