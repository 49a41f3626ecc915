//! QEMU's MicroBlaze, which writes down its registers before each instruction.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
};

/// What QEMU says before an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Dump {
    pub(crate) pc: u32,
    /// Without the carry, which QEMU does not write down.
    pub(crate) msr: u32,
    pub(crate) registers: [u32; 32],
}

/// A running QEMU. It is killed when this goes.
pub(crate) struct Qemu {
    child: Child,
    log: BufReader<ChildStderr>,
    line: Vec<u8>,
}

impl Qemu {
    /// Starts it with images at addresses, and more arguments.
    pub(crate) fn start(program: &str, images: &[(&Path, u32)], more: &[String]) -> Self {
        let images = images.iter().flat_map(|(image, address)| {
            ["-device".to_owned(), format!("loader,file={},addr={address:#x},force-raw=on", image.display())]
        });
        let mut child = Command::new(program)
            .args("-M petalogix-s3adsp1800 -display none -serial null -monitor none".split(' '))
            .args("-accel tcg,one-insn-per-tb=on -d cpu,nochain".split(' '))
            .args(images)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        let log = BufReader::with_capacity(1 << 16, child.stderr.take().expect("it is piped"));
        Self { child, log, line: Vec::new() }
    }

    /// The next dump, or what QEMU said instead.
    pub(crate) fn next(&mut self) -> Result<Dump, String> {
        let mut dump = Dump::default();
        let mut said = String::new();
        loop {
            self.line.clear();
            let length = self.log.read_until(b'\n', &mut self.line).map_err(|error| error.to_string())?;
            if length == 0 {
                return Err(format!("QEMU has ended; its last words: {said:?}"));
            }
            let line = self.line.as_slice();
            if let Some(rest) = line.strip_prefix(b"pc=0x") {
                dump.pc = hex(rest);
                // pc=0x00000000 msr=0x00000
                dump.msr = rest.get(15..).map_or(0, hex);
            } else if line.len() > 48 && line[0] == b'r' && line[3] == b'=' {
                let first = usize::from(line[1] - b'0') * 10 + usize::from(line[2] - b'0');
                for (place, text) in line.chunks(13).take(4).enumerate() {
                    dump.registers[first + place] = hex(&text[4..]);
                }
                if first == 28 {
                    return Ok(dump);
                }
            } else if said.len() < 1000 {
                said.push_str(&String::from_utf8_lossy(line));
            }
        }
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hex(text: &[u8]) -> u32 {
    text.iter().map_while(|digit| char::from(*digit).to_digit(16)).fold(0, |number, digit| number << 4 | digit)
}
