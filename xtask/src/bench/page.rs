//! The figures as a page of the book.

use std::fmt::Write as _;

use serde_json::Value;

const INTRODUCTION: &str = "\
# Performance

What an interrupt, a register access, a handoff file and the simulated board cost, against what people use today. Made by
`cargo xtask bench --update`; nothing on this page is written by hand.
";

/// Before the figures one by one.
const RATIOS: &str = "
## Bars

Every ratio is to a baseline of the same run that makes the same register accesses. Rounds take turns; a figure is the
median of the rounds, with the least and the most of them in brackets, and a ratio is the median of the rounds' ratios.
";

const HOW: &str = "
## What is measured

* **Round trip**: the far end of a socket pair stands in for the kernel's half of a UIO device. All is on one CPU, on
  which each interrupt finds the consumer asleep. The raw loops play back the register accesses of ours.
* **System calls** are counted by strace, in the tests that hold them to these numbers; the same tests check that the
  library allocates nothing there. The figures in brackets are the average.
* **In process**: fire, dispatch, wake, poll, with no file descriptor, in one thread. The demultiplexers by hand have a
  notifier for each line, any number of tasks on it, and lose no event between two waits; they know no level lines and
  have no way to fail. That all make the same accesses is checked before anything is measured.
* **Parts**: one access in a function of its own; a whole handoff file against its XML alone; blocks of the simulated board.
* **Instructions** of the hot paths are counted in CI by `cargo xtask instructions`, which fails when one grows by more than 3 %.

The registers are memory of the process: an access costs what an atomic operation costs. On a board it costs 100 ns and
more, and the software's part is smaller.
";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The machine and the versions.
pub(crate) fn header(header: &Value) -> String {
    let crates: Vec<&str> = list(&header["crates"]).iter().map(text).collect();
    format!(
        "{}, {} CPUs; Linux {}; {}; {}",
        text(&header["machine"]),
        header["cpus"],
        text(&header["kernel"]),
        text(&header["rustc"]),
        crates.join(", ")
    )
}

fn figures(all: &Value) -> impl Iterator<Item = &Value> {
    list(&all["benches"]).iter().flat_map(|bench| list(&bench["figures"]))
}

/// Bars that do not hold.
pub(crate) fn missed(all: &Value) -> Vec<String> {
    let missed = figures(all).filter(|figure| figure["bar"]["holds"] == false);
    missed
        .map(|figure| {
            let (group, name) = (text(&figure["group"]), text(&figure["name"]));
            format!("{group}: {name}: {}, at most {}", judged(figure), figure["bar"]["most"])
        })
        .collect()
}

/// What a bar is on.
fn judged(figure: &Value) -> String {
    match &figure["ratio"] {
        Value::Null => spread(&figure["value"], text(&figure["unit"])),
        ratio => format!("{} of {}", spread(&ratio["spread"], ""), text(&ratio["to"])),
    }
}

