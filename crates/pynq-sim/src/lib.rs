//! A simulated Zynq board, built from the design's own handoff file, with a virtual clock, faults and traces.
