//! The rules of this project that no compiler knows. Each takes a file and tells where it is broken.

use std::collections::BTreeSet;

use crate::scan::{Source, words};

/// A broken rule: the line, counted from 1, and what is wrong.
pub(crate) type Complaint = (usize, String);

/// No file is longer: one idea per file.
const LINES: usize = 600;

/// Where `unsafe` may stand, and what for. Anything else is safe code. `docs/architecture.md` says more.
pub(crate) const UNSAFE: &[(&str, &str)] = &[
    ("crates/pynq-core/src/mmio.rs", "the contract of raw register accesses"),
    ("crates/pynq-core/src/mmio/volatile.rs", "the volatile accesses"),
    ("crates/pynq-core/src/mmio/recorder.rs", "a window around a window"),
    ("crates/pynq-core/src/regs/block.rs", "typed accesses: the size of the map was checked once"),
    ("crates/pynq-core/src/mmio/erased.rs", "a window around a window"),
    ("crates/pynq-core/src/interrupt/header.rs", "the contract of the functions in a node's header"),
    ("crates/pynq-core/src/interrupt/handle.rs", "calls of these functions, and the counts of a node's owner"),
    ("crates/pynq-core/src/interrupt/waiter.rs", "the intrusive queue"),
    ("crates/pynq-core/src/interrupt/state.rs", "puts waiters into the queue and takes them out"),
    ("crates/pynq-core/src/interrupt/waker.rs", "the waker's vtable"),
    ("crates/pynq-core/src/interrupt/node.rs", "a node that is locked, polled and woken in place"),
    ("crates/pynq-core/src/interrupt/node/table.rs", "the functions of the header, which know the node's type"),
    ("crates/pynq-core/src/interrupt/node/counted.rs", "the same for nodes in an Arc"),
    ("crates/pynq-core/src/interrupt/line.rs", "futures that keep this contract in their drop"),
    ("crates/pynq-core/src/interrupt/listener.rs", "a stream that keeps it likewise"),
    ("crates/pynq-core/src/interrupt/parent.rs", "a parent line, which keeps it too"),
    ("crates/pynq-core/src/interrupt/sync.rs", "the promise of mutual exclusion"),
    ("crates/pynq-tokio/src/reactor.rs", "tokio's registration of a file descriptor"),
    ("crates/pynq-baremetal/src/microblaze_v/cpu.rs", "instructions that Rust has no name for"),
    ("crates/pynq-baremetal/src/microblaze_v/fabric.rs", "windows at the addresses of a design"),
    ("crates/pynq-baremetal/src/dma_memory.rs", "slices of memory that devices change, while they don't"),
    ("crates/pynq-baremetal/src/fixed_window.rs", "windows at fixed addresses"),
    ("crates/pynq-baremetal/src/zynq/cpu.rs", "instructions that Rust has no name for"),
    ("crates/pynq-qtest/src/emulated_window.rs", "implements the contract of accesses; reaches no memory"),
    ("crates/pynq-sim/src/window.rs", "implements the contract of accesses; reaches no memory"),
    ("crates/pynq-uio/src/mapping.rs", "maps device memory, takes it away and gives it back"),
    ("crates/pynq-uio/src/mapping/drm.rs", "calls of a driver that gives memory"),
    ("crates/pynq-uio/src/mapping/mapped_window.rs", "lays a window over it"),
    ("crates/pynq-uio/src/mapping/memory.rs", "copies to and from it"),
    ("examples/bare-metal/microblaze-v/src/board.rs", "the design that the programs run in"),
    ("examples/bare-metal/microblaze-v/src/exceptions.rs", "what the start-up code calls for a trap"),
    ("examples/bare-metal/microblaze-v/src/tally.rs", "a window around a window"),
    ("examples/bare-metal/zynq/src/board.rs", "the addresses of the board's blocks, and the vectors"),
    ("examples/bare-metal/zynq/src/conformance/watched.rs", "a window around a window"),
    ("examples/bare-metal/zynq/src/embassy.rs", "what embassy's executor asks of its platform"),
    ("examples/bare-metal/zynq/src/heap.rs", "the allocator's memory"),
    ("examples/bare-metal/zynq/src/stack.rs", "the memory of the stack that nobody has"),
    ("examples/bare-metal/zynq/src/stamp.rs", "instructions that do nothing, to be counted"),
];

/// Code that is only run here: counting allocators, signals as interrupt handlers, and the raw twins of register accesses.
const UNSAFE_TESTS: [&str; 4] = ["/tests/", "/tests.rs", "/benches/", "/asm-probe/"];

/// Whether `unsafe` may stand in a file.
pub(crate) fn may_be_unsafe(path: &str) -> bool {
    UNSAFE.iter().any(|(allowed, _)| path == *allowed) || UNSAFE_TESTS.iter().any(|folder| path.contains(folder))
}

