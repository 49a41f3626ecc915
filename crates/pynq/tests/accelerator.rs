//! Accelerators of a handoff file, by name.
#![cfg(feature = "sim")]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use pynq::{HlsError, Overlay, hwh::Design, sim::Models};

const ZOO: &str = include_str!("../../pynq-hwh/fixtures/hls-zoo.hwh");

include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/hls-zoo.rs"));

fn add(overlay: &Overlay) -> pynq::Result<i32> {
    let [sum] = overlay.accelerator("adder")?.call(&[("a", 40.into()), ("b", (-2).into())], ["c"])?;
    Ok(sum.to()?)
}

fn adder(models: Models) -> Models {
    models.accelerator("adder", |args, _, _| {
        args.set("c", args.get("a").wrapping_add(args.get("b")));
        10_u64
    })
}

#[test]
fn an_accelerator_of_another_vendor_with_arguments_of_every_kind() -> pynq::Result<()> {
    let models = Models::new().accelerator("filters/many", |args, _, _| {
        assert_eq!((args.get("flag"), args.signed("gain"), args.get("type")), (1, -3, 200));
        args.set("total", args.get("seed").wrapping_add(args.get("input_r")));
        args.set("state", args.get("state") + 1);
        let sum = args.array("taps").iter().sum::<u32>();
        args.set("return", sum.into());
        25_u64
    });
    let overlay = Overlay::simulated_from_str_with(ZOO, models)?;
    let many = overlay.accelerator("filters/many")?;
    many.write_memory("taps", 0, &[1; 32])?;
    let (flag, gain, seed) = (true, -3_i16, 1_u64 << 40);
    let inputs = [
        ("flag", flag.into()),
        ("gain", gain.into()),
        ("seed", seed.into()),
        ("state", 41_u32.into()),
        ("input_r", 2_u64.into()),
        ("type", 200_u8.into()),
    ];
    for _ in 0..3 {
        let [total, state, sum] = many.call(&inputs, ["total", "state", "return"])?;
        assert_eq!((total.to::<u64>()?, state.to::<u32>()?, sum.to::<i32>()?), ((1 << 40) + 2, 42, 32));
    }
    assert_eq!(overlay.statistics().spurious, 0);
    Ok(())
}

/// The same by the generated types, which the compiler checks.
#[test]
fn generated_drivers_have_a_method_for_each_argument() -> pynq::Result<()> {
    let models = adder(Models::new()).accelerator("filters/many", |args, _, _| {
        args.set("total", args.get("seed") + args.get("type"));
        args.set("state", args.get("state") + args.get("gain"));
        let tap = args.array("taps")[1];
        args.set("return", tap.into());
        25_u64
    });
    let overlay = Overlay::simulated_from_str_with(ZOO, models)?;
    let adder = overlay.block::<zoo::adder::Accelerator>("adder")?;
    let sum: i32 = adder.call(-20, 62)?;
    assert_eq!((sum, adder.get_a::<i32>()?), (42, -20));
    adder.set_b(1.5_f32)?;
    assert_eq!(adder.get_b::<f32>()?, 1.5);
    let awaited: u32 = overlay.block_on(adder.call_async(1_u32, 2_u16))??;
    assert_eq!(awaited, 3);

    let many = overlay.block::<zoo::filters::many::Accelerator>("filters/many")?;
    many.write_taps(1, &[7])?;
    let (sum, state, total): (i32, u32, u64) = many.call(true, 2_i16, 1_u64 << 50, 40, 0_u64, 5_u8)?;
    assert_eq!((sum, state, total), (7, 42, (1 << 50) + 5));

    // Names that no identifier can have, two that become the same, and a keyword.
    let mixer = overlay.block::<zoo::mixer::Accelerator>("mixer")?;
    mixer.set_left_r(1_u8)?;
    mixer.set_left_r_2(2_u8)?;
    mixer.set_self(3_u32)?;
    assert_eq!((mixer.get_left_r::<u8>()?, mixer.get_left_r_2::<u8>()?, mixer.get_self::<u32>()?), (1, 2, 3));
    let hostile = mixer.driver().arguments()[4].name();
    assert_eq!(hostile, "\"} compile_error!(\"x\\\"); `#[");
    Ok(())
}

