//! Bus masters beside the processor: address spaces of their own, shared memory, and what they do to blocks.

use pynq_core::Instant;
use pynq_sim::{
    Device, Error, Width,
    device::{Bus, InterfaceKind, Port, PortKind},
    fabric::{BusErrorKind, Change, FabricBuilder},
    models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams, RegisterModel},
};

/// A soft processor with one program: at 1 us it copies a word of its memory to a register, reads that back into its memory,
/// and requests an interrupt of the other processor.
#[derive(Default)]
struct Soft {
    done: bool,
    seen: Vec<Result<u64, BusErrorKind>>,
    steps: Vec<(u64, Width, Option<u64>)>,
}

const DATA: usize = 0;
const REQUEST: usize = 1;

static PORTS: [Port; 2] =
    [Port::interface("M_AXI_DP", InterfaceKind::Master), Port::new("request", PortKind::Signal, 1)];

impl Device for Soft {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if self.done || bus.now() < Instant::from_nanos(1_000) {
            return;
        }
        self.done = true;
        for &(address, width, write) in &self.steps {
            let mut master = bus.master(DATA).expect("a space");
            self.seen.push(match write {
                Some(value) => master.write(address, width, value).map(|()| value),
                None => master.read(address, width),
            });
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(REQUEST, self.done.into());
        bus.wake_at((!self.done).then(|| Instant::from_nanos(1_000)));
    }

    fn view(&self) -> pynq_sim::device::View {
        pynq_sim::device::View::Text(format!("{:?}", self.seen))
    }
}

fn soft(steps: &[(u64, Width, Option<u64>)]) -> Soft {
    Soft { steps: steps.to_vec(), ..Soft::default() }
}

#[test]
fn a_second_master_has_its_own_map_shares_memory_and_interrupts_the_processor() {
    let leds = GpioParams { channel1: GpioChannel::outputs(4), ..GpioParams::default() };
    let program = [
        (0x10, Width::Word, None),
        (0x4000_0000, Width::Word, Some(5)),
        (0x14, Width::Byte, Some(0xAB)),
        (0x4120_0000, Width::Word, Some(1)),
    ];
    let mut fabric = FabricBuilder::new()
        .memory("iop/bram", 0x4000_0000, 0x1_0000)
        .device("intc", 0x4180_0000, 0x1000, AxiIntcModel::new(IntcParams::default()))
        .device("iop/gpio", 0x7000_0000, 0x1000, AxiGpioModel::new(leds))
        .part("iop/mb", soft(&program))
        // The same addresses are other things for the other master.
        .map("iop/mb", "iop/bram", 0x0, 0x1_0000, 0)
        .map("iop/mb", "iop/gpio", 0x4000_0000, 0x1000, 0)
        .master("iop/mb/M_AXI_DP", "iop/mb")
        .wire("iop/mb/request", "intc/intr[0]")
        .interrupt("intc/irq", 61)
        .build()
        .unwrap();
    fabric.write(0x4000_0010, 0xC0DE).unwrap();
    fabric.write(0x4180_0008, 1).unwrap();
    fabric.write(0x4180_001C, 3).unwrap();
    assert_eq!(fabric.unmask_interrupt(61), Ok(false));
    fabric.advance_to(Instant::from_nanos(1_000));
    assert_eq!(fabric.read(0x4000_0014), Ok(0xAB), "one memory");
    let changes = fabric.take_changes();
    let [Change::Output(leds), Change::BusError(error), Change::Interrupt(61, _)] = &changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((leds.path.as_str(), leds.value), ("iop/gpio", 5));
    assert_eq!((error.master.as_str(), error.address, error.kind), ("iop/mb", 0x4120_0000, BusErrorKind::Unmapped));
    assert!(error.caller.file().ends_with("masters.rs"), "the model's own line: {error}");
    assert!(error.to_string().starts_with("iop/mb: write at 0x41200000"), "{error}");
}

#[test]
fn memory_that_the_processor_does_not_see_has_two_ports() {
    let fabric = FabricBuilder::new()
        .map("mb", "lmb", 0x0, 0x1000, 0)
        .map("mb", "lmb", 0x8000, 0x1000, 0)
        .part("mb", soft(&[(0x4, Width::Word, Some(7)), (0x8004, Width::Half, None)]))
        .master("mb/M_AXI_DP", "mb");
    let mut fabric = fabric.build().unwrap();
    fabric.advance_to(Instant::from_nanos(1_000));
    assert_eq!(fabric.view("mb").unwrap(), pynq_sim::device::View::Text("[Ok(7), Ok(7)]".into()));
    assert!(fabric.read(0x4).is_err());
}

/// Registers and a master port: it can reach itself.
struct Loop(Option<Result<u64, BusErrorKind>>);

static LOOP: [Port; 1] = [Port::interface("M", InterfaceKind::Master)];

impl Device for Loop {
    fn ports(&self) -> &[Port] {
        &LOOP
    }

    fn read(&mut self, _: u32, _: &mut Bus<'_>) -> u32 {
        u32::from(self.0 == Some(Err(BusErrorKind::Itself)))
    }

    fn write(&mut self, _: u32, value: u32, bus: &mut Bus<'_>) {
        self.0 = Some(bus.master(0).expect("a space").read(value.into(), Width::Word));
    }
}

#[test]
fn a_master_that_reaches_itself_is_answered() {
    let fabric = FabricBuilder::new().device("loop", 0x1000, 0x1000, Loop(None)).master("loop/M", "processor");
    let mut fabric = fabric.build().unwrap();
    fabric.write(0x1000, 0x1004).unwrap();
    assert_eq!(fabric.read(0x1000), Ok(1));
}

#[test]
fn a_port_without_a_space_and_a_space_without_a_name_are_errors() {
    let fabric = FabricBuilder::new().device("loop", 0x1000, 0x1000, Loop(None)).build().unwrap();
    let error = fabric.space("dma").unwrap_err();
    assert_eq!(error, Error::NoAddressSpace { name: "dma".into(), has: "processor".into() });
    let wrong = FabricBuilder::new().device("r", 0, 0x1000, RegisterModel::new()).master("r/M", "dma").build();
    assert!(matches!(wrong, Err(Error::NoSuchPort { .. })));
}
