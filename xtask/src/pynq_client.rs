//! PYNQ's own Python client, as it comes from its registry, against `pynq serve` with a simulated board.
//!
//! The environment is installed once, into the target folder. Both releases that speak the protocol are tried, the older
//! one with a token and TLS; and with the handoff files of real boards, where they are at hand.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Child,
    time::{Duration, Instant},
};

use crate::{
    project::Project,
    shell::{Cmd, Ended, Failure, say, seconds},
    stage::{Options, Outcome, Verdict},
    tools::{OPENSSL, PYTHON_FOR_PYNQ},
};

/// A design that is a part of the repository.
const FIXTURE: &str = "crates/pynq-hwh/fixtures/pynq-z2-buttons.hwh";
/// One with DMAs, for PYNQ's driver of them.
const DMA: &str = "crates/pynq-hwh/fixtures/pynq-z2-dma.hwh";
/// One of a real board.
const REAL: &str = "z2-base.hwh";

/// A run of the client. It takes 20 s with the largest design.
const PATIENCE: Duration = Duration::from_secs(120);

/// Releases of Python that what the client depends on was built for.
const PYTHONS: [&str; 4] = ["python3", "python3.12", "python3.11", "python3.10"];

/// What PYNQ 4.0.0 needs on a PC, PYNQ itself apart, whose other dependencies are for boards.
const PACKAGES: &str = "numpy<2 setuptools<81 wheel pynqutils==0.1.3 pynqmetadata==0.2.0 cffi pycparser<3 nest_asyncio \
                        grpcio==1.64.0 grpcio-tools==1.64.0";
const NEW: &str = "pynq==4.0.0";
const OLD: &str = "pynq==3.1.2";
/// What the older one needs in another version.
const OLD_PACKAGES: &str = "pynqmetadata==0.1.9";

const TOKEN: &str = "a-token-of-the-test";
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// An installed client.
struct Client {
    python: PathBuf,
    /// What goes before the packages of the environment.
    path: String,
    /// Whether it uses a token and TLS.
    secure: bool,
}

/// Installs the client, and runs its checks.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("PYNQ's client needs Linux, and the test a second loopback address".to_owned()));
    }
    if let Some(reason) = PYTHON_FOR_PYNQ.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    if let Some(reason) = OPENSSL.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    generated(project)?;
    Cmd::cargo("build --quiet --package pynq-cli --bin pynq --features tls").run()?;
    let dir = project.target_dir.join("pynq-client");
    let clients = install(project, &dir)?;
    let mut notes = Vec::new();
    let real = env::var_os("PYNQ_HWH_DIR").map(|folder| Path::new(&folder).join(REAL)).filter(|file| file.exists());
    if real.is_none() {
        notes.push(format!("the design of a real board (PYNQ_HWH_DIR with {REAL})"));
    }
    let client = clients.first().ok_or_else(|| Failure::new("no client"))?;
    let (fixture, dma) = (dir.join("fixture.hwh"), dir.join("dma.hwh"));
    readable(project, client, FIXTURE, &fixture)?;
    readable(project, client, DMA, &dma)?;
    example(project, &dir, client, &fixture)?;
    for client in &clients {
        for handoff in [Some(&fixture), real.as_ref()].into_iter().flatten() {
            check(project, &dir, client, handoff, "client.py")?;
        }
        check(project, &dir, client, &dma, "dma.py")?;
    }
    Ok(Outcome::Passed(notes))
}

/// Copies a design of the repository so that PYNQ can read it.
fn readable(project: &Project, client: &Client, design: &str, copy: &Path) -> Result<(), Failure> {
    let script = "import handoff, sys; handoff.readable(*sys.argv[1:])";
    let tests = project.root.join("python/tests").display().to_string();
    let command = Cmd::new(&client.python).env("PYTHONPATH", tests).env("PYTHONDONTWRITEBYTECODE", "1").arg("-c");
    let design = project.root.join(design).display().to_string();
    command.arg(script).arg(design).arg(copy.display().to_string()).read().map(drop)
}

/// Whether the code of the messages is what the files in `proto` say.
fn generated(project: &Project) -> Result<(), Failure> {
    let manifest = project.root.join("crates/pynq-remote/generate/Cargo.toml");
    let target = project.target_dir.join("generate");
    let command = Cmd::cargo("run --quiet --locked").path("--manifest-path", &manifest);
    command.path("--target-dir", &target).words("-- --check").run()
}

/// Installs both releases, unless they are there.
fn install(project: &Project, dir: &Path) -> Result<[Client; 2], Failure> {
    let (environment, old, stamp) = (dir.join("environment"), dir.join("old"), dir.join("installed"));
    let python = environment.join("bin/python");
    let wanted = format!("{PACKAGES}\n{NEW}\n{OLD}\n{OLD_PACKAGES}\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        say!("  the client is installed in {}", dir.display());
    } else {
        for folder in [&environment, &old] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        fs::create_dir_all(&old)?;
        Cmd::new(suitable().unwrap_or("python3")).words("-m venv").arg(environment.display().to_string()).run()?;
        let pip = || Cmd::new(&python).words("-m pip --quiet --disable-pip-version-check");
        pip().words("install").words(PACKAGES).run()?;
        // Remote mode needs none of what its setup would build, and none of its other dependencies.
        pip().words("install --no-deps").arg(NEW).run()?;
        pip().words("install --no-deps").path("--target", &old).arg(OLD_PACKAGES).run()?;
        // There is no wheel of the older one, and its setup builds for a board; its Python files are all that is needed.
        let download = pip().words("download --no-deps --no-binary :all: --no-build-isolation").path("--dest", &old);
        download.arg(OLD).run()?;
        let archive = old.join(OLD.replace("==", "-") + ".tar.gz");
        Cmd::new("tar").path("-xzf", &archive).path("-C", &old).words("--strip-components=1").run()?;
        fs::write(&stamp, wanted)?;
    }
    // From a copy, since an installation leaves files beside what it installs.
    let ours = dir.join("pynq-rs-remote");
    if ours.exists() {
        fs::remove_dir_all(&ours)?;
    }
    Cmd::new("cp")
        .words("-r")
        .arg(project.root.join("python").display().to_string())
        .arg(ours.display().to_string())
        .read()?;
    let install = "-m pip --quiet --disable-pip-version-check install --force-reinstall --no-deps --no-build-isolation";
    Cmd::new(&python).words(install).arg(ours.display().to_string()).run()?;
    let new = Client { python: python.clone(), path: String::new(), secure: false };
    Ok([new, Client { python, path: format!("{}:", old.display()), secure: true }])
}

