//! `pynq serve`: a simulated board for PYNQ's own Python client.

use std::{
    env,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use pynq_hwh::Design;
use pynq_remote::{Event, Server, ServerOptions};

use crate::{about, printable};

/// Where a token comes from that is in no list of processes. The Python module reads the same variable.
const TOKEN: &str = "PYNQ_REMOTE_TOKEN";

/// `pynq serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The handoff file of a design. The first one is loaded; a client programs the others by the names of their files.
    #[arg(long, value_name = "FILE", required = true)]
    sim: Vec<PathBuf>,
    /// Where to listen. PYNQ's client knows no port but 7967.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7967")]
    listen: SocketAddr,
    /// Ask clients for this token; else that of the variable PYNQ_REMOTE_TOKEN, if it is set.
    ///
    /// PYNQ's client sends none by itself; the Python module pynq_rs_remote makes it.
    #[arg(long)]
    token: Option<String>,
    /// Speak TLS, with this certificate (PEM).
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// What the board says it is called: Pynq-Z2.
    #[arg(long, value_name = "NAME")]
    board_name: Option<String>,
    /// Play this script on the board: who presses its buttons, and when, from the start of the server on; `-` for standard
    /// input.
    ///
    /// A line is a time and what happens then, such as `10ms press 0 for 20ms` or `+5ms switch 1 on`. The documentation of
    /// pynq_sim::script has the whole language.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// How many clients may be connected at once.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
}

pub(crate) fn run(serve: Serve) -> Result<(), String> {
    let designs = serve.sim.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let begin = Instant::now();
    let mut options = ServerOptions::default()
        .listen(serve.listen)
        .connections(serve.connections.into())
        .on_event(move |event| note(&format!("{:9.3} s  {}", begin.elapsed().as_secs_f64(), message(event))));
    if let Some(token) = serve.token.or_else(|| env::var(TOKEN).ok()) {
        options = options.token(token);
    }
    if let Some(name) = serve.board_name {
        options = options.board_name(name);
    }
    if let Some(file) = serve.script {
        options = options.script(crate::script(&file)?);
    }
    #[cfg(feature = "tls")]
    if let (Some(certificate), Some(key)) = (serve.tls_cert, serve.tls_key) {
        options = options.tls(pem(&certificate)?, pem(&key)?);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let server = Server::simulated(designs, options).map_err(|error| error.to_string())?;
        for warning in server.warnings() {
            note(&format!("warning: {warning}"));
        }
        let address = server.local_addr();
        // A script that starts this waits for the line.
        crate::print(&format!("a simulated board is at {address}\n{}", advice(address)))?;
        server.run(crate::stopped()).await.map_err(|error| error.to_string())
    })
}

fn read(file: &Path) -> Result<(String, Design), String> {
    let design = Design::read(file).map_err(|error| about(file, &error))?;
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((name, design))
}

#[cfg(feature = "tls")]
fn pem(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// How PYNQ's client finds the board.
fn advice(address: SocketAddr) -> String {
    if address.port() == 7967 && !address.ip().is_unspecified() {
        format!("in Python: PYNQ_REMOTE_DEVICES={}\n", address.ip())
    } else {
        String::new()
    }
}

fn message(event: &Event) -> String {
    match event {
        Event::Connected { from } => format!("{from} connected"),
        Event::Disconnected { from } => format!("{from} is gone"),
        Event::TurnedAway { from } => format!("{from} turned away: there are as many clients as --connections allows"),
        Event::Unauthenticated => "a request without the token was refused".to_owned(),
        Event::Programmed { design, other_content: false } => format!("{design} programmed"),
        Event::Programmed { design, other_content: true } => {
            format!("{design} programmed, with another bitstream than before")
        }
        Event::NotProgrammed { reason } => format!("not programmed: {reason}"),
        Event::Claimed { pin } => format!("interrupt {pin} claimed"),
        Event::Released { pin } => format!("interrupt {pin} released"),
        Event::Step { action, refused: None, .. } => format!("script: {action}"),
        Event::Step { line, action, refused: Some(why) } => {
            format!("script, line {line}: {action} was not done: {why}")
        }
        other => format!("{other:?}"),
    }
}

/// What happens goes to standard error; a reader that is gone is no reason to stop.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(text));
}
