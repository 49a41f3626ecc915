//! Boards described in code, one for each topology, and the board of a design.

use std::{cell::Cell, sync::Arc, time::Duration};

use pynq_conformance::{Backend, Controllers, Outcome, Source, Topology};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Direct, DirectNode, NodeHandle, ParentLine, StdLock},
    mmio::Recorder,
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use pynq_hwh::Design;
use pynq_sim::{
    Board, CpuPin, Trigger,
    models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams},
};

use crate::{
    fixture::{AnySource, Block, IntcNode, Registers, SimFixture, offsets},
    hosts::{Host, Kind},
    root::Root,
};

const CPU_PIN: u32 = 61;

/// Inputs of every controller: two edges, then two of the other kind where there is one, a GPIO and a controller.
const INPUTS: u8 = 6;
const EDGES: [u8; 3] = [0, 1, 2];
const LEVELS: [u8; 2] = [2, 4];
const MIXED_EDGES: [u8; 2] = [0, 1];
const GPIO: u8 = 3;
const CHILD: u8 = 5;
const SOFTWARE: u8 = 2;

/// How the controllers were built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// With all that is optional, and a level output.
    Full,
    /// Without IPR, SIE, CIE and IVR.
    Bare,
    /// With an output that is a pulse.
    Pulse,
}

/// Boards described in code.
pub(crate) struct Described {
    pub(crate) build: Build,
    pub(crate) host: Kind,
}

/// The board of a handoff file.
pub(crate) struct Handoff {
    pub(crate) design: Design,
    pub(crate) host: Kind,
}

/// The nodes of a fixture as they are put on each other, from the root up.
struct Tower {
    board: Board,
    cpu: CpuPin,
    root: Root,
    nodes: Vec<NodeHandle>,
    blocks: Vec<Block>,
    recorders: Vec<Registers>,
    intc: Option<IntcNode>,
}

impl Tower {
    fn new(board: Board, pin: u32, host: &Kind) -> Self {
        let cpu = board.cpu_pin(pin).expect("the board has this pin");
        let root = Root::new(&board, &cpu, host);
        Self { board, cpu, root, nodes: Vec::new(), blocks: Vec::new(), recorders: Vec::new(), intc: None }
    }

    /// The source that the next node sits on.
    fn top(&self, line: u8) -> AnySource {
        match self.nodes.last() {
            Some(node) => Box::pin(ParentLine::new(node.clone(), line)),
            None => self.root.source(true),
        }
    }

    fn registers(&mut self, path: &str, is_gpio: bool) -> Registers {
        let window = self.board.window(path).expect("the board has this block");
        self.blocks.push(Block { path: path.into(), window: window.clone(), is_gpio });
        let recorder = Arc::new(Recorder::new(window));
        self.recorders.push(Arc::clone(&recorder));
        recorder
    }

    fn intc(&mut self, path: &str, line: u8, config: AxiIntcConfig) {
        let source = self.top(line);
        let hardware = AxiIntcHardware::new(self.registers(path, false), config).expect("it is a controller");
        let node = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, source)));
        self.nodes.push(node.clone().erase());
        self.intc = Some(node);
    }

    fn gpio(&mut self, path: &str, line: u8, config: AxiGpioConfig) {
        let source = self.top(line);
        let hardware = AxiGpioHardware::new(self.registers(path, true), config).expect("it is a GPIO");
        let node = Arc::pin(axi_gpio_node(StdLock::new(), hardware, source));
        self.nodes.push(NodeHandle::from(node).erase());
    }

    fn direct(&mut self) {
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, self.root.source(false)));
        self.nodes.push(NodeHandle::from(node).erase());
    }

    fn fixture(mut self, host: &Kind, lines: Vec<u8>, parent_line: Option<u8>) -> SimFixture {
        // Only the machine's time would end a wait for nothing, and a case ends every wait itself.
        self.board.set_grace(Duration::from_secs(3600));
        self.nodes.reverse();
        self.blocks.reverse();
        SimFixture {
            host: Host::new(host),
            root: self.root,
            board: self.board,
            cpu: self.cpu,
            nodes: self.nodes,
            blocks: self.blocks,
            recorders: self.recorders,
            seen: Cell::new(0),
            lines,
            intc: self.intc,
            software: Vec::new(),
            parent_line,
            has_strobes: true,
            raised: Arc::default(),
        }
    }
}

