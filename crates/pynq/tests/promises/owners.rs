//! Which handles hold an interrupt, where it is awaited, and what becomes of that when the design changes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use pynq::{drivers::axi_uartlite::AxiUartLiteRegisters, prelude::*, sim};
use pynq_sim::{
    Board,
    device::SerialFault,
    models::{AxiUartLiteModel, UartParams},
};

use crate::{
    Waiting, all_is_masked,
    common::{BUTTONS, base},
    ends, fired, gpio, intc, poll, pressed, register, waits,
};

#[test]
fn two_owners_of_an_interrupt_are_both_told() {
    let base = base();
    let board = base.simulation().unwrap();
    // Asked for separately, as two parts of a program would.
    let (one, other) = (base.button(0).unwrap(), base.overlay().clone().gpio("btns_gpio").unwrap());
    let other = Button::new(other.channel1().pin(0).unwrap()).unwrap();
    let (mut first, mut second) = (pressed(&one), pressed(&other));
    waits(&mut first);
    waits(&mut second);
    board.press("btns_gpio", 0).unwrap();
    ends(&mut first);
    ends(&mut second);
    drop((first, second));
    assert_eq!(base.statistics().interrupts, 1, "one service was enough for both");
    board.release("btns_gpio", 0).unwrap();

    // A wait that is dropped does not mask the line for one that stays.
    let (mut first, mut second) = (pressed(&one), pressed(&other));
    waits(&mut first);
    waits(&mut second);
    drop(first);
    board.press("btns_gpio", 0).unwrap();
    ends(&mut second);
    drop(second);
    all_is_masked(&base);

    let pin = "switches_gpio/ip2intc_irpt";
    let (mut one, mut other) = (base.interrupt(pin).unwrap(), base.interrupt(pin).unwrap());
    let (mut first, mut second) = (fired(&mut one), fired(&mut other));
    waits(&mut first);
    waits(&mut second);
    board.pulse_line(pin).unwrap();
    ends(&mut first);
    ends(&mut second);
}

/// There is no event loop that a wait belongs to.
#[test]
fn a_wait_works_outside_any_runtime_and_in_several_runtimes_and_threads_at_once() {
    let base = base();
    let board = base.simulation().unwrap();
    board.set_grace(Duration::from_secs(3600));
    let registered = Arc::new(AtomicUsize::new(0));
    let task = || {
        let (button, registered) = (base.button(0).unwrap(), Arc::clone(&registered));
        let mut wait: Waiting<'static> = Box::pin(async move { Ok(button.wait_for_level_async(Level::High).await?) });
        let mut first = true;
        std::future::poll_fn(move |cx| {
            let polled = wait.as_mut().poll(cx);
            registered.fetch_add(usize::from(std::mem::take(&mut first) && polled.is_pending()), SeqCst);
            polled
        })
    };
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let several = [threads.spawn(task()), threads.spawn(task())];
    let (on_current, on_smol, by_hand, on_board) = (task(), task(), task(), task());
    let (button, overlay) = (base.button(0).unwrap(), base.overlay().clone());
    let waiting = [
        thread::spawn(move || current.block_on(on_current)),
        thread::spawn(move || smol::block_on(smol::spawn(on_smol))),
        thread::spawn(move || smol::future::block_on(by_hand)),
        thread::spawn(move || overlay.block_on(on_board).unwrap()),
        thread::spawn(move || Ok(button.wait_for_level(Level::High)?)),
    ];
    // The last one may come late, and finds the level there.
    while registered.load(SeqCst) < 6 {
        thread::yield_now();
    }
    board.press("btns_gpio", 0).unwrap();
    for thread in waiting {
        thread.join().unwrap().unwrap();
    }
    for task in several {
        smol::future::block_on(task).unwrap().unwrap();
    }
    assert_eq!(base.statistics().interrupts, 1);
    all_is_masked(&base);
}

