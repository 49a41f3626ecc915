//! A design that is replaced under its users: no old handle reaches the new one, and no task waits for ever.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use common::base;
use pynq::prelude::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn old_handles_answer_with_errors_and_touch_nothing() {
    let base = base();
    let board = base.simulation().unwrap();
    let (button, led, switch) = (base.button(0).unwrap(), base.led(0).unwrap(), base.switch(1).unwrap());
    let (rgb, gpio, window) =
        (base.rgbled(4).unwrap(), base.gpio("btns_gpio").unwrap(), base.mmio("leds_gpio").unwrap());
    let mut interrupt = base.interrupt("btns_gpio/ip2intc_irpt").unwrap();
    led.on().unwrap();
    base.reload().unwrap();
    assert_eq!(board.output("leds_gpio", 1).unwrap(), 0, "it was reset");

    let results: [pynq::Result<()>; 16] = [
        led.on().map_err(Into::into),
        led.toggle().map_err(Into::into),
        led.is_on().map(drop).map_err(Into::into),
        button.is_pressed().map(drop).map_err(Into::into),
        button.wait_for_level(Level::Low).map_err(Into::into),
        base.block_on(button.wait_for_level_async(Level::Low)).unwrap().map_err(Into::into),
        switch.wait_for_edge(Edge::Any).map_err(Into::into),
        rgb.on(Color::Red).map_err(Into::into),
        gpio.channel1().read().map(drop).map_err(Into::into),
        gpio.channel1().wait_for_value(0).map_err(Into::into),
        gpio.channel1().changes().map(drop).map_err(Into::into),
        window.write(0, 0xF),
        window.read(0, 4).map(drop),
        interrupt.clear(),
        interrupt.wait().map(drop),
        base.block_on(interrupt.wait_async()).unwrap().map(drop),
    ];
    for (number, result) in results.into_iter().enumerate() {
        let error = result.unwrap_err();
        assert!(error.is_invalidated(), "operation {number}: {error}");
        assert!(error.to_string().contains("get a new handle from the overlay"), "{error}");
    }
    assert_eq!((board.output("leds_gpio", 1).unwrap(), board.stale_accesses()), (0, 0));
    assert!(board.cpu_pins().iter().all(|id| !board.cpu_pin(*id).unwrap().is_armed()));
}

#[test]
fn the_overlay_gives_new_ones_that_work() {
    let base = base();
    let old = base.led(0).unwrap();
    base.reload().unwrap();
    let (button, led) = (base.button(0).unwrap(), base.led(0).unwrap());
    let board = base.simulation().unwrap();
    board.at(Instant::from_millis(3), |board| board.press("btns_gpio", 0).unwrap());
    button.wait_for_level(Level::High).unwrap();
    led.on().unwrap();
    assert!(old.off().is_err());
    assert_eq!(board.output("leds_gpio", 1).unwrap(), 1);
    // A button that is held stays pressed.
    base.reload().unwrap();
    assert!(base.button(0).unwrap().is_pressed().unwrap());
}

#[test]
fn waits_of_every_kind_end() {
    let base = base();
    let (button, channel) = (base.button(0).unwrap(), base.gpio("switches_gpio").unwrap().channel1());
    let mut interrupt = base.interrupt("btns_gpio/ip2intc_irpt").unwrap();
    let deadline = Instant::from_millis(1000);
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    {
        let mut level = pin!(async { Ok(button.wait_for_level_async(Level::High).await?) });
        let mut edge = pin!(async { Ok(button.wait_for_edge_async(Edge::Rising).until(deadline).await?) });
        let mut value = pin!(async { Ok(channel.wait_for_value_async(3).await?) });
        let mut bare = pin!(async { interrupt.wait_async().await.map(drop) });
        let mut all: [std::pin::Pin<&mut dyn Future<Output = pynq::Result<()>>>; 4] =
            [level.as_mut(), edge.as_mut(), value.as_mut(), bare.as_mut()];
        assert!(all.iter_mut().all(|wait| wait.as_mut().poll(&mut cx).is_pending()));
        base.reload().unwrap();
        assert_eq!(count.0.load(Ordering::SeqCst), 4, "each is woken, and once");
        for wait in &mut all {
            let Poll::Ready(Err(error)) = wait.as_mut().poll(&mut cx) else { panic!("it waits still") };
            assert!(error.is_invalidated(), "{error}");
        }
    }
    assert_eq!(base.simulation().unwrap().stale_accesses(), 0, "nor do dropped waits reach the new design");
}

