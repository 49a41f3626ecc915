//! Published drivers of chips, as they are, on the simulated chips: the one checks the other.

#![allow(clippy::unwrap_used)] // a test may

use std::time::Duration;

use ds323x::{DateTimeAccess, NaiveDate};
use embedded_hal::delay::DelayNs;
use pynq::{
    Clock, Overlay,
    hwh::Design,
    sim::{
        BoardBuilder, Stimulus,
        device::{Device, View},
        parts::i2c::{Bme280, Ds3231, Eeprom, Lis3dh, Ssd1306, Target, Tmp117 as Thermometer},
    },
};

fn overlay(chip: impl Device + 'static) -> Overlay {
    let design = Design::parse(include_str!("../oled/oled.hwh")).unwrap();
    let board = BoardBuilder::from_design(&design, |_| None).part("chip", chip).join("iic/IIC", "chip/bus");
    Overlay::on_board(design, board.build().unwrap())
}

/// The number that the chip is given from outside.
fn set(overlay: &Overlay, bits: u32) {
    let value = Stimulus::Port { port: "chip/value".into(), bits };
    overlay.simulation().unwrap().stimulate(&value).unwrap();
}

/// A delay on the board's clock.
#[derive(Clone)]
struct Pause(Overlay);

impl DelayNs for Pause {
    fn delay_ns(&mut self, ns: u32) {
        let clock = self.0.clock();
        self.0.block_on(async { clock.sleep(Duration::from_nanos(ns.into())).await }).unwrap();
    }
}

