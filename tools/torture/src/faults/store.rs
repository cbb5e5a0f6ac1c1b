//! Faults of the object store.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Scene, Struck, Wrong};

/// The longest spell.
const LIMIT: Duration = Duration::from_secs(6);

/// A while in which so many of a hundred answers of the store go wrong: until the imports are a good deal further, and something did.
pub(super) async fn spell(scene: &mut Scene<'_>, wrongs: &'static [Wrong], share: u32) -> Result<Struck> {
    let before = scene.proxy.done();
    let (seed, further) = (scene.dice.below(u32::MAX), scene.dice.between(20, 40));
    let goal = scene.watch.percentage() + further;
    let started = Instant::now();
    scene.proxy.do_wrong(wrongs, share, seed.into());
    scene.watch.until_read(goal, LIMIT).await;
    let is_over = || scene.proxy.done().count > before.count || scene.watch.all_have_ended();
    scene.watch.until(LIMIT.saturating_sub(started.elapsed()), is_over).await;
    scene.proxy.do_right();
    let done = scene.proxy.done();
    Ok(Struck::at(done.count - before.count, done.last))
}