#[test]
fn blocked_threads_wake_up() {
    let base = base();
    let busy = base.simulation().unwrap().busy();
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let button = base.button(number).unwrap();
            thread::spawn(move || button.wait_for_level(Level::High))
        })
        .collect();
    base.reload().unwrap();
    drop(busy);
    for thread in threads {
        let error = thread.join().unwrap().unwrap_err();
        assert!(error.is_invalidated(), "{error}");
    }
}

/// A waker that comes straight back to the overlay, as that of an executor which polls in place would.
struct ComesBack(BaseOverlay, AtomicUsize);

impl Wake for ComesBack {
    fn wake(self: Arc<Self>) {
        let (gpio, pin) = (self.0.gpio("btns_gpio"), self.0.interrupt("btns_gpio/ip2intc_irpt"));
        assert!(gpio.unwrap_err().is_invalidated() && pin.unwrap_err().is_invalidated());
        self.0.reload().unwrap();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_waker_may_come_back_to_the_overlay() {
    let base = base();
    let button = base.button(0).unwrap();
    let waker = Arc::new(ComesBack(base.clone(), AtomicUsize::new(0)));
    let mut wait = pin!(button.wait_for_level_async(Level::High));
    assert!(wait.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&waker)))).is_pending());
    base.reload().unwrap();
    assert_eq!(waker.1.load(Ordering::SeqCst), 1);
    assert!(base.button(0).is_ok());
}

#[test]
fn threads_that_reload_and_use_at_once() {
    let base = base();
    let users: Vec<_> = (0..2_u8)
        .map(|number| {
            let base = base.clone();
            thread::spawn(move || {
                let mut refused = 0;
                for _ in 0..200 {
                    let used = base.led(number).and_then(|led| Ok(led.on().and_then(|()| led.off())?));
                    match used {
                        Err(error) if error.is_invalidated() => refused += 1,
                        used => used.unwrap(),
                    }
                }
                refused
            })
        })
        .collect();
    for _ in 0..50 {
        base.reload().unwrap();
    }
    let refused: usize = users.into_iter().map(|user| user.join().unwrap()).sum();
    assert!(refused <= 400);
    assert_eq!(base.simulation().unwrap().stale_accesses(), 0);
    base.led(0).unwrap().on().unwrap();
}

#[test]
fn a_driver_that_is_being_made_is_waited_for() {
    let base = base();
    let old = base.mmio("leds_gpio").unwrap();
    let reloads = base.driver("leds_gpio", |block| {
        let (window, overlay) = (pynq::core::Checked::new(block.window()?), base.overlay().clone());
        let reloads = thread::spawn(move || overlay.reload());
        while old.read(0, 4).is_ok() {
            thread::yield_now();
        }
        // It has begun, and can't replace the design while this goes on.
        for _ in 0..10_000 {
            window.write(0, 0xF).unwrap();
        }
        Ok::<_, pynq::Error>(Arc::new(std::sync::Mutex::new(Some(reloads))))
    });
    let reloads = reloads.unwrap().lock().unwrap().take().unwrap();
    reloads.join().unwrap().unwrap();
    assert_eq!(base.simulation().unwrap().stale_accesses(), 0);
    base.led(0).expect("that claim is over");
}

/// The function that makes a driver may open other blocks, also while a reload waits for it.
#[test]
fn a_driver_that_is_made_while_the_overlay_reloads_gets_errors() {
    let base = base();
    let old = base.mmio("leds_gpio").unwrap();
    let mut answers = Vec::new();
    thread::scope(|scope| {
        let made = base.driver("btns_gpio", |_| {
            scope.spawn(|| base.reload().unwrap());
            // The first thing that a reload does.
            while old.read(0, 4).is_ok() {
                thread::yield_now();
            }
            answers.extend(base.gpio("leds_gpio").err());
            answers.extend(base.interrupt("btns_gpio/ip2intc_irpt").err());
            Ok::<_, pynq::Error>(())
        });
        made.unwrap();
    });
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(pynq::Error::is_invalidated), "{answers:?}");
    base.gpio("leds_gpio").unwrap();
}

#[test]
fn nothing_outlives_its_last_handle() {
    let base = base();
    let (button, led) = (base.button(0).unwrap(), base.led(0).unwrap());
    let overlay = base.overlay().clone();
    drop(base);
    led.on().unwrap();
    // The board goes with the last node on it, and with the board what observes it.
    let token = Arc::new(());
    let node = Arc::downgrade(&token);
    overlay.simulation().unwrap().on_output(move |_, _| drop(Arc::clone(&token)));
    assert!(node.upgrade().is_some());
    {
        let mut wait = pin!(button.wait_for_level_async(Level::High));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(overlay);
    assert!(button.is_pressed().is_ok(), "a handle needs no overlay");
    drop((button, led));
    assert!(node.upgrade().is_none());
}