/// The rules for any text file.
pub(crate) fn text(path: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if path.ends_with(".rs") && text.lines().count() > LINES && !is_generated(text) {
        complaints.push((LINES + 1, format!("{} lines; a file has at most {LINES}", text.lines().count())));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(found) = machine_path(line) {
            complaints.push((number + 1, format!("a path of one machine: {found}")));
        }
    }
    complaints
}

/// Whether a program wrote the file, whose length and documentation are nobody's choice.
pub(crate) fn is_generated(text: &str) -> bool {
    text.starts_with("// This file is @generated ")
}

/// The first path in a line that exists on one machine only. Told by the folder it begins with.
fn machine_path(line: &str) -> Option<&str> {
    for folder in ["work", "farm", "root", "tmp"] {
        for (index, _) in line.match_indices(folder) {
            let before = &line[..index];
            let Some(before) = before.strip_suffix('/') else { continue };
            let inner = before.chars().last().is_some_and(|c| c.is_alphanumeric() || "_.-})*".contains(c));
            let after = &line[index + folder.len()..];
            if !inner && after.starts_with('/') {
                return line.get(index - 1..index + folder.len());
            }
        }
    }
    None
}

/// The rules for Rust code of the crates.
pub(crate) fn code(path: &str, source: &Source) -> Vec<Complaint> {
    let mut complaints = unfinished(source);
    complaints.extend(unsafe_code(path, source));
    let library = path.starts_with("crates/")
        && path.contains("/src/")
        && !path.ends_with("/tests.rs")
        && !path.contains("/tests/");
    if library {
        complaints.extend(documentation(source));
    }
    complaints.sort();
    complaints
}

fn unfinished(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, line) in source.lines.iter().enumerate() {
        for mark in ["todo!", "unimplemented!", "#[ignore"] {
            if line.code.contains(mark) {
                complaints.push((index + 1, format!("{mark} is unfinished work")));
            }
        }
        for mark in [concat!("FIX", "ME"), concat!("XX", "X")] {
            if words(&line.comment).any(|word| word == mark) {
                complaints.push((index + 1, format!("{mark} is unfinished work")));
            }
        }
    }
    complaints
}

fn unsafe_code(path: &str, source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let lines: Vec<usize> = (0..source.lines.len()).filter(|&index| source.has_word(index, "unsafe")).collect();
    if let (Some(first), false) = (lines.first(), may_be_unsafe(path)) {
        let what = format!("unsafe on {} lines of a file that may not have it (xtask/src/checks.rs)", lines.len());
        complaints.push((first + 1, what));
    }
    for index in lines {
        let line = &source.lines[index];
        let mut spoken = words(&line.code).skip_while(|word| *word != "unsafe").skip(1);
        let block = line.code.trim_end().ends_with("unsafe") || line.code.contains("unsafe {");
        if (block || spoken.next() == Some("impl")) && !argued(source, index) {
            complaints.push((index + 1, "unsafe without a SAFETY comment".to_owned()));
        }
    }
    complaints
}

/// Whether a comment with `SAFETY:` stands on the line, or above the statement that the line is a part of.
fn argued(source: &Source, index: usize) -> bool {
    const STATEMENT: usize = 6;
    let says = |line: usize| source.lines.get(line).is_some_and(|line| line.comment.contains("SAFETY:"));
    if says(index) || says(index + 1) {
        return true;
    }
    let mut code = 0;
    for above in (0..index).rev() {
        let line = &source.lines[above];
        if says(above) {
            return true;
        }
        let comment_only = line.code.trim().is_empty() && !line.comment.is_empty();
        if !comment_only {
            code += 1;
        }
        if code > STATEMENT {
            return false;
        }
    }
    false
}

/// What the documentation of functions must say: of those that return a future, what dropping it does; of their
/// blocking twins, what they block on.
fn documentation(source: &Source) -> Vec<Complaint> {
    let public = |index: usize| {
        let line = &source.lines[index];
        let code = line.code.trim_start();
        !line.test && (code.starts_with("pub ") || line.public_trait && !code.starts_with("pub("))
    };
    let functions: Vec<(usize, &str)> = (0..source.lines.len())
        .filter(|&index| public(index))
        .filter_map(|index| Some((index, function(&source.lines[index].code)?)))
        .collect();
    let names: BTreeSet<&str> = functions.iter().map(|(_, name)| *name).collect();
    let mut complaints = Vec::new();
    for (index, name) in functions {
        let docs = source.docs_above(index);
        let returns_a_future = source.has_word(index, "async")
            || name.ends_with("_async")
            || returned(source, index).contains("impl Future");
        let mut needs = |section: &str| {
            if !docs.contains(section) && !docs.contains("include_str!") {
                complaints.push((index + 1, format!("the documentation of {name} has no section \"{section}\"")));
            }
        };
        if returns_a_future {
            needs("# Cancellation safety");
        } else if names.contains(format!("{name}_async").as_str()) {
            needs("# Blocking");
        }
    }
    complaints
}