fn intc_path(level: u8) -> String {
    format!("intc{level}")
}

impl Described {
    /// Which inputs are edges. A pulse can't be seen by a level input.
    fn kinds(&self, topology: &Topology) -> u32 {
        match topology.controllers {
            Controllers::Edge => u32::MAX,
            _ if self.build == Build::Pulse => 1 << CHILD | 0b11,
            _ => 0b11,
        }
    }

    fn params(&self, kind_of_intr: u32) -> IntcParams {
        let full = self.build != Build::Bare;
        IntcParams {
            inputs: INPUTS,
            sw: SOFTWARE,
            kind_of_intr,
            irq_is_level: self.build != Build::Pulse,
            has_ipr: full,
            has_sie: full,
            has_cie: full,
            has_ivr: full,
            ..IntcParams::default()
        }
    }

    fn config(&self, kind_of_intr: u32) -> AxiIntcConfig {
        AxiIntcConfig {
            software_interrupts: SOFTWARE,
            has_sie: self.build != Build::Bare,
            has_cie: self.build != Build::Bare,
            output_is_level: self.build != Build::Pulse,
            ..AxiIntcConfig::new(INPUTS, kind_of_intr)
        }
    }

    fn board(&self, topology: &Topology) -> Board {
        let inputs = GpioChannel::inputs(4);
        let gpio = GpioParams { channel1: inputs, channel2: Some(inputs), interrupt_present: true };
        let mut builder = Board::builder();
        let with_gpio = topology.source == Source::Gpio;
        if with_gpio {
            builder = builder.device("gpio", 0x4120_0000, 0x1_0000, AxiGpioModel::new(gpio));
        }
        if topology.is_on_root() {
            let builder = match topology.source {
                Source::Gpio => builder.interrupt("gpio/ip2intc_irpt", CPU_PIN),
                Source::Edge | Source::Level => builder.cpu_pin(CPU_PIN),
            };
            let board = builder.build().expect("it is described right");
            if topology.source == Source::Edge {
                board.cpu_pin(CPU_PIN).expect("it is there").set_trigger(Trigger::Edge);
            }
            return board;
        }
        for level in 0..=topology.cascade {
            let model = AxiIntcModel::new(self.params(self.kinds(topology)));
            builder = builder.device(&intc_path(level), 0x4180_0000 + 0x1_0000 * u64::from(level), 0x1_0000, model);
            builder = match level {
                0 => builder.interrupt("intc0/irq", CPU_PIN),
                _ => {
                    let below = format!("{}/intr[{CHILD}]", intc_path(level - 1));
                    builder.wire(&format!("{}/irq", intc_path(level)), &below)
                }
            };
        }
        if with_gpio {
            builder = builder.wire("gpio/ip2intc_irpt", &format!("{}/intr[{GPIO}]", intc_path(topology.cascade)));
        }
        let board = builder.build().expect("it is described right");
        if self.build == Build::Pulse {
            board.cpu_pin(CPU_PIN).expect("it is there").set_trigger(Trigger::Edge);
        }
        board
    }

    fn claim(&self, topology: &Topology, board: Board) -> Result<SimFixture, Outcome> {
        if topology.is_on_root() && topology.source != Source::Gpio && self.build != Build::Full {
            return Err(Outcome::skipped("a pin on the root has no controller to be built in another way"));
        }
        if topology.source == Source::Level && topology.controllers == Controllers::Edge {
            return Err(Outcome::skipped("a device that is not drained belongs on a level input"));
        }
        let mut tower = Tower::new(board, CPU_PIN, &self.host);
        let kinds = self.kinds(topology);
        if !topology.is_on_root() {
            for level in 0..=topology.cascade {
                tower.intc(&intc_path(level), CHILD, self.config(kinds));
            }
        }
        let channel = ChannelConfig::inputs(4);
        let on_controller = !topology.is_on_root();
        let (lines, parent_line) = match (topology.source, topology.controllers) {
            (Source::Gpio, _) => {
                tower.gpio("gpio", GPIO, AxiGpioConfig::new(channel).dual(channel).with_interrupt());
                (vec![0, 1], on_controller.then_some(GPIO))
            }
            (_, Controllers::None) => {
                tower.direct();
                (vec![0], None)
            }
            (Source::Edge, Controllers::Edge) => (EDGES.to_vec(), (topology.cascade > 0).then_some(CHILD)),
            (Source::Edge, _) => (MIXED_EDGES.to_vec(), (topology.cascade > 0).then_some(CHILD)),
            (Source::Level, _) => (LEVELS.to_vec(), (topology.cascade > 0).then_some(CHILD)),
        };
        let mut fixture = tower.fixture(&self.host, lines, parent_line);
        fixture.has_strobes = self.build != Build::Bare;
        if on_controller && topology.source != Source::Gpio {
            fixture.software = (INPUTS..INPUTS + SOFTWARE).collect();
        }
        Ok(fixture)
    }
}

