# SPDX-License-Identifier: MIT OR Apache-2.0
"""Interrupts for PYNQ's remote client, and the outside of a simulated board.

Nothing happens at import. `install` puts this package's classes in the place of PYNQ's, for this process.
"""

from ._install import install
from ._interrupt import Interrupt
from ._simulation import Simulation

__all__ = ["Interrupt", "Simulation", "install"]
