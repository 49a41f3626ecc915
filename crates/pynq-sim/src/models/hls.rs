//! An accelerator made by high-level synthesis: the generated control block, from AMD's description of it and the control
//! blocks of several generations of the tool, with a function of the user's as its body.
//!
//! ```
//! use pynq_sim::{Board, models::hls::{HlsModel, HlsParams}};
//!
//! // void scale(int x, int &y) { y = 3 * x; } in 20 clocks.
//! let params = HlsParams::default().input("x", 32, 0x10).output("y", 32, 0x18);
//! let scale = HlsModel::new(params, |args, _memory, _streams| {
//!     args.set("y", 3 * args.get("x"));
//!     20_u64
//! });
//! let board = Board::builder().device("scale", 0x4000_0000, 0x1_0000, scale).build()?;
//! let scale = board.window("scale")?;
//! scale.write(0x10, 14);
//! scale.write(0x00, 1);
//! board.advance(core::time::Duration::from_nanos(200));
//! assert_eq!((scale.read(0x00) & 2, scale.read(0x18)), (2, 42));
//! # Ok::<(), pynq_sim::Error>(())
//! ```
//!
//! # The body
//!
//! It is called once for each run and returns how many clocks the run takes. A function that is not pipelined is ready for
//! the next arguments when it is done; one that is takes its arguments at that clock ([`HlsParams::ready_after`]), where a
//! program that changed them too early is found out. A body that reads more of a stream than there is
//! returns [`HlsStall`], and is called again when more has come in: TREADY is high only while the body wants something. What
//! it sends leaves at the end of the run, and the run ends when its receiver has taken all of it.
//!
//! # Ports
//!
//! `interrupt`; the streams and the bus masters by the names that they were given; and the input `coincide`, for tests: while
//! it is high, an end that is due comes in the very clock of the next access to a register.

mod call;
mod control;
mod params;
#[cfg(test)]
mod tests;

use alloc::{
    boxed::Box,
    collections::{BTreeMap, VecDeque},
    string::String,
    vec,
    vec::Vec,
};
use core::{fmt, time::Duration};
use pynq_core::Instant;

use crate::device::{Burst, Bus, Device, InterfaceKind, Message, Port, PortKind, Stream};

pub use call::{HlsArgs, HlsMemory, HlsStall, HlsStreams};
use call::{Incoming, mask};
use control::{BusCycle, ControlBlock, Signals};
pub use control::{CTRL, GIER, IP_IER, IP_ISR};
use params::Place;
pub use params::{HlsClearing, HlsGenerator, HlsParams};

/// What a body returns: how many clocks its run takes, or that it has to wait for a stream.
pub trait HlsClocks {
    /// The same as one type.
    ///
    /// # Errors
    ///
    /// [`HlsStall`] if the run can't go on yet.
    fn clocks(self) -> Result<u64, HlsStall>;
}

impl HlsClocks for u64 {
    fn clocks(self) -> Result<u64, HlsStall> {
        Ok(self)
    }
}

impl HlsClocks for Result<u64, HlsStall> {
    fn clocks(self) -> Self {
        self
    }
}

type Body =
    Box<dyn FnMut(&mut HlsArgs<'_>, &mut HlsMemory<'_, '_>, &mut HlsStreams<'_>) -> Result<u64, HlsStall> + Send>;

/// A run that the body has calculated.
#[derive(Debug)]
struct Finished {
    at: Instant,
    written: BTreeMap<String, u64>,
    sent: VecDeque<(usize, Burst)>,
}

/// What the front of the function does.
#[derive(Debug)]
enum Front {
    Waits,
    /// It was started, and takes its arguments then.
    Takes(Instant),
    /// The body waits for a stream.
    Stalls,
    /// It is ready when the run at hand is done.
    Works,
}

const IRQ: usize = 0;
const COINCIDE: usize = 1;

/// The register-level model.
pub struct HlsModel {
    params: HlsParams,
    control: ControlBlock,
    body: Body,
    registers: BTreeMap<u32, u32>,
    arrays: BTreeMap<String, Vec<u32>>,
    incoming: Vec<Incoming>,
    front: Front,
    under_way: VecDeque<Finished>,
    /// A chain waits with its result.
    held: bool,
    coincide: bool,
    /// An idle function shows as one from the next clock on.
    reset_at: Instant,
    ports: Vec<Port>,
    /// Addresses repeat from here on.
    span: u32,
}

