//! Writes small handoff files from one line per cell, so that a test shows the wiring it is about.
//!
//! A line is `PATH KIND ITEM...` (KIND is the IP name), an item is one of
//!
//! * `PORT>NET`, `PORT<NET`: an output, an input; `:WIDTH` gives it a range, `~SENSITIVITY` a sensitivity, and
//!   `(CELL.PORT,..)` connections, with instance names; `-` as the net leaves it unconnected
//! * `NAME=VALUE`: a parameter
//! * `@BASE`, `@BASE/INTERFACE`: an address range of 64 KiB in the processor's map, with `!` memory
//! * `NAME:VALUE`: an attribute of the module
//!
//! A path of `-` makes top-level pins of the ports.

use std::fmt::Write;

/// The file that `cells` describe.
pub(crate) fn hwh(cells: &str) -> String {
    let mut ranges = String::new();
    let mut modules = String::new();
    let mut pins = String::new();
    let lines: Vec<Vec<&str>> =
        cells.lines().map(|line| line.split_whitespace().collect()).filter(|line: &Vec<_>| !line.is_empty()).collect();
    for line in &lines {
        for range in line.iter().filter_map(|item| item.strip_prefix('@')) {
            let (range, memory) = range.strip_suffix('!').map_or((range, false), |range| (range, true));
            let (base, interface) = range.split_once('/').unwrap_or((range, "S_AXI"));
            let kind = if memory { "MEMORY" } else { "REGISTER" };
            let high = u64::from_str_radix(base, 16).expect("a hexadecimal base") + 0xFFFF;
            let _ = writeln!(
                ranges,
                r#"<MEMRANGE ADDRESSBLOCK="Reg" BASEVALUE="0x{base}" HIGHVALUE="0x{high:X}" INSTANCE="{}" MEMTYPE="{kind}" SLAVEBUSINTERFACE="{interface}"/>"#,
                line[0].replace('/', "_")
            );
        }
    }
    for line in &lines {
        let (path, kind) = (line[0], line[1]);
        let (mut attributes, mut parameters, mut ports) = (String::new(), String::new(), String::new());
        for item in &line[2..] {
            if item.starts_with('@') {
            } else if let Some(split) = item.find(['<', '>']) {
                port(&mut ports, &item[..split], item.as_bytes()[split] == b'>', &item[split + 1..]);
            } else if let Some((name, value)) = item.split_once('=') {
                let _ = writeln!(parameters, r#"<PARAMETER NAME="{name}" VALUE="{value}"/>"#);
            } else if let Some((name, value)) = item.split_once(':') {
                let _ = write!(attributes, r#" {name}="{value}""#);
            } else {
                panic!("what is {item}?");
            }
        }
        if path == "-" {
            pins += &ports;
            continue;
        }
        let map = ["processing_system7", "zynq_ultra_ps_e", "microblaze"].contains(&kind);
        let map = if map { format!("<MEMORYMAP>\n{ranges}</MEMORYMAP>") } else { String::new() };
        let instance = path.replace('/', "_");
        let _ = writeln!(
            modules,
            r#"<MODULE FULLNAME="/{path}" INSTANCE="{instance}" MODTYPE="{kind}" VLNV="xilinx.com:ip:{kind}:1.0"{attributes}>
<PARAMETERS>
{parameters}</PARAMETERS>
<PORTS>
{ports}</PORTS>
{map}</MODULE>"#
        );
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<EDKSYSTEM VIVADOVERSION="2020.1">
<SYSTEMINFO ARCH="zynq" DEVICE="7z020" NAME="small" PACKAGE="clg400"/>
<EXTERNALPORTS>
{pins}</EXTERNALPORTS>
<MODULES>
{modules}</MODULES>
</EDKSYSTEM>
"#
    )
}

fn port(text: &mut String, name: &str, output: bool, rest: &str) {
    let (rest, peers) = rest.strip_suffix(')').and_then(|rest| rest.split_once('(')).unwrap_or((rest, ""));
    let (rest, sensitivity) = rest.split_once('~').unwrap_or((rest, ""));
    let (net, width) = rest.split_once(':').unwrap_or((rest, ""));
    let _ = write!(text, r#"<PORT DIR="{}" NAME="{name}""#, if output { "O" } else { "I" });
    if !width.is_empty() {
        let left = width.parse::<u64>().expect("a width") - 1;
        let _ = write!(text, r#" LEFT="{left}" RIGHT="0""#);
    }
    if !sensitivity.is_empty() {
        let _ = write!(text, r#" SIGIS="INTERRUPT" SENSITIVITY="{sensitivity}""#);
    }
    if net != "-" {
        let _ = write!(text, r#" SIGNAME="{net}""#);
    }
    *text += "><CONNECTIONS>";
    for (cell, port) in peers.split(',').filter_map(|peer| peer.split_once('.')) {
        let _ = write!(text, r#"<CONNECTION INSTANCE="{cell}" PORT="{port}"/>"#);
    }
    *text += "</CONNECTIONS></PORT>\n";
}
