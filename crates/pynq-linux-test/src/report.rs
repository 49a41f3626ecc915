//! The lines that the host counts.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

#[derive(Default)]
struct Counts {
    ok: usize,
    failed: usize,
    skipped: usize,
    /// The check under way.
    current: String,
}

static COUNTS: Mutex<Counts> = Mutex::new(Counts { ok: 0, failed: 0, skipped: 0, current: String::new() });
static ONLY: OnceLock<String> = OnceLock::new();

fn counts<R>(f: impl FnOnce(&mut Counts) -> R) -> R {
    f(&mut COUNTS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Only checks with this in their names are made from now on.
pub(crate) fn select(only: &str) {
    let _ = ONLY.set(only.to_owned());
}

/// Whether a check is to be made.
pub(crate) fn is_selected(name: &str) -> bool {
    name.contains(only())
}

/// What was selected, as part of a name; nothing for everything.
pub(crate) fn only() -> &'static str {
    ONLY.get().map_or("", String::as_str)
}

/// How a check fails: with a text that says what was found.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Makes a check, if it is selected. It yields a remark on what was found.
pub(crate) fn check<R: fmt::Display>(name: &str, check: impl FnOnce() -> Result<R, Failed>) {
    if is_selected(name) {
        always(name, check);
    }
}

/// The same for one that was selected by a part of it.
pub(crate) fn always<R: fmt::Display>(name: &str, check: impl FnOnce() -> Result<R, Failed>) {
    counts(|counts| name.clone_into(&mut counts.current));
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(Ok(remark)) => ok(name, &remark),
        Ok(Err(error)) => failed(name, &error),
        Err(panic) => failed(name, &message(&*panic)),
    }
}

/// Fails a check with a message unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+).into());
        }
    };
}
pub(crate) use ensure;

/// A check that went well.
pub(crate) fn ok(name: &str, remark: &dyn fmt::Display) {
    counts(|counts| counts.ok += 1);
    let remark = remark.to_string();
    println!("ok {name}{}{remark}", if remark.is_empty() { "" } else { ": " });
}

/// A check that did not.
pub(crate) fn failed(name: &str, why: &dyn fmt::Display) {
    counts(|counts| counts.failed += 1);
    println!("FAIL {name}: {}", why.to_string().replace('\n', " "));
}

/// A check that can't be made here.
pub(crate) fn skipped(name: &str, why: &dyn fmt::Display) {
    counts(|counts| counts.skipped += 1);
    println!("skip {name}: {why}");
}

/// A figure.
pub(crate) fn figure(text: impl fmt::Display) {
    println!("# {text}");
}

/// The run has not come to its end.
pub(crate) fn hangs(after: Duration) {
    let current = counts(|counts| counts.current.clone());
    failed("watchdog", &format!("still at {current} after {} s", after.as_secs()));
    totals();
}

/// The last line.
pub(crate) fn totals() {
    let (ok, failed, skipped) = counts(|counts| (counts.ok, counts.failed, counts.skipped));
    println!("linux-test: {ok} ok, {failed} failed, {skipped} skipped");
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a word"))
}
