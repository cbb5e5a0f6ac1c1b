//! What holds for all containers.

#![expect(clippy::cast_possible_truncation, reason = "the archives made here are small")]

use std::io::Write as _;

use bytes::BytesMut;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use scan_reports::Format;

use crate::{Contents, Error, ErrorKind, Reports, is_packed, limits};

/// A report of a format that is told by its content.
const REPORT: &[u8] = include_bytes!("../../scan-reports/testdata/gitleaks/version_8.json");
/// What is none.
const OTHER: &[u8] = b"{\"some\": \"settings\"}";

fn unpack_as(format: Option<Format>, file: &[u8], piece: usize) -> Result<(Vec<u8>, Contents), Error> {
    let mut reports = Reports::new("file.json.gz", format, 100 * 1024 * 1024);
    let mut stored = BytesMut::new();
    for piece in file.chunks(piece) {
        reports.feed(piece, &mut stored)?;
    }
    let contents = reports.finish(&mut stored)?;
    Ok((stored.to_vec(), contents))
}

fn unpack(file: &[u8]) -> Result<(Vec<u8>, Contents), Error> {
    unpack_as(None, file, 1000)
}

fn refused(file: &[u8], kind: ErrorKind, why: &str) {
    let error = unpack(file).expect_err(why);
    assert!(error.kind == kind && error.message.contains(why), "{why}: {error:?}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// How an entry is written.
#[derive(Clone, Copy, PartialEq)]
enum How {
    Stored,
    Deflated,
    /// With sizes and checksum behind the data: with a signature, or without.
    Described,
    Unsigned,
    /// With sizes of 8 bytes.
    Zip64,
}

/// An archive of entries, with its directory.
fn zip_as(how: How, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let at = file.len();
        let how = if name.ends_with('/') { How::Stored } else { how };
        let packed = if how == How::Stored { bytes.to_vec() } else { deflate(bytes) };
        let method = u16::from(how != How::Stored) * 8;
        let sums = sums(bytes, &packed);
        let described = matches!(how, How::Described | How::Unsigned);
        let header = [20, u16::from(described) * 8, method, 0, 0];
        let header: Vec<u8> = header.iter().flat_map(|field| field.to_le_bytes()).collect();
        let (in_header, extra) = match how {
            How::Described | How::Unsigned => (vec![0; 12], vec![]),
            How::Zip64 => ([&sums[..4], &[0xff; 8]].concat(), zip64(bytes.len(), packed.len())),
            How::Stored | How::Deflated => (sums.clone(), vec![]),
        };
        let lengths = [name.len(), extra.len()].map(|length| (length as u16).to_le_bytes()).concat();
        file.extend([b"PK\x03\x04".as_slice(), &header, &in_header, &lengths, name.as_bytes(), &extra, &packed].concat());
        if described {
            file.extend(if how == How::Described { b"PK\x07\x08".as_slice() } else { b"" });
            file.extend(&sums);
        }
        directory.extend([b"PK\x01\x02\x14\x00".as_slice(), &header, &sums, &(name.len() as u16).to_le_bytes(), &[0; 12]].concat());
        directory.extend([&(at as u32).to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let place = [directory.len(), file.len()].map(|number| (number as u32).to_le_bytes()).concat();
    file.extend(directory);
    file.extend([b"PK\x05\x06".as_slice(), &[0; 4], &count, &count, &place, &[0; 2]].concat());
    file
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip_as(How::Deflated, entries)
}

fn sums(bytes: &[u8], packed: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    [crc.sum(), packed.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat()
}

fn zip64(unpacked: usize, packed: usize) -> Vec<u8> {
    [[1, 0, 16, 0].as_slice(), &(unpacked as u64).to_le_bytes(), &(packed as u64).to_le_bytes()].concat()
}

/// One of each kind.
fn samples() -> Vec<Vec<u8>> {
    let entries = [("a/", b"".as_slice()), ("a/one.json", REPORT), ("notes.txt", OTHER), ("two.json", REPORT)];
    let mut samples = [How::Stored, How::Deflated, How::Described, How::Unsigned, How::Zip64].map(|how| zip_as(how, &entries)).to_vec();
    samples.extend([gzip(REPORT), zstd(REPORT), [gzip(REPORT), gzip(REPORT)].concat(), [zstd(REPORT), zstd(REPORT)].concat()]);
    samples.push(zip(&[("one.json.gz", &gzip(REPORT))]));
    samples
}

#[test]
fn a_plain_report_stays_as_it_is() {
    for report in [REPORT, b"", b"P", b"PK", b"\x1f"] {
        assert_eq!(unpack(report), Ok((report.to_vec(), Contents::default())));
    }
}

#[test]
fn one_packed_report_is_unpacked() {
    for file in [gzip(REPORT), zstd(REPORT)] {
        let (stored, contents) = unpack(&file).expect("a report");
        assert_eq!(stored, REPORT);
        let [entry] = &contents.entries[..] else { panic!("{contents:?}") };
        assert_eq!((entry.name.as_str(), entry.offset, entry.size, entry.format), ("file.json", 0, REPORT.len() as u64, None));
    }
    let members = [gzip(b"<a>"), gzip(b"</a>")].concat();
    assert_eq!(unpack(&members).expect("one report").0, b"<a></a>");
    let frames = [zstd(b"<a>"), b"\x50\x2a\x4d\x18\x03\0\0\0...".to_vec(), zstd(b"</a>")].concat();
    assert_eq!(unpack(&frames).expect("one report").0, b"<a></a>");
}

#[test]
fn a_gzip_file_has_many_members_where_something_is_in_them() {
    let members = |bytes: &[u8], count: usize| gzip(bytes).repeat(count);
    let blanks = [b' '; limits::MEMBER as usize];
    assert_eq!(unpack(&members(&blanks, 3000)).expect("as many as there are").0.len(), 3000 * blanks.len());
    assert_eq!(unpack(&members(b"", limits::MEMBERS as usize)).expect_err("nothing").kind, ErrorKind::NoReport);
    refused(
        &members(b"", limits::MEMBERS as usize + 1),
        ErrorKind::TooLarge,
        "1001 members of less than 256 bytes on average: pack it as one",
    );
}

#[test]
fn the_reports_of_an_archive_follow_each_other() {
    for file in &samples()[..5] {
        let (stored, contents) = unpack(file).expect("reports");
        assert_eq!(stored, [REPORT, REPORT].concat());
        let entries: Vec<_> = contents.entries.iter().map(|e| (e.name.as_str(), e.offset, e.size, e.format)).collect();
        let size = REPORT.len() as u64;
        assert_eq!(entries, [("a/one.json", 0, size, Some(Format::Gitleaks)), ("two.json", size, size, Some(Format::Gitleaks))]);
        assert!(contents.left_out.is_some_and(|note| note.ends_with("notes.txt")));
    }
}

#[test]
fn names_of_entries_have_no_characters_that_nobody_sees() {
    let turned = "a\\\u{1b}[2J\u{202e}gnp\u{feff}.json";
    let (_, contents) = unpack(&zip(&[(turned, REPORT), ("b\u{2066}.txt", OTHER)])).expect("a report");
    assert_eq!(contents.entries[0].name, "a/[2Jgnp.json");
    assert!(contents.left_out.is_some_and(|note| note.ends_with("b.txt")));
}

#[test]
fn the_uploader_may_say_what_unknown_entries_are() {
    let (_, contents) = unpack_as(Some(Format::Trivy), &zip(&[("other", OTHER)]), 100).expect("what the uploader says");
    assert_eq!(contents.entries[0].format, Some(Format::Trivy));
    let some = zip(&[("other", OTHER), ("report", REPORT)]);
    let (_, contents) = unpack_as(Some(Format::Gitleaks), &some, 100).expect("what the content says");
    assert_eq!(contents.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["report"]);
}

#[test]
fn what_is_no_report_by_its_name_is_not_looked_at() {
    let junk = ["__MACOSX/a.json", "a/.hidden.json", "b.png", "src-archive/results.json"].map(|name| (name, REPORT));
    refused(&zip(&junk), ErrorKind::NoReport, "no report in it");
    refused(&zip(&[]), ErrorKind::NoReport, "no report in it");
    refused(&zip(&[("a.txt", OTHER), ("b.txt", OTHER)]), ErrorKind::NoReport, "known format: a.txt, b.txt");
}

#[test]
fn a_report_that_other_files_tell_of_is_the_only_one() {
    let results = b"<FVDL version='1.12'><UUID>u</UUID><Build/></FVDL>";
    let files: [(&str, &[u8]); 4] = [("audit.fvdl.mac", b"x"), ("audit.xml", b"<Audit/>"), ("other.json", REPORT), ("audit.fvdl", results)];
    let (_, contents) = unpack(&zip(&files)).expect("a report");
    let [entry] = &contents.entries[..] else { panic!("{contents:?}") };
    assert_eq!((entry.name.as_str(), entry.offset, contents.left_out), ("audit.fvdl", REPORT.len() as u64, None));
}

#[test]
fn the_size_of_pieces_does_not_matter() {
    for file in samples() {
        let whole = unpack_as(None, &file, usize::MAX);
        assert!(whole.is_ok(), "{whole:?}");
        for piece in [1, 2, 3, 7, 30, 4096] {
            assert_eq!(unpack_as(None, &file, piece), whole, "pieces of {piece}");
        }
    }
}

#[test]
fn what_is_cut_off_is_refused() {
    for file in samples() {
        let behind_entries = file.windows(4).position(|four| four == b"PK\x01\x02").unwrap_or(file.len());
        let whole = unpack(&file).expect("a sample");
        for end in 4..behind_entries {
            match unpack(&file[..end]) {
                Err(error) => assert_eq!(error.kind, ErrorKind::Broken, "{error}"),
                // Several members or frames: between them is an end, too.
                Ok(less) => assert!(whole.0.starts_with(&less.0) && less.0.len() < whole.0.len(), "cut at {end}"),
            }
        }
    }
}

#[test]
fn whatever_comes_there_is_an_end() {
    let mut random = 1_u32;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize
    };
    for file in samples() {
        for _ in 0..400 {
            let mut changed = file.clone();
            for _ in 0..=next() % 3 {
                let at = next() % changed.len();
                changed[at] = next() as u8;
            }
            let piece = 1 + next() % 500;
            assert_eq!(unpack_as(None, &changed, piece), unpack_as(None, &changed, piece), "the same twice");
        }
    }
}

#[test]
fn what_is_packed_only_for_the_way_is_what_it_was_before() {
    let unpack = |file: &[u8]| {
        let (mut reports, mut stored) = (Reports::new("file", None, 100 * 1024 * 1024).gzipped(), BytesMut::new());
        reports.feed(file, &mut stored)?;
        let contents = reports.finish(&mut stored)?;
        Ok::<_, Error>((stored.to_vec(), contents.entries.len()))
    };
    let twice = zip(&[("a.json.gz", &gzip(REPORT))]);
    for (file, entries) in [(REPORT, 0), (&gzip(REPORT), 1), (&twice, 1)] {
        assert_eq!(unpack(&gzip(file)), Ok((REPORT.to_vec(), entries)));
    }
    for (file, kind) in [(REPORT, ErrorKind::Broken), (&gzip(&gzip(&vec![b' '; 40 * 1024 * 1024])), ErrorKind::TooLarge)] {
        assert_eq!(unpack(file).map_err(|error| error.kind), Err(kind));
    }
}

#[test]
fn a_file_that_is_packed_begins_so() {
    for packed in [gzip(REPORT), zstd(REPORT), zip(&[("a.json", REPORT)]), zip(&[])] {
        assert!(is_packed(&packed) && is_packed(&packed[..4]));
    }
    assert!(!is_packed(REPORT) && !is_packed(b"PKIX") && !is_packed(b""));
}

#[test]
fn bombs_are_refused() {
    let blanks = vec![b' '; 40 * 1024 * 1024];
    let bomb = zstd(&blanks);
    assert!(bomb.len() * 1000 < blanks.len(), "{}", bomb.len());
    refused(&bomb, ErrorKind::TooLarge, "more than 1000 times as many");
    refused(&zip(&[("bomb.zst", &bomb)]), ErrorKind::TooLarge, "more than 1000 times as many");
    let packed = gzip(&blanks);
    refused(&gzip(&packed), ErrorKind::TooLarge, "times as many");
    let (mut reports, mut stored) = (Reports::new("a.gz", None, 1000), BytesMut::new());
    let fed = reports.feed(&gzip(&blanks[..5000]), &mut stored);
    let error = fed.and_then(|()| reports.finish(&mut stored)).expect_err("more than is taken");
    assert!(error.kind == ErrorKind::TooLarge && error.message.contains("more than 1000 bytes"), "{error}");
}

#[test]
fn there_are_limits_of_numbers_and_depth() {
    let names: Vec<String> = (0..=limits::ENTRIES).map(|n| format!("{n}.png")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    refused(&zip_as(How::Stored, &entries), ErrorKind::TooLarge, "more than 10000 entries");
    let entries: Vec<(&str, &[u8])> = names.iter().take(limits::REPORTS + 1).map(|name| (name.trim_end_matches(".png"), REPORT)).collect();
    refused(&zip_as(How::Stored, &entries), ErrorKind::TooLarge, "more than 1000 reports");
    refused(&gzip(&gzip(&gzip(REPORT))), ErrorKind::Unsupported, "unpack it once");
}

#[test]
fn what_is_packed_otherwise_is_refused_with_advice() {
    let with = |at: usize, value: u8| {
        let mut file = zip(&[("a.json", REPORT)]);
        file[at] = value;
        file
    };
    refused(&with(6, 1), ErrorKind::Unsupported, "encrypted: send the archive without a password");
    refused(&with(8, 12), ErrorKind::Unsupported, "packed by bzip2, only deflate is read");
    refused(b"PK\x07\x08PK\x03\x04", ErrorKind::Unsupported, "split into several files");
    let mut endless = zip_as(How::Described, &[("a.json", REPORT)]);
    endless[8] = 0;
    refused(&endless, ErrorKind::Unsupported, "stored without a size");
    refused(&with(14, 0), ErrorKind::Broken, "checksum");
    refused(&[zstd(b"a"), b"garbage".to_vec()].concat(), ErrorKind::Broken, "something else");
    // A window of 2 GiB.
    refused(b"\x28\xb5\x2f\xfd\x00\xa8\x00\x00\x00\x00", ErrorKind::Unsupported, "window");
}

/// A workbook of one sheet.
fn workbook(texts: &str, cells: &str) -> Vec<u8> {
    let sheet =
        format!("<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>{cells}</sheetData></worksheet>");
    let texts = format!("<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>{texts}</sst>");
    zip(&[
        ("[Content_Types].xml", b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"),
        ("_rels/.rels", b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>"),
        ("xl/workbook.xml", b"<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet name='Found' sheetId='1' r:id='s'/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='s' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='t' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings' Target='sharedStrings.xml'/></Relationships>"),
        ("xl/sharedStrings.xml", texts.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

#[test]
fn a_sheet_becomes_a_table() {
    let cells = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='C1' t='inlineStr'><is><t>b, c</t></is></c></row>\
        <row r='4'><c r='B4'><v>1.50</v></c><c r='D4' t='b'><v>1</v></c></row>";
    let file = workbook("<si><t>say \"a\"</t></si>", cells);
    let (stored, contents) = unpack_as(Some(Format::Bandit), &file, 100).expect("a workbook");
    assert_eq!(String::from_utf8_lossy(&stored), "\"say \"\"a\"\"\",,\"b, c\"\n,1.5,,true\n");
    assert_eq!(contents.entries[0].name, "Found.csv");
    assert_eq!(unpack_as(Some(Format::Bandit), &file, 1), Ok((stored, contents)));
}

#[test]
fn whatever_is_in_a_workbook_there_is_an_end() {
    let texts = "<si><t>say \"a\"</t></si><si><r><t xml:space='preserve'> b </t></r><rPh><t>c</t></rPh></si>";
    let cells = "<row r='1'><c r='A1' t='s'><v>1</v></c><c r='C1' t='inlineStr'><is><t>b, c</t></is></c></row><row r='4'><c r='B4' s='1'><v>1.5</v></c></row>";
    let mut sequence = laws::Sequence(1);
    for _ in 0..1000 {
        let mut changed = [texts, cells].map(|text| text.as_bytes().to_vec());
        for text in &mut changed {
            let (at, letters) = (sequence.below(text.len()), b"<>/'=& 0189AZcrstv");
            text[at] = letters[sequence.below(letters.len())];
        }
        let [texts, cells] = changed.map(|text| String::from_utf8_lossy(&text).into_owned());
        let file = workbook(&texts, &cells);
        assert_eq!(unpack_as(Some(Format::Bandit), &file, 7), unpack_as(Some(Format::Bandit), &file, usize::MAX), "{texts} {cells}");
    }
}

#[test]
fn a_cell_has_its_place_and_kind() {
    let table = |cells: &str| unpack_as(Some(Format::Bandit), &workbook("<si><t> a </t></si><si/>", cells), 100);
    let csv = |cells: &str| table(cells).map(|(stored, _)| String::from_utf8_lossy(&stored).into_owned()).map_err(|error| error.message);
    for (cells, expected) in [
        (
            "<row><c><v>1</v></c><c/><c t='b'><v>0</v></c></row><row><c t='e'><v>#N/A</v></c><c t='str'><f>x</f><v>a_x000A_b</v></c></row>",
            "1,,false\n,\"a\nb\"\n",
        ),
        (
            "<row r='2'><c r='XFD2' t='s'><v>0</v></c></row><row r='1048576'><c t='s'><v>1</v></c><c><v>x</v></c></row>",
            &format!("{}a\n,x\n", ",".repeat(16_383)),
        ),
        (
            "<row><c t='d'><v>2024-01-01</v></c><c t='inlineStr'><is><r><t xml:space='preserve'> a </t></r><r><t>b</t></r><rPh><t>c</t></rPh></is></c></row>",
            "2024-01-01, a b\n",
        ),
        ("<x:row xmlns:x='y'><x:c><x:v>1e400</x:v></x:c></x:row>", "1e400\n"),
    ] {
        assert_eq!(csv(cells), Ok(expected.to_owned()), "{cells}");
    }
    for (cells, why) in [
        ("<row><c r='XFE1'><v>1</v></c></row>", "\"XFE1\" is no place in a sheet, which has 16384 columns and 1048576 rows"),
        ("<row><c r='ZZZZZZ1'><v>1</v></c></row>", "\"ZZZZZZ1\" is no place"),
        ("<row><c r='A1048577'><v>1</v></c></row>", "\"A1048577\" is no place"),
        ("<row><c r='A0'><v>1</v></c></row>", "\"A0\" is no place"),
        ("<row><c r='1'><v>1</v></c></row>", "\"1\" is no place"),
        ("<row r='0'/>", "\"0\" is no place"),
        ("<row r='99999999999'/>", "\"99999999999\" is no place"),
        ("<row><c r='B1'><v>1</v></c><c r='A1'><v>1</v></c></row>", "the cells of row 1 are not in order"),
        ("<row><c t='s'><v>2</v></c></row>", "shared text \"2\", of which there is none"),
    ] {
        let message = csv(cells).expect_err(cells);
        assert!(message.contains(why) && message.contains("send its sheets as CSV"), "{cells}: {message}");
    }
}

#[test]
fn a_workbook_is_what_its_parts_say() {
    let file = workbook("", "<row><c><v>7</v></c></row>");
    let table = |file: &[u8]| unpack_as(Some(Format::Bandit), file, 100).map(|(stored, _)| stored);
    let directory = file.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    // Another method, and another place: what the directory says is not needed.
    for at in [10, 42] {
        let mut changed = file.clone();
        changed[directory + at] ^= 1;
        assert_eq!(table(&changed), Ok(b"7\n".to_vec()));
    }
    refused(&zip(&[("[Content_Types].xml", b"<Types/>")]), ErrorKind::Broken, "the workbook cannot be read");
    // Not so many blanks that they would be refused for that.
    let texts = (0..20_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect::<String>() + &" ".repeat(25 * 1024 * 1024);
    let bomb = workbook(&texts, "");
    refused(&bomb, ErrorKind::TooLarge, "of texts");
}
