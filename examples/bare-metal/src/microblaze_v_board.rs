// A description of QEMU's machine `amd-microblaze-v-generic` by hand, in the form in which pynq-hwh writes designs. To be
// included: `include!("microblaze_v_board.rs")`.

/// The board `amd-microblaze-v-generic`: a RISC-V MicroBlaze-V with blocks on an AXI bus of 100 MHz.
///
/// It is QEMU's own. What has addresses on it and does nothing (GPIO, IIC, SPI flash) is left out.
#[allow(dead_code, unreachable_pub, unused_imports, clippy::module_inception)]
pub mod microblaze_v {
    pub use ::pynq_core::design::{Block as _, Parent as _, Wired as _};

    /// `axi_dma_0`: `axi_dma` 7.1 at `0x41E0_0000`.
    ///
    /// Scatter-gather only. One channel feeds the Ethernet block, the other is fed by it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiDma0;

    impl ::pynq_core::design::Block for AxiDma0 {
        const PATH: &'static str = "axi_dma_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_dma:7.1";
        const BASE: u64 = 0x41E0_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const PARAMETERS: &'static [(&'static str, u64)] = &[
            ("C_INCLUDE_MM2S", 1),
            ("C_INCLUDE_S2MM", 1),
            ("C_INCLUDE_SG", 1),
        ];
        const INTERRUPTS: &'static [&'static str] = &["mm2s_introut", "s2mm_introut"];
    }

    /// `axi_ethernet_0`: `axi_ethernet` 7.2 at `0x40C0_0000`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiEthernet0;

    impl ::pynq_core::design::Block for AxiEthernet0 {
        const PATH: &'static str = "axi_ethernet_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_ethernet:7.2";
        const BASE: u64 = 0x40C0_0000;
        const SIZE: u64 = 0x4_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const INTERRUPTS: &'static [&'static str] = &["interrupt"];
    }

    /// `axi_ethernetlite_0`: `axi_ethernetlite` 3.0 at `0x40E0_0000`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiEthernetlite0;

    impl ::pynq_core::design::Block for AxiEthernetlite0 {
        const PATH: &'static str = "axi_ethernetlite_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_ethernetlite:3.0";
        const BASE: u64 = 0x40E0_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const INTERRUPTS: &'static [&'static str] = &["ip2intc_irpt"];
    }

    /// `axi_intc_0`: `axi_intc` 4.1 at `0x4120_0000`.
    ///
    /// Its output is the machine external interrupt of the processor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiIntc0;

    impl ::pynq_core::design::Block for AxiIntc0 {
        const PATH: &'static str = "axi_intc_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_intc:4.1";
        const BASE: u64 = 0x4120_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const INTERRUPTS: &'static [&'static str] = &["irq"];
    }

    impl ::pynq_core::design::AxiIntcBlock for AxiIntc0 {
        const CONFIG: ::pynq_core::AxiIntcConfig = ::pynq_core::AxiIntcConfig {
            inputs: 10,
            software_interrupts: 0,
            kind_of_intr: 0x2,
            has_sie: true,
            has_cie: true,
            has_ilr: false,
            has_fast: false,
            output_is_level: true,
        };
        type Irq = axi_intc_0::Irq;
    }

    /// `axi_timer_0`: `axi_timer` 2.0 at `0x41C0_0000`.
    ///
    /// Two channels.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiTimer0;

    impl ::pynq_core::design::Block for AxiTimer0 {
        const PATH: &'static str = "axi_timer_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_timer:2.0";
        const BASE: u64 = 0x41C0_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const PARAMETERS: &'static [(&'static str, u64)] = &[
            ("C_COUNT_WIDTH", 32),
            ("C_GEN0_ASSERT", 1),
            ("C_GEN1_ASSERT", 1),
            ("C_ONE_TIMER_ONLY", 0),
        ];
        const INTERRUPTS: &'static [&'static str] = &["interrupt"];
    }

    /// `axi_timer_1`: `axi_timer` 2.0 at `0x41C1_0000`.
    ///
    /// Two channels.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiTimer1;

    impl ::pynq_core::design::Block for AxiTimer1 {
        const PATH: &'static str = "axi_timer_1";
        const VLNV: &'static str = "xilinx.com:ip:axi_timer:2.0";
        const BASE: u64 = 0x41C1_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const PARAMETERS: &'static [(&'static str, u64)] = &[
            ("C_COUNT_WIDTH", 32),
            ("C_GEN0_ASSERT", 1),
            ("C_GEN1_ASSERT", 1),
            ("C_ONE_TIMER_ONLY", 0),
        ];
        const INTERRUPTS: &'static [&'static str] = &["interrupt"];
    }

    /// `axi_uart16550_0`: `axi_uart16550` 2.0 at `0x44A1_0000`.
    ///
    /// Its registers begin at offset `0x1000`, four bytes apart.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiUart16550_0;

    impl ::pynq_core::design::Block for AxiUart16550_0 {
        const PATH: &'static str = "axi_uart16550_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_uart16550:2.0";
        const BASE: u64 = 0x44A1_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const INTERRUPTS: &'static [&'static str] = &["ip2intc_irpt"];
    }

    /// `axi_uartlite_0`: `axi_uartlite` 2.0 at `0x4060_0000`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AxiUartlite0;

    impl ::pynq_core::design::Block for AxiUartlite0 {
        const PATH: &'static str = "axi_uartlite_0";
        const VLNV: &'static str = "xilinx.com:ip:axi_uartlite:2.0";
        const BASE: u64 = 0x4060_0000;
        const SIZE: u64 = 0x1_0000;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
        const PARAMETERS: &'static [(&'static str, u64)] = &[
            ("C_BAUDRATE", 0x1_C200),
            ("C_DATA_BITS", 8),
            ("C_ODD_PARITY", 0),
            ("C_USE_PARITY", 0),
        ];
        const INTERRUPTS: &'static [&'static str] = &["interrupt"];
    }

    /// `lmb_bram_0`: `lmb_bram_if_cntlr` 4.0 at `0x0`.
    ///
    /// Memory beside the processor, which starts in it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LmbBram0;

    impl ::pynq_core::design::Block for LmbBram0 {
        const PATH: &'static str = "lmb_bram_0";
        const VLNV: &'static str = "xilinx.com:ip:lmb_bram_if_cntlr:4.0";
        const BASE: u64 = 0x0;
        const SIZE: u64 = 0x2_0000;
        const IS_MEMORY: bool = true;
        const CLOCK_HZ: Option<u64> = Some(100_000_000);
    }

    /// What lies in `axi_dma_0`.
    pub mod axi_dma_0 {
        /// `axi_dma_0/mm2s_introut`: line 9 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Mm2sIntrout;

        impl ::pynq_core::design::Wired for Mm2sIntrout {
            const PATH: &'static str = "axi_dma_0/mm2s_introut";
            type Block = super::AxiDma0;
            const PORT: &'static str = "mm2s_introut";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 9;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }

        /// `axi_dma_0/s2mm_introut`: line 8 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct S2mmIntrout;

        impl ::pynq_core::design::Wired for S2mmIntrout {
            const PATH: &'static str = "axi_dma_0/s2mm_introut";
            type Block = super::AxiDma0;
            const PORT: &'static str = "s2mm_introut";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 8;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_ethernet_0`.
    pub mod axi_ethernet_0 {
        /// `axi_ethernet_0/interrupt`: line 7 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Interrupt;

        impl ::pynq_core::design::Wired for Interrupt {
            const PATH: &'static str = "axi_ethernet_0/interrupt";
            type Block = super::AxiEthernet0;
            const PORT: &'static str = "interrupt";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 7;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_ethernetlite_0`.
    pub mod axi_ethernetlite_0 {
        /// `axi_ethernetlite_0/ip2intc_irpt`: line 5 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Ip2intcIrpt;

        impl ::pynq_core::design::Wired for Ip2intcIrpt {
            const PATH: &'static str = "axi_ethernetlite_0/ip2intc_irpt";
            type Block = super::AxiEthernetlite0;
            const PORT: &'static str = "ip2intc_irpt";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 5;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_intc_0`.
    pub mod axi_intc_0 {
        /// `axi_intc_0/irq`: interrupt 11 of the processor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Irq;

        impl ::pynq_core::design::Wired for Irq {
            const PATH: &'static str = "axi_intc_0/irq";
            type Block = super::AxiIntc0;
            const PORT: &'static str = "irq";
            type Parent = ::pynq_core::design::Root<11>;
            const LINE: u8 = 0;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_timer_0`.
    pub mod axi_timer_0 {
        /// `axi_timer_0/interrupt`: line 0 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Interrupt;

        impl ::pynq_core::design::Wired for Interrupt {
            const PATH: &'static str = "axi_timer_0/interrupt";
            type Block = super::AxiTimer0;
            const PORT: &'static str = "interrupt";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 0;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_timer_1`.
    pub mod axi_timer_1 {
        /// `axi_timer_1/interrupt`: line 6 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Interrupt;

        impl ::pynq_core::design::Wired for Interrupt {
            const PATH: &'static str = "axi_timer_1/interrupt";
            type Block = super::AxiTimer1;
            const PORT: &'static str = "interrupt";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 6;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_uart16550_0`.
    pub mod axi_uart16550_0 {
        /// `axi_uart16550_0/ip2intc_irpt`: line 4 of `axi_intc_0`, level.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Ip2intcIrpt;

        impl ::pynq_core::design::Wired for Ip2intcIrpt {
            const PATH: &'static str = "axi_uart16550_0/ip2intc_irpt";
            type Block = super::AxiUart16550_0;
            const PORT: &'static str = "ip2intc_irpt";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 4;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Level;
        }
    }

    /// What lies in `axi_uartlite_0`.
    pub mod axi_uartlite_0 {
        /// `axi_uartlite_0/interrupt`: line 1 of `axi_intc_0`, edge.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Interrupt;

        impl ::pynq_core::design::Wired for Interrupt {
            const PATH: &'static str = "axi_uartlite_0/interrupt";
            type Block = super::AxiUartlite0;
            const PORT: &'static str = "interrupt";
            type Parent = super::AxiIntc0;
            const LINE: u8 = 1;
            const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::Edge;
        }
    }
}
