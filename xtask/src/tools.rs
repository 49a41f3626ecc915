//! Tools that are not a part of the toolchain: found, installed in CI, or the reason to skip.

mod backports;

use std::path::Path;

use crate::{
    project::Project,
    shell::{Cmd, Failure, say},
};

/// A tool, and how it is to be had.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// Succeeds where the tool is there.
    found: fn() -> bool,
    /// Arguments of `cargo install --locked`, or packages of the distribution.
    install: Install,
}

enum Install {
    Cargo(&'static str),
    Packages(&'static str),
    /// Those of a later release, where this one's are too old.
    NewerPackages(&'static str),
    /// What a person has to do.
    ByHand(&'static str),
}

// Versions are fixed so that a release of a tool does not break the run of an unchanged project.
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    found: || Cmd::cargo("deny --version").succeeds(),
    install: Install::Cargo("cargo-deny --version 0.20.2 --no-default-features"),
};
pub(crate) const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    found: || Cmd::cargo("fuzz --version").succeeds(),
    install: Install::Cargo("cargo-fuzz --version 0.13.2"),
};
pub(crate) const MDBOOK: Tool = Tool {
    name: "mdbook",
    found: || Cmd::new("mdbook").words("--version").succeeds(),
    install: Install::Cargo("mdbook --version 0.5.4 --no-default-features"),
};
pub(crate) const NIGHTLY: Tool = Tool {
    name: "the nightly toolchain",
    found: || nightly("--version").succeeds(),
    install: Install::ByHand("rustup toolchain install nightly"),
};
pub(crate) const MIRI: Tool = Tool {
    name: "miri",
    found: || nightly("miri --version").succeeds(),
    install: Install::ByHand("rustup +nightly component add miri rust-src"),
};
/// The distribution's compiler, which comes with the sources of its library and so can build it for any target.
pub(crate) const SYSTEM_COMPILER: Tool = Tool {
    name: "a compiler with the sources of its library",
    found: || crate::no_std::system_compiler_is_complete(),
    install: Install::Packages("rustc-web cargo-web rust-web-src"),
};
/// Counts instructions. It asks for the names of the functions of the C library.
pub(crate) const VALGRIND: Tool = Tool {
    name: "valgrind",
    found: || Cmd::new("valgrind").words("--version").succeeds(),
    install: Install::Packages("valgrind libc6-dbg"),
};
/// Linkers with a C library for the processors of the boards.
pub(crate) const CROSS_ARMV7: Tool = Tool {
    name: "a cross compiler for armv7",
    found: || Cmd::new("arm-linux-gnueabihf-gcc").words("--version").succeeds(),
    install: Install::Packages("gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"),
};
pub(crate) const CROSS_AARCH64: Tool = Tool {
    name: "a cross compiler for aarch64",
    found: || Cmd::new("aarch64-linux-gnu-gcc").words("--version").succeeds(),
    install: Install::Packages("gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
};
/// An emulator that knows the machine with a MicroBlaze-V.
pub(crate) const EMULATOR_RISCV: Tool = Tool {
    name: "qemu-system-riscv32 of version 10 or later",
    found: || {
        let machines = Cmd::new("qemu-system-riscv32").words("-M help").read();
        machines.is_ok_and(|machines| machines.contains("amd-microblaze-v-generic"))
    },
    install: Install::NewerPackages("qemu-system-misc"),
};
/// An emulator of a MicroBlaze, new enough to write its registers down before each instruction.
pub(crate) const EMULATOR_MICROBLAZE: Tool = Tool {
    name: "qemu-system-microblazeel of version 10 or later",
    found: || {
        let version = Cmd::new("qemu-system-microblazeel").words("--version").read().unwrap_or_default();
        let major = version.split_whitespace().nth(3).and_then(|it| it.split('.').next()?.parse::<u32>().ok());
        major.is_some_and(|major| major >= 10)
    },
    install: Install::NewerPackages("qemu-system-misc"),
};
/// What fetches PYNQ's source packages, in an environment of its own.
pub(crate) const PYTHON: Tool = Tool {
    name: "python3 with venv",
    found: || Cmd::new("python3").words("-c").arg("import ensurepip, venv").succeeds(),
    install: Install::Packages("python3-venv"),
};
/// What compiles the emulator of the virtual board.
pub(crate) const EMULATOR_BUILD: Tool = Tool {
    name: "what builds QEMU",
    found: || {
        ["ninja", "flex", "bison", "make", "xz"].iter().all(|tool| Cmd::new(tool).words("--version").succeeds())
            && Cmd::new("pkg-config").words("--exists glib-2.0 zlib").succeeds()
            && Cmd::new("cc").words("-E -include libfdt.h -x c /dev/null").succeeds()
            && Cmd::new("python3").words("-c").arg("import ensurepip, venv").succeeds()
    },
    install: Install::Packages(
        "gcc make ninja-build pkg-config flex bison xz-utils libglib2.0-dev libfdt-dev zlib1g-dev python3-venv",
    ),
};
/// A browser, and what drives it.
pub(crate) const BROWSER: Tool = Tool {
    name: "chromium and chromedriver",
    found: || ["chromium", "chromedriver"].iter().all(|tool| Cmd::new(tool).words("--version").succeeds()),
    install: Install::Packages("chromium chromium-driver"),
};
/// A terminal that is played by commands.
pub(crate) const TERMINAL: Tool =
    Tool { name: "tmux", found: || Cmd::new("tmux").words("-V").succeeds(), install: Install::Packages("tmux") };
/// Makes certificates.
pub(crate) const OPENSSL: Tool = Tool {
    name: "openssl",
    found: || Cmd::new("openssl").words("version").succeeds(),
    install: Install::Packages("openssl"),
};
/// What PYNQ's client runs in.
pub(crate) const PYTHON_FOR_PYNQ: Tool = Tool {
    name: "Python 3.10 to 3.12, with venv",
    found: || crate::pynq_client::suitable().is_some(),
    install: Install::Packages("python3 python3-venv"),
};
/// What compiles its kernel, and the kernel's source.
pub(crate) const KERNEL_BUILD: Tool = Tool {
    name: "what builds a kernel",
    found: || {
        ["flex", "bison", "bc", "dtc", "make", "perl", "xz"]
            .iter()
            .all(|tool| Cmd::new(tool).words("--version").succeeds())
            && crate::linux_test::kernel_source().is_some()
    },
    install: Install::Packages("gcc make flex bison bc perl xz-utils device-tree-compiler linux-source"),
};

/// `cargo +nightly`.
pub(crate) fn nightly(args: &str) -> Cmd {
    Cmd::cargo("+nightly").other_toolchain().words(args)
}

impl Tool {
    /// Finds the tool, in CI installs it, and otherwise tells why a stage has to be skipped.
    pub(crate) fn missing(&self, project: &Project) -> Result<Option<String>, Failure> {
        if (self.found)() {
            return Ok(None);
        }
        let commands = match self.install {
            // CI waits for the compiler far longer than for the tool.
            Install::Cargo(args) if project.ci => {
                vec![Cmd::cargo("install --locked --debug").words(args).env("CARGO_PROFILE_DEV_DEBUG", "0")]
            }
            Install::Cargo(args) => vec![Cmd::cargo("install --locked").words(args)],
            // Only Debian's family has packages of these names.
            Install::Packages(packages) if Path::new("/usr/bin/apt-get").exists() => vec![
                Cmd::new("apt-get").words("update -q"),
                Cmd::new("apt-get").words("install -y -q --no-install-recommends").words(packages),
            ],
            Install::NewerPackages(packages) if Path::new("/usr/bin/apt-get").exists() => {
                backports::install(project, packages)?
            }
            Install::Packages(_) | Install::NewerPackages(_) => Vec::new(),
            Install::ByHand(remedy) => return Ok(Some(format!("{} is missing: {remedy}", self.name))),
        };
        if commands.is_empty() {
            return Ok(Some(format!("{} is missing", self.name)));
        }
        if !project.ci {
            let remedy: Vec<String> = commands.iter().map(Cmd::to_string).collect();
            return Ok(Some(format!("{} is missing: {}", self.name, remedy.join(" && "))));
        }
        say!("  {} is missing", self.name);
        for command in &commands {
            command.run()?;
        }
        if (self.found)() { Ok(None) } else { Err(Failure::new(format!("{} was installed, but not found", self.name))) }
    }
}
