//! `pynq board`: a simulated board to look at and to touch.

use std::{env, net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use pynq::{Overlay, boards};
use pynq_hwh::Design;
use pynq_live::{Live, follow, terminal, web::Page};

use crate::{about, printable};

/// Where a token comes from that is in no list of processes.
const TOKEN: &str = "PYNQ_BOARD_TOKEN";

/// `pynq board`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The handoff file of the design.
    #[arg(required_unless_present = "board")]
    file: Option<PathBuf>,
    /// A board with a small design of our own, for which no file is needed.
    #[arg(long, conflicts_with = "file")]
    board: Option<Known>,
    /// Show it as a web page instead of in this terminal.
    #[arg(long)]
    web: bool,
    /// Where the page is. On an address that others can reach, a token is needed.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7968", requires = "web")]
    listen: SocketAddr,
    /// Ask viewers for this token; else that of the variable PYNQ_BOARD_TOKEN, if it is set.
    #[arg(long, requires = "web")]
    token: Option<String>,
    /// Play this script on the board: who presses its buttons, and when; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Run a program on the board: each button lights the LED of its number, by interrupts.
    #[arg(long)]
    follow: bool,
}

/// The boards that come with a design.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    PynqZ1,
    PynqZ2,
    Zcu104,
}

pub(crate) fn run(show: Show) -> Result<(), String> {
    let overlay = overlay(&show)?;
    let live = Live::new(&overlay).map_err(|error| error.to_string())?;
    if let Some(file) = &show.script {
        let script = crate::script(file)?;
        live.play(&script).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let program = show.follow.then(|| tokio::spawn(follow(overlay)));
        let stopped = async {
            let failed = async {
                match program {
                    Some(program) => program.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = crate::stopped() => Ok(()),
                ended = failed => match ended.map_err(|error| error.to_string())? {
                    Err(error) => Err(error.to_string()),
                    // A board without buttons is still one to look at.
                    Ok(()) => {
                        crate::stopped().await;
                        Ok(())
                    }
                },
            }
        };
        let mut program = Ok(());
        let until = async { program = stopped.await };
        if show.web {
            let token = show.token.or_else(|| env::var(TOKEN).ok());
            let page = Page::bind(live, show.listen, token).await.map_err(|error| error.to_string())?;
            // A script that starts this waits for the line.
            crate::print(&format!("the board is at {}\n", printable(&page.link())))?;
            page.run(until).await.map_err(|error| error.to_string())?;
        } else {
            terminal::run(&live, until).await.map_err(|error| error.to_string())?;
        }
        program
    })
}

fn overlay(show: &Show) -> Result<Overlay, String> {
    let board = match (&show.file, show.board) {
        (Some(file), _) => {
            let design = Design::read(file).map_err(|error| about(file, &error))?;
            return Overlay::simulated_from_design(design).map_err(|error| error.to_string());
        }
        (None, Some(Known::PynqZ1)) => boards::pynq_z1(),
        (None, Some(Known::Zcu104)) => boards::zcu104(),
        (None, Some(Known::PynqZ2) | None) => boards::pynq_z2(),
    };
    Overlay::simulated_board(&board).map_err(|error| error.to_string())
}
