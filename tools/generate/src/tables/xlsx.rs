//! Tables as workbooks (ECMA-376): a sheet whose codes are shared texts and whose other texts are inline, in a ZIP that is written in one go.

use std::fmt::Write as _;
use std::io::{self, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};

use super::TABLE_COLUMNS;
use super::day::{Instant, SECONDS_OF_A_DAY};
use super::order::{Hundredths, Order, Orders};
use crate::escaped;

/// Rows that a sheet can have below its header.
pub const MOST_ROWS: u64 = 1_048_575;

/// Formats of cells, by their number in [`STYLES`].
const DATE: u8 = 1;
const DATE_AND_TIME: u8 = 2;

/// The number of 1970-01-01 in a workbook.
const UNIX_EPOCH: i32 = 25_569;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>"#;
const RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="orders" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const WORKBOOK_RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>"#;
const SHEET_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
const SHEET_TAIL: &str = "</sheetData></worksheet>";
const TEXTS_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#;
const TEXTS_TAIL: &str = "</sst>";

/// Writes a workbook.
pub(super) fn write(mut orders: Orders, out: &mut impl Write) -> io::Result<()> {
    if orders.rows() > MOST_ROWS {
        let message = format!("a sheet has room for {MOST_ROWS} rows; ask for fewer, or for another format");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut zip = Zip { out, written: 0, directory: Vec::new(), entries: 0 };
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONSHIPS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONSHIPS),
        ("xl/styles.xml", STYLES),
    ];
    for (name, text) in parts {
        zip.entry(name, |part| part.write_all(text.as_bytes()))?;
    }
    let mut codes: Vec<&'static str> = Vec::new();
    zip.entry("xl/worksheets/sheet1.xml", |part| sheet(&mut orders, &mut codes, part))?;
    zip.entry("xl/sharedStrings.xml", |part| {
        let texts = codes.iter().map(|code| ["<si><t>", code, "</t></si>"].concat()).collect::<Vec<_>>().concat();
        write!(part, "{TEXTS_HEAD}{texts}{TEXTS_TAIL}")
    })?;
    zip.end()
}

fn sheet(orders: &mut Orders, codes: &mut Vec<&'static str>, part: &mut impl Write) -> io::Result<()> {
    let mut row = Row { xml: SHEET_HEAD.to_owned(), number: 0, column: b'A' };
    row.begin();
    for (name, _) in TABLE_COLUMNS {
        row.text(name);
    }
    row.end();
    while let Some(order) = orders.next() {
        part.write_all(row.xml.as_bytes())?;
        row.xml.clear();
        row.begin();
        row.order(order, codes);
        row.end();
    }
    row.xml.push_str(SHEET_TAIL);
    part.write_all(row.xml.as_bytes())
}

/// A row of a sheet in the making.
struct Row {
    xml: String,
    number: u64,
    /// The letter of the next cell.
    column: u8,
}

