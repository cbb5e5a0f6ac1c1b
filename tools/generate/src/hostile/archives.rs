//! ZIP, gzip and zstd.

use super::workbooks::far_column;
use super::{DEFLATED, DIRECTORY_END, Header, Make, REPORT, STORED, deflate, entry, gzip, zip};

const MIB: usize = 1024 * 1024;

/// Archives.
pub(super) const ZIP: &[(&str, Make)] = &[
    ("zip: 70,000 entries", || zip_of(70_000, |n| Header { name: format!("{n}.png").as_bytes(), ..Header::default() }.bytes())),
    ("zip: 70,000 entries of deflated nothing", || {
        zip_of(70_000, |n| {
            [Header { name: format!("{n}.png").as_bytes(), method: DEFLATED, packed: 2, ..Header::default() }.bytes(), deflate(b"")]
                .concat()
        })
    }),
    ("zip: 5,000 reports", || zip_of(5_000, |n| entry(&n.to_string(), REPORT))),
    ("zip: 1,000 names of 60 KB", || zip_of(1_000, |_| Header { name: &[b'n'; 60_000], ..Header::default() }.bytes())),
    ("zip: 300 names of 60 KB that might be reports", || {
        zip_of(300, |_| {
            [Header { name: &[b'n'; 60_000], packed: 1, unpacked: 1, crc: 0xe8b7_be43, ..Header::default() }.bytes(), b"a".to_vec()]
                .concat()
        })
    }),
    ("zip: extra fields of 60 KB", || zip_of(500, |_| Header { name: b"a.png", extra: &[0; 60_000], ..Header::default() }.bytes())),
    ("zip: an entry of 4 GiB that is not there", || {
        [Header { name: b"a", method: STORED, packed: u32::MAX - 1, unpacked: u32::MAX - 1, ..Header::default() }.bytes(), REPORT.to_vec()]
            .concat()
    }),
    ("zip: an entry of 2^64 bytes", || {
        let extra = [b"\x01\0\x10\0".as_slice(), &[0xff; 16]].concat();
        let header = Header { name: b"a", extra: &extra, method: STORED, packed: u32::MAX, unpacked: u32::MAX, ..Header::default() };
        [header.bytes(), REPORT.to_vec(), DIRECTORY_END.to_vec()].concat()
    }),
    ("zip: an entry that is longer than it says", || {
        [Header { name: b"a", method: DEFLATED, packed: 10, unpacked: 10, ..Header::default() }.bytes(), deflate(&vec![b' '; 64 * 1024])]
            .concat()
    }),
    ("zip: a data descriptor that lies", || {
        let header = Header { name: b"a", method: DEFLATED, flags: 8, ..Header::default() };
        [header.bytes(), deflate(REPORT), b"PK\x07\x08".to_vec(), vec![0xff; 20], DIRECTORY_END.to_vec()].concat()
    }),
    ("zip: a directory of 32 MiB behind a report", || [entry("a.json", REPORT), b"PK\x01\x02".repeat(8 * MIB)].concat()),
    ("zip: 32 MiB of blanks", || zip([("a.json", blanks().as_slice())])),
    ("zip: 1,000 times 1 MiB of blanks in entries that are no reports", || entry("a.png", &vec![b' '; MIB]).repeat(1_000)),
    ("zip: empty blocks without end", || {
        let header = Header { name: b"a", method: DEFLATED, flags: 8, ..Header::default() };
        [header.bytes(), b"\0\0\0\xff\xff".repeat(4 * MIB)].concat()
    }),
    ("zip in a zip in a zip", || zip([("a.zip", zip([("b.zip", zip([("c.json", REPORT)]).as_slice())]).as_slice())])),
    ("zip in a zip: 32 MiB of blanks", || zip([("a.zip", zip([("b.json", blanks().as_slice())]).as_slice())])),
    ("a workbook in a zip in a zip", || zip([("a.zip", zip([("b.xlsx", far_column().as_slice())]).as_slice())])),
    ("200 workbooks in a zip", || zip_of(200, |n| entry(&format!("{n}.xlsx"), &far_column()))),
    ("a form in a gzip in a zip", || {
        zip([("form.gz", gzip(b"--b\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n[]\r\n--b--").as_slice())])
    }),
    ("1,000 frames of zstd with large windows in a zip", || zip_of(1_000, |n| entry(&format!("{n}.zst"), &zstd(WINDOW_16_MIB, 4)))),
];

