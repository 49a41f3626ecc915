//! Generated modules as programs use them: what the constants say, and that what is built from them works on the board
//! that the same handoff file describes.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, nonstandard_style)]

use std::{error::Error, sync::Arc, time::Duration};

use pynq_core::{
    Clock,
    design::{AxiIntcBlock, Block, LineKind, Parent, Platform, Wired, direct_node, is_ip, parameter},
    interrupt::{InterruptEventExt, Line, StdLock},
};
use pynq_drivers::{
    AxiGpioConfig, Level,
    axi_gpio::{AxiGpioError, ChannelConfig, ChannelDirection},
    design::{AxiGpioBlock, AxiGpioInterrupt},
};
use pynq_hwh::Design;
use pynq_sim::{Board, BoardBuilder};

include!("../../pynq-hwh/fixtures/pynq-z2-buttons.rs");
include!("../../pynq-hwh/fixtures/corners.rs");

const BUTTONS: &str = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
const CORNERS: &str = include_str!("../../pynq-hwh/fixtures/corners.hwh");

type Outcome = Result<(), Box<dyn Error>>;

fn board(text: &str) -> Result<Board, Box<dyn Error>> {
    Ok(Board::from_design(&Design::parse(text)?)?)
}

/// A generated type against what the handoff file says, read at run time.
fn block_is_as_designed<B: Block>(design: &Design, _: B) {
    let block = design.ip_block(B::PATH).expect(B::PATH);
    assert_eq!((B::VLNV, B::BASE, B::SIZE), (block.vlnv.as_str(), block.base, block.size));
    assert_eq!((B::IS_MEMORY, B::CLOCK_HZ), (block.memory, block.clock_hz));
    assert!(is_ip::<B>(block.vlnv_without_version()));
    assert!(B::PARAMETERS.is_sorted());
    for (name, value) in B::PARAMETERS {
        let number = block.parameters.integer(name).ok();
        assert_eq!(number.or(block.parameters.boolean(name).ok().map(u64::from)), Some(*value), "{} {name}", B::PATH);
        assert_eq!(parameter::<B>(name), Some(*value));
    }
}

fn output_is_as_designed<W: Wired>(design: &Design, _: W) {
    let chain = design.interrupt(W::PATH).expect(W::PATH);
    assert_eq!(Some(<W::Parent as Parent>::ROOT), chain.ps_irq, "{}", W::PATH);
    assert_eq!(usize::from(<W::Parent as Parent>::DEPTH), chain.hops.len(), "{}", W::PATH);
    assert_eq!(u32::from(W::LINE), chain.hops.last().map_or(chain.ps_line, |hop| hop.line), "{}", W::PATH);
    if let Some(hop) = chain.hops.last() {
        let kind = if W::KIND == LineKind::Edge { "edge" } else { "level" };
        assert_eq!(kind, hop.kind.as_str(), "{}", W::PATH);
    }
}

#[test]
fn constants_are_those_of_the_handoff_file() {
    let design = Design::parse(BUTTONS).expect("our own file");
    use buttons::*;
    block_is_as_designed(&design, BtnsGpio);
    block_is_as_designed(&design, LedsGpio);
    block_is_as_designed(&design, RgbledsGpio);
    block_is_as_designed(&design, SwitchesGpio);
    block_is_as_designed(&design, SystemInterrupts);
    output_is_as_designed(&design, btns_gpio::Ip2intcIrpt);
    output_is_as_designed(&design, switches_gpio::Ip2intcIrpt);
    let design = Design::parse(CORNERS).expect("our own file");
    use corners::{deep::*, type_::spi0::*, *};
    block_is_as_designed(&design, Dual);
    block_is_as_designed(&design, Root);
    block_is_as_designed(&design, Unwired);
    block_is_as_designed(&design, Inner);
    block_is_as_designed(&design, Many);
    block_is_as_designed(&design, SAxi);
    block_is_as_designed(&design, SAxiData);
    output_is_as_designed(&design, many::IrqBit0);
    output_is_as_designed(&design, many::IrqBit1);
    output_is_as_designed(&design, dual::Ip2intcIrpt);
    output_is_as_designed(&design, flop::Q);
    output_is_as_designed(&design, other::flop::Q);
}

#[test]
fn configurations_are_what_was_built() {
    let inputs = ChannelConfig::inputs(4);
    assert_eq!(buttons::BtnsGpio::CONFIG, AxiGpioConfig::new(inputs).with_interrupt());
    assert_eq!(buttons::RgbledsGpio::CONFIG, AxiGpioConfig::new(ChannelConfig::outputs(6)));
    let mut outputs = ChannelConfig::outputs(2);
    outputs.dout_default = 1;
    let dual = AxiGpioConfig::new(ChannelConfig::bidirectional(8)).dual(outputs).with_interrupt();
    assert_eq!(corners::Dual::CONFIG, dual);
    assert_eq!(corners::Unwired::CONFIG.channel1.direction, ChannelDirection::Bidirectional);
    let (root, inner) = (corners::Root::CONFIG, corners::deep::Inner::CONFIG);
    assert_eq!((root.inputs, root.kind_of_intr, root.has_sie, root.has_cie), (2, 0xFFFF_FFFE, false, true));
    assert_eq!((inner.inputs, inner.software_interrupts, inner.has_sie), (2, 1, true));
    assert_eq!((corners::root::Irq::KIND, corners::flop::Q::KIND), (LineKind::Level, LineKind::Edge));
    assert_eq!((buttons::CLOCK0_HZ, buttons::CLOCK1_HZ), (100_000_000, 142_000_000));
    assert_eq!((buttons::EMIO_PL_SOFT_RESET, corners::EMIO_RESET_LINES), (1, 1));
}

