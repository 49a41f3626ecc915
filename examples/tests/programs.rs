//! The examples as a user runs them: their output, under every runtime and on every board, and what they say when they
//! are used wrongly.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

const RUNTIMES: [&str; 4] = ["tokio", "tokio-threads", "smol", "none"];

/// Where cargo puts the examples of this very build. It builds them before it runs a package's tests, and tells tests the
/// path of binaries only.
fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().join("examples")
    });
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn run(name: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(example(name));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", example(name).display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that reads no input may be gone before it is written.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn succeeds(name: &str, arguments: &[&str], input: &str) -> String {
    let output = run(name, arguments, input);
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{name} {arguments:?}: {errors}\n{text}");
    text
}

/// One paragraph, and a failure.
fn fails(name: &str, arguments: &[&str], input: &str) -> String {
    let output = run(name, arguments, input);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{name} {arguments:?}: {errors}");
    assert!(errors.starts_with("error: ") && errors.trim_end().lines().count() == 1, "{errors}");
    assert!(errors.len() < 1000, "{errors}");
    errors
}

/// The real handoff files, if there are any.
fn real_files() -> Vec<String> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped the real handoff files: PYNQ_HWH_DIR is not set");
        return Vec::new();
    };
    ["z2-base.hwh", "zcu104-base.hwh"].map(|name| Path::new(&folder).join(name).to_str().unwrap().to_owned()).to_vec()
}

/// What `button_to_led` prints if every press and release of a button is one change of its LED.
fn expected(steps: &[(u64, &str, u8)]) -> String {
    let mut text = String::new();
    let mut presses = 0;
    for (ms, action, number) in steps {
        let (done, light) = if *action == "press" { ("pressed", "on") } else { ("released", "off") };
        presses += usize::from(*action == "press");
        let time = format!("{ms} ms");
        let _ = writeln!(text, "{time:>10}  button {number} {done}\n{time:>10}  LED {number} {light}");
    }
    let _ = writeln!(text, "presses={presses} led_changes={0} interrupts={0} spurious=0", steps.len());
    text
}

fn script(steps: &[(u64, &str, u8)]) -> String {
    steps.iter().fold(String::new(), |mut text, (ms, action, number)| {
        let _ = writeln!(text, "{ms} {action} {number}");
        text
    })
}

const BUILT_IN: [(u64, &str, u8); 10] = [
    (10, "press", 0),
    (60, "release", 0),
    (100, "press", 1),
    (120, "press", 2),
    (150, "release", 1),
    (180, "release", 2),
    (200, "press", 3),
    (200, "press", 0),
    (250, "release", 3),
    (251, "release", 0),
];

#[test]
fn button_to_led_is_the_same_under_every_runtime() {
    for runtime in RUNTIMES {
        for _ in 0..10 {
            assert_eq!(succeeds("button_to_led", &["--runtime", runtime], ""), expected(&BUILT_IN), "{runtime}");
        }
    }
    assert_eq!(succeeds("button_to_led", &[], ""), expected(&BUILT_IN));
}

#[test]
fn button_to_led_is_the_same_on_every_board() {
    for file in real_files() {
        for runtime in RUNTIMES {
            let output = succeeds("button_to_led", &["--runtime", runtime, "--hwh", &file], "");
            assert_eq!(output, expected(&BUILT_IN), "{file} {runtime}");
        }
    }
}

#[test]
fn a_thousand_presses() {
    let steps: Vec<(u64, &str, u8)> = (0..1000_u64)
        .flat_map(|n| {
            let button = (n % 4) as u8;
            [(2 * n, "press", button), (2 * n + 1, "release", button)]
        })
        .collect();
    for runtime in RUNTIMES {
        let output = succeeds("button_to_led", &["--runtime", runtime, "--script", "-"], &script(&steps));
        assert_eq!(output, expected(&steps), "{runtime}");
    }
}

#[test]
fn other_cells_by_option() {
    for file in real_files().into_iter().filter(|file| file.contains("zcu104")) {
        // Its DIP switches as buttons.
        let output = succeeds("button_to_led", &["--hwh", &file, "--buttons", "gpio_sws", "--leds", "gpio_leds"], "");
        assert_eq!(output, expected(&BUILT_IN));
        let error = fails("button_to_led", &["--hwh", &file, "--buttons", "gpio_switches"], "");
        assert!(error.contains("no IP block `gpio_switches`") && error.contains("`gpio_sws`"), "{error}");
    }
}

