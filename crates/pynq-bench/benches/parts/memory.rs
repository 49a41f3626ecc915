//! Bytes: of handles, of futures, of what a waiting task takes from the heap.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicIsize, Ordering::Relaxed},
    },
    task::{Context, Waker},
};

use pynq::{AxiGpio, Button, Interrupt, Led, MmioWindow, Overlay, Pin as GpioPin, RgbLed, Slice, Switch};
use pynq_bench::{Figure, Report, Spread};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, AxiIntcNode, axi_intc_node,
    interrupt::{ConditionWait, EventWait, Line, Listener, NodeHandle, StdLock, Waiting},
};
use pynq_drivers::axi_gpio::AxiGpioNode;
use pynq_sim::{CpuPin, Window};
use tokio::sync::Notify;

use crate::simulator;

/// Counts what is taken and not given back, in bytes.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: passed on to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn future<'a, T: 'a, F: Future>(_: impl FnOnce(&'a T) -> F) -> usize {
    size_of::<F>()
}

fn future_mut<'a, T: 'a, F: Future>(_: impl FnOnce(&'a mut T) -> F) -> usize {
    size_of::<F>()
}

fn future_with<'a, T: 'a, A, F: Future>(_: impl FnOnce(&'a T, A) -> F) -> usize {
    size_of::<F>()
}

pub(crate) fn figures(report: &mut Report) {
    let mut bytes = |group: &str, name: &str, value: f64| {
        let (group, name, value) = (group.to_owned(), name.to_owned(), Spread::exactly(value));
        report.figures.push(Figure { group, name, unit: "bytes", value, ratio: None, bar: None });
    };
    for (name, size) in [
        ("Overlay", size_of::<Overlay>()),
        ("Interrupt", size_of::<Interrupt>()),
        ("AxiGpio", size_of::<AxiGpio>()),
        ("Slice", size_of::<Slice>()),
        ("Pin", size_of::<GpioPin>()),
        ("Button", size_of::<Button>()),
        ("Switch", size_of::<Switch>()),
        ("Led", size_of::<Led>()),
        ("RgbLed", size_of::<RgbLed>()),
        ("MmioWindow", size_of::<MmioWindow>()),
        ("Line", size_of::<Line>()),
        ("node of an AXI INTC, simulated", size_of::<AxiIntcNode<Window, StdLock, CpuPin>>()),
        ("node of an AXI GPIO, simulated", size_of::<AxiGpioNode<StdLock, CpuPin>>()),
    ] {
        bytes("Memory: handles", name, size as f64);
    }
    for (name, size) in [
        ("Wait of a Line", size_of::<Waiting<EventWait<'_>>>()),
        ("Wait for a condition", size_of::<Waiting<ConditionWait<'_>>>()),
        ("Listener", size_of::<Listener>()),
        ("Interrupt::wait_async", future_mut(Interrupt::wait_async)),
        ("Button::wait_for_level_async", future_with(Button::wait_for_level_async)),
        ("Button::wait_for_edge_async", future_with(Button::wait_for_edge_async)),
        ("Slice::wait_for_value_async", future_with(Slice::wait_for_value_async)),
        ("tokio's Notified, for comparison", future(Notify::notified)),
    ] {
        bytes("Memory: futures", name, size as f64);
    }
    let (wait, task, notified) = heap();
    bytes("Memory: heap of each waiting task", "of the engine's own", wait);
    bytes("Memory: heap of each waiting task", "a tokio task that awaits a line", task);
    bytes("Memory: heap of each waiting task", "a tokio task that awaits a Notify", notified);
}

const TASKS: isize = 1_000;

/// What `f` takes from the heap and keeps, for each task.
fn taken<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let before = BYTES.load(Relaxed);
    let result = f();
    (result, (BYTES.load(Relaxed) - before) as f64 / TASKS as f64)
}

fn heap() -> (f64, f64, f64) {
    let board = simulator::board(1);
    let window = board.window("intc").expect("a window");
    let hardware = AxiIntcHardware::new(window, AxiIntcConfig::new(32, !0)).expect("a controller");
    let node = Arc::pin(axi_intc_node(StdLock::new(), hardware, board.cpu_pin(61).expect("a pin")));
    let node = NodeHandle::from(node);
    let line = || node.line(0).expect("a line");

    let mut lines: Vec<_> = (0..TASKS).map(|_| line()).collect();
    let waits: Vec<_> = lines.iter_mut().map(|line| line.wait_async()).collect();
    let mut waits: Pin<Box<[_]>> = waits.into_boxed_slice().into();
    let mut cx = Context::from_waker(Waker::noop());
    let ((), wait) = taken(|| {
        for index in 0..waits.len() {
            // SAFETY: an element of a pinned slice is pinned with it.
            let wait = unsafe { waits.as_mut().map_unchecked_mut(|waits| &mut waits[index]) };
            assert!(wait.poll(&mut cx).is_pending(), "nothing has happened");
        }
    });
    drop(waits);

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let spawn = |task: &dyn Fn()| {
        let ((), bytes) = taken(|| {
            runtime.block_on(async {
                (0..TASKS).for_each(|_| task());
                // Once around, so that each has gone to sleep.
                tokio::task::yield_now().await;
            });
        });
        bytes
    };
    // What the runtime takes for its own queues.
    spawn(&|| drop(tokio::task::spawn(std::future::ready(()))));
    let task = spawn(&|| {
        let mut line = line();
        drop(tokio::task::spawn(async move {
            let _ = line.wait_async().await;
        }));
    });
    let notify = Arc::new(Notify::new());
    let notified = spawn(&|| {
        let notify = Arc::clone(&notify);
        drop(tokio::task::spawn(async move { notify.notified().await }));
    });
    assert!(Arc::strong_count(&notify) as isize > TASKS, "tasks that wait still");
    (wait, task, notified)
}