impl Backend for Described {
    type Fixture = SimFixture;

    fn fixture(&mut self, topology: &Topology) -> Result<SimFixture, Outcome> {
        self.claim(topology, self.board(topology))
    }

    fn used_fixture(&mut self, topology: &Topology) -> Result<SimFixture, Outcome> {
        let board = self.board(topology);
        for path in board.blocks() {
            let window = board.window(&path).expect("it is listed");
            if path == "gpio" {
                window.write(offsets::IP_IER as usize, 0b11);
                window.write(offsets::GIER as usize, 1 << 31);
                for (channel, pin) in [(1, 0), (2, 3)] {
                    board.input("gpio", channel, pin, true).expect("it has this pin");
                    board.input("gpio", channel, pin, false).expect("it has this pin");
                }
            } else {
                window.write(offsets::IER as usize, u32::MAX);
                window.write(offsets::MER as usize, 0b11);
                // Software interrupts, in the topology of whatever is wired to the others.
                window.write(offsets::ISR as usize, u32::MAX);
                for line in (0..INPUTS).filter(|&line| line != GPIO && line != CHILD) {
                    board.pulse_line(&format!("{path}/intr[{line}]")).expect("it has this line");
                }
            }
        }
        self.claim(topology, board)
    }
}

impl Handoff {
    fn has(topology: &Topology) -> Result<(), Outcome> {
        if topology.controllers == Controllers::Edge && topology.cascade == 0 {
            return Ok(());
        }
        Err(Outcome::skipped("the design has none"))
    }

    /// The controller of the design and the pin it is on.
    fn controller(&self) -> Option<(&str, u32, AxiIntcConfig)> {
        let (path, controller) = self.design.interrupts.controllers.iter().find(|(_, c)| c.ps_irq.is_some())?;
        let inputs = u8::try_from(controller.lines.len()).ok()?;
        Some((path, controller.ps_irq?, AxiIntcConfig::new(inputs, controller.kind_of_intr)))
    }
}

impl Backend for Handoff {
    type Fixture = SimFixture;

    fn fixture(&mut self, topology: &Topology) -> Result<SimFixture, Outcome> {
        let absent = || Outcome::skipped("the design has none");
        Self::has(topology)?;
        let (path, pin, config) = self.controller().ok_or_else(absent)?;
        let mut tower = Tower::new(Board::from_design(&self.design).expect("it is a board"), pin, &self.host);
        tower.intc(path, 0, config);
        let (lines, parent_line) = match topology.source {
            // Its lines as such, whatever block is on them.
            Source::Edge => ((0..config.inputs).collect(), None),
            Source::Level => return Err(absent()),
            Source::Gpio => {
                let button = self.design.interrupts.pins.get("btns_gpio/ip2intc_irpt").ok_or_else(absent)?;
                let line = u8::try_from(button.line).expect("it is a line");
                tower.gpio("btns_gpio", line, AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt());
                (vec![0], Some(line))
            }
        };
        Ok(tower.fixture(&self.host, lines, parent_line))
    }

    fn used_fixture(&mut self, topology: &Topology) -> Result<SimFixture, Outcome> {
        Self::has(topology)?;
        Err(Outcome::skipped("the boards that were described begin in disorder as well"))
    }
}
