//! Whatever is uploaded, unpacking it takes little memory and comes to an end: over everything that `generate` can make to harm.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use containers::{Error, Form, FormEvent, Reports, limits};
use generate::{Hostile, hostile};

/// What is held at once at most beside what is given: half of what a component has.
const LIVE: usize = 64 * 1024 * 1024;
/// What is allocated in all, and for each byte that comes in.
const ALLOCATED: usize = 512 * 1024 * 1024;
const ALLOCATED_FOR_A_BYTE: usize = 16;
/// Many times as long as any of them takes on a slow machine.
const TIME: Duration = Duration::from_mins(1);
/// What a workspace takes.
const MOST: u64 = 5 * 1024 * 1024 * 1024;
/// As a component gets a body, and stores it.
const PIECE: usize = 512 * 1024;
const PART: usize = 8 * 1024 * 1024;

struct Counting;

static LIVE_NOW: AtomicUsize = AtomicUsize::new(0);
static LIVE_MOST: AtomicUsize = AtomicUsize::new(0);
static IN_ALL: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE_NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        LIVE_MOST.fetch_max(live, Relaxed);
        IN_ALL.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What came of an upload: how many bytes are stored.
fn upload(hostile: &Hostile, body: &[u8], stored: &mut BytesMut) -> Result<u64, Error> {
    let reports = Reports::new("upload", None, MOST);
    let mut reports = if hostile.is_gzipped() { reports.gzipped() } else { reports };
    let mut size = 0;
    let mut store = |reports: &mut Reports, piece: &[u8], stored: &mut BytesMut| {
        for piece in piece.chunks(limits::PIECE) {
            reports.feed(piece, stored)?;
            while stored.len() >= PART {
                size += PART as u64;
                // As `split_to` would leave it, in the same memory.
                stored.copy_within(PART.., 0);
                stored.truncate(stored.len() - PART);
            }
        }
        Ok(())
    };
    let mut pieces = body.chunks(PIECE);
    match Form::of_type(&hostile.content_type) {
        None => pieces.try_for_each(|piece| store(&mut reports, piece, stored))?,
        Some(form) => {
            let mut form = form?;
            loop {
                match form.next()? {
                    FormEvent::Field(..) | FormEvent::File(_) => {}
                    FormEvent::Bytes(piece) => store(&mut reports, &piece, stored)?,
                    FormEvent::End => break,
                    FormEvent::NeedInput => match pieces.next() {
                        Some(piece) => form.feed(piece),
                        None => form.end_of_input(),
                    },
                }
            }
        }
    }
    let contents = reports.finish(stored)?;
    let size = size + stored.len() as u64;
    assert!(contents.entries.iter().all(|entry| entry.size > 0 && entry.offset + entry.size <= size), "{contents:?}");
    Ok(size)
}

#[test]
fn little_is_held_and_done_whatever_is_uploaded() {
    // Before it is counted: what is given is the caller's.
    let mut stored = BytesMut::with_capacity(PART + usize::try_from(limits::BURST).expect("a size") + PIECE);
    for hostile in hostile() {
        let body = hostile.body();
        stored.clear();
        let (before, in_all, began) = (LIVE_NOW.load(Relaxed), IN_ALL.load(Relaxed), Instant::now());
        LIVE_MOST.store(before, Relaxed);
        let outcome = upload(&hostile, &body, &mut stored);
        let (live, in_all, time) = (LIVE_MOST.load(Relaxed) - before, IN_ALL.load(Relaxed) - in_all, began.elapsed());
        let (name, length) = (hostile.name, body.len());
        eprintln!("{name}: {length} bytes, {live} held, {in_all} allocated, {time:?}: {outcome:?}");
        assert!(live <= LIVE, "{name}: {live} bytes are held");
        assert!(in_all <= ALLOCATED + ALLOCATED_FOR_A_BYTE * length, "{name}: {in_all} bytes are allocated");
        assert!(time < TIME, "{name}: it takes {time:?}");
        if let Err(error) = outcome {
            assert!(error.message.len() < 20 * limits::NAME, "{name}: {} bytes of message", error.message.len());
        }
    }
}