/// The name of the function that a line of code declares.
fn function(code: &str) -> Option<&str> {
    let mut words = words(code);
    words.find(|word| *word == "fn")?;
    words.next()
}

/// What the function declared on a line returns.
fn returned(source: &Source, index: usize) -> String {
    let mut text = String::new();
    for line in source.lines.iter().skip(index).take(12) {
        text.push_str(&line.code);
        if line.code.contains(['{', ';']) {
            break;
        }
    }
    // An argument may be a future as well.
    text.split_once("->").map(|(_, returned)| returned.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        code(path, &Source::parse(text)).into_iter().map(|(line, what)| format!("{line} {what}")).collect()
    }

    const SAFE: &str = "crates/pynq-sim/src/board.rs";
    const UNSAFE_FILE: &str = "crates/pynq-core/src/mmio/volatile.rs";

    #[test]
    fn unsafe_stands_only_where_it_may() {
        let text = "// SAFETY: mapped.\nunsafe { x() }\n";
        assert!(complaints(UNSAFE_FILE, text).is_empty());
        assert_eq!(complaints(SAFE, text).len(), 1);
        assert!(complaints(SAFE, "#![forbid(unsafe_code)] // unsafe\nlet a = \"unsafe {\";").is_empty());
    }

    #[test]
    fn unsafe_is_argued() {
        assert_eq!(complaints(UNSAFE_FILE, "unsafe { x() }"), ["1 unsafe without a SAFETY comment"]);
        assert_eq!(complaints(UNSAFE_FILE, "unsafe impl Send for X {}"), ["1 unsafe without a SAFETY comment"]);
        assert!(complaints(UNSAFE_FILE, "unsafe fn x();").is_empty());
        assert!(complaints(UNSAFE_FILE, "// SAFETY: long\n// argument.\nlet a =\n    unsafe { x() };").is_empty());
    }

    #[test]
    fn futures_say_what_dropping_them_does() {
        let bare = complaints(SAFE, "/// Waits.\npub async fn wait() {}");
        assert_eq!(bare, ["2 the documentation of wait has no section \"# Cancellation safety\""]);
        assert_eq!(complaints(SAFE, "pub fn wait_async() -> Wait {}").len(), 1);
        assert_eq!(complaints(SAFE, "pub fn wait() -> impl Future {}").len(), 1);
        assert!(complaints(SAFE, "pub fn block_on(future: impl Future) -> u32 {}").is_empty());
        assert_eq!(complaints(SAFE, "pub trait A {\n    fn wait_async(&self) -> Wait;\n}").len(), 1);
        assert!(
            complaints(SAFE, "/// # Cancellation safety\n///\n/// Fine.\n#[inline]\npub async fn wait() {}").is_empty()
        );
        assert!(complaints(SAFE, "pub(crate) async fn wait() {}\nimpl A for B {\n    async fn x() {}\n}").is_empty());
        assert!(complaints(SAFE, "#[cfg(test)]\nmod tests {\n    pub async fn wait() {}\n}").is_empty());
    }

    #[test]
    fn twins_say_what_they_block_on() {
        let twins = "/// # Cancellation safety\npub async fn wait_async() {}\n\npub fn wait() {}\npub fn now() {}";
        assert_eq!(complaints(SAFE, twins), ["4 the documentation of wait has no section \"# Blocking\""]);
    }

    #[test]
    fn unfinished_work_is_told() {
        assert_eq!(complaints(SAFE, "todo!()").len(), 1);
        assert_eq!(complaints(SAFE, "#[ignore = \"slow\"]").len(), 1);
        assert!(complaints(SAFE, "let a = \"todo!()\";").is_empty());
    }

    #[test]
    fn machine_paths_are_told() {
        let path = |folder: &str| format!("see /{folder}/x");
        assert_eq!(machine_path(&path("work")), Some(&*format!("/{}", "work")));
        assert!(machine_path(&path("tmp")).is_some());
        assert!(machine_path("/workspace/x crates/root/x ./tmp/x \"/dev/uio0\"").is_none());
    }

    #[test]
    fn long_files_are_told() {
        assert_eq!(text("a.rs", &"x\n".repeat(601)).len(), 1);
        assert!(text("a.rs", &"x\n".repeat(600)).is_empty());
        assert!(text("a.rs", &format!("// This file is @generated by x.\n{}", "x\n".repeat(601))).is_empty());
    }
}
