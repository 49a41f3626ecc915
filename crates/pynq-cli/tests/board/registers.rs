//! `pynq peek` and `pynq poke`.

use pynq_uio::Claim;

use crate::fake::{BUTTONS, Fake, HWH, LEDS};

/// A GPIO, a UART whose FIFO is taken by a read, an HLS core whose status is cleared by one.
const MORE: &str = "\
    ps processing_system7
    uart axi_uartlite @42C00000
    iic axi_iic @41600000";

fn more(fake: &Fake) -> String {
    fake.tree.file("more.hwh", &crate::small::hwh(MORE));
    fake.tree.path("more.hwh").to_str().expect("UTF-8").to_owned()
}

#[test]
fn registers_are_read_by_name_and_by_address() {
    let fake = Fake::healthy();
    fake.put(BUTTONS + 0x11C, 0x8000_0000);
    let expected = "0x4121011c  0x80000000  btns_gpio.GIER";
    for target in ["btns_gpio.GIER", "btns_gpio.gier", "btns_gpio+0x11c", "0x4121011c", "0x41210000+284"] {
        let text = fake.stdout(&["peek", target, "--hwh", HWH]);
        assert!(text.starts_with(expected) && text.lines().count() == 1, "{target}: {text}");
    }
    assert_eq!(fake.stdout(&["peek", "0x4121011c"]), "0x4121011c  0x80000000\n");
}

#[test]
fn fields_are_decoded() {
    let fake = Fake::healthy();
    fake.put(BUTTONS + 0x128, 0b10);
    let text = fake.stdout(&["peek", "btns_gpio.IP_IER", "--hwh", HWH]);
    assert!(text.contains("=0x0") && text.contains("=0x1"), "{text}");
    // Bit 1 is channel 2's.
    let fields = text.split("IP_IER  ").nth(1).expect("fields");
    assert!(fields.find("=0x0").expect("bit 0") < fields.find("=0x1").expect("bit 1"), "{fields}");
}

#[test]
fn several_words_are_read_in_order() {
    let fake = Fake::healthy();
    fake.put(LEDS, 5);
    let text = fake.stdout(&["peek", "leds_gpio", "--count", "2", "--hwh", HWH]);
    let lines = text.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("0x41250000  0x00000005  leds_gpio.GPIO_DATA"), "{text}");
    assert!(lines[1].starts_with("0x41250004  0x00000000  leds_gpio.GPIO_TRI"), "{text}");
    let error = fake.failure(&["peek", "leds_gpio+0xfffc", "--count", "2", "--hwh", HWH]);
    assert!(error.contains("beyond leds_gpio") && error.contains("there are 1"), "{error}");
}

