//! Boards with their interrupt trees, and how they have to stand in the end.

use std::{
    fmt,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    thread::{self, JoinHandle},
    time::Duration,
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Direct, DirectNode, InterruptSource, NodeHandle, ParentLine, StdLock},
    lock,
};
use pynq_sim::{
    Board, Trigger, Window,
    models::{AxiIntcModel, IntcParams},
};
use pynq_uio::{LinuxClock, Masking, UioInterrupts, UioRoot};

use crate::{
    hosts::{Hosts, Served, Time},
    owner::{Owner, Random},
    source::{Kind, Source},
    uio::Uio,
    watch,
};

const IRQ: u32 = 61;
/// The second controller's input of the first.
const CHILD: u8 = 5;
const KINDS: [(&str, u8, u32); 2] = [("top", 6, 0b00_1111), ("child", 4, 0b0111)];

/// A board.
pub(crate) struct Rig {
    name: String,
    pub(crate) sources: Vec<Arc<Source>>,
    /// Its nodes, from the last one to the root's.
    nodes: Vec<NodeHandle>,
    /// Its controllers, and which of their inputs are edges.
    controllers: Vec<(Window, u32)>,
    devices: Vec<Device>,
    kernels: Mutex<Vec<JoinHandle<()>>>,
    time: Time,
}

/// A UIO device.
struct Device {
    uio: Uio,
    root: Arc<UioRoot>,
}

type Tree = (Vec<NodeHandle>, Vec<(Window, u32)>);

fn or_fail<T, E: fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| watch::fail(&format!("cannot build: {error}")))
}

/// Two controllers, one behind the other, with edge and level inputs. The output of the first is a level, or pulses.
fn board(pulses: bool) -> Board {
    let model = |(path, inputs, kind_of_intr): (&str, u8, u32)| {
        let irq_is_level = !(pulses && path == "top");
        AxiIntcModel::new(IntcParams { inputs, kind_of_intr, irq_is_level, ..IntcParams::default() })
    };
    let board = Board::builder()
        .device("top", 0x4180_0000, 0x1_0000, model(KINDS[0]))
        .device("child", 0x4181_0000, 0x1_0000, model(KINDS[1]))
        .wire("child/irq", &format!("top/intr[{CHILD}]"))
        .interrupt("top/irq", IRQ)
        .build();
    let board = or_fail(board);
    or_fail(board.cpu_pin(IRQ)).set_trigger(if pulses { Trigger::Edge } else { Trigger::Level });
    // Only a device ends a wait.
    board.set_grace(Duration::from_secs(24 * 3600));
    board
}

fn tree<S: InterruptSource + Send + Sync + 'static>(board: &Board, root: S, pulses: bool) -> Tree {
    let hardware = |(path, inputs, kinds): (&str, u8, u32)| {
        let output_is_level = !(pulses && path == "top");
        let config = AxiIntcConfig { output_is_level, ..AxiIntcConfig::new(inputs, kinds) };
        or_fail(AxiIntcHardware::new(or_fail(board.window(path)), config))
    };
    let top = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware(KINDS[0]), root)));
    let parent = ParentLine::new(top.clone(), CHILD);
    let child = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware(KINDS[1]), parent)));
    let controllers = KINDS.iter().map(|&(path, _, kinds)| (or_fail(board.window(path)), kinds)).collect();
    (vec![child.erase(), top.erase()], controllers)
}

fn sources(name: &str, board: &Board, nodes: &[NodeHandle]) -> Vec<Arc<Source>> {
    let mut sources = Vec::new();
    for ((path, inputs, kinds), node) in KINDS.iter().zip(nodes.iter().rev()) {
        for line in (0..*inputs).filter(|line| (*path, *line) != ("top", CHILD)) {
            let kind = if kinds >> line & 1 == 1 { Kind::Edge } else { Kind::Level };
            let wire = format!("{path}/intr[{line}]");
            let name = format!("{name}/{wire}");
            sources.push(Arc::new(Source::new(name, kind, board, &wire, node.clone(), line)));
        }
    }
    sources
}

impl Rig {
    /// The simulated processor's pin is the root.
    pub(crate) fn simulated(pulses: bool) -> Self {
        let board = board(pulses);
        let (nodes, controllers) = tree(&board, or_fail(board.cpu_pin(IRQ)), pulses);
        Self {
            name: "simulated".to_owned(),
            sources: sources("simulated", &board, &nodes),
            nodes,
            controllers,
            devices: Vec::new(),
            kernels: Mutex::default(),
            time: Time::Simulated(board),
        }
    }

