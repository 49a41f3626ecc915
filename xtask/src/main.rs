//! Project tasks: everything CI runs, as commands that anyone can run. `cargo xtask help` lists them.
//!
//! A stage whose tool is missing is skipped with a notice, and listed as skipped in the table at the end. With `CI=true`
//! the tool is installed, and a stage that is skipped all the same fails the run: green means that it was checked.

mod asm;
mod baremetal_test;
mod bench;
mod checks;
mod compile;
mod cross;
mod deny;
mod docs;
mod firmware;
mod fuzz;
mod instructions;
mod leak;
mod lint;
#[cfg_attr(not(unix), path = "linux_test_elsewhere.rs")]
mod linux_test;
mod loom;
mod mutants;
mod no_std;
mod package;
mod page;
mod paste;
mod pictures;
mod portable;
mod project;
mod pynq_client;
mod qemu_models;
mod scan;
mod shell;
mod soak;
mod stage;
mod stages;
mod tools;

use std::{env, process::ExitCode};

use project::Project;
use shell::say;

fn main() -> ExitCode {
    // The mutants stage makes cargo call this program in place of the compiler.
    if let Some(cfg) = env::var_os(mutants::WRAPPER_VARIABLE) {
        return mutants::compile_with(&cfg);
    }
    let args: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        stages::help();
        return ExitCode::from(2);
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        stages::help();
        return ExitCode::SUCCESS;
    }
    let project = match Project::load() {
        Ok(project) => project,
        Err(failure) => {
            say!("error: {}", failure.what);
            return ExitCode::FAILURE;
        }
    };
    match stages::run(&project, name, rest) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(usage) => {
            say!("error: {usage}");
            ExitCode::from(2)
        }
    }
}