/// All of it. Plots are in the folder `plots`.
pub(crate) fn page(all: &Value, plots: &str) -> String {
    // The page stands in two folders.
    let book = if plots.starts_with("src/") { "src/" } else { "" };
    let in_short = in_short(all, &format!("{book}guides/bare-metal.md"));
    let mut page = format!("{INTRODUCTION}{in_short}{RATIOS}\nThis run: {}.\n", header(&all["header"]));
    page.push_str("\n| | at most | found | |\n| --- | ---: | --- | --- |\n");
    for figure in figures(all).filter(|figure| !figure["bar"].is_null()) {
        let verdict = if figure["bar"]["holds"] == true { "holds" } else { "**missed**" };
        let (group, name) = (text(&figure["group"]), text(&figure["name"]));
        let _ = writeln!(page, "| {group}: {name} | {} | {} | {verdict} |", figure["bar"]["most"], judged(figure));
    }
    let mut group = "";
    for figure in figures(all) {
        if text(&figure["group"]) != group {
            group = text(&figure["group"]);
            let compared = figures(all).any(|it| it["group"] == figure["group"] && !it["ratio"].is_null());
            let head = if compared { "| | | ratio |\n| --- | --- | --- |" } else { "| | |\n| --- | --- |" };
            let _ = write!(page, "\n## {group}\n\n{head}\n");
        }
        let value = spread(&figure["value"], text(&figure["unit"]));
        let ratio = if figure["ratio"].is_null() { String::new() } else { format!(" {} |", judged(figure)) };
        // The name of a type is not a tag.
        let name = text(&figure["name"]).replace('<', "&lt;");
        let _ = writeln!(page, "| {name} | {value} |{ratio}");
    }
    for (name, curves) in super::plot::groups(all) {
        let Some(first) = curves.first() else { continue };
        let title = text(&first["group"]);
        let _ = write!(page, "\n## {title}\n\n![{title}]({plots}{name}.svg)\n\n| {} |", text(&first["x"]));
        for curve in &curves {
            let _ = write!(page, " {}, {} |", text(&curve["name"]), text(&curve["y"]));
        }
        let _ = write!(page, "\n| ---: |{}\n", " ---: |".repeat(curves.len()));
        for (index, point) in list(&first["points"]).iter().enumerate() {
            let _ = write!(page, "| {} |", point["x"]);
            for curve in &curves {
                let y = &curve["points"][index]["y"]["median"];
                let _ = write!(page, " {} |", short(y.as_f64().unwrap_or(f64::NAN)));
            }
            page.push('\n');
        }
    }
    page.push_str(HOW);
    page
}

/// What a user wants to know first: how soon, how often, at what cost. Figures that the run does not have are left out.
fn in_short(all: &Value, bare_metal: &str) -> String {
    const LATENCY: &str = "Round trip: latency to who awaits it, p50 (the least to p99)";
    const RATE: &str = "Round trip: rate";
    const CPU: &str = "Round trip, CPU: one line";
    const CALLS: &str = "System calls of an interrupt";
    /// What it is, and the group and names of our figure and of the one beside it.
    type Row = (&'static str, &'static str, &'static str, &'static str);
    const PC: [Row; 8] = [
        ("from the interrupt to the task that awaits it: tokio", LATENCY, "tokio current-thread", "raw epoll"),
        ("the same: smol", LATENCY, "smol", "raw epoll"),
        ("the same: a blocked thread, without a runtime", LATENCY, "blocking twin", "raw epoll"),
        ("interrupts, each awaited before the next", RATE, "tokio current-thread", "raw epoll"),
        ("processor time of one", CPU, "tokio current-thread", "raw epoll"),
        ("system calls of one", CALLS, "tokio", ""),
        ("on the simulated board, from a press to its task", "Simulated board", "a button's press, to its task", ""),
        ("memory of a task that waits, beside its own", "Memory: futures", "Button::wait_for_level_async", ""),
    ];
    let find = |group: &str, name: &str| figures(all).find(|it| it["group"] == group && it["name"] == name);
    let short_of = |figure: &Value| readable(&figure["value"]["median"], text(&figure["unit"]));
    let mut rows = String::new();
    for (what, group, name, beside) in PC {
        let Some(ours) = find(group, name) else { continue };
        let beside = find(group, beside).map(|it| format!("{} of a loop over epoll", short_of(it))).unwrap_or_default();
        let _ = writeln!(rows, "| {what} | {} | {beside} |", short_of(ours));
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\n## In short\n\nOn the machine of this run, under Linux, where a socket stands in for the device:\n\n\
         | | here | beside |\n| --- | ---: | --- |\n{rows}\n{}",
        BOARDS.replace("{BARE_METAL}", bare_metal)
    )
}

/// What is known of boards, where nothing of this page was measured.
const BOARDS: &str = "\
On other classes of boards:

