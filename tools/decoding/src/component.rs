//! The component: decodes the report in the body of `POST /FORMAT`, and answers what came of it.
//!
//! A decoder may want parts of the report twice, and a body cannot be read twice. So the caller, who has decoded the report before, sends piece
//! after piece as it is wanted, each behind its length in four bytes, the lowest first.

use anyhow::{Context as _, Error, Result, ensure};
use http_body_util::BodyExt as _;
use scan_reports::Format;
use spin_sdk::http::{IntoResponse, Request, StatusCode};
use spin_sdk::http_service;

use crate::{Decoded, Decoding};

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
    let format = Format::from_name(request.uri().path().trim_start_matches('/')).context("the path names no format")?;
    let mut decoding = Decoding::new(format);
    let mut body = request.into_body();
    let (mut held, mut ended) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Error::msg(format!("{error:?}")))?;
        held.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes));
        while let Some(piece) = take_piece(&mut held) {
            ended = decoding.feed(&piece)?;
        }
    }
    ensure!(ended, "the report is wanted on from offset {}", decoding.position());
    let pages = core::arch::wasm32::memory_size::<0>();
    Ok(Decoded { memory: pages as u64 * PAGE, ..decoding.decoded() })
}

/// The first piece of what came, when it is whole.
fn take_piece(held: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = 4 + u32::from_le_bytes(*held.first_chunk()?) as usize;
    let piece = held.get(4..end)?.to_vec();
    held.drain(..end);
    Some(piece)
}