#[test]
fn reads_that_change_something_are_refused() {
    let fake = Fake::healthy();
    let hwh = more(&fake);
    for (target, why) in
        [("uart", "FIFO"), ("uart.STAT_REG", "changes"), ("iic+0x10c", "receive FIFO"), ("0x4160010c", "receive FIFO")]
    {
        let error = fake.failure(&["peek", target, "--hwh", &hwh]);
        assert!(error.contains(why) && error.contains("--force"), "{error}");
        fake.stdout(&["peek", target, "--hwh", &hwh, "--force"]);
    }
    // Among others, only that one is left out.
    fake.put(0x4160_0108, 0xAA);
    fake.put(0x4160_010C, 0xBB);
    fake.put(0x4160_0110, 0xCC);
    let text = fake.stdout(&["peek", "iic+0x108", "--count", "3", "--hwh", &hwh]);
    assert!(text.contains("0x000000aa") && !text.contains("0x000000bb") && text.contains("0x000000cc"), "{text}");
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn registers_are_written_and_what_that_does_is_told() {
    let fake = Fake::healthy();
    let text = fake.stdout(&["poke", "leds_gpio.GPIO_DATA", "0b1001", "--hwh", HWH]);
    assert_eq!(text, "0x41250000  0x00000009  leds_gpio.GPIO_DATA\n");
    assert_eq!(fake.word(LEDS), 9);
    let text = fake.stdout(&["poke", "btns_gpio.IP_ISR", "1", "--hwh", HWH]);
    assert!(text.contains("(ones toggle)"), "{text}");
    fake.stdout(&["poke", "0x41250004", "0x_f"]);
    assert_eq!(fake.word(LEDS + 4), 0xF);
}

#[test]
fn read_only_registers_are_not_written() {
    let fake = Fake::healthy();
    let hwh = more(&fake);
    let error = fake.failure(&["poke", "uart.STAT_REG", "1", "--hwh", &hwh]);
    assert!(error.contains("uart.STAT_REG is not written: it is read-only"), "{error}");
    assert_eq!(fake.word(0x42C0_0008), 0);
    fake.stdout(&["poke", "uart.STAT_REG", "1", "--hwh", &hwh, "--force"]);
    assert_eq!(fake.word(0x42C0_0008), 1);
}

#[test]
fn a_block_that_is_in_use_is_read_with_a_note_and_not_written() {
    let fake = Fake::healthy();
    // The kernel's list does not have the locks of this fake system: the lock file shows the holder.
    std::fs::remove_file(fake.tree.path("proc/locks")).expect("the file");
    let claim = Claim::address(&fake.tree.paths(), LEDS).expect("a claim");
    let holder = format!("process {}", std::process::id());
    let output = fake.run(&["peek", "leds_gpio", "--hwh", HWH]);
    let note = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success() && note.contains(&holder), "{note}");
    let error = fake.failure(&["poke", "leds_gpio", "3", "--hwh", HWH]);
    assert!(error.contains(&holder) && error.contains("--force"), "{error}");
    assert_eq!(fake.word(LEDS), 0);
    fake.stdout(&["poke", "leds_gpio", "3", "--hwh", HWH, "--force"]);
    assert_eq!(fake.word(LEDS), 3);
    drop(claim);
    fake.stdout(&["poke", "leds_gpio", "4", "--hwh", HWH]);
    assert!(fake.run(&["peek", "leds_gpio", "--hwh", HWH]).stderr.is_empty());
}

#[test]
fn logic_that_is_not_programmed_is_not_touched() {
    let fake = Fake::healthy();
    fake.tree.file("sys/class/fpga_manager/fpga0/state", "unknown\n");
    // With and without a design: the address alone shows that it is logic, on this processor.
    for arguments in [&["peek", "leds_gpio", "--hwh", HWH][..], &["peek", "0x41250000"], &["poke", "0x41250000", "1"]] {
        let error = fake.failure(arguments);
        assert!(error.contains("no design is loaded") && error.contains("\"unknown\""), "{error}");
    }
    // Registers of the processor are no part of it.
    assert_eq!(fake.stdout(&["peek", "0xf8000900"]), "0xf8000900  0x0000000f\n");
}

#[test]
fn bad_input_is_one_clear_line() {
    let fake = Fake::healthy();
    for (arguments, words) in [
        (&["peek", "leds_gpio"][..], "--hwh"),
        (&["peek", "led_gpio", "--hwh", HWH], "leds_gpio"),
        (&["peek", "leds_gpio.NONE", "--hwh", HWH], "GPIO_TRI"),
        (&["peek", "0x41250001"], "no multiple of 4"),
        (&["peek", "12monkeys"], "no address"),
        (&["peek", "leds_gpio+x", "--hwh", HWH], "no offset"),
        (&["peek", "leds_gpio+0x10000", "--hwh", HWH], "beyond leds_gpio"),
        (&["peek", "0xffffffffffffffff+4"], "no address"),
        (&["poke", "0x41250000", "0x100000000"], "32 bits"),
        (&["poke", "0x41250000", "green"], "32 bits"),
    ] {
        let error = fake.failure(arguments);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    let usage = fake.run(&["peek", "0x41250000", "--count", "0"]);
    assert_eq!(usage.status.code(), Some(2));
}
