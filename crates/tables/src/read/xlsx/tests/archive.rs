//! Small workbooks for tests.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A ZIP file that is being written.
#[derive(Default)]
pub(in super::super) struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// How an entry is written.
#[derive(Clone, Copy)]
pub(in super::super) struct Packing {
    pub(in super::super) method: u16,
    pub(in super::super) flags: u16,
    /// What it says of its size, if that is not true.
    pub(in super::super) size: Option<u32>,
    /// What its checksum is off by.
    pub(in super::super) crc: u32,
}

pub(in super::super) const STORED: Packing = Packing { method: 0, flags: 0, size: None, crc: 0 };
pub(in super::super) const DEFLATED: Packing = Packing { method: 8, flags: 0, size: None, crc: 0 };

impl Archive {
    pub(in super::super) fn add(&mut self, name: &str, content: &[u8], packing: Packing) {
        let packed = if packing.method == 0 { content.to_vec() } else { deflated(content) };
        let mut crc = Crc::new();
        crc.update(content);
        let mut fields = Vec::new();
        fields.extend(packing.flags.to_le_bytes());
        fields.extend(packing.method.to_le_bytes());
        fields.extend([0; 4]);
        fields.extend(crc.sum().wrapping_add(packing.crc).to_le_bytes());
        fields.extend(length(&packed).to_le_bytes());
        fields.extend(packing.size.unwrap_or(length(content)).to_le_bytes());
        fields.extend(u16::try_from(name.len()).expect("a short name").to_le_bytes());
        self.directory.extend(b"PK\x01\x02\x14\x00\x14\x00");
        self.directory.extend(&fields);
        self.directory.extend([0; 12]);
        self.directory.extend(length(&self.bytes).to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.bytes.extend(b"PK\x03\x04\x14\x00");
        self.bytes.extend(&fields);
        // A field of any length, as programs leave there.
        self.bytes.extend([4, 0]);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend(packed);
        self.count += 1;
    }

    pub(in super::super) fn finish(mut self, comment: &[u8]) -> Vec<u8> {
        let (at, size) = (length(&self.bytes), length(&self.directory));
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend(u16::try_from(comment.len()).expect("a short comment").to_le_bytes());
        self.bytes.extend(comment);
        self.bytes
    }

    /// The same with a directory of ZIP64.
    pub(in super::super) fn finish_64(mut self) -> Vec<u8> {
        let (at, size) = (self.bytes.len() as u64, self.directory.len() as u64);
        self.bytes.append(&mut self.directory);
        let end = self.bytes.len() as u64;
        self.bytes.extend(b"PK\x06\x06");
        self.bytes.extend(44_u64.to_le_bytes());
        self.bytes.extend([0; 28]);
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend(b"PK\x06\x07\x00\x00\x00\x00");
        self.bytes.extend(end.to_le_bytes());
        self.bytes.extend([1, 0, 0, 0]);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend([0xff; 12]);
        self.bytes.extend([0; 2]);
        self.bytes
    }
}

/// A file with the longest comment behind it: so its parts are not among the bytes that are read first.
pub(in super::super) fn far(mut file: Vec<u8>) -> Vec<u8> {
    let length = file.len() - 2;
    file.truncate(length);
    file.extend(u16::MAX.to_le_bytes());
    file.resize(file.len() + usize::from(u16::MAX), b' ');
    file
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a small file")
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

/// What a workbook has.
#[derive(Clone)]
pub(in super::super) struct Workbook {
    /// Names, states and what is in `sheetData`.
    pub(in super::super) sheets: Vec<(&'static str, &'static str, String)>,
    pub(in super::super) texts: Option<String>,
    pub(in super::super) date_1904: &'static str,
    pub(in super::super) packing: Packing,
    /// Of the sheets.
    pub(in super::super) sheet_packing: Packing,
    /// Before each name of an element of a sheet.
    pub(in super::super) prefix: &'static str,
    pub(in super::super) main: &'static str,
    pub(in super::super) relationships: &'static str,
}

/// Cell formats: general, a day, both, a time, a day, how long something took.
const FORMATS: &str = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd;@"/><numFmt numFmtId="165" formatCode="[h]:mm"/>
</numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/>
<xf numFmtId="21"/><xf numFmtId="164"/>
<xf numFmtId="165"/></cellXfs></styleSheet>"#;

const TEXTS: &str = r#"<sst><si><t>plain</t></si><si><r><t>rich</t></r><r><rPr/><t xml:space="preserve"> text</t></r>
<rPh sb="0" eb="1"><t>spoken</t></rPh></si>
<si><t>a_x000D_&#10;b</t></si><si><t/></si><si><t xml:space="preserve"> kept </t></si><si><t> cut </t></si></sst>"#;

pub(in super::super) const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
pub(in super::super) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

impl Workbook {
    pub(in super::super) fn of(data: &str) -> Self {
        Self {
            sheets: vec![("Data", "visible", data.to_owned())],
            texts: Some(TEXTS.to_owned()),
            date_1904: "0",
            packing: STORED,
            sheet_packing: DEFLATED,
            prefix: "",
            main: MAIN,
            relationships: RELATIONSHIPS,
        }
    }

    pub(in super::super) fn archive(&self) -> Archive {
        let Self { main, relationships, prefix, packing, .. } = self;
        let mut archive = Archive::default();
        let mut add = |name: &str, content: &str| archive.add(name, content.as_bytes(), *packing);
        add(
            "_rels/.rels",
            &format!(
                r#"<Relationships><Relationship Id="b" Type="{relationships}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        );
        let (mut sheets, mut related) = (String::new(), String::new());
        for (index, (name, state, _)) in self.sheets.iter().enumerate() {
            write!(sheets, r#"<sheet name="{name}" state="{state}" sheetId="{index}" r:id="s{index}"/>"#).expect("memory");
            let kind = if state.is_empty() { "chartsheet" } else { "worksheet" };
            write!(related, r#"<Relationship Id="s{index}" Type="{relationships}/{kind}" Target="worksheets/sheet{index}.xml"/>"#)
                .expect("memory");
        }
        for (kind, target) in [("styles", "styles.xml"), ("sharedStrings", "/xl/sharedStrings.xml")] {
            write!(related, r#"<Relationship Id="{kind}" Type="{relationships}/{kind}" Target="{target}"/>"#).expect("memory");
        }
        let book = format!(r#"<workbookPr date1904="{}"/><sheets>{sheets}</sheets>"#, self.date_1904);
        add("xl/workbook.xml", &format!(r#"<workbook xmlns="{main}" xmlns:r="{relationships}">{book}</workbook>"#));
        add("xl/_rels/workbook.xml.rels", &format!("<Relationships>{related}</Relationships>"));
        add("xl/styles.xml", FORMATS);
        if let Some(texts) = &self.texts {
            add("xl/SharedStrings.xml", texts);
        }
        for (index, (_, _, data)) in self.sheets.iter().enumerate() {
            let colon = if prefix.is_empty() { "" } else { ":" };
            let (p, name) = (format!("{prefix}{colon}"), format!("xl/worksheets/sheet{index}.xml"));
            let behind = format!("<{p}mergeCells><{p}mergeCell ref=\"A1:B2\"/></{p}mergeCells>");
            let head = format!("<?xml version=\"1.0\"?>\n<{p}worksheet xmlns{colon}{prefix}=\"{main}\"><{p}dimension ref=\"A1:C3\"/>");
            let sheet = format!("{head}<{p}sheetData>{data}</{p}sheetData>{behind}</{p}worksheet>");
            archive.add(&name, sheet.as_bytes(), self.sheet_packing);
        }
        archive
    }

    pub(in super::super) fn file(&self) -> Vec<u8> {
        self.archive().finish(b"")
    }
}
