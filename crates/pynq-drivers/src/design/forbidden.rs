//! What must not compile with a generated module, and, by the same program, what must.
//!
//! Each line of a table is a documentation test. The allowed ones prove that the program around a forbidden one is sound,
//! so that it is the line itself that is refused, and the code says for what reason: E0277, a trait that is not
//! implemented; E0433 and E0425, a name that the design does not have; E0271 and E0308, another block's; E0080, an
//! assertion that the compiler evaluated.

/// One documentation test for each line.
macro_rules! programs {
    ($test:literal: $($line:literal),* $(,)?) => {
        $(
            #[doc = concat!("```", $test)]
            /// use std::sync::Arc;
            /// use pynq_core::{design::{AxiIntcBlock, Block, Platform, parameter}, interrupt::StdLock};
            /// use pynq_drivers::design::{AxiGpioBlock, AxiGpioInterrupt, AxiTimerBlock, AxiTimerInterrupt};
            /// use pynq_sim::Board;
            ///
            /// include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.rs"));
            /// include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/corners.rs"));
            /// use buttons::*;
            /// use corners::{Dual, Timer, Unclocked, timer};
            ///
            /// const LOCK: fn() -> StdLock = StdLock::new;
            ///
            /// fn program(board: Board) -> Result<(), Box<dyn std::error::Error>> {
            ///     let root = board.source(system_interrupts::Irq)?;
            ///     let intc = SystemInterrupts.node(board.map(SystemInterrupts)?, LOCK(), root)?.map(Arc::pin);
            ///     let line = intc.line(btns_gpio::Ip2intcIrpt);
            ///     let node = BtnsGpio.node(board.map(BtnsGpio)?, LOCK(), line)?.map(Arc::pin);
            ///     let unwired = LedsGpio.node_without_interrupt(board.map(LedsGpio)?, LOCK())?.map(Arc::pin);
            ///     let (buttons, leds) = (BtnsGpio.channel1(&node)?, LedsGpio.channel1(&unwired)?);
            ///     let dual = Dual.node_without_interrupt(board.map(Dual)?, LOCK())?.map(Arc::pin);
            ///     let source = board.source(timer::Interrupt)?;
            ///     let ticks = Timer.node(board.map(Timer)?, LOCK(), source)?.map(Arc::pin);
            #[doc = concat!("    let _ = ", $line, ";")]
            ///     Ok(())
            /// }
            ///
            /// fn main() {
            ///     // Only what is used is compiled to the end.
            ///     let run: fn(Board) -> _ = program;
            ///     let _ = std::hint::black_box(run);
            /// }
            /// ```
            const _: () = ();
        )*
    };
}

programs! { "no_run":
    "buttons.button::<3>()?",
    "buttons.switch::<0>()?",
    "buttons.pin::<3>()?",
    "buttons.slice::<1, 3>()?",
    "leds.led::<3>()?",
    "leds.rgb_led::<1>()?",
    "intc.event(switches_gpio::Ip2intcIrpt)?",
    "SwitchesGpio.node(board.map(SwitchesGpio)?, LOCK(), intc.line(switches_gpio::Ip2intcIrpt))?",
    "SwitchesGpio.node_without_interrupt(board.map(SwitchesGpio)?, LOCK())?",
    "const { parameter::<BtnsGpio>(\"C_GPIO_WIDTH\").unwrap() }",
    "Dual.channel2(&dual)?.led::<1>()?",
    "Timer.channel::<0, _>(&ticks)?",
    "board.map(Unclocked)?",
}

programs! { "compile_fail,E0080":
    "buttons.button::<4>()?",
    "buttons.switch::<4>()?",
    "buttons.pin::<32>()?",
    "buttons.slice::<2, 3>()?",
    "buttons.slice::<0, 0>()?",
    "buttons.led::<0>()?",
    "leds.led::<4>()?",
    "leds.rgb_led::<2>()?",
    "Dual.channel2(&dual)?.led::<2>()?",
    "Timer.channel::<1, _>(&ticks)?",
    "Timer.pwm(&ticks)?",
    "board.source(btns_gpio::Ip2intcIrpt)?",
    "const { parameter::<BtnsGpio>(\"C_NO_SUCH\").unwrap() }",
}

programs! { "compile_fail,E0277":
    "BtnsGpio.channel2(&node)?",
    "leds.button::<0>()?",
    "AxiGpioInterrupt::node(LedsGpio, board.map(LedsGpio)?, LOCK(), root)?",
    "intc.line(BtnsGpio)",
    "board.map(btns_gpio::Ip2intcIrpt)?",
}

programs! { "compile_fail,E0433":
    "intc.line(leds_gpio::Ip2intcIrpt)",
}

programs! { "compile_fail,E0425":
    "board.map(NoSuchBlock)?",
    "intc.line(btns_gpio::NoSuchPort)",
}

programs! { "compile_fail,E0308":
    "BtnsGpio.node(board.map(SwitchesGpio)?, LOCK(), intc.line(btns_gpio::Ip2intcIrpt))?",
    "BtnsGpio.node(board.map(BtnsGpio)?, LOCK(), intc.line(switches_gpio::Ip2intcIrpt))?",
    "LedsGpio.channel1(&node)?",
}

programs! { "compile_fail,E0271":
    "intc.line(system_interrupts::Irq)",
}

programs! { "compile_fail,E0599":
    "LedsGpio.node(board.map(LedsGpio)?, LOCK(), intc.line(btns_gpio::Ip2intcIrpt))?",
    "SystemInterrupts.node_without_interrupt(board.map(SystemInterrupts)?, LOCK())?",
    "Unclocked.hardware(board.map(Unclocked)?)?",
    "node.line(btns_gpio::Ip2intcIrpt)",
}
