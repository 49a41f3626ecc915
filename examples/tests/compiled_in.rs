//! Designs that are compiled in: the example, and the modules of published designs where their files are.

/// What the example prints.
#[test]
fn the_example_follows_the_button() {
    let test = std::env::current_exe().expect("a path");
    let folder = test.ancestors().nth(2).expect("the folder of this build").join("examples");
    let program = folder.join(format!("compiled_in{}", std::env::consts::EXE_SUFFIX));
    let output = std::process::Command::new(&program).output().expect("the example starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = "     10 ms  on\n     30 ms  off\n     40 ms  on\n     45 ms  off\nled_changes=4\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[cfg(not(real_files))]
#[test]
fn published_designs() {
    println!("skipped the real handoff files: PYNQ_HWH_DIR was not set when this was built");
}

/// The modules of real designs compile under the strictest lints and describe the board that the file describes.
#[cfg(real_files)]
#[deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, nonstandard_style)]
mod published {
    use std::{error::Error, path::Path, sync::Arc, time::Duration};

    use pynq::{Level, hwh::Design, sim::Board};
    use pynq_core::{
        AxiIntcConfig,
        design::{AxiIntcBlock, LineKind, Parent, Platform, Wired},
        interrupt::StdLock,
    };
    use pynq_drivers::{AxiGpio, design::channel1};

    include!(concat!(env!("OUT_DIR"), "/z2_base.rs"));
    include!(concat!(env!("OUT_DIR"), "/zcu104_base.rs"));

    fn board(file: &str) -> Result<Board, Box<dyn Error>> {
        let folder = std::env::var_os("PYNQ_HWH_DIR").ok_or("PYNQ_HWH_DIR was set when this was built")?;
        Ok(Board::from_design(&Design::read(Path::new(&folder).join(file))?)?)
    }

    /// Awaits a press of the first button of `buttons` on its line of `intc`.
    macro_rules! await_press {
        ($board:expr, $intc:expr, $irq:expr, $buttons:expr, $output:expr, $path:literal) => {{
            let (board, lock) = ($board, StdLock::new);
            let intc = $intc.node(board.map($intc)?, lock(), board.source($irq)?)?.map(Arc::pin);
            let node = board.map($buttons)?.node::<AxiGpio, _, _, _>(lock(), intc.line($output))?.map(Arc::pin);
            let button = channel1(&node)?.button::<0>()?;
            board.after(Duration::from_millis(5), |board| board.press($path, 0).expect("there is such a button"));
            button.wait_for_level(Level::High)?;
            assert_eq!(board.now().as_millis(), 5);
        }};
    }

    #[test]
    fn z2() -> Result<(), Box<dyn Error>> {
        use z2_base::*;
        assert_eq!(SystemInterrupts::CONFIG, AxiIntcConfig::new(15, u32::MAX));
        assert_eq!(<video::axi_vdma::S2mmIntrout as Wired>::LINE, 0);
        assert_eq!(<<iop_rpi::dff_en_reset_vector_0::Q as Wired>::Parent as Parent>::ROOT, 61);
        assert_eq!(video::AxiVdma::BASE, 0x4300_0000);
        const { assert!(iop_pmoda::MbBramCtrl::IS_MEMORY) };
        let board = board("z2-base.hwh")?;
        await_press!(&board, SystemInterrupts, system_interrupts::Irq, BtnsGpio, btns_gpio::Ip2intcIrpt, "btns_gpio");
        Ok(())
    }

    #[test]
    fn zcu104() -> Result<(), Box<dyn Error>> {
        use zcu104_base::*;
        assert_eq!(AxiIntc0::CONFIG, AxiIntcConfig::new(9, 0xFFFF_FE60));
        assert_eq!(<iop_pmod0::dff_en_reset_vector_0::Q as Wired>::KIND, LineKind::Edge);
        assert_eq!((gpio_btns::Ip2intcIrpt::LINE, gpio_btns::Ip2intcIrpt::KIND), (8, LineKind::Level));
        assert_eq!(<axi_intc_0::Irq as Wired>::Parent::ROOT, 121);
        let board = board("zcu104-base.hwh")?;
        await_press!(&board, AxiIntc0, axi_intc_0::Irq, GpioBtns, gpio_btns::Ip2intcIrpt, "gpio_btns");
        Ok(())
    }
}
