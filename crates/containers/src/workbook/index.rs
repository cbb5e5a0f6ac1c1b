//! Which parts a workbook's sheets, texts and formats are, by its relationships (ECMA-376 part 2, 6.5; part 1, 18.2).

use std::collections::BTreeMap;

use tokens::xml::{EventKind, StartTag, local_name};

use super::{Parts, read_events, unreadable};
use crate::budget::Budget;
use crate::zip::clean_name;
use crate::{Error, limits};

/// What the parts are, by their names.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Names of sheets and their parts, in the workbook's order.
    pub(super) sheets: Vec<(String, String)>,
    pub(super) texts: Option<String>,
    pub(super) formats: Option<String>,
    /// Days are counted from 1904 on.
    pub(super) is_1904: bool,
}

/// What a part is to another, by its id there: the last word of the relationship's type, and the part's name.
type Relationships = BTreeMap<String, (String, String)>;

impl Index {
    pub(super) fn read(file: &[u8], parts: &mut Parts, budget: &mut Budget) -> Result<Self, Error> {
        let package = relationships(file, "", parts, budget)?;
        let workbook = of_kind(&package, "officeDocument").ok_or_else(|| unreadable("it names no part as the workbook"))?;
        let relationships = relationships(file, &workbook, parts, budget)?;
        let (texts, formats) = (of_kind(&relationships, "sharedStrings"), of_kind(&relationships, "styles"));
        let mut index = Self { texts, formats, ..Self::default() };
        read_events(file, &parts.take(&workbook)?, &mut |event| match event {
            EventKind::Start(tag) => index.take_tag(tag, &relationships, budget),
            EventKind::Text(_) | EventKind::End(_) => Ok(()),
        })?;
        Ok(index)
    }

    fn take_tag(&mut self, tag: &StartTag<'_>, relationships: &Relationships, budget: &mut Budget) -> Result<(), Error> {
        match local_name(tag.name) {
            "workbookPr" => self.is_1904 |= tag.get("date1904").is_some_and(|value| value == "1" || value == "true"),
            "sheet" => {
                budget.entry()?;
                let name = clean_name(tag.get("name").unwrap_or_default());
                let id = tag.iter().find(|(name, _)| local_name(name) == "id").map_or("", |(_, id)| id);
                let (kind, part) = relationships.get(id).ok_or_else(|| unreadable(&format!("no part is the sheet {name:?}")))?;
                // A sheet that is a chart or a dialog has no cells.
                if kind == "worksheet" {
                    self.sheets.push((name, part.clone()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn of_kind(relationships: &Relationships, kind: &str) -> Option<String> {
    relationships.values().find(|(of, _)| of == kind).map(|(_, part)| part.clone())
}

/// The relationships of a part, or of the whole file, to parts that are there.
fn relationships(file: &[u8], of: &str, parts: &mut Parts, budget: &mut Budget) -> Result<Relationships, Error> {
    let (folder, name) = of.rsplit_once('/').unwrap_or(("", of));
    let place = parts.take(&resolve(folder, &format!("_rels/{name}.rels")))?;
    let mut found = Relationships::new();
    read_events(file, &place, &mut |event| {
        let EventKind::Start(tag) = event else { return Ok(()) };
        let (Some(id), Some(of_type), Some(target)) = (tag.get("Id"), tag.get("Type"), tag.get("Target")) else { return Ok(()) };
        let (kind, part) = (of_type.rsplit('/').next().unwrap_or_default(), resolve(folder, target));
        if id.len() <= limits::NAME && kind.len() <= limits::NAME && parts.places.contains_key(&part) {
            budget.entry()?;
            found.insert(id.to_owned(), (kind.to_owned(), part));
        }
        Ok(())
    })?;
    Ok(found)
}

/// The name of the part that a target is, seen from a folder.
fn resolve(folder: &str, target: &str) -> String {
    let folder = if target.starts_with('/') { "" } else { folder };
    let mut path: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(target.split('/')) {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/").to_ascii_lowercase()
}