| | |
| --- | --- |
| Zynq-7000 or Zynq UltraScale+, under Linux | the kernel's way to the program is most of it; the library adds two system calls to the one that waits, and no allocation, as here |
| Zynq-7000, without a system | some 600 instructions from the handler's entry to the task's first, 69 kB of code, 3 kB of statics, 5.5 kB of stack: [On bare metal]({BARE_METAL}) |
| MicroBlaze-V, without a system | 52 kB of code, 1.4 kB of statics, 4.6 kB of stack |

The two without a system are counted in QEMU; no real board has been measured.
";

/// A figure in the unit that a person would use.
fn readable(value: &Value, unit: &str) -> String {
    let value = value.as_f64().unwrap_or(f64::NAN);
    match unit {
        "ns" if value >= 1e6 => format!("{} ms", short(value / 1e6)),
        "ns" if value >= 1e3 => format!("{} µs", short(value / 1e3)),
        "/s" if value >= 1e4 => format!("{} thousand a second", short((value / 1e3).round())),
        _ => format!("{} {unit}", short(value)),
    }
}

/// `12.3 (11.9 to 14.0) ns`, or the value alone where it does not vary.
fn spread(spread: &Value, unit: &str) -> String {
    let number = |key: &str| spread[key].as_f64().unwrap_or(f64::NAN);
    let (median, least, most) = (number("median"), number("least"), number("most"));
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    if least == most {
        return format!("{}{unit}", short(median));
    }
    format!("{}{unit} ({} to {})", short(median), short(least), short(most))
}

fn short(value: f64) -> String {
    let size = value.abs();
    let digits = if size >= 100.0 || value.fract() == 0.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all() -> Value {
        let spread = |median: f64| json!({ "median": median, "least": median - 0.5, "most": median + 0.5 });
        json!({
            "header": { "machine": "m", "cpus": 2, "kernel": "6.1", "rustc": "rustc 1", "crates": ["tokio 1"] },
            "benches": [{
                "figures": [
                    { "group": "g", "name": "good", "unit": "ns", "value": spread(150.0),
                      "ratio": { "to": "raw", "spread": spread(1.0) }, "bar": { "most": 1.5, "holds": true } },
                    { "group": "g", "name": "bad<T>", "unit": "ns", "value": spread(70.25), "ratio": null,
                      "bar": { "most": 60.0, "holds": false } },
                ],
                "curves": [{ "group": "Waiters!", "name": "ours", "x": "tasks", "y": "ns",
                             "points": [{ "x": 10, "y": spread(3.25) }] }],
            }],
        })
    }

    #[test]
    fn the_page_has_bars_tables_and_plots() {
        let page = page(&all(), "plots/");
        assert!(page.contains("| g: good | 1.5 | 1 (0.50 to 1.50) of raw | holds |"), "{page}");
        assert!(page.contains("| bad&lt;T> | 70.2 ns (69.8 to 70.8) |\n"), "{page}");
        assert!(page.contains("![Waiters!](plots/waiters.svg)"), "{page}");
        assert!(page.contains("| 10 | 3.25 |"), "{page}");
    }

    #[test]
    fn it_begins_with_what_a_user_wants_to_know() {
        assert!(!page(&all(), "").contains("## In short"), "there is no such figure");
        let mut all = all();
        all["benches"][0]["figures"][0]["group"] = "Round trip: rate".into();
        all["benches"][0]["figures"][0]["name"] = "tokio current-thread".into();
        all["benches"][0]["figures"][0]["unit"] = "/s".into();
        all["benches"][0]["figures"][0]["value"]["median"] = 100_881.0.into();
        let page = page(&all, "");
        let row = "| interrupts, each awaited before the next | 101 thousand a second |  |";
        assert!(page.contains(row), "{page}");
        assert!(page.find("## In short") < page.find("## Bars"));
        assert_eq!(readable(&5518.0.into(), "ns"), "5.52 µs");
    }

    #[test]
    fn missed_bars_are_told() {
        assert_eq!(missed(&all()), ["g: bad<T>: 70.2 ns (69.8 to 70.8), at most 60.0"]);
    }
}