#[test]
fn a_press_wakes_who_waits_for_it() -> Outcome {
    use buttons::{BtnsGpio, LedsGpio, SystemInterrupts, btns_gpio, system_interrupts};
    let board = board(BUTTONS)?;
    let root = board.source(system_interrupts::Irq)?;
    let intc = SystemInterrupts.node(board.map(SystemInterrupts)?, StdLock::new(), root)?.map(Arc::new);
    let line = intc.line(btns_gpio::Ip2intcIrpt);
    let buttons = BtnsGpio.node(board.map(BtnsGpio)?, StdLock::new(), line)?.map(Arc::new);
    let leds = LedsGpio.node_without_interrupt(board.map(LedsGpio)?, StdLock::new())?.map(Arc::new);
    let (button, led) = (BtnsGpio.channel1(&buttons)?.button::<2>()?, LedsGpio.channel1(&leds)?.led::<2>()?);

    board.after(Duration::from_millis(20), |board| board.press("btns_gpio", 2).expect("there is such a button"));
    board.after(Duration::from_millis(50), |board| board.release("btns_gpio", 2).expect("there is such a button"));
    board.block_on(async {
        button.wait_for_level_async(Level::High).await?;
        led.on()?;
        button.wait_for_level_async(Level::Low).await?;
        led.off()
    })??;
    let log: Vec<_> = board.output_log().iter().map(|change| (change.time.as_millis(), change.value)).collect();
    assert_eq!(log, [(20, 0b100), (50, 0)]);
    Ok(())
}

#[test]
fn a_cascade_and_a_direct_line_are_wired_as_designed() -> Outcome {
    use corners::{Dual, Root, deep, dual, flop, root};
    let board = board(CORNERS)?;
    let source = board.source(root::Irq)?;
    let top = Root.node(board.map(Root)?, StdLock::new(), source)?.map(Arc::new);
    let inner = deep::Inner.node(board.map(deep::Inner)?, StdLock::new(), top.line(deep::inner::Irq))?.map(Arc::new);
    let direct = direct_node(StdLock::new(), board.source(flop::Q)?).map(Arc::new);
    let mut many = inner.event(deep::many::IrqBit1)?;
    let mut flop = Line::new(direct.into_inner(), 0)?;
    let gpio = Dual.node(board.map(Dual)?, StdLock::new(), top.line(dual::Ip2intcIrpt))?.map(Arc::new);
    let pin = Dual.channel1(&gpio)?.button::<7>()?;
    let led = Dual.channel2(&gpio)?.led::<1>()?;

    let ms = Duration::from_millis;
    board.after(ms(10), |board| board.pulse_line("deep/many/irq[1]").expect("there is such a line"));
    board.after(ms(20), |board| board.pulse_line("flop/q").expect("there is such a line"));
    board.after(ms(30), |board| board.press("dual", 7).expect("there is such a pin"));
    let now = || board.clock().now().as_millis();
    let mut times = Vec::new();
    board.block_on(async {
        many.wait_async().await?;
        times.push(now());
        flop.wait_async().await?;
        times.push(now());
        pin.wait_for_level_async(Level::High).await?;
        times.push(now());
        led.on()
    })??;
    assert_eq!(times, [10, 20, 30]);
    assert_eq!(board.output_log().last().map(|change| change.value), Some(0b11), "LED 0 is lit from reset on");
    Ok(())
}

#[test]
fn without_its_interrupt_a_block_says_so() -> Outcome {
    use buttons::SwitchesGpio;
    let board = board(BUTTONS)?;
    let node = SwitchesGpio.node_without_interrupt(board.map(SwitchesGpio)?, StdLock::new())?.map(Arc::new);
    let switch = SwitchesGpio.channel1(&node)?.switch::<0>()?;
    assert!(!switch.is_on()?);
    let unavailable = Err(AxiGpioError::Node(pynq_core::Error::InterruptsUnavailable));
    assert_eq!(switch.wait_for_level(Level::High), unavailable);
    assert_eq!(board.block_on(switch.wait_for_level_async(Level::High))?, unavailable);
    Ok(())
}

#[test]
fn a_board_of_another_design_is_refused() -> Outcome {
    let other = BUTTONS.replace("0x4121", "0x4129");
    let refused = board(&other)?.map(buttons::BtnsGpio).expect_err("another address").to_string();
    assert!(refused.contains("\"btns_gpio\"") && refused.contains("0x41290000") && refused.contains("0x41210000"));
    let empty: Board = BoardBuilder::from_design(&Design::default(), |_| None).build()?;
    assert!(empty.map(buttons::BtnsGpio).is_err() && empty.source(buttons::system_interrupts::Irq).is_err());
    Ok(())
}
