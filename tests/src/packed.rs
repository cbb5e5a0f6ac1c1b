//! Reports that come packed.

use std::collections::BTreeSet;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{World, assert_same, gzip, nessus, samples, stack_with, world, world_in};

/// A ZIP archive (APPNOTE.TXT) of deflated entries.
fn zip(entries: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes)?;
        let packed = encoder.finish()?;
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let sums: Vec<u8> = [crc.sum(), packed.len().try_into()?, bytes.len().try_into()?].into_iter().flat_map(u32::to_le_bytes).collect();
        let header = [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0], sums.as_slice(), &u16::try_from(name.len())?.to_le_bytes()].concat();
        let at = u32::try_from(file.len())?.to_le_bytes();
        file.extend([b"PK\x03\x04", header.as_slice(), &[0; 2], name.as_bytes(), &packed].concat());
        directory.extend([b"PK\x01\x02\x14\x00", header.as_slice(), &[0; 12], &at, name.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len())?.to_le_bytes();
    let place: Vec<u8> = [directory.len().try_into()?, file.len().try_into()?].into_iter().flat_map(u32::to_le_bytes).collect();
    Ok([&file, &directory, b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &place, &[0; 2]].concat())
}

/// A zstd frame (RFC 8878) whose blocks are stored.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64 * 1024;
    // A window of 128 KiB.
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x38".to_vec();
    for block in bytes.chunks(BLOCK) {
        frame.extend(&(u32::try_from(block.len()).unwrap_or_default() << 3).to_le_bytes()[..3]);
        frame.extend(block);
    }
    frame.extend([1, 0, 0]);
    frame
}

async fn refused(world: &World, report: Vec<u8>, status: u16, why: &str) -> Result<()> {
    let answer = world.client.request(Method::POST, "/api/v1/imports").body(report).send().await?;
    assert_eq!(answer.status().as_u16(), status, "{why}");
    let problem: Value = answer.json().await?;
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(why)), "{why}: {problem}");
    Ok(())
}

#[tokio::test]
async fn a_packed_report_gives_what_it_gives_plain() -> Result<()> {
    let report = nessus(300, 10)?;
    let plain = world().await?;
    plain.import("scan.nessus", report.clone()).await?;
    let expected = plain.contents().await?;
    for (name, packed) in [
        ("scan.nessus.gz", gzip(&report)?),
        ("scan.nessus.zst", zstd(&report)),
        ("scan.zip", zip(&[("scan.nessus", &report)])?),
        ("scan.zip", zip(&[("scan.nessus.gz", &gzip(&report)?)])?),
    ] {
        let world = world().await?;
        let status = world.import(name, packed).await?;
        assert_eq!(status["state"], "completed", "{name}: {status}");
        assert_eq!((&status["size_bytes"], &status["format"]), (&json!(report.len()), &json!("nessus")), "{name}");
        assert_eq!(status["entries"][0]["name"], "scan.nessus", "{name}");
        assert_same(&expected, &world.contents().await?);
    }
    Ok(())
}