fn close(found: f32, expected: f32, within: f32) {
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

#[test]
fn an_eeprom_stores_pages_across_their_borders() {
    use eeprom24x::{Eeprom24x, SlaveAddr, Storage};
    use embedded_storage::{ReadStorage, Storage as _};
    let overlay = overlay(Target::new(Eeprom::of_24c256()));
    let eeprom = Eeprom24x::new_24x256(overlay.iic("iic").unwrap(), SlaveAddr::Default);
    let mut storage = Storage::new(eeprom, Pause(overlay.clone()));
    let bytes: Vec<u8> = (0..300).map(|number| u8::try_from(number % 251).unwrap()).collect();
    storage.write(0x123, &bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    storage.read(0x123, &mut back).unwrap();
    assert_eq!(back, bytes);
    // The driver says that a chip is busy by the missing acknowledge that it got.
    storage.eeprom.write_byte(0, 7).unwrap();
    assert!(matches!(storage.eeprom.read_byte(0), Err(eeprom24x::Error::I2C(_))));
    Pause(overlay).delay_ms(6);
    assert_eq!(storage.eeprom.read_byte(0).unwrap(), 7);
}

#[test]
fn a_small_eeprom_has_its_upper_bits_in_the_address_of_the_device() {
    use eeprom24x::{Eeprom24x, SlaveAddr};
    let overlay = overlay(Target::new(Eeprom::of_24c16()));
    let mut eeprom = Eeprom24x::new_24x16(overlay.iic("iic").unwrap(), SlaveAddr::Default);
    eeprom.write_page(0x7F0, b"the last page...").unwrap();
    Pause(overlay.clone()).delay_ms(6);
    let mut back = [0; 16];
    eeprom.read_data(0x7F0, &mut back).unwrap();
    assert_eq!(&back, b"the last page...");
    let View::Text(text) = overlay.simulation().unwrap().view("chip").unwrap() else { panic!("no text") };
    assert!(text.starts_with("07f0: 74 68 65") && text.lines().count() == 1, "{text}");
}

#[test]
fn a_bme280_measures_what_the_data_sheets_calculate() {
    let overlay = overlay(Target::new(Bme280::new()));
    let mut sensor = bme280::i2c::BME280::new_primary(overlay.iic("iic").unwrap());
    let mut pause = Pause(overlay.clone());
    sensor.init(&mut pause).unwrap();
    let found = sensor.measure(&mut pause).unwrap();
    close(found.temperature, 25.08, 0.01);
    close(found.pressure, 100_653.3, 3.0);
    assert!((20.0..80.0).contains(&found.humidity), "{}", found.humidity);
    // Colder, by the slope of the calibration.
    set(&overlay, 480_000);
    let colder = sensor.measure(&mut pause).unwrap();
    assert!(colder.temperature < 14.0 && colder.temperature > 10.0, "{}", colder.temperature);
}

#[test]
fn a_ds3231_counts_over_the_end_of_a_leap_day() {
    let overlay = overlay(Target::new(Ds3231::new()));
    let mut clock = ds323x::Ds323x::new_ds3231(overlay.iic("iic").unwrap());
    assert!(clock.has_been_stopped().unwrap(), "it is new");
    let eve = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap().and_hms_opt(23, 59, 58).unwrap();
    clock.set_datetime(&eve).unwrap();
    clock.clear_has_been_stopped_flag().unwrap();
    assert!(!clock.has_been_stopped().unwrap());
    Pause(overlay.clone()).delay_ms(3_000);
    let after = NaiveDate::from_ymd_opt(2024, 3, 1).unwrap().and_hms_opt(0, 0, 1).unwrap();
    assert_eq!(clock.datetime().unwrap(), after);
    close(clock.temperature().unwrap(), 25.0, 0.0);
    set(&overlay, 0xFFFF_FFD5);
    close(clock.temperature().unwrap(), -10.75, 0.0);
}

#[test]
fn a_tmp117_converts_once_when_it_is_told_to() {
    use tmp117::{Tmp117, register::Average};
    let overlay = overlay(Target::new(Thermometer::new()));
    let mut thermometer = Tmp117::<_, _, _>::new(overlay.iic("iic").unwrap(), 0x48, Pause(overlay.clone()));
    set(&overlay, 0xFFFF_FF80);
    close(thermometer.oneshot(Average::NoAverage).unwrap(), -1.0, 0.001);
    set(&overlay, 128 * 37 + 64);
    close(thermometer.oneshot(Average::Avg8).unwrap(), 37.5, 0.001);
}

#[test]
fn a_lis3dh_feels_in_a_task() {
    use lis3dh_async::{Lis3dh as Driver, Range, SlaveAddr};
    let overlay = overlay(Target::new(Lis3dh::new()));
    let iic = overlay.iic("iic").unwrap();
    let clock = overlay.clock();
    let felt = async {
        let mut sensor = Driver::new_i2c(iic, SlaveAddr::Default).await.map_err(|error| format!("{error:?}"))?;
        sensor.set_range(Range::G2).await.map_err(|error| format!("{error:?}"))?;
        set(&overlay, 0x40_E0_20);
        clock.sleep(Duration::from_millis(10)).await;
        while !sensor.is_data_ready().await.map_err(|error| format!("{error:?}"))? {}
        sensor.accel_norm().await.map_err(|error| format!("{error:?}"))
    };
    let felt = overlay.block_on(felt).unwrap().unwrap();
    // The driver counts 4 mg a step, and 1/256 g are a little less.
    close(felt.x, 0.5, 0.015);
    close(felt.y, -0.5, 0.015);
    close(felt.z, 1.0, 0.03);
}

#[test]
fn a_display_shows_what_is_drawn_and_how_it_is_turned() {
    use embedded_graphics::{pixelcolor::BinaryColor, prelude::*};
    use ssd1306::{I2CDisplayInterface, Ssd1306 as Driver, mode::DisplayConfig, prelude::*};
    for (rotation, expected) in [(DisplayRotation::Rotate0, (3, 5)), (DisplayRotation::Rotate180, (124, 58))] {
        let overlay = overlay(Target::new(Ssd1306::of_64_lines()));
        let interface = I2CDisplayInterface::new(overlay.iic("iic").unwrap());
        let mut display = Driver::new(interface, DisplaySize128x64, rotation).into_buffered_graphics_mode();
        display.init().unwrap();
        display.set_pixel(3, 5, true);
        display.flush().unwrap();
        let View::Picture(picture) = overlay.simulation().unwrap().view("chip").unwrap() else { panic!("no picture") };
        let lit = picture.data.iter().enumerate().filter(|(_, pixel)| **pixel != 0).map(|(at, _)| at);
        assert_eq!(lit.map(|at| (at % 128, at / 128)).collect::<Vec<_>>(), [expected]);
        display.set_invert(true).unwrap();
        display.set_display_on(true).unwrap();
        let View::Picture(picture) = overlay.simulation().unwrap().view("chip").unwrap() else { panic!("no picture") };
        assert_eq!(picture.data.iter().filter(|pixel| **pixel == 0).count(), 1);
        display.clear(BinaryColor::Off).unwrap();
    }
}
