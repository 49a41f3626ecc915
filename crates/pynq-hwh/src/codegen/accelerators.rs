//! The accelerators that high-level synthesis made: a driver of each with its arguments as methods.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::names::{self, Names};
use super::tree::{comment, hex, literal, shown};
use crate::hls::{HlsArgument, HlsCore, HlsPlace};
use crate::memory_map::IpBlock;

/// What the type of an accelerator is named after, in the module of its block.
pub(super) const TYPE: &str = "Accelerator";

/// The most arguments of which a call is generated: the outputs are a tuple, and the inputs parameters.
const MOST: usize = 64;

/// An argument with the names that it has in the module.
struct Member<'a> {
    argument: &'a HlsArgument,
    /// In the name of a method.
    method: String,
    /// As a parameter.
    parameter: String,
    /// As a type parameter.
    kind: String,
}

/// The text of the driver of the accelerator at `path`.
pub(super) fn text(names: &Names<'_>, path: &str, block: &IpBlock, core: &HlsCore) -> String {
    let ident = names.ident(&format!("{path}/{TYPE}")).to_owned();
    let members = members(&core.arguments);
    let mut out = String::new();
    comment(&mut out, &format!("The accelerator `{}`, with its arguments as methods.", shown(path)));
    out.push_str("///\n");
    comment(
        &mut out,
        "What type an argument has in C++ the handoff file does not say: a value is of any type of as many bits, and so is \
         a result.",
    );
    let _ = write!(
        out,
        "#[derive(Clone, Debug)]\npub struct {ident}(::pynq_drivers::hls::Accelerator);\n\n{}\n{}",
        table(&members),
        driver(&ident, block, core)
    );
    let _ = write!(
        out,
        "\n#[allow(clippy::missing_errors_doc)] // they are those of the accelerator\nimpl {ident} {{\n{}",
        ACCESS
    );
    for member in &members {
        methods(&mut out, member);
    }
    if core.control.is_some() && members.len() <= MOST {
        calls(&mut out, &members);
    }
    out.push_str("}\n");
    out
}

/// The driver without types, which has what is not generated.
const ACCESS: &str = "    /// The driver that this is made of, by which arguments are known by their names.\n    \
     pub fn driver(&self) -> &::pynq_drivers::hls::Accelerator {\n        &self.0\n    }\n";

fn members(arguments: &[HlsArgument]) -> Vec<Member<'_>> {
    let mut taken = BTreeSet::new();
    let named = arguments.iter().enumerate().map(|(index, argument)| {
        let parameter = names::module(&argument.name);
        let mut method = parameter.trim_matches('_').to_owned();
        // Two names may differ only in what no identifier can have.
        while !taken.insert(method.clone()) {
            let _ = write!(method, "_{index}");
        }
        let parameter = if method == parameter.trim_matches('_') { parameter } else { method.clone() };
        Member { argument, method, parameter, kind: format!("T{index}") }
    });
    named.collect()
}

fn flag(valid: Option<u64>) -> String {
    valid.map_or_else(|| "None".to_owned(), |valid| format!("Some({})", hex(valid)))
}

/// The arguments as a constant.
fn table(members: &[Member<'_>]) -> String {
    let mut out = String::from("const ARGUMENTS: &[::pynq_drivers::hls::Argument] = {\n");
    if !members.is_empty() {
        out.push_str("    use ::pynq_drivers::hls::{Argument, Place};\n");
    }
    out.push_str("    &[\n");
    for Member { argument, .. } in members {
        let place = match argument.place {
            HlsPlace::Input { offset } => format!("Input {{ offset: {} }}", hex(offset)),
            HlsPlace::Output { offset, valid } => {
                format!("Output {{ offset: {}, valid: {} }}", hex(offset), flag(valid))
            }
            HlsPlace::InOut { input, output, valid } => {
                format!("InOut {{ input: {}, output: {}, valid: {} }}", hex(input), hex(output), flag(valid))
            }
            HlsPlace::Memory { offset, size } => format!("Memory {{ offset: {}, size: {} }}", hex(offset), hex(size)),
        };
        let _ = writeln!(out, "        Argument::new({}, {}, Place::{place}),", literal(&argument.name), argument.bits);
    }
    out.push_str("    ]\n};\n");
    out
}

fn driver(ident: &str, block: &IpBlock, core: &HlsCore) -> String {
    let control = match core.control {
        None => "None".to_owned(),
        Some(control) => {
            let protocol = if control.chain { "Chain" } else { "Handshake" };
            format!("Some(::pynq_drivers::hls::ControlProtocol::{protocol})")
        }
    };
    format!(
        "const CORE: ::pynq_drivers::hls::Core = ::pynq_drivers::hls::Core {{
    control: {control},
    arguments: ::pynq_core::Table::new(ARGUMENTS),
}};

::pynq_drivers::__accelerator_driver!({ident}, {});
",
        literal(block.vlnv_without_version()),
    )
}

/// How an error of a method reads.
const RESULT: &str = "::pynq_drivers::hls::Result";

