//! Generated modules as programs use them: what the constants say, and that what is built from them works on the board
//! that the same handoff file describes.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, nonstandard_style)]

use std::{error::Error, sync::Arc, time::Duration};

use pynq_core::{
    AxiIntcHardware, BlockError, BlockName, Clock, Driver, Parameters,
    design::{AxiIntcBlock, Block, LineKind, Of, Parent, Platform, Wired, direct_node, is_ip, parameter},
    interrupt::{Line, NodeHandle, StdLock},
};
use pynq_drivers::{
    AxiGpio, AxiGpioConfig, AxiTimer, AxiTimerConfig, AxiUartLite, AxiUartLiteConfig, Level,
    axi_gpio::{AxiGpioError, ChannelConfig, ChannelDirection},
    axi_uartlite::Parity,
    design::{channel1, channel2, timer_channel},
};
use pynq_hwh::Design;
use pynq_sim::{
    Board, BoardBuilder, Window,
    models::{AxiIntcModel, AxiTimerModel, IntcParams, RegisterModel, TimerParams},
};

include!("../../pynq-hwh/fixtures/pynq-z2-buttons.rs");
include!("../../pynq-hwh/fixtures/corners.rs");
include!("../../../examples/bare-metal/src/microblaze_v_board.rs");

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
    block_is_as_designed(&design, Timer);
    block_is_as_designed(&design, Uart);
    block_is_as_designed(&design, Unclocked);
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
    output_is_as_designed(&design, timer::Interrupt);
    output_is_as_designed(&design, uart::Interrupt);
}

/// What the driver `D` makes of the block's constants.
fn configured<D: Driver, B: Block>(_: B) -> D::Config {
    assert!(is_ip::<B>(D::VLNV));
    D::configure(&Parameters::of::<B>()).expect("a block that can be built")
}

#[test]
fn configurations_are_what_was_built() {
    let inputs = ChannelConfig::inputs(4);
    assert_eq!(configured::<AxiGpio, _>(buttons::BtnsGpio), AxiGpioConfig::new(inputs).with_interrupt());
    assert_eq!(configured::<AxiGpio, _>(buttons::RgbledsGpio), AxiGpioConfig::new(ChannelConfig::outputs(6)));
    let mut outputs = ChannelConfig::outputs(2);
    outputs.dout_default = 1;
    let dual = AxiGpioConfig::new(ChannelConfig::bidirectional(8)).dual(outputs).with_interrupt();
    assert_eq!(configured::<AxiGpio, _>(corners::Dual), dual);
    assert_eq!(configured::<AxiGpio, _>(corners::Unwired).channel1.direction, ChannelDirection::Bidirectional);
    let (root, inner) = (corners::Root::CONFIG, corners::deep::Inner::CONFIG);
    assert_eq!((root.inputs, root.kind_of_intr, root.has_sie, root.has_cie), (2, 0xFFFF_FFFE, false, true));
    assert_eq!((inner.inputs, inner.software_interrupts, inner.has_sie), (2, 1, true));
    let timer =
        AxiTimerConfig { clock_hz: 50_000_000, count_width: 16, one_timer_only: true, generate_active_high: true };
    assert_eq!(configured::<AxiTimer, _>(corners::Timer), timer);
    assert_eq!(
        configured::<AxiUartLite, _>(corners::Uart),
        AxiUartLiteConfig { baud_rate: 115_200, data_bits: 7, parity: Parity::Odd }
    );
    assert_eq!(corners::uart::Interrupt::KIND, LineKind::Edge);
    assert_eq!((corners::root::Irq::KIND, corners::flop::Q::KIND), (LineKind::Level, LineKind::Edge));
    assert_eq!((buttons::CLOCK0_HZ, buttons::CLOCK1_HZ), (100_000_000, 142_000_000));
    assert_eq!((buttons::EMIO_PL_SOFT_RESET, corners::EMIO_RESET_LINES), (1, 1));
}

