//! The board as a page for browsers.
//!
//! The page is compiled in and fetches nothing from elsewhere. It follows the board by server-sent events: at most 60 a second,
//! none when nothing changes; a viewer that is slow gets the latest state and not all of them. What a viewer does comes as
//! `POST /api/act`, a [`Command`] as JSON.
//!
//! # Who may look
//!
//! On a loopback address everybody on the machine may. Pages of other sites may not: a request has to name the machine by an
//! address or as `localhost`, so that no name that an attacker's name server resolves to it is taken, and a command has to
//! come from the page itself. On any other address a token is needed, which the link that is printed contains; the page keeps
//! it in a cookie. The connection is not encrypted.
//!
//! Names come from handoff files that anybody may have written. They are data on the page, never markup, and its content
//! security policy allows no script but its own.

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{
        IntoResponse, Redirect, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use pynq::registers::RegisterValue;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};

use crate::{Command, Error, Live, Seen};

mod update;

use update::Updates;

/// Viewers at a time.
const VIEWERS: usize = 64;

/// The largest command, in bytes of JSON.
const BODY: usize = 16 << 10;

/// The cookie that a viewer with the token gets.
const COOKIE: &str = "pynq_board";

/// A page that shows a board.
pub struct Page {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    live: Live,
    token: Option<String>,
}

struct App {
    live: Live,
    token: Option<String>,
}

