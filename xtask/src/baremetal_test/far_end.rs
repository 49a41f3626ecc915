//! Who is at the other end of a machine's serial line: a thread of ours, over a socket that the emulator connects to.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::shell::Failure;

/// What is said, and has to be heard, at the far end. Returns when the emulator is gone, if not before.
pub(super) type Talk = fn(TcpStream) -> Result<(), Failure>;

/// The far end of a line.
pub(super) struct FarEnd {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), Failure>>,
}

/// Between two looks whether the emulator has connected.
const PAUSE: Duration = Duration::from_millis(2);

impl FarEnd {
    /// Waits for an emulator, and talks to it.
    pub(super) fn new(talk: Talk) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let (address, over) = (listener.local_addr()?, Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        stream.set_nonblocking(false)?;
                        return talk(stream);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                    Err(error) => return Err(error.into()),
                }
            }
            Err(Failure::new("the emulator never connected to its serial line"))
        });
        Ok(Self { address, over, thread })
    }

    /// The emulator's argument.
    pub(super) fn argument(&self) -> String {
        format!("-serial tcp:{}", self.address)
    }

    /// What came of the talk. To be called when the emulator has ended.
    pub(super) fn join(self) -> Result<(), Failure> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|_| Err(Failure::new("the far end of the serial line has panicked")))
    }
}

/// What a program says when it listens.
const READY: u8 = b'>';

/// Waits for the program, sends bytes as fast as the line takes them, and compares what comes back.
pub(super) fn echo<const COUNT: usize>(stream: TcpStream) -> Result<(), Failure> {
    let sent = noise(COUNT);
    let (mut writer, mut reader) = (stream.try_clone()?, stream);
    let mut greeting = [0];
    reader.read_exact(&mut greeting)?;
    if greeting != [READY] {
        return Err(Failure::new(format!("the program began with {greeting:?} instead of saying that it listens")));
    }
    let bytes = sent.clone();
    let sending = thread::spawn(move || writer.write_all(&bytes));
    let mut came = Vec::new();
    let mut buffer = [0; 4096];
    // The emulator that ends may reset the connection; what came before is there all the same.
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        came.extend_from_slice(&buffer[..count]);
    }
    let _ = sending.join();
    compare(&sent, &came)
}

fn compare(sent: &[u8], came: &[u8]) -> Result<(), Failure> {
    if sent == came {
        return Ok(());
    }
    let same = sent.iter().zip(came).take_while(|(a, b)| a == b).count();
    let what = format!("sent {} bytes, {} came back, the first {same} of them right", sent.len(), came.len());
    Err(Failure::new(what))
}

/// Bytes of all values in no order, always the same ones (xorshift).
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_byte_is_told() {
        let sent = noise(100);
        assert!(compare(&sent, &sent).is_ok());
        let mut came = sent.clone();
        came.remove(60);
        let failure = compare(&sent, &came).unwrap_err();
        assert_eq!(failure.what, "sent 100 bytes, 99 came back, the first 60 of them right");
    }

    #[test]
    fn an_emulator_that_never_comes_is_told() {
        let far_end = FarEnd::new(echo::<1>).unwrap();
        assert!(far_end.argument().starts_with("-serial tcp:127.0.0.1:"));
        assert!(far_end.join().unwrap_err().what.contains("never connected"));
    }
}
