//! QEMU's other protocol, by which its time is let pass and stopped.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// Where QEMU is to connect to.
pub(crate) struct Invitation(TcpListener);

impl Invitation {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// The value of QEMU's option `-qmp`.
    pub(crate) fn address(&self) -> String {
        // Without the option each answer takes 40 ms.
        format!("tcp:{},nodelay=on", self.0.local_addr().unwrap())
    }

    /// QEMU has been started, and has connected before it answered anything.
    pub(crate) fn accept(self) -> Qmp {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut this = Qmp(BufReader::new(stream));
        this.execute("qmp_capabilities");
        this
    }
}

pub(crate) struct Qmp(BufReader<TcpStream>);

impl Qmp {
    /// Lets time pass.
    pub(crate) fn go_on(&mut self) {
        self.execute("cont");
    }

    /// Time stands still when this returns.
    pub(crate) fn stop(&mut self) {
        self.execute("stop");
    }

    fn execute(&mut self, command: &str) {
        self.0.get_mut().write_all(format!("{{\"execute\": \"{command}\"}}\n").as_bytes()).unwrap();
        let mut line = String::new();
        // Greetings and events come in between.
        while !line.contains("\"return\"") {
            assert!(!line.contains("\"error\""), "{line}");
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "QEMU ended at {command}");
        }
    }
}