/// A value that no block can have been built with is refused by the one place that decodes it.
#[test]
fn parameters_that_make_no_sense_are_refused() {
    fn refused<D: Driver>(built: &Parameters<'_>) -> String {
        D::configure(built).map(drop).expect_err("no such block").to_string()
    }
    let number = |name, value| [(name, value)];
    for (name, value, says) in [
        ("C_DATA_BITS", 4, "C_DATA_BITS is 4, and can be 5 to 8"),
        ("C_DATA_BITS", 9, "C_DATA_BITS is 9, and can be 5 to 8"),
        ("C_BAUDRATE", 0, "C_BAUDRATE is 0, and can be 1 to 4294967295"),
        ("C_USE_PARITY", 2, "C_USE_PARITY is 2, and can be 0 to 1"),
    ] {
        let message = refused::<AxiUartLite>(&Parameters::new(&number(name, value), None));
        assert!(message.starts_with(says), "{message}");
    }
    for (name, value, says) in [
        ("C_GPIO_WIDTH", 0, "C_GPIO_WIDTH is 0, and can be 1 to 32"),
        ("C_GPIO_WIDTH", 33, "C_GPIO_WIDTH is 33, and can be 1 to 32"),
        ("C_DOUT_DEFAULT", 1 << 32, "C_DOUT_DEFAULT is 4294967296, and can be 0 to 4294967295"),
        ("C_IS_DUAL", 2, "C_IS_DUAL is 2, and can be 0 to 1"),
    ] {
        let message = refused::<AxiGpio>(&Parameters::new(&number(name, value), None));
        assert!(message.starts_with(says), "{message}");
    }
    for (name, value, hz, says) in [
        ("C_COUNT_WIDTH", 24, Some(1), "C_COUNT_WIDTH is 24, and can be 8, 16 or 32"),
        ("C_COUNT_WIDTH", 32, None, "the frequency of its clock is not known, and has to be 1 to 4294967295"),
        ("C_COUNT_WIDTH", 32, Some(0), "the frequency of its clock is 0, and can be 1 to 4294967295"),
    ] {
        let message = refused::<AxiTimer>(&Parameters::new(&number(name, value), hz));
        assert!(message.starts_with(says), "{message}");
    }
    let text = refused::<AxiGpio>(&Parameters::new(&[], None).with_texts(&["C_GPIO_WIDTH"]));
    assert!(text.starts_with("C_GPIO_WIDTH is no number, and can be 1 to 32"), "{text}");
}

#[test]
fn a_press_wakes_who_waits_for_it() -> Outcome {
    use buttons::{BtnsGpio, LedsGpio, SystemInterrupts, btns_gpio, system_interrupts};
    let board = board(BUTTONS)?;
    let root = board.source(system_interrupts::Irq)?;
    let intc = SystemInterrupts.node(board.map(SystemInterrupts)?, StdLock::new(), root)?.map(Arc::pin);
    let line = intc.line(btns_gpio::Ip2intcIrpt);
    let buttons = board.map(BtnsGpio)?.node::<AxiGpio, _, _, _>(StdLock::new(), line)?.map(Arc::pin);
    let leds = board.map(LedsGpio)?.node_without_interrupt::<AxiGpio, _>(StdLock::new())?.map(Arc::pin);
    let (button, led) = (channel1(&buttons)?.button::<2>()?, channel1(&leds)?.led::<2>()?);

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
    let top = Root.node(board.map(Root)?, StdLock::new(), source)?.map(Arc::pin);
    let inner = deep::Inner.node(board.map(deep::Inner)?, StdLock::new(), top.line(deep::inner::Irq))?.map(Arc::pin);
    let direct = direct_node(StdLock::new(), board.source(flop::Q)?).map(Arc::pin);
    let mut many = inner.event(deep::many::IrqBit1)?;
    let mut flop = Line::new(direct.into_inner(), 0)?;
    let gpio = board.map(Dual)?.node::<AxiGpio, _, _, _>(StdLock::new(), top.line(dual::Ip2intcIrpt))?.map(Arc::pin);
    let pin = channel1(&gpio)?.button::<7>()?;
    let led = channel2(&gpio)?.led::<1>()?;

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
        led.on()?;
        Ok::<(), Box<dyn Error>>(())
    })??;
    assert_eq!(times, [10, 20, 30]);
    assert_eq!(board.output_log().last().map(|change| change.value), Some(0b11), "LED 0 is lit from reset on");
    Ok(())
}

