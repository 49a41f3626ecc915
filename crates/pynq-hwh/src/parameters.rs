//! The parameters of an IP block, as Vivado wrote them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::error::{Error, Result};
use crate::{number, suggest};

/// The parameters of an IP block, in the order of the file.
///
/// Lookup ignores case, and finds `C_SG_LENGTH_WIDTH` under `SG_LENGTH_WIDTH` too. Where one IP carries a name both with
/// the prefix and without, the `C_` form is taken: it is the one the hardware was built with.
///
/// ```
/// use pynq_hwh::Parameters;
///
/// let parameters = Parameters::from_iter([("C_GPIO_WIDTH", "4"), ("C_IS_DUAL", "0"), ("C_TRI_DEFAULT", "0xFFFFFFFF")]);
/// assert_eq!(parameters.integer("gpio_width")?, 4);
/// assert!(!parameters.boolean("C_IS_DUAL")?);
/// assert_eq!(parameters.integer("C_TRI_DEFAULT")?, 0xFFFF_FFFF);
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    entries: Vec<(String, String)>,
}

/// Parameters by what they are; see [`Parameters::built`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuiltParameters {
    /// Numbers, and truth values as 0 and 1, by name.
    pub numbers: BTreeMap<String, u64>,
    /// The names of those that are neither.
    pub texts: BTreeSet<String>,
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

impl Parameters {
    /// All names and values, as written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `name` as written; the value can be empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let bare = without_prefix(name).unwrap_or(name);
        let rank = |entry: &str| match without_prefix(entry) {
            Some(rest) if rest.eq_ignore_ascii_case(bare) => Some(if entry.starts_with('C') { 0 } else { 1 }),
            _ if entry.eq_ignore_ascii_case(bare) => Some(2),
            _ => None,
        };
        self.iter()
            .filter_map(|(entry, value)| Some((rank(entry)?, value)))
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, v)| v)
    }

    /// The value of `name` without quotes around it.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`].
    pub fn text(&self, name: &str) -> Result<&str> {
        self.get(name).map(number::unquote).ok_or_else(|| Error::MissingParameter {
            name: name.to_owned(),
            near: suggest::near(name, self.iter().map(|(entry, _)| entry)),
        })
    }

    /// The value of `name` as a whole number: decimal, `0x..`, `0b..`, a string of binary digits, in quotes or not.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`], [`Error::ParameterType`].
    pub fn integer(&self, name: &str) -> Result<u64> {
        self.typed(name, "a whole number", number::integer)
    }

    /// The value of `name` as an address: hexadecimal, with a prefix or without.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`], [`Error::ParameterType`].
    pub fn address(&self, name: &str) -> Result<u64> {
        self.typed(name, "a hexadecimal number", number::address)
    }

    /// The value of `name` as a truth value: `true`, `false`, `yes`, `no`, `1`, `0`.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`], [`Error::ParameterType`].
    pub fn boolean(&self, name: &str) -> Result<bool> {
        self.typed(name, "true, false, 1 or 0", number::boolean)
    }

    /// The value of `name` as a decimal fraction, as frequencies are written.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`], [`Error::ParameterType`].
    pub fn float(&self, name: &str) -> Result<f64> {
        self.typed(name, "a number", |text| number::unquote(text).parse().ok().filter(|value: &f64| value.is_finite()))
    }

    /// The parameters as drivers and models read them: those that are numbers or truth values, and the names of the others.
    /// Names are in capitals and begin with `C_`; where the file has one in several spellings, the value is that of
    /// [`get`](Self::get).
    #[must_use]
    pub fn built(&self) -> BuiltParameters {
        let mut built = BuiltParameters::default();
        for (name, _) in self.iter() {
            let name = name.to_ascii_uppercase();
            let name = if name.starts_with("C_") { name } else { format!("C_{name}") };
            match self.integer(&name).or_else(|_| self.boolean(&name).map(u64::from)) {
                Ok(value) => drop(built.numbers.insert(name, value)),
                Err(_) => drop(built.texts.insert(name)),
            }
        }
        built
    }

    fn typed<T>(&self, name: &str, expected: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let text = self.text(name)?;
        let clipped = || Cow::from(text).chars().take(80).collect();
        read(text).ok_or_else(|| Error::ParameterType { name: name.to_owned(), found: clipped(), expected })
    }
}

/// `name` without a leading `C_` or `c_`.
fn without_prefix(name: &str) -> Option<&str> {
    name.strip_prefix("C_").or_else(|| name.strip_prefix("c_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_form_wins_whatever_the_order() {
        let both = Parameters::from_iter([
            ("sg_length_width", "3"),
            ("c_sg_length_width", "2"),
            ("C_SG_LENGTH_WIDTH", "14"),
            ("OTHER", "x"),
        ]);
        for name in ["C_SG_LENGTH_WIDTH", "c_sg_length_width", "SG_LENGTH_WIDTH", "Sg_Length_Width"] {
            assert_eq!(both.get(name), Some("14"), "{name}");
        }
        assert_eq!(both.get("C_OTHER"), Some("x"));
        assert_eq!(both.get("C_"), None);
        assert_eq!(Parameters::default().get(""), None);
    }

    #[test]
    fn what_a_block_was_built_with_has_one_spelling() {
        let built = Parameters::from_iter([
            ("sg_length_width", "3"),
            ("C_SG_LENGTH_WIDTH", "14"),
            ("c_is_dual", "true"),
            ("GPIO_BOARD_INTERFACE", "Custom"),
        ])
        .built();
        assert_eq!(built.numbers, BTreeMap::from([("C_IS_DUAL".to_owned(), 1), ("C_SG_LENGTH_WIDTH".to_owned(), 14)]));
        assert_eq!(built.texts, BTreeSet::from(["C_GPIO_BOARD_INTERFACE".to_owned()]));
    }

    #[test]
    fn errors_name_the_parameter_and_its_neighbours() {
        let parameters = Parameters::from_iter([("C_GPIO_WIDTH", "four"), ("C_FREQ", "100.5")]);
        let missing = parameters.integer("GPIO_WIDHT").unwrap_err().to_string();
        assert!(missing.contains("GPIO_WIDHT") && missing.contains("C_GPIO_WIDTH"), "{missing}");
        let typed = parameters.integer("C_GPIO_WIDTH").unwrap_err().to_string();
        assert!(typed.contains("`four`") && typed.contains("a whole number"), "{typed}");
        assert_eq!(parameters.float("FREQ").unwrap(), 100.5);
        assert_eq!(parameters.text("c_gpio_width").unwrap(), "four");
    }
}
