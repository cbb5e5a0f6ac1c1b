//! Workbooks (XLSX, ECMA-376).

use std::ops::Range;

use super::{Make, noise, text, zip};

const MIB: usize = 1024 * 1024;

/// Workbooks.
pub(super) const WORKBOOKS: &[(&str, Make)] = &[
    ("workbook: a cell in column ZZZZZZ", far_column),
    ("workbook: a cell in a column beyond all numbers", || cells(&format!("<row><c r='{}1'><v>1</v></c></row>", "Z".repeat(1000)))),
    ("workbook: a cell in row 4294967296", || cells("<row r='1'><c r='A4294967296'><v>1</v></c></row>")),
    ("workbook: a row beyond all numbers", || cells(&format!("<row r='{}'><c><v>1</v></c></row>", "9".repeat(1000)))),
    ("workbook: 1,000,000 cells, each in the last column", || {
        cells(&each(1..1_000_001, |row| format!("<row r='{row}'><c r='XFD{row}'><v>1</v></c></row>")))
    }),
    ("workbook: cells in no order", || cells(&"<row r='1'><c r='B1'><v>1</v></c><c r='A1'><v>1</v></c></row>".repeat(1000))),
    ("workbook: says that it has 400,000,000 texts", || {
        Workbook { texts: "<si><t>a</t></si>".to_owned(), texts_say: " count='400000000' uniqueCount='400000000'", ..Workbook::default() }
            .zip()
    }),
    ("workbook: one text of 900 KB 400 times", || {
        let texts = format!("<si><t>{}</t></si>", text(900_000));
        let cells = each(1..401, |row| format!("<row r='{row}'><c r='A{row}' t='s'><v>0</v></c></row>"));
        Workbook { texts, cells, ..Workbook::default() }.zip()
    }),
    ("workbook: one text of 900 KB 400 times in a row", || {
        let texts = format!("<si><t>{}</t></si>", "\"".repeat(900_000));
        Workbook { texts, cells: format!("<row>{}</row>", "<c t='s'><v>0</v></c>".repeat(400)), ..Workbook::default() }.zip()
    }),
    ("workbook: a text of 20 MiB", || {
        let texts = format!("<si><t>{}</t></si>", text(20 * MIB));
        Workbook { texts, cells: "<row><c t='s'><v>0</v></c></row>".to_owned(), ..Workbook::default() }.zip()
    }),
    ("workbook: 4,000,000 empty texts", || Workbook { texts: "<si/>".repeat(4_000_000), ..Workbook::default() }.zip()),
    ("workbook: a text that is not there", || cells("<row><c t='s'><v>99999999999999999999</v></c></row>")),
    ("workbook: an inline text of 100 MiB", || cells(&format!("<row><c t='inlineStr'><is><t>{}</t></is></c></row>", text(100 * MIB)))),
    ("workbook: a value of 100 MiB", || cells(&format!("<row><c><v>{}</v></c></row>", text(100 * MIB)))),
    ("workbook: an attribute of 20 MiB", || cells(&format!("<row r='{}'/>", text(20 * MIB)))),
    ("workbook: a tag with 200,000 attributes", || cells(&format!("<row{}/>", " a='1'".repeat(200_000)))),
    ("workbook: elements in each other", || cells(&"<row>".repeat(MIB))),
    ("workbook: an entity that is not there", || cells("<row><c><v>&lol;</v></c></row>")),
    ("workbook: 8,000,000 formats", || {
        Workbook { styles: format!("<cellXfs>{}</cellXfs>", "<xf/>".repeat(8_000_000)), ..Workbook::default() }.zip()
    }),
    ("workbook: 1,000,000 formats of one font with a name of 900 KB", || {
        let font = format!("<fonts><font><name val='{}'/></font></fonts>", text(900_000));
        Workbook { styles: format!("{font}<cellXfs>{}</cellXfs>", "<xf fontId='0'/>".repeat(1_000_000)), ..Workbook::default() }.zip()
    }),
    ("workbook: 1,000,000 formats of numbers", || {
        let formats = each(0..1_000_000, |n| format!("<numFmt numFmtId='{n}' formatCode='yyyy'/>"));
        Workbook { styles: format!("<numFmts>{formats}</numFmts>"), ..Workbook::default() }.zip()
    }),
    ("workbook: 500,000 relationships", || {
        let relationships = each(0..500_000, |n| format!("<Relationship Id='r{n}' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"));
        Workbook { relationships, ..Workbook::default() }.zip()
    }),
    ("workbook: relationships with ids of 900 KB", || {
        let id = "i".repeat(900_000);
        let relationships = each(0..100, |n| format!("<Relationship Id='{n}{id}' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"));
        Workbook { relationships, ..Workbook::default() }.zip()
    }),
    ("workbook: 500,000 sheets that are one part", || {
        Workbook { sheets: "<sheet name='n' r:id='s'/>".repeat(500_000), ..Workbook::default() }.zip()
    }),
    ("workbook: 5,000 sheets that are one part of 10 MiB", || {
        Workbook { sheets: "<sheet name='n' r:id='s'/>".repeat(5_000), cells: "<row r='1'/>".repeat(MIB), ..Workbook::default() }.zip()
    }),
    ("workbook: a sheet with a name of 900 KB", || {
        let sheets = format!("<sheet name='{}' r:id='s'/>", text(900_000));
        Workbook { sheets, cells: "<row><c><v>1</v></c></row>".to_owned(), ..Workbook::default() }.zip()
    }),
    ("workbook: 100 MiB of names that are defined", || {
        let names = format!("<definedNames>{}</definedNames>", format!("<definedName name='n'>{}</definedName>", text(MIB)).repeat(100));
        Workbook { sheets: names, ..Workbook::default() }.zip()
    }),
    ("workbook: numbers that are none", || {
        let values = ["1e400", "-1e400", "NaN", "infinity", "9".repeat(10_000).as_str(), "", "-"]
            .map(|value| format!("<c s='0'><v>{value}</v></c>"))
            .concat();
        Workbook {
            styles: "<cellXfs><xf numFmtId='14'/></cellXfs>".to_owned(),
            cells: format!("<row>{values}</row>"),
            ..Workbook::default()
        }
        .zip()
    }),
    ("workbook: parts of 200 MiB that nobody needs", || {
        [Workbook::default().entries(), super::entry("xl/media.bin", &vec![0; 200 * MIB])].concat()
    }),
    ("workbook: of 17 MiB", || [Workbook::default().entries(), super::entry("xl/media.bin", &noise(28 * MIB))].concat()),
    ("workbook: as much of everything as may be", largest),
    ("workbook: the same in zstd with a large window", || super::archives::zstd_stored(super::archives::WINDOW_16_MIB, &largest())),
    ("workbook: no parts but the first", || zip([("[Content_Types].xml", b"<Types/>".as_slice())])),
    ("workbook: relationships in a circle", || {
        let relationships = "<Relationship Id='s' Type='x/worksheet' Target='workbook.xml'/><Relationship Id='t' Type='x/styles' Target='_rels/workbook.xml.rels'/>";
        Workbook { relationships: relationships.to_owned(), ..Workbook::default() }.zip()
    }),
];

