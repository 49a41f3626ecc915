//! A MicroBlaze instruction-set simulator, without a standard library, an allocator or unsafe code.
//!
//! [`decode`] turns words into [`Instruction`]s, [`Instruction::encode`] turns them back, and their `Display` is a
//! disassembler. A [`Cpu`] executes them over a [`Bus`], with the options that a [`Config`] gives it: the base set, barrel
//! shifter, multiplier, divider, floating point, pattern compares, stream links; interrupts, breaks, exceptions, `imm` and
//! delay slots. Memory management, caches and protection are not there: PYNQ's I/O processors have none, and cache
//! operations do nothing.
//!
//! ```
//! use pynq_iss::{Config, Cpu, Limits, Ram, Reg, decode};
//!
//! // addik r3, r0, 6; addik r4, r0, 7; mul r5, r3, r4; bri 0
//! let program = [0x3060_0006_u32, 0x3080_0007, 0x40A3_2000, 0xB800_0000];
//! assert_eq!(decode(program[2]).unwrap().to_string(), "mul r5, r3, r4");
//!
//! let bytes: Vec<u8> = program.iter().flat_map(|word| word.to_le_bytes()).collect();
//! let mut cpu = Cpu::new(Config::ALL_INSTRUCTIONS);
//! cpu.run(&mut Ram::new(bytes), &Limits::instructions(4));
//! assert_eq!(cpu.register(Reg::new(5).unwrap()), 42);
//! ```
//!
//! # In a simulated board
//!
//! A board gives its processor the time that has passed, as a number of instructions, and its interrupt line:
//! [`Cpu::set_interrupt`], then [`Cpu::run`]. Two things make that exact and cheap. A bus that returns
//! [`BusError::Wait`] stops the run in front of an instruction, so that the clock can catch up before a device is reached.
//! And a run with [`Limits::stop_when_polling`] ends at a loop that waits for something else to change, with its
//! length, so that the board can [skip](Cpu::skip) to its next event.
//!
//! # What says that it is right
//!
//! The rules are those of the processor's reference guide. The second reader is QEMU's MicroBlaze: `cargo xtask firmware`
//! runs every program that two versions of PYNQ ship, and random sequences of the optional groups, on both in lock step.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bus;
mod config;
mod cpu;
mod decode;
mod display;
mod encode;
mod float;
mod instruction;
mod status;

pub use bus::{Bus, BusError, Ram, Stored, StreamWord};
pub use config::{Config, ConfigError, Fpu, Multiplier};
pub use cpu::{Cpu, Limits, Run, Step, Stop, Vector};
pub use decode::decode;
pub use instruction::{
    Access, Amount, Cache, Condition, Float, FloatCondition, FloatUnary, Instruction, Link, Logic, Operand, Pattern,
    Product, Reg, ReturnFrom, Shift, Size, StreamMode, Unary,
};
pub use status::{Exception, Fsr, Msr, Special};
