//! Compiles the descriptions in `formats`. A mistake in one ends the build, with the file and the field.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use report_formats::{Catalogue, Compiled, Description};

fn main() {
    println!("cargo::rerun-if-changed=formats");
    println!("cargo::rerun-if-changed=build.rs");
    let formats: Vec<Compiled> = descriptions().iter().filter_map(|path| format(path)).collect();
    match Catalogue::pack(&formats) {
        Ok(bytes) => write("formats.bin", &bytes),
        Err(error) => println!("cargo::error=formats: {error}"),
    }
    write("formats.rs", written(&formats).as_bytes());
}

fn write(name: &str, bytes: &[u8]) {
    let path = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(name);
    if let Err(error) = fs::write(&path, bytes) {
        println!("cargo::error={}: {error}", path.display());
    }
}

/// The descriptions, by name.
fn descriptions() -> Vec<PathBuf> {
    let entries = fs::read_dir("formats").into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths
}

fn format(path: &Path) -> Option<Compiled> {
    let name = path.file_stem()?.to_str()?;
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    let compiled = text.and_then(|text| Description::read(&text)?.compile(name));
    compiled.inspect_err(|error| println!("cargo::error={}: {}", path.display(), error.replace('\n', " "))).ok()
}

/// The enum of all formats.
fn written(formats: &[Compiled]) -> String {
    let mut text =
        String::from("/// The report formats.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Format {\n");
    for Compiled { table, .. } in formats {
        let _ = writeln!(text, "    /// {}\n    {},", table.about, variant(&table.name));
    }
    let variants: Vec<String> = formats.iter().map(|format| format!("Self::{}", variant(&format.table.name))).collect();
    let _ = writeln!(text, "}}\n\nimpl Format {{\n    /// Every format, in alphabetical order.");
    let _ = writeln!(text, "    pub const ALL: [Self; {}] = [{}];\n}}\n", formats.len(), variants.join(", "));
    let _ = writeln!(text, "/// The reader of a format that has a module of its own.");
    let _ = writeln!(text, "pub(crate) fn code(format: Format) -> Option<Box<dyn Parser>> {{\n    Some(match format {{");
    for Compiled { table, .. } in formats.iter().filter(|format| format.reading.is_none()) {
        let _ = writeln!(text, "        Format::{} => Box::new(super::{}::parser()),", variant(&table.name), table.name);
    }
    let _ = writeln!(text, "        _ => return None,\n    }})\n}}");
    text
}

/// `dependency_check` as `DependencyCheck`.
fn variant(name: &str) -> String {
    let capital = |word: &str| word.chars().next().map(|c| c.to_uppercase().to_string() + &word[c.len_utf8()..]).unwrap_or_default();
    name.split('_').map(capital).collect()
}
