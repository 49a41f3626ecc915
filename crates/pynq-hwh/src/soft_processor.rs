//! Soft processors beside the processor: what interrupts them.
//!
//! What they can address is in [`AddressSpace`](crate::AddressSpace), under the same path.

use std::collections::BTreeMap;

use crate::address_space::Bases;
use crate::error::Result;
use crate::interrupts::Interrupts;
use crate::limits;
use crate::memory_map;
use crate::netlist::Netlist;
use crate::parameters::Parameters;
use crate::platform::Family;
use crate::raw::ModuleId;
use crate::warning::{Warning, WarningKind, Warnings};
use crate::wiring;

/// A soft processor.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SoftProcessor {
    /// Its family.
    pub family: Family,
    /// Its VLNV.
    pub vlnv: String,
    /// Its parameters.
    pub parameters: Parameters,
    /// The interrupts that reach it, with the addresses of controllers as it sees them.
    pub interrupts: Interrupts,
    /// What a user of these interrupts should know.
    pub warnings: Vec<Warning>,
}

/// All soft processors by path, but for `processor`. `bases` has the addresses of modules for each master.
pub(crate) fn build(
    netlist: &Netlist<'_, '_>,
    processor: Option<ModuleId>,
    bases: &Bases,
) -> Result<BTreeMap<String, SoftProcessor>> {
    let mut found = BTreeMap::new();
    for (id, module) in netlist.raw.modules.iter().enumerate() {
        let Some(family) = Family::of_soft(module.ip_name()).filter(|_| Some(id) != processor) else { continue };
        let mut warnings = Warnings::default();
        let base_of = |module: ModuleId| bases.get(&id).and_then(|bases| bases.get(&module).copied());
        let path = netlist.raw.text.unescape(module.path)?;
        let interrupts = if found.len() < limits::SOFT_PROCESSORS {
            wiring::build(netlist, id, family, &base_of, &mut warnings).map_err(|error| error.to_string())
        } else {
            Err(format!("the interrupts of {} soft processors are followed, and not those of more", found.len()))
        };
        // Interrupts of a soft processor that can't be followed are a warning, and no reason to refuse the design.
        let interrupts = interrupts.unwrap_or_else(|message| {
            warnings.add(WarningKind::InterruptsNotRead, &path, message);
            Interrupts::default()
        });
        let soft = SoftProcessor {
            family,
            vlnv: netlist.raw.text.unescape(module.vlnv)?,
            parameters: memory_map::parameters_of(netlist, module)?,
            interrupts,
            warnings: warnings.into_vec(),
        };
        found.insert(path, soft);
    }
    Ok(found)
}
