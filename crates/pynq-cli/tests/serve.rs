//! `pynq serve` as a person starts it: one board, or many.
#![cfg(all(feature = "serve", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
};

const PYNQ: &str = env!("CARGO_BIN_EXE_pynq");
const DESIGN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh");

#[test]
fn boards_are_at_addresses_that_follow_each_other_and_end_together() {
    let arguments = ["serve", "--sim", DESIGN, "--count", "3", "--listen", "127.0.0.9:0"];
    let mut child = Command::new(PYNQ).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for host in 9..12 {
        let line = lines.next().unwrap().unwrap();
        let address: SocketAddr = line.strip_prefix("a simulated board is at ").unwrap().parse().unwrap();
        assert_eq!(address.ip().to_string(), format!("127.0.0.{host}"));
        TcpStream::connect(address).unwrap();
    }
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn many_boards_need_addresses_of_the_machine_itself() {
    for listen in ["0.0.0.0:0", "[::1]:0", "127.255.255.254:0"] {
        let ended = Command::new(PYNQ).args(["serve", "--sim", DESIGN, "--count", "3", "--listen", listen]).output();
        let said = String::from_utf8_lossy(&ended.unwrap().stderr).into_owned();
        assert!(said.contains("--count 3 needs 3 addresses of the machine's own"), "{listen}: {said}");
    }
}
