//! The facade on a tree of files in which the test plays the kernel; `/dev/mem` is a sparse file.
#![cfg(all(feature = "uio", target_os = "linux"))]
#![allow(clippy::unwrap_used)] // a test may

mod configfs;
mod fake;

use std::{
    future::Future as _,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use configfs::Configfs;
use fake::{Fake, INTC, LEDS, system};
use pynq::{Error, prelude::*};

#[test]
fn registers_are_reached_through_dev_mem() {
    let fake = Fake::new();
    let overlay = fake.attach().unwrap();
    let leds = overlay.gpio("leds_gpio").unwrap().channel1();
    leds.write(0b0110).unwrap();
    assert_eq!(fake.word(LEDS), 0b0110);
    assert_eq!(overlay.mmio("leds_gpio").unwrap().read(0, 4).unwrap(), 0b0110);
}

#[test]
fn old_handles_reach_nothing_after_a_reload_that_could_not_program() {
    let fake = Fake::new();
    let overlay = fake.attach().unwrap();
    let old = overlay.gpio("leds_gpio").unwrap().channel1();
    let (window, clock) = (overlay.mmio("leds_gpio").unwrap(), overlay.clock());
    old.write(0b0001).unwrap();
    let error = overlay.reload().unwrap_err();
    assert!(matches!(error, Error::NoBitstream { .. }), "{error}");
    assert!(old.write(0b1000).unwrap_err().is_invalidated());
    assert!(window.write(0, 0b1000).unwrap_err().is_invalidated());
    assert_eq!(fake.word(LEDS), 0b0001);
    // The overlay itself goes on.
    overlay.gpio("leds_gpio").unwrap().channel1().write(0b0010).unwrap();
    assert_eq!(fake.word(LEDS), 0b0010);
    overlay.sleep(std::time::Duration::from_millis(1)).unwrap();
    assert!(clock.now() > Instant::START);
}

#[test]
fn attaching_keeps_what_outputs_drive_and_opening_does_not() {
    let fake = Fake::new();
    fake.set(LEDS, 0b1010);
    let overlay = fake.attach().unwrap();
    let leds = overlay.gpio("leds_gpio").unwrap().channel1();
    assert_eq!((fake.word(LEDS), leds.output().unwrap()), (0b1010, 0b1010));
    leds.pin(0).unwrap().set_high().unwrap();
    assert_eq!(fake.word(LEDS), 0b1011, "one pin was moved, and no other");
    drop((leds, overlay));

    fake.programmable();
    let overlay = fake.options().open(fake.tree.path("design.bit")).unwrap();
    assert_eq!(overlay.gpio("leds_gpio").unwrap().channel1().output().unwrap(), 0);
    assert_eq!(fake.word(LEDS), 0);
}

/// A controller whose level a program lowered gives no interrupt, however often it is enabled.
#[test]
fn attaching_lifts_the_level_that_somebody_left_in_the_controller() {
    let fake = Fake::new();
    system::uio(&fake.tree, 0, "fabric");
    system::gic_table(&fake.tree, &[(46, 61, "fabric")]);
    fake.tree.file("dev/uio0", "");
    // Built with both registers, which the fixture's controller doesn't have.
    let path = fake.tree.path("design.hwh");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for name in ["C_HAS_ILR", "C_HAS_FAST"] {
        let absent = format!(r#"NAME="{name}" VALUE="0""#);
        assert!(text.contains(&absent), "{name}");
        text = text.replace(&absent, &format!(r#"NAME="{name}" VALUE="1""#));
    }
    std::fs::write(&path, text).unwrap();
    fake.set(INTC + 0x20, 0b11);
    fake.set(INTC + 0x24, 0);
    fake.attach().unwrap().interrupt("btns_gpio/ip2intc_irpt").unwrap();
    assert_eq!((fake.word(INTC + 0x20), fake.word(INTC + 0x24)), (0, u32::MAX));
}

/// What a device-tree overlay brings is there once the overlay was opened, by a kernel with a status and by one without.
#[test]
fn a_device_tree_overlay_is_applied_with_its_design() {
    let blob: Vec<u8> = [0xD00D_FEED_u32, 12, 0x0102_0304].iter().flat_map(|word| word.to_be_bytes()).collect();
    for with_status in [true, false] {
        let fake = Fake::new();
        fake.programmable();
        std::fs::write(fake.tree.path("design.dtbo"), &blob).unwrap();
        fake.tree.folder("sys/kernel/config/device-tree/overlays");
        let tree = fake.tree.again();
        // The kernel finds the node of the controller's interrupt, and its driver takes it.
        let configfs = Configfs::new(with_status, move || {
            system::uio(&tree, 0, "fabric");
            system::gic_table(&tree, &[(46, 61, "fabric")]);
            tree.file("dev/uio0", "");
        });
        let configfs = Arc::new(configfs);
        let open = || {
            let options = fake.options().kernel_files(configfs.clone()).device_tree_beside();
            options.open(fake.tree.path("design.bit"))
        };
        // A folder that was left behind without an overlay in effect does not count as one that is.
        configfs.leave_behind(&fake.tree.path("sys/kernel/config/device-tree/overlays/design"));
        let overlay = open().unwrap();
        overlay.interrupt("btns_gpio/ip2intc_irpt").unwrap();
        drop(overlay);
        assert_eq!(configfs.applied(), ["design"]);
        // It stayed, and is left as it is.
        open().unwrap().interrupt("btns_gpio/ip2intc_irpt").unwrap();
        assert_eq!(configfs.applied(), ["design"]);
    }
}

#[test]
fn a_missing_device_tree_overlay_leaves_the_logic_alone() {
    let fake = Fake::new();
    fake.programmable();
    let error = fake.options().device_tree_beside().open(fake.tree.path("design.bit")).unwrap_err();
    assert!(error.to_string().contains("design.dtbo"), "{error}");
    assert_eq!(fake.tree.read("sys/class/fpga_manager/fpga0/firmware"), "");
}

#[test]
fn an_interrupt_that_uio_does_not_have_is_named() {
    let fake = Fake::new();
    system::uio(&fake.tree, 0, "something");
    let error = fake.attach().unwrap().interrupt("btns_gpio/ip2intc_irpt").unwrap_err();
    let says = error.to_string();
    assert!(matches!(error, Error::Linux(_)) && says.contains("61") && says.contains("something"), "{says}");
}

#[test]
fn a_block_has_one_holder() {
    let fake = Fake::new();
    let first = fake.attach().unwrap();
    let leds = first.gpio("leds_gpio").unwrap();
    let second = fake.attach().unwrap();
    let error = second.gpio("leds_gpio").unwrap_err().to_string();
    assert!(error.contains(&std::process::id().to_string()), "{error}");
    // To look at it is no crime.
    second.mmio("leds_gpio").unwrap();
    drop((first, leds));
    second.gpio("leds_gpio").unwrap();
}

#[test]
fn logic_that_is_not_programmed_is_not_touched() {
    let fake = Fake::new();
    fake.manager("unknown");
    let error = fake.attach().unwrap_err();
    assert!(error.to_string().contains("unknown"), "{error}");
    fake.manager("operating");
    fake.attach().unwrap();
}

#[test]
fn a_design_that_others_have_open_is_not_programmed_away() {
    let fake = Fake::new();
    fake.programmable();
    let written = || std::fs::read_to_string(fake.tree.path("sys/class/fpga_manager/fpga0/firmware")).unwrap();

    let first = fake.attach().unwrap();
    let error = fake.options().open(fake.tree.path("design.bit")).unwrap_err();
    assert!(error.to_string().contains("pynq-logic.lock is in use"), "{error}");
    assert_eq!(written(), "");
    first.gpio("leds_gpio").unwrap().channel1().write(0b0001).unwrap();
    drop(first);
    let mine = fake.options().open(fake.tree.path("design.bit")).unwrap();
    assert!(!written().is_empty());
    // A second program that opens the design keeps this one from programming it anew, and goes on.
    let other = fake.attach().unwrap();
    assert!(mine.reload().unwrap_err().to_string().contains("in use"));
    drop(other);
    mine.reload().unwrap();
}

#[test]
fn a_missing_file_is_named() {
    let fake = Fake::new();
    let error = fake.options().attach(fake.tree.path("other.bit")).unwrap_err();
    assert!(error.to_string().contains("other.bit"), "{error}");
    let error = fake.options().open(fake.tree.path("design.hwh")).unwrap_err();
    assert!(error.to_string().contains("no design.bit, design_wrapper.bit,"), "{error}");
    std::fs::write(fake.tree.path("lonely.bit"), "").unwrap();
    let error = fake.options().open(fake.tree.path("lonely.bit")).unwrap_err();
    assert!(error.to_string().contains("lonely.hwh"), "{error}");
}

/// Another file than the one named would be another design in the logic.
#[test]
fn no_other_bitstream_is_loaded_than_the_one_that_was_named() {
    let fake = Fake::new();
    fake.programmable();
    let firmware = || std::fs::read(fake.tree.path("lib/firmware/pynq-fpga0.bin")).unwrap();
    let bit = std::fs::read(fake.tree.path("design.bit")).unwrap();
    // The same with one word more at its end, in the form of words without a header.
    let at = bit.windows(4).position(|bytes| bytes == [0xAA, 0x99, 0x55, 0x66]).unwrap();
    let raw = [&bit[at - 32..], &[0x20, 0, 0, 0]].concat();
    std::fs::write(fake.tree.path("design.bin"), &raw).unwrap();
    std::fs::write(fake.tree.path("design.bit.bin"), [&raw[..], &[0x20, 0, 0, 0]].concat()).unwrap();
    for (name, length) in [("design.bin", raw.len()), ("design.bit.bin", raw.len() + 4), ("design.bit", raw.len() - 4)]
    {
        drop(fake.options().open(fake.tree.path(name)).unwrap());
        assert_eq!(firmware().len(), length, "{name}");
    }
    // Vivado's own names, of the bitstream and of the block design in it.
    std::fs::rename(fake.tree.path("design.bit"), fake.tree.path("design_wrapper.bit")).unwrap();
    std::fs::remove_file(fake.tree.path("design.bin")).unwrap();
    std::fs::remove_file(fake.tree.path("design.bit.bin")).unwrap();
    for name in ["design_wrapper.bit", "design.hwh"] {
        drop(fake.options().open(fake.tree.path(name)).unwrap());
        assert_eq!(firmware().len(), raw.len() - 4, "{name}");
    }
    let error = fake.options().open(fake.tree.path("design.bin")).unwrap_err().to_string();
    assert!(error.contains("design.bin"), "{error}");
}

#[test]
fn open_async_works_under_any_runtime_and_without() {
    let fake = Fake::new();
    let path = fake.tree.path("design.hwh");
    let opened = pynq::core::block_on(fake.options().open_async(&path), |_| std::thread::yield_now());
    let without = opened.unwrap_err().to_string();
    assert!(without.contains("no design.bit"), "{without}");
    #[cfg(feature = "tokio")]
    {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let opened = runtime.block_on(fake.options().open_async(&path));
        assert_eq!(opened.unwrap_err().to_string(), without);
    }
}

/// A driver's node sits on a controller's line, and has to ask through it: else nothing would ever wake its tasks.
#[test]
fn an_async_wait_of_a_driver_asks_for_a_reactor() {
    let fake = Fake::new();
    system::uio(&fake.tree, 0, "fabric");
    system::gic_table(&fake.tree, &[(46, 61, "fabric")]);
    fake.tree.file("dev/uio0", "");
    let options = fake.options().reactor(Arc::new(pynq::uio::NoReactor));
    let overlay = options.attach(fake.tree.path("design.hwh")).unwrap();
    let button = overlay.gpio("btns_gpio").unwrap().channel1().pin(0).unwrap();
    let mut wait = pin!(button.wait_for_level_async(Level::High));
    let polled = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert!(error.to_string().contains("needs a reactor"), "{error}");
}

/// The usual layout of PetaLinux: the kernel's driver has the controller, whose registers are not ours to write.
#[test]
fn pins_on_a_controller_that_the_kernel_has_are_reached_by_their_own_devices() {
    let fake = Fake::new();
    system::kernel_intc(&fake.tree, 0x4180_0000, 7);
    let device = system::uio(&fake.tree, 0, "gpio@41210000");
    system::on_kernel_line(&fake.tree, &device, [7, 0, 2]);
    system::kernel_intc_table(&fake.tree, &[(47, 0, "gpio@41210000")]);
    // Long enough for what is read of it.
    fake.tree.file("dev/uio0", &"\0".repeat(64));
    // What the kernel's driver wrote: IER and MER.
    fake.set(INTC + 0x08, 0b1);
    let options = fake.options().reactor(Arc::new(pynq::uio::NoReactor));
    let overlay = options.attach(fake.tree.path("design.hwh")).unwrap();
    overlay.interrupt("btns_gpio/ip2intc_irpt").unwrap();
    let button = overlay.gpio("btns_gpio").unwrap().channel1().pin(0).unwrap();
    let mut wait = pin!(button.wait_for_level_async(Level::High));
    let polled = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert!(error.to_string().contains("needs a reactor"), "it came as far as the device: {error}");
    assert_eq!([0x08, 0x0C, 0x1C].map(|register| fake.word(INTC + register)), [1, 0, 0], "left to the kernel");
    let error = overlay.interrupt("switches_gpio/ip2intc_irpt").unwrap_err().to_string();
    assert!(error.contains("line 1 of the interrupt controller at 0x41800000"), "{error}");
}

#[test]
fn a_uio_map_smaller_than_the_block_is_used() {
    let fake = Fake::new();
    let device = system::uio(&fake.tree, 0, "leds");
    system::map(&fake.tree, &device, 0, [LEDS, 0x1000, 0]);
    fake.tree.file("dev/uio0", &"\0".repeat(0x1000));
    let overlay = fake.attach().unwrap();
    overlay.gpio("leds_gpio").unwrap().channel1().write(0b0110).unwrap();
    assert_eq!(std::fs::read(fake.tree.path("dev/uio0")).unwrap().first(), Some(&0b0110));
    assert_eq!(fake.word(LEDS), 0, "not by the memory file");
    let window = overlay.mmio("leds_gpio").unwrap();
    assert!(window.read(0xFFC, 4).is_ok() && window.read(0x1000, 4).is_err(), "it ends where the map does");
}

#[test]
fn a_bus_that_the_kernel_has_is_left_to_it() {
    let fake = Fake::new();
    fake.tree.file("design.hwh", include_str!("memory.hwh"));
    let device = "sys/bus/platform/devices/41e00000.spi";
    fake.tree.folder(device);
    let overlay = fake.attach().unwrap();
    // Nobody has it yet, so it is the driver's own word that is heard.
    let error = overlay.spi("quad_mode").unwrap_err();
    assert!(error.to_string().contains("quad mode"), "{error}");

    std::os::unix::fs::symlink("../../drivers/xilinx_spi", fake.tree.path(&format!("{device}/driver"))).unwrap();
    let error = overlay.spi("quad_mode").unwrap_err();
    let Error::Linux(found) = &error else { panic!("{error}") };
    let pynq::uio::Error::KernelHas { device: name, driver } = &**found else { panic!("{error}") };
    assert_eq!((name.as_str(), driver.as_str()), ("41e00000.spi", "xilinx_spi"));
    assert!(error.to_string().contains("drivers/xilinx_spi/unbind"), "{error}");

    // One that is lent to programs is nobody's.
    fake.tree.folder(&format!("{device}/uio/uio3"));
    assert!(overlay.spi("quad_mode").unwrap_err().to_string().contains("quad mode"));
    assert_eq!(fake.word(0x41E0_0040), 0, "nothing was touched");
}
