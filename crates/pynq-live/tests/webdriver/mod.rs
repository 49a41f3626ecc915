//! A client of WebDriver, for the few things that these tests do in a browser.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How the protocol calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A condition that does not come true in this time has failed. Browsers start slowly on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver of browsers, which ends with this.
pub(crate) struct Driver {
    child: Child,
    port: u16,
    /// It would not outlive the end of the pipe that it writes to.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// `None`, with a word, where there is none; where `PYNQ_BROWSER` is set there has to be one.
    pub(crate) fn start() -> Option<Self> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) if env::var_os("PYNQ_BROWSER").is_none() => {
                eprintln!("not run: there is no chromedriver here ({error}); `cargo xtask page` says how to get it");
                return None;
            }
            Err(error) => panic!("chromedriver: {error}"),
        };
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = output.by_ref().lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.split("started successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse().ok()
        });
        Some(Self { child, port: port.expect("chromedriver did not say where it listens"), _output: output })
    }

    pub(crate) fn browser(&self) -> Browser {
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,1000",
        ];
        let options = json!({"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}});
        let made = request(self.port, "POST", "/session", &json!({"capabilities": {"alwaysMatch": options}}));
        Browser { port: self.port, path: format!("/session/{}", made["sessionId"].as_str().unwrap()) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A window of a browser.
pub(crate) struct Browser {
    port: u16,
    path: String,
}

impl Browser {
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        request(self.port, method, &format!("{}{path}", self.path), body)
    }

    pub(crate) fn open(&self, link: &str) {
        self.call("POST", "/url", &json!({"url": link}));
    }

    /// What a script on the page returns.
    pub(crate) fn script(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < PATIENCE, "{what} did not come");
        }
    }

    pub(crate) fn mouse_down(&self, element: &str) {
        let found = self.call("POST", "/element", &json!({"using": "css selector", "value": element}));
        let origin = json!({ELEMENT: found[ELEMENT]});
        let moved = json!({"type": "pointerMove", "duration": 0, "origin": origin, "x": 0, "y": 0});
        self.pointer(&[moved, json!({"type": "pointerDown", "button": 0})]);
    }

    pub(crate) fn mouse_up(&self) {
        self.pointer(&[json!({"type": "pointerUp", "button": 0})]);
    }

    pub(crate) fn click(&self, element: &str) {
        self.mouse_down(element);
        self.mouse_up();
    }

    fn pointer(&self, actions: &[Value]) {
        let mouse =
            json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions});
        self.call("POST", "/actions", &json!({"actions": [mouse]}));
    }

    pub(crate) fn key_down(&self, key: &str) {
        self.key("keyDown", key);
    }

    pub(crate) fn key_up(&self, key: &str) {
        self.key("keyUp", key);
    }

    fn key(&self, kind: &str, key: &str) {
        let keys = json!({"type": "key", "id": "keys", "actions": [{"type": kind, "value": key}]});
        self.call("POST", "/actions", &json!({"actions": [keys]}));
    }

    /// Keeps a picture of the page where `PYNQ_SHOTS` says.
    pub(crate) fn keep(&self, name: &str) {
        let Some(folder) = env::var_os("PYNQ_SHOTS") else { return };
        let picture = self.call("GET", "/screenshot", &Value::Null);
        let file = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(file, base64(picture.as_str().unwrap())).unwrap();
    }

    /// What the browser's console has of errors.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE");
        // A browser asks every site for its icon.
        let own = entries.map(|entry| entry["message"].to_string()).filter(|text| !text.contains("favicon.ico"));
        own.collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.call("DELETE", "", &Value::Null);
        }
    }
}

fn request(port: u16, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut content = vec![0; length];
    answer.read_exact(&mut content).unwrap();
    let content: Value = serde_json::from_slice(&content).unwrap();
    assert!(content["value"]["error"].is_null(), "{method} {path}: {}", content["value"]["message"]);
    content["value"].clone()
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let bits = |part: &[u32]| part.iter().fold(0, |all, digit| all << 6 | digit) << (6 * (4 - part.len()));
    digits.chunks(4).flat_map(|part| bits(part).to_be_bytes().into_iter().skip(1).take(part.len() * 6 / 8)).collect()
}
