//! `cargo xtask asm`: a typed register access compiles to the instructions of the raw volatile access.
//!
//! The crate `xtask/asm-probe` has pairs of functions, `typed_x` through a register map of `pynq-core` and `raw_x`
//! through a pointer. It is compiled as a user's crate would be, in release without link-time optimisation, for each
//! of [`TARGETS`], and the two listings of each pair must be equal but for the names of local labels.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the proof is made for: a 64-bit host and the CPU of the Zynq-7000.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "armv7a-none-eabi"];

/// Where distributions put their compiler, which some ship with the sources of its library.
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_CARGO: &str = "/usr/bin/cargo";

/// How a run ended that found no difference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All pairs are equal on all targets.
    Proved,
    /// All pairs are equal on the targets that could be compiled for; the text says which could not, and the remedy.
    Skipped(String),
}

/// Compiles the probe of the workspace at `root`, compares its pairs and prints a table of them.
///
/// # Errors
///
/// A text that names the first pair that differs, with both listings; or what went wrong with the compiler. With the
/// environment variable `CI` set, a target that can't be compiled for is an error too.
pub(crate) fn run(root: &Path) -> Result<Outcome, String> {
    let mut columns = Vec::new();
    let mut missing = Vec::new();
    for target in TARGETS {
        match Toolchain::for_target(target)? {
            Some(toolchain) => {
                let assembly = toolchain.assemble(root, target)?;
                let pairs = compare(&assembly).map_err(|difference| format!("{target}: {difference}"))?;
                println!("{target} ({}): {} pairs are equal", toolchain.description(), pairs.len());
                columns.push((target, pairs));
            }
            None => missing.push(target),
        }
    }
    print!("{}", table(&columns));
    if missing.is_empty() {
        return Ok(Outcome::Proved);
    }
    let missing = missing.join(", ");
    let remedy = format!(
        "no compiler for {missing}: run `rustup target add {missing}`, or install {SYSTEM_RUSTC} with its library's sources"
    );
    if env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false") {
        return Err(remedy);
    }
    Ok(Outcome::Skipped(remedy))
}

/// A compiler that can compile for a target.
enum Toolchain {
    /// The one this was built with; it has the target's library.
    Default,
    /// The distribution's, which builds the library from source.
    System,
}

impl Toolchain {
    fn for_target(target: &str) -> Result<Option<Self>, String> {
        let library = sysroot(Path::new("rustc"))?.join("lib/rustlib").join(target);
        if library.is_dir() {
            return Ok(Some(Self::Default));
        }
        if !Path::new(SYSTEM_RUSTC).exists() || !Path::new(SYSTEM_CARGO).exists() {
            return Ok(None);
        }
        let sources = sysroot(Path::new(SYSTEM_RUSTC))?.join("lib/rustlib/src/rust/library/core");
        Ok(sources.is_dir().then_some(Self::System))
    }

    const fn description(&self) -> &'static str {
        match self {
            Self::Default => "installed target",
            Self::System => "library built from source",
        }
    }

    /// Compiles the probe and gives its assembly.
    fn assemble(&self, root: &Path, target: &str) -> Result<String, String> {
        let probe = root.join("xtask/asm-probe");
        copy(&root.join("Cargo.lock"), &probe.join("Cargo.lock"))?;
        let target_dir = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("asm");
        fs::create_dir_all(&target_dir).map_err(|error| format!("can't create {}: {error}", target_dir.display()))?;
        let listing = target_dir.join(format!("{target}.s"));

        let cargo = |arguments: &[&str]| {
            let mut command = match self {
                Self::Default => Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
                Self::System => {
                    let mut command = Command::new(SYSTEM_CARGO);
                    command.env("RUSTC", SYSTEM_RUSTC).env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTUP_TOOLCHAIN");
                    command
                }
            };
            // Flags meant for other builds (coverage, sanitizers, LTO) would make another program of it.
            for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_PROFILE_RELEASE_LTO"]
            {
                command.env_remove(flags);
            }
            command.args(arguments).args(["--release", "--quiet", "--target", target]);
            command.arg("--manifest-path").arg(probe.join("Cargo.toml"));
            command.arg("--target-dir").arg(&target_dir);
            command
        };

        // Cargo does not know of the listing: where it thinks the crate fresh it would leave an old one, or none.
        execute(&mut cargo(&["clean", "--package", "asm-probe"]))?;
        let mut command = cargo(&["rustc", "--lib"]);
        if matches!(self, Self::System) {
            command.arg("-Zbuild-std=core,alloc");
        }
        // One unit, or cargo gives a listing for each.
        let mut emit = std::ffi::OsString::from("--emit=asm=");
        emit.push(&listing);
        execute(command.arg("--").arg("-Ccodegen-units=1").arg(emit))?;
        fs::read_to_string(&listing).map_err(|error| format!("can't read {}: {error}", listing.display()))
    }
}