#[test]
fn a_trace_is_written() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("button_to_led.vcd");
    succeeds("button_to_led", &["--vcd", file.to_str().unwrap()], "");
    let vcd = std::fs::read_to_string(&file).unwrap();
    assert!(vcd.starts_with("$version") && vcd.contains("$scope module btns_gpio $end"), "{vcd}");
    let nowhere = folder.join("no such folder").join("out.vcd");
    let error = fails("button_to_led", &["--vcd", nowhere.to_str().unwrap()], "");
    assert!(error.contains("cannot write"), "{error}");
}

#[test]
fn flash_led_ends_with_the_switch() {
    let text = succeeds("flash_led", &[], "");
    assert!(text.contains(" 10 ms  LED 0 on\n    110 ms  LED 0 off\n    210 ms  LED 0 on\n"), "{text}");
    assert!(text.ends_with(" 1100 ms  switch 0 on\npresses=3 led_changes=12 interrupts=7 spurious=0\n"), "{text}");
    for runtime in RUNTIMES {
        for _ in 0..5 {
            assert_eq!(succeeds("flash_led", &["--runtime", runtime], ""), text, "{runtime}");
        }
    }
    let never = fails("flash_led", &["--script", "-"], "10 press 0\n20 release 0\n");
    assert!(never.contains("`switches_gpio`") && never.contains("nothing can end this wait"), "{never}");
}

#[test]
fn a_published_driver_of_a_flash_works_under_every_runtime() {
    let text = succeeds("spi_flash", &[], "");
    assert!(text.contains("78 bytes, right\n") && text.contains("blocking calls, right\n"), "{text}");
    assert!(!text.contains("WRONG") && text.ends_with(" spurious=0\n"), "{text}");
    for runtime in ["smol", "none"] {
        assert_eq!(succeeds("spi_flash", &["--runtime", runtime], ""), text, "{runtime}");
    }
}

#[test]
fn the_others_say_what_they_do() {
    for (name, last) in [
        ("wake_up", " 4000 ms  the task is over\n"),
        (
            "custom_interrupt",
            " 180 ms  all buttons have been pressed\npresses=4 led_changes=0 interrupts=6 spurious=0\n",
        ),
        (
            "blocking",
            " 1301 ms  nobody has pressed button 0 for a second\npresses=3 led_changes=6 interrupts=6 spurious=0\n",
        ),
    ] {
        let text = succeeds(name, &[], "");
        assert!(text.ends_with(last), "{name}: {text}");
        for file in real_files() {
            assert_eq!(succeeds(name, &["--hwh", &file], ""), text, "{name} {file}");
        }
    }
}

/// The sums are the same under every runtime; which task has which turn is its business.
#[test]
fn dma_loopback_gets_every_byte_back_under_every_runtime() {
    for runtime in RUNTIMES {
        let text = succeeds("dma_loopback", &["--runtime", runtime], "");
        for line in [
            "axi_dma_0 (direct mode): 50 packets, 49100 bytes, all of them right",
            "axi_dma_1 (scatter-gather): 50 packets, 49100 bytes, all of them right",
            "axi_dma_1: 8 packets in 4 buffers each, queued",
            "the deadline passed before the event came; the buffer is back, all 1024 samples of it",
            "spurious=0",
        ] {
            assert!(text.contains(line), "{runtime}: {text}");
        }
    }
}

#[test]
fn hls_adder_adds_under_every_runtime() {
    for runtime in RUNTIMES {
        let text = succeeds("hls_adder", &["--runtime", runtime], "");
        for sum in ["one: -20 + -19 = -39", "two: 0 + 2 = 2", "three: 1000000 + 1000001 = 2000001"] {
            assert!(text.contains(sum), "{runtime}: {text}");
        }
        let end = "0.0275 ms  set, start, done: 4 + 5 = 9\ninterrupts=11 spurious=0\n";
        assert!(text.ends_with(end), "{runtime}: {text}");
    }
}

#[test]
fn microblaze_mailbox_adds_under_every_runtime() {
    for runtime in RUNTIMES {
        let text = succeeds("microblaze_mailbox", &["--runtime", runtime], "");
        for line in ["reset        EMIO 0", "1 + 100 = 101, and its interrupt", "3 + 100 = 103, and its interrupt"] {
            assert!(text.contains(line), "{runtime}: {text}");
        }
        assert!(text.ends_with("blocking: 40 + 2 = 42\nit is stopped\n"), "{runtime}: {text}");
    }
    let counter = concat!(env!("CARGO_MANIFEST_DIR"), "/your_own_driver/pulse_counter.hwh");
    let message = fails("microblaze_mailbox", &["--hwh", counter], "");
    assert!(message.contains("no I/O processor that can be opened"), "{message}");
}