impl HlsModel {
    /// An accelerator that does `body`.
    #[must_use]
    pub fn new<R: HlsClocks>(
        params: HlsParams,
        mut body: impl FnMut(&mut HlsArgs<'_>, &mut HlsMemory<'_, '_>, &mut HlsStreams<'_>) -> R + Send + 'static,
    ) -> Self {
        let mut ports = vec![Port::new("interrupt", PortKind::Signal, 1), Port::new("coincide", PortKind::Input, 1)];
        let interface = |name: &String, kind| Port::named(name.clone(), PortKind::Interface(kind), 0);
        ports.extend(params.inputs.iter().map(|name| interface(name, InterfaceKind::Stream)));
        ports.extend(params.outputs.iter().map(|name| interface(name, InterfaceKind::Stream)));
        ports.extend(params.masters.iter().map(|name| interface(name, InterfaceKind::Master)));
        let end = params.arguments.iter().map(|argument| match argument.place {
            Place::Input { offset } | Place::Output { offset, valid: None } => offset + 8,
            Place::Output { valid: Some(valid), .. } | Place::InOut { valid: Some(valid), .. } => valid + 4,
            Place::InOut { output, .. } => output + 8,
            Place::Array { offset, size } => offset + size,
        });
        let span = end.max().unwrap_or(0x10).max(0x10).checked_next_power_of_two().unwrap_or(1 << 31);
        Self {
            control: ControlBlock::new(params.generator, params.clearing, params.chain),
            body: Box::new(move |args, memory, streams| body(args, memory, streams).clocks()),
            registers: BTreeMap::new(),
            arrays: Self::fresh_arrays(&params),
            incoming: vec![Incoming::default(); params.inputs.len()],
            front: Front::Waits,
            under_way: VecDeque::new(),
            held: false,
            coincide: false,
            reset_at: Instant::START,
            ports,
            span,
            params,
        }
    }

    fn fresh_arrays(params: &HlsParams) -> BTreeMap<String, Vec<u32>> {
        let arrays = params.arguments.iter().filter_map(|argument| match argument.place {
            Place::Array { size, .. } => Some((argument.name.clone(), vec![0; size as usize / 4])),
            _ => None,
        });
        arrays.collect()
    }

    /// How it was built.
    #[must_use]
    pub const fn params(&self) -> &HlsParams {
        &self.params
    }

