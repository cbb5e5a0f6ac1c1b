//! What an instance may take of linear memory.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use wasmtime::ResourceLimiter;

use crate::guest::Component;

/// Counts the linear memory of one instance and refuses growth beyond the limit.
///
/// A refusal is not a trap: `memory.grow` fails, as it does in Spin, and a guest that cannot go on without the memory aborts.
#[derive(Debug)]
pub struct MemoryLimiter {
    component: Arc<Component>,
    limit: usize,
    used: usize,
}

impl MemoryLimiter {
    /// Starts to count for a new instance.
    pub fn new(component: Arc<Component>, limit: usize) -> Self {
        Self { component, limit, used: 0 }
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.used + desired.saturating_sub(current);
        if used > self.limit {
            let name = &self.component.name;
            tracing::error!("component {name}: wants {used} bytes of memory, an instance may have {}", self.limit);
            return Ok(false);
        }
        self.used = used;
        self.component.metrics.peak_memory_bytes.fetch_max(used, Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, _desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}
