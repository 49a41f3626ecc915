//! What a viewer is sent: the state, without what it has already.

use std::sync::Arc;

use serde::Serialize;

use crate::{Interrupt, Mode, Panel, Seen, Totals};

/// What one viewer has been sent.
#[derive(Default)]
pub(super) struct Updates(Option<Arc<Seen>>);

#[derive(Serialize)]
struct Update<'a> {
    /// If it is another one than before.
    panel: Option<&'a Panel>,
    time: u64,
    mode: Mode,
    values: &'a [u8],
    interrupts: &'a [Interrupt],
    totals: Totals,
    /// If one of them has sent something.
    consoles: Option<&'a [String]>,
}

impl Updates {
    /// The update that brings the viewer to what is seen now, as JSON.
    pub(super) fn next(&mut self, seen: &Arc<Seen>) -> String {
        let before = self.0.replace(seen.clone());
        let before = before.filter(|before| Arc::ptr_eq(&before.panel, &seen.panel));
        let snapshot = &seen.snapshot;
        let has_consoles = before.as_ref().is_some_and(|before| before.snapshot.consoles == snapshot.consoles);
        let update = Update {
            panel: before.is_none().then_some(&*seen.panel),
            time: snapshot.time,
            mode: snapshot.mode,
            values: &snapshot.values,
            interrupts: &snapshot.interrupts,
            totals: snapshot.totals,
            consoles: (!has_consoles).then_some(&snapshot.consoles),
        };
        // Plain values and text: nothing in it can't be written as JSON.
        serde_json::to_string(&update).unwrap_or_default()
    }
}
