//! The clocks that the processor feeds to programmable logic.

use std::collections::BTreeMap;

use crate::parameters::Parameters;
use crate::platform::Family;
use crate::warning::{WarningKind, Warnings};

/// Clocks a processor has for programmable logic.
const CLOCKS: u32 = 4;

/// A clock from the processor to programmable logic.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Clock {
    /// Whether the design uses it.
    pub enabled: bool,
    /// The two dividers in a row behind the source.
    pub divisors: [u32; 2],
    /// The source, as the file names it: `IO PLL`, `RPLL`, ...
    pub source: Option<String>,
    /// The frequency that was requested, in MHz.
    pub frequency_mhz: Option<f64>,
    /// The frequency that the divisors give, in MHz, as Vivado computed it. This is the one that the logic has.
    pub achieved_mhz: Option<f64>,
}

impl Clock {
    /// The frequency in MHz: the one achieved, or the one requested where the file does not have that.
    #[must_use]
    pub fn mhz(&self) -> Option<f64> {
        self.achieved_mhz.or(self.frequency_mhz)
    }
}

/// The clocks by number. Those the file says nothing about are left out.
pub(crate) fn build(
    family: Family,
    path: &str,
    parameters: &Parameters,
    warnings: &mut Warnings,
) -> BTreeMap<u32, Clock> {
    let mut clocks = BTreeMap::new();
    for n in 0..CLOCKS {
        let names = match family {
            Family::Zynq7000 => [
                format!("PCW_FPGA_FCLK{n}_ENABLE"),
                format!("PCW_FCLK{n}_PERIPHERAL_DIVISOR0"),
                format!("PCW_FCLK{n}_PERIPHERAL_DIVISOR1"),
                format!("PCW_FCLK{n}_PERIPHERAL_CLKSRC"),
                format!("PCW_FPGA{n}_PERIPHERAL_FREQMHZ"),
                format!("PCW_ACT_FPGA{n}_PERIPHERAL_FREQMHZ"),
            ],
            Family::ZynqMp => [
                format!("PSU__FPGA_PL{n}_ENABLE"),
                format!("PSU__CRL_APB__PL{n}_REF_CTRL__DIVISOR0"),
                format!("PSU__CRL_APB__PL{n}_REF_CTRL__DIVISOR1"),
                format!("PSU__CRL_APB__PL{n}_REF_CTRL__SRCSEL"),
                format!("PSU__CRL_APB__PL{n}_REF_CTRL__FREQMHZ"),
                format!("PSU__CRL_APB__PL{n}_REF_CTRL__ACT_FREQMHZ"),
            ],
            _ => break,
        };
        if names.iter().all(|name| parameters.get(name).is_none()) {
            continue;
        }
        let [enable, first, second, source, frequency, achieved] = &names;
        let mut default = |name: &str, value: &str| {
            let message = format!("{name} is missing or unreadable; {value} is assumed");
            warnings.add(WarningKind::DefaultedParameter, path, message);
        };
        let enabled = parameters.boolean(enable).unwrap_or_else(|_| {
            default(enable, "no");
            false
        });
        let mut divisor = |name: &str| {
            parameters.integer(name).ok().and_then(|value| u32::try_from(value).ok()).unwrap_or_else(|| {
                default(name, "1");
                1
            })
        };
        let divisors = [divisor(first), divisor(second)];
        let source = parameters.text(source).ok().map(str::to_owned);
        let frequency_mhz = parameters.float(frequency).ok();
        // Looked up first, since many files don't have it and making the error would search for similar names.
        let achieved_mhz = parameters.get(achieved).and_then(|_| parameters.float(achieved).ok());
        clocks.insert(n, Clock { enabled, divisors, source, frequency_mhz, achieved_mhz });
    }
    clocks
}