#[test]
fn fir_accelerator_filters_as_the_processor_does_and_draws_both() {
    for runtime in RUNTIMES {
        let picture = std::env::temp_dir().join(format!("pynq-fir-{runtime}-{}.svg", std::process::id()));
        let text = succeeds("fir_accelerator", &["--runtime", runtime, "--picture", picture.to_str().unwrap()], "");
        assert!(text.contains("  32768 samples, all as on the processor: 77.5 million in a second\n"), "{text}");
        assert!(text.ends_with(" spurious=0\n"), "{runtime}: {text}");
        let drawn = std::fs::read_to_string(&picture).unwrap();
        std::fs::remove_file(&picture).unwrap();
        assert_eq!(drawn.matches("<polyline").count(), 4, "two signals and two spectra");
    }
}

#[test]
fn wrong_use_is_one_paragraph_and_a_failure() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let counter = concat!(env!("CARGO_MANIFEST_DIR"), "/your_own_driver/pulse_counter.hwh");
    let cases: [(&[&str], &str, &[&str]); 10] = [
        (&["--runtim"], "", &["unknown option `--runtim`", "--help"]),
        (&["--runtime", "rayon"], "", &["no runtime `rayon`", "smol"]),
        (&["--hwh"], "", &["`--hwh` needs a value"]),
        (&["--hwh", "missing.hwh"], "", &["cannot read `missing.hwh`"]),
        (&["--hwh", here], "", &["Cargo.toml", "expected a Vivado hardware handoff"]),
        (&["--hwh", counter], "", &["design `counting` fits no known board", "--buttons CELL"]),
        (&["--script", "missing.txt"], "", &["cannot read `missing.txt`"]),
        (&["--script", "-"], "10 press 0\n20 push 0\n", &["standard input: line 2, column 4: found `push`", "`press`"]),
        (&["--script", "-"], "10 press 4\n", &["the script, line 1: no button 4; the board has 0 to 3"]),
        (&["--leds", "btns_gpio"], "", &["`btns_gpio`: channel 1 was built with inputs only"]),
    ];
    for (arguments, input, says) in cases {
        let error = fails("button_to_led", arguments, input);
        for part in says {
            assert!(error.contains(part), "{arguments:?}: {error}");
        }
    }
    assert!(succeeds("button_to_led", &["--help"], "").contains("--script FILE|-"));
}

#[test]
fn video_passes_through_and_none_is_missed_under_every_runtime() {
    let file = std::env::temp_dir().join(format!("pynq-passthrough-{}.png", std::process::id()));
    let outputs = RUNTIMES.map(|runtime| {
        let text = succeeds("hdmi_passthrough", &["--runtime", runtime, "--png", file.to_str().unwrap()], "");
        let picture = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        (text, picture)
    });
    let (text, picture) = &outputs[0];
    let said = ["320 x 240 comes in", "60 frames shown", " 0 missed", "spurious=0"];
    assert!(said.iter().all(|part| text.contains(part)), "{text}");
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 2000, "{} bytes", picture.len());
    assert!(outputs.iter().all(|output| output == &outputs[0]));
}

#[test]
fn edges_are_found_in_what_comes_in_under_every_runtime() {
    let outputs = RUNTIMES.map(|runtime| succeeds("video_filter", &["--runtime", runtime], ""));
    assert!(outputs[0].contains("60.0 frames a second") && outputs[0].contains(" 0 missed"), "{}", outputs[0]);
    assert!(outputs.iter().all(|output| output == &outputs[0]));
}

#[test]
fn a_test_card_is_on_the_monitor_under_every_runtime() {
    let outputs = RUNTIMES.map(|runtime| succeeds("test_card", &["--runtime", runtime], ""));
    // Seven bars, black and white.
    assert!(outputs[0].contains("640 x 480, 9 colours"), "{}", outputs[0]);
    assert!(outputs.iter().all(|output| output == &outputs[0]));
}

#[test]
fn oled_draws_the_same_under_every_runtime() {
    let file = std::env::temp_dir().join(format!("pynq-oled-{}.png", std::process::id()));
    let outputs = RUNTIMES.map(|runtime| {
        let text = succeeds("oled", &["--runtime", runtime, "--png", file.to_str().unwrap()], "");
        let picture = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        (text, picture)
    });
    let (text, picture) = &outputs[0];
    assert!(
        text.contains("1083 pixels lit") && text.contains("1108 pixels lit") && text.contains("spurious=0"),
        "{text}"
    );
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 200, "{} bytes", picture.len());
    assert!(outputs.iter().all(|output| output == &outputs[0]));
    assert!(fails("oled", &["--png"], "").contains("needs a file"));
}
