# SPDX-License-Identifier: MIT OR Apache-2.0
"""The outside of a simulated board."""

from ._messages import SIMULATION, message

_Pin = message(SIMULATION, "Pin")
_Line = message(SIMULATION, "Line")
_Pulse = message(SIMULATION, "Pulse")
_Character = message(SIMULATION, "Character")


class Simulation:
    """What is done to a simulated board from outside, and what is seen of it. Times are in seconds."""

    def __init__(self, device=None):
        if device is None:
            from pynq import Device

            device = Device.active_device
        self._channel = device.client.channel

    def _call(self, method, name, **fields):
        request, response = message(SIMULATION, f"{name}Request"), message(SIMULATION, f"{name}Response")
        call = self._channel.unary_unary(
            f"/{SIMULATION}.Simulation/{method}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return call(request(**fields), timeout=30)

    def _stimulate(self, after, **what):
        self._call("stimulate", "Stimulate", delay=round(after * 1e9), **what)

    def set_pin(self, block, bit, level, after=0.0, channel=1):
        """Drives an input of an AXI GPIO, `after` this many seconds: a switch."""
        self._stimulate(after, pin=_Pin(block=block, channel=channel, bit=bit, level=bool(level)))

    def press(self, block, bit, after=0.0, channel=1):
        """Presses a button."""
        self.set_pin(block, bit, True, after, channel)

    def release(self, block, bit, after=0.0, channel=1):
        """Lets a button go."""
        self.set_pin(block, bit, False, after, channel)

    def set_line(self, name, level, after=0.0):
        """Drives an interrupt line, by either end, as `cell/pin`."""
        self._stimulate(after, line=_Line(name=name, level=bool(level)))

    def pulse_line(self, name, after=0.0):
        """Raises an interrupt line for an instant."""
        self._stimulate(after, pulse=_Pulse(name=name))

    def receive(self, block, data, after=0.0):
        """Lets the bytes of `data` come in on the serial line of a UART."""
        for byte in bytes(data):
            self._stimulate(after, character=_Character(block=block, data=byte))

    def output(self, block, channel=1):
        """What an AXI GPIO drives: the LEDs that are lit, one bit each."""
        return self._call("output", "Output", block=block, channel=channel).bits

    @property
    def time(self):
        """The board's time."""
        return self._call("time", "Time").time / 1e9
