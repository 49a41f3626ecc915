//! Runs the snippets of the README and of the book as doc tests, each on the simulated board.

/// Names a page, so that its snippets are tested.
macro_rules! pages {
    ($($page:ident = $path:literal),* $(,)?) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../", $path))]
        struct $page;
    )*};
}

pages! {
    Readme = "README.md",
    Introduction = "docs/src/introduction.md",
    WakeUp = "docs/src/async/wake-up.md",
    Interrupts = "docs/src/async/interrupts.md",
    Buttons = "docs/src/async/buttons.md",
    Flash = "docs/src/async/flash.md",
    Custom = "docs/src/async/custom.md",
    Blocking = "docs/src/async/blocking.md",
    Cancellation = "docs/src/async/cancellation.md",
    Handoff = "docs/src/guides/handoff.md",
    Buses = "docs/src/guides/buses.md",
    SimulatedBoard = "docs/src/guides/simulated-board.md",
    Driver = "docs/src/guides/driver.md",
    Microblaze = "docs/src/guides/microblaze.md",
    Accelerator = "docs/src/guides/accelerator.md",
    Linux = "docs/src/guides/linux.md",
    BareMetal = "docs/src/guides/bare-metal.md",
    Backend = "docs/src/guides/backend.md",
    Invariants = "docs/src/reference/invariants.md",
    QemuModels = "docs/src/reference/qemu-models.md",
    Limits = "docs/src/reference/limits.md",
    Architecture = "docs/architecture.md",
}
