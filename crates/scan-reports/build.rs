//! Compiles the descriptions in `formats` into tables. A mistake in one ends the build, with the file and the field.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "the modules are parts of the crate")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/format/described/compile.rs"]
mod compile;
#[path = "src/kinds.rs"]
mod kinds;
#[path = "src/format/described/language.rs"]
mod language;
#[path = "src/limits.rs"]
mod limits;
#[path = "src/format/described/table.rs"]
mod table;

use table::Table;
use tokens::json::Shape;

fn main() {
    for path in ["formats", "build.rs", "src/kinds.rs", "src/limits.rs", "src/format/described"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let tables: Vec<Table> = descriptions().iter().filter_map(|path| table(path)).collect();
    for name in names_of_several(&tables) {
        println!("cargo::error=formats: {name} is the name or alias of two formats");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("formats.rs");
    if let Err(error) = fs::write(&out, written(&tables)) {
        println!("cargo::error={}: {error}", out.display());
    }
}

/// The descriptions, by name.
fn descriptions() -> Vec<PathBuf> {
    let entries = fs::read_dir("formats").into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths
}

fn table(path: &Path) -> Option<Table> {
    let name = path.file_stem()?.to_str()?;
    let compiled = fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|text| compile::compile(name, &text));
    compiled.inspect_err(|error| println!("cargo::error={}: {}", path.display(), error.replace('\n', " "))).ok()
}

/// Names and aliases that do not tell which format is meant.
fn names_of_several(tables: &[Table]) -> Vec<&'static str> {
    let mut names: Vec<&str> = tables.iter().flat_map(|table| table.aliases.iter().copied().chain([table.name])).collect();
    names.sort_unstable();
    names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

/// The enum of all formats, and their tables.
fn written(tables: &[Table]) -> String {
    let mut text =
        String::from("/// The report formats.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Format {\n");
    for table in tables {
        let _ = writeln!(text, "    /// {}\n    {},", table.about, variant(table.name));
    }
    let variants: Vec<String> = tables.iter().map(|table| format!("Self::{}", variant(table.name))).collect();
    let _ = writeln!(text, "}}\n\nimpl Format {{\n    /// Every format, in alphabetical order.");
    let _ = writeln!(text, "    pub const ALL: [Self; {}] = [{}];\n}}\n", tables.len(), variants.join(", "));
    let _ = writeln!(text, "pub(crate) static TABLES: [Table; {}] = {tables:?};\n", tables.len());
    let _ = writeln!(text, "/// The reader of a format that has a module of its own.");
    let _ = writeln!(text, "pub(crate) fn code(format: Format) -> Option<Box<dyn Parser>> {{\n    Some(match format {{");
    for table in tables.iter().filter(|table| table.reading.is_none()) {
        let _ = writeln!(text, "        Format::{} => Box::new(super::{}::parser()),", variant(table.name), table.name);
    }
    let _ = writeln!(text, "        _ => return None,\n    }})\n}}");
    text
}

/// `dependency_check` as `DependencyCheck`.
fn variant(name: &str) -> String {
    let capital = |word: &str| word.chars().next().map(|c| c.to_uppercase().to_string() + &word[c.len_utf8()..]).unwrap_or_default();
    name.split('_').map(capital).collect()
}
