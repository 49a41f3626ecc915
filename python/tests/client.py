# SPDX-License-Identifier: MIT OR Apache-2.0
"""PYNQ's own client against `pynq serve`, one line for each thing that is tried.

    client.py HANDOFF FOLDER

The board is at PYNQ_REMOTE_DEVICES, simulates HANDOFF, which is copied to FOLDER, and has it under the name "base". What
cannot work for a reason of PYNQ's own is tried all the same, so that it is noticed once it does.
"""

import asyncio
import os
import shutil
import sys
import time
import traceback
import warnings

warnings.simplefilter("ignore")
import numpy
import pynq_rs_remote

pynq_rs_remote.install()

import pynq
from pynq import MMIO, Clocks, Device, Overlay, allocate

import handoff

# PYNQ keeps what it read of a handoff file as a pickle, which goes deeper than Python lets it in a design of this size.
sys.setrecursionlimit(20_000)

CHECKS = []
CURRENT = pynq.__version__.split(".")[0] == "4"


def check(known=None):
    """Lists a check. `known` is why PYNQ itself cannot do it."""

    def listed(function):
        CHECKS.append((function, known))
        return function

    return listed


class Bench:
    """What the checks share."""

    def __init__(self, handoff_file, folder):
        self.device = Device.active_device
        self.bit = os.path.join(folder, "base.bit")
        shutil.copy(handoff_file, os.path.join(folder, "base.hwh"))
        self.write_bitstream(b"one.")
        self.overlay = Overlay(self.bit, download=False)
        self.board = pynq_rs_remote.Simulation()

    def download(self):
        """Programs the board. The frequencies of clocks that pynqmetadata does not find are filled in."""
        for clock in self.overlay.clock_dict.values():
            clock["frequency"] = clock.get("frequency") or 100.0
        self.overlay.download()

    def write_bitstream(self, content):
        with open(self.bit, "wb") as file:
            file.write(handoff.bitstream("7z020clg400", content))


@check()
def discovery(bench):
    assert bench.device.name == "Pynq-Z2", bench.device.name
    assert bench.device.arch == "armv7l"


@check()
def overlay_without_download(bench):
    assert {"leds_gpio", "btns_gpio", "system_interrupts"} <= set(bench.overlay.ip_dict)


@check()
def leds(bench):
    bench.overlay.leds_gpio.channel1.write(0b0101, 0xF)
    assert bench.board.output("leds_gpio") == 0b0101
    bench.overlay.leds_gpio.channel1[1].on()
    assert bench.board.output("leds_gpio") == 0b0111
    bench.overlay.leds_gpio.channel1[0:4].off()
    assert bench.board.output("leds_gpio") == 0


@check()
def buttons(bench):
    assert bench.overlay.btns_gpio.channel1.read() & 0xF == 0
    bench.board.press("btns_gpio", 2)
    assert bench.overlay.btns_gpio.channel1[2].read() == 1
    bench.board.release("btns_gpio", 2)
    assert bench.overlay.btns_gpio.channel1.read() & 0xF == 0


@check()
def register_map(bench):
    registers = bench.overlay.btns_gpio.register_map
    registers.GPIO_TRI = 0xF
    assert int(registers.GPIO_TRI) == 0xF
    assert "GPIO_DATA" in repr(registers)


@check()
def registers_with_the_highest_bit(bench):
    # PYNQ 3.1 takes these for numbers below zero, and cannot show them then.
    bench.overlay.btns_gpio.write(0x11C, 0x80000000)
    assert bench.overlay.btns_gpio.read(0x11C) == 0x80000000
    repr(bench.overlay.btns_gpio.register_map)


@check()
def mmio(bench):
    window = MMIO(bench.overlay.ip_dict["leds_gpio"]["phys_addr"], 0x10)
    window.write(0, 9)
    assert window.read(0) == 9 and bench.board.output("leds_gpio") == 9
    for address in (0x7FFF0000, 0xE0001000):
        try:
            MMIO(address, 0x1000)
        except RuntimeError as error:
            assert "no block" in str(error), error
        else:
            raise AssertionError("a window where nothing is")


@check()
def buffers(bench):
    for shape, dtype in (((1024,), "u4"), ((480, 640, 3), "u1"), ((1_500_000,), "u2")):
        with allocate(shape, dtype) as buffer:
            data = numpy.random.default_rng(1).integers(0, 255, shape).astype(dtype)
            buffer[:] = data
            buffer.flush()
            buffer[:] = 0
            buffer.invalidate()
            assert numpy.array_equal(buffer, data)
            assert buffer.physical_address % 64 == 0


@check()
def freed_buffers_are_gone(bench):
    for _ in range(40):
        allocate((16 << 20,), "u1").freebuffer()


@check()
def clocks(bench):
    Clocks.fclk1_mhz = 50
    assert abs(Clocks.fclk1_mhz - 50) < 1, Clocks.fclk1_mhz


@check("pynqmetadata 0.2.0 has no frequencies of a Zynq-7000's clocks, which download() sets" if CURRENT else None)
def download_as_it_is(bench):
    bench.overlay.download()


