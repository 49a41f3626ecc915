//! Binds pynq to tokio: timers, deadlines and blocking work.