    fn interrupts(hosts: &Hosts, served: Served) -> UioInterrupts {
        let reactor = hosts.reactor(served);
        UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor)
    }

    /// Controllers behind one UIO device.
    pub(crate) fn controllers(hosts: &Hosts, served: Served, pulses: bool) -> Self {
        let name = format!("controllers{}, served by {served:?}", if pulses { " that pulse" } else { "" });
        let (board, interrupts) = (board(pulses), Self::interrupts(hosts, served));
        let (uio, fd) = Uio::new(or_fail(board.cpu_pin(IRQ)));
        let kernels = Mutex::new(vec![uio.serve()]);
        let root = Arc::new(or_fail(interrupts.root(fd, Masking::InTheController)));
        let (nodes, controllers) = tree(&board, Arc::clone(&root), pulses);
        let sources = sources(&name, &board, &nodes);
        let time = Time::Linux(interrupts.clock().clone());
        Self { name, sources, nodes, controllers, devices: vec![Device { uio, root }], kernels, time }
    }

    /// Pins that are wired straight to the processor, with a UIO device for each.
    pub(crate) fn pins(hosts: &Hosts, served: Served, kind: Kind) -> Self {
        let interrupts = Self::interrupts(hosts, served);
        let mut this = Self {
            name: format!("{kind:?} pins, served by {served:?}"),
            sources: Vec::new(),
            nodes: Vec::new(),
            controllers: Vec::new(),
            devices: Vec::new(),
            kernels: Mutex::default(),
            time: Time::Linux(interrupts.clock().clone()),
        };
        for number in 0..2 {
            let board = or_fail(Board::builder().cpu_pin(IRQ).build());
            let cpu = or_fail(board.cpu_pin(IRQ));
            cpu.set_trigger(if kind == Kind::Edge { Trigger::Edge } else { Trigger::Level });
            let (uio, fd) = Uio::new(cpu);
            lock(&this.kernels).push(uio.serve());
            let root = Arc::new(or_fail(interrupts.root(fd, Masking::AtTheRoot)));
            let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, Arc::clone(&root)));
            let node = NodeHandle::from(node).erase();
            let name = format!("{}/{number}", this.name);
            let mut source = Source::new(name, kind, &board, &format!("cpu/{IRQ}"), node.clone(), 0);
            source.gives_up = kind == Kind::Level;
            source.on_root = Some(uio.clone());
            this.sources.push(Arc::new(source));
            this.nodes.push(node);
            this.devices.push(Device { uio, root });
        }
        this
    }

    /// Makes the owners of all sources, and lets them run.
    pub(crate) fn populate(&self, hosts: &mut Hosts, served: Served, random: &mut Random) {
        for source in &self.sources {
            let owners: Vec<Owner> = (0..source.kind.owners())
                .map(|number| Owner::new(source, number, self.time.clone(), Random::new(random.below(u64::MAX))))
                .collect();
            for owner in owners {
                hosts.run(Hosts::any(served, random), owner);
            }
        }
    }

    /// Raises what has been served, until `stop` says so, and once more then.
    pub(crate) fn raise(&self, mut random: Random, stop: impl Fn() -> bool) {
        let mut idle = 0_u32;
        while !stop() {
            idle += 1;
            for source in &self.sources {
                if source.is_served() && random.below(4) != 0 {
                    idle = 0;
                    source.raise();
                }
            }
            if idle < 32 {
                thread::yield_now();
            } else {
                thread::sleep(Duration::from_micros(20));
            }
        }
        for source in &self.sources {
            while !source.is_served() {
                thread::sleep(Duration::from_micros(50));
            }
            source.announce_last();
            source.raise();
        }
    }

    /// With all owners gone: what the devices, the engine, the owners and the roots have counted agrees, and nothing is
    /// left behind.
    pub(crate) fn reconcile(&self, total: &mut Total) {
        while !self.nodes.iter().all(|node| node.is_idle()) {
            thread::yield_now();
        }
        let check = |holds: bool, what: &str| {
            if !holds {
                watch::fail(&format!("{what}\n{self}"));
            }
        };
        for source in &self.sources {
            let stats = source.node.line_stats(source.line);
            let each = u64::from(source.raised());
            check(source.completions() == each * source.kind.owners() as u64, "completions are not events");
            match source.kind {
                Kind::Edge => check(u64::from(stats.fired) == each, "the engine's count is not the device's"),
                Kind::Level => check(u64::from(stats.fired) >= each, "the engine has counted less than the device"),
            }
            check(stats.stuck == 0, "a line was given up");
            match source.kind {
                Kind::Edge => total.edges += each,
                Kind::Level => total.levels += each,
            }
            total.completions += source.completions();
            total.cancelled += source.cancelled.load(SeqCst);
            total.timed_out += source.timed_out.load(SeqCst);
            total.for_nothing += source.for_nothing.load(SeqCst);
        }
        for (window, edges) in &self.controllers {
            check(window.read(0x08) == 0, "a line is unmasked that nothing waits on");
            let latched = (window.read(0x00) & edges).count_ones();
            total.latched += u64::from(latched);
            check(latched == 0, "an edge is latched that all have seen");
        }
        for Device { uio, root } in &self.devices {
            let (state, counts) = (uio.pump(), root.counts());
            let read = counts.interrupts + counts.jumps;
            // An event that comes while an older one is unread is reported with the next one: see the device.
            let unread = u64::from(state.count).wrapping_sub(read);
            let all_read = if uio.is_unread() { read < u64::from(state.sent) } else { read == u64::from(state.sent) };
            check(all_read, "the device's events are not those that were read");
            total.interrupts += u64::from(state.count);
            total.unread += unread;
        }
    }

    /// Takes the devices away.
    pub(crate) fn end(&self) {
        self.devices.iter().for_each(|device| device.uio.remove());
        for kernel in lock(&self.kernels).drain(..) {
            if kernel.join().is_err() {
                watch::fail("a device's thread panicked");
            }
        }
    }
}

/// The sums of all rigs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    pub(crate) edges: u64,
    pub(crate) levels: u64,
    pub(crate) completions: u64,
    pub(crate) latched: u64,
    pub(crate) cancelled: u64,
    pub(crate) timed_out: u64,
    pub(crate) for_nothing: u64,
    pub(crate) interrupts: u64,
    pub(crate) unread: u64,
}

/// How all of it stands.
impl fmt::Display for Rig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for source in &self.sources {
            writeln!(f, "  {source}")?;
        }
        for (window, _) in &self.controllers {
            writeln!(f, "  controller: enabled {:#x}, latched {:#x}", window.read(0x08), window.read(0x00))?;
        }
        for Device { uio, root } in &self.devices {
            writeln!(f, "  device: {uio:?}, unread {}; {:?}", uio.is_unread(), root.counts())?;
        }
        Ok(())
    }
}
