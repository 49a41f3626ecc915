//! Accelerators in handoff files: what their register tables say.

use pynq_hwh::{Design, HlsArgument, HlsPlace};

fn zoo() -> Design {
    Design::parse(include_str!("../fixtures/hls-zoo.hwh")).expect("our own file")
}

fn shown(arguments: &[HlsArgument]) -> Vec<(&str, u32, HlsPlace)> {
    arguments.iter().map(|argument| (argument.name.as_str(), argument.bits, argument.place)).collect()
}

#[test]
fn an_accelerator_is_known_by_its_registers_whatever_its_library() {
    let many = zoo().ip["filters/many"].accelerator().expect("an accelerator");
    assert!(many.control.expect("a control block").chain);
    assert_eq!(
        shown(&many.arguments),
        [
            ("return", 32, HlsPlace::Output { offset: 0x10, valid: None }),
            ("flag", 1, HlsPlace::Input { offset: 0x18 }),
            ("gain", 16, HlsPlace::Input { offset: 0x20 }),
            ("seed", 64, HlsPlace::Input { offset: 0x28 }),
            ("state", 32, HlsPlace::InOut { input: 0x34, output: 0x3C, valid: Some(0x40) }),
            ("total", 64, HlsPlace::Output { offset: 0x44, valid: Some(0x4C) }),
            ("input_r", 64, HlsPlace::Input { offset: 0x50 }),
            ("taps", 0, HlsPlace::Memory { offset: 0x80, size: 0x80 }),
            ("type", 8, HlsPlace::Input { offset: 0x100 }),
        ]
    );
}

#[test]
fn the_library_is_enough_for_one_with_arguments_only() {
    let mixer = zoo().ip["mixer"].accelerator().expect("an accelerator");
    assert_eq!(mixer.control, None);
    let inputs = [("left_r", 8, HlsPlace::Input { offset: 0x10 }), ("right_r", 8, HlsPlace::Input { offset: 0x18 })];
    assert_eq!(shown(&mixer.arguments)[..2], inputs);
    assert_eq!(mixer.arguments.len(), 5, "names that no identifier can have, and a keyword");
    assert_eq!(zoo().ip["interrupts"].accelerator(), None);
}

#[test]
fn a_register_that_no_word_is_at_is_no_argument() {
    let text = include_str!("../fixtures/hls-adder.hwh");
    for (from, to) in [(r#"VALUE="16""#, r#"VALUE="18""#), (r#"VALUE="16""#, r#"VALUE="65536""#)] {
        let adder = Design::parse(&text.replacen(from, to, 1)).unwrap().ip["adder"].accelerator().unwrap();
        let names: Vec<_> = adder.arguments.iter().map(|argument| argument.name.as_str()).collect();
        assert_eq!(names, ["b", "c"], "{to}");
    }
    // Two blocks of registers that claim one place, and widths that nothing has.
    let text = text.replace(r#"NAME="BIT_WIDTH" VALUE="32""#, r#"NAME="BIT_WIDTH" VALUE="4294967295""#);
    let adder = Design::parse(&text).unwrap().ip["adder"].accelerator().unwrap();
    assert!(adder.arguments.iter().all(|argument| argument.bits <= 4096), "{adder:?}");
}

#[test]
fn accelerators_of_real_designs() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR is not set");
        return;
    };
    let design = Design::read(std::path::Path::new(&folder).join("z2-base.hwh")).expect("a real file");
    let wide = design.ip["trace_analyzer_pi/trace_cntrl_64_0"].accelerator().expect("an accelerator");
    assert_eq!(wide.control.map(|control| control.chain), Some(false));
    let expected =
        [("trigger_V", 64, HlsPlace::Input { offset: 0x10 }), ("length_r", 32, HlsPlace::Input { offset: 0x1C })];
    assert_eq!(shown(&wide.arguments), expected);
    let convert = design.ip["video/hdmi_in/color_convert"].accelerator().expect("an accelerator");
    assert!(convert.control.is_none() && convert.arguments.len() == 12, "{convert:?}");
    let others = design.ip.values().filter(|block| block.accelerator().is_some()).count();
    assert_eq!(others, 6);
}
