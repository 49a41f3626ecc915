//! Whether the other threads of this process are asleep.

/// Reads the states of the threads; the text of a state is kept for its allocation.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    text: std::string::String,
}

impl Threads {
    /// Whether all of them sleep, and slept from the beginning of this call to its end. `None` where the
    /// system has no such files as Linux.
    pub(crate) fn asleep(&mut self) -> Option<bool> {
        // One reading is not enough: a thread may be woken by another after it was read and before the other was. No
        // thread has run in between if the counts of context switches are the same.
        let first = self.look()?;
        let second = self.look()?;
        Some(first.is_some() && first == second)
    }

    /// How many times each thread but this one was switched to, all in all, and how many threads there are; `Some(None)` if
    /// one of them runs, or is ready to.
    fn look(&mut self) -> Option<Option<(usize, u64)>> {
        use std::{format, fs::File, io::Read as _};

        let this = std::fs::read_link("/proc/thread-self").ok()?;
        let this = this.file_name()?;
        let (mut count, mut switches) = (0, 0_u64);
        for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
            if task.file_name() == this {
                continue;
            }
            self.text.clear();
            let path = format!("/proc/self/task/{}/status", task.file_name().to_string_lossy());
            // A thread that has ended meanwhile runs no more.
            if File::open(path).and_then(|mut file| file.read_to_string(&mut self.text)).is_err() {
                continue;
            }
            let field = |name: &str| self.text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if !field("State:")?.starts_with(['S', 'T', 't', 'Z', 'X']) {
                return Some(None);
            }
            count += 1;
            for name in ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"] {
                switches = switches.wrapping_add(field(name)?.parse::<u64>().ok()?);
            }
        }
        Some(Some((count, switches)))
    }
}
