//! `pynq board` in a terminal and as a page, as a person starts it.
#![cfg(all(feature = "live", unix))]

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const PYNQ: &str = env!("CARGO_BIN_EXE_pynq");

/// What does not come in this time has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal of its own, which ends with this.
struct Terminal(String);

impl Terminal {
    /// `None`, with a word, where there is no tmux; where `PYNQ_BROWSER` is set there has to be one.
    fn start(arguments: &str) -> Option<Self> {
        let this = Self(format!("pynq-test-{}", std::process::id()));
        let started = this.tmux(&["new-session", "-d", "-x", "100", "-y", "30", &format!("'{PYNQ}' {arguments}")]);
        match started {
            Ok(_) => Some(this),
            Err(why) if env::var_os("PYNQ_BROWSER").is_none() => {
                eprintln!("not run: there is no tmux here ({why}); `cargo xtask page` says how to get it");
                None
            }
            Err(why) => panic!("{why}"),
        }
    }

    fn tmux(&self, arguments: &[&str]) -> Result<String, String> {
        let ended = Command::new("tmux").args(["-L", &self.0]).args(arguments).output();
        let Output { status, stdout, stderr } = ended.map_err(|error| error.to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if status.success() { Ok(text(stdout)) } else { Err(text(stderr)) }
    }

    fn until(&self, part: &str) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.tmux(&["capture-pane", "-p"]).unwrap_or_default();
            if screen.contains(part) {
                return screen;
            }
            assert!(begin.elapsed() < PATIENCE, "`{part}` does not come; the screen is\n{screen}");
            thread::yield_now();
        }
    }

    fn keys(&self, keys: &str) {
        self.tmux(&["send-keys", keys]).expect("a terminal that takes keys");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_board_in_a_terminal_answers_keys() {
    let Some(terminal) = Terminal::start("board --board pynq-z2 --follow") else { return };
    let screen = terminal.until("[BTN0]");
    assert!(screen.contains("base on PYNQ-Z2") && screen.contains("real time"), "{screen}");
    terminal.keys("p");
    terminal.until("paused");
    // The clock stands still, and so the button stays pressed while its program runs.
    terminal.keys("1");
    terminal.until("\u{25cf} LD1");
    terminal.keys("b");
    terminal.until("\u{2580} SW1");
    terminal.keys("p");
    terminal.until("\u{25cb} LD1");
    terminal.keys("q");
    let begin = Instant::now();
    while terminal.tmux(&["has-session"]).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "it does not end");
    }
}

#[test]
fn a_script_is_checked_before_anything_is_shown() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let file = format!("{folder}/wrong.script");
    std::fs::write(&file, "0ms press 0\n1ms press 7\n").unwrap();
    let ended = Command::new(PYNQ).args(["board", "--board", "pynq-z2", "--script", &file]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("line 2"), "{said}");
}

#[test]
fn a_page_is_announced_and_ends_with_its_process() {
    let arguments = ["board", "--board", "zcu104", "--web", "--listen", "127.0.0.1:0"];
    let mut child = Command::new(PYNQ).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("the board is at http://").and_then(|link| link.strip_suffix('/'));
    assert!(address.is_some_and(|address| std::net::TcpStream::connect(address).is_ok()), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_network_needs_a_token() {
    let arguments = ["board", "--board", "pynq-z2", "--web", "--listen", "0.0.0.0:0"];
    let ended = Command::new(PYNQ).args(arguments).env_remove("PYNQ_BOARD_TOKEN").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("give a token"), "{said}");
}
