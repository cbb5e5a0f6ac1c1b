//! What a person sees while something takes its time: a moving line on a terminal, plain lines elsewhere. All of it on standard
//! error; results go to standard output.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Says something that is worth a line of its own.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Steps that have begun and not ended.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Something that takes more than a moment. One that begins within another shows nothing: it is part of that.
#[derive(Debug)]
pub struct Step {
    what: String,
    started: Instant,
    is_part: bool,
    bar: Option<ProgressBar>,
}

impl Step {
    /// Says that it has begun: "starting PostgreSQL".
    pub fn begin(what: impl Into<String>) -> Self {
        let what = what.into();
        let is_part = OPEN.fetch_add(1, Ordering::Relaxed) > 0;
        let bar = (!is_part && std::io::stderr().is_terminal()).then(|| spinner(&what));
        if bar.is_none() && !is_part {
            eprintln!("{what} …");
        }
        Self { what, started: Instant::now(), is_part, bar }
    }

    /// Says how far it is, on a terminal.
    pub fn show(&self, how_far: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} ({how_far})", self.what));
        }
    }

    /// Says that it is done. On a terminal, what was quick leaves no line behind.
    pub fn done(self) {
        let took = self.started.elapsed();
        let line = format!("{} … done in {:.1} s", self.what, took.as_secs_f64());
        match &self.bar {
            Some(bar) => {
                bar.finish_and_clear();
                if took > Duration::from_secs(1) {
                    eprintln!("{line}");
                }
            }
            None if took > Duration::from_secs(1) && !self.is_part => eprintln!("{line}"),
            None => {}
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} … {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// How often a line says how far something is that takes long, where there is no terminal.
const SILENCE: Duration = Duration::from_secs(10);

/// How far an import is: a bar on a terminal, now and then a line elsewhere.
#[derive(Debug)]
pub struct Percentage {
    what: String,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Percentage {
    /// A bar at 0.
    pub fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        let bar = std::io::stderr().is_terminal().then(|| percent_bar(&what));
        Self { what, bar, told: Instant::now() }
    }

    /// Moves it: `percentage` of 100, and a word on what is being done.
    pub fn set(&mut self, percentage: f64, stage: &str) {
        // A percentage is within 0..=100: nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let whole = percentage.clamp(0.0, 100.0) as u8;
        if let Some(bar) = &self.bar {
            bar.set_position(whole.into());
            bar.set_message(stage.to_owned());
        } else if self.told.elapsed() > SILENCE {
            self.told = Instant::now();
            eprintln!("{}: {whole} % ({stage})", self.what);
        }
    }
}

impl Drop for Percentage {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn percent_bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(100).with_prefix(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{prefix:<37} [{bar:30}] {pos:>3} % {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
