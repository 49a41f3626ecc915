//! Characters that arrive, and FIFOs that run empty, at the very access where it matters.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::Poll,
};

use pynq_core::interrupt::Line;
use pynq_sim::{Access, Stimulus};

use crate::{
    common::{EDGE, LEVEL, Task},
    rig::*,
};

const ACCESSES: [(u32, Access); 4] =
    [(STAT, Access::Read), (CTRL, Access::Write), (RX_FIFO, Access::Read), (TX_FIFO, Access::Write)];

/// The controller's set-enable register, by which it unmasks an input.
const SIE: u32 = 0x10;

#[test]
fn a_character_that_arrives_while_a_read_registers_is_found() {
    let accesses = [("uart", STAT, Access::Read), ("uart", CTRL, Access::Write), ("intc", SIE, Access::Write)];
    for kind in WIRINGS {
        for (path, register, access) in accesses {
            let rig = Rig::new(kind);
            let mut buffer = [0; 4];
            rig.board.before_access(path, register, access, Stimulus::character("uart", 7)).unwrap();
            let mut task = Task::new(rig.uart.read_bytes_async(&mut buffer));
            let done = task.poll().is_ready() || task.wakes() > 0 && task.poll().is_ready();
            assert!(done, "before the {access:?} of {path} {register:#x}");
            drop(task);
            assert_eq!(buffer[0], 7);
            rig.assert_idle();
        }
    }
}

#[test]
fn a_character_that_arrives_while_another_is_read_is_left_to_the_next_reader() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let (mut one, mut two) = ([0; 1], [0; 1]);
        let mut first = Task::waiting(rig.uart.read_bytes_async(&mut one));
        let mut second = Task::waiting(rig.uart.read_bytes_async(&mut two));
        rig.arrives_before(RX_FIFO, Access::Read, 2);
        rig.arrives(1);
        assert_eq!([first.wakes(), second.wakes()], [1, 1]);
        assert_eq!((first.poll(), second.poll()), (Poll::Ready(Ok(1)), Poll::Ready(Ok(1))));
        drop((first, second));
        assert_eq!((one, two), ([1], [2]));
        rig.assert_idle();
    }
}

#[test]
fn a_reader_that_finds_nothing_any_more_waits_for_the_next() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let (mut one, mut two) = ([0; 4], [0; 4]);
        let mut first = Task::waiting(rig.uart.read_bytes_async(&mut one));
        let mut second = Task::waiting(rig.uart.read_bytes_async(&mut two));
        rig.arrives(1);
        assert_eq!((first.poll(), second.poll()), (Poll::Ready(Ok(1)), Poll::Pending));
        rig.arrives(2);
        assert_eq!((second.wakes(), second.poll()), (2, Poll::Ready(Ok(1))));
        drop((first, second));
        rig.assert_idle();
    }
}

#[test]
fn the_events_of_the_line_are_the_pulses_of_the_block() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let mut listener = std::pin::pin!(Line::new(rig.uart.node().clone(), 0).unwrap().listen());
        listener.as_mut().arm().unwrap();
        let mut buffer = [0; 1];
        // Into a FIFO that is empty again when the status is next looked at; then two, of which one is read.
        for step in 1..=20 {
            assert_eq!(rig.uart.try_write(&[step]), Ok(1));
            rig.arrives(step);
            rig.arrives(step);
            assert_eq!(rig.uart.try_read(&mut buffer), Ok(1));
            assert_eq!(rig.uart.try_read(&mut buffer), Ok(1));
            rig.board.advance(rig.character());
            assert_eq!(rig.uart.node().line_stats(0).fired, 3 * u32::from(step));
        }
        // A reset takes the character away; the next one is a new event.
        rig.arrives(1);
        rig.uart.reset().unwrap();
        rig.arrives(2);
        assert_eq!(rig.uart.node().line_stats(0).fired, 62);
    }
}

/// A generator of numbers, the same on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32).unwrap() % limit
    }
}

/// What a test sent and received.
#[derive(Default)]
struct Account {
    /// Characters that arrived or lie in wait; odd ones lie in wait.
    arrivals: Vec<u8>,
    got: Vec<u8>,
    given: Vec<u8>,
}

impl Account {
    /// The next character, if the FIFO is sure to have room.
    fn next(&mut self, odd: bool) -> Option<u8> {
        let number = u8::try_from(self.arrivals.len()).unwrap();
        let data = 2 * number + u8::from(odd);
        (self.arrivals.len() < self.got.len() + 15 && number < 120).then(|| {
            self.arrivals.push(data);
            data
        })
    }
}

type Transfer<'a> = Task<'a, pynq_drivers::axi_uartlite::Result<usize>>;

