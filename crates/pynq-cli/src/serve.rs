//! `pynq serve`: simulated boards for PYNQ's own Python client.

use std::{
    env,
    io::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use pynq_hwh::Design;
use pynq_remote::{Event, Server, ServerOptions};
use tokio::{sync::watch, task::JoinSet};

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
    /// How many boards there are, each with a clock of its own: the first at the address of --listen, the others at those that
    /// follow it on the same port, as PYNQ's client takes a list of addresses.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

pub(crate) fn run(serve: Serve) -> Result<(), String> {
    let addresses = addresses(serve.listen, serve.count)?;
    let designs = serve.sim.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let script = serve.script.as_deref().map(crate::script).transpose()?;
    let token = serve.token.clone().or_else(|| env::var(TOKEN).ok());
    let begin = Instant::now();
    let options = |address: SocketAddr| {
        // Of one board, everything is about it.
        let board = if serve.count == 1 { String::new() } else { format!("{}  ", address.ip()) };
        let mut options =
            ServerOptions::default().listen(address).connections(serve.connections.into()).on_event(move |event| {
                note(&format!("{:9.3} s  {board}{}", begin.elapsed().as_secs_f64(), message(event)))
            });
        if let Some(token) = &token {
            options = options.token(token);
        }
        if let Some(name) = &serve.board_name {
            options = options.board_name(name);
        }
        if let Some(script) = &script {
            options = options.script(script.clone());
        }
        #[cfg(feature = "tls")]
        if let (Some(certificate), Some(key)) = (&serve.tls_cert, &serve.tls_key) {
            options = options.tls(pem(certificate)?, pem(key)?);
        }
        Ok::<_, String>(options)
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut servers = Vec::new();
        for address in addresses {
            let server = Server::simulated(designs.clone(), options(address)?).map_err(|error| error.to_string())?;
            servers.push(server);
        }
        for warning in servers.first().map(Server::warnings).unwrap_or_default() {
            note(&format!("warning: {warning}"));
        }
        let addresses: Vec<_> = servers.iter().map(Server::local_addr).collect();
        // A script that starts this waits for the line.
        let listed: String = addresses.iter().map(|address| format!("a simulated board is at {address}\n")).collect();
        crate::print(&(listed + &advice(&addresses)))?;
        run_all(servers).await
    })
}

/// Serves all boards until the process is to end. The end of one is that of all.
async fn run_all(servers: Vec<Server>) -> Result<(), String> {
    let (stop, _) = watch::channel(());
    let mut running = JoinSet::new();
    for server in servers {
        let mut stopping = stop.subscribe();
        running.spawn(server.run(async move {
            // The sender is dropped.
            let _ = stopping.changed().await;
        }));
    }
    let first = tokio::select! {
        () = crate::stopped() => None,
        first = running.join_next() => first,
    };
    drop(stop);
    let mut result = Ok(());
    let mut ended = if first.is_some() { first } else { running.join_next().await };
    while let Some(server) = ended {
        let served = server.map_err(|error| error.to_string()).and_then(|run| run.map_err(|error| error.to_string()));
        result = result.and(served);
        ended = running.join_next().await;
    }
    result
}

/// The addresses of the boards.
fn addresses(first: SocketAddr, count: u16) -> Result<Vec<SocketAddr>, String> {
    if count == 1 {
        return Ok(vec![first]);
    }
    let refused = || {
        format!(
            "--count {count} needs {count} addresses of the machine's own from {} on; pass one in 127.0.0.0/8 by --listen",
            first.ip()
        )
    };
    let IpAddr::V4(address) = first.ip() else { return Err(refused()) };
    let following = |index: u16| address.to_bits().checked_add(index.into()).map(Ipv4Addr::from_bits);
    let all = (0..count).map(|index| following(index).filter(Ipv4Addr::is_loopback).ok_or_else(refused));
    all.map(|address| Ok(SocketAddr::from((address?, first.port())))).collect()
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

/// How PYNQ's client finds the boards.
fn advice(addresses: &[SocketAddr]) -> String {
    if addresses.iter().all(|address| address.port() == 7967 && !address.ip().is_unspecified()) {
        let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
        format!("in Python: PYNQ_REMOTE_DEVICES={}\n", list.join(","))
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
