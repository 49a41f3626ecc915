//! The first instructions: memory becomes memory.
//!
//! With the MMU off, as the emulator and the first-stage boot loader leave it, all of memory is strongly ordered, and what
//! the exclusive accesses of atomic operations do there is nobody's promise. So a flat map is put in place, unless the
//! loader has left one of its own: the DDR memory normal but uncached, everything above it a device. Caches stay off, which
//! costs speed and saves whoever shares memory with a device from maintaining them. A second core is put to sleep.
//!
//! Then the start-up code of `aarch32-rt` goes on with stacks, `.data` and `.bss`.

core::arch::global_asm!(
    r#"
    .section .text._start, "ax", %progbits
    .arm
    .global _start
    .type _start, %function
    _start:
        cpsid   if
        // Who is not the first core sleeps.
        mrc     p15, 0, r0, c0, c0, 5
        tst     r0, #3
    0:  wfine
        bne     0b
        // A map that the loader has left stays.
        mrc     p15, 0, r4, c1, c0, 0
        tst     r4, #1
        bne     3f
        // A section of 1 MB for each entry, all to be accessed by anyone in domain 0: normal memory, not cached, and
        // from 0x40000000 on devices, whose contents are no instructions.
        ldr     r0, =_translation_table
        mov     r1, #0
        movw    r2, #0x1C02
        movw    r3, #0x0C16
    1:  cmp     r1, #0x40000000
        orrlo   r5, r1, r2
        orrhs   r5, r1, r3
        str     r5, [r0], #4
        adds    r1, r1, #0x100000
        bne     1b
        ldr     r0, =_translation_table
        mov     r1, #0
        dsb     sy
        mcr     p15, 0, r1, c8, c7, 0   // TLBs: forget everything
        mcr     p15, 0, r1, c2, c0, 2   // TTBCR: one table
        mcr     p15, 0, r0, c2, c0, 0   // TTBR0: this one
        mov     r1, #1
        mcr     p15, 0, r1, c3, c0, 0   // DACR: domain 0 is checked
        dsb     sy
        isb
        bic     r4, r4, #4              // SCTLR: data cache off, MMU on
        orr     r4, r4, #1
        mcr     p15, 0, r4, c1, c0, 0
        isb
    3:  b       _default_start
    .size _start, . - _start

    .section .uninit.translation_table, "aw", %nobits
    .balign 16384
    _translation_table:
        .space  16384
    "#
);
