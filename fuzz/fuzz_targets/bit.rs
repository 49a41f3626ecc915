//! Bitstream files: no input panics, and a conversion of a conversion changes nothing.
#![no_main]

mod seeds;

use libfuzzer_sys::fuzz_target;
use pynq_hwh::{Bitstream, BitstreamForm, Design};

fuzz_target!(
    init: seeds::write(&[("bit", bit()), ("raw", words(u32::to_be_bytes)), ("firmware", words(u32::to_le_bytes))]),
    |bytes: &[u8]| {
        let bitstream = match Bitstream::parse(bytes) {
            Ok(bitstream) => bitstream,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
        };
        let _ = (bitstream.idcode(), bitstream.check_part(&Design::default()));
        let Ok(firmware) = bitstream.to_firmware() else { return };
        assert_eq!(firmware.len() % 4, 0);
        // A partial bitstream may have no sync word to be recognised by.
        if let Ok(again) = Bitstream::parse(firmware.as_slice())
            && again.form == BitstreamForm::Firmware
        {
            assert_eq!(again.to_firmware().expect("whole words"), firmware);
            assert_eq!(again.idcode(), bitstream.idcode());
        }
    }
);

fn words(bytes: impl Fn(u32) -> [u8; 4]) -> Vec<u8> {
    let words =
        [0xFFFF_FFFF, 0x0000_00BB, 0x1122_0044, 0xFFFF_FFFF, 0xAA99_5566, 0x2000_0000, 0x3001_8001, 0x0372_7093];
    words.into_iter().flat_map(bytes).collect()
}

fn bit() -> Vec<u8> {
    let data = words(u32::to_be_bytes);
    let mut file = vec![0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x00, 0x00, 0x01];
    for (tag, text) in
        [(b'a', "x;PARTIAL=TRUE\0"), (b'b', "7z020clg400\0"), (b'c', "2025/01/06\0"), (b'd', "10:00:00\0")]
    {
        file.push(tag);
        file.extend((text.len() as u16).to_be_bytes());
        file.extend(text.as_bytes());
    }
    file.push(b'e');
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(data);
    file
}
