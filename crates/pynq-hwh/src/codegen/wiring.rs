//! The interrupt outputs that something can wait on.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::names::Names;
use super::tree::{comment, literal, shown};
use crate::design::Design;
use crate::error::{Error, Result};
use crate::interrupts::{Controller, LineKind};

/// What an output is wired to.
#[derive(Debug)]
enum Parent<'d> {
    /// An interrupt of the processor.
    Root(u32),
    /// A controller, by path.
    Controller(&'d str),
}

/// An interrupt output with a way to the processor.
#[derive(Debug)]
pub(super) struct Output<'d> {
    /// The block whose output it is, by the name of its type, if the processor can address it.
    block: Option<&'d str>,
    parent: Parent<'d>,
    line: u32,
    kind: LineKind,
}

/// The outputs of a design, by path.
#[derive(Debug, Default)]
pub(super) struct Wiring<'d> {
    pub(super) outputs: BTreeMap<String, Output<'d>>,
    /// Those that have no type, and why.
    pub(super) left_out: BTreeMap<String, String>,
}

/// The output of the controller at `path`.
pub(super) fn irq(path: &str) -> String {
    format!("{path}/irq")
}

impl<'d> Wiring<'d> {
    pub(super) fn of(design: &'d Design) -> Self {
        let mut wiring = Self::default();
        for (path, controller) in &design.interrupts.controllers {
            let kind = match (&controller.parent, controller.irq_is_level) {
                (Some(parent), _) => {
                    design.interrupts.controllers.get(parent).map_or(LineKind::Level, |up| up.kind(controller.line))
                }
                (None, true) => LineKind::Level,
                (None, false) => LineKind::Edge,
            };
            let parent = controller.parent.as_deref();
            wiring.enter(
                design,
                irq(path),
                parent,
                (controller.line, controller.ps_irq, kind),
                Some((path, controller)),
            );
        }
        for (path, pin) in &design.interrupts.pins {
            if pin.width == 1 {
                let kind = pin.kind.or(pin.sensitivity).unwrap_or(LineKind::Level);
                wiring.enter(design, path.clone(), pin.controller.as_deref(), (pin.line, pin.ps_irq, kind), None);
                continue;
            }
            for bit in 0..pin.width.min(u8::MAX.into()) {
                let name = format!("{path}[{bit}]");
                let Some(one) = design.interrupts.pin(&name) else { continue };
                let controller = pin.controller.as_deref();
                let up = controller.and_then(|path| design.interrupts.controllers.get(path));
                let kind = up.map(|up| up.kind(one.line)).or(one.sensitivity).unwrap_or(LineKind::Level);
                wiring.enter(design, name, controller, (one.line, one.ps_irq, kind), None);
            }
        }
        for (path, blocked) in &design.interrupts.blocked {
            let (gate, kind) = (shown(&blocked.gate), blocked.kind.as_str());
            let why = format!("it arrives through the gate `{gate}` ({kind}), which does not hand its level on");
            wiring.left_out.entry(path.clone()).or_insert(why);
        }
        wiring
    }

    fn enter(
        &mut self,
        design: &'d Design,
        output: String,
        parent: Option<&'d str>,
        (line, number, kind): (u32, Option<u32>, LineKind),
        of: Option<(&'d str, &'d Controller)>,
    ) {
        let obstacle = match (of, parent, number) {
            (Some((path, _)), ..) if unreachable(design, path).is_some() => unreachable(design, path),
            (_, Some(parent), _) => unreachable(design, parent),
            (_, None, None) => Some("it reaches an interrupt whose number is not known".to_owned()),
            (_, None, Some(_)) => None,
        };
        if let Some(why) = obstacle {
            self.left_out.insert(output, why);
            return;
        }
        let parent = match (parent, number) {
            (Some(path), _) => Parent::Controller(path),
            (None, number) => Parent::Root(number.unwrap_or_default()),
        };
        let of = output.rsplit_once('/').map_or(output.as_str(), |(block, _)| block);
        let mut blocks = design.ip.iter().filter(|(path, block)| path.as_str() == of || block.path == of);
        let block = blocks.next().map(|(path, _)| path.as_str());
        self.outputs.insert(output, Output { block, parent, line, kind });
    }
}

/// What keeps the processor from handling the interrupts of the controller at `path`, if anything does.
fn unreachable(design: &Design, path: &str) -> Option<String> {
    let all = &design.interrupts.controllers;
    let mut at = path;
    // A design from a file has no loops; one put together by hand may.
    for _ in 0..=all.len() {
        let Some(controller) = all.get(at).filter(|controller| controller.base.is_some() && design.ip.contains_key(at))
        else {
            return Some(format!("the processor can't address the controller `{}`", shown(at)));
        };
        match (&controller.parent, controller.ps_irq) {
            (Some(parent), _) => at = parent,
            (None, Some(_)) => return None,
            (None, None) => {
                return Some(format!("`{}` reaches an interrupt whose number is not known", shown(at)));
            }
        }
    }
    Some(format!("the controllers above `{}` form a ring", shown(path)))
}

impl Output<'_> {
    /// The declaration of its type.
    pub(super) fn text(&self, names: &Names<'_>, path: &str) -> Result<String> {
        let line = u8::try_from(self.line).map_err(|_| Error::Unfit {
            path: path.to_owned(),
            what: "number of its interrupt line".to_owned(),
            found: self.line.to_string(),
            expected: "at most 255",
        })?;
        let kind = match self.kind {
            LineKind::Edge => "Edge",
            LineKind::Level => "Level",
        };
        let (goes, parent) = match self.parent {
            Parent::Root(number) => {
                (format!("interrupt {number} of the processor"), format!("::pynq_core::design::Root<{number}>"))
            }
            Parent::Controller(at) => {
                (format!("line {line} of `{}`, {}", shown(at), self.kind.as_str()), names.reference(path, at))
            }
        };
        let block = match self.block {
            Some(block) => names.reference(path, block),
            None => "::pynq_core::design::NoBlock".to_owned(),
        };
        let ident = names.ident(path);
        let mut text = String::new();
        comment(&mut text, &format!("`{}`: {goes}.", shown(path)));
        let _ = write!(
            text,
            "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
             pub struct {ident};\n\
             \n\
             impl ::pynq_core::design::Wired for {ident} {{\n    \
                 const PATH: &'static str = {};\n    \
                 type Block = {block};\n    \
                 const PORT: &'static str = {};\n    \
                 type Parent = {parent};\n    \
                 const LINE: u8 = {line};\n    \
                 const KIND: ::pynq_core::design::LineKind = ::pynq_core::design::LineKind::{kind};\n\
             }}\n",
            literal(path),
            literal(path.rsplit_once('/').map_or(path, |(_, port)| port)),
        );
        Ok(text)
    }
}