/// 1.4 KB that become a row of 300 MB where columns have no end.
pub(super) fn far_column() -> Vec<u8> {
    cells("<row r='1'><c r='ZZZZZZ1'><v>1</v></c></row>")
}

/// As much of everything as may be: texts of 22 MiB that become 14, and a table of 15 MiB of them.
fn largest() -> Vec<u8> {
    const TEXT: usize = 500_000;
    let texts = noise(22 * MIB);
    let text = |n: usize| String::from_utf8_lossy(&texts[n * TEXT..(n + 1) * TEXT]);
    let texts = each(0..texts.len() / TEXT, |n| format!("<si><t>{}</t></si>", text(n)));
    let cells = each(0..15 * MIB / TEXT, |n| format!("<row><c t='s'><v>{n}</v></c></row>"));
    Workbook { texts, cells, ..Workbook::default() }.zip()
}

fn each(numbers: Range<usize>, part: impl Fn(usize) -> String) -> String {
    numbers.map(part).collect()
}

fn cells(cells: &str) -> Vec<u8> {
    Workbook { cells: cells.to_owned(), ..Workbook::default() }.zip()
}

/// A workbook of one sheet, unless it is said otherwise.
#[derive(Default)]
struct Workbook {
    texts: String,
    texts_say: &'static str,
    cells: String,
    styles: String,
    sheets: String,
    relationships: String,
}

impl Workbook {
    fn zip(&self) -> Vec<u8> {
        [self.entries(), super::DIRECTORY_END.to_vec()].concat()
    }

    fn entries(&self) -> Vec<u8> {
        let sheets = if self.sheets.is_empty() { "<sheet name='s' sheetId='1' r:id='s'/>" } else { &self.sheets };
        let relationships = if self.relationships.is_empty() {
            "<Relationship Id='s' Type='x/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='t' Type='x/sharedStrings' \
             Target='sharedStrings.xml'/><Relationship Id='f' Type='x/styles' Target='/xl/styles.xml'/>"
        } else {
            &self.relationships
        };
        let parts = [
            ("[Content_Types].xml", "<Types/>".to_owned()),
            (
                "_rels/.rels",
                "<Relationships><Relationship Id='w' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>".to_owned(),
            ),
            ("xl/workbook.xml", format!("<workbook><sheets>{sheets}</sheets></workbook>")),
            ("xl/_rels/workbook.xml.rels", format!("<Relationships>{relationships}</Relationships>")),
            ("xl/styles.xml", format!("<styleSheet>{}</styleSheet>", self.styles)),
            ("xl/sharedStrings.xml", format!("<sst{}>{}</sst>", self.texts_say, self.texts)),
            ("xl/worksheets/sheet1.xml", format!("<worksheet><sheetData>{}</sheetData></worksheet>", self.cells)),
        ];
        parts.iter().flat_map(|(name, part)| super::entry(name, part.as_bytes())).collect()
    }
}