#[test]
fn what_is_wrong_has_the_name_of_the_block() -> pynq::Result<()> {
    let overlay = Overlay::simulated_from_str_with(ZOO, adder(Models::new()))?;
    let no_accelerator = overlay.accelerator("interrupts").unwrap_err().to_string();
    for part in ["`interrupts` is no accelerator", "`adder`", "`filters/many`", "`mixer`", "`unwired`"] {
        assert!(no_accelerator.contains(part), "{no_accelerator}");
    }
    assert!(overlay.accelerator("ader").unwrap_err().to_string().contains("`adder`"));
    let adder = overlay.accelerator("adder")?;
    let error = pynq::Error::from(adder.set("x", 1).unwrap_err());
    assert!(error.to_string().starts_with("`adder`: no argument `x`; the accelerator has `a`, `b`, `c`"), "{error}");
    let unwired = overlay.accelerator("unwired")?.call(&[("x", 1.into())], []).unwrap_err();
    assert_eq!(*unwired.cause(), HlsError::NoInterrupt);
    assert!(unwired.to_string().starts_with("`unwired`: the accelerator's interrupt does not reach"), "{unwired}");
    let mixer = overlay.accelerator("mixer")?;
    mixer.set("left_r", 7)?;
    assert_eq!((mixer.get::<u8>("left_r")?, mixer.start().unwrap_err().into_cause()), (7, HlsError::NoControl));
    Ok(())
}

#[test]
fn models_are_for_blocks_that_the_design_has() {
    let error = Overlay::simulated_from_str_with(ZOO, Models::new().accelerator("add", |_, _, _| 1_u64)).unwrap_err();
    assert!(error.to_string().contains("\"add\"") && error.to_string().contains("adder"), "{error}");
    let error = Overlay::simulated_from_str_with(ZOO, Models::new().accelerator("interrupts", |_, _, _| 1_u64));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`interrupts` is `xilinx.com:ip:axi_intc:4.1` and not an accelerator"), "{error}");
}

#[test]
fn a_reload_ends_a_call_and_gives_a_fresh_accelerator() -> pynq::Result<()> {
    let overlay = Overlay::simulated_from_str_with(ZOO, adder(Models::new()))?;
    assert_eq!(add(&overlay)?, 38);
    let before = overlay.accelerator("adder")?;
    overlay.reload()?;
    assert!(before.call(&[], ["c"]).unwrap_err().is_invalidated());
    assert_eq!(add(&overlay)?, 38);
    Ok(())
}

/// The trace controllers of the PYNQ-Z2's base design: their interrupt is not wired, so they are started and polled.
#[test]
fn accelerators_of_a_real_design() -> pynq::Result<()> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR is not set");
        return Ok(());
    };
    let design = Design::read(std::path::Path::new(&folder).join("z2-base.hwh")).expect("a real file");
    let seen = Arc::new(AtomicU64::new(0));
    let trigger = Arc::clone(&seen);
    let path = "trace_analyzer_pi/trace_cntrl_64_0";
    let models = Models::new().accelerator(path, move |args, _, _| {
        trigger.store(args.get("trigger_V") + args.get("length_r"), Ordering::Relaxed);
        1000_u64
    });
    let board = models.board(&design)?;
    let overlay = Overlay::on_board(design, board);
    let trace = overlay.accelerator(path)?;
    trace.set("trigger_V", 1_u64 << 33)?;
    trace.set("length_r", 16_u32)?;
    trace.start()?;
    assert!(!trace.is_idle()?);
    overlay.simulation().expect("a simulated board").advance(std::time::Duration::from_micros(100));
    assert!(trace.is_idle()?);
    assert_eq!(seen.load(Ordering::Relaxed), (1 << 33) + 16);
    let convert = overlay.accelerator("video/hdmi_in/color_convert")?;
    convert.set("c1_c1_V", 512_u16)?;
    assert_eq!(convert.get::<u16>("c1_c1_V")?, 512);
    Ok(())
}
