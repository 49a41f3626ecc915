//! Drivers for the AXI IP blocks of Zynq designs, async and blocking, over any pynq backend.
