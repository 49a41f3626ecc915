//! The same stimuli, one by one and all at once, give the same trace; and the same seed gives it on every run.

use core::time::Duration;

use pynq_core::Instant;
use pynq_sim::{
    Stimulus, TraceEntry,
    fabric::{Fabric, FabricBuilder},
    models::{
        AxiGpioModel, AxiIntcModel, AxiTimerModel, AxiUartLiteModel, GpioChannel, GpioParams, IntcParams, TimerParams,
        UartParams,
    },
};

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn fabric() -> Fabric {
    let buttons = GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..GpioParams::default() };
    let mut fabric = FabricBuilder::new()
        .device(
            "intc",
            0x1000,
            0x1000,
            AxiIntcModel::new(IntcParams { inputs: 4, kind_of_intr: 0b1010, ..Default::default() }),
        )
        .device("btns", 0x2000, 0x1000, AxiGpioModel::new(buttons))
        .device("timer", 0x3000, 0x1000, AxiTimerModel::new(TimerParams::default()))
        .device("uart", 0x4000, 0x1000, AxiUartLiteModel::new(UartParams::default()))
        .wire("btns/ip2intc_irpt", "intc/intr[0]")
        .wire("uart/interrupt", "intc/intr[1]")
        .wire("timer/interrupt", "intc/intr[2]")
        .external("flop/q", "intc/intr[3]")
        .interrupt("intc/irq", 61)
        .build()
        .unwrap();
    fabric.start_trace(usize::MAX);
    let set_up = [
        (0x2128, 1),
        (0x211C, 1 << 31),
        (0x1008, 0xF),
        (0x101C, 3),
        (0x3004, 400),
        // Down, with automatic reload and interrupt; loaded, then started.
        (0x3000, 0x72),
        (0x3000, 0xD2),
        (0x400C, 0x10),
    ];
    for (address, value) in set_up {
        fabric.write(address, value).unwrap();
    }
    fabric
}

/// What happens at which time, in order.
enum Step {
    Stimulus(Stimulus),
    Write(u64, u32),
    Read(u64),
    Unmask,
}

fn script(seed: u64) -> Vec<(Instant, Step)> {
    let mut random = Random(seed | 1);
    let mut now = Instant::START;
    (0..200)
        .map(|_| {
            now = now + Duration::from_nanos(random.below(20_000));
            let bit = random.below(4) as u8;
            let step = match random.below(8) {
                0 | 1 => Step::Stimulus(Stimulus::pin("btns", 1, bit, random.below(2) == 0)),
                2 => Step::Stimulus(Stimulus::pulse("flop/q")),
                3 => Step::Write(0x4004, 0x40 + u32::from(bit)),
                4 => Step::Write(0x100C, 1 << bit),
                5 => Step::Write(0x2120, 1),
                6 => Step::Read(0x1000),
                _ => Step::Unmask,
            };
            (now, step)
        })
        .collect()
}

fn perform(fabric: &mut Fabric, step: &Step) {
    match step {
        Step::Stimulus(stimulus) => fabric.apply(stimulus).unwrap(),
        // The transmitter may be full.
        Step::Write(address, value) => drop(fabric.write(*address, *value)),
        Step::Read(address) => drop(fabric.read(*address)),
        Step::Unmask => drop(fabric.unmask_interrupt(61)),
    }
}

/// All of it, with the clock moved to each event by itself.
fn singly(seed: u64) -> Vec<TraceEntry> {
    let mut fabric = fabric();
    for (time, step) in script(seed) {
        while let Some(next) = fabric.next_event().filter(|&next| next <= time) {
            fabric.advance_to(next);
        }
        fabric.advance_to(time);
        perform(&mut fabric, &step);
        drop(fabric.take_changes());
    }
    fabric.trace()
}

/// The same, with the clock moved from step to step, and with reads in between that must not have an effect.
fn in_batches(seed: u64) -> Vec<TraceEntry> {
    let mut fabric = fabric();
    for (time, step) in script(seed) {
        fabric.advance_to(time);
        perform(&mut fabric, &step);
        let _ = (fabric.line("intc/irq"), fabric.view("uart"), fabric.next_event());
    }
    fabric.trace()
}

#[test]
fn the_trace_does_not_depend_on_how_the_events_are_cut() {
    for seed in 1..=300 {
        let (one, other) = (singly(seed), in_batches(seed));
        assert!(one.len() > 200, "seed {seed} does nothing");
        assert_eq!(one, other, "seed {seed}");
        assert_eq!(one, singly(seed), "seed {seed}, again");
    }
}

#[test]
fn traces_of_different_seeds_differ() {
    assert_ne!(singly(1), singly(2));
}