/// A release of Python that everything was built for.
pub(crate) fn suitable() -> Option<&'static str> {
    let script = "import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))";
    PYTHONS.into_iter().find(|python| Cmd::new(python).words("-c").arg(script).succeeds())
}

/// Serves a board and lets a client loose on it, which runs this script.
fn check(project: &Project, dir: &Path, client: &Client, handoff: &Path, script: &str) -> Result<(), Failure> {
    let (design, work) = (dir.join("design"), dir.join("work"));
    for folder in [&design, &work] {
        fs::create_dir_all(folder)?;
    }
    // The client's bitstream has this name.
    let served = design.join("base.hwh");
    fs::copy(handoff, &served)?;
    let server = Server::start(project, &served, client.secure.then_some(dir))?;
    let tests = project.root.join("python/tests");
    let mut command = Cmd::new(&client.python)
        .env("PYNQ_REMOTE_DEVICES", &*server.address)
        .env("PYTHONPATH", format!("{}{}", client.path, tests.display()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(tests.join(script).display().to_string())
        .arg(served.display().to_string())
        .arg(work.display().to_string());
    if client.secure {
        let certificate = dir.join(CERTIFICATE).display().to_string();
        command = command.env("PYNQ_REMOTE_TOKEN", TOKEN).env("PYNQ_REMOTE_CA", certificate);
    }
    say!("  $ {command}");
    let (begin, log) = (Instant::now(), dir.join("log"));
    let ended = command.run_limited(PATIENCE, &log)?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    // What went well is a number.
    text.lines().filter(|line| !line.starts_with("ok ")).for_each(|line| say!("    {line}"));
    match ended {
        Ended::Success => {
            say!("    done in {}", seconds(begin.elapsed()));
            Ok(())
        }
        Ended::Failed(_) => Err(Failure::of(command, "PYNQ's client failed at the simulated board")),
        Ended::TimedOut => Err(Failure::of(command, "PYNQ's client does not end")),
    }
}

/// Runs the program of the book, which prints what the book says.
fn example(project: &Project, dir: &Path, client: &Client, handoff: &Path) -> Result<(), Failure> {
    let (examples, work) = (project.root.join("python/examples"), dir.join("example"));
    fs::create_dir_all(&work)?;
    let served = work.join("base.hwh");
    fs::copy(handoff, &served)?;
    let bitstream = "import handoff, sys; open(sys.argv[1], 'wb').write(handoff.bitstream('7z020clg400', b'one.'))";
    let make = Cmd::new(&client.python).env("PYTHONPATH", project.root.join("python/tests").display().to_string());
    let make = make.env("PYTHONDONTWRITEBYTECODE", "1").arg("-c").arg(bitstream);
    make.arg(work.join("base.bit").display().to_string()).read()?;
    let server = Server::start(project, &served, None)?;
    let program = examples.join("button_to_led.py").display().to_string();
    let command = Cmd::new(&client.python).env("PYNQ_REMOTE_DEVICES", &*server.address).arg(program).dir(&work);
    say!("  $ {command}");
    let log = dir.join("example.log");
    let ended = command.run_limited(PATIENCE, &log)?;
    let printed = fs::read_to_string(&log)?;
    let wanted = fs::read_to_string(examples.join("button_to_led.txt"))?;
    if ended != Ended::Success || printed != wanted {
        say!("{printed}");
        return Err(Failure::of(command, "the program of the book does not print what the book says"));
    }
    Ok(())
}

/// `pynq serve` at a loopback address of this process's own, for PYNQ's client knows no port but one.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// `secrets` is where certificate and key are made, if there are to be any.
    fn start(project: &Project, design: &Path, secrets: Option<&Path>) -> Result<Self, Failure> {
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = format!("127.64.{high}.{low}");
        let command = Cmd::new(project.target_dir.join("debug/pynq"))
            .words("serve --board-name Pynq-Z2")
            .path("--sim", design)
            .arg("--listen")
            .arg(format!("{address}:7967"));
        let command = match secrets {
            Some(dir) => {
                let (certificate, key) = (dir.join(CERTIFICATE), dir.join(KEY));
                Cmd::new("openssl")
                    .words("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=pynq")
                    .arg("-addext")
                    .arg(format!("subjectAltName=IP:{address}"))
                    .path("-keyout", &key)
                    .path("-out", &certificate)
                    .capture()?;
                let command = command.path("--tls-cert", &certificate).path("--tls-key", &key);
                command.arg("--token").arg(TOKEN)
            }
            None => command,
        };
        say!("  $ {command}");
        let mut server = Self { child: command.spawn_piped()?, address };
        let output = server.child.stdout.take().ok_or_else(|| Failure::new("no pipe from the server"))?;
        let mut line = String::new();
        // It says where it is once it is there, or ends.
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() { Err(Failure::of(command, "the server did not start")) } else { Ok(server) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