/// Where `rustc` has its libraries.
fn sysroot(rustc: &Path) -> Result<PathBuf, String> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| format!("can't run {}: {error}", rustc.display()))?;
    if !output.status.success() {
        return Err(format!(
            "`{} --print sysroot` failed: {}",
            rustc.display(),
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn execute(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("can't run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|error| format!("can't copy {} to {}: {error}", from.display(), to.display()))
}

/// Holds the pairs of a listing against each other; gives their names and their number of instructions.
fn compare(assembly: &str) -> Result<BTreeMap<String, usize>, String> {
    let functions = functions(assembly);
    let mut pairs = BTreeMap::new();
    for (name, typed) in &functions {
        let Some(pair) = name.strip_prefix("typed_") else {
            if let Some(pair) =
                name.strip_prefix("raw_").filter(|pair| !functions.contains_key(&format!("typed_{pair}")))
            {
                return Err(format!("raw_{pair} has no typed_{pair} to be compared with"));
            }
            continue;
        };
        let raw = functions
            .get(&format!("raw_{pair}"))
            .ok_or_else(|| format!("typed_{pair} has no raw_{pair} to be compared with"))?;
        if typed.is_empty() || typed != raw {
            return Err(format!(
                "the typed access of `{pair}` is not the raw one\n\ntyped_{pair}:\n    {}\n\nraw_{pair}:\n    {}",
                typed.join("\n    "),
                raw.join("\n    ")
            ));
        }
        pairs.insert(pair.to_owned(), typed.iter().filter(|line| !line.ends_with(':')).count());
    }
    if pairs.is_empty() { Err("the listing has no pairs in it".to_owned()) } else { Ok(pairs) }
}

/// The instructions of each `typed_` and `raw_` function of a listing, with local labels numbered by appearance.
fn functions(assembly: &str) -> BTreeMap<String, Vec<String>> {
    // The compiler names the target's dialect of comments nowhere; `#` begins a number in Arm's.
    let comment = if assembly.contains(".syntax\tunified") { '@' } else { '#' };
    let mut functions = BTreeMap::<String, Vec<String>>::new();
    let mut aliases = Vec::new();
    let mut labels = Vec::new();
    let mut current = None;
    for line in assembly.lines() {
        let line = line.split(comment).next().unwrap_or_default().trim();
        if let Some(label) = line.strip_suffix(':') {
            if label.starts_with(".Lfunc_end") {
                current = None;
            } else if label.starts_with("typed_") || label.starts_with("raw_") {
                labels.clear();
                current = Some(label.to_owned());
                functions.insert(label.to_owned(), Vec::new());
                continue;
            } else if !label.starts_with(".L") {
                current = None;
            }
        }
        // Equal functions may have been merged into one with two names.
        let alias =
            line.strip_prefix(".set").and_then(|names| names.split_once(',')).or_else(|| line.split_once(" = "));
        if let Some((alias, name)) = alias {
            aliases.push((alias.trim().to_owned(), name.trim().to_owned()));
            continue;
        }
        let data = [".long", ".word", ".quad", ".byte", ".short"].iter().any(|directive| line.starts_with(directive));
        let directive = line.starts_with('.') && !line.ends_with(':') && !data;
        if line.is_empty() || directive {
            continue;
        }
        if let Some(body) = current.as_ref().and_then(|name| functions.get_mut(name)) {
            body.push(normalise(line, &mut labels));
        }
    }
    for (alias, name) in aliases {
        if let Some(body) = functions.get(&name).cloned() {
            functions.insert(alias, body);
        }
    }
    functions
}

/// One line with single spaces and with its local labels renamed to their place in `labels`.
fn normalise(line: &str, labels: &mut Vec<String>) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut normal = String::new();
    let mut rest = line.as_str();
    while let Some(start) = rest.find(".L") {
        let (before, label) = rest.split_at(start);
        let end = label[2..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(label.len(), |end| end + 2);
        let (label, after) = label.split_at(end);
        let number = labels.iter().position(|known| known == label).unwrap_or_else(|| {
            labels.push(label.to_owned());
            labels.len() - 1
        });
        normal.push_str(&format!("{before}.L{number}"));
        rest = after;
    }
    normal + rest
}

/// The pairs in rows, and for each target the number of instructions.
fn table(columns: &[(&str, BTreeMap<String, usize>)]) -> String {
    let Some((_, first)) = columns.first() else { return String::new() };
    let width = first.keys().map(String::len).max().unwrap_or(0);
    let mut text = format!("{:width$}", "instructions");
    for (target, _) in columns {
        text.push_str(&format!("  {target}"));
    }
    text.push('\n');
    for pair in first.keys() {
        text.push_str(&format!("{pair:width$}"));
        for (target, pairs) in columns {
            let count = pairs.get(pair).map_or_else(|| "-".to_owned(), usize::to_string);
            text.push_str(&format!("  {count:>0$}", target.len()));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUAL: &str = "
typed_read:
\t.cfi_startproc
\tmovq\t(%rdi), %rax # a comment
.LBB4_1:
\tjmp\t.LBB4_1
.Lfunc_end4:
\t.size typed_read
raw_read:
\tmovq\t(%rdi), %rax
.LBB5_7:
\tjmp\t.LBB5_7
.Lfunc_end5:
other:
\tret
";

    #[test]
    fn labels_comments_and_directives_make_no_difference() {
        assert_eq!(compare(EQUAL), Ok(BTreeMap::from([("read".to_owned(), 2)])));
    }

    #[test]
    fn a_different_instruction_is_shown_with_both_listings() {
        let difference = compare(&EQUAL.replacen("movq\t(%rdi)", "movq\t8(%rdi)", 1)).unwrap_err();
        for part in ["`read`", "typed_read:", "movq 8(%rdi), %rax", "raw_read:", "movq (%rdi), %rax"] {
            assert!(difference.contains(part), "{difference}");
        }
    }

    #[test]
    fn a_jump_to_elsewhere_is_a_difference() {
        assert!(compare(&EQUAL.replacen("jmp\t.LBB5_7", "jmp\t.LBB5_8", 1)).is_err());
    }

    #[test]
    fn a_function_without_its_partner_is_an_error() {
        assert!(compare(&EQUAL.replace("raw_read:", "raw_write:")).is_err());
        assert!(compare("raw_read:\n\tret\n").is_err());
        assert!(compare("").is_err());
    }

    #[test]
    fn merged_functions_are_equal() {
        for alias in [".set typed_read, raw_read", "typed_read = raw_read"] {
            let merged =
                format!(".syntax\tunified\nraw_read:\n\tldr r0, [r0, #4] @ 4\n\tbx lr\n.Lfunc_end0:\n{alias}\n");
            assert_eq!(compare(&merged), Ok(BTreeMap::from([("read".to_owned(), 2)])));
        }
    }

    #[test]
    fn arms_numbers_are_no_comments() {
        let listing =
            ".syntax\tunified\ntyped_read:\n\tldr r0, [r0, #4]\n.Lfunc_end0:\nraw_read:\n\tldr r0, [r0, #8]\n";
        assert!(compare(listing).is_err());
    }
}
