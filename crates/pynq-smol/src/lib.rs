//! Binds pynq to smol and async-io: timers, deadlines and blocking work.
