//! Reader of Vivado hardware handoff (.hwh) and bitstream (.bit) files.
