//! The page's service, by plain HTTP: who is let in, what viewers are sent, what they may do.
#![cfg(feature = "web")]
#![allow(clippy::unwrap_used)] // in functions that tests share

use std::net::SocketAddr;

use pynq::{Overlay, boards};
use pynq_live::{Error, Live, web::Page};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Runs `test` beside a page of a board, with this token.
fn beside<F: Future>(token: Option<&str>, test: impl FnOnce(SocketAddr, Live) -> F) -> F::Output {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    let live = Live::new(&overlay).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let page = Page::bind(live.clone(), ([127, 0, 0, 1], 0).into(), token.map(str::to_owned)).await.unwrap();
        let test = test(page.local_addr(), live);
        tokio::select! {
            served = page.run(std::future::pending()) => panic!("the page ended: {served:?}"),
            ended = test => ended,
        }
    })
}

async fn request(address: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let host = if head.contains("Host:") { String::new() } else { format!("Host: {address}\r\n") };
    let text = format!("{head}\r\n{host}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A server that refuses a body closes before it has read it.
    let _ = stream.read_to_string(&mut answer).await;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    request(address, &format!("GET {path} HTTP/1.1"), "").await
}

async fn act(address: SocketAddr, command: &str) -> (u16, String) {
    request(address, "POST /api/act HTTP/1.1\r\nContent-Type: application/json", command).await
}

/// The stream of a viewer.
struct Viewer(BufReader<TcpStream>);

impl Viewer {
    async fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET /api/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(BufReader::new(stream))
    }

    /// The next update.
    async fn next(&mut self) -> serde_json::Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).await.unwrap(), 0, "the stream ended");
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[test]
fn the_page_is_all_here() {
    beside(None, |address, _| async move {
        for path in ["/", "/live.css", "/live.js", "/board.js"] {
            let (status, answer) = get(address, path).await;
            assert_eq!(status, 200, "{path}");
            assert!(answer.contains("script-src 'self'") && answer.contains("nosniff"), "{path}");
            assert!(!answer.contains("https://"), "{path} names another site");
        }
        assert_eq!(get(address, "/other").await.0, 404);
    });
}

#[test]
fn viewers_are_sent_what_changes() {
    beside(None, |address, _| async move {
        let (mut one, mut other) = (Viewer::open(address).await, Viewer::open(address).await);
        let first = one.next().await;
        assert_eq!(first["panel"]["board"], "PYNQ-Z2");
        let button = first["panel"]["controls"].as_array().unwrap().iter().position(|control| control["id"] == "btn1");
        other.next().await;
        assert_eq!(act(address, r#"{"do": "set", "control": "btn1", "on": true}"#).await.0, 204);
        for viewer in [&mut one, &mut other] {
            loop {
                let update = viewer.next().await;
                assert!(update["panel"].is_null() && update["consoles"].is_null(), "only what is new: {update}");
                if update["values"][button.unwrap()] == 1 {
                    break;
                }
            }
        }
    });
}

#[test]
fn refusals_are_told() {
    beside(None, |address, _| async move {
        let (status, answer) = act(address, r#"{"do": "set", "control": "btn9", "on": true}"#).await;
        assert_eq!(status, 422);
        assert!(
            answer.ends_with("no control `btn9` on this board; it has btn0, btn1, btn2, btn3, sw0, sw1"),
            "{answer}"
        );
        assert_eq!(act(address, r#"{"do": "explode"}"#).await.0, 422);
        assert_eq!(act(address, "{").await.0, 400);
        assert_eq!(act(address, &" ".repeat(20_000)).await.0, 413);
        let (status, answer) = get(address, "/api/registers?block=btns_gpio").await;
        assert!(status == 200 && answer.contains(r#""name":"GPIO_DATA""#), "{answer}");
        assert_eq!(get(address, "/api/registers?block=nothing").await.0, 404);
    });
}

#[test]
fn other_sites_are_kept_out() {
    beside(None, |address, live| async move {
        // A name that an attacker has resolve to this machine.
        let (status, _) = request(address, "GET / HTTP/1.1\r\nHost: attacker.example", "").await;
        assert_eq!(status, 421);
        // A page of another site that sends its visitors' commands.
        let command = r#"{"do": "set", "control": "btn1", "on": true}"#;
        let head = "POST /api/act HTTP/1.1\r\nOrigin: http://attacker.example\r\nContent-Type: application/json";
        assert_eq!(request(address, head, command).await.0, 403);
        // What a form of such a page can send without being asked for.
        let head = "POST /api/act HTTP/1.1\r\nContent-Type: text/plain";
        assert_eq!(request(address, head, command).await.0, 415);
        assert!(live.snapshot().values.iter().all(|value| *value == 0));
        let own = format!("POST /api/act HTTP/1.1\r\nOrigin: http://{address}\r\nContent-Type: application/json");
        assert_eq!(request(address, &own, command).await.0, 204);
    });
}

#[test]
fn a_token_is_asked_for() {
    beside(Some("a b&c"), |address, _| async move {
        for path in ["/", "/api/events", "/api/registers?block=btns_gpio", "/?token=a", "/?token="] {
            assert_eq!(get(address, path).await.0, 401, "{path}");
        }
        assert_eq!(act(address, r#"{"do": "clock", "mode": "paused"}"#).await.0, 401);
        let (status, answer) = get(address, "/?token=a%20b%26c").await;
        assert_eq!(status, 303);
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        assert_eq!(request(address, &format!("GET / HTTP/1.1\r\nCookie: x=y; {cookie}"), "").await.0, 200);
        assert_eq!(request(address, &format!("GET / HTTP/1.1\r\nCookie: {cookie}x"), "").await.0, 401);
    });
}

#[test]
fn the_network_is_let_in_with_a_token_only() {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    let live = Live::new(&overlay).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for token in [None, Some(String::new())] {
            let refused = Page::bind(live.clone(), ([0, 0, 0, 0], 0).into(), token).await.unwrap_err();
            assert!(matches!(refused, Error::OpenWithoutToken { .. }), "{refused}");
        }
        let page = Page::bind(live.clone(), ([0, 0, 0, 0], 0).into(), Some("t".into())).await.unwrap();
        let taken = Page::bind(live.clone(), page.local_addr(), Some("t".into())).await.unwrap_err();
        assert!(matches!(taken, Error::Listen { .. }), "{taken}");
    });
}
