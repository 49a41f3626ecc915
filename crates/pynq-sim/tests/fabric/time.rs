//! Events in the order of their times, and those that would not let time go on.

use core::time::Duration;

use pynq_core::Instant;
use pynq_sim::{
    Device,
    device::{Bus, Port, PortKind},
    fabric::{Change, FabricBuilder},
};

/// Counts on an output, once a period.
struct Ticker {
    period: Duration,
    next: Instant,
    count: u32,
}

impl Ticker {
    fn every(nanos: u64) -> Self {
        let period = Duration::from_nanos(nanos);
        Self { period, next: Instant::START + period, count: 0 }
    }
}

static COUNT: [Port; 1] = [Port::new("count", PortKind::Output, 32)];

impl Device for Ticker {
    fn ports(&self) -> &[Port] {
        &COUNT
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        while self.next <= bus.now() {
            self.next = self.next + self.period;
            self.count += 1;
            if self.period.is_zero() {
                break;
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(0, self.count);
        bus.wake_at(Some(self.next));
    }
}

fn outputs(changes: Vec<Change>) -> Vec<(u64, String, u32)> {
    let output = |change| match change {
        Change::Output(change) => Some((change.time.as_nanos(), change.path, change.value)),
        _ => None,
    };
    changes.into_iter().filter_map(output).collect()
}

#[test]
fn events_come_in_the_order_of_their_times_however_time_is_cut() {
    let fabric = || FabricBuilder::new().part("a", Ticker::every(30)).part("b", Ticker::every(20)).build().unwrap();
    let (mut at_once, mut in_steps) = (fabric(), fabric());
    at_once.advance_to(Instant::from_nanos(120));
    for nanos in 1..=120 {
        in_steps.advance_to(Instant::from_nanos(nanos));
    }
    let log = outputs(at_once.take_changes());
    assert_eq!(log, outputs(in_steps.take_changes()));
    let times: Vec<u64> = log.iter().map(|entry| entry.0).collect();
    assert_eq!(times, [20, 30, 40, 60, 60, 80, 90, 100, 120, 120]);
    assert_eq!((log[3].1.as_str(), log[4].1.as_str()), ("a", "b"), "of one time, in the order of the blocks");
    assert_eq!(at_once.next_event(), Some(Instant::from_nanos(140)));
}

#[test]
fn time_does_not_go_back() {
    let mut fabric = FabricBuilder::new().build().unwrap();
    fabric.advance_to(Instant::from_nanos(5));
    fabric.advance_to(Instant::from_nanos(4));
    assert_eq!(fabric.now(), Instant::from_nanos(5));
}

#[test]
fn a_block_that_stays_at_one_instant_is_stopped_and_named() {
    let mut fabric =
        FabricBuilder::new().part("hier/stays", Ticker::every(0)).part("b", Ticker::every(20)).build().unwrap();
    fabric.advance_to(Instant::from_nanos(40));
    let changes = fabric.take_changes();
    let stuck: Vec<String> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Stuck(stuck) => Some(stuck.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(stuck.len(), 1);
    assert!(stuck[0].contains("hier/stays") && stuck[0].contains("must be later"), "{stuck:?}");
    let of_b = outputs(changes).into_iter().filter(|entry| entry.1 == "b").map(|entry| entry.0);
    assert!(of_b.eq([20, 40]), "the others go on");
}
