//! Which parts a workbook's sheets, texts and formats are, by its relationships (ECMA-376 part 2, 6.5; part 1, 18.2).

use std::collections::BTreeMap;

use tokens::xml::{EventKind, StartTag, local_name};

use super::{Failure, damaged, no_workbook, shortened, too_large};
use crate::limits;

/// How many names an error lists.
const LISTED: usize = 20;
/// The depth of a sheet in the list of them.
const SHEET: usize = 3;

/// What parts are to a part, or to the file.
#[derive(Debug, Default)]
pub(super) struct Relationships {
    /// The folder of that part.
    folder: String,
    /// By their ids.
    found: BTreeMap<String, Relationship>,
    length: usize,
}

/// What a part is to another.
#[derive(Debug)]
struct Relationship {
    /// The last word of its type, in which both namespaces agree.
    kind: String,
    part: String,
}

impl Relationships {
    /// Those of a part; of the file where it has no name.
    pub(super) fn of(part: &str) -> Self {
        let (folder, _) = part.rsplit_once('/').unwrap_or_default();
        Self { folder: folder.to_owned(), ..Self::default() }
    }

    pub(super) fn take(&mut self, event: &EventKind<'_>) -> Result<(), Failure> {
        let EventKind::Start(tag) = event else { return Ok(()) };
        let (Some(id), Some(of_type), Some(target)) = (tag.get("Id"), tag.get("Type"), tag.get("Target")) else { return Ok(()) };
        if tag.get("TargetMode") == Some("External") {
            return Ok(());
        }
        let kind = of_type.rsplit('/').next().unwrap_or_default();
        self.length += self.folder.len() + id.len() + kind.len() + target.len();
        if self.length > limits::XLSX_NAMES || self.found.len() == limits::XLSX_ENTRIES {
            let (names, entries) = (limits::XLSX_NAMES, limits::XLSX_ENTRIES);
            return Err(too_large(&format!("it relates more than {entries} parts, or their names have more than {names} bytes")));
        }
        self.found.insert(id.to_owned(), Relationship { kind: kind.to_owned(), part: resolve(&self.folder, target) });
        Ok(())
    }

    /// The part that is this.
    pub(super) fn part(&self, kind: &str) -> Option<&str> {
        self.found.values().find(|found| found.kind == kind).map(|found| found.part.as_str())
    }
}

/// The name of the part that has the relationships of one.
pub(super) fn relationships_of(part: &str) -> String {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    resolve(folder, &format!("_rels/{name}.rels"))
}

/// The name of the part that a target is, seen from a folder.
fn resolve(folder: &str, target: &str) -> String {
    let folder = if target.starts_with('/') { "" } else { folder };
    let mut path: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(target.split(['/', '\\'])) {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

/// What the workbook says of its sheets.
#[derive(Debug, Default)]
pub(super) struct Book {
    sheets: Vec<Sheet>,
    length: usize,
    /// Days are counted from 1904 on.
    pub(super) is_1904: bool,
}

#[derive(Debug)]
struct Sheet {
    name: String,
    id: String,
    is_hidden: bool,
}

impl Book {
    pub(super) fn take(&mut self, event: &EventKind<'_>, depth: usize) -> Result<(), Failure> {
        let EventKind::Start(tag) = event else { return Ok(()) };
        match local_name(tag.name) {
            "workbookPr" => self.is_1904 |= tag.get("date1904").is_some_and(|value| matches!(value, "1" | "true" | "on")),
            "sheet" if depth == SHEET => self.take_sheet(tag)?,
            _ => {}
        }
        Ok(())
    }

    fn take_sheet(&mut self, tag: &StartTag<'_>) -> Result<(), Failure> {
        let name = tag.get("name").unwrap_or_default().to_owned();
        let id = tag.iter().find(|(name, _)| local_name(name) == "id").map_or("", |(_, id)| id).to_owned();
        self.length += name.len() + id.len();
        if self.length > limits::XLSX_NAMES || self.sheets.len() == limits::XLSX_ENTRIES {
            let (names, entries) = (limits::XLSX_NAMES, limits::XLSX_ENTRIES);
            return Err(too_large(&format!("it has more than {entries} sheets, or their names have more than {names} bytes")));
        }
        self.sheets.push(Sheet { name, id, is_hidden: tag.get("state").is_some_and(|state| state != "visible") });
        Ok(())
    }

    /// The part that is the sheet of a name; without one, the first that can be seen and has cells, or else the first that has cells.
    pub(super) fn sheet<'a>(&self, name: Option<&str>, parts: &'a Relationships) -> Result<&'a str, Failure> {
        let part = |sheet: &Sheet| parts.found.get(&sheet.id).filter(|found| found.kind == "worksheet").map(|found| found.part.as_str());
        let Some(name) = name else {
            let visible = self.sheets.iter().filter(|sheet| !sheet.is_hidden).find_map(part);
            return visible.or_else(|| self.sheets.iter().find_map(part)).ok_or_else(|| damaged("it has no sheet with cells"));
        };
        let same = |sheet: &&Sheet| sheet.name.to_lowercase() == name.to_lowercase();
        let sheet = self.sheets.iter().find(|sheet| sheet.name == name).or_else(|| self.sheets.iter().find(same));
        let sheet = sheet.ok_or_else(|| no_workbook(&format!("the workbook has no sheet {name:?}, it has {}", self.names())))?;
        part(sheet)
            .ok_or_else(|| no_workbook(&format!("the sheet {name:?} has no cells: it is a chart, a dialog or missing; name another")))
    }

    /// The names of the first sheets, for people.
    fn names(&self) -> String {
        let names: Vec<_> = self.sheets.iter().take(LISTED).map(|sheet| format!("{:?}", shortened(&sheet.name))).collect();
        let more = self.sheets.len().saturating_sub(LISTED);
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_seen_from_the_folder_of_their_part() {
        for (folder, target, part) in [
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/styles.xml", "xl/styles.xml"),
            ("xl", "../a/./b.xml", "a/b.xml"),
            ("xl", "..\\..\\a.xml", "a.xml"),
        ] {
            assert_eq!(resolve(folder, target), part);
        }
        assert_eq!(relationships_of("xl/workbook.xml"), "xl/_rels/workbook.xml.rels");
        assert_eq!(relationships_of(""), "_rels/.rels");
    }
}
