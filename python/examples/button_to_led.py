# SPDX-License-Identifier: MIT OR Apache-2.0
import asyncio

import pynq_rs_remote

pynq_rs_remote.install()  # interrupts for PYNQ's remote client
from pynq import Overlay, allocate

overlay = Overlay("base.bit", download=False)
buttons, leds = overlay.btns_gpio.channel1, overlay.leds_gpio.channel1
board = pynq_rs_remote.Simulation()  # whoever presses the buttons, and looks at the LEDs


async def button_to_led(n):
    while True:
        await buttons[n].wait_for_value_async(1)
        leds[n].on()
        await buttons[n].wait_for_value_async(0)
        leds[n].off()


async def until(lit):
    while board.output("leds_gpio") != lit:
        await asyncio.sleep(0.01)
    print(f"LEDs {lit:04b}")


async def main():
    tasks = [asyncio.ensure_future(button_to_led(n)) for n in range(4)]
    for n in (2, 0, 3):
        board.press("btns_gpio", n, after=0.1)
        await until(1 << n)
        board.release("btns_gpio", n, after=0.1)
        await until(0)
    for task in tasks:
        task.cancel()


asyncio.run(main())
print(overlay.btns_gpio.register_map)
with allocate((4,), "u4") as buffer:
    buffer[:] = [1, 1, 2, 3]
    buffer.flush()
    print(f"{buffer} at {buffer.physical_address:#x}")