fn methods(out: &mut String, member: &Member<'_>) {
    let Member { argument, method, .. } = member;
    let (name, bits) = (literal(&argument.name), argument.bits);
    let about = |out: &mut String, what: &str| {
        out.push('\n');
        let mut text = String::new();
        comment(&mut text, &format!("{what} `{}`, which has {bits} bit{}.", shown(&argument.name), plural(bits)));
        for line in text.lines() {
            let _ = writeln!(out, "    {line}");
        }
    };
    if let HlsPlace::Memory { size, .. } = argument.place {
        for (verb, access) in [("read", "&mut [u32]"), ("write", "&[u32]")] {
            let _ = write!(
                out,
                "\n    /// {}s words of the array `{}`, which has {}, from word `first` on.\n    \
                 pub fn {verb}_{method}(&self, first: usize, words: {access}) -> {RESULT}<()> {{\n        \
                 self.0.{verb}_memory({name}, first, words)\n    }}\n",
                if verb == "read" { "Read" } else { "Write" },
                shown(&argument.name),
                size / 4
            );
        }
        return;
    }
    if matches!(argument.place, HlsPlace::Input { .. } | HlsPlace::InOut { .. }) {
        about(out, "Sets");
        let _ = write!(
            out,
            "    pub fn set_{method}<T: ::pynq_drivers::hls::Scalar>(&self, value: T) -> {RESULT}<()> {{\n        \
             const {{ assert!(T::KIND.is_at_most({bits}), \"the type has more bits than the argument\") }};\n        \
             self.0.set({name}, value.into_value())\n    }}\n"
        );
    }
    let verb = if matches!(argument.place, HlsPlace::Input { .. }) { "Reads back" } else { "Reads" };
    about(out, verb);
    let _ = write!(
        out,
        "    pub fn get_{method}<T: ::pynq_drivers::hls::Scalar>(&self) -> {RESULT}<T> {{\n        \
         const {{ assert!(T::KIND.holds({bits}), \"the type has fewer bits than the argument\") }};\n        \
         self.0.get({name})\n    }}\n"
    );
}

const fn plural(bits: u32) -> &'static str {
    if bits == 1 { "" } else { "s" }
}

/// `(A, B)`, `A` or `()`.
fn tuple(parts: &[&str]) -> String {
    if let [one] = parts { (*one).to_owned() } else { format!("({})", parts.join(", ")) }
}

fn calls(out: &mut String, members: &[Member<'_>]) {
    let inputs: Vec<&Member<'_>> = members
        .iter()
        .filter(|member| matches!(member.argument.place, HlsPlace::Input { .. } | HlsPlace::InOut { .. }))
        .collect();
    let outputs: Vec<&Member<'_>> = members
        .iter()
        .filter(|member| matches!(member.argument.place, HlsPlace::Output { .. } | HlsPlace::InOut { .. }))
        .collect();
    let result = |member: &Member<'_>| format!("R{}", &member.kind[1..]);
    let results: Vec<String> = outputs.iter().map(|member| result(member)).collect();
    let results: Vec<&str> = results.iter().map(String::as_str).collect();
    let kinds = inputs.iter().map(|member| member.kind.as_str()).chain(results.iter().copied());
    let generics: Vec<String> = kinds.map(|kind| format!("{kind}: ::pynq_drivers::hls::Scalar")).collect();
    let generics = if generics.is_empty() { String::new() } else { format!("<{}>", generics.join(", ")) };
    let parameters: String = inputs.iter().map(|member| format!(", {}: {}", member.parameter, member.kind)).collect();
    let value = tuple(&results);
    let mut body = String::new();
    for member in &inputs {
        let _ = writeln!(
            body,
            "            const {{ assert!({}::KIND.is_at_most({}), \"a type has more bits than its argument\") }};",
            member.kind, member.argument.bits
        );
    }
    for member in &outputs {
        let _ = writeln!(
            body,
            "            const {{ assert!({}::KIND.holds({}), \"a type has fewer bits than its result\") }};",
            result(member),
            member.argument.bits
        );
    }
    let values: Vec<String> = inputs
        .iter()
        .map(|member| format!("({}, {}.into_value())", literal(&member.argument.name), member.parameter))
        .collect();
    let asked: Vec<String> = outputs.iter().map(|member| literal(&member.argument.name)).collect();
    let bound: Vec<String> = (0..outputs.len()).map(|index| format!("r{index}")).collect();
    let given: Vec<String> = bound.iter().map(|result| format!("{result}.to()?")).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let given = match given[..] {
        [one] => one.trim_end_matches('?').to_owned(),
        _ => format!("Ok({})", tuple(&given)),
    };
    let _ = write!(
        out,
        "
    /// Calls the function and waits for its end.
    ///
    /// # Cancellation safety
    ///
    /// Once the function was started it goes on, and the next call waits for its end.
    #[allow(clippy::too_many_arguments, clippy::type_complexity)]
    pub fn call_async{generics}(
        &self{parameters}
    ) -> ::pynq_core::interrupt::Waiting<
        impl ::pynq_core::interrupt::Wait<
            Value = {value},
            Error = ::pynq_core::BlockError<::pynq_drivers::hls::HlsError>,
        > + '_,
    > {{
        self.0.node().operation(async move {{
{body}            let inputs = [{}];
            let [{}] = self.0.call_async(&inputs, [{}]).await?;
            {given}
        }})
    }}

    /// The blocking form of [`call_async`](Self::call_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    #[allow(clippy::too_many_arguments, clippy::type_complexity)]
    pub fn call{generics}(&self{parameters}) -> {RESULT}<{value}> {{
        self.call_async({}).block()
    }}
",
        values.join(", "),
        bound.join(", "),
        asked.join(", "),
        inputs.iter().map(|member| member.parameter.as_str()).collect::<Vec<_>>().join(", "),
    );
}
