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
            /// use pynq_drivers::{AxiGpio, AxiTimer, AxiUartLite, design::{channel1, channel2, pwm, timer_channel}};
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
            ///     let node = board.map(BtnsGpio)?.node::<AxiGpio, _, _, _>(LOCK(), line)?.map(Arc::pin);
            ///     let unwired = board.map(LedsGpio)?.node_without_interrupt::<AxiGpio, _>(LOCK())?.map(Arc::pin);
            ///     let (buttons, leds) = (channel1(&node)?, channel1(&unwired)?);
            ///     let dual = board.map(Dual)?.node_without_interrupt::<AxiGpio, _>(LOCK())?.map(Arc::pin);
            ///     let source = board.source(timer::Interrupt)?;
            ///     let ticks = board.map(Timer)?.node::<AxiTimer, _, _, _>(LOCK(), source)?.map(Arc::pin);
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
    "board.map(SwitchesGpio)?.node::<AxiGpio, _, _, _>(LOCK(), intc.line(switches_gpio::Ip2intcIrpt))?",
    "board.map(SwitchesGpio)?.node_without_interrupt::<AxiGpio, _>(LOCK())?",
    "const { parameter::<BtnsGpio>(\"C_GPIO_WIDTH\").unwrap() }",
    "channel2(&dual)?.led::<1>()?",
    "timer_channel::<0, _, _>(&ticks)?",
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
    "leds.button::<0>()?",
    "channel2(&node)?",
    "channel2(&dual)?.led::<2>()?",
    "timer_channel::<1, _, _>(&ticks)?",
    "pwm(&ticks)?",
    "board.source(btns_gpio::Ip2intcIrpt)?",
    "board.map(LedsGpio)?.node_without_interrupt::<AxiTimer, _>(LOCK())?",
    "board.map(SystemInterrupts)?.node_without_interrupt::<AxiGpio, _>(LOCK())?",
    "const { parameter::<BtnsGpio>(\"C_NO_SUCH\").unwrap() }",
}

programs! { "compile_fail,E0277":
    "intc.line(BtnsGpio)",
    "board.map(btns_gpio::Ip2intcIrpt)?",
    "unwired.driver::<AxiTimer>()?",
}

programs! { "compile_fail,E0433":
    "intc.line(leds_gpio::Ip2intcIrpt)",
}

programs! { "compile_fail,E0425":
    "board.map(NoSuchBlock)?",
    "intc.line(btns_gpio::NoSuchPort)",
}

programs! { "compile_fail,E0271":
    "intc.line(system_interrupts::Irq)",
    "board.map(SwitchesGpio)?.node::<AxiGpio, _, _, _>(LOCK(), intc.line(btns_gpio::Ip2intcIrpt))?",
    "board.map(LedsGpio)?.node::<AxiGpio, _, _, _>(LOCK(), intc.line(btns_gpio::Ip2intcIrpt))?",
}

programs! { "compile_fail,E0599":
    "node.line(btns_gpio::Ip2intcIrpt)",
}