/// Streams.
pub(super) const STREAMS: &[(&str, Make)] = &[
    ("gzip: 32 MiB of blanks", || gzip(&blanks())),
    ("gzip: in a gzip, 32 MiB of blanks", || gzip(&gzip(&blanks()))),
    ("gzip: in a gzip in a gzip", || gzip(&gzip(&gzip(REPORT)))),
    ("gzip: a name without end", || [GZIP_NAMED.to_vec(), vec![b'n'; 16 * MIB]].concat()),
    ("gzip: a comment without end", || [b"\x1f\x8b\x08\x10\0\0\0\0\0\0".to_vec(), vec![b'c'; 16 * MIB]].concat()),
    ("gzip: 100,000 empty members", || gzip(b"").repeat(100_000)),
    ("gzip: 2,000 members with names of 60 KB", || [GZIP_NAMED, &[b'n'; 60_000], &[0], &gzip(b"")[10..]].concat().repeat(500)),
    ("gzip: lies about its length", || [&gzip(REPORT)[..gzip(REPORT).len() - 4], &[0xff; 4]].concat()),
    ("zstd: a window of 2 GiB", || zstd(0xa8, 1)),
    ("zstd: a size of 2^64 bytes", || [b"\x28\xb5\x2f\xfd\xe0".as_slice(), &[0xff; 8], &[1, 0, 0]].concat()),
    ("zstd: 32 MiB of blanks", || zstd(WINDOW_16_MIB, 256)),
    ("zstd: in a zstd, with large windows", || zstd_stored(WINDOW_16_MIB, &zstd_stored(WINDOW_16_MIB, &vec![b' '; 40 * MIB]))),
    ("zstd: 200,000 empty frames with large windows", || zstd(WINDOW_16_MIB, 0).repeat(200_000)),
    ("zstd: frames to pass over", || b"\x50\x2a\x4d\x18\0\0\0\0".repeat(MIB)),
    ("zstd: a frame of 4 GiB to pass over", || [b"\x50\x2a\x4d\x18\xff\xff\xff\xff".as_slice(), &[0; 1000]].concat()),
    ("zstd: a block that is larger than blocks are", || [b"\x28\xb5\x2f\xfd\0\x70".as_slice(), &[0xfc, 0xff, 0xff], &[0; 1000]].concat()),
];

/// What is packed for the way.
pub(super) const ON_THE_WAY: &[(&str, Make)] = &[
    ("Content-Encoding: 32 MiB of blanks", || gzip(&blanks())),
    ("Content-Encoding: two gzips, 32 MiB of blanks", || gzip(&gzip(&gzip(&blanks())))),
    ("Content-Encoding: a workbook with a far column", || gzip(&far_column())),
    ("Content-Encoding: none", || REPORT.to_vec()),
];

/// The start of a gzip file that has a name.
const GZIP_NAMED: &[u8] = b"\x1f\x8b\x08\x08\0\0\0\0\0\0";
/// A window descriptor of zstd (RFC 8878, 3.1.1.1.2): 16 MiB.
pub(super) const WINDOW_16_MIB: u8 = 0x70;

fn blanks() -> Vec<u8> {
    vec![b' '; 32 * MIB]
}

fn zip_of(count: usize, entry: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let mut archive: Vec<u8> = (0..count).flat_map(entry).collect();
    archive.extend(DIRECTORY_END);
    archive
}

/// A frame with so many blocks of 128 KiB of blanks, 4 bytes each.
fn zstd(window: u8, blocks: usize) -> Vec<u8> {
    [b"\x28\xb5\x2f\xfd\0".as_slice(), &[window], &[0x02, 0x00, 0x10, b' '].repeat(blocks), &[1, 0, 0]].concat()
}

/// A frame whose blocks are stored.
pub(super) fn zstd_stored(window: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = [b"\x28\xb5\x2f\xfd\0".as_slice(), &[window]].concat();
    for block in bytes.chunks(64 * 1024) {
        frame.extend(&(u32::try_from(block.len()).unwrap_or_default() << 3).to_le_bytes()[..3]);
        frame.extend(block);
    }
    [frame, vec![1, 0, 0]].concat()
}