#[test]
fn waiters_are_told_when_their_overlay_is_reloaded() {
    let base = base();
    let board = base.simulation().unwrap();
    let busy = board.busy();
    let (button, blocked) = (base.button(0).unwrap(), base.button(1).unwrap());
    let mut interrupt = base.interrupt("switches_gpio/ip2intc_irpt").unwrap();
    let (mut level, mut bare) = (pressed(&button), fired(&mut interrupt));
    waits(&mut level);
    waits(&mut bare);
    let blocked = thread::spawn(move || blocked.wait_for_level(Level::High));
    base.reload().unwrap();
    drop(busy);
    board.press("btns_gpio", 0).unwrap();
    for wait in [&mut level, &mut bare] {
        let std::task::Poll::Ready(Err(error)) = poll(wait) else { panic!("it waits, or saw the new design's event") };
        assert!(error.is_invalidated(), "{error}");
    }
    drop((level, bare));
    assert!(blocked.join().unwrap().unwrap_err().is_invalidated());
    assert_eq!(board.stale_accesses(), 0);
    // New handles serve the new design.
    let button = base.button(0).unwrap();
    ends(&mut pressed(&button));
}

/// The program that used the board before has enabled everything, left each latch set, and ended without cleaning up.
#[test]
fn a_running_design_is_attached_to_whatever_state_it_is_in() {
    let design = pynq::hwh::Design::parse(BUTTONS).unwrap();
    let board = sim::Board::from_design(&design).unwrap();
    let before = |path: &str| board.window(path).unwrap();
    let (controller, buttons) = (before("system_interrupts"), before("btns_gpio"));
    controller.write(intc::MER, 0b11);
    controller.write(intc::IER, u32::MAX);
    buttons.write(gpio::GIER, 1 << 31);
    buttons.write(gpio::IER, 0b11);
    board.press("btns_gpio", 2).unwrap();
    board.release("btns_gpio", 2).unwrap();
    board.pulse_line("switches_gpio/ip2intc_irpt").unwrap();
    assert!(controller.read(intc::ISR) != 0 && buttons.read(gpio::ISR) != 0, "the latches are full");
    assert!(board.line("system_interrupts/irq").unwrap(), "and the processor is asked");

    let base = BaseOverlay::new(Overlay::on_board(design, board.clone())).unwrap();
    let button = base.button(2).unwrap();
    let mut switches = base.interrupt("switches_gpio/ip2intc_irpt").unwrap();
    all_is_masked(&base);
    let (mut pressed, mut switched) = (pressed(&button), fired(&mut switches));
    waits(&mut pressed);
    waits(&mut switched);
    assert_eq!(base.statistics().interrupts, 0, "what was left over is nobody's");
    board.press("btns_gpio", 2).unwrap();
    board.pulse_line("switches_gpio/ip2intc_irpt").unwrap();
    ends(&mut pressed);
    ends(&mut switched);
    drop((pressed, switched));
    let statistics = base.statistics();
    assert_eq!((statistics.interrupts, statistics.spurious), (2, 0), "{statistics:?}");
    assert_eq!(register(&base, "system_interrupts", intc::IER), 0);
}

/// A read of a UART's FIFO takes a character out, and one of its status clears the errors. A debug print does neither.
#[test]
fn debug_of_a_register_map_touches_no_register_that_a_read_would_change() {
    let params = UartParams::default();
    let board = Board::builder().device("uart", 0x42C0_0000, 0x1_0000, AxiUartLiteModel::new(params)).build().unwrap();
    board.serial_input("uart", b"abc").unwrap();
    board.serial_input_with_fault("uart", b'd', SerialFault::Frame).unwrap();
    board.advance(params.character_time() * 8);
    let map = AxiUartLiteRegisters::new(board.window("uart").unwrap()).unwrap();
    for _ in 0..5 {
        let shown = format!("{map:?} {map:#?}");
        assert!(shown.contains("AxiUartLiteRegisters") && !shown.contains("rx_fifo:"), "{shown}");
    }
    let window = board.window("uart").unwrap();
    let status = window.read(0x08);
    assert_eq!(status & 1 << 6, 1 << 6, "the frame error is still there: {status:#x}");
    assert_eq!([0; 3].map(|_| window.read(0x00)), [b'a', b'b', b'c'].map(u32::from));
    assert_eq!(window.read(0x08) & 1 << 6, 0, "a read does clear it");
}
