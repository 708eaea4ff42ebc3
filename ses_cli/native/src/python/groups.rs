//! Groups of messages that an engine has met.

use super::lock;
use crate::groups::Groups;
use crate::tally::Key;
use std::sync::{Arc, Mutex};

/// Those met last. What was forgotten is still known to those who name their groups by it.
#[derive(Clone)]
pub struct Met(Arc<Mutex<Arc<Mutex<Groups>>>>);

impl Default for Met {
    fn default() -> Self {
        Met(Arc::new(Mutex::new(Arc::new(Mutex::new(Groups::new(&[]))))))
    }
}

impl Met {
    /// Groups by these keys.
    pub fn by(&self, keys: &[Key]) -> Arc<Mutex<Groups>> {
        let mut met = lock(&self.0);
        if !lock(&met).fits(keys) {
            *met = Arc::new(Mutex::new(Groups::new(keys)));
        }
        met.clone()
    }
}
