//! The component: decodes the report in the body of `POST /FORMAT`, or the file of rows in that of `POST /table`, and answers what came of it.
//!
//! A decoder may want parts of the file twice, and a body cannot be read twice. So the caller, who has decoded the file before, sends piece
//! after piece as it is wanted, each behind its length in four bytes, the lowest first. In front of the pieces of a table are two more: what is
//! known of it ([`TableFile`]), and its first bytes.

use std::fmt::Debug;

use anyhow::{Context as _, Error, Result, ensure};
use engine::Work;
use http_body::Body;
use http_body_util::BodyExt as _;
use scan_reports::{Format, ReadError};
use spin_sdk::http::{IntoResponse, Request, StatusCode};
use spin_sdk::http_service;

use crate::{Decoded, Decoding, TableFile};

/// Bytes of a page of memory.
const PAGE: u64 = 64 * 1024;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    match decode(request).await.and_then(|decoded| Ok(serde_json::to_string(&decoded)?)) {
        Ok(decoded) => (StatusCode::OK, decoded),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}")),
    }
}

async fn decode(request: Request) -> Result<Decoded> {
    let name = request.uri().path().trim_start_matches('/').to_owned();
    let mut pieces = Pieces { body: request.into_body(), held: Vec::new() };
    if name == "table" {
        let file: TableFile = serde_json::from_slice(&pieces.next().await?.context("it is not said what the table is")?)?;
        let start = pieces.next().await?.context("the table has no start")?;
        return read(Decoding::of_table(&file, &start)?, pieces).await;
    }
    let format = Format::from_name(&name).context("the path names no format")?;
    read(Decoding::of_report(format), pieces).await
}

async fn read<W: Work<Error = ReadError>>(mut decoding: Decoding<W>, mut pieces: Pieces<impl Incoming>) -> Result<Decoded> {
    let mut ended = false;
    while let Some(piece) = pieces.next().await? {
        ended = decoding.feed(&piece)?;
    }
    ensure!(ended, "the file is wanted on from offset {}", decoding.position());
    let pages = core::arch::wasm32::memory_size::<0>();
    Ok(Decoded { memory: pages as u64 * PAGE, ..decoding.decoded() })
}

/// The body of a request.
trait Incoming: Body<Data: AsRef<[u8]>, Error: Debug> + Unpin {}

impl<B: Body<Data: AsRef<[u8]>, Error: Debug> + Unpin> Incoming for B {}

/// The pieces of a file, as they come.
struct Pieces<B> {
    body: B,
    held: Vec<u8>,
}

impl<B: Incoming> Pieces<B> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            if let Some(piece) = take_piece(&mut self.held) {
                return Ok(Some(piece));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|error| Error::msg(format!("{error:?}")))?;
            self.held.extend_from_slice(frame.data_ref().map_or(&[][..], AsRef::as_ref));
        }
    }
}

/// The first piece of what came, when it is whole.
fn take_piece(held: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = 4 + u32::from_le_bytes(*held.first_chunk()?) as usize;
    let piece = held.get(4..end)?.to_vec();
    held.drain(..end);
    Some(piece)
}
