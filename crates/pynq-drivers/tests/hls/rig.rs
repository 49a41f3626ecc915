//! An accelerator behind an AXI INTC, in each of the forms that it can have.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Table, axi_intc_node,
    interrupt::{Node, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::hls::{Accelerator, Argument, ControlProtocol, Core, HlsHardware, Place};
use pynq_sim::{
    Access, Board, CpuPin, Stimulus, Window,
    models::{
        AxiIntcModel, IntcParams,
        hls::{HlsClearing, HlsGenerator, HlsModel, HlsParams},
    },
};

pub(crate) const CTRL: u32 = 0x00;
pub(crate) const IP_IER: u32 = 0x08;
pub(crate) const IP_ISR: u32 = 0x0C;
pub(crate) const Y: u32 = 0x1C;

/// Clocks of 10 ns that a run takes.
pub(crate) const RUN: u64 = 100;

/// What every run of a pipelined function takes to read its arguments.
pub(crate) const TAKES: u64 = 10;

/// `y = x + k`; `sum` is 64 bits wide and `twice` goes both ways.
static ARGUMENTS: [Argument; 6] = [
    Argument::new("x", 32, Place::Input { offset: 0x10 }),
    Argument::new("y", 32, Place::Output { offset: Y, valid: Some(0x20) }),
    Argument::new("k", 12, Place::Input { offset: 0x28 }),
    Argument::new("sum", 64, Place::Output { offset: 0x30, valid: Some(0x38) }),
    Argument::new("twice", 32, Place::InOut { input: 0x40, output: 0x48, valid: Some(0x4C) }),
    Argument::new("table", 0, Place::Memory { offset: 0x80, size: 0x40 }),
];

/// How the accelerator of a test was built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built {
    pub(crate) generator: HlsGenerator,
    pub(crate) clearing: HlsClearing,
    pub(crate) chain: bool,
    pub(crate) pipelined: bool,
    /// The kind of the controller's input.
    pub(crate) kind_of_intr: u32,
}

pub(crate) const PLAIN: Built = Built {
    generator: HlsGenerator::New,
    clearing: HlsClearing::Toggle,
    chain: false,
    pipelined: false,
    kind_of_intr: crate::common::LEVEL,
};

/// Both generations, both ways to clear, level and edge.
pub(crate) fn every() -> Vec<Built> {
    let mut all = Vec::new();
    for generator in [HlsGenerator::Old, HlsGenerator::New] {
        for clearing in [HlsClearing::Toggle, HlsClearing::Read] {
            for chain in [false, true] {
                for pipelined in [false, true] {
                    for kind_of_intr in [crate::common::LEVEL, crate::common::EDGE] {
                        all.push(Built { generator, clearing, chain, pipelined, kind_of_intr });
                    }
                }
            }
        }
    }
    all
}

pub(crate) struct Rig {
    pub(crate) core: Accelerator,
    pub(crate) window: Window,
    pub(crate) intc: NodeHandle,
    pub(crate) cpu: CpuPin,
    pub(crate) board: Board,
    /// The arguments `x` with which the function ran.
    pub(crate) calls: Arc<Mutex<Vec<i64>>>,
}

pub(crate) fn described(chain: bool) -> Core {
    let protocol = if chain { ControlProtocol::Chain } else { ControlProtocol::Handshake };
    Core { control: Some(protocol), arguments: Table::new(&ARGUMENTS) }
}

pub(crate) fn board(built: Built, calls: &Arc<Mutex<Vec<i64>>>) -> Board {
    let mut params = HlsParams::default().generator(built.generator).clearing(built.clearing);
    if built.chain {
        params = params.chain();
    }
    if built.pipelined {
        params = params.ready_after(TAKES);
    }
    let params = params.input("x", 32, 0x10).output("y", 32, Y).input("k", 12, 0x28).output("sum", 64, 0x30);
    let params = params.in_out("twice", 32, 0x40).array("table", 0x80, 0x40);
    let calls = Arc::clone(calls);
    let model = HlsModel::new(params, move |args, _, _| {
        let x = args.signed("x");
        calls.lock().unwrap().push(x);
        args.set("y", (x + args.signed("k")) as u64);
        let table: u64 = args.array("table").iter().copied().map(u64::from).sum();
        args.set("sum", (x as u64).wrapping_add(table << 32));
        // A run with a negative argument leaves this one as it is.
        if x >= 0 {
            args.set("twice", 2 * args.get("twice"));
        }
        RUN
    });
    let intc = IntcParams { inputs: 4, kind_of_intr: built.kind_of_intr, ..IntcParams::default() };
    Board::builder()
        .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
        .device("core", 0x4000_0000, 0x1_0000, model)
        .wire("core/interrupt", "intc/intr[1]")
        .interrupt("intc/irq", 61)
        .build()
        .unwrap()
}

impl Rig {
    pub(crate) fn new(built: Built) -> Self {
        Self::with(built, true, |_| ())
    }

    /// `before` is what another program has done to the registers.
    pub(crate) fn with(built: Built, wired: bool, before: impl FnOnce(&Board)) -> Self {
        let calls = Arc::default();
        let board = board(built, &calls);
        before(&board);
        let cpu = board.cpu_pin(61).unwrap();
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(4, built.kind_of_intr));
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware.unwrap(), cpu.clone()))).erase();
        let hardware = HlsHardware::new(board.window("core").unwrap(), described(built.chain)).unwrap();
        let parent = if wired { ParentLine::new(intc.clone(), 1) } else { ParentLine::UNWIRED };
        let core = Accelerator::new(Arc::pin(Node::new(StdLock::new(), hardware, parent))).unwrap();
        Self { core, window: board.window("core").unwrap(), intc, cpu, board, calls }
    }

    pub(crate) fn clocks(&self, clocks: u64) {
        self.board.advance(core::time::Duration::from_nanos(10 * clocks));
    }

    pub(crate) fn now(&self) -> u128 {
        self.board.now().as_nanos() as u128 / 10
    }

    pub(crate) fn coincide(&self, on: bool) {
        self.board.stimulate(&stimulus(on)).unwrap();
    }

    /// From immediately before the next such access on, an end that is due comes in the clock of an access.
    pub(crate) fn coincide_before(&self, register: u32, access: Access) {
        self.board.before_access("core", register, access, stimulus(true)).unwrap();
    }

    pub(crate) fn runs(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// Nothing waits, nothing is enabled or latched, and no interrupt can reach the CPU.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.core.node().is_idle(), "the accelerator's node is at rest");
        assert!(self.intc.is_idle(), "the controller's node is at rest");
        assert!(!self.cpu.is_armed(), "the CPU pin is masked");
        assert_eq!(self.window.read(IP_IER as usize), 0, "its causes are disabled");
    }
}

fn stimulus(on: bool) -> Stimulus {
    Stimulus::Port { port: "core/coincide".into(), bits: on.into() }
}

/// Polls a future once.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

/// Runs futures to their ends.
pub(crate) async fn all<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Some(future), None)).collect();
    poll_fn(|cx| {
        for (future, output) in &mut futures {
            if let Some(Poll::Ready(ready)) = future.as_mut().map(|future| future.as_mut().poll(cx)) {
                (*future, *output) = (None, Some(ready));
            }
        }
        if futures.iter().all(|(future, _)| future.is_none()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

/// A generator of numbers that no mistake leaves as they are.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
