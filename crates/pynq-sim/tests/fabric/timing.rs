//! Accesses that take time, and writes that are posted.

use core::time::Duration;

use pynq_core::Instant;
use pynq_sim::{
    Device, Stimulus, TraceEvent,
    device::{Bus, Port, PortKind},
    fabric::{BusErrorKind, BusTiming, Change, Fabric, FabricBuilder},
    models::{AxiGpioModel, AxiTimerModel, GpioChannel, GpioParams, RegisterModel, TimerParams},
};

const fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

fn two_blocks() -> Fabric {
    let fabric = FabricBuilder::new().device("a", 0x1000, 0x1000, RegisterModel::new());
    let mut fabric =
        fabric.device("b", 0x2000, 0x1000, RegisterModel::new()).memory("ram", 0x8000, 0x1000).build().unwrap();
    fabric.start_trace(1_000);
    fabric
}

/// Writes as they arrived: when, where, what.
fn arrived(fabric: &Fabric) -> Vec<(u64, String, u32)> {
    let write = |entry: pynq_sim::TraceEntry| match entry.event {
        TraceEvent::Write { path, offset, value } => Some((entry.time.as_nanos(), format!("{path}+{offset:x}"), value)),
        _ => None,
    };
    fabric.trace().into_iter().filter_map(write).collect()
}

fn wrote(entries: &[(u64, &str, u32)]) -> Vec<(u64, String, u32)> {
    entries.iter().map(|&(time, place, value)| (time, place.to_owned(), value)).collect()
}

#[test]
fn posted_writes_arrive_later_and_in_order() {
    let mut fabric = two_blocks();
    fabric.set_bus_timing(BusTiming::posted(nanos(0), nanos(100), 8));
    fabric.write(0x1000, 1).unwrap();
    fabric.advance_to(Instant::from_nanos(30));
    fabric.write(0x2000, 2).unwrap();
    fabric.write(0x1004, 3).unwrap();
    assert_eq!((fabric.posted_writes(), arrived(&fabric)), (3, vec![]));
    assert_eq!(fabric.next_event(), Some(Instant::from_nanos(100)));
    fabric.advance_to(Instant::from_nanos(99));
    assert_eq!(fabric.posted_writes(), 3);
    fabric.advance_to(Instant::from_nanos(1_000));
    assert_eq!(arrived(&fabric), wrote(&[(100, "a+0", 1), (130, "b+0", 2), (130, "a+4", 3)]));
    assert_eq!((fabric.posted_writes(), fabric.next_event()), (0, None));
}

#[test]
fn a_read_waits_for_the_writes_to_its_block_and_those_before_them() {
    let mut fabric = two_blocks();
    fabric.set_bus_timing(BusTiming::posted(nanos(40), nanos(100), 8));
    for (address, value) in [(0x1000, 1), (0x2000, 2), (0x1004, 3)] {
        fabric.write(address, value).unwrap();
    }
    assert_eq!(fabric.read(0x2000), Ok(2));
    assert_eq!(fabric.now(), Instant::from_nanos(140));
    // All three were due by then; a block without writes on their way is waited for no longer than the read takes.
    fabric.write(0x1000, 4).unwrap();
    assert_eq!(fabric.read(0x2000), Ok(2));
    assert_eq!((fabric.now(), fabric.posted_writes()), (Instant::from_nanos(180), 1));
    assert_eq!(fabric.read(0x8000), Ok(0));
    assert_eq!(fabric.posted_writes(), 1, "memory is not on that way");
    fabric.flush_writes();
    assert_eq!((fabric.now(), fabric.posted_writes()), (Instant::from_nanos(240), 0));
    assert_eq!(arrived(&fabric), wrote(&[(100, "a+0", 1), (100, "b+0", 2), (100, "a+4", 3), (240, "a+0", 4)]));
}

#[test]
fn of_writes_beyond_the_buffer_the_first_is_waited_for() {
    let mut fabric = two_blocks();
    fabric.set_bus_timing(BusTiming::posted(nanos(0), nanos(100), 2));
    for value in 1..=5 {
        fabric.write(0x1000, value).unwrap();
    }
    // The third waited until 100, with which the second had arrived, too; so did the fifth until 200.
    assert_eq!((fabric.now(), fabric.posted_writes()), (Instant::from_nanos(200), 1));
    fabric.flush_writes();
    let expected = [(100, "a+0", 1), (100, "a+0", 2), (200, "a+0", 3), (200, "a+0", 4), (300, "a+0", 5)];
    assert_eq!(arrived(&fabric), wrote(&expected));
}

#[test]
fn without_a_time_of_their_own_posted_writes_wait_for_a_read_or_the_next_event() {
    let mut fabric = two_blocks();
    fabric.set_bus_timing(BusTiming::posted(nanos(0), nanos(0), 4));
    fabric.write(0x1000, 1).unwrap();
    assert_eq!((fabric.posted_writes(), fabric.next_event()), (1, Some(Instant::START)));
    assert_eq!(fabric.read(0x1000), Ok(1));
    fabric.write(0x1000, 2).unwrap();
    fabric.advance_to(Instant::START);
    assert_eq!((fabric.posted_writes(), fabric.now()), (0, Instant::START));
}