    fn clocks(&self, clocks: u64) -> Duration {
        let nanos = u128::from(clocks) * 1_000_000_000 / u128::from(self.params.clock_hz.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    const fn input_port(index: usize) -> usize {
        2 + index
    }

    fn output_port(&self, index: usize) -> usize {
        2 + self.params.inputs.len() + index
    }

    // ---- the function

    fn is_idle(&self) -> bool {
        matches!(self.front, Front::Waits) && self.under_way.is_empty() && !self.control.start() && !self.held
    }

    /// Whether the function begins another run now.
    fn starts(&self) -> bool {
        if !self.params.control {
            // By itself, as long as it has a stream to be fed by.
            return !self.params.inputs.is_empty() && self.under_way.is_empty();
        }
        self.control.start() && !self.held
    }

    /// Calls the body.
    fn call(&mut self, bus: &mut Bus<'_>) -> Result<Finished, HlsStall> {
        let master = (!self.params.masters.is_empty()).then(|| self.output_port(self.params.outputs.len()));
        let mut args = HlsArgs {
            params: &self.params,
            registers: &self.registers,
            arrays: &mut self.arrays,
            written: BTreeMap::new(),
        };
        let mut streams = HlsStreams {
            params: &self.params,
            incoming: &mut self.incoming,
            read: HlsStreams::unread(&self.params),
            sent: Vec::new(),
        };
        let mut memory = HlsMemory { bus, master };
        let clocks = (self.body)(&mut args, &mut memory, &mut streams)?;
        let (written, read, sent) = (args.written, streams.read, streams.sent);
        for (incoming, read) in self.incoming.iter_mut().zip(read) {
            incoming.take(read);
        }
        // An end is a clock after the start at the earliest.
        Ok(Finished { at: bus.now() + self.clocks(clocks.max(1)), written, sent: sent.into() })
    }

    /// What follows from the time and from what has come in, up to where only time or others can go on.
    fn go_on(&mut self, bus: &mut Bus<'_>) {
        loop {
            let signals = self.step(bus);
            if !signals.ready && !signals.done {
                break;
            }
            self.edge(BusCycle::None, signals);
        }
        // The clock that shows what has come to rest.
        self.edge(BusCycle::None, Signals::default());
    }

    /// The signals of the next clock in which something happens; none of ready and done if nothing does.
    fn step(&mut self, bus: &mut Bus<'_>) -> Signals {
        let mut signals = Signals::default();
        if matches!(self.front, Front::Waits) && self.starts() {
            self.front = match self.params.ready_after {
                Some(clocks) => Front::Takes(bus.now() + self.clocks(clocks)),
                None => Front::Stalls,
            };
        }
        let takes = match self.front {
            Front::Takes(at) => at <= bus.now(),
            Front::Stalls => true,
            Front::Waits | Front::Works => false,
        };
        if takes {
            let pipelined = self.params.ready_after;
            match self.call(bus) {
                Ok(mut finished) => {
                    // The clocks of a run count from its start.
                    let since = self.clocks(pipelined.unwrap_or(0));
                    let from_now = finished.at - bus.now();
                    finished.at = bus.now() + from_now.checked_sub(since).unwrap_or_default();
                    self.under_way.push_back(finished);
                    signals.ready = pipelined.is_some();
                    self.front = if pipelined.is_some() { Front::Waits } else { Front::Works };
                }
                Err(HlsStall(())) => {
                    self.front = Front::Stalls;
                    self.ask_for_more(bus);
                }
            }
        }
        if !self.held && !self.coincide && self.ends(bus) {
            self.finish(&mut signals);
        }
        signals
    }

    /// Whether the oldest run is over: in time, and with all that it sends taken.
    fn ends(&mut self, bus: &mut Bus<'_>) -> bool {
        let offset = 2 + self.params.inputs.len();
        let Some(run) = self.under_way.front_mut().filter(|run| run.at <= bus.now()) else { return false };
        while let Some((index, burst)) = run.sent.front_mut() {
            let port = offset + *index;
            let room = bus.room(port);
            if room >= burst.data.len() {
                let Some((_, burst)) = run.sent.pop_front() else { break };
                let _ = bus.stream(port, burst);
                continue;
            }
            if room > 0 {
                let rest = burst.data.split_off(room);
                let data = core::mem::replace(&mut burst.data, rest);
                let _ = bus.stream(port, Burst { data, last: false, user: burst.user });
            }
            return false;
        }
        true
    }

    /// The oldest run is over.
    fn finish(&mut self, signals: &mut Signals) {
        let Some(run) = self.under_way.pop_front() else { return };
        for (name, value) in run.written {
            let argument = self.params.arguments.iter().find(|argument| argument.name == name);
            let Some((bits, Some((offset, valid)))) = argument.map(|argument| (argument.bits, output(argument.place)))
            else {
                continue;
            };
            let value = value & mask(bits);
            self.registers.insert(offset, value as u32);
            if bits > 32 {
                self.registers.insert(offset + 4, (value >> 32) as u32);
            }
            if let Some(valid) = valid {
                self.registers.insert(valid, 1);
            }
        }
        signals.done = true;
        if matches!(self.front, Front::Works) {
            self.front = Front::Waits;
            signals.ready = true;
        }
        let restarts = self.control.auto_restart() || self.control.start() && !signals.ready;
        signals.last = !restarts && self.under_way.is_empty();
        // Newer control blocks let a function go by themselves that restarts by itself.
        let lets_go = self.params.generator == HlsGenerator::New && self.control.repeats() && !signals.last;
        self.held = self.params.chain && !lets_go;
    }

    /// One clock of the control block.
    fn edge(&mut self, bus: BusCycle, mut signals: Signals) -> u32 {
        // In a chain, done stays until the function is let go.
        signals.done |= self.held;
        signals.idle = self.is_idle() && !signals.done && !signals.ready;
        let read = self.control.clock(bus, signals);
        if self.control.take_let_go() {
            self.held = false;
        }
        read
    }

    /// Grants the room that the body waits for, and no more: an idle function holds TREADY low.
    fn ask_for_more(&mut self, bus: &mut Bus<'_>) {
        for (index, incoming) in self.incoming.iter_mut().enumerate() {
            let room = incoming.wanted.saturating_sub(incoming.data.len() + incoming.granted);
            incoming.wanted = 0;
            if room > 0 {
                incoming.granted += room;
                bus.send(Self::input_port(index), Message::Stream(Stream::Room(room)));
            }
        }
    }

    // ---- the registers

    /// A clock of an access, and with it the end of a run that a test has it meet.
    fn access(&mut self, cycle: BusCycle, bus: &mut Bus<'_>) -> u32 {
        let mut signals = Signals::default();
        if self.coincide && !self.held && self.ends(bus) {
            self.finish(&mut signals);
        }
        self.edge(cycle, signals)
    }

    fn read_argument(&mut self, offset: u32) -> u32 {
        for argument in &self.params.arguments {
            match argument.place {
                Place::Array { offset: first, size } if (first..first + size).contains(&offset) => {
                    let array = self.arrays.get(&argument.name);
                    return array.and_then(|words| words.get((offset - first) as usize / 4)).copied().unwrap_or(0);
                }
                Place::Output { valid: Some(valid), .. } | Place::InOut { valid: Some(valid), .. }
                    if valid == offset =>
                {
                    return self.registers.remove(&valid).unwrap_or(0);
                }
                _ => {}
            }
        }
        self.registers.get(&offset).copied().unwrap_or(0)
    }

    fn write_argument(&mut self, offset: u32, value: u32, strobes: u8) {
        let lanes = (0..4).filter(|lane| strobes >> lane & 1 != 0).fold(0, |lanes, lane| lanes | 0xFF << (8 * lane));
        for argument in &self.params.arguments {
            match argument.place {
                Place::Array { offset: first, size } if (first..first + size).contains(&offset) => {
                    let array = self.arrays.get_mut(&argument.name);
                    if let Some(word) = array.and_then(|words| words.get_mut((offset - first) as usize / 4)) {
                        *word = *word & !lanes | value & lanes;
                    }
                    return;
                }
                Place::Input { offset: first } | Place::InOut { input: first, .. } => {
                    let word = offset.wrapping_sub(first);
                    let has = word == 0 || word == 4 && argument.bits > 32;
                    if has {
                        let bits = if word == 0 { argument.bits } else { argument.bits - 32 };
                        let kept = self.registers.get(&offset).copied().unwrap_or(0);
                        let new = (kept & !lanes | value & lanes) & mask(bits.min(32)) as u32;
                        self.registers.insert(offset, new);
                        return;
                    }
                }
                Place::Output { .. } | Place::Array { .. } => {}
            }
        }
    }
}

const fn output(place: Place) -> Option<(u32, Option<u32>)> {
    match place {
        Place::Output { offset, valid } | Place::InOut { output: offset, valid, .. } => Some((offset, valid)),
        _ => None,
    }
}

impl Incoming {
    /// A run has read so many bytes.
    fn take(&mut self, bytes: usize) {
        self.data.drain(..bytes.min(self.data.len()));
        while self.ends.front().is_some_and(|&end| end <= bytes) {
            self.ends.pop_front();
        }
        for end in &mut self.ends {
            *end -= bytes;
        }
    }

    fn receive(&mut self, burst: Burst) {
        self.granted = self.granted.saturating_sub(burst.data.len());
        self.data.extend(burst.data);
        if burst.last {
            self.ends.push_back(self.data.len());
        }
    }
}

impl Device for HlsModel {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn takes_strobes(&self) -> bool {
        true
    }

    fn reset(&mut self, bus: &mut Bus<'_>) {
        self.reset_at = bus.now();
        self.control = ControlBlock::new(self.params.generator, self.params.clearing, self.params.chain);
        self.registers.clear();
        self.arrays = Self::fresh_arrays(&self.params);
        self.front = Front::Waits;
        self.under_way.clear();
        self.held = false;
        // What was granted stays so: the sender counts on it.
        for incoming in &mut self.incoming {
            *incoming = Incoming { granted: incoming.granted, ..Incoming::default() };
        }
    }

    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        let offset = offset % self.span;
        let read = self.access(BusCycle::Read(offset), bus);
        let value = if self.params.control && offset < 0x10 { read } else { self.read_argument(offset) };
        self.go_on(bus);
        value
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        let (offset, strobes) = (offset % self.span, bus.strobes());
        if self.params.control && offset < 0x10 {
            self.access(BusCycle::Write { offset, value, strobes }, bus);
        } else {
            self.access(BusCycle::None, bus);
            self.write_argument(offset, value, strobes);
        }
        self.go_on(bus);
    }

    fn set_input(&mut self, port: usize, bits: u32, bus: &mut Bus<'_>) {
        if port == COINCIDE {
            self.coincide = bits != 0;
            self.go_on(bus);
        }
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match message {
            Message::Stream(Stream::Burst(burst)) => {
                if let Some(incoming) = port.checked_sub(Self::input_port(0)).and_then(|at| self.incoming.get_mut(at)) {
                    incoming.receive(burst);
                }
            }
            Message::Stream(Stream::Room(_)) => {}
            _ => return,
        }
        self.go_on(bus);
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if bus.now() > self.reset_at {
            self.go_on(bus);
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(IRQ, (self.params.control && self.control.interrupt()).into());
        let takes = match self.front {
            Front::Takes(at) => Some(at),
            _ => None,
        };
        // One that waits for its receiver, or for a test's access, goes on when that comes.
        let ends = self.under_way.front().map(|run| run.at).filter(|&at| at > bus.now());
        bus.wake_at([takes, ends].into_iter().flatten().min());
    }
}

impl fmt::Debug for HlsModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HlsModel")
            .field("params", &self.params)
            .field("control", &self.control)
            .field("front", &self.front)
            .field("under_way", &self.under_way)
            .finish_non_exhaustive()
    }
}