impl Row {
    fn begin(&mut self) {
        self.number += 1;
        self.column = b'A';
        let _ = write!(self.xml, r#"<row r="{}">"#, self.number);
    }

    fn end(&mut self) {
        self.xml.push_str("</row>");
    }

    fn order(&mut self, order: &Order, codes: &mut Vec<&'static str>) {
        self.number(order.id);
        self.text(&order.customer);
        self.code(order.country, codes);
        self.text(&order.product);
        self.number(order.quantity);
        self.number(order.price());
        self.or_none(order.discount, |row, discount| row.number(Hundredths::from(discount)));
        self.number_as(order.ordered_on().0 + UNIX_EPOCH, DATE);
        self.or_none(order.shipped_at(), |row, at| row.number_as(serial(at), DATE_AND_TIME));
        self.or_none(order.note.as_deref(), Self::text);
    }

    /// The cell's place.
    fn place(&mut self) -> String {
        let place = format!("{}{}", char::from(self.column), self.number);
        self.column += 1;
        place
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        let place = self.place();
        let _ = write!(self.xml, r#"<c r="{place}"><v>{number}</v></c>"#);
    }

    fn number_as(&mut self, number: impl std::fmt::Display, style: u8) {
        let place = self.place();
        let _ = write!(self.xml, r#"<c r="{place}" s="{style}"><v>{number}</v></c>"#);
    }

    fn text(&mut self, text: &str) {
        let place = self.place();
        // XML makes of a line's end that is not written so another.
        let text = escaped(text).replace('\r', "&#13;");
        let _ = write!(self.xml, r#"<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#);
    }

    fn code(&mut self, code: &'static str, codes: &mut Vec<&'static str>) {
        let known = codes.iter().position(|known| *known == code);
        let index = known.unwrap_or_else(|| {
            codes.push(code);
            codes.len() - 1
        });
        let place = self.place();
        let _ = write!(self.xml, r#"<c r="{place}" t="s"><v>{index}</v></c>"#);
    }

    /// No cell where there is no value.
    fn or_none<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.column += 1,
        }
    }
}

/// Days and their parts since the epoch of workbooks, with the digits that spreadsheets write.
fn serial(at: Instant) -> String {
    const DIGITS: i64 = 10_000_000_000;
    let part = (at.second_of_day() * DIGITS + SECONDS_OF_A_DAY / 2) / SECONDS_OF_A_DAY;
    format!("{}.{part:010}", at.day().0 + UNIX_EPOCH)
}

/// A ZIP archive (APPNOTE 6.3) in the making. What an entry's header does not know yet comes behind its data.
struct Zip<'a, W> {
    out: &'a mut W,
    written: u64,
    directory: Vec<u8>,
    entries: u16,
}

impl<W: Write> Zip<'_, W> {
    /// Writes an entry.
    fn entry(&mut self, name: &str, write: impl FnOnce(&mut Packing<&mut Self>) -> io::Result<()>) -> io::Result<()> {
        let begin = field(self.written)?;
        // Version 2.0, a descriptor behind the data and a name in UTF-8, deflated, 1980-01-01 00:00.
        let fixed = [20, 0, 0x08, 0x08, 8, 0, 0, 0, 0x21, 0];
        let length = u16::try_from(name.len()).map_err(io::Error::other)?.to_le_bytes();
        let header = [b"PK\x03\x04".as_slice(), &fixed, &[0; 12], &length, &[0; 2], name.as_bytes()].concat();
        self.write_all(&header)?;
        let data = self.written;
        let (crc, unpacked) = {
            let mut packing = Packing { deflate: DeflateEncoder::new(&mut *self, Compression::fast()), crc: Crc::new(), unpacked: 0 };
            write(&mut packing)?;
            packing.deflate.try_finish()?;
            (packing.crc, packing.unpacked)
        };
        let sizes = [crc.sum().to_le_bytes(), field(self.written - data)?, field(unpacked)?].concat();
        self.write_all(&[b"PK\x07\x08".as_slice(), &sizes].concat())?;
        let entry = [b"PK\x01\x02\x14\0".as_slice(), &fixed, &sizes, &length, &[0; 12], &begin, name.as_bytes()];
        self.directory.extend(entry.concat());
        self.entries += 1;
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        let (begin, directory) = (field(self.written)?, std::mem::take(&mut self.directory));
        self.write_all(&directory)?;
        let (entries, length) = (self.entries.to_le_bytes(), field(directory.len() as u64)?);
        self.write_all(&[b"PK\x05\x06\0\0\0\0".as_slice(), &entries, &entries, &length, &begin, &[0; 2]].concat())
    }
}

fn field(number: u64) -> io::Result<[u8; 4]> {
    u32::try_from(number).map(u32::to_le_bytes).map_err(|_| io::Error::other("a workbook of 4 GiB would be an archive of another form"))
}

impl<W: Write> Write for Zip<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An entry's data in the making.
struct Packing<W: Write> {
    deflate: DeflateEncoder<W>,
    crc: Crc,
    unpacked: u64,
}

impl<W: Write> Write for Packing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.deflate.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.unpacked += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.deflate.flush()
    }
}
