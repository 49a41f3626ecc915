//! All look-ups of blocks, ports and wires by their names.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Fabric,
    space::PROCESSOR,
    wires::{End, Load, Wire},
};
use crate::{
    device::PortKind,
    error::{Error, list},
};

impl Fabric {
    pub(crate) fn block(&self, path: &str) -> Result<usize, Error> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| Error::NoSuchBlock { path: path.to_string(), has: list(self.paths()) })
    }

    /// The paths of all blocks that the processor can address, in the order of their addresses.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let mut mapped: Vec<_> = self.blocks.iter().filter_map(|block| Some((block.range?.0, block))).collect();
        mapped.sort_by_key(|block| block.0);
        mapped.into_iter().map(|(_, block)| block.path.as_str())
    }

    pub(crate) fn range(&self, path: &str) -> Result<(u64, u64), Error> {
        let block = self.block(path)?;
        let (base, last) = self.blocks[block].range.ok_or_else(|| Error::NoAddresses { path: path.to_string() })?;
        Ok((base, last - base + 1))
    }

    pub(crate) fn is_mapped(&self, base: u64, last: u64) -> bool {
        self.spaces[PROCESSOR.0].overlapping(base, last).is_some()
    }

    pub(crate) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    fn wire_named(&self, name: &str) -> Result<usize, Error> {
        self.wire_names.get(name).copied().ok_or_else(|| Error::NoSuchLine {
            name: name.to_string(),
            has: list(self.wires.iter().map(|wire| wire.name.as_str())),
        })
    }

    /// The block and port that `path/port` names.
    pub(crate) fn port(&self, text: &str) -> Result<(usize, usize), Error> {
        let (path, port) = text.rsplit_once('/').ok_or_else(|| Error::NotAPort { text: text.to_string() })?;
        let block = self.block(path)?;
        let ports = self.blocks[block].ports();
        let index = ports.iter().position(|candidate| candidate.name == port).ok_or_else(|| Error::NoSuchPort {
            path: path.to_string(),
            port: port.to_string(),
            has: list(ports.iter().map(|port| &*port.name)),
        })?;
        Ok((block, index))
    }

    /// The port of a channel's pins: those that are driven from outside, or those that are seen there.
    pub(crate) fn channel_port(&self, path: &str, channel: u8, output: bool) -> Result<(usize, usize), Error> {
        let block = self.block(path)?;
        let ports = self.blocks[block].ports();
        let kind = if output { PortKind::Output } else { PortKind::Input };
        let found = ports.iter().position(|port| port.channel == channel && port.kind == kind && channel != 0);
        found.map(|port| (block, port)).ok_or_else(|| Error::NoSuchChannel {
            path: path.to_string(),
            channel,
            channels: ports.iter().map(|port| port.channel).max().unwrap_or(0),
        })
    }

    /// How many pins a channel has in this build.
    pub(crate) fn channel_width(&self, path: &str, channel: u8) -> Result<u8, Error> {
        let port = self.channel_port(path, channel, false).or_else(|_| self.channel_port(path, channel, true));
        let (block, port) = port?;
        Ok(self.blocks[block].device.as_ref().map_or(0, |device| device.width(port)))
    }

    pub(crate) fn levels(&self, (block, port): (usize, usize)) -> u32 {
        self.blocks[block].levels[port]
    }

    pub(crate) fn pin(&self, id: u32) -> Result<usize, Error> {
        self.inputs.iter().position(|pin| pin.id == id).ok_or_else(|| {
            let ids: Vec<String> = self.inputs.iter().map(|pin| pin.id.to_string()).collect();
            Error::NoSuchPin { id, has: list(ids.iter().map(String::as_str)) }
        })
    }

    /// What `path/port[bit]` or `cpu/number` names.
    pub(super) fn end(&self, text: &str) -> Result<End, Error> {
        if let Some(id) = text.strip_prefix("cpu/").and_then(|id| id.parse().ok()) {
            return self.pin(id).map(|pin| End::Load(Load::Pin(pin)));
        }
        let not_a_port = || Error::NotAPort { text: text.to_string() };
        let (name, bit) = match text.strip_suffix(']') {
            Some(rest) => {
                let (name, bit) = rest.rsplit_once('[').ok_or_else(not_a_port)?;
                (name, Some(bit.parse::<u8>().map_err(|_| not_a_port())?))
            }
            None => (text, None),
        };
        let (block, port) = self.port(name)?;
        let description = &self.blocks[block].ports()[port];
        let bit = match bit {
            Some(bit) if bit < description.width => bit,
            None if description.width == 1 => 0,
            _ if description.width == 0 => return Err(not_a_port()),
            _ => {
                return Err(Error::NoSuchPort {
                    path: self.blocks[block].path.clone(),
                    port: text.rsplit_once('/').map_or(text, |(_, port)| port).to_string(),
                    has: alloc::format!("{}[0] to [{}]", description.name, description.width - 1),
                });
            }
        };
        Ok(if description.kind.is_output() {
            End::Driver { block, port, bit }
        } else {
            End::Load(Load::Block { block, port, bit })
        })
    }

    /// Whether there is an output of this name.
    #[cfg(feature = "hwh")]
    pub(super) fn has_output(&self, name: &str) -> bool {
        matches!(self.end(name), Ok(End::Driver { .. }))
    }

    /// The wire at this end. An end that was never wired gets a wire, which only stimuli drive unless the end is an
    /// output.
    pub(crate) fn wire_or_new(&mut self, name: &str) -> Result<usize, Error> {
        if let Some(&wire) = self.wire_names.get(name) {
            return Ok(wire);
        }
        let Ok(end) = self.end(name) else { return self.wire_named(name) };
        let known = match end {
            End::Driver { block, port, bit } => self.blocks[block]
                .drives
                .iter()
                .find(|drive| (drive.0, drive.1) == (port, bit))
                .map(|drive| drive.2 as usize),
            End::Load(load) => self.loads.get(&load).copied(),
        };
        let wire = match known {
            Some(wire) => wire,
            None => self.new_wire(name, end),
        };
        self.wire_names.insert(name.to_string(), wire);
        Ok(wire)
    }

    pub(super) fn new_wire(&mut self, name: &str, end: End) -> usize {
        let index = self.wires.len();
        let mut wire = Wire { name: name.to_string(), ..Wire::default() };
        match end {
            End::Driver { block, port, bit } => {
                let block = &mut self.blocks[block];
                // 2^32 wires would not fit into memory.
                block.drives.push((port, bit, u32::try_from(index).unwrap_or(u32::MAX)));
                wire.driven = block.levels[port] >> bit & 1 != 0;
                wire.level = wire.driven;
                wire.is_relay = block.ports().iter().any(|port| port.acknowledged_by.is_some());
                wire.has_driver = block.ports()[port].kind != PortKind::Stimulated;
            }
            End::Load(load) => {
                wire.loads.push(load);
                self.loads.insert(load, index);
            }
        }
        self.wires.push(wire);
        self.wire_names.insert(name.to_string(), index);
        index
    }
}
