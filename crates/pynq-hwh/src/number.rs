//! The ways in which Vivado writes numbers.

/// `text` without surrounding white space and quotes.
pub(crate) fn unquote(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map_or(text, str::trim)
}

/// The digits behind `0x` or `0X`.
fn hex_digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// A number with digits only: `from_str_radix` would accept a sign.
fn digits(text: &str, radix: u32) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { u64::from_str_radix(text, radix).ok() } else { None }
}

/// A whole number: decimal, `0x..`, `0b..`, sized as in Verilog (`32'hFF`), or a string of binary digits (eight or more
/// with a leading zero, or 32 and more), any of them in quotes or not.
pub(crate) fn integer(text: &str) -> Option<u64> {
    let text = unquote(text);
    if let Some(hex) = hex_digits(text) {
        return digits(hex, 16);
    }
    if let Some(binary) = text.strip_prefix("0b").or_else(|| text.strip_prefix("0B")) {
        return digits(binary, 2);
    }
    if let Some((_, sized)) = text.split_once('\'') {
        let radix = match sized.bytes().next()?.to_ascii_lowercase() {
            b'h' => 16,
            b'd' => 10,
            b'b' => 2,
            _ => return None,
        };
        return digits(sized.get(1..)?, radix);
    }
    let binary = text.bytes().all(|byte| matches!(byte, b'0' | b'1'));
    if binary && (text.len() >= 32 || (text.len() >= 8 && text.starts_with('0'))) {
        return digits(text, 2);
    }
    digits(text, 10)
}

/// A number that is hexadecimal with or without a prefix: addresses.
pub(crate) fn address(text: &str) -> Option<u64> {
    let text = unquote(text);
    digits(hex_digits(text).unwrap_or(text), 16)
}

/// A register offset: hexadecimal with a prefix, decimal without (as HLS writes it).
pub(crate) fn offset(text: &str) -> Option<u64> {
    let text = unquote(text);
    match hex_digits(text) {
        Some(hex) => digits(hex, 16),
        None => digits(text, 10),
    }
}

/// A truth value.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let text = unquote(text);
    if ["true", "yes"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(true);
    }
    if ["false", "no"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(false);
    }
    match integer(text)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_every_spelling() {
        for (text, value) in [
            ("15", 15),
            (" 15 ", 15),
            ("\"1\"", 1),
            ("0xFF", 255),
            ("0Xff", 255),
            ("0b101", 5),
            ("32'hFFFFFE60", 0xFFFF_FE60),
            ("1'b1", 1),
            ("00000000000000000000000000000110", 6),
            ("11111111111111111111111111111111", 0xFFFF_FFFF),
            ("10000000", 10_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        for text in ["", "0x", "-1", "+1", "1.5", "abc", "0xG", "18446744073709551616", "'", "1'", "1'q0", "µ'é"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_hexadecimal_and_offsets_decimal_without_a_prefix() {
        assert_eq!(address("41200000"), Some(0x4120_0000));
        assert_eq!(address("0x41200000"), Some(0x4120_0000));
        assert_eq!(offset("0x10"), Some(16));
        assert_eq!(offset("10"), Some(10));
        assert_eq!(offset("1C"), None);
    }

    #[test]
    fn truth_values() {
        for (text, value) in [("TRUE", true), ("false", false), ("1", true), ("\"0\"", false), ("0x1", true)] {
            assert_eq!(boolean(text), Some(value), "{text}");
        }
        assert_eq!(boolean("2"), None);
        assert_eq!(boolean("Active_High"), None);
    }
}
