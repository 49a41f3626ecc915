# SPDX-License-Identifier: MIT OR Apache-2.0
"""Interrupts of a remote board, with the interface of PYNQ's `Interrupt`."""

import asyncio
import queue
import threading
import weakref

import grpc

from ._messages import INTERRUPTS, message

_Request = message(INTERRUPTS, "ClaimRequest")
_Response = message(INTERRUPTS, "ClaimResponse")
_Claim = message(INTERRUPTS, "Claim")
_Wait = message(INTERRUPTS, "Wait")
_Cancel = message(INTERRUPTS, "Cancel")


class Interrupt:
    """An interrupt pin of the board, as `cell/pin`.

    It is claimed for as long as this object lives: made before the device's interrupt is enabled, as PYNQ's drivers make
    it, it misses none. Any number of tasks, of any number of event loops, may wait on it. The board's interrupt line is
    unmasked only while somebody waits.

    Raises `ValueError`, as PYNQ's class does, if the design has no such pin.
    """

    def __init__(self, fullpath, device=None):
        if device is None:
            from pynq import Device

            device = Device.active_device
        self._pin = fullpath
        self._device = device
        self._lock = threading.Lock()
        self._claim()

    def _claim(self):
        stream = _Stream(self._device.client.channel, self._pin)
        weakref.finalize(self, stream.close)
        self._stream = stream
        stream.begin()

    async def wait(self):
        """Waits for the interrupt. One that came since the last wait, and was not cleared at the device, counts.

        Raises `RuntimeError` if the design is replaced meanwhile, or the board is lost. A wait that is cancelled leaves
        the line masked.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            stream = self._stream
            if not stream.add(loop, future):
                # The design was replaced, or the server started anew: the pin may be there again.
                self._claim()
                stream = self._stream
                if not stream.add(loop, future):
                    raise stream.error
        try:
            await future
        finally:
            stream.forget(future)


class _Stream:
    """A claim: the stream to the board, and who waits for its next event."""

    def __init__(self, channel, pin):
        self._pin = pin
        self._lock = threading.Lock()
        self._waiters = {}
        self._id = 0
        self.error = None
        self._claimed = threading.Event()
        self._requests = queue.SimpleQueue()
        self._requests.put(_Request(claim=_Claim(pin=pin)))
        method = channel.stream_stream(
            f"/{INTERRUPTS}.Interrupts/claim",
            request_serializer=_Request.SerializeToString,
            response_deserializer=_Response.FromString,
        )
        self._call = method(iter(self._requests.get, None))
        threading.Thread(target=self._read, name=f"interrupt {pin}", daemon=True).start()

    def begin(self):
        """Waits until the pin is claimed."""
        self._claimed.wait(10)
        if self.error is not None:
            raise self.error
        if not self._claimed.is_set():
            raise RuntimeError(f"interrupt {self._pin}: the board does not answer")

    def add(self, loop, future):
        """Adds a waiter. Returns whether the stream still has events to give."""
        with self._lock:
            if self.error is not None:
                return False
            self._waiters[future] = loop
            if len(self._waiters) == 1:
                self._id += 1
                self._requests.put(_Request(wait=_Wait(id=self._id)))
            return True

    def forget(self, future):
        """Takes a waiter back that was not answered."""
        with self._lock:
            if self._waiters.pop(future, None) is not None and not self._waiters:
                self._id += 1
                self._requests.put(_Request(cancel=_Cancel()))

    def close(self):
        self._requests.put(None)
        self._call.cancel()

    def _read(self):
        try:
            for response in self._call:
                if response.HasField("event"):
                    self._answer(response.event.id, None)
                else:
                    self._claimed.set()
            error = RuntimeError(f"interrupt {self._pin}: the board ended the claim")
        except grpc.RpcError as failure:
            kind = ValueError if failure.code() is grpc.StatusCode.NOT_FOUND else RuntimeError
            error = kind(f"interrupt {self._pin}: {failure.details() or failure.code().name}")
        self._answer(None, error)
        self._claimed.set()
        self._requests.put(None)

    def _answer(self, id, error):
        with self._lock:
            if error is not None:
                self.error = error
            elif id != self._id:
                return
            waiters, self._waiters = self._waiters, {}
        for future, loop in waiters.items():
            try:
                loop.call_soon_threadsafe(_complete, future, error)
            except RuntimeError:
                # The loop is closed, and its tasks with it.
                pass


def _complete(future, error):
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