#[test]
fn a_device_goes_on_while_an_access_takes_its_time() {
    let mut fabric = FabricBuilder::new()
        .device("timer", 0x1000, 0x1000, AxiTimerModel::new(TimerParams::default()))
        .build()
        .unwrap();
    fabric.write(0x1000, 0x80).unwrap(); // counts up
    let first = fabric.read(0x1008).unwrap();
    assert_eq!(fabric.read(0x1008), Ok(first), "accesses take no time");
    fabric.set_bus_timing(BusTiming::waiting(nanos(250), nanos(100)));
    let counts: Vec<u32> = (0..3).map(|_| fabric.read(0x1008).unwrap() - first).collect();
    assert_eq!(counts, [25, 50, 75], "at 100 MHz");
    fabric.write(0x1014, 0).unwrap();
    assert_eq!(fabric.now(), Instant::from_nanos(850));
}

#[test]
fn what_is_wrong_with_a_posted_write_is_found_when_it_arrives_and_names_its_code() {
    let mut fabric = two_blocks();
    fabric.set_bus_timing(BusTiming::posted(nanos(0), nanos(100), 8));
    let line = line!() + 1;
    assert_eq!(fabric.write(0x1000, 1), Ok(()));
    fabric.hold_in_reset("a", true).unwrap();
    assert_eq!(fabric.take_changes(), []);
    fabric.advance_to(Instant::from_nanos(100));
    let changes = fabric.take_changes();
    let [Change::BusError(error)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((error.kind, error.caller.line(), error.time), (BusErrorKind::InReset, line, Instant::from_nanos(100)));
    assert_eq!(fabric.write(0x9000_0000, 1), Err(BusErrorKind::Unmapped), "no block is known at once");
}

#[test]
fn a_design_that_goes_takes_its_writes_along() {
    let mut fabric = two_blocks();
    fabric.set_bus_timing(BusTiming::posted(nanos(0), nanos(100), 8));
    fabric.write(0x1000, 1).unwrap();
    fabric.reload();
    assert_eq!((fabric.posted_writes(), fabric.next_event()), (0, None));
    fabric.write(0x1000, 2).unwrap();
    fabric.set_bus_timing(BusTiming::default());
    assert_eq!(fabric.read(0x1000), Ok(2), "the mode ends with the writes having arrived");
    assert_eq!(fabric.now(), Instant::from_nanos(100));
}

/// An output that is high from an event to the write that clears it.
#[derive(Default)]
struct Latch(bool);

static LATCH: [Port; 2] = [Port::new("event", PortKind::Input, 1), Port::new("irq", PortKind::Signal, 1)];

impl Device for Latch {
    fn ports(&self) -> &[Port] {
        &LATCH
    }

    fn read(&mut self, _: u32, _: &mut Bus<'_>) -> u32 {
        self.0.into()
    }

    fn write(&mut self, _: u32, _: u32, _: &mut Bus<'_>) {
        self.0 = false;
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.0 |= bits != 0;
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(1, self.0.into());
    }
}

/// How many interrupts 10 events cause, with a handler that clears the device and unmasks the interrupt.
fn interrupts(timing: BusTiming, reads_back: bool) -> (usize, usize) {
    let mut fabric = FabricBuilder::new().device("latch", 0x1000, 0x1000, Latch::default()).interrupt("latch/irq", 61);
    fabric = fabric.external("outside", "latch/event");
    let mut fabric = fabric.build().unwrap();
    fabric.set_bus_timing(timing);
    assert_eq!(fabric.unmask_interrupt(61), Ok(false));
    let (mut taken, mut for_nothing) = (0, 0);
    for _ in 0..10 {
        fabric.apply(&Stimulus::pulse("outside")).unwrap();
        let mut fires = !fabric.take_changes().is_empty();
        while fires {
            taken += 1;
            // What a handler without a doubt of its own does: it looks only where it must.
            for_nothing += usize::from(reads_back && fabric.read(0x1000) == Ok(0));
            fabric.write(0x1000, 0).unwrap();
            if reads_back {
                fabric.read(0x1000).unwrap();
            }
            fires = fabric.unmask_interrupt(61).unwrap();
            if fires && fabric.posted_writes() > 0 {
                let next = fabric.next_event().unwrap();
                fabric.advance_to(next);
            }
        }
    }
    (taken, for_nothing)
}

#[test]
fn an_interrupt_that_is_cleared_by_a_posted_write_comes_twice_without_a_read_back() {
    let posted = BusTiming::posted(nanos(150), nanos(100), 8);
    assert_eq!(interrupts(BusTiming::default(), false), (10, 0), "writes that have arrived when they return hide it");
    assert_eq!(interrupts(posted, false), (20, 0));
    assert_eq!(interrupts(posted, true), (10, 0));
}

#[test]
fn pins_of_a_gpio_are_driven_when_the_write_arrives() {
    let leds = GpioParams { channel1: GpioChannel::outputs(4), ..GpioParams::default() };
    let mut fabric = FabricBuilder::new().device("leds", 0x1000, 0x1000, AxiGpioModel::new(leds)).build().unwrap();
    fabric.set_bus_timing(BusTiming::posted(nanos(150), nanos(100), 8));
    fabric.write(0x1000, 5).unwrap();
    assert_eq!(fabric.take_changes(), []);
    fabric.advance_to(Instant::from_millis(1));
    let changes = fabric.take_changes();
    assert!(
        matches!(&changes[..], [Change::Output(leds)] if (leds.time.as_nanos(), leds.value) == (100, 5)),
        "{changes:?}"
    );
}
