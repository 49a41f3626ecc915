//! A register access against the raw volatile one. That they are the same instructions, `cargo xtask asm` shows; here is what
//! those cost that can't be.

use std::{hint::black_box, ptr::NonNull, sync::Arc};

use pynq_bench::{Row, Rows};
use pynq_core::{
    Mmio,
    mmio::{Checked, Volatile},
};
use pynq_drivers::axi_gpio::AxiGpioRegisters;
use pynq_sim::Board;

pub(crate) const RAW: &str = "raw volatile";

/// Accesses of one register per count, so that the clock is not what is measured.
const EACH: u32 = 100;
const COUNT: u32 = 100;
/// Direction of channel 1: a plain register.
const TRI: usize = 0x004;

/// Memory of this program in place of a block's registers, which it keeps for ever.
#[derive(Clone, Copy)]
struct Memory(NonNull<u32>);

impl Memory {
    fn new() -> Self {
        let words: &'static mut [u32] = Box::leak(vec![0_u32; 0x1000 / 4].into_boxed_slice());
        Self(NonNull::from(words).cast())
    }

    fn window(self) -> Volatile {
        // SAFETY: the memory is as long as the window, aligned as its words are, there for ever, and reached by volatile
        // accesses of one thread only.
        unsafe { Volatile::new(self.0, 0x1000) }
    }
}

/// One access in a function of its own, as the instructions around it would otherwise be what differs.
#[inline(never)]
fn once<R>(access: &mut impl FnMut(u32) -> R, value: u32) -> R {
    access(value)
}

fn row<'a, R>(kind: &str, name: &str, mut access: impl FnMut(u32) -> R + 'a) -> Row<'a> {
    let run = move |count| {
        for turn in 0..count {
            for _ in 0..EACH {
                let _ = black_box(once(&mut access, turn));
            }
        }
    };
    Row::new(&format!("Register {kind}"), name, COUNT, run).per(EACH)
}

pub(crate) fn rows<'a>(rows: &mut Rows<'a>, board: &Board) {
    let memory = Memory::new();
    // The window of a program that knows only the block's name.
    let window: Arc<dyn Mmio> = Arc::new(memory.window());
    let base = memory.0.as_ptr();
    let typed = || AxiGpioRegisters::new(memory.window()).expect("a window that is long enough");
    let simulated = || AxiGpioRegisters::new(board.window("gpio0").expect("a GPIO")).expect("its registers");
    let checked = Checked::new(Arc::clone(&window));

    // SAFETY: the register is a word of the memory, which is there for ever.
    let raw_read = move || unsafe { base.wrapping_add(TRI / 4).read_volatile() };
    // SAFETY: as above.
    let raw_write = move |value| unsafe { base.wrapping_add(TRI / 4).write_volatile(value) };

    rows.push(row("read", RAW, move |_| raw_read()));
    let map = typed();
    rows.push(row("read", "typed", move |_| map.gpio_tri().read()));
    rows.push(row("read", "checked, any offset", move |_| checked.read(black_box(TRI), 4)));
    let map = simulated();
    rows.push(row("read", "simulated", move |_| map.gpio_tri().read()));

    rows.push(row("write", RAW, raw_write));
    let map = typed();
    rows.push(row("write", "typed", move |value| map.gpio_tri().write(value)));
    let checked = Checked::new(Arc::clone(&window));
    rows.push(row("write", "checked, any offset", move |value| checked.write(black_box(TRI), value)));
    let map = simulated();
    rows.push(row("write", "simulated", move |value| map.gpio_tri().write(value)));

    rows.push(row("modify", RAW, move |value| raw_write(raw_read() ^ value)));
    let mut map = typed();
    rows.push(row("modify", "typed", move |value| map.exclusive().gpio_tri().modify(|old| old ^ value)));
    let mut map = simulated();
    rows.push(row("modify", "simulated", move |value| map.exclusive().gpio_tri().modify(|old| old ^ value)));
}