@check()
def download(bench):
    bench.overlay.leds_gpio.channel1.write(0xF, 0xF)
    bench.download()
    assert bench.board.output("leds_gpio") == 0
    # The same name with another content has to come to the board as well.
    before = bench.device.read_file("/lib/firmware/base.bin")
    bench.write_bitstream(b"two.")
    bench.overlay = Overlay(bench.bit, download=False)
    bench.download()
    assert bench.device.read_file("/lib/firmware/base.bin") != before
    bench.overlay.leds_gpio.channel1.write(3, 0xF)
    assert bench.board.output("leds_gpio") == 3
    # What was made before does not know that the blocks were reset.
    bench.overlay = Overlay(bench.bit, download=False)


@check()
def an_unknown_bitstream_is_refused(bench):
    import grpc

    bench.device.write_file("/lib/firmware/other.bin", b"\xff" * 64 + bytes.fromhex("665599aa"))
    try:
        bench.device.write_file("/sys/class/fpga_manager/fpga0/firmware", b"other.bin")
    except grpc.RpcError as error:
        assert "other" in error.details() and "base" in error.details(), error.details()
    else:
        raise AssertionError("a bitstream that the board has no design for was programmed")


@check()
def wait_for_a_button(bench):
    button = bench.overlay.btns_gpio.channel1[1]
    bench.board.press("btns_gpio", 1, after=0.2)
    begin = time.monotonic()
    asyncio.run(asyncio.wait_for(button.wait_for_value_async(1), 5))
    assert 0.1 < time.monotonic() - begin < 2
    bench.board.release("btns_gpio", 1, after=0.05)
    asyncio.run(asyncio.wait_for(button.wait_for_value_async(0), 5))


@check()
def presses_before_the_wait_count(bench):
    buttons = bench.overlay.btns_gpio.channel1
    bench.board.press("btns_gpio", 0)
    bench.board.release("btns_gpio", 0)
    bench.board.press("btns_gpio", 3, after=0.1)
    asyncio.run(asyncio.wait_for(buttons[3].wait_for_value_async(1), 5))
    bench.board.release("btns_gpio", 3)


@check()
def several_tasks_wait(bench):
    buttons = bench.overlay.btns_gpio.channel1

    async def all_of_them():
        for bit in range(4):
            bench.board.press("btns_gpio", bit, after=0.1 * (bit + 1))
        await asyncio.gather(*(buttons[bit].wait_for_value_async(1) for bit in range(4)))

    asyncio.run(asyncio.wait_for(all_of_them(), 10))
    for bit in range(4):
        bench.board.release("btns_gpio", bit)


@check()
def a_wait_that_is_given_up(bench):
    async def given_up():
        pin = pynq_rs_remote.Interrupt("btns_gpio/ip2intc_irpt")
        bench.overlay.btns_gpio.write(0x120, bench.overlay.btns_gpio.read(0x120))
        bench.overlay.btns_gpio.write(0x128, 1)
        for _ in range(3):
            try:
                await asyncio.wait_for(pin.wait(), 0.3)
            except asyncio.TimeoutError:
                break
            bench.overlay.btns_gpio.write(0x120, bench.overlay.btns_gpio.read(0x120))
        else:
            raise AssertionError("interrupts without a cause")
        bench.board.press("btns_gpio", 0, after=0.1)
        await asyncio.wait_for(pin.wait(), 5)

    asyncio.run(given_up())
    bench.board.release("btns_gpio", 0)


@check()
def a_pin_that_does_not_exist(bench):
    try:
        pynq_rs_remote.Interrupt("nothing/irq")
    except ValueError as error:
        assert "nothing/irq" in str(error), error
    else:
        raise AssertionError("an interrupt of a pin that does not exist")


@check()
def a_download_ends_waits(bench):
    async def ended():
        pin = pynq_rs_remote.Interrupt("switches_gpio/ip2intc_irpt")
        waiting = asyncio.ensure_future(pin.wait())
        await asyncio.sleep(0.3)
        bench.download()
        try:
            await asyncio.wait_for(waiting, 5)
        except RuntimeError:
            return
        raise AssertionError("a wait outlived its design")

    asyncio.run(ended())


@check(None if CURRENT else "3.1 has no service for the processor's GPIO")
def processor_gpio(bench):
    from pynq.pl_server.remote_device import RemoteGPIO

    number = RemoteGPIO.get_gpio_pin(0, device=bench.device)
    pin = RemoteGPIO(number, "out", device=bench.device)
    pin.write(1)
    assert pin.is_exported()
    pin.release()
    assert not pin.is_exported()


@check("pynq's DefaultIP asks for a GPIO line without saying of which device" if CURRENT else "3.1 has no GPIO")
def processor_gpio_by_name(bench):
    # As DefaultIP does for a block with a reset of its own.
    pynq.GPIO(pynq.GPIO.get_gpio_pin(0), "out").write(1)


def main(handoff_file, folder):
    print(f"pynq {pynq.__version__}")
    bench = Bench(handoff_file, folder)
    failed = 0
    for function, known in CHECKS:
        name = function.__name__.replace("_", " ")
        begin = time.monotonic()
        try:
            function(bench)
        except Exception as error:
            if known is None:
                failed += 1
                print(f"FAIL  {name}")
                traceback.print_exc(file=sys.stdout)
            else:
                print(f"known {name}: {known} ({type(error).__name__})")
        else:
            if known is None:
                print(f"ok    {name} ({time.monotonic() - begin:.2f} s)")
            else:
                failed += 1
                print(f"FAIL  {name}: works by now, although {known}")
    print(f"{len(CHECKS)} checks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    # What PYNQ does at its end takes seconds, and says nothing about the board.
    os._exit(code)
