//! Accelerators that high-level synthesis made of a C++ function: their control block and their arguments, as the
//! register tables of handoff files have them.
//!
//! Such a core has the vendor, library and name that its author gave it, so it is known by its registers: CTRL, GIER,
//! IP_IER and IP_ISR at the offsets of the generated control block. A core of library `hls` without these was built
//! without that protocol (`ap_ctrl_none`), or has it in another address range, and has arguments only.
//!
//! An argument is one register or several, whose first field bears its name: `x`, or `x_1` and `x_2` for one of 64 bits. One
//! that goes both ways is two, `x_i` and `x_o`, and an output with a handshake has a register beside it with the field
//! `x_ap_vld`. An array in the address range is `Memory_x`.

use crate::memory_map::IpBlock;
use crate::registers::{Access, Register};

/// What the registers of an accelerator say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HlsCore {
    /// The control block; `None` if the address range has arguments only.
    pub control: Option<HlsControl>,
    /// The arguments, in the order of their offsets.
    pub arguments: Vec<HlsArgument>,
}

/// The control block of an accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HlsControl {
    /// It keeps a result until the program lets it go on (`ap_ctrl_chain`).
    pub chain: bool,
}

/// An argument of an accelerator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HlsArgument {
    /// Its name in the C++ function; `return` for the value that this returns.
    pub name: String,
    /// How many bits it has; 0 for an array.
    pub bits: u32,
    /// Which way it goes, and where it is.
    pub place: HlsPlace,
}

/// Where an argument is: byte offsets in the block's address range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HlsPlace {
    /// The core reads it.
    Input {
        /// Its first word.
        offset: u64,
    },
    /// The core writes it.
    Output {
        /// Its first word.
        offset: u64,
        /// The register whose bit 0 says that it was written; absent for one without a handshake.
        valid: Option<u64>,
    },
    /// The core reads it in one place and writes it in another.
    InOut {
        /// The first word that the core reads.
        input: u64,
        /// The first word that it writes.
        output: u64,
        /// The register whose bit 0 says that it was written.
        valid: Option<u64>,
    },
    /// An array in the address range.
    Memory {
        /// Its first word.
        offset: u64,
        /// Bytes up to whatever comes next: what the array has, rounded up.
        size: u64,
    },
}

/// The most bits of an argument that are believed.
const MAX_BITS: u32 = 4096;

/// Names and offsets of the registers of a control block.
const CONTROL: [(&str, u64); 4] = [("CTRL", 0x00), ("GIER", 0x04), ("IP_IER", 0x08), ("IP_ISR", 0x0C)];

impl IpBlock {
    /// What its registers say of an accelerator made by high-level synthesis; `None` if this is none.
    ///
    /// ```
    /// # let text = include_str!("../fixtures/hls-adder.hwh");
    /// let design = pynq_hwh::Design::parse(text)?;
    /// let adder = design.ip_block("adder")?.accelerator().expect("an accelerator");
    /// let names: Vec<_> = adder.arguments.iter().map(|argument| argument.name.as_str()).collect();
    /// assert_eq!(names, ["a", "b", "c"]);
    /// # Ok::<(), pynq_hwh::Error>(())
    /// ```
    #[must_use]
    pub fn accelerator(&self) -> Option<HlsCore> {
        if self.memory {
            return None;
        }
        let has = |&(name, offset): &(&str, u64)| {
            self.registers.iter().any(|register| register.name == name && register.offset == offset)
        };
        let control = CONTROL.iter().all(has).then(|| HlsControl {
            chain: self
                .register("CTRL")
                .is_some_and(|ctrl| ctrl.fields.iter().any(|field| field.name == "AP_CONTINUE")),
        });
        if control.is_none() && self.vlnv.split(':').nth(1) != Some("hls") {
            return None;
        }
        Some(HlsCore { control, arguments: arguments(self, control.is_some()) })
    }
}

/// Words in a row that bear one name.
struct Words<'r> {
    name: &'r str,
    offset: u64,
    bits: u32,
    count: u64,
    is_output: bool,
}

impl Words<'_> {
    const fn end(&self) -> u64 {
        self.offset + 4 * self.count
    }
}