#[test]
fn without_its_interrupt_a_block_says_so() -> Outcome {
    use buttons::SwitchesGpio;
    let board = board(BUTTONS)?;
    let node = board.map(SwitchesGpio)?.node_without_interrupt::<AxiGpio, _>(StdLock::new())?.map(Arc::pin);
    let switch = channel1(&node)?.switch::<0>()?;
    assert!(!switch.is_on()?);
    let unavailable = Err(BlockError::new(
        BlockName::new("switches_gpio"),
        AxiGpioError::Node(pynq_core::Error::InterruptsUnavailable),
    ));
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

/// The time to the nearest millisecond: a timer is a few clocks early or late.
fn nearest_milli(board: &Board) -> u64 {
    (board.now().as_nanos() + 500_000) / 1_000_000
}

#[test]
fn a_timer_ticks_through_its_constants() -> Outcome {
    use corners::{Timer, timer};
    let board = board(CORNERS)?;
    let source = board.source(timer::Interrupt)?;
    let node = board.map(Timer)?.node::<AxiTimer, _, _, _>(StdLock::new(), source)?.map(Arc::pin);
    let mut ticks = timer_channel::<0, _, _>(&node)?;
    // 16 bits at 50 MHz are over after 1.3 ms.
    ticks.start_periodic(Duration::from_millis(1))?;
    board.block_on(async { ticks.wait_async().await })??;
    assert_eq!(nearest_milli(&board), 1);
    assert!(ticks.start_periodic(Duration::from_millis(2)).is_err());
    Ok(())
}

/// The board by its table: path of the controller's source, and input.
const MICROBLAZE_V: [(&str, usize); 8] = [
    ("axi_timer_0/interrupt", 0),
    ("axi_uartlite_0/interrupt", 1),
    ("axi_uart16550_0/ip2intc_irpt", 4),
    ("axi_ethernetlite_0/ip2intc_irpt", 5),
    ("axi_timer_1/interrupt", 6),
    ("axi_ethernet_0/interrupt", 7),
    ("axi_dma_0/s2mm_introut", 8),
    ("axi_dma_0/mm2s_introut", 9),
];

/// A simulated board with the addresses and the wires of the MicroBlaze-V one.
fn microblaze_v_board() -> Result<Board, pynq_sim::Error> {
    let line = |name: &str| RegisterModel::new().with_output(name.into(), 1);
    let dma = line("mm2s_introut").with_output("s2mm_introut".into(), 1);
    let intc = IntcParams { inputs: 10, kind_of_intr: 0x2, ..IntcParams::default() };
    let board = Board::builder()
        .device("axi_intc_0", 0x4120_0000, 0x1_0000, AxiIntcModel::new(intc))
        .device("axi_timer_0", 0x41c0_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
        .device("axi_timer_1", 0x41c1_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
        .device("axi_uartlite_0", 0x4060_0000, 0x1_0000, line("interrupt"))
        .device("axi_uart16550_0", 0x44a1_0000, 0x1_0000, line("ip2intc_irpt"))
        .device("axi_ethernetlite_0", 0x40e0_0000, 0x1_0000, line("ip2intc_irpt"))
        .device("axi_ethernet_0", 0x40c0_0000, 0x4_0000, line("interrupt"))
        .device("axi_dma_0", 0x41e0_0000, 0x1_0000, dma)
        .memory("lmb_bram_0", 0, 0x2_0000)
        .interrupt("axi_intc_0/irq", 11);
    let wire = |board: BoardBuilder, (source, input)| board.wire(source, &format!("axi_intc_0/intr[{input}]"));
    MICROBLAZE_V.into_iter().fold(board, wire).build()
}

/// Waits for the output `output` while its line, and no other, is raised.
fn hears<W: Wired<Parent = microblaze_v::AxiIntc0>, P: Clone + Into<NodeHandle<AxiIntcHardware<Window>>>>(
    board: &Board,
    intc: &Of<microblaze_v::AxiIntc0, P>,
    output: W,
) -> Outcome {
    let mut event = intc.event(output)?;
    let at = board.now();
    board.after(Duration::from_millis(1), |board| board.set_line(W::PATH, true).expect("there is such a line"));
    board.block_on(async { event.wait_async().await })??;
    assert_eq!(board.now().as_millis(), at.as_millis() + 1, "{}", W::PATH);
    board.set_line(W::PATH, false)?;
    Ok(())
}

#[test]
fn the_description_by_hand_is_of_the_same_form() -> Outcome {
    use microblaze_v::*;
    let board = microblaze_v_board()?;
    let root = board.source(axi_intc_0::Irq)?;
    let intc = AxiIntc0.node(board.map(AxiIntc0)?, StdLock::new(), root)?.map(Arc::pin);
    hears(&board, &intc, axi_uartlite_0::Interrupt)?;
    hears(&board, &intc, axi_uart16550_0::Ip2intcIrpt)?;
    hears(&board, &intc, axi_ethernetlite_0::Ip2intcIrpt)?;
    hears(&board, &intc, axi_ethernet_0::Interrupt)?;
    hears(&board, &intc, axi_dma_0::Mm2sIntrout)?;
    hears(&board, &intc, axi_dma_0::S2mmIntrout)?;
    board.map(AxiUartlite0)?;
    board.map(AxiUart16550_0)?;
    board.map(AxiEthernetlite0)?;
    board.map(AxiEthernet0)?;
    board.map(AxiDma0)?;
    board.map(LmbBram0)?;

    let line = intc.line(axi_uartlite_0::Interrupt);
    let uart = board.map(AxiUartlite0)?.node::<AxiUartLite, _, _, _>(StdLock::new(), line)?.map(Arc::pin);
    assert_eq!(uart.driver::<AxiUartLite>()?.config().baud_rate, 115_200);

    let line = intc.line(axi_timer_0::Interrupt);
    let first = board.map(AxiTimer0)?.node::<AxiTimer, _, _, _>(StdLock::new(), line)?.map(Arc::pin);
    let line = intc.line(axi_timer_1::Interrupt);
    let second = board.map(AxiTimer1)?.node::<AxiTimer, _, _, _>(StdLock::new(), line)?.map(Arc::pin);
    let mut ticks = timer_channel::<0, _, _>(&first)?;
    let mut delay = timer_channel::<1, _, _>(&second)?.into_delay()?;
    let start = nearest_milli(&board);
    ticks.start_periodic(Duration::from_millis(3))?;
    board.block_on(async {
        ticks.wait_async().await?;
        delay.delay_async(Duration::from_millis(1)).await
    })??;
    assert_eq!(nearest_milli(&board), start + 4);
    Ok(())
}
