//! Bitstream headers, the three forms, and what must be refused.

use pynq_hwh::{Bitstream, BitstreamForm, Design, Error};

/// Configuration data as the tools write it: dummy words, bus width detection, sync word, packets.
fn words() -> Vec<u32> {
    let mut words = vec![0xFFFF_FFFF; 8];
    words.extend([0x0000_00BB, 0x1122_0044, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xAA99_5566]);
    words.extend([0x2000_0000, 0x3002_2001, 0, 0x3000_8001, 7, 0x3001_2001, 0x0200_3FE5, 0x3001_8001, 0x1372_7093]);
    words.extend([0x3000_4000, 0x5000_0002, 0x1111_1111, 0x2222_2222]);
    words
}

fn raw() -> Vec<u8> {
    words().iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn reversed() -> Vec<u8> {
    words().iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn bit(name: &str, part: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x00, 0x00, 0x01];
    for (tag, text) in [(b'a', name), (b'b', part), (b'c', "2018/08/09"), (b'd', "10:01:02")] {
        bytes.push(tag);
        bytes.extend(u16::try_from(text.len() + 1).expect("short text").to_be_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes.push(b'e');
    bytes.extend(u32::try_from(data.len()).expect("short data").to_be_bytes());
    bytes.extend(data);
    bytes
}

fn sample() -> Vec<u8> {
    bit("base_wrapper.ncd;UserID=0XFFFFFFFF;Version=2018.3", "7z020clg400", &raw())
}

fn design() -> Design {
    Design::parse(include_str!("../fixtures/pynq-z2-buttons.hwh")).expect("our fixture reads")
}

#[test]
fn header() {
    let bitstream = Bitstream::parse(sample()).unwrap();
    assert_eq!(bitstream.form, BitstreamForm::Bit);
    let header = bitstream.header.as_ref().unwrap();
    assert_eq!((header.design.as_str(), header.part.as_str()), ("base_wrapper", "7z020clg400"));
    assert_eq!((header.date.as_str(), header.time.as_str()), ("2018/08/09", "10:01:02"));
    assert_eq!((header.attribute("version"), header.attribute("UserID")), (Some("2018.3"), Some("0XFFFFFFFF")));
    assert!(!header.is_partial());
    assert_eq!(bitstream.data, raw());
}

#[test]
fn conversion_gives_the_same_from_every_form() {
    for (form, bytes) in
        [(BitstreamForm::Bit, sample()), (BitstreamForm::Raw, raw()), (BitstreamForm::Firmware, reversed())]
    {
        let bitstream = Bitstream::parse(bytes).unwrap();
        assert_eq!(bitstream.form, form);
        assert_eq!(bitstream.to_firmware().unwrap(), reversed(), "{form:?}");
        // The revision in the topmost digit is no part of the device's identity.
        assert_eq!((bitstream.idcode(), bitstream.device()), (Some(0x0372_7093), Some("7z020")), "{form:?}");
    }
    let header_around_reversed = Bitstream::parse(bit("x", "7z020clg400", &reversed())).unwrap();
    assert_eq!(header_around_reversed.to_firmware().unwrap(), reversed());
}

#[test]
fn parts_are_compared() {
    let z2 = design();
    Bitstream::parse(sample()).unwrap().check_part(&z2).unwrap();
    Bitstream::parse(raw()).unwrap().check_part(&z2).unwrap();
    Bitstream::parse(bit("x", "xc7z020clg400-1", &raw())).unwrap().check_part(&z2).unwrap();
    let error = Bitstream::parse(bit("x", "7z010clg400", &raw())).unwrap().check_part(&z2).unwrap_err();
    assert!(matches!(&error, Error::PartMismatch { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("`7z010clg400`") && message.contains("`7z020clg400`"), "{message}");
    let mut other = z2.clone();
    (other.source.device, other.source.package) = ("xczu7ev".into(), "ffvc1156".into());
    Bitstream::parse(bit("x", "xczu7ev-ffvc1156-2-e", &raw())).unwrap().check_part(&other).unwrap();
    // Without a header the IDCODE shows the part.
    assert!(Bitstream::parse(raw()).unwrap().check_part(&other).is_err());
}

#[test]
fn truncation_at_every_byte_is_an_error() {
    let whole = sample();
    for end in 0..whole.len() {
        let error = Bitstream::parse(&whole[..end]).unwrap_err();
        let data = whole.len() - raw().len();
        if end >= data {
            assert!(
                matches!(error, Error::BitLength { offset, found, .. } if offset == data && found == (end - data) as u64)
            );
        }
    }
    let mut padded = whole;
    padded.push(0);
    assert!(Bitstream::parse(padded).unwrap_err().to_string().contains("padded"));
}

#[test]
fn damaged_headers_name_the_byte() {
    let mut bytes = sample();
    bytes[5] = 0;
    assert!(matches!(Bitstream::parse(bytes), Err(Error::BitHeader { offset: 5, .. })));
    let mut bytes = sample();
    bytes[13] = b'z';
    let error = Bitstream::parse(bytes).unwrap_err();
    assert!(error.to_string().contains("byte 13: unknown field 0x7a"), "{error}");
    let mut bytes = sample();
    (bytes[14], bytes[15]) = (0xFF, 0xFF);
    assert!(matches!(Bitstream::parse(bytes), Err(Error::BitHeader { offset: 16, .. })));
}

#[test]
fn files_without_a_sync_word() {
    for bytes in [vec![], vec![0; 4096], b"<?xml version".to_vec(), bit("x", "y", &[0xFF; 64])] {
        assert!(matches!(Bitstream::parse(bytes), Err(Error::NotABitstream { .. })));
    }
    // At a position that is no multiple of a word, and beyond the first 512 bytes.
    let mut shifted = vec![0xFF];
    shifted.extend(raw());
    assert!(Bitstream::parse(shifted).is_err());
    let mut late = vec![0xFF; 512];
    late.extend(raw());
    assert!(Bitstream::parse(late).is_err());
}

#[test]
fn only_partial_bitstreams_are_padded() {
    let mut odd = raw();
    odd.push(0x12);
    let full = Bitstream::parse(bit("x;Version=2018.3", "7z020clg400", &odd)).unwrap();
    assert!(full.to_firmware().is_err());
    let partial = Bitstream::parse(bit("x;PARTIAL=TRUE", "7z020clg400", &odd)).unwrap();
    let mut expected = reversed();
    expected.extend([0xFF, 0xFF, 0xFF, 0x12]);
    assert_eq!(partial.to_firmware().unwrap(), expected);
}

#[test]
fn packets_that_go_beyond_the_end_have_no_idcode() {
    let data: Vec<u8> = [0xAA99_5566_u32, 0x5FFF_FFFF, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
    assert_eq!(Bitstream::parse(data).unwrap().idcode(), None);
}
