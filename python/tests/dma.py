# SPDX-License-Identifier: MIT OR Apache-2.0
"""PYNQ's own DMA driver against `pynq serve`, whose board simulates two loop-backs: one line for each thing that is tried.

    dma.py HANDOFF FOLDER

The board is at PYNQ_REMOTE_DEVICES, and simulates HANDOFF: `axi_dma_0` is in direct mode, `axi_dma_1` has scatter-gather.
"""

import os
import shutil
import sys
import traceback
import warnings

warnings.simplefilter("ignore")
import numpy
import pynq_rs_remote

pynq_rs_remote.install()

import pynq
import pynq.lib.dma
from pynq import Overlay, allocate

import handoff


def allocate_zeroed(*arguments, **named):
    """As on a board, where memory is zeroed and can be closed. The driver's descriptors rely on both, which a remote buffer
    has not: in it is what the client's memory happened to have."""
    buffer = allocate(*arguments, **named)
    buffer[:] = 0
    buffer.close = buffer.freebuffer
    return buffer


pynq.lib.dma.allocate = allocate_zeroed


def data_of(shape, dtype):
    return numpy.random.default_rng(1).integers(0, 255, shape).astype(dtype)


def loop(dma, shape, dtype, received=None):
    """Sends a packet and receives it, in a buffer that may be larger."""
    with allocate(shape, dtype) as source, allocate(received or shape, dtype) as target:
        source[:] = data_of(shape, dtype)
        target[:] = 0
        dma.recvchannel.transfer(target)
        dma.sendchannel.transfer(source)
        dma.sendchannel.wait()
        dma.recvchannel.wait()
        assert numpy.array_equal(numpy.asarray(target).ravel()[: source.size], numpy.asarray(source).ravel())
        return source.nbytes


def bound(overlay):
    for name in ("axi_dma_0", "axi_dma_1"):
        assert type(getattr(overlay, name)) is pynq.lib.dma.DMA, type(getattr(overlay, name))


def direct(overlay):
    for shape, dtype in (((1,), "u4"), ((1000,), "u2"), ((480, 640, 3), "u1"), ((1_000_000,), "u4")):
        loop(overlay.axi_dma_0, shape, dtype)


def direct_tells_what_it_received(overlay):
    sent = loop(overlay.axi_dma_0, (300,), "u4", received=(5000,))
    assert overlay.axi_dma_0.recvchannel.transferred == sent


def direct_part_of_a_buffer(overlay):
    dma = overlay.axi_dma_0
    with allocate((1000,), "u1") as source, allocate((1000,), "u1") as target:
        source[:] = data_of((1000,), "u1")
        target[:] = 0
        dma.recvchannel.transfer(target, start=100, nbytes=64)
        dma.sendchannel.transfer(source, start=33, nbytes=64)
        dma.sendchannel.wait()
        dma.recvchannel.wait()
        sent, received = numpy.array(source), numpy.array(target)
        assert numpy.array_equal(received[100:164], sent[33:97])
        assert not received[:100].any() and not received[164:].any()


def direct_waits_for_what_comes_later(overlay):
    dma = overlay.axi_dma_0
    with allocate((256,), "u4") as source, allocate((256,), "u4") as target:
        source[:] = data_of((256,), "u4")
        dma.recvchannel.transfer(target)
        assert not dma.recvchannel.idle
        dma.sendchannel.transfer(source)
        dma.recvchannel.wait()
        assert numpy.array_equal(target, source)
        dma.sendchannel.wait()


def direct_error_and_reset(overlay):
    dma = overlay.axi_dma_0
    with allocate((256,), "u4") as source, allocate((16,), "u4") as target:
        source[:] = data_of((256,), "u4")
        dma.recvchannel.transfer(target)
        dma.sendchannel.transfer(source)
        try:
            dma.recvchannel.wait()
        except RuntimeError as error:
            # An error halts the channel, so PYNQ takes it for one that was never started.
            assert "not started" in str(error) or "Internal Error" in str(error), error
        else:
            raise AssertionError("a packet that is longer than its buffer is no error")
        dma.write(0x00, 4)
        while dma.read(0x00) & 4:
            pass
        dma.sendchannel.start()
        dma.recvchannel.start()
        # What was on its way when the error came is received first.
        with allocate((256,), "u4") as rest:
            dma.recvchannel.transfer(rest)
            dma.recvchannel.wait()
            assert 0 < dma.recvchannel.transferred < source.nbytes
    loop(dma, (500,), "u4")


def scatter_gather(overlay):
    dma = overlay.axi_dma_1
    for shape, dtype in (((1000,), "u4"), ((60_000,), "u1")):
        with allocate(shape, dtype) as source, allocate(shape, dtype) as target:
            source[:] = data_of(shape, dtype)
            target[:] = 0
            dma.recvchannel.transfer(target)
            dma.sendchannel.transfer(source)
            dma.sendchannel.wait()
            dma.recvchannel.wait()
            status = [hex(dma.read(offset)) for offset in (0x04, 0x34)]
            assert all(int(value, 16) & 0x5770 == 0x1000 for value in status), status
            assert numpy.array_equal(target, source)


def main(handoff_file, folder):
    print(f"pynq {pynq.__version__}")
    bit = os.path.join(folder, "base.bit")
    shutil.copy(handoff_file, os.path.join(folder, "base.hwh"))
    with open(bit, "wb") as file:
        file.write(handoff.bitstream("7z020clg400", b"dma."))
    overlay = Overlay(bit, download=False)
    checks = [bound, direct, direct_tells_what_it_received, direct_part_of_a_buffer, direct_waits_for_what_comes_later]
    checks += [scatter_gather, direct_error_and_reset]
    failed = 0
    for function in checks:
        name = function.__name__.replace("_", " ")
        try:
            function(overlay)
        except Exception:
            failed += 1
            print(f"FAIL  {name}")
            traceback.print_exc(file=sys.stdout)
        else:
            print(f"ok    {name}")
    print(f"{len(checks)} checks of PYNQ's DMA driver, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    # What PYNQ does at its end takes seconds, and says nothing about the board.
    os._exit(code)