fn arguments(block: &IpBlock, has_control: bool) -> Vec<HlsArgument> {
    let is_control = |register: &Register| {
        has_control && CONTROL.iter().any(|&(name, offset)| register.name == name && register.offset == offset)
    };
    // An offset that no word has, or beyond the range, is of no use to a driver.
    let usable = |register: &&Register| {
        register.enabled
            && !is_control(register)
            && register.offset % 4 == 0
            && register.offset.checked_add(4).is_some_and(|end| end <= block.size)
    };
    let mut registers: Vec<&Register> = block.registers.iter().filter(usable).collect();
    registers.sort_by_key(|register| register.offset);

    let mut words: Vec<Words<'_>> = Vec::new();
    let mut valid: Vec<(&str, u64)> = Vec::new();
    let mut found = Vec::new();
    for (index, register) in registers.iter().enumerate() {
        if let Some(name) = register.fields.iter().find_map(|field| field.name.strip_suffix("_ap_vld")) {
            valid.push((name, register.offset));
            continue;
        }
        if let Some(name) = register.name.strip_prefix("Memory_").filter(|name| !name.is_empty()) {
            let next = registers.get(index + 1).map_or(block.size, |next| next.offset);
            let place = HlsPlace::Memory { offset: register.offset, size: memory_size(register.offset, next) };
            found.push(HlsArgument { name: name.to_owned(), bits: 0, place });
            continue;
        }
        let (name, bits) = named_bits(register);
        let is_output = register.access == Access::ReadOnly;
        match words.last_mut() {
            Some(last) if last.name == name && last.end() == register.offset && last.bits < MAX_BITS => {
                last.bits = last.bits.saturating_add(bits).min(MAX_BITS);
                last.count += 1;
            }
            _ => words.push(Words { name, offset: register.offset, bits, count: word_count(bits), is_output }),
        }
    }
    found.extend(places(&words, &valid));
    found.sort_by_key(|argument| match argument.place {
        HlsPlace::Input { offset } | HlsPlace::Output { offset, .. } | HlsPlace::Memory { offset, .. } => offset,
        HlsPlace::InOut { input, .. } => input,
    });
    found
}

fn word_count(bits: u32) -> u64 {
    u64::from(bits.div_ceil(32).max(1))
}

/// Bytes of an array at `offset`: it is aligned to its size, a power of two.
const fn memory_size(offset: u64, next: u64) -> u64 {
    let room = next.saturating_sub(offset);
    let aligned = if offset == 0 { room } else { 1 << offset.trailing_zeros() };
    if aligned < room { aligned } else { room }
}

/// The argument that a register is of, and how many bits of it are there.
fn named_bits(register: &Register) -> (&str, u32) {
    let is_data = |name: &str| !name.to_ascii_uppercase().starts_with("RESERVED");
    let data = register.fields.iter().filter(|field| is_data(&field.name));
    let bits = data.clone().fold(0_u32, |bits, field| bits.saturating_add(field.bit_width)).min(MAX_BITS);
    match data.map(|field| field.name.as_str()).find(|name| !name.is_empty()) {
        Some(name) if bits > 0 => (name, bits),
        _ => (&register.name, register.bits.clamp(1, MAX_BITS)),
    }
}

fn places(words: &[Words<'_>], valid: &[(&str, u64)]) -> Vec<HlsArgument> {
    let valid_of = |name: &str| valid.iter().find(|(of, _)| *of == name).map(|(_, offset)| *offset);
    let mut found = Vec::with_capacity(words.len());
    let mut taken = None;
    for (index, word) in words.iter().enumerate() {
        if taken == Some(index) {
            continue;
        }
        // Input, one word between, output.
        let other_way = word.name.strip_suffix("_i").filter(|_| !word.is_output).and_then(|name| {
            let output = words.get(index + 1)?;
            let pairs = output.is_output && output.name.strip_suffix("_o") == Some(name);
            (pairs && output.bits == word.bits && output.offset == word.end() + 4).then_some((name, output))
        });
        let (name, place) = match other_way {
            Some((name, output)) => {
                taken = Some(index + 1);
                let (input, output, valid) = (word.offset, output.offset, valid_of(output.name));
                (name, HlsPlace::InOut { input, output, valid })
            }
            None if word.is_output => (word.name, HlsPlace::Output { offset: word.offset, valid: valid_of(word.name) }),
            None => (word.name, HlsPlace::Input { offset: word.offset }),
        };
        // What the function returns is called so by the generator.
        let name = if name == "ap_return" { "return" } else { name };
        found.push(HlsArgument { name: name.to_owned(), bits: word.bits, place });
    }
    found
}