#[tokio::test]
async fn the_reports_of_an_archive_are_one_import() -> Result<()> {
    let (one, two) = (world().await?, world().await?);
    let files = samples()?.into_iter().take(12).map(|file| Ok((crate::fixture::name(&file), std::fs::read(file)?)));
    let files: Vec<(String, Vec<u8>)> = files.collect::<Result<_>>()?;
    for (name, report) in &files {
        one.import(name, report.clone()).await?;
    }
    let mut entries: Vec<(&str, &[u8])> = files.iter().map(|(name, report)| (name.as_str(), report.as_slice())).collect();
    entries.extend([("about/", b"".as_slice()), ("about/read me.txt", b"what this is about".as_slice())]);
    let status = two.import("all.zip", zip(&entries)?).await?;
    assert_eq!(status["state"], "completed", "{status}");
    assert_eq!(status["entries"].as_array().map(Vec::len), Some(files.len()), "{status}");
    assert_eq!(
        (&status["progress"]["percentage"], &status["counts"]["errors_by_code"]["unknown_entry"]),
        (&json!(100), &json!(1)),
        "{status}"
    );
    for list in ["assets", "findings", "occurrences"] {
        assert_eq!(ids(&one, list).await?, ids(&two, list).await?, "{list}");
    }
    let errors = two.client.list(&format!("imports/{}/errors", status["id"].as_str().context("id")?), "").await?;
    assert!(errors.iter().any(|error| error["message"].as_str().is_some_and(|text| text.contains("about/read me.txt"))), "{errors:?}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_big_report_of_an_archive_is_cut_and_the_others_are_read_with_it() -> Result<()> {
    let two = world_in(stack_with(&[("drain_segment_bytes", "200000")]).await?.into()).await?;
    let one = world().await?;
    let (big, small) = (nessus(3000, 30)?, nessus(20, 2)?);
    one.import("big.nessus", big.clone()).await?;
    one.import("small.nessus", small.clone()).await?;
    let status = two.import("all.zip", zip(&[("small.nessus", &small), ("big.nessus", &big)])?).await?;
    assert_eq!((&status["state"], &status["counts"]["errors"]), (&json!("completed"), &json!(0)), "{status}");
    let claims = status["attempt"].as_u64().context("attempt")?;
    assert!(claims > 4, "{claims} claims: it was not cut");
    assert_eq!(ids(&one, "occurrences").await?, ids(&two, "occurrences").await?);
    Ok(())
}

/// What a list of a world holds, by id.
async fn ids(world: &World, list: &str) -> Result<BTreeSet<String>> {
    let items = world.client.list(list, "").await?;
    assert!(!items.is_empty(), "no {list}");
    Ok(items.iter().map(|item| item["id"].to_string()).collect())
}

#[tokio::test]
async fn an_entry_that_breaks_off_fails_the_import_by_its_name() -> Result<()> {
    let world = world().await?;
    let report = nessus(50, 5)?;
    let status = world.import("all.zip", zip(&[("a.nessus", &report), ("b.nessus", &report[..report.len() / 2])])?).await?;
    assert_eq!((&status["state"], &status["error"]["code"]), (&json!("failed"), &json!("truncated")), "{status}");
    assert!(status["error"]["message"].as_str().is_some_and(|message| message.starts_with("b.nessus: ")), "{status}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_refused_with_a_reason() -> Result<()> {
    let world = world().await?;
    let report = nessus(100, 5)?;
    let archive = zip(&[("scan.nessus", &report)])?;
    let changed = |at: usize, value: u8| {
        let mut archive = archive.clone();
        archive[at] = value;
        archive
    };
    refused(&world, archive[..archive.len() / 2].to_vec(), 422, "in \"scan.nessus\"").await?;
    refused(&world, changed(14, archive[14] ^ 1), 422, "checksum").await?;
    refused(&world, changed(6, 1), 422, "encrypted").await?;
    refused(&world, changed(8, 14), 422, "LZMA").await?;
    refused(&world, gzip(&report)?[..1000].to_vec(), 422, "the gzip file ends in the middle").await?;
    refused(&world, zip(&[("notes.txt", b"some notes")])?, 422, "known format: notes.txt").await?;
    refused(&world, zip(&[])?, 422, "no report in it").await?;
    // A block of blanks, 128 KiB each, 4 bytes: 2,000 of them.
    let blanks = [b"\x28\xb5\x2f\xfd\x00\x38".to_vec(), [0x02, 0x00, 0x10, b' '].repeat(2000), vec![1, 0, 0]].concat();
    refused(&world, blanks, 413, "1000 times as many").await?;
    let limit = "update spillway.workspaces set max_import_bytes = 100000 where name = $1";
    world.stack.database.connect().await?.execute(limit, &[&world.workspace]).await?;
    refused(&world, gzip(&vec![b' '; 1_000_000])?, 413, "more than 100000 bytes").await?;
    assert_eq!(world.client.list("imports", "").await?.len(), 0, "and leaves no import");
    Ok(())
}