impl Page {
    /// A page of `live` at `address`, whose port may be 0 for any that is free. With a token, only viewers that have it are let
    /// in.
    ///
    /// # Errors
    ///
    /// [`Error::OpenWithoutToken`] for an address that is not the machine's own, [`Error::Listen`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping it listens to nothing.
    pub async fn bind(live: Live, address: SocketAddr, token: Option<String>) -> Result<Self, Error> {
        if !address.ip().is_loopback() && token.as_ref().is_none_or(String::is_empty) {
            return Err(Error::OpenWithoutToken { address });
        }
        let listen = |error| Error::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let app = Arc::new(App { live: live.clone(), token: token.clone() });
        let router = Router::new()
            .route("/", get(|| async { asset("text/html; charset=utf-8", include_str!("web/assets/index.html")) }))
            .route("/live.css", get(|| async { asset("text/css; charset=utf-8", include_str!("web/assets/live.css")) }))
            .route("/live.js", get(|| async { script(include_str!("web/assets/live.js")) }))
            .route("/board.js", get(|| async { script(include_str!("web/assets/board.js")) }))
            .route("/api/events", get(events))
            .route("/api/registers", get(registers))
            .route("/api/script", get(recording))
            .route("/api/vcd", get(vcd))
            .route("/api/act", post(act))
            .layer(middleware::from_fn_with_state(app.clone(), admit))
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(app);
        Ok(Self { listener, address, router, live, token })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The link to open. It contains the token, if there is one.
    #[must_use]
    pub fn link(&self) -> String {
        match &self.token {
            Some(token) => format!("http://{}/?token={}", self.address, encoded(token)),
            None => format!("http://{}/", self.address),
        }
    }

    /// Serves the page, and keeps the board going, until `stopped` is ready.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping it closes the page to new viewers and stops the board's clock.
    pub async fn run(self, stopped: impl Future<Output = ()>) -> Result<(), Error> {
        tokio::select! {
            served = axum::serve(self.listener, self.router).into_future() => served.map_err(Error::Io),
            never = self.live.run() => match never {},
            () = stopped => Ok(()),
        }
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The bytes of a token as a part of a link.
fn encoded(token: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    token.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}

fn script(content: &'static str) -> Response {
    asset("text/javascript; charset=utf-8", content)
}

/// Lets a request through, or does not; and says on every answer what the page may do.
async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&app, &request) {
        Some(refused) => refused,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
        base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer to a request that is not let through.
fn refusal(app: &App, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let host = text(headers, header::HOST).unwrap_or_default();
    if !is_own_name(host) {
        let why = "open this page by the machine's address, or as localhost";
        return Some((StatusCode::MISDIRECTED_REQUEST, why).into_response());
    }
    if let Some(origin) = text(headers, header::ORIGIN)
        && origin.strip_prefix("http://") != Some(host)
    {
        return Some((StatusCode::FORBIDDEN, "this is for the board's own page").into_response());
    }
    let token = app.token.as_deref()?;
    let same = |given: &str| bool::from(given.as_bytes().ct_eq(token.as_bytes()));
    if query_token(request.uri()).is_some_and(|given| same(&given)) {
        let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", encoded(token));
        return Some(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response());
    }
    let cookies = text(headers, header::COOKIE).unwrap_or_default();
    let mut held = cookies.split(';').filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    if held.any(|given| same(&decoded(given))) {
        return None;
    }
    Some((StatusCode::UNAUTHORIZED, "open the link that `pynq board` printed; it has the token").into_response())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a host is an address, or this machine's name for itself.
fn is_own_name(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

fn query_token(uri: &Uri) -> Option<String> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token=")).map(decoded)
}

/// The text of a part of a link.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        match byte {
            b'%' => match (digit(), digit()) {
                (Some(high), Some(low)) => out.push(u8::try_from(high * 16 + low).unwrap_or(b'?')),
                _ => out.push(b'?'),
            },
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

async fn events(State(app): State<Arc<App>>) -> Response {
    if app.live.viewers() >= VIEWERS {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many viewers; close a page").into_response();
    }
    Sse::new(stream(&app.live)).keep_alive(KeepAlive::default()).into_response()
}

fn stream(live: &Live) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let mut updates = Updates::default();
    WatchStream::new(live.subscribe()).map(move |seen: Arc<Seen>| Ok(Event::default().data(updates.next(&seen))))
}

async fn act(State(app): State<Arc<App>>, Json(command): Json<Command>) -> Response {
    match app.live.act(&command) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    }
}

async fn vcd(State(app): State<Arc<App>>) -> Response {
    download("board.vcd", app.live.vcd())
}

async fn recording(State(app): State<Arc<App>>) -> Response {
    download("board.script", app.live.recording().to_string())
}

fn download(file: &str, content: String) -> Response {
    let kind = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    (kind, content).into_response()
}

/// `?block=btns_gpio`
#[derive(Deserialize)]
struct OfBlock {
    block: String,
}

#[derive(Serialize)]
struct Register {
    name: String,
    offset: u64,
    value: u32,
    fields: Vec<(String, u32)>,
}

async fn registers(State(app): State<Arc<App>>, Query(of): Query<OfBlock>) -> Response {
    let register = |read: RegisterValue| Register {
        fields: read.fields.iter().map(|field| (field.name.clone().into_owned(), field.of(read.value))).collect(),
        name: read.name,
        offset: read.offset,
        value: read.value,
    };
    match app.live.registers(&of.block) {
        Ok(all) => Json(all.into_iter().map(register).collect::<Vec<_>>()).into_response(),
        Err(error) => (StatusCode::NOT_FOUND, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_machine() {
        for own in ["localhost", "localhost:8000", "127.0.0.1:80", "[::1]:80", "[::1]", "192.168.2.99:8000"] {
            assert!(is_own_name(own), "{own}");
        }
        for other in ["", "example.org", "example.org:80", "localhost.example.org", "127.0.0.1.example.org:80", "[x]:1"]
        {
            assert!(!is_own_name(other), "{other}");
        }
    }

    #[test]
    fn tokens_in_links() {
        for token in ["plain", "with blank & more=%", "\u{e4}\u{1f600}"] {
            assert_eq!(decoded(&encoded(token)), token);
            let uri: Uri = format!("/?x=1&token={}", encoded(token)).parse().unwrap();
            assert_eq!(query_token(&uri).as_deref(), Some(token));
        }
        assert_eq!(decoded("a%"), "a?");
        assert_eq!(decoded("%zz"), "?");
    }
}