/// A read or a write under way, and its byte.
struct Party<'a> {
    task: Transfer<'a>,
    byte: Arc<AtomicU8>,
    is_new: bool,
}

impl<'a> Party<'a> {
    fn new(task: Transfer<'a>, byte: Arc<AtomicU8>) -> Self {
        Self { task, byte, is_new: true }
    }

    /// Its turn, if it is new or was woken: the byte, when it is done.
    fn turn(&mut self) -> Option<u8> {
        if !core::mem::take(&mut self.is_new) && !self.task.is_woken() {
            return None;
        }
        match self.task.poll() {
            Poll::Pending => None,
            Poll::Ready(moved) => {
                assert_eq!(moved, Ok(1));
                Some(self.byte.load(Ordering::Relaxed))
            }
        }
    }
}

/// Polls each task that is new or was woken. Returns what they moved.
fn turns(parties: &mut Vec<Party<'_>>) -> Vec<u8> {
    let mut moved = Vec::new();
    parties.retain_mut(|party| match party.turn() {
        Some(byte) => {
            moved.push(byte);
            false
        }
        None => true,
    });
    moved
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let rig = Rig::new(if random.below(2) == 0 { EDGE } else { LEVEL });
    let mut account = Account::default();
    let (mut readers, mut writers): (Vec<Party<'_>>, Vec<Party<'_>>) = (Vec::new(), Vec::new());
    let raw = rig.board.window("uart").unwrap();
    for step in 0..80 {
        let byte = u8::try_from(random.below(256)).unwrap();
        match random.below(8) {
            0 => account.next(false).into_iter().for_each(|data| rig.arrives(data)),
            1 => {
                let (register, access) = ACCESSES[random.below(4) as usize];
                account.next(true).into_iter().for_each(|data| rig.arrives_before(register, access, data));
            }
            2 => rig.board.advance(rig.character() * random.below(20)),
            3 => {
                let mut buffer = [0; 3];
                let size = 1 + random.below(3) as usize;
                let read = rig.uart.try_read(&mut buffer[..size]).unwrap();
                account.got.extend(&buffer[..read]);
            }
            4 => {
                let bytes = vec![byte; random.below(20) as usize];
                let written = rig.uart.try_write(&bytes).unwrap();
                account.given.extend(&bytes[..written]);
            }
            5 if !readers.is_empty() => {
                let victim = random.below(u32::try_from(readers.len()).unwrap()) as usize;
                drop(readers.swap_remove(victim));
            }
            6 => {
                let (uart, place) = (rig.uart.clone(), Arc::new(AtomicU8::new(0)));
                let result = Arc::clone(&place);
                let task = Task::new(async move {
                    let mut buffer = [0; 1];
                    let read = uart.read_bytes_async(&mut buffer).await?;
                    result.store(buffer[0], Ordering::Relaxed);
                    Ok(read)
                });
                readers.push(Party::new(task, place));
            }
            _ => {
                let uart = rig.uart.clone();
                let task = Task::new(async move { uart.write_bytes_async(&[byte]).await });
                writers.push(Party::new(task, Arc::new(AtomicU8::new(byte))));
            }
        }
        // New tasks get their first turn, and tasks that were woken go on; both may have to wait.
        for _ in 0..4 {
            account.got.extend(turns(&mut readers));
            account.given.extend(turns(&mut writers));
        }
        let status = raw.read(STAT as usize);
        let readable = status & 1 != 0 && !readers.iter().any(|reader| reader.task.is_woken());
        assert!(readers.is_empty() || !readable, "seed {seed}, step {step}: a reader sleeps though it could go on");
        let writable = status & 1 << 2 != 0 && !writers.iter().any(|writer| writer.task.is_woken());
        assert!(writers.is_empty() || !writable, "seed {seed}, step {step}: a writer sleeps though it could go on");
    }
    drop((readers, writers));
    rig.assert_idle();
    let mut buffer = [0; 16];
    loop {
        match rig.uart.try_read(&mut buffer).unwrap() {
            0 => break,
            read => account.got.extend(&buffer[..read]),
        }
    }
    let plain = |bytes: &[u8]| bytes.iter().copied().filter(|data| data % 2 == 0).collect::<Vec<u8>>();
    assert_eq!(plain(&account.got), plain(&account.arrivals), "seed {seed}: each once and in order");
    let mut odd: Vec<u8> = account.got.iter().copied().filter(|data| data % 2 == 1).collect();
    odd.sort_unstable();
    let count = odd.len();
    odd.dedup();
    assert!(odd.len() == count && odd.iter().all(|data| account.arrivals.contains(data)), "seed {seed}");
    assert_eq!(rig.sent(), account.given, "seed {seed}");
}

#[test]
fn nobody_sleeps_who_could_go_on() {
    for seed in 1..=1_000 {
        run(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
    }
}
